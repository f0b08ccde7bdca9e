"""Several answers to one question: the one in the middle, and how far the others lie."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gre.geo.distance import haversine_km
from gre.geo.latlon import LatLon


class Spread(NamedTuple):
    """The middle answer and the radius around it that holds the stated share of the answers."""

    center: LatLon
    radius_km: float


def spread_of(points: Sequence[LatLon], *, share: float = 0.9) -> Spread:
    """Find the geodesic medoid of points and the radius that holds a share of them.

    The medoid is the point with the smallest summed great-circle distance to all others; the first
    such point when several tie.

    Args:
        points: At least one point.
        share: Share of the points that the radius holds, in (0, 1].

    Raises:
        ValueError: No points, or a share out of range.
    """
    if not points:
        raise ValueError("points must hold at least one point")
    if not 0 < share <= 1:
        raise ValueError(f"share must be in (0, 1], got {share}")
    lat = np.array([point.lat for point in points])
    lon = np.array([point.lon for point in points])
    distances_km = haversine_km(lat[:, None], lon[:, None], lat[None, :], lon[None, :])
    middle = int(np.argmin(distances_km.sum(axis=1)))
    ordered_km = np.sort(distances_km[middle])
    return Spread(points[middle], float(ordered_km[int(np.ceil(share * len(points))) - 1]))
