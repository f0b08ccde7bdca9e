"""Errors by continent: how far off the guesses are, and how many land within the main radius."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from gre.evaluation.pages.exports import Sheet, Value
from gre.evaluation.report.charts import Quartiles, spread_bar
from gre.evaluation.report.comparison import MAIN_RADIUS_KM, ComparedRun, Comparison
from gre.evaluation.runs.saved_run import Prediction, summarize
from gre.metrics import Summary, radius_key

GROUP = "continent"
_MAIN = radius_key(MAIN_RADIUS_KM)


@dataclass(frozen=True)
class ContinentCell:
    """One run on one continent.

    Attributes:
        css: Colour class of the run.
        median: Median error in km as text.
        rate: Percent within MAIN_RADIUS_KM as text.
    """

    css: str
    median: str
    rate: str


@dataclass(frozen=True)
class ContinentRow:
    """One continent with its samples, its chart and a cell per run."""

    name: str
    n: str
    chart: Markup
    cells: tuple[ContinentCell, ...]


def continent_rows(comparison: Comparison) -> list[ContinentRow]:
    """Rows in order of the alphabet; empty where no sample has a continent."""
    return [
        ContinentRow(
            name=name,
            n=" / ".join(f"{size:,}" for size in sorted({len(part) for part in members})),
            chart=_chart(name, comparison.runs, members),
            cells=tuple(
                _cell(run, part) for run, part in zip(comparison.runs, members, strict=True)
            ),
        )
        for name, members in _members(comparison)
    ]


def continent_sheet(comparison: Comparison) -> Sheet:
    """The same as a table for a paper."""
    rows: list[tuple[Value, ...]] = []
    for name, members in _members(comparison):
        for compared, part in zip(comparison.runs, members, strict=True):
            summary = summarize(part, compared.run.protocol)
            errors = _errors(part)
            quartiles = np.quantile(errors, [0.25, 0.5, 0.75]) if errors.size else [None] * 3
            kms = [None if km is None else round(float(km), 3) for km in quartiles]
            rows.append((name, compared.name, summary.n, *kms, _known(summary)))
    header = ("continent", "run", "N", "quarter km", "median km", "three quarters km")
    return Sheet(
        "continents",
        "Errors by continent of the true place",
        (*header, f"{MAIN_RADIUS_KM} km"),
        tuple(rows),
    )


def _members(comparison: Comparison) -> list[tuple[str, list[list[Prediction]]]]:
    runs = [compared.run.predictions for compared in comparison.runs]
    names = sorted({p.groups[GROUP] for run in runs for p in run if GROUP in p.groups})
    return [
        (name, [[p for p in run if p.groups.get(GROUP) == name] for run in runs]) for name in names
    ]


def _chart(
    name: str, runs: Sequence[ComparedRun], members: Sequence[Sequence[Prediction]]
) -> Markup:
    entries = {
        compared.css: Quartiles.of(_errors(part))
        for compared, part in zip(runs, members, strict=True)
    }
    told = "; ".join(
        f"{compared.name}: half of the errors within {entries[compared.css].describe()}"
        for compared in runs
    )
    return spread_bar(entries, title=f"{name}. {told}")


def _cell(compared: ComparedRun, part: Sequence[Prediction]) -> ContinentCell:
    summary = summarize(part, compared.run.protocol)
    errors = _errors(part)
    rate = _known(summary)
    return ContinentCell(
        css=compared.css,
        median=f"{float(np.median(errors)):,.0f}" if errors.size else "–",
        rate="–" if rate is None else f"{rate:.1f}",
    )


def _known(summary: Summary) -> float | None:
    rate = summary.accuracy[_MAIN]
    return None if np.isnan(rate) else round(rate, 2)


def _errors(predictions: Sequence[Prediction]) -> NDArray[np.float64]:
    return np.array([p.error_km for p in predictions if p.error_km is not None], dtype=np.float64)
