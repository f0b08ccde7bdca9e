"""Tables: every format gives the same columns, and damage is one line that names its place."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gre.errors import InputError
from gre.evaluation.tables.columns import find_id
from gre.evaluation.tables.delimited import read_number, read_numbers, split_plain
from gre.evaluation.tables.table import open_table
from tests.timing import seconds

ROWS = [("a", 48.8566, 2.3522), ("b", -33.9, 151.2), ("c", None, None)]


def _csv(delimiter=",", quote="", end="\n"):
    lines = [delimiter.join(("id", "lat", "lon"))]
    for name, lat, lon in ROWS:
        cells = (f"{quote}{name}{quote}", "" if lat is None else lat, "" if lon is None else lon)
        lines.append(delimiter.join(map(str, cells)))
    return end.join(lines) + end


FORMATS = {
    "plain": _csv(),
    "no last line end": _csv().rstrip("\n"),
    "byte order mark": "\ufeff" + _csv(),
    "windows": _csv(end="\r\n"),
    "tabs": _csv("\t"),
    "semicolons": _csv(";"),
    "quotes": _csv(quote='"'),
    "blank line": _csv().replace("\nb", "\n\nb"),
    "lines": "".join(json.dumps({"id": n, "lat": a, "lon": o}) + "\n" for n, a, o in ROWS),
    "lines with text numbers": "".join(
        json.dumps({"id": n, "lat": str(a), "lon": str(o)}) + "\n\n" for n, a, o in ROWS
    ),
    "array": json.dumps([{"id": n, "lat": a, "lon": o} for n, a, o in ROWS], indent=1),
}


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_every_format_gives_the_same_columns(tmp_path, text):
    path = tmp_path / "points"
    path.write_bytes(text.encode())
    table = open_table(path)
    read = table.read(texts=("id",), numbers=("lat", "lon"))
    assert table.header == ("id", "lat", "lon")
    assert read.texts["id"] == ["a", "b", "c"]
    np.testing.assert_array_equal(read.numbers["lat"], [48.8566, -33.9, np.nan])
    np.testing.assert_array_equal(read.numbers["lon"], [2.3522, 151.2, np.nan])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (_csv(), ":3"),
        (_csv(quote='"').replace('"a"', '"two\nlines"'), ":4"),
        (_csv().replace("\nb", "\n\n\nb"), ":5"),
        (FORMATS["lines with text numbers"], ":3"),
        (FORMATS["array"], ": record 1"),
    ],
    ids=["plain", "quoted line end", "blank lines", "lines", "array"],
)
def test_place_of_a_row(tmp_path, text, place):
    path = tmp_path / "points"
    path.write_text(text)
    assert open_table(path).place(1) == f"{path}{place}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b"id,lat\n", "no rows"),
        (b"id,lat,lat\na,1,2\n", "in the header twice"),
        (b"id,lat\na,1\nb,1,2\n", ":3: 3 fields, must be 2"),
        (b"id,lat\na,1\nb\n", ":3: 1 fields, must be 2"),
        # one field too few and one too many: the total is right, the rows are not
        (b"id,lat\na\nb,1,2\n", ":2: 1 fields, must be 2"),
        (b'id,lat\n"a,1\n', "not a CSV row"),
        (b"id,lat\n\xff\xfe,1\n", "byte 7 is not UTF-8"),
        (b'{"id": 1}\n{"id": ', ":2: not JSON"),
        (b'{"id": 1}\n[2]\n', ":2: got"),
        (b'[{"id": 1}, 7]', "record 1: got"),
        (b'[{"id": 1}, {"id"', "cut short"),
        (b"{}\n", "records are empty"),
    ],
)
def test_damage_is_one_line_that_names_the_file(tmp_path, content, words):
    path = tmp_path / "points.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_table(path).read(texts=("id",))
    message = str(caught.value)
    assert words in message
    assert message.startswith(str(path))
    assert "\n" not in message


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_no_file(tmp_path, kind):
    path = tmp_path if kind == "folder" else tmp_path / "none.csv"
    with pytest.raises(InputError, match=r"no such file|is a folder"):
        open_table(path)


CELLS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-180, 180).map(lambda value: f"{value:.6f}"),
    st.integers(-(10**25), 10**25).map(str),
    st.text("0123456789.-+eE_ ", max_size=24),
    st.sampled_from(["", "nan", "inf", "-inf", "1e999", ".5", "5.", ".", "-", "--1", "1.2.3", "٣"]),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine
@given(st.lists(CELLS, min_size=1, max_size=30))
def test_fast_numbers_agree_with_float(cells):
    body = "".join(f"{cell},x\n" for cell in cells).encode()
    (chunk,) = split_plain(body, ",", ("value", "other"), first_line=1)
    for cell, value in zip(cells, chunk.numbers("value"), strict=True):
        try:
            wanted = float(cell.encode()) if "_" not in cell else np.nan
        except ValueError:
            wanted = np.nan
        if not np.isfinite(wanted):
            assert np.isnan(value)
        else:
            np.testing.assert_array_max_ulp(value, wanted, maxulp=1)
    assert chunk.texts("value") == [cell.strip() for cell in cells]
    assert chunk.texts("other") == ["x"] * len(cells)


def test_chunks_join_without_a_seam(tmp_path):
    path = tmp_path / "many.csv"
    rows = [f"número-{i:06d},{i / 7:.6f}" for i in range(120_000)]  # several chunks
    path.write_text("id,lat\n" + "\n".join(rows))
    read = open_table(path).read(texts=("id",), numbers=("lat",))
    assert read.texts["id"][77_777] == "número-077777"
    assert read.num_rows == 120_000
    np.testing.assert_allclose(read.numbers["lat"], np.arange(120_000) / 7, atol=5e-7)
    assert open_table(path).place(100_000) == f"{path}:100002"


@pytest.mark.parametrize("is_repeated", [False, True])
def test_a_header_of_many_columns_is_read_in_linear_time(tmp_path, is_repeated):
    """From 70 kB to 1 MB: linear takes 16 times, a square law 256; 64 lies midway by ratio."""

    def seconds_for_columns(number):
        names = [f"column{i}" for i in range(number)]
        path = tmp_path / "table.csv"
        path.write_text(",".join([*names, names[-1] if is_repeated else "id"]) + "\n")

        def read(_):
            if is_repeated:
                with pytest.raises(InputError, match=f"'column{number - 1}' stands .* twice"):
                    open_table(path)
            else:
                assert find_id(open_table(path)) == "id"

        return seconds(read, "")

    short = seconds_for_columns(5_000)
    assert short < 1
    assert seconds_for_columns(80_000) <= 64 * max(short, 0.05)


WORDS = st.sampled_from(
    ["a", "1.5", "", '"b"', '"b,c"', '"d""e"', '"f\ng"', "h i", '""', '"', 'j"k']
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine
@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=8))
def test_quotes_are_read_as_csv_reads_them(tmp_path_factory, rows):
    body = "x,y,z\n" + "".join(",".join(row) + "\n" for row in rows)
    path = tmp_path_factory.mktemp("quotes") / "t.csv"
    path.write_text(body)
    try:
        wanted = [row for row in csv.reader(io.StringIO(body, newline=""), strict=True) if row][1:]
        is_table = bool(wanted) and all(len(row) == 3 for row in wanted)
    except csv.Error:
        is_table = False
    if not is_table:
        with pytest.raises(InputError):
            open_table(path).read(texts=("x", "y", "z"))
        return
    read = open_table(path).read(texts=("x", "y", "z"))
    columns = zip(*([cell.strip() for cell in row] for row in wanted), strict=True)
    assert [read.texts[name] for name in "xyz"] == [list(column) for column in columns]


@pytest.mark.parametrize(
    "cells",
    [
        [1, 2.5, -3],
        [1, True, None, "x"],
        ["1", " 2.5 ", "-3e2"],
        ["1", "", "nan"],
        ["1_000", "2"],
        ["\u0663", "2"],
        [10**400, 1],
        [float("inf"), 1.0],
        [],
    ],
)
def test_many_cells_are_read_as_each_is(cells):
    wanted = [read_number(cell) for cell in cells]
    np.testing.assert_array_equal(read_numbers(cells), np.array(wanted, dtype=np.float64))
