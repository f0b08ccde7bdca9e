"""The wheel and the sdist: what they carry, and that each works alone, without torch.

Also what the Dockerfile copies and installs.
"""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.packaging.test_project import tracked

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
BUILD = """
import sys, setuptools.build_meta as backend
folder = sys.argv[1]  # each build writes sys.argv anew
backend.build_sdist(folder)
backend.build_wheel(folder)
"""
FILES = {"wheel": "gre_suite-*.whl", "sdist": "gre_suite-*.tar.gz"}


def run(*words: object, cwd: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, with nothing of this environment on Python's path."""
    hidden = ("PYTHON", "VIRTUAL_ENV", "CONDA", "GRE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    command = [str(word) for word in words]
    return subprocess.run(
        command, cwd=cwd, env=kept, input=text, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clean copy of the tree, in `source`, and what is built of it."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    for file in tracked():
        target = source / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    done = run(sys.executable, "-c", BUILD, folder, cwd=source)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def package_files(built: Path) -> set[str]:
    """Every file of the package, from the tree's root."""
    source = built / "source"
    files = {path for path in (source / "gre").rglob("*") if path.is_file()}
    return {path.relative_to(source).as_posix() for path in files}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_sdist_has_the_package_and_its_data(built: Path) -> None:
    (sdist,) = built.glob(FILES["sdist"])
    with tarfile.open(sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert sorted(package_files(built) - names) == []
    assert {"README.md", "LICENSE", "pyproject.toml", "gre/py.typed"} <= names
    assert {"constraints.txt", "configs/stage1_sft.yaml", "scripts/train/stage1.sh"} <= names
    assert not any(name.startswith("tests/") for name in names)


@pytest.mark.slow
def test_the_wheel_carries_every_file_of_the_package_and_no_other(built: Path) -> None:
    (wheel,) = built.glob(FILES["wheel"])
    with zipfile.ZipFile(wheel) as opened:
        shipped = set(opened.namelist())
    assert sorted(package_files(built) - shipped) == []
    assert [name for name in shipped if not name.startswith(("gre/", "gre_suite-"))] == []


@pytest.fixture(scope="module", params=FILES)
def installed(
    request: pytest.FixtureRequest, built: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The bin folder of a new environment that has the wheel, or the sdist, and the core alone."""
    (file,) = built.glob(FILES[request.param])
    folder = tmp_path_factory.mktemp(request.param)
    done = run(sys.executable, "-m", "venv", "--without-pip", "env", cwd=folder)
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "pip", "--python", folder / "env/bin/python", "install"]
    command += ["--no-compile", "--no-input", "-c", ROOT / "constraints.txt", file]
    done = run(*command, cwd=folder)
    if "No matching distribution found" in done.stderr:
        pytest.skip("the package index cannot be reached from here")
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "env/bin"


LOOK = """
import importlib.resources, importlib.util, json
import gre
print(json.dumps({
    "file": gre.__file__,
    "typed": importlib.resources.files("gre").joinpath("py.typed").is_file(),
    "point": gre.LatLon(48.85, 2.35).as_tuple(),
    "torch": importlib.util.find_spec("torch") is not None,
}))
gre.GeoLocalizer
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_core_alone_parses_scores_and_names_the_extra_of_the_rest(
    installed: Path, tmp_path: Path
) -> None:
    """10, 20 against 10, 20 is a hit at every radius; what needs torch says so in one line."""
    gre = installed / "gre"
    told = run(gre, "--help", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "predict" in told.stdout
    read = run(gre, "parse", cwd=tmp_path, text='{"id": "a", "text": "<answer> 1, 2 </answer>"}\n')
    assert read.returncode == 0, read.stderr
    assert json.loads(read.stdout)["lat"] == 1.0
    (tmp_path / "rows.csv").write_text("id,gt_lat,gt_lon,pred_lat,pred_lon\na,10,20,10,20\n")
    scored = run(gre, "score", "rows.csv", "--json", cwd=tmp_path)
    assert scored.returncode == 0, scored.stderr
    assert set(json.loads(scored.stdout)["accuracy"].values()) == {100.0}

    looked = run(installed / "python", "-c", LOOK, cwd=tmp_path)
    facts = json.loads(looked.stdout)
    assert Path(facts["file"]).is_relative_to(installed.parent)
    assert (facts["typed"], facts["point"], facts["torch"]) == (True, [48.85, 2.35], False)
    asked = looked.stderr.splitlines()[-1]
    advice = "bash environment.sh --extras eval in the clone, or pip install '.[eval]' there"
    assert asked.endswith(f"GeoLocalizer needs torch: {advice}")

    (tmp_path / "photo.png").write_bytes((ROOT / "assets/report.png").read_bytes())
    for words in (["predict", "photo.png", "--model", "m"], ["tiny-model", "tiny"]):
        refused = run(gre, *words, cwd=tmp_path)
        lines = [line for line in refused.stderr.splitlines() if line.startswith("gre: ")]
        assert (refused.returncode, len(lines)) == (2, 1), refused.stderr
        assert "torch is not installed" in lines[0]
        assert "; bash environment.sh --extras train,eval in the clone, or pip" in lines[0]
        assert "Traceback" not in refused.stderr


def test_the_door_opens_without_what_takes_long_to_load() -> None:
    code = "import gre.cli, sys; print([m for m in ('numpy', 'PIL', 'scipy') if m in sys.modules])"
    done = run(sys.executable, "-c", code, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


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
