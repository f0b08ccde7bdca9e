"""The lines of `predictions.jsonl`: one per sample, whatever became of it."""

from collections.abc import Sequence

from gre.answers import ParseFailure, read_latlon
from gre.evaluation.asking.once import NOT_ASKED, Answer
from gre.evaluation.benchmarks.samples import Sample
from gre.geo.distance import DISTANCES
from gre.geo.latlon import LatLon
from gre.geo.places import nearest_places
from gre.metrics import Protocol

Row = dict[str, object]


def prediction_row(sample: Sample, answer: Answer, protocol: Protocol) -> Row:
    """One line of `predictions.jsonl`. Status "error": not asked, so neither hit nor miss.

    `is_strict` says whether the point stands in the answer tags, where the strict reader finds it.
    """
    row: Row = {
        "id": sample.id,
        "image": str(sample.image_path),
        "gt_lat": sample.truth.lat,
        "gt_lon": sample.truth.lon,
        "text": answer.text,
        "status": "ok",
        "reason": None,
        "detail": None,
        "lat": None,
        "lon": None,
        "error_km": None,
        "is_strict": None,
        "groups": dict(sample.groups),
        "indicators": list(sample.indicators),
        "author": sample.author,
    }
    if answer.text is None:
        reason = answer.reason or NOT_ASKED
        return row | {"status": "error", "reason": reason, "detail": answer.error}
    if answer.draws:
        row |= answer.draws.facts()
    row["is_strict"] = isinstance(read_latlon(answer.text, strict=True), LatLon)
    reading = read_latlon(answer.text)
    if isinstance(reading, ParseFailure):
        return row | {"status": "failed", "reason": reading.reason.value, "detail": reading.detail}
    error_km = DISTANCES[protocol.distance](reading, sample.truth)
    return row | {"lat": reading.lat, "lon": reading.lon, "error_km": error_km}


def add_places(rows: Sequence[Row]) -> None:
    """Add country and continent of truth and guess by the nearest town, to rows in place.

    Continent and country of the truth become groups, where the data brings none of its own.
    """
    truths = nearest_places([LatLon(row["gt_lat"], row["gt_lon"]) for row in rows])  # type: ignore[arg-type]
    guessed = [row for row in rows if row["lat"] is not None]
    guesses = nearest_places([LatLon(row["lat"], row["lon"]) for row in guessed])  # type: ignore[arg-type]
    for row, place in zip(rows, truths, strict=True):
        row |= {"gt_country": place.country, "gt_continent": place.continent}
        row |= {"country": None, "continent": None}
        groups = row["groups"]
        assert isinstance(groups, dict)
        groups.setdefault("continent", place.continent)
        groups.setdefault("country", place.country)
    for row, place in zip(guessed, guesses, strict=True):
        row |= {"country": place.country, "continent": place.continent}
