"""A point is two finite numbers in range, latitude first, or it is an error."""

import math
from fractions import Fraction

import numpy as np
import pytest

from gre.errors import InputError
from gre.geo.latlon import LatLon, LatLonError


@pytest.mark.parametrize(
    ("lat", "lon"), [(0, 0), (90, 180), (-90, -180), (48.8566, 2.3522), (-33.4489, -70.6693)]
)
def test_points_in_range_are_kept(lat: float, lon: float) -> None:
    point = LatLon(lat, lon)
    assert point.as_tuple() == (lat, lon)
    assert isinstance(point.lat, float)


def test_numbers_of_other_kinds_become_floats() -> None:
    point = LatLon(np.float32(0.5), Fraction(1, 4))  # type: ignore[arg-type]
    assert point == LatLon(0.5, 0.25)
    assert type(point.lat) is float


@pytest.mark.parametrize(
    ("lat", "lon", "named"),
    [
        (90.0001, 0, "latitude"),
        (-91, 0, "latitude"),
        (0, 180.0001, "longitude"),
        (139.7, 35.7, "latitude"),
        (math.nan, 0, "latitude"),
        (0, math.inf, "longitude"),
        (0, -math.inf, "longitude"),
        ("40.7", 0, "latitude"),
        (None, 0, "latitude"),
        (True, 0, "latitude"),
    ],
)
def test_anything_else_is_refused_in_one_line(lat: object, lon: object, named: str) -> None:
    with pytest.raises(LatLonError) as caught:
        LatLon(lat, lon)  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.startswith(f"{named} must be")
    assert "[-90, 90]" in message or "[-180, 180]" in message
    assert "\n" not in message


def test_the_error_is_the_kind_that_the_door_prints() -> None:
    assert issubclass(LatLonError, InputError)
    assert LatLonError("x").exit_code == 2


def test_points_cannot_be_changed_and_can_be_keys() -> None:
    point = LatLon(1, 2)
    with pytest.raises(AttributeError):
        point.lat = 3  # type: ignore[misc]
    assert {point: "a"}[LatLon(1.0, 2.0)] == "a"
