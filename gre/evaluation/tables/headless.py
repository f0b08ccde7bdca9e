"""Lists of photos without a header line, in the two shapes that circulate.

The metadata of YFCC100M, of which YFCC4k is a part: tab-separated, the photographer's id of the
form 78841376@N00, longitude and latitude nine and ten fields behind it. And bare `coords.csv`:
latitude and longitude, line 0 for photo 0.png.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from gre.evaluation.tables.delimited import read_number
from gre.evaluation.tables.table import DELIMITERS, RecordChunk, Table, open_table

PHOTOGRAPHER = re.compile(r"\d+@N\d\d")
YFCC_LON_BEHIND, YFCC_LAT_BEHIND = 9, 10
"""Fields from photographer to longitude and latitude. Source: YFCC100M's readme, field list."""
MIN_YFCC_FIELDS = 12

Record = dict[str, str]
Reader = Callable[[int, list[str]], Record]


def open_labels(path: Path) -> Table:
    """Open a table of photos and points, with a header or in one of the shapes without.

    Raises:
        InputError: The file is missing, empty, not UTF-8, or no table.
    """
    first = _first_line(path)
    if first.count("\t") >= MIN_YFCC_FIELDS - 1:
        fields = first.split("\t")
        where = [i for i, field in enumerate(fields) if PHOTOGRAPHER.fullmatch(field)]
        if where and len(fields) > where[0] + YFCC_LAT_BEHIND:
            return _table(path, "\t", _yfcc_reader(fields, where[0]))
    delimiter = max(DELIMITERS, key=first.count)
    cells = [cell.strip() for cell in first.split(delimiter)]
    if len(cells) in (2, 3) and all(_is_number(cell) for cell in cells[-2:]):
        return _table(path, delimiter, _coords_reader)
    return open_table(path)


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return file.readline().rstrip("\n")
    except OSError:
        return ""  # opening it as a table says what is wrong


def _is_number(cell: str) -> bool:
    number = read_number(cell)
    return number == number  # noqa: PLR0124 - NaN is what is no number


def _yfcc_reader(first: list[str], at: int) -> Reader:
    before = [i for i in range(at) if first[i].isdecimal()]
    id_at = before[-1] if before else 0  # a line number and a hash may stand beside the photo's id

    def read(_: int, fields: list[str]) -> Record:
        cells = fields + [""] * (at + YFCC_LAT_BEHIND + 1 - len(fields))
        lon, lat = cells[at + YFCC_LON_BEHIND], cells[at + YFCC_LAT_BEHIND]
        return {"photoid": cells[id_at], "userid": cells[at], "latitude": lat, "longitude": lon}

    return read


def _coords_reader(row: int, fields: list[str]) -> Record:
    cells = [field.strip() for field in fields] + [""] * (2 - len(fields))
    name = cells[0] if len(cells) > 2 else str(row)
    return {"id": name, "latitude": cells[-2], "longitude": cells[-1]}


def _table(path: Path, delimiter: str, read: Reader) -> Table:
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
        numbered = [(n, line.rstrip("\r\n")) for n, line in enumerate(file, 1) if line.strip()]
    rows = [read(row, line.split(delimiter)) for row, (_, line) in enumerate(numbered)]

    def chunks() -> Iterator[RecordChunk]:
        yield RecordChunk(rows, [number for number, _ in numbered])

    return Table(path, tuple(rows[0]), chunks)
