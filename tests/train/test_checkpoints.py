"""Which checkpoint a run goes on from, and which folders it refuses."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from gre.errors import GreError, InputError
from gre.train.checkpoints import (
    check_manifest,
    check_output_dir,
    find_resume,
    is_complete,
    mark_complete,
    seal_checkpoint,
)


def make_checkpoint(output: Path, step: int, *, complete: bool) -> Path:
    folder = output / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    if complete:
        mark_complete(folder, step=step)
    return folder


def test_the_newest_complete_checkpoint_wins_by_number(tmp_path: Path) -> None:
    for step in (9, 10, 100):
        make_checkpoint(tmp_path, step, complete=True)
    found = find_resume(tmp_path, is_main=True)
    assert found is not None
    assert found.name == "checkpoint-100"


def test_a_half_written_checkpoint_is_cleared_and_never_resumed(tmp_path: Path) -> None:
    make_checkpoint(tmp_path, 50, complete=True)
    broken = make_checkpoint(tmp_path, 100, complete=False)
    found = find_resume(tmp_path, is_main=True)
    assert found is not None
    assert found.name == "checkpoint-50"
    assert not broken.exists()


def test_other_ranks_delete_nothing(tmp_path: Path) -> None:
    broken = make_checkpoint(tmp_path, 100, complete=False)
    assert find_resume(tmp_path, is_main=False) is None
    assert broken.exists()


def test_no_checkpoint_is_a_fresh_start(tmp_path: Path) -> None:
    assert find_resume(tmp_path / "none", is_main=True) is None


def test_a_finished_run_is_kept_unless_told(tmp_path: Path) -> None:
    (tmp_path / "resolved.yaml").write_text("")
    mark_complete(tmp_path)
    with pytest.raises(InputError, match="holds a finished run"):
        check_output_dir(tmp_path, overwrite=False, remove=True)
    check_output_dir(tmp_path, overwrite=True, remove=False)
    assert is_complete(tmp_path)
    check_output_dir(tmp_path, overwrite=True, remove=True)
    assert not tmp_path.exists()


def test_a_folder_of_something_else_is_refused_even_with_overwrite(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="holds other files"):
        check_output_dir(tmp_path, overwrite=True, remove=True)
    assert (tmp_path / "thesis.tex").exists()


def test_a_file_is_no_output_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(InputError, match="is a file"):
        check_output_dir(tmp_path / "x", overwrite=False, remove=True)


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoint-7"
    (folder / "global_step7").mkdir(parents=True)
    save_file({"weight": torch.ones(3)}, folder / "model.safetensors")
    (folder / "optimizer.pt").write_bytes(b"state")
    (folder / "global_step7" / "rank0.pt").write_bytes(b"shard")
    seal_checkpoint(folder, step=7)
    return folder


def test_a_sealed_checkpoint_is_complete_and_its_own(sealed: Path) -> None:
    assert is_complete(sealed)
    check_manifest(sealed)


@pytest.mark.parametrize("name", ["optimizer.pt", "global_step7/rank0.pt"])
def test_a_changed_missing_or_added_state_is_never_opened(sealed: Path, name: str) -> None:
    (sealed / name).write_bytes(b"another pickle")
    with pytest.raises(InputError, match=f"{name}: is not as this run wrote it"):
        check_manifest(sealed)
    (sealed / name).unlink()
    with pytest.raises(InputError, match=f"{name}: is missing"):
        check_manifest(sealed)
    (sealed / name).write_bytes({"optimizer.pt": b"state"}.get(name, b"shard"))
    check_manifest(sealed)
    (sealed / "more.pt").write_bytes(b"x")
    with pytest.raises(InputError, match=r"more\.pt: is not as this run wrote it"):
        check_manifest(sealed)


def test_weights_that_are_not_finite_are_never_sealed(sealed: Path) -> None:
    (sealed / "complete.json").unlink()
    save_file({"weight": torch.tensor([1.0, float("nan")])}, sealed / "model.safetensors")
    with pytest.raises(GreError, match="tensor weight has 1 values that are not finite"):
        seal_checkpoint(sealed, step=7)
    assert not is_complete(sealed)
