"""Runs of stage 1 with packed rows: the losses of padded ones, also resumed and on two ranks."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gre.errors import InputError
from gre.train.config import PackingOptions
from gre.train.sft import check_sft, load_sft, run_sft

from .conftest import as_flags
from .launching import ROOT, logged, run_script

CONFIG = ROOT / "configs/tiny/stage1_sft.yaml"
PACKED = {"max_row_tokens": 200, "packed_tokens": 280}


def values(world: Path, model: Path, output: Path, **more: object) -> dict[str, object]:
    """Four steps of two micro-batches of four samples each, nothing located on the way."""
    return {
        "model_name_or_path": model,
        "data_path": world / "dataset/gre_cot/gre_cot.json",
        "heldout_path": "null",
        "output_dir": output,
        "max_steps": 4,
        "save_steps": 2,
        "logging_steps": 1,
        "warmup_steps": 0,
        "global_batch_size": 8,
        "per_device_train_batch_size": 4,
        **more,
    }


@pytest.mark.slow
def test_a_packed_run_follows_a_padded_one_and_resumes(
    sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    padded, packed = tmp_path / "padded", tmp_path / "packed"
    run_sft(CONFIG, as_flags(values(sample_world, tiny_model, padded)))
    flags = as_flags(values(sample_world, tiny_model, packed, **PACKED))
    run_sft(CONFIG, flags)
    assert logged(packed, "loss") == pytest.approx(logged(padded, "loss"), rel=1e-4)
    assert logged(packed, "grad_norm") == pytest.approx(logged(padded, "grad_norm"), rel=1e-3)
    assert logged(packed, "num_tokens") == logged(padded, "num_tokens")
    whole = load_file(packed / "model.safetensors")
    (packed / "complete.json").unlink()
    shutil.rmtree(packed / "checkpoint-4")
    run_sft(CONFIG, flags)
    for name, tensor in load_file(packed / "model.safetensors").items():
        assert torch.equal(tensor, whole[name]), name


@pytest.mark.distributed
@pytest.mark.timeout(1800)
def test_two_ranks_with_packed_rows_give_the_losses_of_one_padded(
    sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    """In order, so that both see the same micro-batches of two in every step."""
    more = {"train_sampling_strategy": "sequential", "per_device_train_batch_size": 2}
    more |= {"max_steps": 2}
    alone = tmp_path / "alone"
    run_sft(CONFIG, as_flags(values(sample_world, tiny_model, alone, **more)))
    for deepspeed in ("none", "zero2"):
        pair = tmp_path / deepspeed
        given = values(sample_world, tiny_model, pair, **more, **PACKED)
        model = given.pop("model_name_or_path")
        done = run_script(
            "stage1",
            *(model, "--config", CONFIG, *as_flags(given)),
            **{"NPROC_PER_NODE": "2", "DEEPSPEED": deepspeed, "OMP_NUM_THREADS": "1"},
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert "padded batches" not in done.stderr
        assert logged(pair, "loss") == pytest.approx(logged(alone, "loss"), rel=1e-4)
        assert logged(pair, "grad_norm") == pytest.approx(logged(alone, "grad_norm"), rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"packed_tokens": 0}, "packed_tokens must be >= 1, got 0"),
        (
            {"packed_tokens": 511, "max_row_tokens": 512},
            "packed_tokens 511 is under max_row_tokens 512",
        ),
        ({"packed_tokens": "many"}, "packed_tokens: got 'many'"),
    ],
)
def test_a_budget_that_cannot_be_is_refused(
    sample_world: Path,
    tiny_model: Path,
    tmp_path: Path,
    changes: dict[str, object],
    message: str,
) -> None:
    flags = as_flags(values(sample_world, tiny_model, tmp_path / "run", **changes))
    with pytest.raises(InputError, match=message) as caught:
        check_sft(CONFIG, flags, world_size=1)
    assert "\n" not in str(caught.value)


def test_rows_are_padded_unless_asked_for(
    sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    given = values(sample_world, tiny_model, tmp_path / "run")
    run = load_sft(CONFIG, as_flags(given), world_size=1, launch=False)
    assert run.options(PackingOptions).packed_tokens is None
