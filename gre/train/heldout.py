"""Where a model stands while it trains: a fixed held-out set, decoded greedily."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gre.answers import read_latlon
from gre.data.images import load_image
from gre.data.records import BenchRecord
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.metrics import RADII_KM
from gre.models.localizer import Decoding, generate_answers

if TYPE_CHECKING:
    from transformers import ProcessorMixin

logger = logging.getLogger(__name__)


def heldout_metrics(errors_km: Sequence[float]) -> dict[str, float]:
    """Median error and accuracies; NaN marks an unreadable answer, which is a miss.

    Returns:
        median_km (over all items, an unreadable one is infinitely far; the half circumference
        stands for infinity so that logs stay finite), readable and acc_{radius}km in percent.
    """
    errors = np.asarray(errors_km, dtype=np.float64)
    readable = np.isfinite(errors)
    far_km = np.where(readable, errors, HALF_CIRCUMFERENCE_KM)
    metrics = {
        "median_km": float(np.median(far_km)),
        "readable": 100.0 * float(readable.mean()),
    }
    for radius_km in RADII_KM:
        hits = readable & (far_km <= radius_km)
        metrics[f"acc_{radius_km:g}km"] = 100.0 * float(hits.mean())
    return metrics


HALF_CIRCUMFERENCE_KM = 20_015.0
"""Farthest two points can be apart on the sphere of radius 6371 km: pi R, rounded."""


def locate_errors(
    model: Any,  # Any: a Qwen2.5-VL, possibly unwrapped from DeepSpeed
    processor: "ProcessorMixin",
    records: Sequence[BenchRecord],
    *,
    question: str,
    batch_size: int,
    max_new_tokens: int,
) -> list[float]:
    """Locate records greedily and give each one's error in km, NaN where it cannot be read."""
    decoding = Decoding(max_new_tokens=max_new_tokens)
    errors_km: list[float] = []
    for start in range(0, len(records), batch_size):
        batch = records[start : start + batch_size]
        texts = generate_answers(
            model,
            processor,
            [load_image(record.image_path) for record in batch],
            questions=[question] * len(batch),
            decoding=decoding,
        )
        for record, text in zip(batch, texts, strict=True):
            reading = read_latlon(text)
            if isinstance(reading, LatLon):
                errors_km.append(great_circle_km(reading, record.truth))
            else:
                errors_km.append(float("nan"))
    return errors_km
