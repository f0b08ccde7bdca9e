"""GPS positions in EXIF: sound ones to the last digit, all others None."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gre.data.exif import read_exif_latlon
from gre.data.images import ImageError, load_image
from gre.geo.latlon import LatLon

from .pictures import Entry, exif_block, gps_entries, picture_bytes


def photo(tmp_path: Path, gps: list[Entry]) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(picture_bytes(exif=exif_block(gps)))
    return path


def test_degrees_minutes_seconds(tmp_path):
    # 43 + 28/60 + 2.814/3600 and 11 + 53/60 + 6.45599999/3600
    point = read_exif_latlon(photo(tmp_path, gps_entries()))
    assert point is not None
    assert point.as_tuple() == pytest.approx((43.467448333, 11.885126667), abs=1e-9)


@pytest.mark.parametrize(
    ("lat_ref", "lon_ref", "signs"),
    [
        (b"S\0", b"W\0", (-1, -1)),
        (b"s\0", b"w\0", (-1, -1)),
        (b"N", b"W", (1, -1)),
        (b"S \0", b"E\0\0\0", (-1, 1)),
    ],
)
def test_hemispheres(tmp_path, lat_ref, lon_ref, signs):
    gps = gps_entries(
        lat=((1, 1), (30, 1), (0, 1)),
        lon=((2, 1), (0, 1), (36, 1)),
        lat_ref=lat_ref,
        lon_ref=lon_ref,
    )
    assert read_exif_latlon(photo(tmp_path, gps)) == LatLon(signs[0] * 1.5, signs[1] * 2.01)


def test_minutes_may_be_decimal(tmp_path):
    gps = gps_entries(lat=((10, 1), (3075, 100), (0, 1)), lon=((205, 10), (0, 1), (0, 1)))
    point = read_exif_latlon(photo(tmp_path, gps))
    assert point is not None
    assert point.as_tuple() == pytest.approx((10.5125, 20.5), abs=1e-12)


@pytest.mark.parametrize(
    "changes",
    [
        {"lat_ref": None},
        {"lon_ref": None},
        {"lat_ref": b"X\0"},
        {"lat_ref": b"\xff\0"},
        {"lat_ref": b"\0"},
        {"lat_ref": b"E\0"},
        {"lat": ((43, 0), (28, 1), (2, 1))},
        {"lat": ((43, 1), (28, 1), (0, 0))},
        {"lat": ((43, 1), (28, 1))},
        {"lat": ((43, 1),)},
        {"lat": ((91, 1), (0, 1), (0, 1))},
        {"lat": ((90, 1), (0, 1), (1, 1))},
        {"lon": ((181, 1), (0, 1), (0, 1))},
        {"lat": ((43, 1), (61, 1), (0, 1))},
        {"lat": ((43, 1), (0, 1), (61, 1))},
        {"lat": ((4294967295, 1), (0, 1), (0, 1))},
        {"lat": ((0, 1),) * 3, "lon": ((0, 1),) * 3},
    ],
)
def test_positions_not_to_be_trusted(tmp_path, changes):
    assert read_exif_latlon(photo(tmp_path, gps_entries(**changes))) is None


def test_no_exif_no_gps_and_other_types(tmp_path):
    path = tmp_path / "plain.jpg"
    path.write_bytes(picture_bytes())
    assert read_exif_latlon(path) is None
    assert read_exif_latlon(photo(tmp_path, [])) is None
    text: list[Entry] = [(1, 2, 2, b"N\0"), (2, 2, 8, b"43.4674\0"), *gps_entries()[2:]]
    assert read_exif_latlon(photo(tmp_path, text)) is None


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "HEIF"])
def test_other_formats_carry_positions_too(tmp_path, format):
    ten, twenty = ((10, 1), (30, 1), (0, 1)), ((20, 1), (0, 1), (0, 1))
    exif = exif_block(gps_entries(lat=ten, lat_ref=b"S\0", lon=twenty, lon_ref=b"W\0"))
    path = tmp_path / "photo"
    if format == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    path.write_bytes(picture_bytes(format=format, exif=exif))
    assert read_exif_latlon(path) == LatLon(-10.5, -20.0)


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        read_exif_latlon(tmp_path / "absent.jpg")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    entries=st.lists(
        st.tuples(
            st.sampled_from([1, 2, 3, 4, 18]),
            st.integers(0, 14),
            st.sampled_from([0, 1, 2, 3, 7, 2**31]),
            st.binary(max_size=24),
        ),
        max_size=5,
    ),
    cut=st.integers(0, 60),
)
def test_any_gps_directory_is_a_point_or_none(tmp_path, entries, cut):
    block = exif_block(entries, orientation=6)
    path = tmp_path / "photo.jpg"
    path.write_bytes(picture_bytes(exif=block[: len(block) - cut]))
    found = read_exif_latlon(path)
    assert found is None or isinstance(found, LatLon)
    assert load_image(path).mode == "RGB"


@pytest.mark.real_data
def test_arezzo(real_data):
    folder = real_data / "photos" / "arezzo"
    rows = list(csv.DictReader(io.StringIO((folder / "expected.csv").read_text())))
    assert len(rows) == 9
    for row in rows:
        point = read_exif_latlon(folder / row["file"])
        assert point is not None, row["file"]
        expected = (float(row["lat"]), float(row["lon"]))
        assert point.as_tuple() == pytest.approx(expected, abs=1e-5), row["file"]


@pytest.mark.real_data
def test_hostile_photos_give_a_point_or_nothing(real_data):
    paths = sorted((real_data / "photos" / "hostile").iterdir())
    assert len(paths) >= 16
    pictures = 0
    for path in paths:
        try:
            found = read_exif_latlon(path)
        except ImageError:
            continue
        pictures += 1
        assert found is None or isinstance(found, LatLon), path
    assert pictures >= 12
