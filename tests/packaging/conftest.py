"""A copy of the project's set-up files beside a recording stand-in for Python.

The stand-in answers what environment.sh asks of an interpreter and writes down each pip call, so
the script's decisions are seen without a network. CI runs the real set-up before the tests.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAKE_PYTHON = """#!/usr/bin/env bash
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case "$*" in
    *version_info*) echo "${FAKE_VERSION:-3.11.9}" ;;
    *"import venv"*) [ -z "${FAKE_NO_VENV:-}" ] ;;
    *conda-meta*) ;;
    *"-m venv"*)
        target="${@: -1}"
        mkdir -p "$target/bin" && cp "${BASH_SOURCE[0]}" "$target/bin/python" ;;
    *"pip install"*)
        echo "$*" >>"$FAKE_CALLS"
        while [ -n "${FAKE_HOLD:-}" ] && [ -e "$FAKE_HOLD" ]; do sleep 0.05; done
        if [ -n "${FAKE_PIP_SAYS:-}" ]; then echo "$FAKE_PIP_SAYS"; exit 1; fi
        mkdir -p "$here/../lib/python3.11/site-packages/gre_suite-0.1.0.dist-info" ;;
    *"pip freeze"*) printf 'torch==2.11.0\\nnumpy==1.0\\n' ;;
    *"import gre, torch"*) echo "torch 2.15.0 on CPU, transformers 5.23.0" ;;
esac
"""


@dataclass(frozen=True)
class Project:
    """A folder with environment.sh, and a PATH on which every Python is the stand-in."""

    folder: Path
    fakes: Path
    variables: dict[str, str]

    def write_python(self, path: Path, *, version: str = "3.11.9", first: str = "") -> None:
        """Write a stand-in to `path`; `first` is a case that it looks at before all others."""
        script = FAKE_PYTHON.replace("3.11.9", version)
        write_script(path, script.replace('case "$*" in\n', f'case "$*" in\n{first}\n', 1))

    def write_command(self, name: str, text: str) -> None:
        """Put a shell script with this body on PATH."""
        write_script(self.fakes / name, f"#!/bin/sh\n{text}\n")

    @property
    def pip_calls(self) -> list[str]:
        """Arguments of every `pip install` so far, oldest first."""
        calls = Path(self.variables["FAKE_CALLS"])
        return calls.read_text().splitlines() if calls.exists() else []

    def command(self, *options: str) -> list[str]:
        """The command line of the project's environment.sh."""
        return ["bash", str(self.folder / "environment.sh"), *options]

    def set_up(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run environment.sh to its end."""
        return subprocess.run(
            self.command(*options),
            env={**self.variables, **variables},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )


def write_script(path: Path, text: str) -> None:
    """Write an executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in a folder with a space, no active environment, no GPU, Python 3.11.9."""
    folder = tmp_path / "a clone"
    (folder / "scripts" / "lib").mkdir(parents=True)
    for name in ("environment.sh", "scripts/lib/env.sh", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    fakes = tmp_path / "bin"
    for name in ("python", "python3", "python3.11", "python3.12", "python3.13"):
        write_script(fakes / name, FAKE_PYTHON)
    for name in ("nvidia-smi", "nvcc"):
        write_script(fakes / name, "#!/bin/sh\nexit 9\n")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONDA", "FAKE_")) and name != "VIRTUAL_ENV"
    }
    path = f"{fakes}{os.pathsep}{kept['PATH']}"
    return Project(folder, fakes, {**kept, "PATH": path, "FAKE_CALLS": str(tmp_path / "pip calls")})
