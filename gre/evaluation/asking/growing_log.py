"""JSON Lines that a run may still be writing: the damaged lines are counted, not fatal."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gre.errors import InputError


@dataclass
class LogFaults:
    """What was wrong with a log.

    Attributes:
        num_damaged: Whole lines that are no JSON object, or lack what places them.
        has_half_line: Whether the last line was cut short: its writer is at work or was stopped.
    """

    num_damaged: int = 0
    has_half_line: bool = False


def iter_log(path: Path, faults: LogFaults) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield each readable object of a log with the byte at which its line starts.

    Args:
        path: The file; it may grow meanwhile.
        faults: Counts what is left out.

    Raises:
        FileNotFoundError: There is no such file.
        InputError: The file cannot be read.
    """
    offset = 0
    try:
        with path.open("rb") as file:
            for line in file:
                start, offset = offset, offset + len(line)
                row = parse_line(line)
                if row is not None:
                    yield start, row
                elif line.endswith(b"\n"):
                    faults.num_damaged += bool(line.strip())
                else:
                    faults.has_half_line = bool(line.strip())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(str(path)) from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error


def parse_line(line: bytes) -> dict[str, object] | None:
    """The JSON object on a line, or None where there is none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def number(value: object) -> float | None:
    """A finite number, or None for whatever else a log holds (true, "1", NaN)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer beyond all floats
        return None


def whole(value: object) -> int | None:
    """A whole number that a browser can hold exactly too, or None."""
    found = number(value)
    is_whole = found is not None and found.is_integer() and abs(found) <= 2**53
    return int(found) if is_whole and found is not None else None
