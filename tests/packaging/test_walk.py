"""A newcomer's walk: a fresh clone, the README's commands in their order, notebook, app, pages.

The clone's own environment.sh makes the clone's own .venv. It finds its packages beside it, in the
environment that runs the tests, so nothing is fetched and minutes are saved; on a bare machine
`.ci/run` makes a whole environment by the same script. The quickstart runs with --fast. Where a
command of the README goes on from what GPUs or downloads leave, something that the quickstart made
stands in its place.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.docs.commands import ROOT, Command, needs, read_blocks, read_commands
from tests.security.watching import SocketWatch, commands_of, strangers, without_pip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

PHOTO = "work/world/bench/test/imgs/test-00000.jpg"
WAIT_MS = 300_000


@dataclass(frozen=True)
class End:
    """How a command ends: its exit code, what it prints, a file or folder that it leaves."""

    codes: frozenset[int] = frozenset({0})
    says: str = ""
    leaves: str = ""


LOCATED = frozenset({0, 3})
"""A model of 200 steps may give an answer that cannot be read: counted, exit code 3."""
ENDS = {
    "bash environment.sh": End(says="Ready, nothing changed"),
    "bash environment.sh --extras demo": End(says="Done."),
    "gre env": End(says="```text"),
    "gre predict holiday/*.jpg": End(LOCATED, leaves="holiday.html"),
    "gre predict photo.jpg": End(LOCATED, says="photo.jpg"),
    "gre predict holiday --format": End(LOCATED, leaves="holiday.geojson"),
    "gre check --config configs/stage1_sft.yaml": End(),
    "gre check --config configs/stage3_geodesic.yaml": End(leaves="check.html"),
    "gre score": End(says='"2500": 50.0'),
    "gre judge": End(leaves="work/eval/greval_bench/GRE/cot_summary.json"),
    "gre report": End(leaves="report.html"),
    "gre curate seed": End(leaves="data/seed/gre_seed.jsonl"),
}
ELSEWHERE = {
    "bash scripts/quickstart.sh": "the fixture clone, with --fast",
    "python demo/app.py": "the fixture app",
    "bash scripts/test.sh": ".ci/run, with --all",
    "gre curate split": "tests/curation/test_end_to_end.py",
    "gre curate review": "tests/curation/review/test_server.py",
    "gre curate leakage": "tests/curation/test_end_to_end.py",
}
"""Commands that the walk does not give, and who does."""


def line_of(command: Command) -> str:
    """The command as it stands in the README, without its remark."""
    return " ".join(command.words)


def longest_prefix(line: str, table: dict[str, Any]) -> Any:
    """The value whose key begins the line; the longest of several, None of none."""
    fitting = [key for key in table if f"{line} ".startswith(f"{key} ")]
    return table[max(fitting, key=len)] if fitting else None


COMMANDS = [line_of(command) for command in read_commands("README.md") if not needs(command)]
GIVEN = [line for line in COMMANDS if longest_prefix(line, ELSEWHERE) is None]


@dataclass(frozen=True)
class Clone:
    """A fresh clone and the shell that a newcomer has: no environment is active."""

    folder: Path
    variables: dict[str, str]
    told: str = ""
    watch: SocketWatch | None = None

    def run(self, line: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Give one line to bash, the clone's environment active."""
        return subprocess.run(
            ["bash", "-c", f"source .venv/bin/activate; {line}"],
            cwd=self.folder,
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which `bash scripts/quickstart.sh --fast` has come to its end."""
    folder = tmp_path_factory.mktemp("walk") / "gre-suite"
    if subprocess.run(["git", "rev-parse"], cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("not a git checkout")
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)
    (own,) = (folder / ".venv/lib").glob("python3.*/site-packages")
    (own / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")
    hidden = ("PYTHON", "VIRTUAL_ENV", "CONDA", "GRE_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(hidden) and not name.endswith("_OFFLINE")
    }
    programs = [p for p in kept["PATH"].split(os.pathsep) if Path(p) != Path(sys.executable).parent]
    kept |= {"PATH": os.pathsep.join(programs), "IPYTHONDIR": str(folder / "work/ipython")}
    fresh = Clone(folder, kept)
    try:
        watch = SocketWatch(tmp_path_factory.mktemp("sockets"))
    except FileNotFoundError:
        watch = None  # no C++ compiler
    watched = watch.variables if watch else {}
    done = fresh.run("deactivate; bash scripts/quickstart.sh --fast", **watched)  # none is active
    assert done.returncode == 0, done.stdout[-4000:]
    return Clone(folder, kept, done.stdout, watch)


def default_run(script: str, model: str) -> str:
    """The run folder that a script of the README makes where no --out is given: its help says."""
    shown = [line for line in read_commands("README.md") if f"scripts/{script}" in line.words]
    assert any(model in command.words for command in shown), f"{script} {model}: not in the README"
    told = (ROOT / "scripts" / script).read_text(encoding="utf-8")
    (folder,) = re.findall(r"run folder to (work/eval/\w+)/MODEL's name", told)
    return f"{folder}/{Path(model).name}"


@pytest.fixture(scope="module")
def stocked(clone: Clone) -> Clone:
    """What a reader has by then: photos, and in the places of downloads what stands for them."""
    at = clone.folder
    world, bench = at / "work/world", at / "work/world/bench/test"
    copies = {
        PHOTO: "photo.jpg",
        "work/tiny": "models/Qwen2.5-VL-7B-Instruct",
        "work/stage2": "outputs/stage2",
        "work/world/dataset": "dataset",
        "work/world/bench/test": "benchmark/bench_data",
        "work/stage3": "models/GRE",
        "work/eval/ci_i_ii": default_run("eval_bench/eval_greval_bench.sh", "models/GRE"),
        "work/eval/ci": default_run("eval/eval_im2gps3k.sh", "models/GRE"),
    }
    for source, target in copies.items():
        (at / target).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (at / source).is_dir() else shutil.copy
        copy(at / source, at / target)
    (at / "holiday").mkdir()
    for photo in sorted((bench / "imgs").iterdir())[:3]:
        shutil.copy(photo, at / "holiday")
    cot = world / "dataset/gre_cot/gre_cot.json"
    done = clone.run(f"python scripts/data/write_gps.py '{cot}' my_photos")
    assert done.returncode == 0, done.stdout
    truth = at / "eval/eval_data/im2gps3k/test/label/im2gps3k_places365.csv"
    truth.parent.mkdir(parents=True)
    truth.write_text("IMG_ID,AUTHOR,LAT,LON,S3_Label\na.jpg,x,10,20,0\nb.jpg,x,0,0,1\n")
    (at / "predictions.csv").write_text("id,lat,lon\na.jpg,10,20\nb.jpg,0,180\n")
    return clone


def test_every_command_of_the_readme_is_given_here_or_by_another_test() -> None:
    for line in COMMANDS:
        assert (longest_prefix(line, ENDS) is None) != (longest_prefix(line, ELSEWHERE) is None)
    for start, place in ELSEWHERE.items():
        assert any(line.startswith(start) for line in COMMANDS), start
        file = place.partition(",")[0]
        assert file.startswith("the fixture") or (ROOT / file).is_file(), file
    shown = "\n".join(read_blocks("README.md", ("bash",)))
    assert "source .venv/bin/activate" in shown


def test_the_quickstart_ends_with_files_that_exist_and_says_how_to_go_on(clone: Clone) -> None:
    last = clone.told[clone.told.index("Done in ") :]
    work = clone.folder / "work"
    named = [Path(f"{work}/{name}") for name in re.findall(rf"{re.escape(str(work))}/(\S+)", last)]
    assert {path.name for path in named} >= {"report.html", "rollouts_stage3.html", "table.md"}
    assert [path for path in named if not path.exists()] == []
    assert f"source '{clone.folder}/.venv/bin/activate'" in last
    rows = (work / "table.md").read_text(encoding="utf-8")
    assert all(f"| {name} " in rows for name in ("base", "CI", "CI + I", "CI + II", "CI + I + II"))
    for run in ("base", "ci", "ci_i", "ci_ii", "ci_i_ii"):
        summary = json.loads((work / "eval" / run / "summary.json").read_text())
        assert (summary["n"], summary["n_errors"]) == (60, 0)
    assert (work / "stage3/model.safetensors").stat().st_size > 0


def test_the_quickstart_talks_to_nobody(clone: Clone) -> None:
    """Each program is watched. Ranks talk among themselves, and pip to the package index."""
    if clone.watch is None:
        pytest.skip("no C++ compiler on this machine")
    found = strangers(without_pip(clone.watch.contacts))
    assert not found, "\n".join(map(str, found))  # the call, its address and the step
    steps = {"sample-world", "tiny-model", "train sft", "train grpo", "evaluate"}
    assert commands_of(clone.watch.programs) >= {*steps, "ablation", "report", "rollouts"}


@pytest.mark.parametrize("line", GIVEN)
def test_a_command_of_the_readme_ends_as_it_says(stocked: Clone, line: str) -> None:
    end: End = longest_prefix(line, ENDS)
    done = stocked.run(line)
    assert done.returncode in end.codes, done.stdout[-3000:]
    assert end.says in done.stdout, done.stdout[-3000:]
    assert "Traceback" not in done.stdout
    assert not end.leaves or (stocked.folder / end.leaves).exists()


NOTEBOOK = """
import nbclient, nbformat
notebook = nbformat.read("demo/infer.ipynb", as_version=4)
place = {"metadata": {"path": "demo"}}
nbclient.NotebookClient(notebook, timeout=1700, kernel_name="python3", resources=place).execute()
nbformat.write(notebook, "work/infer.ipynb")
"""


def test_the_notebook_runs_from_top_to_bottom_on_the_model_that_was_trained(clone: Clone) -> None:
    (clone.folder / "work/notebook.py").write_text(NOTEBOOK)
    done = clone.run("python work/notebook.py", GRE_DEMO_MAX_NEW_TOKENS="96")
    assert done.returncode == 0, done.stdout[-3000:]
    cells = json.loads((clone.folder / "work/infer.ipynb").read_text())["cells"]
    data = [shown.get("data", {}) for cell in cells for shown in cell.get("outputs", [])]
    pages = ["".join(shown["text/html"]) for shown in data if "text/html" in shown]
    assert len(pages) == 4  # reasoning, map, several answers, folder
    assert all('class="worldmap"' in page for page in pages[1:])
    assert sum(page.count("<tr>") for page in pages) == (1 + 4) + (1 + 6)


@pytest.fixture(scope="module")
def app(stocked: Clone) -> Iterator[tuple[str, Path]]:
    """`python demo/app.py` as the README gives it; its address and its temporary folder."""
    (line,) = [line for line in COMMANDS if line.startswith("python demo/app.py")]
    place = stocked.folder / "work/app"
    place.mkdir()
    told = {"TMPDIR": str(place), "GRADIO_ANALYTICS_ENABLED": "True", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        ["bash", "-c", f"source .venv/bin/activate; exec {line}"],
        cwd=stocked.folder,
        env={**stocked.variables, **told},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        shown = next((line for line in process.stdout if "Running on" in line), "it ended")
        yield re.search(r"http://127\.0\.0\.1:\d+", shown)[0], place  # type: ignore[index]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0
        assert list(place.glob("gre-demo-*")) == []
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


def test_the_app_keeps_to_this_machine(app: tuple[str, Path]) -> None:
    with urllib.request.urlopen(app[0], timeout=120) as answer:
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        page = answer.read().decode("utf-8")
    assert '"run_history":false' in page
    assert not re.search(r'(src|href)="https?://', page)
    assert [path.name for path in app[1].glob("gre-demo-*")]


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page in Chromium that refuses script errors and requests to elsewhere."""
    complaints: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: complaints.append(asked.url) if is_far(asked.url) else None)
    yield page
    context.close()
    assert complaints == []


def is_far(url: str) -> bool:
    """Whether an address leads out of this machine."""
    return not url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:"))


@pytest.mark.browser
def test_the_app_locates_a_photo_with_the_model_that_was_trained(
    stocked: Clone, app: tuple[str, Path], page: Any
) -> None:
    page.goto(app[0])
    page.locator("#world svg").wait_for()
    page.set_input_files("#upload input[type=file]", str(stocked.folder / "photo.jpg"))
    page.locator("#upload", has_text="photo").wait_for()
    page.click("#go")
    page.locator("#done .located, #done .problem").first.wait_for()
    (row,) = page.locator("#history tbody tr").all_inner_texts()
    assert "photo.jpg" in row
    assert "stage3" in row


PAGES = {
    "work/report.html": "#gallery li",
    "work/rollouts_stage2.html": "svg",
    "work/rollouts_stage3.html": "svg",
    "holiday.html": "svg",
    "check.html": "table",
}


@pytest.mark.browser
def test_the_pages_that_were_written_open_without_an_error(stocked: Clone, page: Any) -> None:
    for name, part in PAGES.items():
        page.goto((stocked.folder / name).as_uri())
        page.locator(part).first.wait_for(state="attached")
