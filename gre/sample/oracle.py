"""An upper bound: where somebody would place a scene who reads every visible cue without error.

The oracle knows the table of seen cities, as a model can from training, and the cues the picture
shows. It never sees the coordinate, nor the name of the city, nor the table of unseen cities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gre.geo.distance import haversine_km
from gre.geo.latlon import LatLon
from gre.sample.cities import SEEN_CITIES, City
from gre.sample.scenes import COUNTRY_CUES, Scene, sun_height

SLIP_COUNTRY = 0.01
"""Chance allowed that a country-wide cue differs from the table's value. Ours."""

SLIP_REGION = 0.12
"""The same for a regional cue: an unseen city need not look like its seen neighbour. Ours."""

SCALE_KM = 750.0
"""The guess maximises the expected geodesic reward at this scale, country level. Ours."""


class Oracle:
    """Bayes' rule over the seen cities, then the candidate with the best expected reward."""

    def __init__(self, cities: Sequence[City] = SEEN_CITIES) -> None:
        self._cities = tuple(cities)
        self._landmarks = {city.landmark for city in self._cities}
        lat = np.array([city.centre.lat for city in self._cities])
        lon = np.array([city.centre.lon for city in self._cities])
        distance = haversine_km(lat[:, None], lon[:, None], lat[None, :], lon[None, :])
        self._reward = 2.0 / (1.0 + np.exp(np.minimum(distance / SCALE_KM, 50.0)))
        self._values = [_values(city) for city in self._cities]

    def posterior(self, visible: Mapping[str, str]) -> NDArray[np.float64]:
        """Probability of each seen city, shape (cities,), from cue to value of the visible cues."""
        log_weight = np.zeros(len(self._cities))
        for cue, value in visible.items():
            if cue == "landmark" and value not in self._landmarks:
                continue  # never met in training: tells nothing
            log_weight += [_log_chance(values[cue], cue, value) for values in self._values]
        weight = np.exp(log_weight - log_weight.max())
        return np.asarray(weight / weight.sum())

    def guess(self, visible: Mapping[str, str]) -> LatLon:
        """The centre of the candidate city with the best expected reward."""
        expected = self._reward @ self.posterior(visible)
        return self._cities[int(np.argmax(expected))].centre

    def guess_scene(self, scene: Scene) -> LatLon:
        """The guess for a scene, from its visible cues alone."""
        return self.guess(scene.seen_traits)


def _values(city: City) -> dict[str, tuple[str, ...]]:
    country = city.country
    return {
        "flag": (country.name,),
        "script": (city.script,),
        "plate": (city.plate,),
        "lines": (country.lines,),
        "side": (country.side,),
        "plants": city.plants,
        "ground": (city.ground,),
        "roof": (city.roof,),
        "walls": city.walls,
        "terrain": (city.terrain,),
        "sun": (sun_height(city.centre.lat),),
        "landmark": (city.landmark,),
    }


def _log_chance(values: tuple[str, ...], cue: str, value: str) -> float:
    is_wide = cue in COUNTRY_CUES or cue == "landmark"
    slip = SLIP_COUNTRY if is_wide else SLIP_REGION
    if value in values:
        return float(np.log((1.0 - slip) / len(values)))
    return float(np.log(slip / 10.0))
