"""One point on Earth. Everywhere in this package: degrees, WGS84, latitude first."""

import math
from dataclasses import dataclass
from numbers import Real

from gre.errors import InputError

MAX_LAT_DEG = 90.0
MAX_LON_DEG = 180.0


class LatLonError(InputError):
    """Two values that are not a point on Earth."""


@dataclass(frozen=True, slots=True)
class LatLon:
    """A point in degrees, WGS84.

    Attributes:
        lat: Latitude, degrees, in [-90, 90], north positive.
        lon: Longitude, degrees, in [-180, 180], east positive. Both -180 and 180 are allowed.

    Raises:
        LatLonError: A value is not a number, is NaN or infinite, or is out of range. Nothing is
            wrapped or swapped.
    """

    lat: float
    lon: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "lat", _checked(self.lat, "latitude", MAX_LAT_DEG))
        object.__setattr__(self, "lon", _checked(self.lon, "longitude", MAX_LON_DEG))

    def as_tuple(self) -> tuple[float, float]:
        """The point as (latitude, longitude), degrees."""
        return (self.lat, self.lon)


def _checked(value: object, name: str, limit_deg: float) -> float:
    bounds = f"[-{limit_deg:g}, {limit_deg:g}]"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise LatLonError(
            f"{name} must be a number in {bounds}, got {value!r:.60}; give decimal degrees"
        )
    degrees = float(value)
    if not math.isfinite(degrees):
        raise LatLonError(f"{name} must be a finite number in {bounds}, got {degrees}")
    if abs(degrees) > limit_deg:
        raise LatLonError(
            f"{name} must be in {bounds}, got {degrees}; points are latitude first, in degrees"
        )
    return degrees
