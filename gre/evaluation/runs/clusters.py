"""Samples that are not independent: by the same photographer, or at the same place.

Two thousand photos by two hundred people say less than two thousand by as many, so an interval that
takes them for independent is too short. Here whole clusters are drawn again.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gre.intervals import Interval, cluster_mean_ci, cluster_median_ci, cluster_rate_ci
from gre.metrics import Summary, radius_key

MIN_CLUSTERS = 10
"""With fewer, drawing them again says nothing (ours)."""


@dataclass(frozen=True)
class Clusters:
    """Which samples belong together.

    Attributes:
        by: "author" or "coordinate".
        labels: Cluster of each sample, numbered from 0.
        num: How many there are.
        largest: Samples in the largest.
    """

    by: str
    labels: NDArray[np.int64]
    num: int
    largest: int


@dataclass(frozen=True)
class ClusteredIntervals:
    """Bootstrap intervals over clusters, in the units of the numbers they belong to."""

    rates: dict[str, Interval]
    mean_km: Interval
    median_km: Interval


def find_clusters(
    authors: Sequence[str | None], points: Sequence[tuple[float, float]]
) -> Clusters | None:
    """The clusters of some samples: authors where the data names them, else repeated coordinates.

    A sample without an author is a cluster of its own.

    Returns:
        None where no two samples belong together, or there are too few clusters.
    """
    keys: list[Hashable]
    if any(authors):
        by, keys = "author", [name or ("", i) for i, name in enumerate(authors)]
    else:
        by, keys = "coordinate", list(points)
    sizes = Counter(keys)
    if len(sizes) == len(keys) or len(sizes) < MIN_CLUSTERS:
        return None
    number = {key: i for i, key in enumerate(sizes)}
    labels = np.array([number[key] for key in keys], dtype=np.int64)
    return Clusters(by, labels, len(sizes), max(sizes.values()))


def clustered_intervals(
    placed_km: NDArray[np.float64], clusters: Clusters, summary: Summary
) -> ClusteredIntervals:
    """Bootstrap the numbers of a summary over clusters.

    Args:
        placed_km: Errors of the samples in the denominator, as the protocol places them; NaN where
            a sample has none.
        clusters: Their clusters.
        summary: The numbers; its radii and its test are used.
    """
    is_le = summary.protocol.test == "le"
    rates = {}
    for key in summary.hits:
        radius = float(key)
        assert radius_key(radius) == key
        hits = placed_km <= radius if is_le else placed_km < radius
        rate = cluster_rate_ci(hits, clusters.labels)
        rates[key] = Interval(100 * rate.low, 100 * rate.high)
    known = ~np.isnan(placed_km)
    return ClusteredIntervals(
        rates,
        cluster_mean_ci(placed_km[known], clusters.labels[known]),
        cluster_median_ci(placed_km[known], clusters.labels[known]),
    )
