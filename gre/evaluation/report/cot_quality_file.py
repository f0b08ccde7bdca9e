"""What `gre judge` left in a run folder, where it has been there: the quality of the reasoning.

The report shows it beside the accuracies, and a run without it is shown all the same: this reader
takes what it knows and passes over the rest.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COT_FILE = "cot_summary.json"


@dataclass(frozen=True)
class GroupQuality:
    """Quality of the reasoning about the photos of one group.

    Attributes:
        num_samples: In the group; None where the file does not say, as for the other counts.
        num_undefined: Of them, those in whose chain there is nothing to measure.
        num_unscored: Of them, those that could not be scored.
        quality: As in `CotQuality`, and so are `parts` and `intervals`.
        num_measured: Samples behind each part, where known.
    """

    num_samples: int | None
    num_undefined: int | None
    num_unscored: int | None
    quality: float | None
    parts: Mapping[str, float | None]
    intervals: Mapping[str, tuple[float, float]]
    num_measured: Mapping[str, int]


@dataclass(frozen=True)
class CotQuality:
    """Quality of a run's reasoning.

    Attributes:
        quality: Our reading of the paper's one number, 0 to 100; None where not computed.
        missing: Names of the parts that keep it from being computed.
        parts: Its parts and whatever else was measured, 0 to 100, by name; None where a part has
            no value.
        intervals: Their 95 % intervals, where known.
        judge: Who judged; "" where the file does not say.
        num_scored: Samples behind it; None where the file does not say.
        num_unscored: Samples that could not be scored; None where the file does not say.
        groups: The same by group and value; empty where the file has no breakdown.
    """

    quality: float | None
    missing: tuple[str, ...]
    parts: Mapping[str, float | None]
    intervals: Mapping[str, tuple[float, float]]
    judge: str
    num_scored: int | None
    num_unscored: int | None
    groups: Mapping[str, Mapping[str, GroupQuality]] = field(default_factory=dict)


def read_cot_quality(folder: Path) -> CotQuality | None:
    """Read `cot_summary.json` of a run; None where there is none or it is no JSON object."""
    try:
        facts = json.loads((folder / COT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(facts, dict):
        return None
    parts = _parts(facts.get("parts"))
    missing = facts.get("cot_quality_missing")
    return CotQuality(
        quality=_number(facts.get("cot_quality")),
        missing=tuple(map(str, missing)) if isinstance(missing, list) else (),
        parts={name: value for name, (value, _) in parts.items()},
        intervals={name: ends for name, (_, ends) in parts.items() if ends is not None},
        judge=_judge(facts.get("judge")),
        num_scored=_count(facts.get("n_scored", facts.get("n"))),
        num_unscored=_count(facts.get("n_unscored")),
        groups={
            str(name): {str(value): _group(part) for value, part in _items(values)}
            for name, values in _items(facts.get("groups"))
        },
    )


def _items(found: object) -> list[tuple[object, Any]]:  # Any: JSON of any shape
    return list(found.items()) if isinstance(found, dict) else []


def _group(facts: object) -> GroupQuality:
    known = facts if isinstance(facts, dict) else {}
    parts = _parts(known.get("parts"))
    counts = {str(k): _count(_dig(v, "n")) for k, v in _items(known.get("parts"))}
    return GroupQuality(
        num_samples=_count(known.get("n")),
        num_undefined=_count(known.get("n_undefined")),
        num_unscored=_count(known.get("n_unscored")),
        quality=_number(known.get("cot_quality")),
        parts={name: value for name, (value, _) in parts.items()},
        intervals={name: ends for name, (_, ends) in parts.items() if ends is not None},
        num_measured={name: count for name, count in counts.items() if count is not None},
    )


def _dig(found: object, name: str) -> object:
    return found.get(name) if isinstance(found, dict) else None


def _parts(found: object) -> dict[str, tuple[float | None, tuple[float, float] | None]]:
    return {str(name): _part(part) for name, part in _items(found)}


def _part(part: Any) -> tuple[float | None, tuple[float, float] | None]:  # Any: JSON of any shape
    if not isinstance(part, dict):
        return _number(part), None
    ends = part.get("ci95")
    numbers = [_number(end) for end in ends] if isinstance(ends, list) else []
    known = [number for number in numbers if number is not None]
    return _number(part.get("mean")), (known[0], known[1]) if len(known) == 2 else None


def _judge(judge: object) -> str:
    if isinstance(judge, dict):
        judge = judge.get("name") or judge.get("model")
    return str(judge or "")


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
