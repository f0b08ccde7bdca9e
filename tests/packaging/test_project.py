"""The repository's own files: what is shipped, what the scripts answer, what must agree."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import gre

ROOT = Path(__file__).resolve().parents[2]
MARKS = {"slow", "gpu", "browser", "distributed", "real_data"}
MAX_BYTES = 1_000_000


def tracked() -> list[Path]:
    """Files that git knows, or would add; skip where the project is no git checkout."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def shell_scripts() -> list[Path]:
    """Every bash script of the project."""
    return [ROOT / "environment.sh", ROOT / ".ci" / "run", *sorted(ROOT.glob("scripts/**/*.sh"))]


@pytest.mark.parametrize("script", shell_scripts(), ids=lambda path: path.name)
def test_shell_scripts_parse(script: Path) -> None:
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["scripts/test.sh", "scripts/freeze_constraints.sh"])
def test_scripts_explain_themselves(name: str) -> None:
    command = ["bash", str(ROOT / name), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert f"bash {name}" in done.stdout


@pytest.mark.parametrize(
    "name",
    [
        *("train/stage1", "train/stage2", "train/stage3", "eval_bench/eval_greval_bench"),
        *("eval/eval_im2gps3k", "eval/eval_gws15k", "eval/eval_google_streetview"),
        *("ablation", "quickstart", "test", "audit"),
    ],
)
def test_help_is_answered_before_set_up(name: str, tmp_path: Path) -> None:
    """A clone without .venv, no environment active, and a python that cannot import gre."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin/python").chmod(0o755)
    active = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH")
    variables = {key: value for key, value in os.environ.items() if key not in active}
    variables["PATH"] = f"{tmp_path / 'bin'}{os.pathsep}{variables['PATH']}"
    done = subprocess.run(
        ["bash", f"scripts/{name}.sh", "--help"],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"scripts/{name}.sh" in done.stdout


def test_no_file_is_large_and_none_is_a_weight() -> None:
    files = tracked()
    assert [file for file in files if file.stat().st_size > MAX_BYTES] == []
    assert [file for file in files if file.suffix in {".safetensors", ".pt", ".ckpt"}] == []


def test_marks_are_the_five_and_an_unknown_one_is_an_error() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert {line.split(":")[0] for line in options["markers"]} == MARKS
    assert "--strict-markers" in options["addopts"]


def test_one_version_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    changes = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert citation["version"] == gre.__version__
    assert gre.__version__ in changes


def test_the_citation_file_has_what_its_format_requires() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    for field in ("cff-version", "message", "title", "authors"):
        assert citation[field], field
    assert citation["license"] == "Apache-2.0"


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
