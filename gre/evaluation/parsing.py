"""`gre parse`: model texts in, coordinates or reasons out, both as JSON lines."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from gre.answers import ParseFailure, read_latlon
from gre.errors import InputError

_MEMORY_BYTES = 16_000_000
_SHAPE = 'each line must be {"id": ..., "text": "..."}'


@dataclass(frozen=True)
class ParseCounts:
    """What `parse_jsonl` has read.

    Attributes:
        num_texts: Lines with a text.
        num_ok: Texts with a readable point.
        reasons: Number of unreadable texts by reason.
    """

    num_texts: int
    num_ok: int
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def num_failed(self) -> int:
        """Texts without a readable point."""
        return self.num_texts - self.num_ok


@dataclass(frozen=True)
class _Line:
    """One input line."""

    id: object
    text: str


def parse_jsonl(
    source: TextIO, sink: TextIO, *, strict: bool = False, name: str = "input"
) -> ParseCounts:
    """Read the point of every text; write {"id", "lat", "lon", "status", "reason"} in input order.

    A line without "id" gets its 0-based place among the lines as text. "text": null is a model
    that gave nothing. Blank lines are skipped. Nothing is written unless every line is good.

    Args:
        source: JSON lines {"id", "text"}; other fields are ignored.
        sink: Where the results go.
        strict: Read <answer> tags only.
        name: What messages call the input.

    Raises:
        InputError: A line is not JSON or not of this shape, an id occurs twice, or there is none.
    """
    num_ok, reasons = 0, Counter[str]()
    with tempfile.SpooledTemporaryFile(_MEMORY_BYTES, mode="w+", encoding="utf-8") as results:
        for line in _lines(source, name):
            point = read_latlon(line.text, strict=strict)
            if isinstance(point, ParseFailure):
                reasons[point.reason.value] += 1
                result = _result(line.id, None, None, "failed", point.reason.value)
            else:
                num_ok += 1
                result = _result(line.id, point.lat, point.lon, "ok", None)
            results.write(json.dumps(result) + "\n")
        num_texts = num_ok + reasons.total()
        if num_texts == 0:
            raise InputError(f"{name}: no text in it; {_SHAPE}")
        results.seek(0)
        shutil.copyfileobj(results, sink)
    return ParseCounts(num_texts, num_ok, dict(reasons))


def _result(
    line_id: object, lat: float | None, lon: float | None, status: str, reason: str | None
) -> dict[str, object]:
    return {"id": line_id, "lat": lat, "lon": lon, "status": status, "reason": reason}


def _lines(source: TextIO, name: str) -> Iterator[_Line]:
    """The texts of an input, checked one by one."""
    seen: dict[str, int] = {}
    index = 0
    try:
        for number, written in enumerate(source, start=1):
            stripped = written.removeprefix("\ufeff").strip()
            if not stripped:
                continue
            line = _line(stripped, index, f"{name}:{number}")
            key = json.dumps(line.id)
            if key in seen:
                raise InputError(
                    f"{name}:{number}: id {key[:60]} is already on line {seen[key]};"
                    " ids must differ: rename one"
                )
            seen[key] = number
            index += 1
            yield line
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}: not UTF-8 text (byte {error.start}: {error.reason}); save it as UTF-8"
        ) from error


def _line(written: str, index: int, place: str) -> _Line:
    try:
        record = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: not JSON ({error}); {_SHAPE}") from error
    if not isinstance(record, dict):
        raise InputError(f"{place}: a JSON {type(record).__name__}, not an object; {_SHAPE}")
    if "text" not in record:
        raise InputError(f'{place}: no "text" in it; {_SHAPE}')
    text = record["text"]
    if not (text is None or isinstance(text, str)):
        raise InputError(f'{place}: "text" must be a string or null, got {text!r:.60}; {_SHAPE}')
    line_id = record.get("id", str(index))
    if isinstance(line_id, bool) or not isinstance(line_id, str | int):
        raise InputError(
            f'{place}: "id" must be a string or whole number, got {line_id!r:.60}; correct it, or'
            " leave it out to be numbered"
        )
    return _Line(line_id, text or "")
