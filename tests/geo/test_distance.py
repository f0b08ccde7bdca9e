"""Distances against closed forms, published constants and laws."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gre.geo.distance import (
    DISTANCES,
    EARTH_RADIUS_KM,
    destination,
    geodesic_km,
    great_circle_km,
    haversine_km,
)
from gre.geo.latlon import LatLon, LatLonError

POINTS = st.builds(
    LatLon,
    st.floats(-90, 90, allow_nan=False),
    st.floats(-180, 180, allow_nan=False),
)
HALF_EARTH_KM = math.pi * 6371.0
ONE_DEGREE_KM = HALF_EARTH_KM / 180.0


@pytest.mark.parametrize(
    ("a", "b", "arc_deg"),
    [
        ((0, 0), (0, 1), 1),
        ((0, 0), (1, 0), 1),
        ((0, 0), (0, 180), 180),
        ((90, 0), (-90, 77), 180),
        ((0, 179.5), (0, -179.5), 1),
        ((60, 0), (60, 180), 60),
        ((90, 10), (90, -120), 0),
        # Two points at 45° N, 90° of longitude apart: cos c = 1/2, so c = 60°.
        ((45, 0), (45, 90), 60),
    ],
)
def test_arcs_that_can_be_worked_by_hand(
    a: tuple[float, float], b: tuple[float, float], arc_deg: float
) -> None:
    assert great_circle_km(LatLon(*a), LatLon(*b)) == pytest.approx(
        arc_deg * ONE_DEGREE_KM, abs=1e-6
    )


def test_the_radius_is_the_evaluators() -> None:
    assert EARTH_RADIUS_KM == 6371.0


def test_short_distances_keep_their_digits() -> None:
    # One metre of latitude; the law of cosines loses all digits here.
    step_deg = 0.001 / ONE_DEGREE_KM
    assert great_circle_km(LatLon(45, 7), LatLon(45 + step_deg, 7)) == pytest.approx(
        0.001, rel=1e-6
    )


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        # A quarter of the equator of WGS84: a π / 2 with a = 6378.137 km.
        ((0, 0), (0, 90), 6378.137 * math.pi / 2),
        # The meridian quadrant of WGS84, 10001.965729 km (Karney 2013).
        ((0, 0), (90, 0), 10001.965729),
    ],
)
def test_geodesics_of_the_ellipsoid(
    a: tuple[float, float], b: tuple[float, float], km: float
) -> None:
    assert geodesic_km(LatLon(*a), LatLon(*b)) == pytest.approx(km, abs=1e-6)


@given(POINTS, POINTS)
def test_laws_of_the_great_circle(a: LatLon, b: LatLon) -> None:
    there = great_circle_km(a, b)
    assert there == great_circle_km(b, a)
    assert 0.0 <= there <= HALF_EARTH_KM * (1 + 1e-12)
    assert great_circle_km(a, a) == 0.0


@given(POINTS, POINTS)
def test_sphere_and_ellipsoid_agree_to_one_percent(a: LatLon, b: LatLon) -> None:
    # The flattening is 1/298; no way differs by more than twice that from the sphere's.
    assert geodesic_km(a, b) == pytest.approx(great_circle_km(a, b), rel=0.01, abs=1e-6)


def test_arrays_broadcast_and_keep_nan() -> None:
    lats = np.array([[0.0], [10.0]])
    lons = np.array([0.0, 1.0, np.nan])
    result = haversine_km(lats, lons, 0.0, 0.0)
    assert result.shape == (2, 3)
    assert result.dtype == np.float64
    assert result[0, 1] == pytest.approx(ONE_DEGREE_KM)
    assert np.isnan(result[:, 2]).all()
    single = [[great_circle_km(LatLon(la, lo), LatLon(0, 0)) for lo in (0, 1)] for la in (0, 10)]
    np.testing.assert_allclose(result[:, :2], single, rtol=1e-12)


def test_float32_input_is_computed_in_float64() -> None:
    point = np.array([48.8566], dtype=np.float32)
    assert haversine_km(point, point, point, point + np.float32(1e-3)).dtype == np.float64


@given(POINTS, st.floats(0, 360), st.floats(0, 20000))
def test_a_way_is_as_long_as_it_was_meant(
    start: LatLon, bearing_deg: float, distance_km: float
) -> None:
    end = destination(start, bearing_deg=bearing_deg, distance_km=distance_km)
    # Near the antipode the haversine loses half its digits: 1 m.
    assert great_circle_km(start, end) == pytest.approx(distance_km, abs=1e-3)


@pytest.mark.parametrize(
    ("bearing_deg", "expected"),
    [(0, (10, 20)), (180, (-10, 20)), (90, (0, 30)), (270, (0, 10)), (-90, (0, 10))],
)
def test_ways_along_the_axes(bearing_deg: float, expected: tuple[float, float]) -> None:
    end = destination(LatLon(0, 20), bearing_deg=bearing_deg, distance_km=10 * ONE_DEGREE_KM)
    assert end.as_tuple() == pytest.approx(expected, abs=1e-9)


def test_a_way_east_crosses_the_date_line() -> None:
    end = destination(LatLon(0, 175), bearing_deg=90, distance_km=10 * ONE_DEGREE_KM)
    assert end.as_tuple() == pytest.approx((0, -175), abs=1e-9)


@pytest.mark.parametrize(
    ("bearing_deg", "distance_km"), [(math.nan, 1), (0, -1), (0, math.nan), (0, math.inf)]
)
def test_impossible_ways_are_refused(bearing_deg: float, distance_km: float) -> None:
    with pytest.raises(LatLonError):
        destination(LatLon(0, 0), bearing_deg=bearing_deg, distance_km=distance_km)


def test_the_table_of_distances_names_both() -> None:
    assert DISTANCES["haversine"] is great_circle_km
    assert DISTANCES["geodesic"] is geodesic_km
    assert len(DISTANCES) == 2


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("guess", "percent"),
    [
        (LatLon(48.8566, 2.3522), [0.57, 2.64, 2.80, 13.25, 35.44]),
        (LatLon(40.7128, -74.0060), [0.37, 3.70, 5.17, 9.78, 16.98]),
    ],
    ids=["Paris", "New York"],
)
def test_constant_guesses_on_im2gps3k(real_data: Path, guess: LatLon, percent: list[float]) -> None:
    """Percent within 1, 25, 200, 750 and 2500 km, inclusive, of all 2,997 photos."""
    with (real_data / "benchmarks" / "im2gps3k_places365.csv").open(encoding="utf-8") as file:
        truth = np.array([(float(row["LAT"]), float(row["LON"])) for row in csv.DictReader(file)])
    assert len(truth) == 2997
    errors_km = haversine_km(truth[:, 0], truth[:, 1], guess.lat, guess.lon)
    within = [float((errors_km <= radius).mean()) * 100 for radius in (1, 25, 200, 750, 2500)]
    assert within == pytest.approx(percent, abs=0.005)
