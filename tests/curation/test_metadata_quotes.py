"""Quotes in tables: cells of several lines are read, a stray quote costs no other row."""

import tracemalloc
from pathlib import Path

import pytest

from gre.curation.metadata import LeftOut, PhotoRow, iter_rows
from gre.geo.latlon import LatLon

HEAD = "id,caption,lat,lon\n"


def read(path: Path, text: str) -> list[PhotoRow | LeftOut]:
    path.write_text(text, newline="")
    return list(iter_rows(path, {}))


def row(name: str, lat: float, lon: float) -> PhotoRow:
    return PhotoRow(name, LatLon(lat, lon))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (HEAD + 'a,"one\ntwo, and ""three""\n\nfour",1,2\nb,x,3,4\n', [("a", 1, 2), ("b", 3, 4)]),
        (HEAD + 'a,"one\r\ntwo",1,2\r\nb,x,3,4\r\n', [("a", 1, 2), ("b", 3, 4)]),
        ('lat,lon,id,caption\n1,2,a,"one\ntwo"\n3,4,b,x\n', [("a", 1, 2), ("b", 3, 4)]),
        ('caption,id,lat,lon\n"one\ntwo",a,1,2\nx,b,3,4\n', [("a", 1, 2), ("b", 3, 4)]),
        (HEAD + 'a,"' + "line\n" * 40 + '",1,2\nb,x,3,4\n', [("a", 1, 2), ("b", 3, 4)]),
        (HEAD + 'a,5" pipe,1,2\nb,x,3,4\n', [("a", 1, 2), ("b", 3, 4)]),
        # Stray quotes: in one row, in two, in the last row, and where the caption comes last.
        (HEAD + 'a,"so called,1,2\nb,x,3,4\nc,y,5,6\n', [("a", 1, 2), ("b", 3, 4), ("c", 5, 6)]),
        (HEAD + 'a,"so,1,2\nb,x,3,4\nc,y" or,5,6\n', [("a", 1, 2), ("b", 3, 4), ("c", 5, 6)]),
        (HEAD + 'a,"so,1,2\nb,x",3,4\nc,y,5,6\n', [("a", 1, 2), ("b", 3, 4), ("c", 5, 6)]),
        (HEAD + 'a,x,1,2\nb,"so,3,4', [("a", 1, 2), ("b", 3, 4)]),
        (
            'lat,lon,id,caption\n1,2,a,"one\n3,4,b,two\n5,6,c,"three"\n',
            [("a", 1, 2), ("b", 3, 4), ("c", 5, 6)],
        ),
    ],
)
def test_every_row_is_read(tmp_path: Path, text: str, rows: list[tuple[str, float, float]]) -> None:
    assert read(tmp_path / "t.csv", text) == [row(*one) for one in rows]


def test_a_row_that_a_stray_quote_breaks_is_named_and_lost_alone(tmp_path: Path) -> None:
    rows = [f"p{n},nice,{n},{n}\n" for n in range(1, 60)]
    rows[3] = 'p4,"so called street, Rome,4,4\n'  # line 5; one comma too many once it is read plain
    found = read(tmp_path / "t.csv", HEAD + "".join(rows))
    lost = [one for one in found if isinstance(one, LeftOut)]
    assert [one for one in found if isinstance(one, PhotoRow)] == [
        row(f"p{n}", n, n) for n in range(1, 60) if n != 4
    ]
    (one,) = lost
    assert (one.source, one.reason) == ("t.csv:5", "bad_row")
    assert "opens a quote that does not close as it must up to line 6" in one.detail
    assert "1 line is lost" in one.detail


def test_a_cell_that_never_ends_is_given_up_and_lines_are_read_again(tmp_path: Path) -> None:
    text = HEAD + 'a,"an end, that never, comes\n' + "words\n" * 300 + "b,x,3,4\n"
    found = read(tmp_path / "t.csv", text)
    assert found[-1] == row("b", 3, 4)
    first = found[0]
    assert isinstance(first, LeftOut)
    assert first.detail.startswith("t.csv:2: ")
    assert "does not close" in first.detail


def test_a_bad_row_of_several_lines_is_named_by_its_range(tmp_path: Path) -> None:
    found = read(tmp_path / "t.csv", HEAD + 'a,"one\ntwo",91,2\nb,x,3,4\n')
    assert isinstance(found[0], LeftOut)
    assert "t.csv:2-3: got" in found[0].detail
    assert found[1] == row("b", 3, 4)


def test_quotes_that_never_close_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with path.open("w") as file:
        file.write(HEAD)
        file.writelines(f'p{n},"{"x" * 50},91,181\n' for n in range(20_000))
    tracemalloc.start()
    assert sum(1 for _ in iter_rows(path, {})) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
