"""Which checkpoint a run goes on from, and which folders it refuses."""

from pathlib import Path

import pytest

from gre.errors import InputError
from gre.train.checkpoints import check_output_dir, find_resume, is_complete, mark_complete


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
