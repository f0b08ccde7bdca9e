"""Radii against truths: counts worked out by hand, and a simulated model that knows itself."""

import json
import math

import numpy as np
import pytest

from gre.evaluation.asking.draws import SHARES
from gre.evaluation.runs.calibration import calibrate, calibration_lines, read_calibration
from gre.geo.distance import destination, great_circle_km
from gre.geo.latlon import LatLon
from gre.geo.spread import medoid_of


def row(error_km: float | None, radius_km: float | None, **more: object) -> dict[str, object]:
    radii = None if radius_km is None else dict.fromkeys(("0.5", "0.8", "0.9", "0.95"), radius_km)
    return {
        **{"status": "ok", "texts": ["a", "b"], "radius_share": 0.9, "error_km": error_km},
        **{"radius_km": radius_km, "radii_km": radii, **more},
    }


def test_counts_by_share_and_by_radius() -> None:
    rows = [
        row(0.5, 0.9),  # inside, bin 0 to 1
        row(30.0, 10.0),  # outside, bin 1 to 25
        row(25.0, 25.0),  # just inside, bin 25 to 200: it holds its lower end
        row(9000.0, 100.0),  # outside, the same bin
        row(400.0, 3000.0),  # inside, bin 2500 and more
        row(None, None, status="failed"),  # none of its answers could be read
        row(None, None, status="error", texts=None),  # not asked
    ]
    found = calibrate(rows)
    assert found is not None
    assert (found.n, found.num_unreadable, found.radius_share) == (5, 1, 0.9)
    assert [(one.share, one.num_inside, one.rate) for one in found.by_share] == [
        (share, 3, 0.6) for share in (0.5, 0.8, 0.9, 0.95)
    ]
    # |0.6 - 0.5|, 0.2, 0.3 and 0.35: mean 0.2375
    assert found.mean_gap == pytest.approx(0.2375)
    bins = {one.from_km: (one.n, one.num_inside, one.median_error_km) for one in found.by_radius}
    assert bins == {
        **{0.0: (1, 1, 0.5), 1.0: (1, 0, 30.0), 25.0: (2, 1, 4512.5)},
        **{200.0: (0, 0, None), 750.0: (0, 0, None), 2500.0: (1, 1, 400.0)},
    }
    assert sum(one.n for one in found.by_radius) == found.n


def test_each_share_has_its_own_radius() -> None:
    radii = {"0.5": 1.0, "0.8": 10.0, "0.9": 100.0, "0.95": 1000.0}
    found = calibrate([row(50.0, 100.0, radii_km=radii)])
    assert found is not None
    assert [one.num_inside for one in found.by_share] == [0, 0, 1, 1]


def test_one_answer_per_photo_has_no_radius_to_check() -> None:
    assert calibrate([{"status": "ok", "error_km": 3.0}]) is None
    assert calibrate([]) is None


def test_nothing_readable_is_undefined_and_not_zero() -> None:
    found = calibrate([row(None, None, status="failed")])
    assert found is not None
    assert found.mean_gap is None
    assert {one.rate for one in (*found.by_share, *found.by_radius)} == {None}
    assert all(line[2] == "–" for line in calibration_lines(found))


def test_what_is_saved_reads_back_and_damage_reads_as_none() -> None:
    found = calibrate([row(0.5, 0.9), row(30.0, 10.0)])
    assert found is not None
    saved = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert read_calibration({"calibration": saved}) == found
    assert read_calibration({}) is None
    assert read_calibration({"calibration": {"n": 3}}) is None
    assert read_calibration({"calibration": "x"}) is None


def simulate(
    *, spread_km: float, believed_km: float, num: int = 300, draws: int = 61
) -> list[dict]:
    """Photos whose truth scatters by one width around a centre, and answers that do by another."""
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(num):
        center = LatLon(float(rng.uniform(-50, 50)), float(rng.uniform(-170, 170)))

        def scatter(width_km: float, center: LatLon = center) -> LatLon:
            return destination(
                center,
                bearing_deg=float(rng.uniform(0, 360)),
                distance_km=width_km * math.sqrt(-2 * math.log(rng.uniform(1e-12, 1))),
            )

        truth = scatter(spread_km)
        points = [scatter(believed_km) for _ in range(draws)]
        medoid = medoid_of(points)
        radii = {str(share): medoid.radius_km(share) for share in SHARES}
        error_km = great_circle_km(points[medoid.position], truth)
        rows.append(row(error_km, radii["0.9"], radii_km=radii))
    return rows


def test_a_model_that_knows_its_error_is_calibrated_and_a_boaster_is_not() -> None:
    # Truth and answers scatter alike, so the radius of 90 % of many answers holds 90 % of truths,
    # but for the medoid's own scatter and the standard error of 300 photos (2 to 3 points).
    honest = calibrate(simulate(spread_km=100.0, believed_km=100.0))
    assert honest is not None
    for one in honest.by_share:
        assert one.rate == pytest.approx(one.share, abs=0.08)
    # With answers half as wide the radius of 90 %, 2.146 * 50 km, holds 1 - exp(-2.146² / 8), 44 %.
    boaster = calibrate(simulate(spread_km=100.0, believed_km=50.0))
    assert boaster is not None
    assert boaster.by_share[2].rate == pytest.approx(0.44, abs=0.08)
    assert boaster.mean_gap is not None
    assert honest.mean_gap is not None
    assert boaster.mean_gap > 0.2 > 0.08 > honest.mean_gap


def test_from_few_answers_the_radius_is_too_small() -> None:
    # With two answers the first is the medoid and the second ends the radius. Truth and second
    # answer scatter alike, so either is the nearer one as often: half of the truths lie inside.
    # The radius of 50 % holds the medoid alone.
    two = calibrate(simulate(spread_km=100.0, believed_km=100.0, num=1000, draws=2))
    assert two is not None
    assert (two.by_share[0].share, two.by_share[0].rate) == (0.5, 0.0)
    assert two.by_share[2].rate == pytest.approx(0.5, abs=0.05)  # 3 standard errors
    eight = calibrate(simulate(spread_km=100.0, believed_km=100.0, num=1000, draws=8))
    assert eight is not None
    assert two.by_share[2].ci95[1] < 0.6 < 0.8 < (eight.by_share[2].rate or 0) < 0.9
