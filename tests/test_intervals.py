"""Intervals: known values, and how often they hold the truth."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from gre.intervals import (
    bootstrap_mean_ci,
    bootstrap_median_ci,
    cluster_mean_ci,
    cluster_median_ci,
    cluster_rate_ci,
    wilson,
)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # z² / (n + z²) with z² = 3.8415
        (0, 10, 0.0, 0.27753),
        (10, 10, 0.72247, 1.0),
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_matches_published_values(hits, n, low, high):
    interval = wilson(hits, n)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


def test_wilson_of_nothing_says_nothing():
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@pytest.mark.parametrize(("hits", "n"), [(-1, 5), (6, 5)])
def test_wilson_refuses_impossible_counts(hits, n):
    with pytest.raises(ValueError, match="hits must be in"):
        wilson(hits, n)


@pytest.mark.parametrize("n", [500, 2997])
@pytest.mark.parametrize("rate", [0.05, 0.1, 0.3, 0.5, 0.7, 0.95])
def test_wilson_covers_the_truth_93_to_97_percent_of_the_time(rate, n):
    # exact: the binomial probability of every count whose interval holds the rate
    log_choose = [
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(n + 1)
    ]
    covered = 0.0
    for hits in range(n + 1):
        interval = wilson(hits, n)
        if interval.low <= rate <= interval.high:
            covered += math.exp(
                log_choose[hits] + hits * math.log(rate) + (n - hits) * math.log1p(-rate)
            )
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize(
    ("interval_of", "truth"), [(bootstrap_mean_ci, 1.0), (bootstrap_median_ci, math.log(2))]
)
def test_bootstrap_covers_the_truth_of_an_exponential(interval_of, truth):
    # 300 trials: three standard errors of a rate of 95 % are 3.8 points
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(300):
        interval = interval_of(rng.exponential(size=100))
        covered += interval.low <= truth <= interval.high
    assert 0.91 <= covered / 300 <= 0.99


@pytest.mark.parametrize("n", [9, 10])
def test_fast_median_bootstrap_agrees_with_resampling(n):
    data = np.random.default_rng(3).lognormal(3, 1, n)
    rng = np.random.default_rng(11)
    medians = np.median(data[rng.integers(0, n, (20_000, n))], axis=1)
    low, high = np.quantile(medians, [0.025, 0.975])
    interval = bootstrap_median_ci(data)
    spread = np.sort(data)
    # both ends fall within one neighbouring value of the slow ones
    for fast, slow in ((interval.low, low), (interval.high, high)):
        assert abs(np.searchsorted(spread, fast) - np.searchsorted(spread, slow)) <= 1


def test_bootstrap_is_repeatable_and_handles_the_ends():
    data = np.arange(50.0)
    assert bootstrap_mean_ci(data) == bootstrap_mean_ci(data)
    assert bootstrap_median_ci([3.0]).low == bootstrap_median_ci([3.0]).high == 3.0
    assert math.isnan(bootstrap_mean_ci([]).low)
    assert math.isnan(bootstrap_median_ci([]).high)


def test_normal_limit_joins_the_bootstrap_where_it_takes_over():
    data = np.random.default_rng(5).lognormal(5, 1, 20_001)
    limit, drawn = bootstrap_mean_ci(data), bootstrap_mean_ci(data[:-1])
    width = drawn.high - drawn.low
    assert limit.low == pytest.approx(drawn.low, abs=0.1 * width)
    assert limit.high == pytest.approx(drawn.high, abs=0.1 * width)


@pytest.mark.parametrize("n", [500, 2997])
@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5, 0.8, 0.95])
def test_simulated_wilson_intervals_hold_the_truth(rate, n):
    # 20,000 benchmarks: three standard errors of a rate of 95 % are 0.46 points
    hits = np.random.default_rng(17).binomial(n, rate, 20_000)
    held = {int(k): wilson(int(k), n).low <= rate <= wilson(int(k), n).high for k in set(hits)}
    assert 0.93 <= np.mean([held[int(k)] for k in hits]) <= 0.97


@pytest.mark.parametrize("n", [1, 10, 500, 2997, 1_000_000])
def test_no_hit_is_no_proof_of_zero(n):
    # z² / (n + z²), e.g. 0.76 % of 500
    for interval in (wilson(0, n), cluster_rate_ci(np.zeros(n), np.arange(n))):
        assert interval.low == 0.0
        assert interval.high == pytest.approx(3.8415 / (n + 3.8415), rel=1e-4)
    assert wilson(n, n).low == pytest.approx(n / (n + 3.8415), rel=1e-4)
    assert wilson(n, n).high == 1.0


def test_no_hit_in_few_large_clusters_says_less():
    # 50 clusters of 10 are worth 500² / (50 · 10²) = 50 samples
    interval = cluster_rate_ci(np.zeros(500), np.repeat(np.arange(50), 10))
    assert interval.high == pytest.approx(3.8415 / 53.8415, rel=1e-4)


def _clustered(rng, *, num=60):
    """Sizes 1 to 30, and a log-normal error whose median is the cluster's own."""
    sizes = rng.integers(1, 31, num)
    labels = np.repeat(np.arange(num), sizes)
    return labels, rng.normal(size=num)[labels] + rng.normal(size=labels.size)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_cluster_intervals_hold_the_truth_where_plain_ones_do_not(rate):
    # 300 benchmarks: three standard errors of a rate of 95 % are 3.8 points
    cut = NormalDist(0, math.sqrt(2)).inv_cdf(rate)
    rng, clustered, plain = np.random.default_rng(23), 0, 0
    for _ in range(300):
        labels, values = _clustered(rng)
        interval = cluster_rate_ci(values <= cut, labels)
        clustered += interval.low <= rate <= interval.high
        naive = wilson(int((values <= cut).sum()), values.size)
        plain += naive.low <= rate <= naive.high
    assert 0.90 <= clustered / 300 <= 0.985
    assert plain / 300 < 0.75


@pytest.mark.parametrize(
    ("interval_of", "num_trials"), [(cluster_mean_ci, 300), (cluster_median_ci, 60)]
)
def test_cluster_intervals_of_mean_and_median_hold_zero(interval_of, num_trials):
    # three standard errors: 3.8 points of 300, 8.4 of 60
    rng, held = np.random.default_rng(29), 0
    for _ in range(num_trials):
        labels, values = _clustered(rng)
        interval = interval_of(values, labels)
        held += interval.low <= 0.0 <= interval.high
    assert 0.86 <= held / num_trials <= 1.0


def test_clusters_of_one_are_the_plain_bootstrap():
    values = np.random.default_rng(31).lognormal(3, 1, 400)
    labels = np.arange(400)
    plain, clustered = bootstrap_mean_ci(values), cluster_mean_ci(values, labels)
    width = plain.high - plain.low
    assert clustered.low == pytest.approx(plain.low, abs=0.1 * width)
    assert clustered.high == pytest.approx(plain.high, abs=0.1 * width)
    plain, clustered = bootstrap_median_ci(values), cluster_median_ci(values, labels)
    width = plain.high - plain.low
    assert clustered.low == pytest.approx(plain.low, abs=0.2 * width)
    assert clustered.high == pytest.approx(plain.high, abs=0.2 * width)


def test_clusters_of_nothing():
    assert cluster_rate_ci([], []).high == 1.0
    assert math.isnan(cluster_mean_ci([], []).low)
    assert math.isnan(cluster_median_ci([], []).low)
