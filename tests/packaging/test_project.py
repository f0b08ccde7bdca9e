"""The repository's own files: what is shipped, what the scripts answer, what must agree."""

import re
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
