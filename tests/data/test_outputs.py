"""What a user names to be written is tried before work begins, and nothing is left of the try."""

from pathlib import Path

import pytest

from gre.data.outputs import check_new_file, check_new_folder
from gre.errors import InputError


@pytest.mark.parametrize("name", ["there", "new", "new/far/below"])
def test_a_place_that_takes_files_passes_and_stays_as_it_was(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").mkdir()
    check_new_folder(tmp_path / name, "--out")
    check_new_file(tmp_path / name / "page.html", "--out")
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_a_file_that_is_there_may_be_written_again(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("old")
    check_new_file(tmp_path / "page.html", "--out")
    assert (tmp_path / "page.html").read_text() == "old"


@pytest.mark.parametrize("check", [check_new_file, check_new_folder])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/proc/x", "--out /proc/x: /proc takes no files"),
        ("/proc/x/y", "/proc takes no files"),
        ("FILE/x", "is no folder; name another place"),
        ("FILE/x/y", "is no folder; name another place"),
    ],
)
def test_a_place_that_takes_none_is_named(check, name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("mine")
    with pytest.raises(InputError, match=message):
        check(Path(name.replace("FILE", str(tmp_path / "f"))), "--out")


def test_a_file_is_no_folder_and_a_folder_no_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("mine")
    with pytest.raises(InputError, match="is a file, must be a folder"):
        check_new_folder(tmp_path / "f", "--out")
    with pytest.raises(InputError, match="is a folder, must be a file to write"):
        check_new_file(tmp_path, "--out")
