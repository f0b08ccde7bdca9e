"""Distances on Earth, in kilometres: one sphere for scores and rewards, one ellipsoid to compare.

The default everywhere is the great circle on a sphere of 6371.0 km, as in the evaluators whose
tables are compared; the ellipsoid differs from it by up to about 0.5 %.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gre.geo.latlon import LatLon, LatLonError

EARTH_RADIUS_KM = 6371.0
"""Radius of the sphere, kilometres. Source: GeoEstimation's evaluator, haversine R = 6371."""


def haversine_km(
    lat_a: ArrayLike, lon_a: ArrayLike, lat_b: ArrayLike, lon_b: ArrayLike
) -> NDArray[np.float64]:
    """Great-circle distances between points a and points b, kilometres.

    d = 2 R asin(sqrt(h)), h = sin²(Δφ/2) + cos φa cos φb sin²(Δλ/2), computed in float64.
    The four arguments are in degrees and broadcast against each other; NaN gives NaN.

    Source: haversine formula, R. W. Sinnott, "Virtues of the Haversine", Sky & Telescope 68 (1984).
    """
    phi_a, lambda_a, phi_b, lambda_b = (
        np.radians(np.asarray(values, dtype=np.float64)) for values in (lat_a, lon_a, lat_b, lon_b)
    )
    h = (
        np.sin((phi_b - phi_a) / 2.0) ** 2
        + np.cos(phi_a) * np.cos(phi_b) * np.sin((lambda_b - lambda_a) / 2.0) ** 2
    )
    # Rounding can carry h a little past 1 for antipodes, where asin is undefined.
    return np.asarray(2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0))))


def great_circle_km(a: LatLon, b: LatLon) -> float:
    """Great-circle distance between two points, kilometres: `haversine_km` for one pair."""
    return float(haversine_km(a.lat, a.lon, b.lat, b.lon))


def geodesic_km(a: LatLon, b: LatLon) -> float:
    """Shortest distance on the WGS84 ellipsoid, kilometres.

    Source: C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87 (2013), through geopy.
    """
    from geopy.distance import geodesic  # its import costs more than all of this package's floor

    return float(geodesic(a.as_tuple(), b.as_tuple()).km)


def destination(start: LatLon, *, bearing_deg: float, distance_km: float) -> LatLon:
    """The point reached from `start` along a great circle of the 6371.0 km sphere.

    Args:
        start: Where the way begins.
        bearing_deg: Initial bearing, degrees clockwise from north, any finite value.
        distance_km: Length of the way, kilometres, at least 0; past half the globe it comes back.

    Raises:
        LatLonError: bearing_deg or distance_km is out of range.
    """
    if not np.isfinite(bearing_deg):
        raise LatLonError(f"bearing_deg must be finite, got {bearing_deg}")
    if not (np.isfinite(distance_km) and distance_km >= 0.0):
        raise LatLonError(f"distance_km must be finite and >= 0, got {distance_km}")
    phi, bearing, arc = (
        np.radians(start.lat),
        np.radians(bearing_deg),
        distance_km / EARTH_RADIUS_KM,
    )
    # Unit vectors at the start: up (out of the sphere), north and east, in the meridian's frame.
    out = np.cos(arc) * np.cos(phi) - np.sin(arc) * np.cos(bearing) * np.sin(phi)
    axis = np.cos(arc) * np.sin(phi) + np.sin(arc) * np.cos(bearing) * np.cos(phi)
    east = np.sin(arc) * np.sin(bearing)
    lat = np.degrees(np.arctan2(axis, np.hypot(out, east)))
    lon = (start.lon + np.degrees(np.arctan2(east, out)) + 180.0) % 360.0 - 180.0
    return LatLon(float(lat), float(lon))


DISTANCES: dict[str, Callable[[LatLon, LatLon], float]] = {
    "haversine": great_circle_km,
    "geodesic": geodesic_km,
}
"""The distances a protocol can name."""
