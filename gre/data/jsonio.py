"""Text, JSON arrays and JSON Lines from disk, each value with its line: the floor under records.

What a file is, is decided by its content and not by its suffix: "[" opens a JSON array, "{" opens
JSON Lines (one object per line, empty lines skipped).
"""

import json
import re
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gre.errors import InputError

_UTF8_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(r"[ \t\r\n]*")
_SHOWN_CHARS = 60

MAX_FILE_BYTES = 4_000_000_000
"""Largest file that is read; the published ones have at most 170,000 records. Ours."""

MAX_RECORD_CHARS = 4_000_000
"""Longest record: a chain of thought has a few thousand characters. Ours."""

MAX_DEPTH = 16
"""Deepest nesting of a record; published ones have 3. Ours."""

_PIPES = ("/dev/fd/", "/dev/stdin", "/proc/")
"""Where a shell puts what it pipes in, which is no regular file and is meant all the same."""


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record stands.

    Attributes:
        file: The file as the caller named it.
        index: Position among the records of the file, from 0.
        line: Line on which the record begins (or on which its error lies), from 1.
    """

    file: Path
    index: int
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: record {self.index}"


class RecordError(InputError):
    """One record that cannot be used: "file:line: record N, field F: got V, must be ...; do ...".

    Attributes:
        place: Where the record stands.
        field: The field at fault, or None where the record as a whole is.
        detail: What is wrong, what is allowed and what to do.
    """

    def __init__(self, place: RecordPlace, detail: str, *, field: str | None = None) -> None:
        where = f"{place}, field {field}" if field is not None else str(place)
        super().__init__(f"{where}: {detail}")
        self.place = place
        self.field = field
        self.detail = detail


class RawRecord(NamedTuple):
    """One JSON value of a file, not yet looked at."""

    value: object
    place: RecordPlace


class _RepeatedKeyError(ValueError):
    """A JSON object that names a key twice: which one is meant is anybody's guess."""


def describe(value: object) -> str:
    """Show a JSON value in an error message: one line, short, never its whole content."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, str):
        shown = json.dumps(value[:_SHOWN_CHARS], ensure_ascii=False)
        shown = shown.encode("utf-8", "backslashreplace").decode("utf-8")
        return shown if len(value) <= _SHOWN_CHARS else f'{shown[:-1]}…" ({len(value)} characters)'
    shown = json.dumps(value)
    return shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}…"


def read_text(path: Path) -> str:
    """Read a UTF-8 file, with or without byte order mark.

    Raises:
        InputError: The file is missing, a folder, closed to us, or not UTF-8 (the message names
            the byte offset from the start of the file).
    """
    try:
        _refuse_endless(path)
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: is a folder, must be a file; name the file in it") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    bom_bytes = len(_UTF8_BOM) if data.startswith(_UTF8_BOM) else 0
    try:
        return data[bom_bytes:].decode("utf-8")
    except UnicodeDecodeError as error:
        offset = error.start + bom_bytes
        raise InputError(
            f"{path}: byte 0x{data[offset]:02x} at offset {offset} is not UTF-8;"
            " save the file as UTF-8"
        ) from error


def _refuse_endless(path: Path) -> None:
    """Refuse what would never end, or would not fit: devices, pipes nobody writes to, giants."""
    status = path.stat()
    is_other = not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode)
    if is_other and not str(path).startswith(_PIPES):
        raise InputError(f"{path}: is no regular file, must be one; name the file itself")
    if status.st_size > MAX_FILE_BYTES:
        raise InputError(
            f"{path}: has {status.st_size:,} bytes, must have at most {MAX_FILE_BYTES:,};"
            " split the file"
        )


def iter_json(path: Path) -> Iterator[RawRecord | RecordError]:
    """Yield every record of a JSON array or JSON Lines file in order.

    A line of JSON Lines that cannot be read is yielded as an error and the next line follows; an
    error inside a JSON array is yielded and ends it.

    Raises:
        InputError: The file cannot be read at all, is empty, or holds something else.
    """
    text = read_text(path)
    start = _skip_space(text, 0)
    if start == len(text):
        raise InputError(f"{path}: the file is empty, must hold records; fetch or write it again")
    if text.startswith("version https://git-lfs", start):
        raise InputError(f"{path}: is a Git LFS pointer, not the data; fetch the file itself")
    if text[start] == "[":
        yield from _iter_array(text, start, path)
    elif text[start] == "{":
        yield from _iter_lines(text, path)
    else:
        raise InputError(
            f"{path}:{1 + text.count(chr(10), 0, start)}: starts with"
            f" {describe(text[start : start + 20])}, must be a JSON array of records or JSON Lines;"
            " check which file this is"
        )


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _object_without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise _RepeatedKeyError(next(key for key, count in counts.items() if count > 1))
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object_without_repeats)


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with a value, and at which character of the text."""

    detail: str
    at: int


def _decode(text: str, position: int) -> tuple[object, int] | _Fault:
    """Read one value: itself and where it ends, or the fault."""
    try:
        value, end = _DECODER.raw_decode(text, position)
        return _oversized(value, end - position, position) or (value, end)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated string") or not text[error.pos :].strip():
            return _Fault(
                "the text ends inside the record; fetch or write the file again", len(text)
            )
        near = describe(text[error.pos : error.pos + 20])
        return _Fault(f"got {near}, must be JSON ({error.msg}); correct the file", error.pos)
    except _RepeatedKeyError as error:
        detail = f"names {describe(str(error))} twice, must be once; remove one"
        return _Fault(detail, position)
    except RecursionError:
        return _too_deep(position)
    except ValueError as error:  # a number longer than Python converts
        return _Fault(f"got a number that is too long ({error}); correct the record", position)


def _oversized(value: object, length: int, position: int) -> _Fault | None:
    """A fault where a record is longer, or nested deeper, than any of ours could be."""
    if length > MAX_RECORD_CHARS:
        allowed = f"must have at most {MAX_RECORD_CHARS:,}; correct the record"
        return _Fault(f"has {length:,} characters, {allowed}", position)
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[object] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        if not inner:
            return None
        level = inner
    return _too_deep(position)


def _too_deep(position: int) -> _Fault:
    allowed = f"must be at most {MAX_DEPTH} levels; correct the record"
    return _Fault(f"got values nested too deep, {allowed}", position)


def _iter_lines(text: str, path: Path) -> Iterator[RawRecord | RecordError]:
    index = 0
    for line_number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line:
            continue
        place = RecordPlace(path, index, line_number)
        index += 1
        result = _decode(line, 0)
        if isinstance(result, _Fault):
            yield RecordError(place, result.detail)
            continue
        value, end = result
        if end == len(line):
            yield RawRecord(value, place)
        else:
            rest = describe(line[end : end + 20].strip())
            yield RecordError(place, f"got {rest} after it, must be one record a line; split it")


def _iter_array(text: str, start: int, path: Path) -> Iterator[RawRecord | RecordError]:
    index, line, counted = 0, 1, 0
    position = _skip_space(text, start + 1)
    is_open = not text.startswith("]", position)
    while is_open:
        line += text.count("\n", counted, position)
        counted = position
        result = _decode(text, position)
        if isinstance(result, _Fault):
            at = min(result.at, len(text.rstrip()))
            place = RecordPlace(path, index, line + text.count("\n", position, at))
            yield RecordError(place, result.detail)
            return
        value, end = result
        yield RawRecord(value, RecordPlace(path, index, line))
        index += 1
        position = _skip_space(text, end)
        is_open = text.startswith(",", position)
        if is_open:
            position = _skip_space(text, position + 1)
    fault = _end_fault(text, position)
    if fault is not None:
        place = RecordPlace(path, index, 1 + text.count("\n", 0, fault.at))
        yield RecordError(place, fault.detail)


def _end_fault(text: str, position: int) -> _Fault | None:
    """Check that the list is closed at `position` and that nothing follows."""
    if not text.startswith("]", position):
        if position == len(text):
            detail = "the file ends before the list is closed with ]; fetch or write it again"
            return _Fault(detail, len(text.rstrip()))
        shown = describe(text[position : position + 20])
        return _Fault(f"got {shown}, must be a comma or ]; correct the file", position)
    position = _skip_space(text, position + 1)
    if position == len(text):
        return None
    shown = describe(text[position : position + 20])
    return _Fault(f"got {shown} after the closing ], must be nothing; correct the file", position)
