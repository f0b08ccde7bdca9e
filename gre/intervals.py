"""95 % intervals: Wilson for rates; bootstrap for means, medians and clusters of samples."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z_95 = 1.959963984540054
"""97.5th percentile of the normal distribution."""
BOOTSTRAP_RESAMPLES = 2000
BOOTSTRAP_SEED = 42
RESAMPLED_AT_ONCE = 1_000_000
"""Values drawn in one numpy call: 16 MB."""
MAX_RESAMPLED_ROWS = 20_000
"""Above this many rows the bootstrap of a mean is drawn from its normal limit (ours)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval, both ends in the unit of the number it belongs to."""

    low: float
    high: float


def wilson(hits: int, n: int) -> Interval:
    """95 % interval of a rate, as fractions in [0, 1]; (0, 1) when nothing was tried.

    Never degenerate: at zero hits of n the upper end is z² / (n + z²).

    Raises:
        ValueError: hits is not in [0, n].

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
        J. American Statistical Association 22 (1927).
    """
    if not 0 <= hits <= n:
        raise ValueError(f"hits must be in [0, {n}], got {hits}")
    if n == 0:
        return Interval(0.0, 1.0)
    rate, z2 = hits / n, Z_95 * Z_95
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    # At the ends the two terms cancel in exact arithmetic and leave rounding dust in floats.
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == n else min(1.0, centre + half)
    return Interval(low, high)


def bootstrap_mean_ci(values: ArrayLike, *, seed: int = BOOTSTRAP_SEED) -> Interval:
    """95 % percentile bootstrap interval of a mean; NaN ends when there is no value.

    Above MAX_RESAMPLED_ROWS values, mean ± 1.96 standard errors: the limit that the bootstrap
    distribution has reached by then.

    Source: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7
        (1979).
    """
    data = np.asarray(values, dtype=np.float64)
    if data.size == 0:
        return Interval(math.nan, math.nan)
    if data.size > MAX_RESAMPLED_ROWS:
        half = Z_95 * float(data.std()) / math.sqrt(data.size)
        return Interval(float(data.mean()) - half, float(data.mean()) + half)
    rng = np.random.default_rng(seed)
    rows = max(1, RESAMPLED_AT_ONCE // data.size)
    means: list[NDArray[np.float64]] = []
    for first in range(0, BOOTSTRAP_RESAMPLES, rows):
        shape = (min(rows, BOOTSTRAP_RESAMPLES - first), data.size)
        means.append(data[rng.integers(0, data.size, shape)].mean(axis=1))
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return Interval(float(low), float(high))


def bootstrap_median_ci(values: ArrayLike, *, seed: int = BOOTSTRAP_SEED) -> Interval:
    """95 % percentile bootstrap interval of a median; NaN ends when there is no value.

    A resample picks n of the sorted values, so its k-th smallest is the value at floor(n U), where
    U is the k-th of n sorted uniform numbers: Beta(k, n - k + 1). Drawing U is exact and costs the
    same for a million rows as for ten.

    Source: Efron (1979); order statistics of uniform numbers, H. A. David, "Order Statistics".
    """
    data = np.sort(np.asarray(values, dtype=np.float64))
    n = data.size
    if n == 0:
        return Interval(math.nan, math.nan)
    rng = np.random.default_rng(seed)
    middle = (n + 1) // 2
    lower = rng.beta(middle, n - middle + 1, BOOTSTRAP_RESAMPLES)
    medians = data[np.minimum((lower * n).astype(np.int64), n - 1)]
    if n % 2 == 0:  # the next order statistic, given this one, is the least of n - k uniforms above
        upper = lower + (1.0 - lower) * rng.beta(1, n - middle, BOOTSTRAP_RESAMPLES)
        medians = (medians + data[np.minimum((upper * n).astype(np.int64), n - 1)]) / 2.0
    low, high = np.quantile(medians, [0.025, 0.975])
    return Interval(float(low), float(high))


def cluster_rate_ci(hits: ArrayLike, labels: ArrayLike, *, seed: int = BOOTSTRAP_SEED) -> Interval:
    """95 % interval of a rate over clusters that are drawn whole, as fractions in [0, 1].

    Where nothing or everything hits, drawing again shows no spread: then Wilson's interval for as
    many samples as the clusters are worth if their members never differ, n² / Σ size².

    Args:
        hits: Whether each sample hits.
        labels: Cluster of each sample, any whole numbers.
        seed: Of the draws.

    Source: A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application", section 3.8;
        L. Kish, "Survey Sampling", effective sample size.
    """
    inside = np.asarray(hits, dtype=np.float64)
    sizes, sums = _cluster_sums(inside, labels)
    if inside.size == 0:
        return Interval(0.0, 1.0)
    if sums.sum() in (0.0, sizes.sum()):
        effective = sizes.sum() ** 2 / (sizes**2).sum()
        edge = Z_95 * Z_95 / (effective + Z_95 * Z_95)
        return Interval(0.0, edge) if sums.sum() == 0.0 else Interval(1.0 - edge, 1.0)
    return _cluster_ratio_ci(sums, sizes, seed)


def cluster_mean_ci(
    values: ArrayLike, labels: ArrayLike, *, seed: int = BOOTSTRAP_SEED
) -> Interval:
    """95 % bootstrap interval of a mean over clusters drawn whole; NaN ends without a value."""
    data = np.asarray(values, dtype=np.float64)
    if data.size == 0:
        return Interval(math.nan, math.nan)
    sizes, sums = _cluster_sums(data, labels)
    return _cluster_ratio_ci(sums, sizes, seed)


def cluster_median_ci(
    values: ArrayLike, labels: ArrayLike, *, seed: int = BOOTSTRAP_SEED
) -> Interval:
    """95 % bootstrap interval of a median over clusters drawn whole; NaN ends without a value.

    The median of a draw is the least value up to which half of the drawn weight lies.
    """
    data = np.asarray(values, dtype=np.float64)
    if data.size == 0:
        return Interval(math.nan, math.nan)
    order = np.argsort(data, kind="stable")
    _, members = np.unique(np.asarray(labels)[order], return_inverse=True)
    ordered, num = data[order], int(members.max()) + 1
    medians = []
    for counts in _cluster_draws(num, seed, width=max(num, data.size)):
        weights = np.cumsum(counts[:, members], axis=1)
        middle = (weights < weights[:, -1:] / 2.0).sum(axis=1)
        medians.append(ordered[middle])
    low, high = np.quantile(np.concatenate(medians), [0.025, 0.975])
    return Interval(float(low), float(high))


def _cluster_sums(
    values: NDArray[np.float64], labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Size and sum of values of each cluster."""
    _, members = np.unique(np.asarray(labels), return_inverse=True)
    sums = np.bincount(members, weights=values).astype(np.float64)
    return np.bincount(members).astype(np.float64), sums


def _cluster_ratio_ci(sums: NDArray[np.float64], sizes: NDArray[np.float64], seed: int) -> Interval:
    ratios = [
        (counts @ sums) / (counts @ sizes) for counts in _cluster_draws(sums.size, seed, sums.size)
    ]
    low, high = np.quantile(np.concatenate(ratios), [0.025, 0.975])
    return Interval(float(low), float(high))


def _cluster_draws(num: int, seed: int, width: int) -> Iterator[NDArray[np.int64]]:
    """How often each of num clusters is drawn in each of BOOTSTRAP_RESAMPLES draws of num."""
    rng = np.random.default_rng(seed)
    rows = max(1, RESAMPLED_AT_ONCE // width)
    for first in range(0, BOOTSTRAP_RESAMPLES, rows):
        draws = rng.integers(0, num, (min(rows, BOOTSTRAP_RESAMPLES - first), num))
        offsets = np.arange(len(draws))[:, None] * num
        counts = np.bincount((draws + offsets).ravel(), minlength=draws.size)
        yield counts.reshape(len(draws), num)
