"""Where a model stands while it trains: a fixed held-out set, decoded greedily."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gre.answers import ParseFailure, read_judgment, read_latlon
from gre.data.datasets import rollout_question
from gre.data.images import load_image
from gre.data.records import BenchRecord, JudgeRecord
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


class HeldoutSet(Protocol):
    """A fixed set that a model is tried on; each item becomes one number, NaN where unreadable."""

    def __len__(self) -> int: ...

    def questions(self) -> list[str]:
        """What is asked about each photo."""

    def photos(self) -> list[Any]:
        """The path of each photo."""

    def outcome(self, index: int, text: str) -> float:
        """What the answer to one item is worth, NaN where it cannot be read."""

    def metrics(self, outcomes: Sequence[float]) -> dict[str, float]:
        """The numbers of the log, from the outcomes of all items in any order."""


class HeldoutPoints:
    """Photos to locate: the outcome of each is its error in km.

    Args:
        records: GREval-format items.
        question: Asked about every photo.
    """

    def __init__(self, records: Sequence[BenchRecord], *, question: str) -> None:
        self.records = records
        self.question = question

    def __len__(self) -> int:
        return len(self.records)

    def questions(self) -> list[str]:
        """The one question, for each photo."""
        return [self.question] * len(self.records)

    def photos(self) -> list[Any]:
        """The path of each photo."""
        return [record.image_path for record in self.records]

    def outcome(self, index: int, text: str) -> float:
        """Error of the point in the text, km; NaN without one."""
        reading = read_latlon(text)
        if not isinstance(reading, LatLon):
            return float("nan")
        return great_circle_km(reading, self.records[index].truth)

    def metrics(self, outcomes: Sequence[float]) -> dict[str, float]:
        """`heldout_metrics` of the errors."""
        return heldout_metrics(outcomes)


class HeldoutVerdicts:
    """Chains of thought to judge: the outcome of each is 1 where the verdict is right, else 0.

    Args:
        records: GRE30K-Judge items.
    """

    def __init__(self, records: Sequence[JudgeRecord]) -> None:
        self.records = records

    def __len__(self) -> int:
        return len(self.records)

    def questions(self) -> list[str]:
        """Instruction and chain of each item."""
        return [rollout_question(record) for record in self.records]

    def photos(self) -> list[Any]:
        """The path of each photo."""
        return [record.image_path for record in self.records]

    def outcome(self, index: int, text: str) -> float:
        """1 for the right verdict, 0 for the wrong one, NaN for none."""
        verdict = read_judgment(text)
        if isinstance(verdict, ParseFailure):
            return float("nan")
        return float(verdict is self.records[index].label)

    def metrics(self, outcomes: Sequence[float]) -> dict[str, float]:
        """judge_accuracy (an unreadable verdict is a miss) and readable, in percent."""
        values = np.asarray(outcomes, dtype=np.float64)
        return {
            "judge_accuracy": 100.0 * float(np.nan_to_num(values).mean()),
            "readable": 100.0 * float(np.isfinite(values).mean()),
        }


def heldout_outcomes(
    model: Any,  # Any: a Qwen2.5-VL, possibly unwrapped from DeepSpeed
    processor: "ProcessorMixin",
    heldout: HeldoutSet,
    indices: Sequence[int],
    *,
    batch_size: int,
    max_new_tokens: int,
) -> list[float]:
    """Answer some items greedily and give the outcome of each, in the order of the indices."""
    decoding = Decoding(max_new_tokens=max_new_tokens)
    questions, photos = heldout.questions(), heldout.photos()
    outcomes: list[float] = []
    for start in range(0, len(indices), batch_size):
        batch = indices[start : start + batch_size]
        texts = generate_answers(
            model,
            processor,
            [load_image(photos[i]) for i in batch],
            questions=[questions[i] for i in batch],
            decoding=decoding,
        )
        outcomes += [heldout.outcome(i, text) for i, text in zip(batch, texts, strict=True)]
    return outcomes
