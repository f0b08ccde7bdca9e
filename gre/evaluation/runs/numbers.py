"""Everything `summary.json` says beside the five accuracies, from the predictions of a run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gre.evaluation.runs.clusters import clustered_intervals, find_clusters
from gre.evaluation.runs.saved_run import Prediction, by_group, origin_errors, summarize
from gre.intervals import Interval, wilson
from gre.metrics import Protocol, Summary, place_errors

MAX_GROUP_VALUES = 64
"""A group with more values than this says nothing by itself; its rows keep them all the same."""
PLACE_NAMES = ("country", "continent")

Numbers = dict[str, Any]  # Any: nested plain values, ready for json.dumps


def further_numbers(
    predictions: Sequence[Prediction], summary: Summary, radii_km: Sequence[float]
) -> Numbers:
    """Reasons, the strict reading, places, clusters and groups of a run.

    Args:
        predictions: All of the run.
        summary: Their summary under the run's protocol.
        radii_km: Radii to report, kilometres.
    """
    protocol = summary.protocol
    return {
        "by_reason": count_reasons(predictions, status="failed"),
        "errors_by_reason": count_reasons(predictions, status="error"),
        "strict": strict_numbers(predictions, protocol, radii_km),
        "places": place_numbers(predictions, protocol),
        **cluster_numbers(predictions, summary),
        "groups": {
            group: {
                value: summarize(part, protocol, radii_km=radii_km).to_json()
                for value, part in parts.items()
            }
            for group, parts in by_group(predictions).items()
            if len(parts) <= MAX_GROUP_VALUES
        },
    }


def count_reasons(predictions: Sequence[Prediction], *, status: str) -> dict[str, int]:
    """How many predictions of a status have each reason, the most frequent first."""
    reasons = Counter(p.reason or "unknown" for p in predictions if p.status == status)
    return dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))


def strict_numbers(
    predictions: Sequence[Prediction], protocol: Protocol, radii_km: Sequence[float]
) -> Numbers | None:
    """The summary where only answer tags are read; None where the run does not say.

    The lenient reader begins with the tags too, so a point that both find is the same.
    """
    if all(prediction.is_strict is None for prediction in predictions):
        return None
    strict = [p if p.is_strict else p.without_guess("no_answer") for p in predictions]
    numbers = summarize(strict, protocol, radii_km=radii_km).to_json()
    return numbers | {"by_reason": count_reasons(strict, status="failed")}


def place_numbers(predictions: Sequence[Prediction], protocol: Protocol) -> Numbers | None:
    """Share of guesses in the right country and continent; None where the run has no places.

    An answer without a point is a miss, or left out where the protocol drops it.
    """
    asked = [p for p in predictions if p.status != "error"]
    if any(not p.true_places for p in asked):
        return None
    counted = [p for p in asked if p.guess is not None or protocol.unreadable != "drop"]
    numbers = {}
    for name in PLACE_NAMES:
        hits = sum(p.true_places[name] == p.guessed_places.get(name) for p in counted)
        rate = wilson(hits, len(counted))
        numbers[name] = {
            "hits": hits,
            "n": len(counted),
            "accuracy": 100.0 * hits / len(counted) if counted else None,
            "ci95": _percent(rate),
        }
    return numbers


def cluster_numbers(predictions: Sequence[Prediction], summary: Summary) -> Numbers:
    """Intervals over authors or repeated coordinates; empty where the samples are independent."""
    protocol = summary.protocol
    asked = [p for p in predictions if p.status != "error"]
    origin = origin_errors(asked, protocol) if protocol.unreadable == "origin" else None
    errors = np.array([np.nan if p.error_km is None else p.error_km for p in asked])
    placed = place_errors(errors, protocol, origin)
    kept = np.ones(len(asked), dtype=np.bool_)
    if protocol.unreadable == "drop":
        kept = ~np.isnan(placed)
    counted = [p for p, is_kept in zip(asked, kept, strict=True) if is_kept]
    clusters = find_clusters([p.author for p in counted], [p.truth.as_tuple() for p in counted])
    if clusters is None:
        return {}
    found = clustered_intervals(placed[kept], clusters, summary)
    return {
        "clusters": {"by": clusters.by, "num": clusters.num, "largest": clusters.largest},
        "ci95_clustered": {key: [rate.low, rate.high] for key, rate in found.rates.items()},
        "mean_km_ci95_clustered": _plain(found.mean_km),
        "median_km_ci95_clustered": _plain(found.median_km),
    }


def bound_numbers(bounds: Mapping[str, Summary]) -> Numbers:
    """Bounds as `summary.json` holds them."""
    return {name: bound.to_json() for name, bound in bounds.items()}


def _percent(rate: Interval) -> list[float]:
    return [100.0 * rate.low, 100.0 * rate.high]


def _plain(interval: Interval) -> list[float | None]:
    return [None if np.isnan(end) else end for end in (interval.low, interval.high)]


def describe_coverage(summary: Summary) -> list[str]:
    """What a person must know of rates that do not cover every sample; nothing where they do."""
    if not summary.n_errors:
        return []
    num, without = summary.n + summary.n_errors, f"{summary.n_errors:,} without an answer"
    return [f"the rates cover {summary.n:,} of {num:,} samples; {without}"]


def describe_numbers(numbers: Mapping[str, Any]) -> list[str]:  # Any: as in Numbers
    """What a person at the console should see of them, a line each."""
    lines = []
    for name, what in (("by_reason", "unreadable"), ("errors_by_reason", "not asked")):
        if counts := numbers[name]:
            lines.append(f"{what}: " + ", ".join(f"{k} {count:,}" for k, count in counts.items()))
    strict = numbers["strict"]
    if strict and strict["by_reason"] != numbers["by_reason"]:
        rates = [f"{key} km {_rate(rate)}" for key, rate in strict["accuracy"].items()]
        lines.append(f"answer tags only: {strict['n_readable']:,} readable, " + " · ".join(rates))
    if places := numbers["places"]:
        rates = [f"{name} {_rate(place['accuracy'])}" for name, place in places.items()]
        lines.append("right " + ", right ".join(rates))
    if clusters := numbers.get("clusters"):
        rates = [f"{k} km {a:.1f}-{b:.1f}" for k, (a, b) in numbers["ci95_clustered"].items()]
        lines.append(f"95 % over {clusters['num']:,} {clusters['by']}s: " + " · ".join(rates))
    return lines


def _rate(percent: float | None) -> str:
    return "-" if percent is None else f"{percent:.2f} %"
