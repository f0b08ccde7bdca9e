"""Several answers to one question: the one in the middle, and how far the others lie."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gre.geo.distance import haversine_km
from gre.geo.latlon import LatLon


class Spread(NamedTuple):
    """The middle answer and the radius around it that holds the stated share of the answers."""

    center: LatLon
    radius_km: float


class Medoid(NamedTuple):
    """The middle one of some points.

    Attributes:
        position: Its place among them, from 0.
        distances_km: From it to each point, itself included, in ascending order, kilometres.
    """

    position: int
    distances_km: NDArray[np.float64]

    def radius_km(self, share: float) -> float:
        """Smallest radius around it that holds a share of the points, kilometres.

        Args:
            share: In (0, 1].

        Raises:
            ValueError: The share is out of range.
        """
        if not 0 < share <= 1:
            raise ValueError(f"share must be in (0, 1], got {share}")
        # 0.7 * 10 is 7.000000000000001 in floats, and 7 of 10 are a share of 0.7.
        rank = math.ceil(share * len(self.distances_km) - 1e-9)
        return float(self.distances_km[max(rank, 1) - 1])


def medoid_of(points: Sequence[LatLon]) -> Medoid:
    """Find the point with the smallest summed great-circle distance to all others.

    The first such point when several tie.

    Raises:
        ValueError: No points.
    """
    if not points:
        raise ValueError("points must hold at least one point")
    lat = np.array([point.lat for point in points])
    lon = np.array([point.lon for point in points])
    distances_km = haversine_km(lat[:, None], lon[:, None], lat[None, :], lon[None, :])
    middle = int(np.argmin(distances_km.sum(axis=1)))
    return Medoid(middle, np.sort(distances_km[middle]))


def spread_of(points: Sequence[LatLon], *, share: float = 0.9) -> Spread:
    """Find the geodesic medoid of points and the radius that holds a share of them.

    Args:
        points: At least one point.
        share: Share of the points that the radius holds, in (0, 1].

    Raises:
        ValueError: No points, or a share out of range.
    """
    medoid = medoid_of(points)
    return Spread(points[medoid.position], medoid.radius_km(share))
