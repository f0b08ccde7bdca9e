"""JSON arrays and JSON Lines: what is read, and how each damage is reported."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gre.data.jsonio import RawRecord, RecordError, describe, iter_json, read_text
from gre.errors import InputError
from tests.timing import seconds


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "data.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def values(path: Path) -> list[object]:
    items = list(iter_json(path))
    assert all(isinstance(item, RawRecord) for item in items)
    return [item.value for item in items if isinstance(item, RawRecord)]


def lines(path: Path) -> list[int]:
    return [item.place.line for item in iter_json(path)]


@pytest.mark.parametrize(
    ("text", "expected_lines"),
    [
        ('[{"a": 1}, {"a": 2}]', [1, 1]),
        ('[\n  {"a": 1},\n  {\n   "a": 2}\n]\n', [2, 3]),
        ('\n\n[{"a": 1}\n,\n\n{"a": 2}]', [3, 6]),
        ('{"a": 1}\n{"a": 2}\n', [1, 2]),
        ('{"a": 1}\r\n\r\n  {"a": 2}', [1, 3]),
        ('\n{"a": 1}\n{"a": 2}', [2, 3]),
    ],
)
def test_array_and_lines_by_content(tmp_path, text, expected_lines):
    path = write(tmp_path, text)
    assert values(path) == [{"a": 1}, {"a": 2}]
    assert lines(path) == expected_lines
    assert [item.place.index for item in iter_json(path)] == [0, 1]


def test_byte_order_mark_is_accepted(tmp_path):
    assert values(write(tmp_path, b"\xef\xbb\xbf" + '[{"a": "é"}]'.encode())) == [{"a": "é"}]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.dictionaries(
            st.text(max_size=5),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                lambda inner: st.lists(inner, max_size=3),
                max_leaves=5,
            ),
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    ),
    indent=st.sampled_from([None, 0, 2]),
)
def test_round_trip_of_both_shapes(tmp_path_factory, rows, indent):
    folder = tmp_path_factory.mktemp("json")
    assert values(write(folder, json.dumps(rows, indent=indent))) == rows
    assert values(write(folder, "\n".join(map(json.dumps, rows)))) == rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "is empty"),
        (b" \n\t ", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"null", "must be a JSON array of records or JSON Lines"),
        (b'\n\n"abc"', "data.json:3: starts with"),
        (b"image,lat\n", "must be a JSON array of records or JSON Lines"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        ('{"a": "é"}'.encode("latin-1"), "byte 0xe9 at offset 7 is not UTF-8"),
        ("[]".encode("utf-16"), "byte 0xff at offset 0 is not UTF-8"),
        (b"\xef\xbb\xbf[\x80", "byte 0x80 at offset 4 is not UTF-8"),
    ],
)
def test_whole_file_faults(tmp_path, text, expected):
    path = write(tmp_path, text)
    with pytest.raises(InputError) as error:
        list(iter_json(path))
    assert expected in str(error.value)
    assert "data.json" in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match=r"absent\.json: no such file"):
        read_text(tmp_path / "absent.json")
    with pytest.raises(InputError, match="is a folder, must be a file"):
        read_text(tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "index", "expected"),
    [
        ('[{"a": 1},\n {"a": 2', 2, 1, "the text ends inside the record"),
        ('[{"a": 1},\n {"a": "x', 2, 1, "the text ends inside the record"),
        ('[{"a": 1},\n {"a": 2}', 2, 2, "before the list is closed"),
        ('[{"a": 1},\n {"a": 2},', 2, 2, "the text ends inside the record"),
        ("[", 1, 0, "the text ends inside the record"),
        ('[{"a": 1}\n {"a": 2}]', 2, 1, "must be a comma or ]"),
        ('[{"a": 1}]\n[]', 2, 1, "after the closing ]"),
        ('[{"a": 1},\n\n{"a": tru}]', 3, 1, "must be JSON"),
        ('[{"a": 1,\n "a": 2}]', 1, 0, 'names "a" twice'),
        ("[" * 100_000, 1, 0, "nested too deep"),
        ('[{"a": ' + "9" * 5000 + "}]", 1, 0, "a number that is too long"),
    ],
)
def test_faults_inside_an_array(tmp_path, text, line, index, expected):
    *_, last = iter_json(write(tmp_path, text))
    assert isinstance(last, RecordError)
    assert (last.place.line, last.place.index) == (line, index)
    assert expected in str(last)
    assert f"data.json:{line}: record {index}" in str(last)
    assert "\n" not in str(last)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ('{"a": 2', "the text ends inside the record"),
        ('{"a": "2', "the text ends inside the record"),
        ('{"a": 2} {"a": 3}', "must be one record a line"),
        ('{"a": 2},', "must be one record a line"),
        ("{'a': 2}", "must be JSON"),
        ('{"a": ' * 100_000, "nested too deep"),
    ],
)
def test_a_bad_line_does_not_hide_the_next(tmp_path, bad, expected):
    first, second, third = iter_json(write(tmp_path, f'{{"a": 1}}\n{bad}\n{{"a": 3}}\n'))
    assert isinstance(second, RecordError)
    assert expected in str(second)
    assert second.place.line == 2
    assert isinstance(first, RawRecord)
    assert isinstance(third, RawRecord)
    assert third.value == {"a": 3}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (None, "null"),
        (91.0, "91.0"),
        (float("nan"), "NaN"),
        ("a\nb", r'"a\nb"'),
        ("x" * 100, '"' + "x" * 60 + '…" (100 characters)'),
        ("\ud800", '"\\ud800"'),
        ([1, 2], "a list of 2"),
        ({"a": 1}, "an object"),
    ],
)
def test_describe_is_short_and_one_line(value, expected):
    assert describe(value) == expected


def seconds_for_keys(path, num_keys):
    """Processor time of reading one object of so many keys, the last named twice."""
    keys = [*range(num_keys), num_keys - 1]
    path.write_text("{" + ",".join(f'"{key}":0' for key in keys) + "}")

    def read(_):
        (fault,) = iter_json(path)
        assert f'names "{num_keys - 1}" twice' in str(fault)

    return seconds(read, "")


def test_an_object_of_many_keys_is_refused_in_linear_time(tmp_path):
    """From 62 kB to 1 MB: linear takes 16 times, a square law 256; 64 lies midway by ratio."""
    short = seconds_for_keys(tmp_path / "short.jsonl", 6_250)
    assert short < 1
    assert seconds_for_keys(tmp_path / "long.jsonl", 100_000) <= 64 * max(short, 0.05)
