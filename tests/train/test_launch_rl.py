"""`stage2.sh` and `stage3.sh`: real runs under torchrun and DeepSpeed, killed and resumed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gre.data.records import read_seed
from gre.prompts import format_answer, format_response

from .conftest import Flags
from .launching import ROOT, TIMEOUT_S, environment, kill_once_written, logged, run_script

SCRIPTS = {"judge": "stage2", "geodesic": "stage3"}
CONFIGS = {
    "judge": ROOT / "configs/tiny/stage2_judge.yaml",
    "geodesic": ROOT / "configs/tiny/stage3_geodesic.yaml",
}
PER_DEVICE: dict[str, object] = {"per_device_train_batch_size": 4}


def words(flags: list[str], stage: str) -> list[object]:
    return ["--config", CONFIGS[stage], *flags]


@pytest.mark.parametrize("name", ["stage2", "stage3"])
def test_help_shows_an_example(name: str) -> None:
    done = run_script(name, "--help")
    assert done.returncode == 0
    assert f"Example: bash scripts/train/{name}.sh outputs/" in done.stdout
    assert "configs/stage" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("stage", SCRIPTS)
def test_a_killed_run_goes_on_and_ends_in_the_same_weights(
    rl_flags: Flags, tmp_path: Path, stage: str
) -> None:
    """Killed as soon as the checkpoint of step 3 is there, which lies inside a window of two."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    more: dict[str, object] = {"steps_per_generation": 2, "max_steps": 6}
    done = run_script(SCRIPTS[stage], *words(rl_flags(stage, whole, **more), stage))
    assert done.returncode == 0, done.stderr[-3000:]
    given = words(rl_flags(stage, killed, **more), stage)
    kill_once_written(SCRIPTS[stage], given, killed / "checkpoint-3/complete.json", killed)
    assert not (killed / "complete.json").exists()
    done = run_script(SCRIPTS[stage], *given)
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (load_file(run / "model.safetensors") for run in (whole, killed))
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name
    assert logged(killed, "loss") == logged(whole, "loss")


@pytest.mark.distributed
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("zero", ["zero2", "zero3"])
@pytest.mark.parametrize("stage", SCRIPTS)
def test_a_stage_passes_and_resumes_on_two_processes(
    rl_flags: Flags, tmp_path: Path, stage: str, zero: str
) -> None:
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    more = {**PER_DEVICE, "max_steps": 2}
    how = {"NPROC_PER_NODE": "2", "DEEPSPEED": zero}
    done = run_script(SCRIPTS[stage], *words(rl_flags(stage, whole, **more), stage), **how)
    assert done.returncode == 0, done.stderr[-3000:]
    resumed.mkdir()
    for name in ("checkpoint-1", "metrics.jsonl", "rollouts.jsonl", "resolved.yaml"):
        source = whole / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, resumed / name)
    done = run_script(SCRIPTS[stage], *words(rl_flags(stage, resumed, **more), stage), **how)
    assert done.returncode == 0, done.stderr[-3000:]
    for key in ("loss", "reward", "grad_norm"):
        assert logged(resumed, key) == pytest.approx(logged(whole, key), rel=1e-4, abs=1e-7), key


FED_RUNS = {
    "alone": (1, None, "off"),
    "zero2": (2, "zero2", "off"),
    "zero2 shared": (2, "zero2", "on"),
    "zero3": (2, "zero3", "off"),
    "zero3 shared": (2, "zero3", "on"),
}
"""Processes, DeepSpeed configuration and `shared_prefix` of each run on the same rollouts."""

ZERO3_FILE = "zero_pp_rank_1_mp_rank_00_model_states.pt"
"""The second process's share of the weights, which only ZeRO-3 splits. Source: DeepSpeed 0.19."""


def write_feed(sample_world: Path, path: Path) -> Path:
    """Four answers to each seed: right, wrong, unreadable, and another's."""
    seeds = read_seed(sample_world / "dataset/gre_seed/gre_seed.jsonl")
    texts = {
        seed.id: [
            format_response("cues", format_answer(seed.truth)),
            format_response("other cues that take longer", "10.0, 20.0"),
            "<think> cues </think> no answer",
            format_response(f"cue {i}", format_answer(seeds[i - 1].truth)),
        ]
        for i, seed in enumerate(seeds)
    }
    path.write_text(json.dumps(texts))
    return path


def launch_fed(runs: list[list[str]], feed: Path, *, processes: int) -> None:
    """Run fed_rollouts.py under torchrun: one launch for all runs."""
    listed = feed.with_name("runs.json")
    listed.write_text(json.dumps(runs))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    script = ROOT / "tests/train/fed_rollouts.py"
    launch = [*torchrun, "--nproc_per_node", processes, script, CONFIGS["geodesic"], feed, listed]
    done = subprocess.run(
        list(map(str, launch)),
        env=environment(DS_ACCELERATOR="cpu", OMP_NUM_THREADS="1"),
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.distributed
@pytest.mark.timeout(1800)
def test_two_processes_give_the_losses_of_one_for_the_same_rollouts(
    rl_flags: Flags, sample_world: Path, tmp_path: Path
) -> None:
    """Rollouts are fed in; after the first update policy and reference differ, so KL counts."""
    from .fed_rollouts import train_fed

    feed = write_feed(sample_world, tmp_path / "feed.json")
    runs = {name: tmp_path / name.replace(" ", "-") for name in FED_RUNS}
    flags: dict[str, list[str]] = {}
    for name, (processes, zero, sharing) in FED_RUNS.items():
        more: dict[str, object] = {"per_device_train_batch_size": 8 // processes}
        if zero:
            more["deepspeed"] = ROOT / f"configs/deepspeed/{zero}.json"
        every_three = {"max_steps": 3, "save_steps": 3, "heldout_steps": 3}
        flags[name] = rl_flags("geodesic", runs[name], **every_three, **more, shared_prefix=sharing)
    train_fed(CONFIGS["geodesic"], feed, flags.pop("alone"))
    launch_fed(list(flags.values()), feed, processes=2)
    alone = runs.pop("alone")
    assert logged(alone, "kl")[2] > 1e-5  # the comparison below is not one of zeros
    assert logged(alone, "reward_std")[0] > 0.1
    for name, run in runs.items():
        for key, rel in (("loss", 2e-3), ("kl", 2e-3), ("grad_norm", 2e-3), ("reward", 1e-6)):
            found = logged(run, key)
            assert found == pytest.approx(logged(alone, key), rel=rel, abs=2e-6), (name, key)
        assert logged(run, "scale_km") == logged(alone, "scale_km")
        shares = FED_RUNS[name][2] == "on"
        assert len(logged(run, "shared_prefix/token_ratio")) == (3 if shares else 0), name
        is_split = (run / "checkpoint-3/global_step3" / ZERO3_FILE).is_file()
        assert is_split == (FED_RUNS[name][1] == "zero3"), name
