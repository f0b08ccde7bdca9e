"""The benchmarks inside lmms-eval: our question, our reader, our numbers.

lmms-eval calls these by the names in the YAML files beside this one; each gets a row of the file
that `prepare.py` writes. Nothing of lmms-eval is imported.
"""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL.Image import Image

from gre.answers import ParseFailure, read_latlon
from gre.data.images import load_image
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.metrics import RADII_KM, Summary, radius_key, score_errors
from gre.prompts import LOCATE_INSTRUCTION

Row = Mapping[str, object]
METRICS = (*(f"within_{radius_key(km)}_km" for km in RADII_KM), "median_km", "geoscore")


def to_visual(row: Row) -> list[Image]:
    """The photo, decoded as everywhere here: upright, RGB, with limits."""
    return [load_image(Path(str(row["image"])))]


def to_text(row: Row, lmms_eval_specific_kwargs: Mapping[str, str] | None = None) -> str:
    """The question, between what the YAML file puts before and after it for a model."""
    around = lmms_eval_specific_kwargs or {}
    question = os.environ.get("GRE_QUESTION", LOCATE_INSTRUCTION)
    return f"{around.get('pre_prompt', '')}{question}{around.get('post_prompt', '')}"


def to_target(row: Row) -> str:
    """Where the photo was taken, as text for the log."""
    return f"{row['gt_lat']}, {row['gt_lon']}"


def process_results(row: Row, results: Sequence[str]) -> dict[str, dict[str, object]]:
    """The error of one answer in kilometres, NaN where it cannot be read, under each metric."""
    reading = read_latlon(results[0])
    error_km = math.nan
    if not isinstance(reading, ParseFailure):
        error_km = great_circle_km(reading, LatLon(row["gt_lat"], row["gt_lon"]))  # type: ignore[arg-type]
    return {name: {"id": row["id"], "error_km": error_km} for name in METRICS}


def _summary(results: Sequence[Mapping[str, object]]) -> Summary:
    return score_errors([float(result["error_km"]) for result in results])  # type: ignore[arg-type]


def within_1_km(results: Sequence[Mapping[str, object]]) -> float:
    """Percent within 1 km; an unreadable answer is a miss, as in `gre score`."""
    return _summary(results).accuracy["1"]


def within_25_km(results: Sequence[Mapping[str, object]]) -> float:
    """Percent within 25 km."""
    return _summary(results).accuracy["25"]


def within_200_km(results: Sequence[Mapping[str, object]]) -> float:
    """Percent within 200 km."""
    return _summary(results).accuracy["200"]


def within_750_km(results: Sequence[Mapping[str, object]]) -> float:
    """Percent within 750 km."""
    return _summary(results).accuracy["750"]


def within_2500_km(results: Sequence[Mapping[str, object]]) -> float:
    """Percent within 2500 km."""
    return _summary(results).accuracy["2500"]


def median_km(results: Sequence[Mapping[str, object]]) -> float:
    """Median error of the readable answers, kilometres."""
    return _summary(results).median_km


def geoscore(results: Sequence[Mapping[str, object]]) -> float:
    """Mean GeoGuessr score, 0 to 5000."""
    return _summary(results).geoscore
