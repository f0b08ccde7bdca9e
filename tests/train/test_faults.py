"""What goes wrong in the middle of stage 1: a picture that breaks, a number that is not finite."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gre.cli import _say_and_leave
from gre.data.images import ImageError
from gre.data.records import read_cot
from gre.errors import GreError
from gre.train.checkpoints import check_manifest, is_complete, list_checkpoints
from gre.train.sft import WholeRowCollator, run_sft

from .conftest import ROOT, as_flags

RECORDS = "dataset/gre_cot/gre_cot.json"
ROWS_PER_STEP = 2


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny config without a held-out set."""
    text = (ROOT / "configs/tiny/stage1_sft.yaml").read_text()
    kept = [line for line in text.splitlines() if not line.startswith("heldout")]
    path = tmp_path_factory.mktemp("config") / "stage1.yaml"
    path.write_text("\n".join(kept) + "\n")
    return path


def flags(world: Path, model: Path, output: Path, **more: object) -> list[str]:
    """Four steps of two records each, in the order of the file, a checkpoint after each."""
    values = {
        "model_name_or_path": model,
        "data_path": world / RECORDS,
        "output_dir": output,
        "max_steps": 4,
        "save_steps": 1,
        "save_total_limit": 4,
        "warmup_steps": 0,
        "global_batch_size": ROWS_PER_STEP,
        "per_device_train_batch_size": ROWS_PER_STEP,
        "train_sampling_strategy": "sequential",
        "lr_scheduler_type": "constant",
    }
    return as_flags({**values, **more})


def assert_same_weights(one: Path, other: Path) -> None:
    first, second = (load_file(run / "model.safetensors") for run in (one, other))
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@pytest.fixture(scope="module")
def unharmed(
    config: Path, sample_world: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The run to which nothing happens."""
    output = tmp_path_factory.mktemp("unharmed") / "run"
    return run_sft(config, flags(sample_world, tiny_model, output))


@pytest.mark.slow
def test_a_picture_that_breaks_stops_the_run_by_name_and_mended_it_goes_on(
    config: Path, sample_world: Path, tiny_model: Path, unharmed: Path, tmp_path: Path
) -> None:
    """Nothing else is trained on in its place; a checkpoint of the steps before is whole."""
    world, run = tmp_path / "world", tmp_path / "run"
    shutil.copytree(sample_world, world)
    given = flags(world, tiny_model, run, dataloader_num_workers=1)
    victim = read_cot(world / RECORDS)[3 * ROWS_PER_STEP].image_path  # of the fourth step
    sound = victim.read_bytes()
    victim.write_bytes(sound[: len(sound) // 2])
    with pytest.raises(ImageError) as caught:
        run_sft(config, given)
    assert (
        str(caught.value).strip().splitlines()[-1].count(f"{victim}: the picture is damaged") == 1
    )
    assert not is_complete(run)
    # The loader is one batch ahead: the third step may still be in the making.
    kept = list_checkpoints(run)
    assert [path.name for path in kept][:2] == ["checkpoint-1", "checkpoint-2"]
    check_manifest(kept[-1])
    victim.write_bytes(sound)
    run_sft(config, given)
    assert is_complete(run)
    assert_same_weights(run, unharmed)


@pytest.mark.slow
def test_a_batch_that_is_not_finite_is_kept_and_stops_the_run_before_the_weights_move(
    config: Path,
    sample_world: Path,
    tiny_model: Path,
    unharmed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, stock, batches = tmp_path / "run", WholeRowCollator.torch_call, [0]

    def poisoned(self: Any, examples: Any) -> Any:
        batch = stock(self, examples)
        batches[0] += 1
        if batches[0] == 3:
            batch["pixel_values"][0, 0] = torch.nan
        return batch

    monkeypatch.setattr(WholeRowCollator, "torch_call", poisoned)
    given = flags(sample_world, tiny_model, run)
    with pytest.raises(GreError, match=r"step 3: loss is nan, must be finite; its batch is kept"):
        run_sft(config, given)
    kept = torch.load(run / "not-finite-step3-rank0.pt", weights_only=True)
    assert torch.isnan(kept["pixel_values"]).sum() == 1
    assert [path.name for path in list_checkpoints(run)] == ["checkpoint-1", "checkpoint-2"]
    monkeypatch.undo()
    run_sft(config, given)
    assert_same_weights(run, unharmed)


def test_a_fault_in_a_loading_process_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    """torch hands the traceback of such a process over within the message."""
    said = "Caught ImageError in DataLoader worker process 0.\nOriginal Traceback:\n  File ...\n"
    with pytest.raises(SystemExit) as left:
        _say_and_leave(said + "gre.data.images.ImageError: a.jpg: the picture is damaged", 2)
    assert left.value.code == 2
    assert capsys.readouterr().err == "gre: a.jpg: the picture is damaged\n"


@pytest.mark.slow
def test_a_run_killed_after_its_last_checkpoint_makes_no_step_more(
    config: Path, sample_world: Path, tiny_model: Path, unharmed: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(unharmed, run, symlinks=True)
    for name in ("complete.json", "model.safetensors"):
        (run / name).unlink()
    run_sft(config, flags(sample_world, tiny_model, run))
    assert [path.name for path in list_checkpoints(run)][-1] == "checkpoint-4"
    assert json.loads((run / "complete.json").read_text())["step"] == 4
    assert_same_weights(run, unharmed)
