"""`scripts/train/stage1.sh`: what it refuses, and real runs under torchrun and DeepSpeed."""

import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from .launching import (
    ROOT,
    environment,
    kill_once_written,
    logged,
    run_script,
    stop_once_written,
)

SCRIPT = "stage1"


def stage1(*given: object, **changes: str) -> subprocess.CompletedProcess[str]:
    return run_script(SCRIPT, *given, **changes)


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
    return logged(output, "loss")


def shapes(folder: Path) -> dict[str, torch.Size]:
    return {name: t.shape for name, t in load_file(folder / "model.safetensors").items()}


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


def test_scripts_let_python_keep_what_it_compiled() -> None:
    """Where it may not, each rank of each launch compiles the libraries anew."""
    asks = f'source "{ROOT}/scripts/lib/env.sh" && gre_env "{ROOT}" && exec python -c'
    asks += " 'import sys; print(sys.dont_write_bytecode)'"
    done = subprocess.run(
        ["bash", "-c", asks],
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"


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
    given = words(sample_world, tiny_model, killed, **more)
    kill_once_written(SCRIPT, given, killed / "checkpoint-2/complete.json", killed)
    assert not (killed / "complete.json").exists()
    done = stage1(*words(sample_world, tiny_model, killed, **more))
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (load_file(run / "model.safetensors") for run in (whole, killed))
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.distributed)])
def test_a_run_told_to_stop_loses_no_step(
    sample_world: Path, tiny_model: Path, tmp_path: Path, processes: int
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    more = {"max_steps": 30, "save_steps": 30, "heldout_steps": 30}
    how = {"NPROC_PER_NODE": str(processes)}
    done = stage1(*words(sample_world, tiny_model, whole, **more), **how)
    assert done.returncode == 0, done.stderr[-3000:]
    given = words(sample_world, tiny_model, stopped, **more)
    code, said = stop_once_written(SCRIPT, given, stopped / "metrics.jsonl", **how)
    assert code == 143, said[-3000:]
    assert "told to stop: step" in said
    (checkpoint,) = stopped.glob("checkpoint-*")
    assert (checkpoint / "complete.json").is_file()
    assert not (stopped / "complete.json").exists()
    refused = stage1(*given, "--learning_rate", "1e-4", **how)
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].startswith("gre: learning_rate: the run in")  # no rank's
    done = stage1(*given, **how)
    assert done.returncode == 0, done.stderr[-3000:]
    assert losses(stopped) == losses(whole)
    first, second = (load_file(run / "model.safetensors") for run in (whole, stopped))
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


SEQUENTIAL = {"train_sampling_strategy": "sequential"}
"""In order, so that one process and two see the same rows in every step."""


@pytest.fixture(scope="module")
def alone(sample_world: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four steps of stage 1 by one process. Tests must not write to it."""
    output = tmp_path_factory.mktemp("alone") / "run"
    done = stage1(*words(sample_world, tiny_model, output, **SEQUENTIAL), NPROC_PER_NODE="1")
    assert done.returncode == 0, done.stderr[-3000:]
    return output


@pytest.mark.distributed
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("zero", ["zero2", "zero3"])
def test_two_processes_under_deepspeed_give_the_losses_of_one_and_resume(
    alone: Path, sample_world: Path, tiny_model: Path, tmp_path: Path, zero: str
) -> None:
    """The global batch is the same eight rows, so losses agree within float tolerance."""
    pair, resumed = tmp_path / "pair", tmp_path / "resumed"
    how = {"NPROC_PER_NODE": "2", "DEEPSPEED": zero}
    done = stage1(*words(sample_world, tiny_model, pair, **SEQUENTIAL), **how)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "built successfully" not in done.stdout  # DeepSpeed compiled nothing
    assert losses(pair) == pytest.approx(losses(alone), rel=2e-3)
    assert shapes(pair) == shapes(alone) == shapes(tiny_model)  # the published names
    for name in ("complete.json", "README.md", "gre.json", "generation_config.json"):
        assert (pair / name).is_file(), name

    shutil.copytree(pair, resumed, symlinks=True)
    shutil.rmtree(resumed / "checkpoint-4")
    (resumed / "complete.json").unlink()
    done = stage1(*words(sample_world, tiny_model, resumed, **SEQUENTIAL), **how)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"going on from {resumed / 'checkpoint-2'}" in done.stderr
    assert losses(resumed) == pytest.approx(losses(pair), rel=1e-4)


@pytest.mark.distributed
@pytest.mark.timeout(1800)
def test_an_adapter_trained_under_zero3_is_merged_by_one_process(
    sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    more = {"lora_r": 4, "max_steps": 2, "learning_rate": 0.1}
    done = stage1(
        *words(sample_world, tiny_model, output, **more), NPROC_PER_NODE="2", DEEPSPEED="zero3"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (output / "complete.json").is_file()
    assert shapes(output) == shapes(tiny_model)
    merged, base = (load_file(folder / "model.safetensors") for folder in (output, tiny_model))
    moved = {name for name, tensor in base.items() if not torch.equal(tensor, merged[name])}
    assert len(moved) == 3 * 7  # layers x targets of the tiny model
