"""Metadata tables in the layouts that circulate, and the mess in them."""

import bz2
import gzip
from pathlib import Path

import pytest

from gre.curation.metadata import LeftOut, PhotoRow, iter_rows, parse_columns
from gre.errors import InputError
from gre.geo.latlon import LatLon

PARIS = LatLon(48.8566, 2.3522)


@pytest.mark.parametrize(
    ("name", "text", "columns", "row"),
    [
        (
            "MP16_Pro_filtered.csv",
            "IMG_ID,AUTHOR,LAT,LON,city,country\ne3/e4/71.jpg,7@N00,48.8566,2.3522,Paris,France\n",
            None,
            PhotoRow("e3/e4/71.jpg", PARIS),
        ),
        (
            "train.csv",  # OSV-5M
            'id,latitude,longitude,city\n3859149887465501,48.8566,2.3522,"Paris, France"\n',
            None,
            PhotoRow("3859149887465501", PARIS),
        ),
        (
            "yfcc.tsv",
            "photoid\tuid\tlongitude\tlatitude\n51\t1@N\t2.3522\t48.8566\n",
            None,
            PhotoRow("51", PARIS),
        ),
        (
            "dataset.txt",  # YFCC100M: no header, quotes mean nothing
            '0\t51\tab\t1@N\t"half a quote\t2.3522\t48.8566\n',
            "image=1,lat=6,lon=5",
            PhotoRow("51", PARIS),
        ),
        (
            "own.csv",
            "where,Y,X\na.jpg,48.8566,2.3522\n",
            "image=where,lat=Y,lon=X",
            PhotoRow("a.jpg", PARIS),
        ),
        (
            "home.csv",  # a name is kept in the records: folders of a machine are not
            "file,lat,lon\n/home/me/trip/a.jpg,48.8566,2.3522\n",
            None,
            PhotoRow("a.jpg", PARIS),
        ),
    ],
)
def test_layouts(tmp_path: Path, name: str, text: str, columns: str | None, row: PhotoRow) -> None:
    (tmp_path / name).write_text(text)
    assert list(iter_rows(tmp_path / name, parse_columns(columns))) == [row]


@pytest.mark.parametrize("suffix", [".gz", ".bz2"])
def test_packed_tables(tmp_path: Path, suffix: str) -> None:
    pack = {".gz": gzip.compress, ".bz2": bz2.compress}[suffix]
    path = tmp_path / f"rows.csv{suffix}"
    path.write_bytes(pack(b"\xef\xbb\xbfid,lat,lon\na,48.8566,2.3522\n"))
    assert list(iter_rows(path, {})) == [PhotoRow("a", PARIS)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a,91,0", "bad_position"),
        ("a,0,181", "bad_position"),
        ("a,nan,5", "bad_position"),
        ("a,4_8,5", "bad_position"),
        ("a,north,5", "bad_position"),
        ("a,0,0", "bad_position"),  # no camera stands there: it means unknown
        ("a,0.0,-0.0", "bad_position"),
        ("a,,", "no_position"),
        ("a,1", "bad_row"),
        (",1,2", "bad_row"),
        ("x" * 140_000 + ",1,2", "bad_row"),
        ('"' + "x" * 140_000 + '",1,2', "bad_row"),
    ],
)
def test_bad_rows_are_named_and_the_next_follows(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"id,lat,lon\n{line}\nb,1,2\n")
    bad, good = iter_rows(path, {})
    assert isinstance(bad, LeftOut)
    assert bad.reason == reason
    assert "rows.csv:2" in bad.detail
    assert good == PhotoRow("b", LatLon(1, 2))


@pytest.mark.parametrize(
    ("text", "columns", "says"),
    [
        ("a,b,c\n1,2,3\n", None, "has no image column"),
        ("id,lat,lon\n", "image=id,lat=lat,lon=east", "has no lon column"),
        ("1,2\n", "image=0,lat=1,lon=2", "has 2 columns"),
        ("", None, "is empty"),
        ("x" * 200_000 + "\n", None, r":1: field larger than field limit"),
    ],
)
def test_wrong_columns_end_in_one_line(
    tmp_path: Path, text: str, columns: str | None, says: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        list(iter_rows(path, parse_columns(columns)))


@pytest.mark.parametrize(
    "text", ["image=a,lat=b", "a,b,c", "image=a,lat=b,lon=", "x=1,lat=2,lon=3"]
)
def test_columns_are_all_three_named(text: str) -> None:
    with pytest.raises(InputError, match="must be image=NAME"):
        parse_columns(text)
