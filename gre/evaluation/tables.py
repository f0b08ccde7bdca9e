"""Tables of points that people really have: CSV, TSV, JSON lines or a JSON array, read by column.

Built for a million rows: cells stay text until a column is asked for as numbers.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gre.errors import InputError

DELIMITERS = (",", "\t", ";")
CHUNK_LINES = 20_000
HEADER_RECORDS = 200
"""JSON records whose keys make up the header."""

ID_NAMES = (
    *("id", "imgid", "imageid", "sampleid", "photoid", "img", "image", "imagepath", "imgpath"),
    *("file", "filename", "path", "name", "key"),
)
LAT_NAMES = ("lat", "latitude")
LON_NAMES = ("lon", "lng", "long", "longitude")
TRUTH_WORDS = ("gt", "groundtruth", "true", "truth", "target", "actual", "label")
GUESS_WORDS = ("pred", "predicted", "prediction", "guess", "est", "estimated", "output", "model")


@dataclass(frozen=True)
class Table:
    """A file of rows with named columns.

    Attributes:
        path: Where it was read from; named in every message.
        header: Column names as written.
        cells: Text or JSON values by column name, all columns of the same length.
        lines: 1-based line of each row, or None where row k stands on line k + 2.
        unit: What a row's number counts: "line", or "record" in a JSON array.
    """

    path: Path
    header: tuple[str, ...]
    cells: Mapping[str, Sequence[Any]]  # Any: whatever JSON holds
    lines: Sequence[int] | None = None
    unit: str = "line"

    @property
    def num_rows(self) -> int:
        """Rows without the header."""
        return len(self.cells[self.header[0]])

    def place(self, row: int) -> str:
        """Where a row stands, for a message: "file.csv:17" or "file.json: record 16"."""
        number = self.lines[row] if self.lines is not None else row + 2
        return f"{self.path}:{number}" if self.unit == "line" else f"{self.path}: record {number}"

    def texts(self, name: str) -> list[str]:
        """A column as text without outer blanks; null is empty."""
        return ["" if cell is None else str(cell).strip() for cell in self.cells[name]]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as float64; what is no finite number becomes NaN."""
        cells = self.cells[name]
        try:
            values = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
        except (TypeError, ValueError, OverflowError):
            values = np.fromiter(map(_number, cells), dtype=np.float64, count=len(cells))
        values[~np.isfinite(values)] = np.nan
        return values


def _number(cell: object) -> float:
    if not isinstance(cell, str | int | float) or isinstance(cell, bool):
        return np.nan
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return np.nan


def read_table(path: Path) -> Table:
    """Read a CSV, TSV, JSON-lines or JSON-array file; the content decides, not the name.

    Raises:
        InputError: The file is missing, empty, not UTF-8, cut short, or a row does not fit.
    """
    text = _read_text(path)
    start = text.lstrip()[:1]
    if not start:
        raise InputError(f"{path}: the file is empty, must hold at least one row; name another")
    table = _read_records(path, text, start) if start in "{[" else _read_delimited(path, text)
    if table.num_rows == 0:
        raise InputError(f"{path}: a header and no rows; add rows or name another file")
    return table


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the name") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, must be a table of points") from None
    except PermissionError:
        raise InputError(f"{path}: may not be read; check its permissions") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8"
        ) from None


def _read_delimited(path: Path, text: str) -> Table:
    first, _, body = text.replace("\r\n", "\n").replace("\r", "\n").partition("\n")
    delimiter = max(DELIMITERS, key=first.count)
    header = tuple(name.strip() for name in next(csv.reader([first], delimiter=delimiter)))
    repeated = {name for name in header if header.count(name) > 1}
    if repeated:
        raise InputError(
            f"{path}:1: column {min(repeated)!r} stands in the header twice; rename one"
        )
    columns = None if '"' in text else _split_plain(body, delimiter, len(header))
    if columns is not None:
        return Table(path, header, dict(zip(header, columns, strict=True)))
    return _read_quoted(path, header, body, delimiter)


def _split_plain(body: str, delimiter: str, width: int) -> list[list[str]] | None:
    """Columns of a body without quotes; None where a row has another width or is blank.

    Each line end becomes a field of its own, so every (width + 1)th field must be one.
    """
    columns: list[list[str]] = [[] for _ in range(width)]
    lines = io.StringIO(body if body.endswith("\n") or not body else body + "\n")
    while chunk := "".join(islice(lines, CHUNK_LINES)):
        fields = chunk.replace("\n", f"{delimiter}\n{delimiter}").split(delimiter)
        fields.pop()  # what follows the last line end
        ends = fields[width :: width + 1]
        if ends.count("\n") != len(ends) or len(ends) * (width + 1) != len(fields):
            return None
        if width == 1 and "" in fields:
            return None
        for index, column in enumerate(columns):
            column.extend(fields[index :: width + 1])
    return columns


def _read_quoted(path: Path, header: tuple[str, ...], body: str, delimiter: str) -> Table:
    reader = csv.reader(io.StringIO(body), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    start = 2
    try:
        for row in reader:
            if row and len(row) != len(header):
                raise InputError(
                    f"{path}:{start}: {len(row)} fields, must be {len(header)} as in the header; "
                    "mend the line"
                )
            if row:
                rows.append(row)
                lines.append(start)
            start = reader.line_num + 2
    except csv.Error as error:
        raise InputError(f"{path}:{start}: not a CSV row ({error}); mend the line") from None
    columns = zip(*rows, strict=True) if rows else ((),) * len(header)
    return Table(path, header, dict(zip(header, columns, strict=True)), lines=lines)


def _read_records(path: Path, text: str, start: str) -> Table:
    if start == "[":
        try:
            records = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(
                f"{path}:{error.lineno}: not JSON ({error.msg}); the file may be cut short"
            ) from None
        places, unit = list(range(len(records))), "record"
    else:
        records, places = _read_lines(path, text)
        unit = "line"
    for place, record in zip(places, records, strict=True):
        if not isinstance(record, dict):
            raise InputError(f"{path}: {unit} {place}: got {record!r:.40}, must be an object")
    header = tuple(dict.fromkeys(key for record in records[:HEADER_RECORDS] for key in record))
    if not header:
        raise InputError(f"{path}: the records are empty; each needs an id and a point")
    cells = {key: [record.get(key) for record in records] for key in header}
    return Table(path, header, cells, lines=places, unit=unit)


def _read_lines(path: Path, text: str) -> tuple[list[Any], list[int]]:
    # Not splitlines(): JSON strings may hold U+2028 and its like.
    numbered = [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]
    records: list[Any] = []
    for first in range(0, len(numbered), CHUNK_LINES):
        chunk = numbered[first : first + CHUNK_LINES]
        try:  # one call for many lines is three times as fast as one call a line
            parsed = json.loads("[" + ",".join(line for _, line in chunk) + "]")
        except json.JSONDecodeError:
            parsed = []
        if len(parsed) != len(chunk):
            parsed = [_read_line(path, number, line) for number, line in chunk]
        records += parsed
    return records, [number for number, _ in numbered]


def _read_line(path: Path, number: int, line: str) -> object:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}:{number}: not JSON ({error.msg}); mend or remove the line"
        ) from None


def find_id(table: Table) -> str | None:
    """The column that names a sample, by its usual names in order of preference."""
    plain = {_plain(name): name for name in reversed(table.header)}
    return next((plain[name] for name in ID_NAMES if name in plain), None)


def find_point(table: Table, words: Sequence[str]) -> tuple[str, str] | None:
    """The two columns that hold latitude and longitude under one of some prefixes or suffixes.

    Args:
        table: Where to look.
        words: TRUTH_WORDS or GUESS_WORDS; ("",) for bare names.

    Raises:
        InputError: More than one column fits.
    """
    found = [_find_column(table, words, names) for names in (LAT_NAMES, LON_NAMES)]
    lat, lon = found
    return (lat, lon) if lat is not None and lon is not None else None


def _find_column(table: Table, words: Sequence[str], names: Sequence[str]) -> str | None:
    spellings = {spelt for word in words for name in names for spelt in (word + name, name + word)}
    fits = [name for name in table.header if _plain(name) in spellings]
    if len(fits) > 1:
        raise InputError(
            f"{table.path}: columns {' and '.join(map(repr, fits))} both look like {names[0]}; "
            "say which with --columns"
        )
    return fits[0] if fits else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
