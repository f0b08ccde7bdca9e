"""Verdicts held against labels, turned into the numbers of the judge benchmark."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gre.intervals import Interval, wilson


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of some samples.

    Attributes:
        hits: How many of them.
        n: Out of how many.
    """

    hits: int
    n: int

    @property
    def percent(self) -> float:
        """In percent; NaN out of none."""
        return 100.0 * self.hits / self.n if self.n else math.nan

    @property
    def ci95(self) -> Interval:
        """Wilson interval, percent."""
        interval = wilson(self.hits, self.n)
        return Interval(100.0 * interval.low, 100.0 * interval.high)

    def to_json(self) -> dict[str, Any]:  # Any: plain values, ready for json.dumps
        """Counts, percent and interval; what is undefined is null."""
        return {
            "hits": self.hits,
            "n": self.n,
            "percent": None if self.n == 0 else self.percent,
            "ci95": None if self.n == 0 else [self.ci95.low, self.ci95.high],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Rate":
        """Read what `to_json` wrote.

        Raises:
            KeyError: A count is missing.
        """
        return cls(int(data["hits"]), int(data["n"]))


@dataclass(frozen=True)
class JudgeSummary:
    """One result of the judge benchmark. An answer without a verdict is a miss.

    Attributes:
        n: Samples that were asked, readable or not.
        n_readable: Samples whose verdict could be read.
        n_errors: Samples that could not be asked (a broken image); not part of n.
        accuracy: Right verdicts of n.
        accuracy_true: Right verdicts on the items whose reasoning is right.
        accuracy_false: Right verdicts on the others.
        said_true: Verdicts "True" of n_readable: 50 % on balanced items for a judge without a
            leaning, 100 % for one that never looks.
        unreadable: Number of answers without a verdict by reason.
    """

    n: int
    n_readable: int
    n_errors: int
    accuracy: Rate
    accuracy_true: Rate
    accuracy_false: Rate
    said_true: Rate
    unreadable: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:  # Any: nested plain values, ready for json.dumps
        """Plain values for `summary.json`."""
        return {
            "n": self.n,
            "n_readable": self.n_readable,
            "n_errors": self.n_errors,
            "accuracy": self.accuracy.to_json(),
            "accuracy_true": self.accuracy_true.to_json(),
            "accuracy_false": self.accuracy_false.to_json(),
            "said_true": self.said_true.to_json(),
            "unreadable": dict(self.unreadable),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "JudgeSummary":
        """Read what `to_json` wrote; further keys are left alone.

        Raises:
            KeyError: A key is missing.
        """
        return cls(
            n=int(data["n"]),
            n_readable=int(data["n_readable"]),
            n_errors=int(data["n_errors"]),
            accuracy=Rate.from_json(data["accuracy"]),
            accuracy_true=Rate.from_json(data["accuracy_true"]),
            accuracy_false=Rate.from_json(data["accuracy_false"]),
            said_true=Rate.from_json(data["said_true"]),
            unreadable=MappingProxyType({k: int(v) for k, v in data["unreadable"].items()}),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one sample came to.

    Attributes:
        label: Whether the reasoning is right.
        said: What the model said of it; None where no verdict could be read.
        reason: Why none could be read, in a word.
    """

    label: bool
    said: bool | None
    reason: str | None = None

    @property
    def is_right(self) -> bool:
        """Whether the verdict is the label; False without a verdict."""
        return self.said is self.label


def score_verdicts(verdicts: Sequence[Verdict], *, n_errors: int = 0) -> JudgeSummary:
    """Score the verdicts on the samples that were asked. Their order does not matter."""

    def right(members: Sequence[Verdict]) -> Rate:
        return Rate(sum(verdict.is_right for verdict in members), len(members))

    readable = [verdict for verdict in verdicts if verdict.said is not None]
    reasons = Counter(verdict.reason or "no_answer" for verdict in verdicts if verdict.said is None)
    return JudgeSummary(
        n=len(verdicts),
        n_readable=len(readable),
        n_errors=n_errors,
        accuracy=right(verdicts),
        accuracy_true=right([verdict for verdict in verdicts if verdict.label]),
        accuracy_false=right([verdict for verdict in verdicts if not verdict.label]),
        said_true=Rate(sum(verdict.said is True for verdict in readable), len(readable)),
        unreadable=MappingProxyType(dict(sorted(reasons.items()))),
    )
