"""Verdicts turned into numbers: of one chain, then of a run.

Key steps, in the manner of MME-CoT: recall is the share of key steps that the chain holds,
precision the share of its steps that match one or may well be so (general remarks left out), F1 the
harmonic mean of the two means. Order, ours: the share of pairs of found key steps that stand in the
chain in their own order. A chain score, ours: F1 lowered where the order is wrong.

The paper's CoT quality: recall of indicators, RefCLIPScore of captions, BERTScore of inferences.

An empty chain has no precision and no recall: it is undefined, counted, and never 0.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from gre.evaluation.cot.verdicts import (
    GENERAL,
    MATCH,
    MATCHED,
    NAMED,
    REASONABLE,
    Unscored,
    Verdicts,
)
from gre.intervals import BOOTSTRAP_RESAMPLES, BOOTSTRAP_SEED, Interval, bootstrap_mean_ci

KEY_STEP_PARTS = ("recall", "precision", "order", "chain_score")
PAPER_PARTS = ("indicator_recall", "ref_clip_score", "bert_score")
"""The three parts of the paper's CoT quality. Source: GRE paper, GREval-Bench."""
PARTS = (*KEY_STEP_PARTS, *PAPER_PARTS)

UNDEFINED = frozenset(
    {
        *("empty_chain", "no_claims", "fewer_than_two_found", "no_indicators"),
        *("no_captions", "no_reference_captions", "no_inferences", "no_reference_inferences"),
        "not_computed",
    }
)
"""Reasons why there is nothing to measure. Every other reason is a failure to measure."""

Part = float | Unscored
"""A score as a fraction, mostly in [0, 1], or why there is none."""


def recall(verdicts: Verdicts | Unscored) -> Part:
    """Share of key steps that the chain holds."""
    if isinstance(verdicts, Unscored):
        return verdicts
    return sum(verdict.label == MATCHED for verdict in verdicts) / len(verdicts)


def precision(verdicts: Verdicts | Unscored) -> Part:
    """Share of steps that match or may well be so, of those that claim something."""
    if isinstance(verdicts, Unscored):
        return verdicts
    claims = [verdict.label for verdict in verdicts if verdict.label != GENERAL]
    if not claims:
        return Unscored("no_claims", "no step claims anything about the photo")
    return sum(label in (MATCH, REASONABLE) for label in claims) / len(claims)


def order(verdicts: Verdicts | Unscored) -> Part:
    """Share of pairs of found key steps whose steps stand in their order; one step is no pair."""
    if isinstance(verdicts, Unscored):
        return verdicts
    found = [v.step for v in verdicts if v.label == MATCHED and v.step is not None]
    pairs = [(a, b) for a, b in combinations(found, 2) if a != b]
    if not pairs:
        return Unscored("fewer_than_two_found", "the order needs two key steps in two steps")
    return sum(a < b for a, b in pairs) / len(pairs)


def f1(recall_share: float, precision_share: float) -> float:
    """Harmonic mean; 0 where both are 0."""
    total = recall_share + precision_share
    return 2.0 * recall_share * precision_share / total if total > 0 else 0.0


def chain_score(recalled: Part, precise: Part, ordered: Part, *, order_weight: float) -> Part:
    """F1 of one chain, lowered where its order is wrong: F1 · (1 − w · (1 − order)). Ours.

    Args:
        recalled: Of the chain.
        precise: Of the chain.
        ordered: Of the chain; where it is undefined, it lowers nothing.
        order_weight: w, in [0, 1].
    """
    if isinstance(recalled, Unscored):
        return recalled
    if isinstance(precise, Unscored):
        return precise
    disorder = 0.0 if isinstance(ordered, Unscored) else 1.0 - ordered
    return f1(recalled, precise) * (1.0 - order_weight * disorder)


def indicator_recall(verdicts: Verdicts | Unscored | None) -> Part:
    """Share of the item's indicators that the background of the chain names."""
    if verdicts is None:
        return Unscored("no_indicators", "the record lists no indicators")
    if isinstance(verdicts, Unscored):
        return verdicts
    return sum(verdict.label == NAMED for verdict in verdicts) / len(verdicts)


@dataclass(frozen=True)
class PartSummary:
    """One part over a run.

    Attributes:
        mean: Over the samples that have it, percent; NaN without any.
        n: How many have it.
        ci95: Bootstrap interval of the mean, percent.
        undefined: Samples in which there is nothing to measure, by reason.
        unscored: Samples that could not be measured, by reason.
    """

    mean: float
    n: int
    ci95: Interval
    undefined: Mapping[str, int]
    unscored: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:  # Any: nested plain values, ready for json.dumps
        """Plain values; what is not a number is null."""
        return {
            "mean": None if self.n == 0 else self.mean,
            "n": self.n,
            "ci95": None if self.n == 0 else [self.ci95.low, self.ci95.high],
            "undefined": dict(self.undefined),
            "unscored": dict(self.unscored),
        }


@dataclass(frozen=True)
class CotSummary:
    """Quality of the chains of one run.

    Attributes:
        n: Samples.
        parts: By name of `PARTS`.
        f1: Harmonic mean of mean recall and mean precision, percent; NaN where one is missing.
        f1_ci95: Its bootstrap interval over samples.
        combined: Weighted mean of the paper's parts, 0 to 100; NaN unless all of them are there.
        missing: Parts that `combined` lacks.
        weights: By name of `PAPER_PARTS`.
    """

    n: int
    parts: Mapping[str, PartSummary]
    f1: float
    f1_ci95: Interval
    combined: float
    missing: tuple[str, ...]
    weights: Mapping[str, float]

    @property
    def num_failed(self) -> int:
        """Most samples that any part could not measure."""
        return max(sum(part.unscored.values()) for part in self.parts.values())

    @property
    def num_scored(self) -> int:
        """Samples with a chain score."""
        return self.parts["chain_score"].n

    @property
    def num_undefined(self) -> int:
        """Samples in whose chain there is nothing to measure."""
        return sum(self.parts["chain_score"].undefined.values())

    @property
    def num_unscored(self) -> int:
        """Samples whose chain could not be measured."""
        return sum(self.parts["chain_score"].unscored.values())

    def numbers(self) -> dict[str, Any]:  # Any: nested plain values, ready for json.dumps
        """Plain values: counts, parts, and the paper's one number."""
        has_f1 = not math.isnan(self.f1)
        return {
            "n": self.n,
            "n_scored": self.num_scored,
            "n_undefined": self.num_undefined,
            "n_unscored": self.num_unscored,
            "parts": {
                **{name: part.to_json() for name, part in self.parts.items()},
                "f1": {
                    "mean": self.f1 if has_f1 else None,
                    "ci95": [self.f1_ci95.low, self.f1_ci95.high] if has_f1 else None,
                },
            },
            "cot_quality": None if math.isnan(self.combined) else self.combined,
        }

    def to_json(self) -> dict[str, Any]:  # Any: nested plain values, ready for json.dumps
        """Plain values for `cot_summary.json`."""
        return {
            "unit": "percent",
            **self.numbers(),
            "cot_quality_missing": list(self.missing),
            "cot_quality_weights": dict(self.weights),
            "cot_quality_reading": READING,
        }


READING = (
    "weighted mean of indicator recall, RefCLIPScore and BERTScore: our reading of the paper's"
    " equation 6, which no source shows legibly"
)


def summarize(rows: Sequence[Mapping[str, Part]], *, weights: Mapping[str, float]) -> CotSummary:
    """Sum up the parts of every sample. Their order does not matter."""
    parts = {name: _summarize_part([row[name] for row in rows]) for name in PARTS}
    value, interval = _f1_over(rows)
    used = {name: weight for name, weight in weights.items() if weight > 0}
    missing = tuple(name for name in used if parts[name].n == 0)
    combined = math.nan
    if not missing:
        combined = sum(w * parts[name].mean for name, w in used.items()) / sum(used.values())
    return CotSummary(
        n=len(rows),
        parts=parts,
        f1=value,
        f1_ci95=interval,
        combined=combined,
        missing=missing,
        weights=dict(weights),
    )


def _summarize_part(values: Sequence[Part]) -> PartSummary:
    numbers = np.array([100.0 * v for v in values if not isinstance(v, Unscored)])
    reasons = Counter(value.reason for value in values if isinstance(value, Unscored))
    return PartSummary(
        mean=float(numbers.mean()) if numbers.size else math.nan,
        n=int(numbers.size),
        ci95=bootstrap_mean_ci(numbers),
        undefined={r: n for r, n in sorted(reasons.items()) if r in UNDEFINED},
        unscored={r: n for r, n in sorted(reasons.items()) if r not in UNDEFINED},
    )


def _f1_over(rows: Sequence[Mapping[str, Part]]) -> tuple[float, Interval]:
    """F1 of the means, percent, and its bootstrap interval; samples are drawn whole."""

    def column(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:  # Any: one axis, any length
        return np.array(
            [math.nan if isinstance(row[name], Unscored) else row[name] for row in rows],
            dtype=np.float64,
        )

    recalls, precisions = column("recall"), column("precision")
    has_both = not (np.isnan(recalls).all() or np.isnan(precisions).all())
    if not rows or not has_both:
        return math.nan, Interval(math.nan, math.nan)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    drawn = []
    for _ in range(BOOTSTRAP_RESAMPLES):
        chosen = rng.integers(0, len(rows), len(rows))
        some = recalls[chosen], precisions[chosen]
        if not any(np.isnan(values).all() for values in some):
            drawn.append(100.0 * f1(float(np.nanmean(some[0])), float(np.nanmean(some[1]))))
    low, high = np.quantile(drawn, [0.025, 0.975])
    value = 100.0 * f1(float(np.nanmean(recalls)), float(np.nanmean(precisions)))
    return value, Interval(float(low), float(high))
