"""Are latitude and longitude what their columns are called? Photos are taken near towns.

Where both columns stay within 90 degrees, nothing in the numbers betrays an exchanged header. But
most photos of any set are taken within 25 km of a town, and most points with the two numbers
exchanged are not: London's lie in the Indian Ocean. Nothing is repaired here, only refused.
"""

import math

import numpy as np
from numpy.typing import NDArray

from gre.geo.latlon import MAX_LAT_DEG, LatLon
from gre.geo.places import town_distances_km

NEAR_TOWN_KM = 25.0
FAR_FROM_TOWNS_KM = 250.0
"""Farther than this from every town lie open sea, ice and deserts (ours, as the next three)."""
MAX_CELLS = 2000
MIN_TELLING = 10
MIN_RATIO = 3
MAX_CHANCE = 0.001


def looks_exchanged(lat_deg: NDArray[np.float64], lon_deg: NDArray[np.float64]) -> bool:
    """Whether points are clearly more plausible with latitude and longitude exchanged.

    Points are counted once per cell of one degree, since a thousand photos of one town are one
    witness. A cell tells where one reading is near a town and the other is not. The exchange is
    clearly better where at least ten cells speak for it, three times as many as against it, and
    that would happen by chance less than once in a thousand; or where every cell lies far from all
    towns as written and near one exchanged.

    Args:
        lat_deg: As written, each within [-90, 90].
        lon_deg: As written; with one beyond 90 the exchange is impossible.
    """
    if np.abs(lon_deg).max(initial=0.0) > MAX_LAT_DEG:
        return False
    cells = np.unique(np.floor(np.stack([lat_deg, lon_deg])), axis=1, return_index=True)[1]
    if cells.size > MAX_CELLS:
        cells = cells[np.linspace(0, cells.size - 1, MAX_CELLS).astype(np.int64)]
    pairs = list(zip(lat_deg[cells].tolist(), lon_deg[cells].tolist(), strict=True))
    written_km = town_distances_km([LatLon(lat, lon) for lat, lon in pairs])
    exchanged_km = town_distances_km([LatLon(lon, lat) for lat, lon in pairs])
    is_near, is_near_exchanged = written_km <= NEAR_TOWN_KM, exchanged_km <= NEAR_TOWN_KM
    if pairs and is_near_exchanged.all() and (written_km >= FAR_FROM_TOWNS_KM).all():
        return True
    num_for = int((is_near_exchanged & ~is_near).sum())
    num_against = int((is_near & ~is_near_exchanged).sum())
    return (
        num_for >= MIN_TELLING
        and num_for >= MIN_RATIO * num_against
        and _chance(num_for, num_for + num_against) < MAX_CHANCE
    )


def _chance(num_for: int, num: int) -> float:
    """Probability that at least so many of num fair coins show heads."""
    logs = [
        math.lgamma(num + 1) - math.lgamma(k + 1) - math.lgamma(num - k + 1) - num * math.log(2)
        for k in range(num_for, num + 1)
    ]
    return math.fsum(math.exp(log) for log in logs)
