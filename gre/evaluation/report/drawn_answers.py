"""Every answer of a model that was asked several times about one photo, for a report's gallery.

An answer is read as it was when the run was made, and its distance is measured as the run's was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gre.answers import ParseFailure, read_latlon
from gre.evaluation.runs.saved_run import SavedRun
from gre.evaluation.tables.points import Points, measure_errors
from gre.geo.latlon import LatLon


@dataclass(frozen=True)
class DrawnAnswer:
    """One of several answers.

    Attributes:
        text: As written.
        is_chosen: Whether it is the one that stands for all.
        point: Where it says the photo was taken; None where that cannot be read.
        reason: Why not, in a word.
        km: Distance of the point from the truth.
    """

    text: str
    is_chosen: bool
    point: LatLon | None
    reason: str | None
    km: float | None


def drawn_answers(run: SavedRun) -> Mapping[int, tuple[DrawnAnswer, ...]]:
    """The answers of a run by position of the sample; samples that were asked once are absent."""
    asked = [(at, p) for at, p in enumerate(run.predictions) if p.draws is not None]
    texts = [(at, text, p.truth) for at, p in asked if p.draws for text in p.draws.texts]
    readings = [read_latlon(text) for _, text, _ in texts]
    distances = _distances(
        [truth for _, _, truth in texts],
        [one if isinstance(one, LatLon) else None for one in readings],
        run.protocol.distance,
    )
    found: dict[int, list[DrawnAnswer]] = {at: [] for at, _ in asked}
    for (at, text, _), reading, km in zip(texts, readings, distances, strict=True):
        is_taken = any(one.is_chosen for one in found[at])
        failure = reading if isinstance(reading, ParseFailure) else None
        found[at].append(
            DrawnAnswer(
                text=text,
                is_chosen=not is_taken and text == run.predictions[at].text,
                point=reading if isinstance(reading, LatLon) else None,
                reason=failure.reason.value if failure else None,
                km=km,
            )
        )
    return {at: tuple(answers) for at, answers in found.items()}


def _distances(
    truths: Sequence[LatLon], points: Sequence[LatLon | None], distance: str
) -> list[float | None]:
    def array(some: Sequence[LatLon | None]) -> Points:
        pairs = [(np.nan, np.nan) if point is None else point.as_tuple() for point in some]
        values = np.array(pairs, dtype=np.float64).reshape(-1, 2)
        return Points(values[:, 0], values[:, 1])

    errors = measure_errors(array(truths), array(points), distance=distance)
    return [None if np.isnan(km) else float(km) for km in errors]
