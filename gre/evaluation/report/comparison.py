"""Runs set side by side: names that tell them apart, colours, bounds, and whether they compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gre.errors import InputError
from gre.evaluation.report.charts import NUM_RUN_COLOURS, Curve
from gre.evaluation.report.sample_places import with_places
from gre.evaluation.runs.saved_run import Prediction, SavedRun, read_run
from gre.metrics import Summary, radius_key

MAIN_RADIUS_KM = 750
"""The radius of headline and breakdown: the right country, roughly."""
BOUND_NAMES = {"oracle": "oracle", "no_image": "without the image"}


@dataclass(frozen=True)
class ComparedRun:
    """A run with its colour and the name that tells it from the others.

    Attributes:
        run: What its folder holds.
        name: Unique in the comparison.
        css: Class that gives the colour, "run0" to "run5".
        keys: Number of each prediction's sample in `Comparison.samples`.
    """

    run: SavedRun
    name: str
    css: str
    keys: tuple[int, ...]

    @property
    def curve(self) -> Curve:
        """The run as the charts want it."""
        errors = [p.error_km for p in self.run.predictions if p.error_km is not None]
        return Curve(self.name, np.array(errors, dtype=np.float64), self.run.summary, self.css)


@dataclass(frozen=True)
class NamedSummary:
    """A bound as a row of a table."""

    name: str
    summary: Summary


@dataclass(frozen=True)
class Comparison:
    """Some runs, and the samples that they share.

    Attributes:
        runs: In the order they were named.
        best: Index of the run with the highest accuracy at MAIN_RADIUS_KM.
        samples: Every distinct sample, by one of its predictions.
        warnings: What keeps the runs from being compared, one sentence each.
    """

    runs: tuple[ComparedRun, ...]
    best: int
    samples: tuple[Prediction, ...]
    warnings: tuple[str, ...]


def compare(folders: Sequence[Path]) -> Comparison:
    """Read run folders and set them side by side.

    Raises:
        InputError: No folder, too many, the same one twice, or one that cannot be read.
    """
    if not 1 <= len(folders) <= NUM_RUN_COLOURS:
        raise InputError(
            f"runs: got {len(folders)}, must be 1 to {NUM_RUN_COLOURS}; name that many run folders"
        )
    resolved = [folder.resolve() for folder in folders]
    for folder, path in zip(folders, resolved, strict=True):
        if resolved.count(path) > 1:
            raise InputError(f"runs: {folder} is named twice; name each run once")
    runs = [with_places(read_run(folder)) for folder in folders]
    names = [run.name for run in runs]
    numbers: dict[tuple[str, str], int] = {}
    samples: list[Prediction] = []
    compared = []
    for index, run in enumerate(runs):
        keys = []
        for prediction in run.predictions:
            number = numbers.setdefault((run.data_sha256, prediction.id), len(samples))
            if number == len(samples):
                samples.append(prediction)
            keys.append(number)
        name = run.name if names.count(run.name) == 1 else str(run.folder)
        compared.append(ComparedRun(run, name, f"run{index}", tuple(keys)))
    best = max(range(len(runs)), key=lambda index: _rank(runs[index].summary))
    return Comparison(tuple(compared), best, tuple(samples), tuple(_warnings(compared)))


def bounds_of(comparison: Comparison) -> list[tuple[int, NamedSummary]]:
    """Each distinct bound, with the index of the run below which it stands.

    The oracle is one for all runs on the same data; the result without images is each model's own.
    """
    found: list[tuple[int, NamedSummary]] = []
    seen: set[str] = set()
    for index, compared in enumerate(comparison.runs):
        for key, summary in compared.run.bounds.items():
            name = BOUND_NAMES.get(key, key)
            if key == "no_image" and len(comparison.runs) > 1:
                name = f"{compared.name}, {name}"
            mark = name if key == "no_image" else f"{key} {summary.to_json()}"
            if mark not in seen:
                seen.add(mark)
                found.append((index, NamedSummary(name, summary)))
    return found


def _rank(summary: Summary) -> tuple[float, float]:
    accuracy = summary.accuracy[radius_key(MAIN_RADIUS_KM)]
    return (-1.0, 0.0) if np.isnan(accuracy) else (accuracy, summary.geoscore)


def _warnings(runs: Sequence[ComparedRun]) -> list[str]:
    warnings = []
    if len({frozenset(compared.keys) for compared in runs}) > 1:
        sets = "; ".join(
            f"{c.name}: {c.run.facts.get('benchmark', 'unknown')}, {len(c.keys):,} samples, data "
            f"{c.run.data_sha256[:8] or 'unknown'}"
            for c in runs
        )
        warnings.append(f"These runs did not see the same samples, so they do not compare: {sets}.")
    if len({compared.run.protocol for compared in runs}) > 1:
        warnings.append("These runs were scored under different protocols, named below the table.")
    for compared in runs:
        num_errors = compared.run.summary.n_errors
        if num_errors:
            warnings.append(
                f"{compared.name}: {num_errors:,} of {len(compared.keys):,} samples could not be "
                "asked; they are listed below as “not asked”."
            )
    return warnings
