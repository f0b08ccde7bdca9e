"""Results of `gre judge` as tables on the console."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.markup import escape
from rich.table import Table

from gre.commands.console import stdout
from gre.commands.tables import print_summaries

if TYPE_CHECKING:
    from gre.evaluation.cot.run import CotResult
    from gre.evaluation.cot.scores import CotSummary, PartSummary
    from gre.evaluation.cot.validate import Validation

PART_NAMES = {
    "recall": "key-step recall",
    "precision": "key-step precision",
    "f1": "key-step F1",
    "order": "order of key steps",
    "chain_score": "chain score",
    "indicator_recall": "indicator recall",
    "ref_clip_score": "RefCLIPScore",
    "bert_score": "BERTScore",
}
GROUP_PARTS = tuple(name for name in PART_NAMES if name != "order")
"""Columns of the breakdown; those without a value are left out."""


def print_localization(run: Path) -> None:
    """Print where the run says that photos were taken."""
    from gre.evaluation.runs.saved_run import read_run

    print_summaries({run.name: read_run(run).summary})


def print_quality(result: "CotResult", *, judge_name: str) -> None:
    """Print the parts of a run, one row each, the same without images beside them."""
    summaries = {result.run.name: result.summary}
    if "no_image" in result.bounds:
        summaries["same model, no image"] = result.bounds["no_image"]
    caption = f"percent, mean and 95 % interval · judge: {judge_name} · - is not computed"
    table = Table(caption=caption)
    table.add_column("")
    for name in summaries:
        for head in (escape(name), "n", "without a score"):
            table.add_column(head, justify="right")
    for part, title in PART_NAMES.items():
        cells = [cell for summary in summaries.values() for cell in _cells(summary, part)]
        table.add_row(title, *cells)
    cells = [cell for summary in summaries.values() for cell in _quality_cells(summary)]
    table.add_row("CoT quality (our reading)", *cells)
    stdout.print(table)


def print_groups(result: "CotResult") -> None:
    """Print the same by kind of scene, indicator and the like, where the data names them."""
    if not result.groups:
        return
    shown = [name for name in GROUP_PARTS if not _is_empty(result.summary, name)]
    table = Table(caption="percent, mean of the scored samples · intervals: cot_summary.json")
    table.add_column("", no_wrap=True)
    for head in ("n", "undefined", "unscored", *(PART_NAMES[name] for name in shown)):
        table.add_column(head, justify="right")
    for name, values in result.groups.items():
        for value, summary in values.items():
            counts = (summary.n, summary.num_undefined, summary.num_unscored)
            cells = (*map(str, counts), *(_brief(summary, part) for part in shown))
            table.add_row(escape(f"{name}: {value}"), *cells)
        table.add_section()
    stdout.print(table)


def print_validation(validation: "Validation", *, judge_name: str) -> None:
    """Print the check of a judge."""
    table = Table(caption=f"judge: {judge_name} · {validation.n} items")
    for head in ("", "percent"):
        table.add_column(head, justify="right")
    rate = validation.separation
    table.add_row("gold chains against themselves", f"{validation.agreement:.2f}")
    table.add_row("another photo's chain", f"{validation.wrong:.2f}")
    table.add_row(
        "items that set the two apart",
        f"{rate.percent:.2f} ({rate.ci95.low:.1f}-{rate.ci95.high:.1f})" if rate.n else "-",
    )
    table.add_row("unscored items", f"{validation.n_unscored}")
    stdout.print(table)


def print_usage(usage: Mapping[str, object]) -> None:
    """Say what the judge cost, on stderr; nothing where it was never called."""
    if not usage["calls"] and not usage["cached"]:
        return
    price = "price unknown" if usage["usd"] is None else f"{usage['usd']:.4f} US dollars"
    typer.echo(
        f"the judge took {usage['calls']:,} calls ({usage['cached']:,} replies were kept),"
        f" {usage['prompt_tokens']:,} prompt and {usage['completion_tokens']:,} completion tokens,"
        f" {price}",
        err=True,
    )


def _cells(summary: "CotSummary", part: str) -> tuple[str, str, str]:
    if part == "f1":
        is_missing = math.isnan(summary.f1)
        low, high = summary.f1_ci95.low, summary.f1_ci95.high
        value = "-" if is_missing else f"{summary.f1:.2f} ({low:.1f}-{high:.1f})"
        return value, "", ""
    found = summary.parts[part]
    return _mean(found), f"{found.n}", _reasons(found)


def _brief(summary: "CotSummary", name: str) -> str:
    """A mean, and over how many where these are not all."""
    if _is_empty(summary, name):
        return "-"
    if name == "f1":
        return f"{summary.f1:.1f}"
    part = summary.parts[name]
    return f"{part.mean:.1f}" + (f" (n {part.n})" if part.n < summary.n else "")


def _is_empty(summary: "CotSummary", name: str) -> bool:
    return math.isnan(summary.f1) if name == "f1" else summary.parts[name].n == 0


def _mean(part: "PartSummary") -> str:
    if part.n == 0:
        return "-"
    return f"{part.mean:.2f} ({part.ci95.low:.1f}-{part.ci95.high:.1f})"


def _reasons(part: "PartSummary") -> str:
    """Failures first, then what is merely undefined."""
    failed = [f"{reason} {count} (unscored)" for reason, count in part.unscored.items()]
    undefined = [f"{reason} {count}" for reason, count in part.undefined.items()]
    return "\n".join([*failed, *undefined])


def _quality_cells(summary: "CotSummary") -> tuple[str, str, str]:
    if math.isnan(summary.combined):
        missing = ", ".join(PART_NAMES[name] for name in summary.missing)
        return "-", "", f"needs {missing}"
    return f"{summary.combined:.2f}", "", ""
