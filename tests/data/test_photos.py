"""Photos from files, folders and patterns, and the truth that their folder holds."""

from pathlib import Path

import pytest

from gre.data.photos import list_photos, photo_truth, read_truth_csv
from gre.errors import InputError
from gre.geo.latlon import LatLon

from .pictures import exif_block, gps_entries, picture_bytes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ["b.jpg", "a.JPG", "c.heic", "._a.jpg", "notes.txt", "deep/d.png", "x[1].jpg"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "folder.jpg").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["."], ["a.JPG", "b.jpg", "c.heic", "x[1].jpg"]),
        (["b.jpg"], ["b.jpg"]),
        (["notes.txt"], ["notes.txt"]),
        (["c.heic", "b.jpg"], ["c.heic", "b.jpg"]),
        (["c.heic", ".", "c.heic"], ["c.heic", "a.JPG", "b.jpg", "x[1].jpg"]),
        (["*.jpg"], ["b.jpg", "x[1].jpg"]),
        (["*"], ["a.JPG", "b.jpg", "c.heic", "x[1].jpg"]),
        (["**/*.png"], ["deep/d.png"]),
        (["x[1].jpg"], ["x[1].jpg"]),
        (["deep"], ["deep/d.png"]),
    ],
)
def test_files_folders_and_patterns(folder, given, expected):
    found = list_photos([folder / name for name in given])
    assert [str(path.relative_to(folder)) for path in found] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("absent.jpg", "absent.jpg: no such file or folder"),
        ("*.bmp", "no photo matches this pattern"),
        ("folder.jpg", "folder.jpg: holds no photo"),
    ],
)
def test_what_is_nowhere_is_named(folder, given, expected):
    with pytest.raises(InputError) as error:
        list_photos([folder / "b.jpg", folder / given])
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "header", ["file,lat,lon", "ID,Latitude,Longitude", "IMG_ID,LAT,LON", "id, lat , lng"]
)
def test_truth_by_column_names(tmp_path, header):
    (tmp_path / "any.csv").write_text(f"{header}\na.jpg,1.5,-2\n\nb,0,180\n")
    (tmp_path / "other.csv").write_text("name,colour\na,red\n")
    assert read_truth_csv(tmp_path) == {"a.jpg": LatLon(1.5, -2), "b": LatLon(0, 180)}


def test_columns_in_any_order_with_quotes_and_byte_order_mark(tmp_path):
    text = '\ufefflon,city,lat,id\n11.9,"Arezzo, Italy",43.5,7\n'
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
    assert read_truth_csv(tmp_path) == {"7": LatLon(43.5, 11.9)}


def test_no_truth(tmp_path):
    assert read_truth_csv(tmp_path) == {}
    (tmp_path / "empty.csv").write_text("")
    assert read_truth_csv(tmp_path) == {}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("a,91,0", 'labels.csv:2: latitude: got "91", must be in [-90, 90]'),
        ("a,0,181", 'longitude: got "181", must be in [-180, 180]'),
        ("a,nan,0", 'latitude: got "nan"'),
        ("a,1_0,0", 'latitude: got "1_0"'),
        ("a,,0", 'latitude: got ""'),
        ("a,43", "has 2 columns"),
        (",43,11", "must be a name"),
        ("a,1,2\na,1,3", 'labels.csv:3: got "a", must be a name that no other row has'),
        ('"a,1,2', "must be CSV"),
    ],
)
def test_bad_truth_names_file_and_line(tmp_path, row, expected):
    (tmp_path / "labels.csv").write_text(f"id,lat,lon\n{row}\n")
    with pytest.raises(InputError) as error:
        read_truth_csv(tmp_path)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_two_tables_are_ambiguous(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("id,lat,lon\nx,1,2\n")
    with pytest.raises(InputError, match=r"both a\.csv and b\.csv give positions"):
        read_truth_csv(tmp_path)


def test_truth_by_name_then_stem_then_exif(tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(picture_bytes(exif=exif_block(gps_entries(lat=((1, 1), (0, 1), (0, 1))))))
    assert photo_truth(photo, {"a.jpg": LatLon(5, 5), "a": LatLon(6, 6)}) == LatLon(5, 5)
    assert photo_truth(photo, {"a": LatLon(6, 6)}) == LatLon(6, 6)
    from_exif = photo_truth(photo, {})
    assert from_exif is not None
    assert from_exif.lat == 1
    photo.write_bytes(picture_bytes())
    assert photo_truth(photo, {}) is None


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "count"), [("arezzo", 9), ("osv5m", 8)])
def test_real_folders(real_data, name, count):
    folder = real_data / "photos" / name
    photos = list_photos([folder])
    table = read_truth_csv(folder)
    assert len(photos) == len(table) == count
    assert all(photo_truth(photo, table) is not None for photo in photos)


@pytest.mark.real_data
def test_real_labels(real_data):
    table = read_truth_csv(real_data / "photos" / "osv5m")
    assert table["485309792671627"] == LatLon(-6.130738, -37.643291)
