"""`gre report`: finished runs side by side in one page that opens offline."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gre.evaluation import leaderboard
from gre.evaluation.charts import (
    Bound,
    accuracy_chart,
    error_histogram,
    histogram,
    unreadable_percent,
)
from gre.evaluation.comparison import (
    MAIN_RADIUS_KM,
    ComparedRun,
    Comparison,
    bounds_of,
    compare,
)
from gre.evaluation.gallery import Gallery, make_gallery
from gre.evaluation.pages import write_page
from gre.evaluation.worldmap import BAND_LABELS, MapLayer, MapMark, map_svg
from gre.metrics import RADII_KM

MAX_MARKS = 1000
"""Samples drawn on the map per run; of more, every so manieth."""
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


def write_report(runs: Sequence[Path], out: Path, *, title: str | None = None) -> None:
    """Write the report of some run folders.

    Args:
        runs: Folders that `gre evaluate` wrote, in the order of the tables.
        out: The HTML file: one, with everything inside, for any browser without a network.
        title: Headline; the best run's result where it is None.

    Raises:
        InputError: No run, too many, or one that cannot be read; or `out` cannot be written.
    """
    comparison = compare(runs)
    gallery = make_gallery(comparison)
    write_page(
        out,
        "report.html",
        _context(comparison, gallery, title),
        scripts=("map.js", "report.js"),
        data=gallery.data,
    )


def _context(comparison: Comparison, gallery: Gallery, title: str | None) -> dict[str, object]:
    best = comparison.runs[comparison.best]
    headline = leaderboard.headline(best)
    runs = comparison.runs
    bounds = [Bound(bound.name, bound.summary) for _, bound in bounds_of(comparison)]
    tallest = max(max(*histogram(c.curve)[0], unreadable_percent(c.curve)) for c in runs)
    return {
        "title": title or headline,
        "lead": leaderboard.lead(comparison, opening=headline if title else None),
        "warnings": comparison.warnings,
        "figures": leaderboard.figures(best.run.summary),
        "figures_of": best.name,
        "radius_keys": [f"{radius:,}" for radius in RADII_KM],
        "rows": leaderboard.rows(comparison),
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
        "groups": leaderboard.groups(comparison),
        "group_radius": MAIN_RADIUS_KM,
        "gallery_notice": _gallery_notice(comparison, gallery),
        "folders": [str(compared.run.folder) for compared in runs],
    }


def _run(compared: ComparedRun, *, y_max: float) -> dict[str, object]:
    facts = compared.run.facts
    return {
        "name": compared.name,
        "css": compared.css,
        "histogram": error_histogram(
            compared.curve, y_max=y_max, title=f"Distribution of errors of {compared.name}"
        ),
        "facts": [
            {"name": name, "value": str(facts[key])}
            for key, name in FACTS.items()
            if facts.get(key) is not None
        ],
    }


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
            f"The page carries {gallery.num_photos:,} of {len(comparison.samples):,} photos, "
            f"spread evenly over the errors of {comparison.runs[comparison.best].name}; every "
            "sample is listed."
        )
    if gallery.num_texts_left_out:
        parts.append(
            f"{gallery.num_texts_left_out:,} answers are too many to carry and stand in "
            "predictions.jsonl."
        )
    return " ".join(parts)
