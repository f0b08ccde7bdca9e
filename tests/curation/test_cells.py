"""Cells of about equal area, and the random order."""

import math

import pytest

from gre.curation.cells import cell_of, chance
from gre.geo.latlon import LatLon


@pytest.mark.parametrize(
    ("a", "b", "is_same"),
    [
        ((48.1, 2.4), (48.9, 3.0), True),
        ((48.9, 2.1), (49.1, 2.1), False),  # the band ends at 49
        ((0.5, 10.1), (0.5, 10.9), True),
        ((0.5, 10.9), (0.5, 11.1), False),  # at the equator columns are one degree wide
        ((0.5, 180.0), (0.5, -180.0), True),
        ((89.9, -170.0), (89.9, -61.0), True),  # the polar band has round(360 cos 89.5°) = 3 cells
        ((90.0, 0.0), (89.9, 0.0), True),
        ((-90.0, 0.0), (90.0, 0.0), False),
    ],
)
def test_which_points_share_a_cell(
    a: tuple[float, float], b: tuple[float, float], is_same: bool
) -> None:
    assert (cell_of(LatLon(*a), 1.0) == cell_of(LatLon(*b), 1.0)) is is_same


@pytest.mark.parametrize("lat", [0.5, 30.5, 60.5, 75.5])
def test_cells_are_about_as_wide_as_high(lat: float) -> None:
    cells = {cell_of(LatLon(lat, lon / 10), 1.0) for lon in range(-1800, 1800)}
    width_deg = 360.0 * math.cos(math.radians(lat)) / len(cells)
    assert width_deg == pytest.approx(1.0, rel=0.01)


def test_chance_depends_on_seed_and_name_and_fits_sqlite() -> None:
    values = {chance(seed, name) for seed in (1, 2) for name in ("a", "b", "\ud800")}
    assert len(values) == 6
    assert all(0 <= value < 2**63 for value in values)
