"""The medoid and the radius around it."""

import numpy as np
import pytest

from gre.geo.latlon import LatLon
from gre.geo.spread import Medoid, spread_of

ONE_DEGREE_KM = 6371.0 * 3.141592653589793 / 180  # arc length on the sphere


def test_one_answer_has_no_spread() -> None:
    assert spread_of([LatLon(48.0, 2.0)]) == (LatLon(48.0, 2.0), 0.0)


def test_the_middle_of_three_on_the_equator() -> None:
    points = [LatLon(0, 0), LatLon(0, 1), LatLon(0, 3)]
    center, radius_km = spread_of(points, share=1.0)
    assert center == LatLon(0, 1)
    assert radius_km == pytest.approx(2 * ONE_DEGREE_KM, rel=1e-9)


def test_share_leaves_the_outlier_out() -> None:
    points = [LatLon(0, 0)] * 9 + [LatLon(0, 90)]
    assert spread_of(points, share=0.9).radius_km == 0.0
    assert spread_of(points, share=1.0).radius_km == pytest.approx(90 * ONE_DEGREE_KM, rel=1e-9)


def test_the_date_line_is_no_border() -> None:
    center, radius_km = spread_of([LatLon(0, 179), LatLon(0, -179), LatLon(0, 180)], share=1.0)
    assert center == LatLon(0, 180)
    assert radius_km == pytest.approx(ONE_DEGREE_KM, rel=1e-9)


@pytest.mark.parametrize("share", [0.0, -1.0, 1.1])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share must be in"):
        spread_of([LatLon(0, 0)], share=share)


def test_no_points_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        spread_of([])


@pytest.mark.parametrize(
    ("num", "share", "kept"),
    [(10, 0.7, 7), (10, 0.71, 8), (3, 0.9, 3), (1, 0.01, 1), (20, 0.95, 19)],
)
def test_a_share_counts_points_without_rounding_dust(num: int, share: float, kept: int) -> None:
    medoid = Medoid(0, np.arange(num, dtype=np.float64))
    assert medoid.radius_km(share) == kept - 1
