"""Several processes on one run: environment, progress, failures, a kill in mid-run, torchrun."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gre.commands.sharing import command_line, count_processes
from gre.errors import GreError, InputError
from gre.evaluation.asking.once import ALONE, Share
from gre.evaluation.asking.processes import launch, own_share, take_own_gpu, visible_gpus


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("GRE_SHARE", "RANK", "WORLD_SIZE", "LOCAL_RANK", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "share"),
    [
        ({}, ALONE),
        ({"RANK": "0", "WORLD_SIZE": "1"}, ALONE),
        ({"RANK": "3", "WORLD_SIZE": "8"}, Share(3, 8)),
        ({"GRE_SHARE": "1/2"}, Share(1, 2)),
        ({"GRE_SHARE": "1/2", "RANK": "3", "WORLD_SIZE": "8"}, Share(1, 2)),
    ],
)
def test_own_share(monkeypatch, variables, share):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert own_share() == share


@pytest.mark.parametrize("text", ["2/2", "x/2", "1", "-1/2", ""])
def test_a_share_that_cannot_be_is_refused(monkeypatch, text):
    monkeypatch.setenv("GRE_SHARE", text)
    with pytest.raises(InputError, match="rank below processes"):
        own_share()


@pytest.mark.parametrize(
    ("named", "gpus"),
    [("0,1,3", ["0", "1", "3"]), ("", []), ("-1", []), ("GPU-a, GPU-b", ["GPU-a", "GPU-b"])],
)
def test_visible_gpus_are_those_that_are_named(monkeypatch, named, gpus):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_gpus() == gpus
    assert count_processes(None, uses_gpu=True) == max(1, len(gpus))
    assert count_processes(None, uses_gpu=False) == 1
    assert count_processes(5, uses_gpu=True) == 5


def test_under_torchrun_a_process_takes_the_gpu_of_its_local_rank(monkeypatch):
    for name, value in {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    take_own_gpu()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "6"
    assert count_processes(4, uses_gpu=True) == 1  # torchrun has started them all


def test_the_command_is_given_on_with_every_option():
    app, seen = typer.Typer(), []

    @app.command()
    def ask(
        context: typer.Context, file: Path, num: int = 3, loud: bool = True, name: str | None = None
    ) -> None:
        seen.append(command_line(context))

    @app.command()
    def other() -> None:
        pass

    CliRunner().invoke(app, ["ask", "a b.csv", "--no-loud", "--num", "4"])
    assert seen == [["ask", "--num", "4", "--no-loud", "--", "a b.csv"]]


def test_bad_input_ends_all_processes_with_its_one_line(tmp_path):
    with pytest.raises(InputError, match="No such option: --nonsense"):
        launch(["env", "--nonsense"], 2, tmp_path / "answers.jsonl", tell=lambda _: None)


def children_of(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def share_of(pid: int) -> str:
    """The share of the rows that a process was given; empty for one that has just ended."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return next((v[10:].decode() for v in variables if v.startswith(b"GRE_SHARE=")), "")


def num_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def evaluation(world: Path, model: Path, out: Path, *more: str) -> list[str]:
    command = ["-m", "gre", "evaluate", "--benchmark", "greval_bench"]
    places = ["--data", str(world / "bench/test"), "--model", str(model), "--out", str(out)]
    return [*command, *places, "--batch-size", "1", "--max-new-tokens", "48", *more]


@pytest.mark.slow
@pytest.mark.distributed
@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
def test_one_of_two_is_killed_and_torchrun_goes_on(sample_world, tiny_model, tmp_path):
    out = tmp_path / "run"
    words = evaluation(sample_world, tiny_model, out, "--no-no-image")
    started = subprocess.Popen(
        [sys.executable, *words, "--processes", "2"], stderr=subprocess.PIPE, text=True
    )
    part = out / "answers.part1.jsonl"
    while num_lines(part) < 1:
        assert started.poll() is None, started.stderr.read()
        time.sleep(0.05)
    victim = next(pid for pid in children_of(started.pid) if share_of(pid) == "1/2")
    os.kill(victim, signal.SIGKILL)
    _, said = started.communicate(timeout=600)
    assert started.returncode == 1
    assert "process 1 of 2 was ended by signal 9" in said
    assert "Traceback" not in said
    kept = {}
    for file in out.glob("answers.part*"):
        lines = file.read_bytes().split(b"\n")[:-1]
        kept |= {row["id"]: row["text"] for row in map(json.loads, lines)}
    assert 1 <= len(kept) < 10
    assert not (out / "summary.json").exists()

    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [sys.executable, *torchrun, *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert len({row["id"] for row in rows}) == len(rows) == 10
    assert json.loads((out / "summary.json").read_text())["n"] == 10
    assert num_lines(out / "answers.jsonl") == 10  # nobody was asked twice
    assert not list(out.glob("answers.part*"))
    assert {row["id"]: row["text"] for row in rows if row["id"] in kept} == kept


def test_a_failing_process_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "gre").mkdir()
    (tmp_path / "gre/__init__.py").write_text("")
    (tmp_path / "gre/__main__.py").write_text(
        "import os, sys\n"
        "if os.environ['GRE_SHARE'] == '1/3':\n"
        "    sys.exit('gre: out of memory; lower --batch-size')\n"
        "open(sys.argv[1] + '.part' + os.environ['GRE_SHARE'][0] + '.jsonl', 'w').write('x\\n')\n"
    )
    monkeypatch.chdir(tmp_path)
    told: list[int] = []
    with pytest.raises(
        GreError, match=r"process 1 of 3 failed \(out of memory; lower --batch"
    ) as e:
        launch([str(tmp_path / "answers")], 3, tmp_path / "answers.jsonl", tell=told.append)
    assert e.value.exit_code == 1
    assert sum(told) == 2  # the two others have finished their shares


def test_nobody_waits_for_a_folder_that_the_first_process_cannot_open(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "gre").mkdir()
    (tmp_path / "gre/__init__.py").write_text("")
    (tmp_path / "gre/__main__.py").write_text(
        "import os, sys, time\n"
        "if os.environ['GRE_SHARE'] == '0/2':\n"
        "    sys.exit('gre: no memory for the model')\n"
        "time.sleep(600)\n"
    )
    monkeypatch.chdir(tmp_path)
    started = time.monotonic()
    with pytest.raises(GreError, match=r"process 0 of 2 failed \(no memory for the model"):
        launch([], 2, tmp_path / "answers.jsonl", tell=lambda _: None)
    assert time.monotonic() - started < 120
