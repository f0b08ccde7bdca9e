"""Metrics against hand-worked values and laws."""

import json
import math

import numpy as np
import pytest

from gre.errors import InputError
from gre.geo.distance import geodesic_km, great_circle_km
from gre.geo.latlon import LatLon
from gre.metrics import Protocol, Summary, geoguessr_score, score_errors

ERRORS_KM = [0.5, 1.0, 24.0, 700.0, 9000.0, math.nan]
"""Six samples, the last unreadable: 2 within 1 km, 3 within 25 and 200, 4 within 750 and 2500."""


@pytest.mark.parametrize(
    ("error_km", "points"),
    [
        (0.0, 5000),
        (0.2, 4999),  # 5000 exp(-0.000134) = 4999.33
        (1492.7, 1839),  # 5000 / e = 1839.40
        (1034.0, 2501),  # 1492.7 ln 2 = 1034.66: half the points a little farther
        (1035.0, 2499),
        (20015.1, 0),  # half the globe: 5000 exp(-13.41) = 0.0075
    ],
)
def test_geoguessr_score_of_known_distances(error_km, points):
    assert float(geoguessr_score(error_km)) == points


@pytest.mark.parametrize(
    ("truth", "guess"),
    [((10.0, 180.0), (10.0, -180.0)), ((90.0, 0.0), (90.0, 77.0)), ((-33.3, 18.1), (-33.3, 18.1))],
)
@pytest.mark.parametrize("distance", [great_circle_km, geodesic_km])
def test_one_place_written_in_two_ways_scores_full_marks(truth, guess, distance):
    assert float(geoguessr_score(distance(LatLon(*truth), LatLon(*guess)))) == 5000


def test_geoguessr_score_falls_with_distance_and_keeps_nan():
    scores = geoguessr_score(np.linspace(0, 20_000, 500))
    assert (np.diff(scores) <= 0).all()
    assert math.isnan(float(geoguessr_score(math.nan)))


def test_default_protocol_counts_unreadable_as_a_miss():
    summary = score_errors(ERRORS_KM)
    assert (summary.n, summary.n_readable, summary.denominator) == (6, 5, 6)
    assert dict(summary.hits) == {"1": 2, "25": 3, "200": 3, "750": 4, "2500": 4}
    assert summary.accuracy["1"] == pytest.approx(100 * 2 / 6)
    assert summary.mean_km == pytest.approx((0.5 + 1 + 24 + 700 + 9000) / 5)
    assert summary.median_km == 24.0
    points = [4998, 4996, 4920, 3128, 12]  # floor(5000 exp(-d / 1492.7)), worked by hand
    assert summary.geoscore == pytest.approx(sum(points) / 6)


@pytest.mark.parametrize(
    ("unreadable", "denominator", "mean_km", "median_km", "hits_2500"),
    [
        ("miss", 6, 9725.5 / 5, 24.0, 4),
        ("drop", 5, 9725.5 / 5, 24.0, 4),
        ("origin", 6, (9725.5 + 100.0) / 6, 62.0, 5),
        (10_000.0, 6, (9725.5 + 10_000.0) / 6, 362.0, 4),
        ("10000", 6, (9725.5 + 10_000.0) / 6, 362.0, 4),
    ],
)
def test_rules_for_unreadable_answers(unreadable, denominator, mean_km, median_km, hits_2500):
    protocol = Protocol(unreadable=unreadable)
    origin_km = [5000.0] * 5 + [100.0]  # the unreadable sample's truth is 100 km from (0, 0)
    summary = score_errors(ERRORS_KM, protocol=protocol, origin_km=origin_km)
    assert (summary.n, summary.n_readable, summary.denominator) == (6, 5, denominator)
    assert summary.mean_km == pytest.approx(mean_km)
    assert summary.median_km == pytest.approx(median_km)
    assert summary.hits["2500"] == hits_2500


def test_boundary_belongs_to_le_and_not_to_lt():
    errors = [1.0, 25.0]
    assert score_errors(errors).hits["1"] == 1
    assert score_errors(errors, protocol=Protocol(test="lt")).hits["1"] == 0
    assert score_errors(errors, protocol=Protocol(test="lt")).hits["25"] == 1


def test_order_does_not_matter_and_accuracy_grows_with_radius():
    errors = np.random.default_rng(1).lognormal(5, 3, 400)
    one, two = score_errors(errors), score_errors(errors[::-1])
    assert one.hits == two.hits
    assert one.median_km == two.median_km
    assert list(one.accuracy.values()) == sorted(one.accuracy.values())
    for key, interval in one.ci95.items():
        assert interval.low <= one.accuracy[key] <= interval.high


def test_nothing_readable_and_nothing_at_all():
    unreadable = score_errors([math.nan, math.nan])
    assert unreadable.accuracy["2500"] == 0.0
    assert unreadable.geoscore == 0.0
    assert math.isnan(unreadable.mean_km)
    assert unreadable.ci95["2500"].high > 0
    empty = score_errors([], n_errors=3)
    assert math.isnan(empty.accuracy["1"])
    assert json.loads(json.dumps(empty.to_json(), allow_nan=False))["accuracy"]["1"] is None


def test_json_has_the_published_keys_and_reads_back():
    summary = score_errors(ERRORS_KM, n_errors=2)
    data = json.loads(json.dumps(summary.to_json(), allow_nan=False))
    wanted = {"n", "n_readable", "hits", "accuracy", "mean_km", "median_km", "geoscore", "ci95"}
    assert wanted | {"protocol"} <= set(data)
    for key in ("hits", "accuracy", "ci95"):
        assert list(data[key]) == ["1", "25", "200", "750", "2500"]
    assert data["protocol"] == {"distance": "haversine", "test": "le", "unreadable": "miss"}
    assert Summary.from_json(data) == summary


@pytest.mark.parametrize(
    "bad",
    [
        {"distance": "manhattan"},
        {"test": "ge"},
        {"unreadable": "ignore"},
        {"unreadable": -1.0},
        {"unreadable": "nan"},
        {"unreadable": "inf"},
    ],
)
def test_protocol_refuses_in_one_line(bad):
    with pytest.raises(InputError, match="must be one of") as caught:
        Protocol(**bad)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("errors", [[-1.0], [math.inf]])
def test_impossible_errors_are_refused(errors):
    with pytest.raises(ValueError, match="error_km"):
        score_errors(errors)


def test_origin_needs_its_distances():
    with pytest.raises(ValueError, match="origin_km"):
        score_errors([math.nan], protocol=Protocol(unreadable="origin"))
