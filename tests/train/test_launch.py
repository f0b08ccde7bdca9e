"""`scripts/train/stage1.sh`: what it refuses, and real runs under torchrun and DeepSpeed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/train/stage1.sh"


def environment(**changes: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("NPROC_PER_NODE", "NNODES")}
    python = Path(sys.executable).parent
    return {
        **kept,
        "PATH": f"{python}:{kept['PATH']}",
        "VIRTUAL_ENV": str(python.parent),
        "PYTHONPATH": str(ROOT),
        **changes,
    }


def stage1(*words: object, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(SCRIPT), *map(str, words)],
        env=environment(**changes),
        check=False,
        capture_output=True,
        text=True,
        timeout=900,
    )


def words(world: Path, model: Path, output: Path, **more: object) -> list[object]:
    values: dict[str, object] = {
        "config": ROOT / "configs/tiny/stage1_sft.yaml",
        "data_path": world / "dataset/gre_cot/gre_cot.json",
        "heldout_path": world / "bench/val/greval_bench.json",
        "heldout_max_new_tokens": 4,
        "output_dir": output,
        "max_steps": 4,
        "save_steps": 2,
        "heldout_steps": 2,
        "logging_steps": 1,
        "warmup_steps": 0,
        "global_batch_size": 8,
        "per_device_train_batch_size": 2,
        **more,
    }
    return [model, *(word for key, value in values.items() for word in (f"--{key}", value))]


def losses(output: Path) -> list[float]:
    lines = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"NPROC_PER_NODE": "two"}, "NPROC_PER_NODE must be a number >= 1, got 'two'"),
        ({"NNODES": "0"}, "NNODES must be a number >= 1, got '0'"),
        ({"NNODES": "2"}, "set MASTER_ADDR"),
        ({"NNODES": "2", "NODE_RANK": "2"}, "NODE_RANK must be in 0..1, got '2'"),
        ({"DEEPSPEED": "zero4"}, "DEEPSPEED must be zero2, zero3 or none, got 'zero4'"),
    ],
)
def test_nonsense_in_the_environment_is_one_line(changes: dict[str, str], message: str) -> None:
    done = stage1("some/model", **changes)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_help_shows_an_example() -> None:
    done = stage1("--help")
    assert done.returncode == 0
    assert "Example: bash scripts/train/stage1.sh" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_bad_value_is_refused_before_a_rank_starts(
    sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    done = stage1(*words(sample_world, tiny_model, tmp_path / "run"), "--learning_rate", "fast")
    assert done.returncode == 2
    assert "learning_rate: got 'fast'" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_killed_run_goes_on_and_ends_in_the_same_weights(
    sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    more = {"max_steps": 6}
    assert stage1(*words(sample_world, tiny_model, whole, **more)).returncode == 0
    process = subprocess.Popen(
        ["bash", str(SCRIPT), *map(str, words(sample_world, tiny_model, killed, **more))],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 600
    while not (killed / "checkpoint-2/complete.json").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    subprocess.run(
        ["pkill", "-9", "-f", str(killed)], check=False
    )  # ranks have sessions of their own
    assert not (killed / "complete.json").exists()
    done = stage1(*words(sample_world, tiny_model, killed, **more))
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (load_file(run / "model.safetensors") for run in (whole, killed))
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@pytest.mark.distributed
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("zero", ["zero2", "zero3"])
def test_two_processes_under_deepspeed_give_the_losses_of_one(
    sample_world: Path, tiny_model: Path, tmp_path: Path, zero: str
) -> None:
    """The global batch is the same eight rows, so losses agree within float tolerance."""
    alone, pair = tmp_path / "alone", tmp_path / zero
    sequential = {"train_sampling_strategy": "sequential"}
    done = stage1(*words(sample_world, tiny_model, alone, **sequential), NPROC_PER_NODE="1")
    assert done.returncode == 0, done.stderr[-3000:]
    done = stage1(
        *words(sample_world, tiny_model, pair, **sequential), NPROC_PER_NODE="2", DEEPSPEED=zero
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert losses(pair) == pytest.approx(losses(alone), rel=2e-3)
    saved = load_file(pair / "model.safetensors")
    assert {name: t.shape for name, t in saved.items()} == {
        name: t.shape for name, t in load_file(alone / "model.safetensors").items()
    }


@pytest.mark.distributed
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("zero", ["zero2", "zero3"])
def test_a_deepspeed_run_resumes(
    sample_world: Path, tiny_model: Path, tmp_path: Path, zero: str
) -> None:
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    for output in (whole, resumed):
        done = stage1(*words(sample_world, tiny_model, output), NPROC_PER_NODE="2", DEEPSPEED=zero)
        assert done.returncode == 0, done.stderr[-3000:]
    subprocess.run(["rm", "-rf", resumed / "checkpoint-4", resumed / "complete.json"], check=True)
    done = stage1(*words(sample_world, tiny_model, resumed), NPROC_PER_NODE="2", DEEPSPEED=zero)
    assert done.returncode == 0, done.stderr[-3000:]
    assert losses(resumed) == pytest.approx(losses(whole), rel=1e-4)
