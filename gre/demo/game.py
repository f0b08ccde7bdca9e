"""Guess it yourself: a person and a model locate the same photo and get GeoGuessr points."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from gre.answers import read_latlon
from gre.errors import InputError
from gre.evaluation.benchmarks.loading import GREVAL_FILES, load_benchmark
from gre.evaluation.benchmarks.samples import Sample
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.metrics import geoguessr_score


@dataclass(frozen=True)
class Round:
    """One photo, and how far both were from where it was taken.

    Attributes:
        photo: Name of the photo.
        truth: Where it was taken.
        person: Where the person put it.
        person_km: The person's error.
        model: Where the model put it; None where its answer could not be read.
        model_km: The model's error; None likewise.
    """

    photo: str
    truth: LatLon
    person: LatLon
    person_km: float
    model: LatLon | None
    model_km: float | None

    @property
    def points(self) -> tuple[int, int]:
        """Points of the person and of the model, 0 to 5000 each; no guess earns none."""
        return points(self.person_km), points(self.model_km)


def points(error_km: float | None) -> int:
    """GeoGuessr points of one guess; none earns nothing."""
    return 0 if error_km is None else int(geoguessr_score(error_km))


def play(sample: Sample, person: LatLon, model: LatLon | None) -> Round:
    """Measure both guesses."""
    model_km = great_circle_km(model, sample.truth) if model else None
    return Round(
        sample.image_path.name,
        sample.truth,
        person,
        great_circle_km(person, sample.truth),
        model,
        model_km,
    )


def read_guess(text: str) -> LatLon:
    """A person's guess as typed or as the map wrote it.

    Raises:
        InputError: It is no point.
    """
    reading = read_latlon(text)
    if isinstance(reading, LatLon):
        return reading
    raise InputError(
        f"guess: got {text.strip()[:60]!r}, must be latitude and longitude like 48.86, 2.35; click"
        " the map or type them"
    )


def load_examples(folder: Path | None, *, limit: int = 200) -> list[Sample]:
    """Photos whose place is known: a sample world's test set, a GREval-Bench, or a photo folder.

    Empty where no folder is given.

    Raises:
        InputError: The folder has none.
    """
    if folder is None:
        return []
    inside = folder / "bench" / "test"
    folder = inside if inside.is_dir() else folder
    is_bench = any((folder / name).is_file() for name in GREVAL_FILES)
    kind = "greval_bench" if is_bench else "folder"
    samples = load_benchmark(kind, folder, limit=limit).samples
    return [sample for sample in samples if sample.fault is None]


def choose(samples: Sequence[Sample], rng: Random, *, other_than: int | None) -> int:
    """The index of a photo to guess, another than the last where there are two."""
    if not samples:
        raise InputError("the game needs photos whose place is known; start with --examples FOLDER")
    left = [index for index in range(len(samples)) if index != other_than]
    return rng.choice(left or [0])
