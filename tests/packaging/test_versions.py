"""The pins cover what pyproject.toml asks for, and all of it stands in one environment."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
JOINT = ("train", "eval", "demo", "judge", "curate", "docs", "dev")
APART = ("vllm", "geoclip", "lmms-eval", "inspect")
PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)")


def pins() -> dict[str, str]:
    """Package name to version, from constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = [PIN.fullmatch(line) for line in lines if not line.startswith("#")]
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def requirements(*extras: str) -> list[Requirement]:
    """The core requirements and those of the extras, our own name left out."""
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    return [need for need in map(Requirement, texts) if need.name != "gre-suite"]


def closure(needs: list[Requirement]) -> Iterator[tuple[str, Requirement, str | None]]:
    """Every requirement below `needs` that applies here: who asks, what, which version is here."""
    waiting = [("gre-suite", need) for need in needs]
    seen: set[tuple[str, str]] = set()
    while waiting:
        asker, need = waiting.pop()
        if (asker, str(need)) in seen:
            continue
        seen.add((asker, str(need)))
        try:
            package = importlib.metadata.distribution(need.name)
        except importlib.metadata.PackageNotFoundError:
            yield asker, need, None
            continue
        yield asker, need, package.version
        for text in package.requires or []:
            below = Requirement(text)
            extras = need.extras or {""}
            if below.marker is None or any(below.marker.evaluate({"extra": e}) for e in extras):
                waiting.append((need.name, below))


def test_every_line_is_a_comment_or_a_plain_pin() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    odd = [line for line in lines if not line.startswith("#") and not PIN.fullmatch(line)]
    assert odd == []
    assert len(pins()) == sum(not line.startswith("#") for line in lines)  # none twice


@pytest.mark.parametrize("extra", JOINT)
def test_every_requirement_is_pinned_within_its_range(extra: str) -> None:
    pinned = pins()
    for need in requirements(extra):
        assert canonicalize_name(need.name) in pinned, f"{need.name} has no line"
        assert need.specifier.contains(pinned[canonicalize_name(need.name)]), str(need)


def test_extras_are_those_of_the_design_and_dev_brings_the_joint_ones() -> None:
    assert set(EXTRAS) == {*JOINT, *APART, "flash", "faces"}
    assert EXTRAS["dev"][0] == f"gre-suite[{','.join(JOINT[:-1])}]"


def test_lower_bounds_admit_the_oldest_stack_that_was_run() -> None:
    oldest = {"torch": "2.11.0", "torchvision": "0.26.0", "transformers": "5.17.0"}
    for need in requirements("train", "eval"):
        if need.name in oldest:
            assert need.specifier.contains(oldest[need.name]), str(need)


def test_all_joint_extras_stand_together_in_this_environment() -> None:
    found = list(closure(requirements(*JOINT)))
    missing = [need.name for asker, need, version in found if version is None]
    if "gradio" in missing or "imagehash" in missing:
        pytest.skip("not all extras are installed here: bash environment.sh --extras dev")
    wrong = [
        f"{asker} asks {need}, here {version}"
        for asker, need, version in found
        if version is None or not need.specifier.contains(Version(version), prereleases=True)
    ]
    assert wrong == []
    assert len({canonicalize_name(need.name) for _, need, _ in found}) > 100  # it went deep


def test_the_whole_closure_is_pinned() -> None:
    pinned = pins()
    found = {canonicalize_name(need.name) for _, need, _ in closure(requirements(*JOINT))}
    assert sorted(found - set(pinned) - {"pip"}) == []  # pip-audit asks for it; it installs us


@pytest.mark.slow
def test_flash_resolves_with_the_others() -> None:
    """flash-attn is an sdist whose metadata needs torch: resolved without build isolation.

    FLASH_ATTENTION_SKIP_CUDA_BUILD is flash-attn's own switch for asking metadata without nvcc.
    """
    try:
        importlib.metadata.version("gradio")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("not all extras are installed here: bash environment.sh --extras dev")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-build-isolation"]
    command += ["--no-input", "-c", str(ROOT / "constraints.txt")]
    command += [str(need) for need in requirements(*JOINT, "flash")]
    environment = {**os.environ, "FLASH_ATTENTION_SKIP_CUDA_BUILD": "TRUE"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=280
    )
    if "No matching distribution found for flash-attn" in done.stderr:
        pytest.skip("the package index cannot be reached from here")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Would install flash" in done.stdout or "already satisfied: flash" in done.stdout
