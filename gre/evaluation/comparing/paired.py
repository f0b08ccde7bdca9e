"""Two runs on the same samples: differences with 95 % intervals that know the samples are the same.

What both runs get right, or both get wrong, says nothing about which is better, so a paired
interval is much narrower than two intervals side by side suggest. Differences are "after minus
before": b - a.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gre.geo.distance import EARTH_RADIUS_KM
from gre.intervals import BOOTSTRAP_SEED, RESAMPLED_AT_ONCE, Interval, wilson

HALF_CIRCUMFERENCE_KM = math.pi * EARTH_RADIUS_KM
"""20,015 km: no point is farther from another. What an unreadable answer counts as. Ours."""
PAIRED_RESAMPLES = 10_000
STATISTICS: Mapping[str, Callable[..., Any]] = {"median_km": np.median, "mean_km": np.mean}
"""Functions of errors whose differences are bootstrapped, by the names of `gre.metrics`.
Any: numpy's own signatures, called with and without an axis."""


@dataclass(frozen=True, slots=True)
class RateDifference:
    """A rate before and after, over the same samples.

    Attributes:
        n: Samples.
        hits_a, hits_b: Hits before and after.
        only_a, only_b: Samples that only one of the two hits: all that the difference is made of.
        ci95: Interval of the difference, percentage points.
        p_value: Exact McNemar: chance of a split of the single hits at least as uneven, were both
            equally good.
    """

    n: int
    hits_a: int
    hits_b: int
    only_a: int
    only_b: int
    ci95: Interval
    p_value: float

    @property
    def percent_a(self) -> float:
        """Rate before, percent."""
        return 100.0 * self.hits_a / self.n

    @property
    def percent_b(self) -> float:
        """Rate after, percent."""
        return 100.0 * self.hits_b / self.n

    @property
    def difference(self) -> float:
        """After minus before, percentage points."""
        return 100.0 * (self.hits_b - self.hits_a) / self.n

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return excludes_zero(self.ci95)

    def to_json(self) -> dict[str, Any]:  # Any: plain values, ready for json.dumps
        """Plain values; rates in percent, the difference and its interval in points."""
        return {
            "n": self.n,
            "a": self.percent_a,
            "b": self.percent_b,
            "difference": self.difference,
            "ci95": [self.ci95.low, self.ci95.high],
            "excludes_zero": self.excludes_zero,
            "only_a": self.only_a,
            "only_b": self.only_b,
            "mcnemar_p": self.p_value,
        }


@dataclass(frozen=True, slots=True)
class KmDifference:
    """A statistic of the errors before and after, over the same samples, kilometres."""

    km_a: float
    km_b: float
    ci95: Interval

    @property
    def difference(self) -> float:
        """After minus before, kilometres: below zero is better."""
        return self.km_b - self.km_a

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return excludes_zero(self.ci95)

    def to_json(self) -> dict[str, Any]:  # Any: plain values, ready for json.dumps
        """Plain values, kilometres."""
        return {
            "a": self.km_a,
            "b": self.km_b,
            "difference": self.difference,
            "ci95": [self.ci95.low, self.ci95.high],
            "excludes_zero": self.excludes_zero,
        }


def excludes_zero(interval: Interval) -> bool:
    """Whether an interval lies wholly above or wholly below zero."""
    return interval.low > 0.0 or interval.high < 0.0


def rate_difference(hits_a: ArrayLike, hits_b: ArrayLike) -> RateDifference:
    """Compare two rates over the same samples.

    Args:
        hits_a: Whether each sample is a hit, before.
        hits_b: The same after, in the same order.

    Raises:
        ValueError: There is no sample, or the two are not of one length.
    """
    a, b = np.asarray(hits_a, dtype=np.bool_), np.asarray(hits_b, dtype=np.bool_)
    _check_paired(a, b)
    both, only_a = int((a & b).sum()), int((a & ~b).sum())
    only_b = int((~a & b).sum())
    interval = newcombe(both, only_b, only_a, a.size - both - only_a - only_b)
    return RateDifference(
        n=a.size,
        hits_a=both + only_a,
        hits_b=both + only_b,
        only_a=only_a,
        only_b=only_b,
        ci95=Interval(100.0 * interval.low, 100.0 * interval.high),
        p_value=mcnemar_p(only_a, only_b),
    )


def km_differences(errors_a_km: ArrayLike, errors_b_km: ArrayLike) -> Mapping[str, KmDifference]:
    """Compare median and mean error over the same samples, with a paired percentile bootstrap.

    A resample draws samples with replacement and takes both errors of each: PAIRED_RESAMPLES of
    them, the same ones for every statistic and, with a fixed seed, every time.

    Args:
        errors_a_km: Errors before, kilometres.
        errors_b_km: Errors after, in the same order.

    Returns:
        Differences by the names in `STATISTICS`.

    Raises:
        ValueError: There is no sample, or the two are not of one length.

    Source: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7
        (1979).
    """
    a = np.asarray(errors_a_km, dtype=np.float64)
    b = np.asarray(errors_b_km, dtype=np.float64)
    _check_paired(a, b)
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in STATISTICS}
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    rows = max(1, RESAMPLED_AT_ONCE // a.size)
    for first in range(0, PAIRED_RESAMPLES, rows):
        shape = (min(rows, PAIRED_RESAMPLES - first), a.size)
        chosen = rng.integers(0, a.size, shape)
        for name, statistic in STATISTICS.items():
            drawn[name].append(statistic(b[chosen], axis=1) - statistic(a[chosen], axis=1))
    found = {}
    for name, statistic in STATISTICS.items():
        low, high = np.quantile(np.concatenate(drawn[name]), [0.025, 0.975])
        interval = Interval(float(low), float(high))
        found[name] = KmDifference(float(statistic(a)), float(statistic(b)), interval)
    return found


def newcombe(both: int, only_first: int, only_second: int, neither: int) -> Interval:
    """95 % interval of the difference of two rates over the same samples, as fractions.

    The rates are (both + only_first) / n and (both + only_second) / n, the difference is first
    minus second. Wilson's limits of each rate are put together with the correlation of the two.

    Args:
        both: Samples that both hit.
        only_first: Samples that the first alone hits.
        only_second: Samples that the second alone hits.
        neither: Samples that neither hits; the four sum to above 0.

    Source: R. G. Newcombe, "Improved confidence intervals for the difference between binomial
        proportions based on paired data", Statistics in Medicine 17 (1998), method 10.
    """
    n = both + only_first + only_second + neither
    first, second = both + only_first, both + only_second
    rate_1, rate_2 = first / n, second / n
    limits_1, limits_2 = wilson(first, n), wilson(second, n)
    phi = _correlation(both, only_first, only_second, neither)
    below_1, above_1 = rate_1 - limits_1.low, limits_1.high - rate_1
    below_2, above_2 = rate_2 - limits_2.low, limits_2.high - rate_2
    down = below_1**2 - 2 * phi * below_1 * above_2 + above_2**2
    up = above_1**2 - 2 * phi * above_1 * below_2 + below_2**2
    difference = (only_first - only_second) / n
    # Rounding can carry a square that is zero a little below it.
    return Interval(
        difference - math.sqrt(max(down, 0.0)),
        difference + math.sqrt(max(up, 0.0)),
    )


def mcnemar_p(only_a: int, only_b: int) -> float:
    """Exact two-sided McNemar p: twice the binomial tail of the smaller count at 1/2, at most 1.

    Source: Q. McNemar, "Note on the sampling error of the difference between correlated
        proportions", Psychometrika 12 (1947), in its exact form.
    """
    num_single, fewer = only_a + only_b, min(only_a, only_b)
    if num_single == 0:
        return 1.0
    k = np.arange(1, fewer + 1, dtype=np.float64)
    log_choose = np.concatenate([[0.0], np.cumsum(np.log((num_single - k + 1) / k))])
    top = log_choose.max()
    log_tail = top + math.log(np.exp(log_choose - top).sum()) - num_single * math.log(2.0)
    return min(1.0, 2.0 * math.exp(log_tail))


def _correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Newcombe's phi: of the fourfold table, with a continuity correction where it is positive."""
    n = both + only_first + only_second + neither
    margins = (both + only_first) * (only_second + neither)
    margins *= (both + only_second) * (only_first + neither)
    if margins == 0:
        return 0.0
    excess: float = both * neither - only_first * only_second
    if excess > 0:
        excess = max(excess - n / 2, 0.0)
    return excess / math.sqrt(margins)


def _check_paired(a: NDArray[Any], b: NDArray[Any]) -> None:  # Any: flags or kilometres
    if a.size == 0 or a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"must be two lists of one length above 0, got {a.shape} and {b.shape}")
