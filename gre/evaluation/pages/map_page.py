"""The page of located photos: a map, and a card for each photo with what the model said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gre.evaluation.pages.page import write_page
from gre.evaluation.pages.reasoning import reasoning_steps
from gre.evaluation.pages.thumbnails import Thumbnail, make_thumbnail
from gre.evaluation.pages.worldmap import BAND_LABELS, MapLayer, MapMark, error_band, map_svg
from gre.geo.latlon import LatLon
from gre.models.located import place_words, why_none


def write_map_page(rows: Sequence[Mapping[str, object]], out: Path) -> None:
    """Write a page with a map and a card for each located photo, all offline.

    Args:
        rows: One per photo, as `gre predict --json` prints them: photo, status, reason, detail,
            city, country, lat, lon, radius_km, reasoning, text, gt_lat, gt_lon, error_km. A coarse
            one says `place` in place of all that, and its point is the middle of that place.
        out: The HTML file.

    Raises:
        InputError: `out` cannot be written.
    """
    cards = [_card(row) for row in rows]
    num_placed = sum(card.mark.guess is not None for card in cards)
    errors = [card.mark.error_km for card in cards if card.mark.error_km is not None]
    lead = f"{num_placed:,} of {len(cards):,} have a guess."
    if errors:
        lead += (
            f" The truth is known for {len(errors):,}: half of them lie within "
            f"{float(np.median(errors)):,.0f} km of it."
        )
    marks = [replace(card.mark, key=index) for index, card in enumerate(cards)]
    layer = MapLayer("photos", marks)
    context = {
        "title": f"{len(cards):,} located photo{'' if len(cards) == 1 else 's'}",
        "lead": lead,
        "map": map_svg([layer], title="World map of the photos: guesses, and truth where known"),
        "has_truth": bool(errors),
        "band_labels": BAND_LABELS,
        "photos": cards,
    }
    write_page(out, "map.html", context, scripts=("mapview.js", "map.js"))


class Fact(NamedTuple):
    """A line of a card."""

    name: str
    value: str
    css: str = ""


@dataclass(frozen=True)
class _Card:
    name: str
    picture: Thumbnail | None
    facts: Sequence[Fact]
    heading: str
    steps: Sequence[str]
    mark: MapMark


def photo_facts(row: Mapping[str, object]) -> list[Fact]:
    """What is known of a located photo, line by line: a row as `write_map_page` takes it."""
    guess, truth = _point(row, "lat", "lon"), _point(row, "gt_lat", "gt_lon")
    error_km, radius_km = _number(row.get("error_km")), _number(row.get("radius_km"))
    band = error_band(error_km)
    place = _place(row)
    where, near = degrees(guess) if guess else "", place
    if row.get("place"):
        where, near = place, "the middle of the towns there" if guess else ""
    facts = [
        Fact("guess", where or f"none: {why_none(row)}"),
        Fact("mark" if row.get("place") else "near", near),
        Fact("radius", "" if radius_km is None else f"{radius_km:,.0f} km hold 90 % of answers"),
        Fact("truth", degrees(truth) if truth else "unknown" if "gt_lat" in row else ""),
        Fact("distance", "" if error_km is None else f"{error_km:,.0f} km", f"band{band}"),
    ]
    return [fact for fact in facts if fact.value]


def _card(row: Mapping[str, object]) -> _Card:
    photo = Path(str(row["photo"]))
    error_km = _number(row.get("error_km"))
    distance = "" if error_km is None else f", {error_km:,.0f} km off"
    return _Card(
        name=photo.name,
        picture=make_thumbnail(photo),
        facts=photo_facts(row),
        heading="Reasoning" if row.get("reasoning") else "Text as written",
        steps=reasoning_steps(str(row.get("reasoning") or row.get("text") or "")),
        mark=MapMark(
            _point(row, "gt_lat", "gt_lon"),
            _point(row, "lat", "lon"),
            f"{photo.name}: {_place(row) or 'no guess'}{distance}",
            error_km,
            radius_km=_number(row.get("radius_km")),
        ),
    )


def _place(row: Mapping[str, object]) -> str:
    return str(row.get("place") or place_words(row, ("city", "country")))


def _point(row: Mapping[str, object], lat: str, lon: str) -> LatLon | None:
    values = _number(row.get(lat)), _number(row.get(lon))
    return None if values[0] is None or values[1] is None else LatLon(values[0], values[1])


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def degrees(point: LatLon) -> str:
    """A point as text, latitude first, to about ten metres."""
    return f"{point.lat:.4f}, {point.lon:.4f}"
