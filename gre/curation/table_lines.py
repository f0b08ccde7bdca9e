"""Rows of CSV and tab-separated text, in constant memory, of which a stray quote takes none along.

A quoted cell may span lines. One that runs into other rows, ends wrongly or does not end holds a
stray quote: its first line is then read as if quotes meant nothing, and the next line follows.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

MAX_LINES = 100
"""Lines of a row, at most. Ours."""
MAX_CHARS = csv.field_size_limit()
"""Characters of a row of several lines, and of a cell, at most: the limit of Python's reader."""


class Row(NamedTuple):
    """A row and the lines that it stands in, as "7" or "7-9"."""

    lines: str
    cells: Sequence[str]


class BadRow(NamedTuple):
    """A line that is no row, and why in a few words."""

    line: int
    why: str


class Shape(NamedTuple):
    """What rows look like.

    Attributes:
        num_columns: As the header has them.
        is_tabbed: Cells are parted by tabs, as Flickr and databases write them: quotes mean
            nothing.
        is_row: Whether cells can be those of a row, by what the columns must hold.
    """

    num_columns: int
    is_tabbed: bool
    is_row: Callable[[Sequence[str]], bool]


def iter_table(lines: Iterable[str], *, number: int, shape: Shape) -> Iterator[Row | BadRow]:
    """Read rows; empty lines are passed over.

    Args:
        lines: With their ends.
        number: Of the first of them in its file, from 1.
        shape: What rows look like.
    """
    source = _Lines(lines, number - 1)
    for line in source:
        bare = line.rstrip("\r\n")
        if not bare:
            continue
        if len(bare) <= MAX_CHARS and (shape.is_tabbed or '"' not in bare):
            yield Row(str(source.number), bare.split("\t" if shape.is_tabbed else ","))
        elif shape.is_tabbed:
            yield _single(split_line(line, is_tabbed=True), source.number)
        else:
            source.give_back([line])
            yield _quoted(source, shape)


def split_line(line: str, *, is_tabbed: bool) -> Iterator[list[str]]:
    """The cells of one line, once; drawing them raises `csv.Error` where they are too long."""
    if is_tabbed:
        return csv.reader([line], delimiter="\t", quoting=csv.QUOTE_NONE)
    return csv.reader([line])


def _single(reader: Iterator[list[str]], number: int) -> Row | BadRow:
    try:
        return Row(str(number), next(reader))
    except csv.Error as error:
        return BadRow(number, str(error))


def _quoted(source: "_Lines", shape: Shape) -> Row | BadRow:
    """Read a row with quotes; where one is stray, only the first line of what it opened."""
    drawn = _Drawn(source, shape)
    row = _single(csv.reader(drawn), source.number + 1)
    lines = drawn.lines
    first, last = source.number - len(lines) + 1, source.number
    if len(lines) == 1 and not drawn.is_open:
        return row
    cells = _whole(lines, shape)
    if cells is not None:
        return Row(f"{first}-{last}", cells)
    source.give_back(lines[1:])
    cells = _plain(lines[0])
    if shape.is_row(cells):
        return Row(str(first), cells)
    why = f"opens a quote that does not close as it must up to line {last}"
    return BadRow(first, f"{why}; 1 line is lost; delete the quote or close it")


def _whole(lines: Sequence[str], shape: Shape) -> list[str] | None:
    """The cells of lines that are one row; None where a stray quote holds them together."""
    try:
        cells = next(csv.reader(lines, strict=True))
    except csv.Error:
        return None
    are_rows = shape.is_row(_plain(lines[0])) and shape.is_row(_plain(lines[-1]))
    return cells if len(cells) == shape.num_columns and not are_rows else None


def _plain(line: str) -> list[str]:
    """Cells of one line in which commas part cells wherever they stand."""
    cells = line.rstrip("\r\n").split(",")
    return [cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell for cell in cells]


class _Lines:
    """Lines of a file and the number of the last one given; some may be given back."""

    def __init__(self, lines: Iterable[str], number: int) -> None:
        self._lines = iter(lines)
        self._back: deque[str] = deque()
        self.number = number

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._lines)
        self.number += 1
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)


class _Drawn:
    """Lines drawn for one row, no more than it may have.

    `is_open` tells that the reader asked for one more: a quote is open behind the last line given.
    """

    def __init__(self, source: _Lines, shape: Shape) -> None:
        self._source, self._shape = source, shape
        self._num_chars = 0
        self.lines: list[str] = []
        self.is_open = False

    def __iter__(self) -> "_Drawn":
        return self

    def __next__(self) -> str:
        self.is_open = bool(self.lines)
        if self.is_open and self._must_end():
            raise StopIteration
        line = next(self._source)
        self.lines.append(line)
        self._num_chars += len(line)
        return line

    def _must_end(self) -> bool:
        if len(self.lines) >= MAX_LINES or self._num_chars > MAX_CHARS:
            return True
        return len(self.lines) > 1 and self._is_row(self.lines[-1])

    def _is_row(self, line: str) -> bool:
        """Whether a line within a quoted cell is a row of its own."""
        alone = _single(csv.reader([line]), 0)
        return self._shape.is_row(_plain(line)) or (
            isinstance(alone, Row) and self._shape.is_row(alone.cells)
        )
