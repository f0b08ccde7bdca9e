"""Paired differences: published and hand-worked values, symmetry, and how often they hold."""

import math

import numpy as np
import pytest

from gre.evaluation.comparing import paired
from gre.evaluation.comparing.paired import (
    HALF_CIRCUMFERENCE_KM,
    km_differences,
    mcnemar_p,
    newcombe,
    rate_difference,
)


def table(both, only_a, only_b, neither):
    """Hits of a and b with these counts."""
    a = [True] * (both + only_a) + [False] * (only_b + neither)
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
    return a, b


def test_newcombe_matches_a_published_interval():
    """Cavo et al. (2012), 59, 6, 16, 80: −0.0621 (−0.1186 to −0.0046).

    Source: Fagerland, Lydersen and Laake, Statistical Analysis of Contingency Tables, chapter 8,
    as their R package contingencytables prints it.
    """
    interval = newcombe(59, 6, 16, 80)
    assert interval.low == pytest.approx(-0.1186, abs=5e-5)
    assert interval.high == pytest.approx(-0.0046, abs=5e-5)


def test_newcombe_without_correlation_is_two_wilson_limits_put_together():
    """All four cells 1: phi = 0, Wilson at 2 of 4 is 0.15004 to 0.84996, so ± sqrt(2) 0.34996."""
    interval = newcombe(1, 1, 1, 1)
    assert interval.high == pytest.approx(math.sqrt(2) * 0.34996, abs=1e-4)
    assert interval.low == -interval.high


@pytest.mark.parametrize(
    ("only_a", "only_b", "p_value"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (0, 5, 2 / 2**5),
        (2, 12, 2 * (1 + 14 + 91) / 2**14),
        (5, 5, 1.0),  # the tail holds the middle, so twice it is over 1
        (0, 2000, 0.0),
    ],
)
def test_mcnemar_worked_by_hand(only_a, only_b, p_value):
    assert mcnemar_p(only_a, only_b) == pytest.approx(p_value, rel=1e-9, abs=1e-300)
    assert mcnemar_p(only_b, only_a) == mcnemar_p(only_a, only_b)


def test_mcnemar_equals_the_exact_sum():
    for only_a, only_b in ((6, 16), (300, 350), (1, 60)):
        n, k = only_a + only_b, min(only_a, only_b)
        exact = 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n
        assert mcnemar_p(only_a, only_b) == pytest.approx(exact, rel=1e-9)


def test_a_rate_difference_worked_by_hand():
    """50 samples: 36 both, 2 a alone, 12 b alone: 76 % and 96 %."""
    found = rate_difference(*table(36, 2, 12, 0))
    assert (found.percent_a, found.percent_b) == (76.0, 96.0)
    assert found.difference == pytest.approx(20.0)
    assert (found.only_a, found.only_b) == (2, 12)
    assert found.p_value == pytest.approx(0.012939453125)
    assert found.excludes_zero
    assert found.ci95.low < 20.0 < found.ci95.high


@pytest.mark.parametrize("counts", [(3, 4, 9, 8), (0, 0, 7, 3), (10, 0, 0, 0), (5, 0, 0, 5)])
def test_swapping_the_runs_turns_the_sign(counts):
    a, b = table(*counts)
    there, back = rate_difference(a, b), rate_difference(b, a)
    assert back.difference == -there.difference
    assert back.ci95.low == pytest.approx(-there.ci95.high, abs=1e-12)
    assert back.ci95.high == pytest.approx(-there.ci95.low, abs=1e-12)
    assert back.p_value == there.p_value


def test_swapping_the_runs_turns_the_sign_of_kilometres():
    rng = np.random.default_rng(1)
    a, b = rng.lognormal(5, 2, (2, 60))
    there, back = km_differences(a, b), km_differences(b, a)
    for name in ("median_km", "mean_km"):
        assert back[name].difference == -there[name].difference
        assert back[name].ci95.low == pytest.approx(-there[name].ci95.high)
        assert back[name].ci95.high == pytest.approx(-there[name].ci95.low)


def test_a_shift_of_every_error_is_known_exactly():
    """Each resample of b is a resample of a, 10 km less: nothing is left to chance."""
    a = np.random.default_rng(2).lognormal(6, 1, 41) + 20.0
    for found in km_differences(a, a - 10.0).values():
        assert found.difference == pytest.approx(-10.0)
        assert found.ci95.low == pytest.approx(-10.0)
        assert found.ci95.high == pytest.approx(-10.0)
        assert found.excludes_zero


def test_kilometres_worked_by_hand():
    found = km_differences([1.0, 10.0, 100.0], [1.0, 4.0, 10.0])
    assert (found["median_km"].km_a, found["median_km"].km_b) == (10.0, 4.0)
    assert found["mean_km"].difference == pytest.approx(5.0 - 37.0)
    # 27 resamples; (1, 1, 1) and (100, 100, 100) each have a chance of 1 in 27, above 2.5 %
    assert found["mean_km"].ci95.low == pytest.approx(-90.0)
    assert found["mean_km"].ci95.high == pytest.approx(0.0)
    assert not found["mean_km"].excludes_zero


def test_the_same_every_time():
    a, b = np.random.default_rng(3).lognormal(5, 2, (2, 30))
    assert km_differences(a, b) == km_differences(a, b)


def test_equal_runs_differ_by_nothing():
    a, _ = table(4, 0, 0, 6)
    found = rate_difference(a, a)
    assert found.difference == 0.0
    assert found.ci95.low < 0.0 < found.ci95.high
    assert found.p_value == 1.0
    assert not found.excludes_zero
    assert km_differences([1.0, 2.0], [1.0, 2.0])["mean_km"].difference == 0.0


def test_half_the_circumference():
    assert round(HALF_CIRCUMFERENCE_KM) == 20_015


@pytest.mark.parametrize("lists", [([], []), ([1], [1, 2])])
def test_lists_that_do_not_pair_are_refused(lists):
    for compare in (rate_difference, km_differences):
        with pytest.raises(ValueError, match="two lists of one length above 0"):
            compare(*lists)


@pytest.mark.parametrize("n", [60, 500])
@pytest.mark.parametrize(
    "chances", [(0.4, 0.1, 0.1, 0.4), (0.5, 0.05, 0.2, 0.25), (0.02, 0.01, 0.05, 0.92)]
)
def test_newcombe_covers_the_truth_about_95_percent_of_the_time(chances, n):
    """2,000 draws: one standard error is half a point. Few hits make it a little too wide."""
    truth = chances[1] - chances[2]
    draws = np.random.default_rng(4).multinomial(n, chances, size=2000)
    intervals = [newcombe(*map(int, draw)) for draw in draws]
    covered = np.mean([interval.low <= truth <= interval.high for interval in intervals])
    assert 0.93 <= covered <= 0.99


def test_the_bootstrap_covers_the_truth_about_95_percent_of_the_time(monkeypatch):
    """Errors of b are those of a times a factor around e^-0.5; 300 draws, standard error 1.3."""
    monkeypatch.setattr(paired, "PAIRED_RESAMPLES", 400)
    truth = {
        "median_km": math.exp(4.5) - math.exp(5.0),
        "mean_km": math.exp(4.5 + (1 + 0.09) / 2) - math.exp(5.5),
    }
    rng = np.random.default_rng(5)
    covered = dict.fromkeys(truth, 0)
    for _ in range(300):
        a = rng.lognormal(5.0, 1.0, 80)
        found = km_differences(a, a * rng.lognormal(-0.5, 0.3, 80))
        for name, km in truth.items():
            covered[name] += found[name].ci95.low <= km <= found[name].ci95.high
    for count in covered.values():
        assert 0.90 <= count / 300 <= 0.99
