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
MAX_CHARS = 131_072
"""Characters of a row of several lines, and of a cell, at most. Source: the limit of Python's csv
module, which other libraries raise for all."""


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
            try:
                yield Row(str(source.number), split_line(line, is_tabbed=True))
            except csv.Error as error:
                yield BadRow(source.number, str(error))
        else:
            source.give_back([line])
            yield _quoted(source, shape)


def split_line(line: str, *, is_tabbed: bool) -> list[str]:
    """The cells of one line.

    Raises:
        csv.Error: They cannot be told apart, or one is too long.
    """
    if is_tabbed:
        return _first(csv.reader([line], delimiter="\t", quoting=csv.QUOTE_NONE))
    return _first(csv.reader([line]))


def _first(reader: Iterator[list[str]]) -> list[str]:
    cells = next(reader)
    if max(map(len, cells), default=0) > MAX_CHARS:
        raise csv.Error(f"field larger than field limit ({MAX_CHARS})")
    return cells


def _quoted(source: "_Lines", shape: Shape) -> Row | BadRow:
    """Read a row with quotes; where one is stray, only the first line of what it opened."""
    first = source.number + 1
    drawn = _Drawn(source, shape)
    row: Row | BadRow
    try:
        row = Row(str(first), _first(csv.reader(drawn)))
    except csv.Error as error:
        row = BadRow(first, str(error))
    lines, last = drawn.lines, source.number
    if len(lines) == 1 and not drawn.is_open:
        return row
    whole = _whole(lines, shape)
    if whole is not None:
        return Row(f"{first}-{last}", whole)
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
        try:
            alone = split_line(line, is_tabbed=False)
        except csv.Error:
            return False
        return self._shape.is_row(alone) or self._shape.is_row(_plain(line))
