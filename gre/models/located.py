"""Many photos through a localizer: guesses with their place names and, where known, their error."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gre.data.images import ImageError
from gre.data.photos import photo_truth, read_truth_csv
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.geo.places import CITY_KM, COUNTRY_KM, Whereabouts, whereabouts
from gre.models.decoding import Decoding, Guess

if TYPE_CHECKING:
    from gre.models.localizer import GeoLocalizer

logger = logging.getLogger(__name__)

NOT_ASKED = "not_asked"
"""Reason of a photo that cannot be used."""


@dataclass(frozen=True)
class Located:
    """One photo and what came of it.

    Attributes:
        photo: The file.
        guess: The model's guess; None where the photo could not be read.
        place: What can be said of where the guess is.
        truth: From a table beside the photo or from its EXIF, where there is one.
        error_km: Great-circle distance from guess to truth.
        problem: Why there is no guess: a sentence about the photo, or a word about the answer.
    """

    photo: Path
    guess: Guess | None
    place: Whereabouts | None = None
    truth: LatLon | None = None
    error_km: float | None = None
    problem: str | None = None

    def to_json(self, *, coarse: bool = False) -> dict[str, object]:
        """Plain values; with `coarse`, country and region only: no point, place or reasoning."""
        place = self.place
        row: dict[str, object] = {
            "photo": str(self.photo),
            "status": self.status,
            "reason": self.reason,
            "country": (place.country or None) if place else None,
            "region": (place.region or None) if place else None,
        }
        if coarse:
            return row
        guess = self.guess
        return row | {
            "detail": self.detail,
            "city": (place.city or None) if place else None,
            "nearest": (place.nearest.city or None) if place else None,
            "place_km": place.km if place and place.nearest.city else None,
            "lat": guess.latlon.lat if guess and guess.latlon else None,
            "lon": guess.latlon.lon if guess and guess.latlon else None,
            "radius_km": guess.radius_km if guess else None,
            "reasoning": guess.reasoning if guess else None,
            "text": guess.text if guess else None,
            "gt_lat": self.truth.lat if self.truth else None,
            "gt_lon": self.truth.lon if self.truth else None,
            "error_km": self.error_km,
        }

    @property
    def reason(self) -> str | None:
        """Why there is no guess, in one word to count by; the words of `gre evaluate`."""
        return NOT_ASKED if self.guess is None else self.problem

    @property
    def detail(self) -> str | None:
        """The same in a sentence."""
        if self.guess is None:
            return self.problem
        return self.guess.failure.detail if self.guess.failure else None

    @property
    def status(self) -> str:
        """ok; failed: an answer that could not be read; error: a photo that could not be read."""
        if self.guess is None:
            return "error"
        return "failed" if self.guess.latlon is None else "ok"


def place_words(
    row: Mapping[str, object], names: Sequence[str] = ("city", "region", "country")
) -> str:
    """The place of a row as `Located.to_json` gives it, in words; empty where there is no guess.

    A town that is not near is told with its distance; where no country is, that is said.
    """
    if row.get("status") not in (None, "ok"):
        return ""
    named = [str(row[name]) for name in names if row.get(name)]
    nearest, km = row.get("nearest"), row.get("place_km")
    if nearest and isinstance(km, float) and km > CITY_KM:
        named.insert(0, f"{km:,.0f} km from {nearest}")
    if not named and row.get("status") == "ok":
        return f"over {COUNTRY_KM:,.0f} km from any town"
    return ", ".join(named)


def why_none(row: Mapping[str, object]) -> str:
    """Why a row of `Located.to_json` has no guess, for a person."""
    said = row.get("detail") if row.get("status") == "error" else None
    return str(said or row.get("reason") or "unreadable")


def locate_photos(
    localizer: "GeoLocalizer",
    photos: Sequence[Path],
    *,
    samples: int = 1,
    decoding: Decoding | None = None,
) -> Iterator[Located]:
    """Locate photos one after another; one that cannot be read is reported and passed over.

    Raises:
        InputError: A table of true positions beside the photos cannot be read.
    """
    tables = {folder: read_truth_csv(folder) for folder in {photo.parent for photo in photos}}
    for photo in photos:
        try:
            guess = localizer.predict(photo, samples=samples, decoding=decoding)
            truth = photo_truth(photo, tables[photo.parent])
        except ImageError as error:
            logger.warning("%s", error)
            yield Located(photo, None, problem=str(error))
            continue
        if guess.latlon is None:
            problem = guess.failure.reason.value if guess.failure else "no_answer"
            yield Located(photo, guess, truth=truth, problem=problem)
            continue
        error_km = great_circle_km(guess.latlon, truth) if truth else None
        yield Located(photo, guess, whereabouts(guess.latlon), truth, error_km)
