"""A disk that fills up while a checkpoint is written: a real one, small, mounted for the test."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gre.errors import GreError
from gre.train.checkpoints import check_manifest, is_complete, list_checkpoints
from gre.train.sft import run_sft

from .conftest import ROOT, as_flags

CONFIG = ROOT / "configs/tiny/stage1_sft.yaml"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Room for one checkpoint of the tiny model (about 18 MB), not for two."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", disk],
            check=False,
            capture_output=True,
        ).returncode
    )
    if not mounted:
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.slow
def test_a_full_disk_leaves_the_checkpoint_before_and_the_run_goes_on(
    sample_world: Path, tiny_model: Path, small_disk: Path
) -> None:
    run = small_disk / "run"
    flags = as_flags(
        {
            "model_name_or_path": tiny_model,
            "data_path": sample_world / "dataset/gre_cot/gre_cot.json",
            "heldout_path": sample_world / "bench/val/greval_bench.json",
            "heldout_limit": 2,
            "heldout_max_new_tokens": 4,
            "output_dir": run,
            "max_steps": 3,
            "save_steps": 1,
            "heldout_steps": 1,
            "save_total_limit": 1,
            "warmup_steps": 0,
            "global_batch_size": 2,
            "per_device_train_batch_size": 2,
        }
    )
    with pytest.raises(GreError, match=r"checkpoint-2: the disk is full; .* free some space"):
        run_sft(CONFIG, flags)
    (kept,) = list_checkpoints(run)
    assert kept.name == "checkpoint-1"
    assert is_complete(kept)
    check_manifest(kept)
    subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
    run_sft(CONFIG, flags)
    assert is_complete(run)
    assert [path.name for path in list_checkpoints(run)][-1] == "checkpoint-3"
