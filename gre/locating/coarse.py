"""Answers that tell a country and a region and nothing finer."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gre.geo.latlon import LatLon
from gre.geo.places import iter_towns
from gre.models.located import place_words

Key = tuple[str, str]
"""Country and region; an empty region is the whole country."""


def coarse_marks(rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Coarse rows for a map page: each photo at the middle of its region, whatever the guess.

    The mark follows from the names of region and country alone, so it tells no more than they do.
    """
    keys = [(str(row["country"] or ""), str(row["region"] or "")) for row in rows]
    middles = region_middles({key for key in keys if key[0]})
    marks = []
    for row, key in zip(rows, keys, strict=True):
        middle = middles.get(key)
        marks.append(
            {
                **{name: row[name] for name in ("photo", "status", "reason")},
                "place": place_words(row, ("region", "country")) or None,
                "lat": middle.lat if middle else None,
                "lon": middle.lon if middle else None,
            }
        )
    return marks


def region_middles(keys: Iterable[Key]) -> dict[Key, LatLon]:
    """The middle of the towns of each region: their mean direction from the Earth's centre.

    A country or region without a town in the table has no middle and is left out.
    """
    return dict(_middles(frozenset(keys)))


@lru_cache(maxsize=64)
def _middles(wanted: frozenset[Key]) -> Mapping[Key, LatLon]:
    """One pass over the table; the app asks for one region after another, often the same."""
    vectors: dict[Key, list[NDArray[np.float64]]] = {key: [] for key in wanted}
    countries = {country for country, _ in wanted}
    for place, point in iter_towns() if wanted else ():
        if place.country in countries:
            for key in {(place.country, place.region), (place.country, "")} & wanted:
                vectors[key].append(_unit_vector(point))
    return {key: _point(np.sum(found, axis=0)) for key, found in vectors.items() if found}


def _unit_vector(point: LatLon) -> NDArray[np.float64]:
    lat, lon = np.radians(point.lat), np.radians(point.lon)
    return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _point(vector: NDArray[np.float64]) -> LatLon:
    x, y, z = vector
    lat, lon = np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)
    return LatLon(float(np.degrees(lat)), float(np.degrees(lon)))
