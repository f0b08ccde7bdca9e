"""Every table of the report, for CSV and LaTeX."""

from collections.abc import Sequence

from gre.evaluation.pages.exports import Sheet, Value, cell
from gre.evaluation.report.comparison import MAIN_RADIUS_KM, Comparison, bounds_of
from gre.evaluation.report.continents import continent_sheet
from gre.evaluation.report.judge_rows import judge_rows
from gre.evaluation.report.leaderboard import groups
from gre.evaluation.report.quality_tables import judged_runs, quality_sheets
from gre.evaluation.report.readings import reading_rows
from gre.evaluation.report.standings import Standing, leaderboard_sheet
from gre.evaluation.runs.saved_judge_run import SavedJudgeRun
from gre.metrics import Interval, Summary

JUDGE_RATES = ("run", "accuracy", "interval", "on True", "interval", "on False", "interval")


def report_sheets(
    comparison: Comparison, judges: Sequence[SavedJudgeRun], board: Sequence[Standing]
) -> list[Sheet]:
    """The tables that have a row, in the order of the page."""
    sheets = [
        results_sheet(comparison),
        leaderboard_sheet(board),
        *quality_sheets(judged_runs(comparison.runs)),
        _reading_sheet(comparison),
        continent_sheet(comparison),
        _group_sheet(comparison),
        _judge_sheet(judges),
    ]
    return [sheet for sheet in sheets if sheet.rows]


def results_sheet(comparison: Comparison) -> Sheet:
    """Runs and their bounds, every number with its interval."""
    bounds = bounds_of(comparison)
    summaries: list[tuple[str, Summary]] = []
    for index, compared in enumerate(comparison.runs):
        summaries.append((compared.name, compared.run.summary))
        summaries += [(bound.name, bound.summary) for at, bound in bounds if at == index]
    keys = list(comparison.runs[0].run.summary.accuracy)
    rates = [name for key in keys for name in (f"{key} km", f"{key} km low", f"{key} km high")]
    header = ("run", *rates, "median km", "median low", "median high", "mean km", "mean low")
    return Sheet(
        "results",
        "Percent of samples within each distance, with 95 % intervals",
        (*header, "mean high", "score", "N", "readable", "not asked", "protocol"),
        tuple(_result_row(name, summary, keys) for name, summary in summaries),
    )


def _result_row(name: str, summary: Summary, keys: Sequence[str]) -> tuple[Value, ...]:
    rates: list[Value] = []
    for key in keys:
        if key in summary.accuracy:
            rates += [_round(summary.accuracy[key]), *_ends(summary.ci95[key])]
        else:
            rates += [None, None, None]
    return (
        *(name, *rates),
        *(_round(summary.median_km), *_ends(summary.median_km_ci95)),
        *(_round(summary.mean_km), *_ends(summary.mean_km_ci95)),
        *(_round(summary.geoscore), summary.n, summary.n_readable, summary.n_errors),
        summary.protocol.describe(),
    )


def _reading_sheet(comparison: Comparison) -> Sheet:
    main = f"{MAIN_RADIUS_KM} km"
    header = ("run", "readable %", "readable % strict", main, f"{main} strict", "right country %")
    return Sheet(
        "readings",
        "Strict and lenient reading, right country and continent, unreadable answers by reason",
        (*header, "right continent %", "unreadable by reason"),
        tuple(
            (
                row.name,
                *map(cell, (row.readable, row.readable_strict, row.rate, row.rate_strict)),
                *map(cell, (row.country, row.continent, row.reasons)),
            )
            for row in reading_rows(comparison.runs)
        ),
    )


def _group_sheet(comparison: Comparison) -> Sheet:
    return Sheet(
        "groups",
        f"Percent within {MAIN_RADIUS_KM} km by group",
        ("group", "value", "N", *(compared.name for compared in comparison.runs)),
        tuple(
            (group.title, value.name, cell(value.n), *map(cell, value.rates))
            for group in groups(comparison)
            for value in group.rows
        ),
    )


def _judge_sheet(judges: Sequence[SavedJudgeRun]) -> Sheet:
    return Sheet(
        "judges",
        "Judging reasoning: percent of right verdicts, with 95 % intervals",
        (*JUDGE_RATES, "says True", "N", "readable", "not asked"),
        tuple(
            (
                row.name,
                *(cell(text) for rate in row.rates for text in (rate.value, rate.interval)),
                *map(cell, (row.says_true, row.n, row.readable, row.errors)),
            )
            for row in judge_rows(judges)
        ),
    )


def _round(value: float) -> Value:
    return None if value != value else round(value, 4)  # noqa: PLR0124 (NaN has no cell)


def _ends(interval: Interval) -> tuple[Value, Value]:
    return _round(interval.low), _round(interval.high)
