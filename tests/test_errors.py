"""What a message says where packages are missing: it names the clone, never a package of ours."""

import re
import tomllib
from pathlib import Path

import pytest

from gre.errors import say_how_to_install

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (
            "eval",
            "bash environment.sh --extras eval in the clone, or pip install '.[eval]' there",
        ),
        ("vllm", "in an environment of its own: pip install '.[vllm]' in the clone"),
    ],
)
def test_packages_of_an_extra_come_from_the_clone(extra: str, told: str) -> None:
    assert say_how_to_install(extra) == told


def test_extras_that_environment_sh_takes_are_told_to_go_there() -> None:
    script = (ROOT / "environment.sh").read_text(encoding="utf-8")
    (joint,) = re.findall(r"^ +(train \|.*)\) names", script, flags=re.MULTILINE)
    for extra in EXTRAS:
        told = say_how_to_install(extra)
        assert ("environment.sh" in told) == (extra in {*joint.split(" | "), "dev"}), extra


def test_no_text_installs_the_project_by_a_name_of_the_package_index() -> None:
    """The name may belong to somebody else there, or to nobody until somebody takes it."""
    files = [*ROOT.glob("gre/**/*.py"), *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    files += [*ROOT.glob("*/*.md"), *ROOT.glob("scripts/**/*.sh"), ROOT / "environment.sh"]
    by_name = re.compile(r"pip[\"'\s]+install[\"'\s\w.-]*gre-suite")
    assert [file for file in files if by_name.search(file.read_text(encoding="utf-8"))] == []
