"""How a run's answers were read: strictly and leniently, into the right country, or not at all.

What `summary.json` holds of it is shown; a run without it has dashes there.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gre.evaluation.report.comparison import MAIN_RADIUS_KM, ComparedRun
from gre.evaluation.report.leaderboard import NONE
from gre.evaluation.runs.calibration import calibration_lines, read_calibration
from gre.metrics import radius_key

_MAIN = radius_key(MAIN_RADIUS_KM)


@dataclass(frozen=True)
class ReadingRow:
    """One run.

    Attributes:
        name: Of the run.
        css: Its colour class.
        readable: Percent of answers with a point, lenient reading.
        readable_strict: The same where only answer tags are read.
        rate: Percent within MAIN_RADIUS_KM, lenient reading.
        rate_strict: The same, strict.
        country: Percent of guesses in the right country.
        continent: Percent of guesses on the right continent.
        reasons: Why answers were unreadable, with counts.
    """

    name: str
    css: str
    readable: str
    readable_strict: str
    rate: str
    rate_strict: str
    country: str
    continent: str
    reasons: str


@dataclass(frozen=True)
class CalibrationTable:
    """Whether the radius of one run may be believed.

    Attributes:
        name: Of the run.
        css: Its colour class.
        gap: Mean distance between share and rate, in words.
        lines: Radius, photos, truths within it, 95 % interval.
    """

    name: str
    css: str
    gap: str
    lines: tuple[tuple[str, ...], ...]


def calibration_tables(runs: Sequence[ComparedRun]) -> list[CalibrationTable]:
    """A table for each run that was asked several times per photo."""
    found = [(compared, read_calibration(compared.run.facts)) for compared in runs]
    return [
        CalibrationTable(
            name=compared.name,
            css=compared.css,
            gap="undefined" if one.mean_gap is None else f"{100 * one.mean_gap:.1f} points",
            lines=tuple(calibration_lines(one)),
        )
        for compared, one in found
        if one is not None
    ]


def reading_rows(runs: Sequence[ComparedRun]) -> list[ReadingRow]:
    """One row per run."""
    return [_reading_row(compared) for compared in runs]


def count_reasons(compared: ComparedRun) -> dict[str, int]:
    """Unreadable answers by reason, the most frequent first."""
    reasons = Counter(
        prediction.reason or "unknown"
        for prediction in compared.run.predictions
        if prediction.status == "failed"
    )
    return dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))


def _reading_row(compared: ComparedRun) -> ReadingRow:
    facts, summary = compared.run.facts, compared.run.summary
    strict, places = facts.get("strict"), facts.get("places")
    reasons = count_reasons(compared)
    return ReadingRow(
        name=compared.name,
        css=compared.css,
        readable=_share(summary.n_readable, summary.n),
        readable_strict=_share(_dig(strict, "n_readable"), _dig(strict, "n")),
        rate=_number(summary.accuracy[_MAIN]),
        rate_strict=_number(_dig(strict, "accuracy", _MAIN)),
        country=_number(_dig(places, "country", "accuracy")),
        continent=_number(_dig(places, "continent", "accuracy")),
        reasons=", ".join(f"{name} {count:,}" for name, count in reasons.items()) or "none",
    )


def _dig(value: Any, *keys: str) -> Any:  # Any: JSON of any shape, from any version
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _share(part: object, whole: object) -> str:
    if not isinstance(part, int) or not isinstance(whole, int) or whole == 0:
        return NONE
    return f"{100.0 * part / whole:.1f}"


def _number(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.1f}" if is_number and value == value else NONE  # noqa: PLR0124 (NaN)
