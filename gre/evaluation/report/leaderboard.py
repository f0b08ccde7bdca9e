"""Results in words and table cells: headline, figures, one row per run or bound, groups."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from markupsafe import Markup

from gre.evaluation.report.charts import rate_bar
from gre.evaluation.report.comparison import (
    BOUND_NAMES,
    MAIN_RADIUS_KM,
    ComparedRun,
    Comparison,
    bounds_of,
)
from gre.evaluation.runs.saved_run import by_group, summarize
from gre.metrics import RADII_KM, Interval, Summary, radius_key

LONG_GROUP = 12
"""Groups with more values than this are folded."""
GROUP_TITLES = {
    "seen": "Place seen in training",
    "ambiguous": "Scene without a telling cue",
    "scene": "Kind of scene",
    "indicator type": "Explicit or implicit indicator",
    "indicator": "Geographic indicator",
    "country": "Country",
}
APART = ("continent", "author")
"""Groups that are no breakdown here: one has its own section, the other only makes clusters."""
_MAIN = radius_key(MAIN_RADIUS_KM)
NONE = "–"


class Cell(NamedTuple):
    """A number with its interval, as text; and the interval over clusters where there is one.

    `is_best` says that no other run has a better one.
    """

    value: str
    interval: str = ""
    clustered: str = ""
    is_best: bool = False


class Figure(NamedTuple):
    """One of the large numbers at the top."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Row:
    """One line of the table of results."""

    name: str
    kind: str
    css: str
    rates: tuple[Cell, ...]
    median: Cell
    mean: Cell
    score: Cell
    n: str
    readable: str
    errors: str


@dataclass(frozen=True)
class GroupValue:
    """One value of a group, with every run's rate."""

    name: str
    n: str
    bar: Markup
    rates: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """A breakdown by one field."""

    title: str
    rows: tuple[GroupValue, ...]
    is_long: bool


def headline(compared: ComparedRun) -> str:
    """The main result in a sentence."""
    summary = compared.run.summary
    share = _percent(summary.accuracy[_MAIN]).replace(" ", "\N{NO-BREAK SPACE}")
    photos = f"{summary.denominator:,} photos"
    return f"{compared.name} finds {share} of {photos} within {MAIN_RADIUS_KM:,} km"


def lead(comparison: Comparison, *, opening: str | None) -> str:
    """What stands under the headline: interval, and everything else that was measured."""
    best = comparison.runs[comparison.best]
    parts = [] if opening is None else [f"{opening}."]
    parts.append(f"95 % interval {_range(best.run.summary.ci95[_MAIN])} %.")
    others = [
        f"{compared.name} {_percent(compared.run.summary.accuracy[_MAIN])}"
        for index, compared in enumerate(comparison.runs)
        if index != comparison.best
    ]
    bounds = [
        f"{BOUND_NAMES.get(key, key)} {_percent(bound.accuracy[_MAIN])}"
        for key, bound in best.run.bounds.items()
    ]
    if others:
        parts.append(f"Beside it: {'; '.join(others)}.")
    if bounds:
        parts.append(f"Its bounds: {'; '.join(bounds)}.")
    return " ".join(parts)


def figures(summary: Summary) -> list[Figure]:
    """The four large numbers."""
    return [
        Figure(
            f"within {MAIN_RADIUS_KM} km",
            _percent(summary.accuracy[_MAIN]),
            f"{_range(summary.ci95[_MAIN])} %",
        ),
        Figure("median error", _km(summary.median_km), _km_range(summary.median_km_ci95)),
        Figure("mean score", _whole(summary.geoscore), "of 5,000 points"),
        Figure(
            "readable answers",
            _percent(_share(summary)),
            f"{summary.n_readable:,} of {summary.n:,}",
        ),
    ]


def rows(comparison: Comparison) -> list[Row]:
    """Runs, each followed by the bounds that it brought."""
    bounds = bounds_of(comparison)
    runs = [
        _row(
            *(compared.name, "run", compared.css, compared.run.summary),
            clustered=compared.run.facts.get("ci95_clustered"),
        )
        for compared in comparison.runs
    ]
    table = []
    for index, row in enumerate(_with_best(runs) if len(runs) > 1 else runs):
        table.append(row)
        table += [_row(b.name, "bound", "bound", b.summary) for at, b in bounds if at == index]
    return table


def _with_best(runs: Sequence[Row]) -> list[Row]:
    """The same rows, the best number of each column marked, as printed; none where all are one."""
    columns = zip(*((*row.rates, row.score, row.median, row.mean) for row in runs), strict=True)
    marked = []
    for number, column in enumerate(columns):
        values = [float(c.value.replace(",", "")) for c in column if c.value != NONE]
        is_distance = number > len(runs[0].rates)  # median and mean: the least is best
        best = (min if is_distance else max)(values) if len(set(values)) > 1 else None
        marked.append([c._replace(is_best=_is(c, best)) for c in column])
    return [
        replace(row, rates=tuple(rates), score=score, median=median, mean=mean)
        for row, (*rates, score, median, mean) in zip(runs, zip(*marked, strict=True), strict=True)
    ]


def _is(number: Cell, best: float | None) -> bool:
    return number.value != NONE and float(number.value.replace(",", "")) == best


def groups(comparison: Comparison) -> list[Group]:
    """Breakdowns at MAIN_RADIUS_KM by every group the samples have."""
    parts = [by_group(compared.run.predictions) for compared in comparison.runs]
    names = sorted(
        {name for part in parts for name in part if name not in APART},
        key=lambda name: ([*GROUP_TITLES, name].index(name), name),
    )
    found = []
    for name in names:
        values = sorted({value for part in parts for value in part.get(name, {})})
        lines = []
        for value in values:
            summaries = [
                summarize(part.get(name, {}).get(value, []), compared.run.protocol)
                for part, compared in zip(parts, comparison.runs, strict=True)
            ]
            lines.append(_group_value(value, comparison.runs, summaries))
        title = GROUP_TITLES.get(name, name.capitalize())
        found.append(Group(title, tuple(lines), len(lines) > LONG_GROUP))
    return found


def _group_value(
    name: str, runs: Sequence[ComparedRun], summaries: Sequence[Summary]
) -> GroupValue:
    counts = {
        compared.css: (summary.hits[_MAIN], summary.denominator)
        for compared, summary in zip(runs, summaries, strict=True)
    }
    rates = tuple(_number(summary.accuracy[_MAIN]) for summary in summaries)
    sizes = sorted({summary.denominator for summary in summaries})
    told = ", ".join(f"{c.name} {rate} %" for c, rate in zip(runs, rates, strict=True))
    bar = rate_bar(counts, title=f"{name}: {told}")
    return GroupValue(name, " / ".join(f"{size:,}" for size in sizes), bar, rates)


def _row(name: str, kind: str, css: str, summary: Summary, *, clustered: object = None) -> Row:
    rates = tuple(
        Cell(_number(summary.accuracy[key]), _range(summary.ci95[key]), _pair(clustered, key))
        for key in map(radius_key, RADII_KM)
        if key in summary.accuracy
    )
    return Row(
        name=name,
        kind=kind,
        css=css,
        rates=rates,
        median=Cell(_km(summary.median_km, unit=False), _km_range(summary.median_km_ci95)),
        mean=Cell(_km(summary.mean_km, unit=False), _km_range(summary.mean_km_ci95)),
        score=Cell(_whole(summary.geoscore)),
        n=f"{summary.n:,}",
        readable=_percent(_share(summary)),
        errors=f"{summary.n_errors:,}",
    )


def _pair(intervals: object, key: str) -> str:
    """An interval of `ci95_clustered` as text; "" where the run has none."""
    ends = intervals.get(key) if isinstance(intervals, dict) else None
    if not isinstance(ends, list | tuple) or len(ends) != 2 or None in ends:
        return ""
    return f"{float(ends[0]):.1f}–{float(ends[1]):.1f}"


def _share(summary: Summary) -> float:
    return 100.0 * summary.n_readable / summary.n if summary.n else math.nan


def _number(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.1f}"


def _percent(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.1f} %"


def _whole(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:,.0f}"


def _km(value: float, *, unit: bool = True) -> str:
    if math.isnan(value):
        return NONE
    text = f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
    return f"{text} km" if unit else text


def _range(interval: Interval) -> str:
    return f"{_number(interval.low)}–{_number(interval.high)}"


def _km_range(interval: Interval) -> str:
    if math.isnan(interval.low):
        return ""
    return f"{_km(interval.low, unit=False)}–{_km(interval.high, unit=False)}"
