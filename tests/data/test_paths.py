"""Where images are found, and what is refused."""

import os
from pathlib import Path

import pytest

from gre.data.paths import ImageFinder, ImagePathError, find_image, find_record_file
from gre.errors import InputError


@pytest.fixture
def record_file(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    return tmp_path / "set" / "gre_cot.json"


def put(path: Path, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("name", "lies_at"),
    [
        ("a.jpg", "set/a.jpg"),
        ("sub/a.jpg", "set/sub/a.jpg"),
        ("a.jpg", "set/imgs/a.jpg"),
        ("a.jpg", "set/images/a.jpg"),
        ("images/a.jpg", "set/images/a.jpg"),
        ("images/a.jpg", "set/imgs/a.jpg"),
        ("imgs/a.jpg", "set/imgs/a.jpg"),
        ("imgs/a.jpg", "set/images/a.jpg"),
        ("images/4f/a0/a.jpg", "set/imgs/4f/a0/a.jpg"),
        ("4f/a0/a.jpg", "set/imgs/4f/a0/a.jpg"),
        ("a.jpg", "root/a.jpg"),
        ("images/a.jpg", "root/images/a.jpg"),
        ("images/a.jpg", "root/a.jpg"),
        ("café 1.jpg", "set/imgs/café 1.jpg"),
    ],
)
def test_found_in_each_place(tmp_path, record_file, name, lies_at):
    expected = put(tmp_path / lies_at)
    (tmp_path / "root").mkdir(exist_ok=True)
    found = find_image(name, record_file=record_file, image_root=tmp_path / "root")
    assert found == expected.resolve()
    assert found.is_absolute()


def test_found_with_a_relative_record_file(tmp_path, record_file, monkeypatch):
    put(tmp_path / "set/imgs/a.jpg")
    monkeypatch.chdir(record_file.parent)
    assert find_image("a.jpg", record_file="gre_cot.json").is_absolute()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("set/imgs/a.jpg", "set/images/a.jpg"),
        ("set/a.jpg", "set/imgs/a.jpg"),
        ("set/imgs/a.jpg", "root/a.jpg"),
    ],
)
def test_found_in_two_places_is_an_error(tmp_path, record_file, first, second):
    put(tmp_path / first, "one")
    put(tmp_path / second, "one")
    (tmp_path / "root").mkdir(exist_ok=True)
    with pytest.raises(ImagePathError, match="must be in one place") as error:
        find_image("a.jpg", record_file=record_file, image_root=tmp_path / "root")
    assert str(tmp_path / first) in str(error.value)
    assert str(tmp_path / second) in str(error.value)


def test_one_file_reached_twice_is_no_error(tmp_path, record_file):
    image = put(tmp_path / "set/imgs/a.jpg")
    (tmp_path / "set/images").symlink_to("imgs")
    found = find_image(
        "images/a.jpg", record_file=record_file, image_root=tmp_path / "set" / "imgs"
    )
    assert found.samefile(image)


@pytest.mark.parametrize(
    "name",
    ["../secret", "imgs/../../secret", "..", ".", "", "imgs/", "imgs/..", "/etc/hostname", "a\0b"],
)
def test_names_that_leave_the_folder_are_refused(tmp_path, record_file, name):
    put(tmp_path / "secret")
    put(tmp_path / "set/imgs/a.jpg")
    with pytest.raises(ImagePathError, match=r"correct the path|write it relative") as error:
        find_image(name, record_file=record_file)
    assert "\n" not in str(error.value)


def test_windows_paths_are_refused(record_file):
    with pytest.raises(ImagePathError, match="must be a relative path written with /"):
        find_image("images\\a.jpg", record_file=record_file)


@pytest.mark.parametrize("link", ["set/imgs/a.jpg", "set/imgs"])
def test_links_out_of_the_folder_are_refused_unless_image_root_allows(tmp_path, record_file, link):
    image = put(tmp_path / "elsewhere/a.jpg")
    path = tmp_path / link
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(image if link.endswith("jpg") else image.parent)
    with pytest.raises(ImagePathError, match="must stay inside") as error:
        find_image("a.jpg", record_file=record_file)
    assert "set image_root" in str(error.value)
    found = find_image("a.jpg", record_file=record_file, image_root=image.parent)
    assert found.samefile(image)


def test_a_link_inside_the_folder_is_followed(tmp_path, record_file):
    put(tmp_path / "set/store/1")
    (tmp_path / "set/a.jpg").symlink_to("store/1")
    assert find_image("a.jpg", record_file=record_file).read_text() == "x"


def test_missing_image_names_the_places_and_the_next_step(tmp_path, record_file):
    with pytest.raises(ImagePathError) as error:
        find_image("images/a.jpg", record_file=record_file)
    message = str(error.value)
    assert '"images/a.jpg"' in message
    assert str(tmp_path / "set" / "imgs") in message
    assert "set image_root" in message


def test_folders_and_pipes_are_no_images(tmp_path, record_file):
    (tmp_path / "set/a.jpg").mkdir()
    with pytest.raises(ImagePathError, match="must be an image file"):
        find_image("a.jpg", record_file=record_file)
    os.mkfifo(tmp_path / "set/b.jpg")
    with pytest.raises(ImagePathError, match="must be a regular file"):
        find_image("b.jpg", record_file=record_file)


def test_dangling_and_circular_links(tmp_path, record_file):
    (tmp_path / "set/a.jpg").symlink_to("nothing")
    with pytest.raises(ImagePathError, match="must be an image file"):
        find_image("a.jpg", record_file=record_file)
    (tmp_path / "set/b.jpg").symlink_to("b.jpg")
    with pytest.raises(ImagePathError, match="must be readable, got"):
        find_image("b.jpg", record_file=record_file)


def test_a_name_too_long_is_one_line(record_file):
    with pytest.raises(ImagePathError, match="must be readable, got") as error:
        find_image("a" * 5000 + ".jpg", record_file=record_file)
    assert len(str(error.value)) < 200


def test_image_root_must_be_a_folder(tmp_path, record_file):
    with pytest.raises(InputError, match=r"image_root: got .* must be a folder"):
        ImageFinder(record_file, image_root=tmp_path / "absent")


def test_a_record_file_may_end_as_either_page_says(tmp_path: Path) -> None:
    named, lies_at = tmp_path / "gre_seed.json", tmp_path / "gre_seed.jsonl"
    assert find_record_file(named) == named  # nothing there: the error will name what was asked for
    put(lies_at)
    assert find_record_file(named) == lies_at
    put(named)
    assert find_record_file(named) == named
    assert find_record_file(tmp_path / "other.json") == tmp_path / "other.json"
