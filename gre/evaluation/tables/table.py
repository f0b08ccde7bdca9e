"""Tables of points that people really have: CSV, TSV, JSON lines or a JSON array, read by column.

A file is read in chunks, and only the columns that are asked for, so a million rows take seconds.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gre.errors import InputError
from gre.evaluation.tables.delimited import RaggedError, read_numbers, split_plain

DELIMITERS = (",", "\t", ";")
CHUNK_ROWS = 20_000
HEADER_RECORDS = 200
"""JSON records whose keys make up the header."""


class Chunk(Protocol):
    """Some rows of a table."""

    @property
    def num_rows(self) -> int:
        """Rows in this chunk."""

    def line(self, row: int) -> int:
        """Where a row stands in the file."""

    def texts(self, name: str) -> list[str]:
        """A column as text without outer blanks."""

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as float64, NaN where a cell is no finite number."""


@dataclass(frozen=True)
class RecordChunk:
    """Some rows as mappings from column name to cell."""

    records: Sequence[Mapping[str, Any]]  # Any: whatever JSON holds
    lines: Sequence[int]

    @property
    def num_rows(self) -> int:
        """Rows in this chunk."""
        return len(self.records)

    def line(self, row: int) -> int:
        """1-based line of a row, or its 0-based record number in a JSON array."""
        return self.lines[row]

    def texts(self, name: str) -> list[str]:
        """A column as text without outer blanks; null is empty."""
        cells = [record.get(name) for record in self.records]
        return ["" if cell is None else str(cell).strip() for cell in cells]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as float64; what is no finite number becomes NaN."""
        return read_numbers([record.get(name) for record in self.records])


@dataclass(frozen=True)
class RowChunk:
    """Some rows as `csv` reads them."""

    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]

    @property
    def num_rows(self) -> int:
        """Rows in this chunk."""
        return len(self.rows)

    def line(self, row: int) -> int:
        """1-based line on which a row begins."""
        return self.lines[row]

    def texts(self, name: str) -> list[str]:
        """A column as text without outer blanks."""
        field = self.header.index(name)
        return [row[field].strip() for row in self.rows]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as float64; what is no finite number becomes NaN."""
        field = self.header.index(name)
        return read_numbers([row[field] for row in self.rows])


@dataclass(frozen=True)
class Columns:
    """What was asked of a table, row by row."""

    num_rows: int
    texts: Mapping[str, list[str]]
    numbers: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Table:
    """A file of rows with named columns.

    Attributes:
        path: Where it is; named in every message.
        header: Column names as written.
        chunks: Starts reading the rows from the top.
        unit: What a row's number counts: "line", or "record" in a JSON array.
    """

    path: Path
    header: tuple[str, ...]
    chunks: Callable[[], Iterator[Chunk]]
    unit: str = "line"

    def read(self, *, texts: Sequence[str] = (), numbers: Sequence[str] = ()) -> Columns:
        """Read some columns, as text or as numbers (NaN where a cell is no finite number).

        Raises:
            InputError: The file has no rows, or one that does not fit.
        """
        words: dict[str, list[str]] = {name: [] for name in texts}
        values: dict[str, list[NDArray[np.float64]]] = {name: [] for name in numbers}
        num_rows = 0
        for chunk in self.chunks():
            num_rows += chunk.num_rows
            for name, column in words.items():
                column += chunk.texts(name)
            for name, parts in values.items():
                parts.append(chunk.numbers(name))
        if num_rows == 0:
            raise InputError(f"{self.path}: a header and no rows; add rows or name another file")
        joined = {name: np.concatenate(parts) for name, parts in values.items()}
        return Columns(num_rows, words, joined)

    def place(self, row: int) -> str:
        """Where a row stands, for a message: "file.csv:17" or "file.json: record 16"."""
        chunk, index = self._find(row)
        number = chunk.line(index)
        return f"{self.path}:{number}" if self.unit == "line" else f"{self.path}: record {number}"

    def cell(self, row: int, name: str) -> str:
        """One cell as written, for a message."""
        chunk, index = self._find(row)
        return chunk.texts(name)[index]

    def _find(self, row: int) -> tuple[Chunk, int]:
        for chunk in self.chunks():
            if row < chunk.num_rows:
                return chunk, row
            row -= chunk.num_rows
        raise IndexError(row)


def open_table(path: Path) -> Table:
    """Open a CSV, TSV, JSON-lines or JSON-array file; the content decides, not the name.

    Raises:
        InputError: The file is missing, empty, not UTF-8, or no table.
    """
    raw = _read_bytes(path)
    start = raw[:1000].lstrip()[:1]
    if not start:
        raise InputError(f"{path}: the file is empty, must hold at least one row; name another")
    if start == b"[":
        return _open_array(path, raw)
    return _open_lines(path, raw) if start == b"{" else _open_delimited(path, raw)


def _read_bytes(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        raw.decode("utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the name") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, must be a table of points") from None
    except PermissionError:
        raise InputError(f"{path}: may not be read; check its permissions") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; save it as UTF-8") from None
    return raw.removeprefix(b"\xef\xbb\xbf")


def _open_delimited(path: Path, raw: bytes) -> Table:
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    first, _, body = raw.partition(b"\n")
    title = first.decode("utf-8")
    delimiter = max(DELIMITERS, key=title.count)
    try:
        names = next(csv.reader([title], delimiter=delimiter), [])
    except csv.Error as error:
        raise InputError(f"{path}:1: not a CSV header ({error}); mend the line") from None
    header = tuple(name.strip() for name in names)
    if not header:
        raise InputError(f"{path}:1: the first line is empty, must name the columns; remove it")
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise InputError(
            f"{path}:1: column {min(repeated)!r} stands in the header twice; rename one"
        )
    try:
        regular = list(split_plain(body, delimiter, header, first_line=2))
    except RaggedError:
        return Table(path, header, lambda: _quoted_chunks(path, header, body, delimiter))
    return Table(path, header, lambda: iter(regular))


def _quoted_chunks(
    path: Path, header: tuple[str, ...], body: bytes, delimiter: str
) -> Iterator[Chunk]:
    # newline="": line ends inside quotes belong to the field
    stream = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="")
    rows = _quoted_rows(path, csv.reader(stream, delimiter=delimiter, strict=True), len(header))
    while chunk := list(islice(rows, CHUNK_ROWS)):
        yield RowChunk(header, [row for _, row in chunk], [line for line, _ in chunk])


def _quoted_rows(path: Path, reader: Any, width: int) -> Iterator[tuple[int, list[str]]]:
    start = 2
    try:
        for row in reader:
            if row and len(row) != width:
                raise InputError(
                    f"{path}:{start}: {len(row)} fields, must be {width} as in the header; "
                    "mend the line"
                )
            if row:
                yield start, row
            start = reader.line_num + 2
    except csv.Error as error:
        raise InputError(f"{path}:{start}: not a CSV row ({error}); mend the line") from None


def _open_array(path: Path, raw: bytes) -> Table:
    try:
        records = json.loads(raw)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}:{error.lineno}: not JSON ({error.msg}); the file may be cut short"
        ) from None
    except (ValueError, RecursionError) as error:  # a number too long, values nested too deep
        raise InputError(f"{path}: not JSON of ours ({error}); correct the file") from None
    for index, record in enumerate(records):
        _check_record(f"{path}: record {index}", record)
    chunk = RecordChunk(records, range(len(records)))
    return Table(path, _keys(path, records), lambda: iter([chunk]), unit="record")


def _open_lines(path: Path, raw: bytes) -> Table:
    first = next(_line_chunks(path, raw))
    return Table(path, _keys(path, first.records), lambda: _line_chunks(path, raw))


def _line_chunks(path: Path, raw: bytes) -> Iterator[RecordChunk]:
    # Lines end at \n only: JSON strings may hold U+2028 and its like.
    numbered = ((i, line) for i, line in enumerate(io.BytesIO(raw), 1) if line.strip())
    while chunk := list(islice(numbered, CHUNK_ROWS)):
        lines = [number for number, _ in chunk]
        try:  # one call for many lines is three times as fast as one call a line
            records = json.loads(b"[" + b",".join(line for _, line in chunk) + b"]")
        except (ValueError, RecursionError):
            records = []
        if len(records) != len(chunk):
            records = [_read_line(path, number, line) for number, line in chunk]
        if set(map(type, records)) != {dict}:
            for number, record in zip(lines, records, strict=True):
                _check_record(f"{path}:{number}", record)
        yield RecordChunk(records, lines)


def _read_line(path: Path, number: int, line: bytes) -> object:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}:{number}: not JSON ({error.msg}); mend or remove the line"
        ) from None
    except (ValueError, RecursionError) as error:  # a number too long, values nested too deep
        raise InputError(f"{path}:{number}: not JSON of ours ({error}); mend the line") from None


def _check_record(place: str, record: object) -> None:
    if not isinstance(record, dict):
        raise InputError(f"{place}: got {str(record)[:40]!r}, must be an object {{...}}")


def _keys(path: Path, records: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    header = tuple(dict.fromkeys(key for record in records[:HEADER_RECORDS] for key in record))
    if not header:
        raise InputError(f"{path}: the records are empty; each needs an id and a point")
    return header
