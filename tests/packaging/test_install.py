"""What the sdist carries, and what the Dockerfile copies and installs."""

import importlib.metadata
import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

from tests.packaging.test_project import tracked

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clean copy of the tree, in `source`, and the sdist made of it."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    for file in tracked():
        target = source / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    code = "import setuptools.build_meta as b, sys; b.build_sdist(sys.argv[1])"
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_sdist_has_the_package_and_its_data(built: Path) -> None:
    (sdist,) = built.glob("gre_suite-*.tar.gz")
    with tarfile.open(sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    source = built / "source"
    package = {file.relative_to(source).as_posix() for file in source.rglob("gre/**/*.*")}
    assert sorted(package - names) == []
    assert {"README.md", "LICENSE", "pyproject.toml", "gre/py.typed"} <= names
    assert {"constraints.txt", "configs/stage1_sft.yaml", "scripts/train/stage1.sh"} <= names
    assert not any(name.startswith("tests/") for name in names)


def test_the_package_is_typed() -> None:
    assert (ROOT / "gre/py.typed").is_file()
    assert importlib.metadata.distribution("gre-suite").metadata["Name"] == "gre-suite"


def test_what_the_dockerfile_copies_is_there() -> None:
    copied = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY ")]
    names = [name for line in copied for name in line if name != "."]
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_dockerfile_installs_known_extras_and_names_no_mirror() -> None:
    extras = re.search(r"^ARG EXTRAS=(\S+)$", DOCKERFILE, flags=re.MULTILINE)[1].split(",")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras) <= set(project["optional-dependencies"])
    assert re.findall(r"https?://|--index-url|--extra-index-url|-i \S+", DOCKERFILE) == []


@pytest.mark.slow
def test_the_files_that_docker_copies_first_suffice_to_install(tmp_path: Path) -> None:
    """The layer of dependencies is built before the rest of the tree is there."""
    copies = [line.split()[1:] for line in DOCKERFILE.splitlines() if line.startswith("COPY ")]
    for *sources, _ in copies:
        for name in sources:
            if name == ".":
                continue
            for file in [ROOT / name] if (ROOT / name).is_file() else (ROOT / name).iterdir():
                target = tmp_path / file.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
    code = "import setuptools.build_meta as b; print(b.prepare_metadata_for_build_editable('.'))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
