"""Results as tables on the console."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from gre.commands.console import stdout

if TYPE_CHECKING:
    from gre.evaluation.comparing.paired import KmDifference, RateDifference
    from gre.evaluation.comparing.paired_runs import PairedComparison
    from gre.evaluation.runs.calibration import Calibration
    from gre.evaluation.runs.judge_summary import JudgeSummary, Rate
    from gre.metrics import Summary


def print_summaries(summaries: Mapping[str, "Summary"]) -> None:
    """Print results as a table, one row each, with the Wilson interval under each accuracy."""
    first = next(iter(summaries.values()))
    table = Table(caption=first.protocol.describe())
    table.add_column("run")
    for key in first.accuracy:
        table.add_column(f"{key} km", justify="right")
    for name in ("median km", "mean km", "score", "readable", "n"):
        table.add_column(name, justify="right")
    for name, summary in summaries.items():
        rates = [
            f"{rate:.2f}\n[dim]{summary.ci95[key].low:.1f}-{summary.ci95[key].high:.1f}[/dim]"
            for key, rate in summary.accuracy.items()
        ]
        table.add_row(
            escape(name),
            *rates,
            *(_whole(value) for value in (summary.median_km, summary.mean_km, summary.geoscore)),
            f"{summary.n_readable / summary.n:.1%}" if summary.n else "-",
            f"{summary.n}" + (f"\n+{summary.n_errors} errors" if summary.n_errors else ""),
        )
    stdout.print(table)


def print_calibration(calibration: "Calibration") -> None:
    """Print how often the truth lay within the radius of sampled answers."""
    from gre.evaluation.runs.calibration import calibration_lines

    gap = "-" if calibration.mean_gap is None else f"{calibration.mean_gap:.1%}"
    caption = f"mean gap {gap} · {calibration.num_unreadable} photos without a readable answer"
    table = Table(caption=caption)
    table.add_column("radius around the medoid")
    for head in ("photos", "truth within", "95 % interval"):
        table.add_column(head, justify="right")
    for line in calibration_lines(calibration):
        table.add_row(*line)
    stdout.print(table)


def print_judge_summaries(summaries: Mapping[str, "JudgeSummary"]) -> None:
    """Print results of the judge benchmark, one row each, Wilson intervals under the accuracies."""
    table = Table(caption="percent · an answer without a verdict is a miss")
    table.add_column("run")
    heads = ("judge accuracy", "on True items", "on False items", "says True", "readable", "n")
    for head in heads:
        table.add_column(head, justify="right")
    for name, summary in summaries.items():
        unread = "\n".join(f"{reason} {n}" for reason, n in summary.unreadable.items())
        table.add_row(
            escape(name),
            *map(_rate, (summary.accuracy, summary.accuracy_true, summary.accuracy_false)),
            _rate(summary.said_true),
            (f"{summary.n_readable / summary.n:.1%}" if summary.n else "-")
            + (f"\n[dim]{unread}[/dim]" if unread else ""),
            f"{summary.n}" + (f"\n+{summary.n_errors} errors" if summary.n_errors else ""),
        )
    stdout.print(table)


def print_comparison(comparison: "PairedComparison") -> None:
    """Print what changed between two runs, one row per number."""
    from gre.evaluation.comparing.paired_runs import RATE_LABELS

    table = Table(caption="\n".join(comparison.notes()), caption_justify="left")
    table.add_column("")
    names = comparison.name_a, comparison.name_b
    only = (f"only\n{name}" for name in names)
    for head in (*names, "difference", "95 % interval", *only, "McNemar p"):
        table.add_column(escape(head), justify="right")
    for name, rate in comparison.rates.items():
        label = f"within {name} km" if comparison.task == "locate" else RATE_LABELS[name]
        table.add_row(
            label,
            *(f"{value:.2f} %" for value in (rate.percent_a, rate.percent_b)),
            *_marked(rate, digits=2),
            *(f"{count:,}" for count in (rate.only_a, rate.only_b)),
            f"{rate.p_value:.2g}",
        )
    for name, km in comparison.distances.items():
        cells = (f"{km.km_a:,.1f}", f"{km.km_b:,.1f}", *_marked(km, digits=1))
        table.add_row(name.replace("_", " "), *cells, "", "", "")
    stdout.print(table)


def print_ablation(
    rows: Iterable[tuple[str, Sequence[str]]], heads: Sequence[str], *, caption: str
) -> None:
    """Print the rows of an ablation, one per model."""
    table = Table(caption=caption)
    table.add_column("model")
    for head in heads:
        table.add_column(head, justify="right")
    for name, cells in rows:
        table.add_row(name, *(escape(cell.replace(" (", "\n(")) for cell in cells))
    stdout.print(table)


def _marked(found: "RateDifference | KmDifference", *, digits: int) -> tuple[str, str]:
    """Difference and interval, bold where the interval excludes zero."""
    ends = (found.ci95.low, found.ci95.high)
    interval = " to ".join(f"{end:+,.{digits}f}" for end in ends)
    difference = f"{found.difference:+,.{digits}f}"
    if found.excludes_zero:
        return f"[bold]{difference}[/bold]", f"[bold]{interval}[/bold]"
    return difference, interval


def _rate(rate: "Rate") -> str:
    if rate.n == 0:
        return "-"
    return f"{rate.percent:.2f}\n[dim]{rate.ci95.low:.1f}-{rate.ci95.high:.1f}[/dim]"


def _whole(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.0f}"
