"""`gre report`: finished runs side by side in one page that opens offline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gre.errors import InputError
from gre.evaluation.pages.exports import downloads, write_tables
from gre.evaluation.pages.page import write_page
from gre.evaluation.pages.worldmap import BAND_LABELS, MapLayer, MapMark, map_svg
from gre.evaluation.report import leaderboard
from gre.evaluation.report.charts import (
    Bound,
    accuracy_chart,
    error_histogram,
    histogram,
    unreadable_percent,
)
from gre.evaluation.report.comparison import (
    MAIN_RADIUS_KM,
    ComparedRun,
    Comparison,
    bounds_of,
    compare,
)
from gre.evaluation.report.continents import continent_rows
from gre.evaluation.report.gallery import MAX_PHOTOS, NUM_WORST, Gallery, make_gallery
from gre.evaluation.report.judge_rows import judge_rows, judge_warnings
from gre.evaluation.report.published import TITLES
from gre.evaluation.report.quality_tables import group_quality_tables, judged_runs, quality_table
from gre.evaluation.report.radar_models import radar_context
from gre.evaluation.report.readings import calibration_tables, reading_rows
from gre.evaluation.report.sheets import report_sheets
from gre.evaluation.report.standings import Standing, benchmarks_of, standings
from gre.evaluation.runs.saved_judge_run import SavedJudgeRun, read_judge_run
from gre.evaluation.runs.saved_run import is_judge, read_facts
from gre.metrics import RADII_KM

MAX_MARKS = 1000
"""Samples drawn on the map per run; of more, every so manieth."""
SCRIPTS = ("mapview.js", "map.js", "parts.js", "tables.js", "sample.js", "report.js")
FACTS = {
    "model": "model",
    "benchmark": "benchmark",
    "data_sha256": "data sha256",
    "predictor": "predictor",
    "instruction": "instruction",
    "max_new_tokens": "most new tokens",
    "temperature": "temperature",
    "dtype": "precision",
    "attention": "attention",
}
"""Fields of summary.json shown under "What was run"."""


@dataclass(frozen=True)
class Report:
    """What a report is made from."""

    comparison: Comparison
    judges: tuple[SavedJudgeRun, ...]
    board: tuple[Standing, ...]


def write_report(
    runs: Sequence[Path],
    out: Path,
    *,
    title: str | None = None,
    tables: Path | None = None,
    max_photos: int = MAX_PHOTOS,
) -> list[Path]:
    """Write the report of some run folders.

    Args:
        runs: Folders that `gre evaluate` wrote, in the order of the tables; judge runs get a table
            of their own.
        out: The HTML file: one, with everything inside, for any browser without a network.
        title: Headline; the best run's result where it is None.
        tables: Folder for every table as CSV and LaTeX; none where it is None.
        max_photos: Photos that the page carries, at least 0.

    Returns:
        The files of the tables.

    Raises:
        InputError: No run that locates photos, too many, or one that cannot be read; or a file
            cannot be written.
    """
    report = read_report(runs)
    comparison = report.comparison
    gallery = make_gallery(comparison, max_photos=max_photos)
    sheets = report_sheets(comparison, report.judges, report.board)
    write_page(
        out,
        "report.html",
        {
            **_context(comparison, gallery, title),
            **_board_context(report),
            **_judge_context(comparison, report.judges),
            "downloads": {sheet.name: downloads(sheet) for sheet in sheets},
        },
        styles=("page.css", "report.css"),
        scripts=SCRIPTS,
        data=gallery.data,
    )
    return [] if tables is None else write_tables(sheets, tables)


def read_report(runs: Sequence[Path]) -> Report:
    """Read run folders of both kinds.

    Raises:
        InputError: No run that locates photos, too many, or one that cannot be read.
    """
    is_judged = {folder: is_judge(read_facts(folder / "summary.json")) for folder in runs}
    judges = [read_judge_run(folder) for folder, judged in is_judged.items() if judged]
    if judges and all(is_judged.values()):
        raise InputError(
            f"runs: {judges[0].folder} and all others judge reasoning, must be at least one that "
            "locates photos; add one, or set judge runs side by side with gre compare"
        )
    comparison = compare([folder for folder in runs if not is_judged[folder]])
    return Report(comparison, tuple(judges), tuple(standings(comparison)))


def _context(comparison: Comparison, gallery: Gallery, title: str | None) -> dict[str, object]:
    best = comparison.runs[comparison.best]
    headline = leaderboard.headline(best)
    runs = comparison.runs
    bounds = [Bound(bound.name, bound.summary) for _, bound in bounds_of(comparison)]
    tallest = max(max(*histogram(c.curve)[0], unreadable_percent(c.curve)) for c in runs)
    return {
        "title": title or headline,
        "lead": leaderboard.lead(comparison, opening=headline if title else None),
        "figures": leaderboard.figures(best.run.summary),
        "figures_of": best.name,
        "radius_keys": [f"{radius:,}" for radius in RADII_KM],
        "rows": leaderboard.rows(comparison),
        "has_clusters": any("ci95_clustered" in c.run.facts for c in runs),
        "protocols": list(dict.fromkeys(c.run.protocol.describe() for c in runs)),
        "runs": [_run(compared, y_max=max(10.0, 1.08 * tallest)) for compared in runs],
        "has_bounds": bool(bounds),
        "accuracy_chart": accuracy_chart(
            [c.curve for c in runs], bounds, title="Share of samples within a distance, by run"
        ),
        "map": map_svg(
            [_layer(compared) for compared in runs],
            title="World map of true places and guesses",
        ),
        "map_notice": _map_notice(runs),
        "band_labels": BAND_LABELS,
        "continents": continent_rows(comparison),
        "groups": leaderboard.groups(comparison),
        "group_radius": MAIN_RADIUS_KM,
        "num_worst": NUM_WORST,
        "gallery_notice": _gallery_notice(comparison, gallery),
    }


def _board_context(report: Report) -> dict[str, object]:
    comparison = report.comparison
    best = comparison.runs[comparison.best].run
    benchmark = str(best.facts.get("benchmark", "unknown"))
    titles = benchmarks_of(report.board)
    judged = judged_runs(comparison.runs)
    quality_parts, quality_rows = quality_table(judged)
    return {
        "board": report.board,
        "board_titles": titles,
        "board_first": benchmark if benchmark in titles else next(iter(titles)),
        "board_has_tables": benchmark in TITLES,
        "radar": radar_context(report.board, benchmark),
        "reading_rows": reading_rows(comparison.runs),
        "calibrations": calibration_tables(comparison.runs),
        "quality_parts": quality_parts,
        "quality_rows": quality_rows,
        "quality_groups": group_quality_tables(judged),
    }


def _judge_context(comparison: Comparison, judges: Sequence[SavedJudgeRun]) -> dict[str, object]:
    located = [str(compared.run.folder) for compared in comparison.runs]
    return {
        "judge_rows": judge_rows(judges),
        "warnings": (*comparison.warnings, *judge_warnings(judges)),
        "folders": [*located, *(str(run.folder) for run in judges)],
    }


def _run(compared: ComparedRun, *, y_max: float) -> dict[str, object]:
    facts = compared.run.facts
    return {
        "name": compared.name,
        "css": compared.css,
        "histogram": error_histogram(
            compared.curve, y_max=y_max, title=f"Distribution of errors of {compared.name}"
        ),
        "facts": _facts(facts),
    }


def _facts(facts: Mapping[str, object]) -> list[dict[str, str]]:
    return [
        {"name": name, "value": str(facts[key])}
        for key, name in FACTS.items()
        if facts.get(key) is not None
    ]


def _layer(compared: ComparedRun) -> MapLayer:
    predictions = compared.run.predictions
    count = min(len(predictions), MAX_MARKS)
    places = np.unique(np.linspace(0, len(predictions) - 1, count).astype(int))
    marks = []
    # Small errors are drawn last, on top of the long lines.
    for place in sorted(places, key=lambda place: -(predictions[place].error_km or 0.0)):
        prediction = predictions[place]
        if prediction.status == "error":
            continue
        km = prediction.error_km
        distance = "unreadable" if km is None else f"{km:,.0f} km"
        marks.append(
            MapMark(
                truth=prediction.truth,
                guess=prediction.guess,
                label=f"{prediction.id}: {distance}",
                error_km=km,
                key=compared.keys[place],
            )
        )
    return MapLayer(compared.name, marks)


def _map_notice(runs: Sequence[ComparedRun]) -> str:
    most = max(len(compared.keys) for compared in runs)
    if most <= MAX_MARKS:
        return ""
    return f"Drawn are {MAX_MARKS:,} of {most:,} samples, evenly through the benchmark."


def _gallery_notice(comparison: Comparison, gallery: Gallery) -> str:
    parts = []
    if gallery.num_photos < len(comparison.samples):
        parts.append(
            f"The page carries {gallery.num_photos:,} of {len(comparison.samples):,} photos: those "
            f"of the largest errors, and others spread evenly over the errors of "
            f"{comparison.runs[comparison.best].name}; every sample is listed."
        )
    if gallery.num_texts_left_out:
        parts.append(
            f"{gallery.num_texts_left_out:,} answers are too many to carry and stand in "
            "predictions.jsonl."
        )
    return " ".join(parts)
