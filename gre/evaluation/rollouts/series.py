"""Numbers over the steps of an RL run: from `metrics.jsonl`, and the same from the rollouts."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gre.evaluation.asking.growing_log import LogFaults, iter_log, number, whole
from gre.evaluation.rollouts.log import Glance, RolloutGroup, RolloutLog

METRICS_FILE = "metrics.jsonl"
FIRST_REASONS = ("hit", "far")
"""Reasons of answers that could be read and earn something: they come first."""

Points = Sequence[tuple[int, float]]
"""Step and value, in order of the steps."""


@dataclass(frozen=True)
class Metrics:
    """What a trainer logged.

    Attributes:
        series: Values over steps by key.
        faults: Lines that could not be used.
        is_missing: Whether there is no file.
    """

    series: Mapping[str, Points]
    faults: LogFaults
    is_missing: bool


def read_metrics(folder: Path) -> Metrics:
    """Read every number of `metrics.jsonl`; of a step logged twice the later line counts.

    Raises:
        InputError: The file is there and cannot be read.
    """
    faults = LogFaults()
    series: dict[str, dict[int, float]] = {}
    last_step: int | None = None
    try:
        for _, row in iter_log(folder / METRICS_FILE, faults):
            step = whole(row.get("step"))
            if step is None:
                faults.num_damaged += 1
                continue
            if last_step is not None and step < last_step:  # resumed from a checkpoint
                for values in series.values():
                    for later in [other for other in values if other >= step]:
                        del values[later]
            last_step = step
            for key, value in row.items():
                found = number(value)
                if found is not None and key != "step":
                    series.setdefault(key, {})[step] = found
    except FileNotFoundError:
        return Metrics({}, faults, is_missing=True)
    return Metrics(
        {key: sorted(values.items()) for key, values in series.items() if values}, faults, False
    )


def series_of_rollouts(log: RolloutLog) -> dict[str, Points]:
    """What the rollouts themselves tell, under the keys of `metrics.jsonl`."""
    by_step = _by_step(log.groups)
    series: dict[str, Points] = {
        key: [
            (step, value)
            for step, groups in by_step.items()
            if (value := measure([g for group in groups for g in group.glances.values()]))
            is not None
        ]
        for key, measure in _MEASURES.items()
    }
    series["frac_reward_zero_std"] = [
        (step, sum(group.is_flat for group in groups) / len(groups))
        for step, groups in by_step.items()
        if any(glance.reward is not None for group in groups for glance in group.glances.values())
    ]
    return {key: points for key, points in series.items() if points}


@dataclass(frozen=True)
class ReasonCounts:
    """Why one reward function gave what it gave, over stretches of steps.

    Attributes:
        function: Name of the reward function.
        bins: First step, last step, and how often each reason stood there.
    """

    function: str
    bins: tuple[tuple[int, int, Counter[str]], ...]


def count_reasons(log: RolloutLog, *, max_bins: int) -> list[ReasonCounts]:
    """Count the reasons of every reward function in at most `max_bins` stretches of steps."""
    by_step = _by_step(log.groups)
    steps = list(by_step)
    size = -(-len(steps) // max_bins)
    chunks = [steps[start : start + size] for start in range(0, len(steps), size)]
    binned: dict[str, list[tuple[int, int, Counter[str]]]] = {}
    for chunk in chunks:
        counts: dict[str, Counter[str]] = {}
        for group in (group for step in chunk for group in by_step[step]):
            for function, reason in (r for g in group.glances.values() for r in g.reasons):
                counts.setdefault(function, Counter())[reason] += 1
        for function, counter in counts.items():
            binned.setdefault(function, []).append((chunk[0], chunk[-1], counter))
    return [ReasonCounts(function, tuple(bins)) for function, bins in binned.items()]


def ordered_reasons(counts: Iterable[ReasonCounts]) -> tuple[str, ...]:
    """All reasons: `FIRST_REASONS`, then the others by frequency."""
    counter: Counter[str] = Counter()
    for count in counts:
        for _, _, part in count.bins:
            counter.update(part)

    def rank(reason: str) -> tuple[int, int, str]:
        place = FIRST_REASONS.index(reason) if reason in FIRST_REASONS else len(FIRST_REASONS)
        return place, -counter[reason], reason

    return tuple(sorted(counter, key=rank))


def _by_step(groups: Iterable[RolloutGroup]) -> dict[int, list[RolloutGroup]]:
    found: dict[int, list[RolloutGroup]] = {}
    for group in groups:
        found.setdefault(group.step, []).append(group)
    return found


def _mean(values: Iterable[float | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _median_km(glances: Sequence[Glance]) -> float | None:
    known = [glance.distance_km for glance in glances if glance.distance_km is not None]
    return statistics.median(known) if known else None


_MEASURES: Mapping[str, Callable[[Sequence[Glance]], float | None]] = {
    "reward": lambda glances: _mean(g.reward for g in glances),
    "readable": lambda glances: _mean(g.is_readable for g in glances),
    "right": lambda glances: _mean(g.is_right for g in glances),
    "median_km": _median_km,
    "scale_km": lambda glances: _mean(g.scale_km for g in glances),
    "completions/mean_length": lambda glances: _mean(g.num_tokens for g in glances),
    "completions/clipped_ratio": lambda glances: (
        _mean(g.is_truncated for g in glances)
        if any(g.num_tokens is not None for g in glances)
        else None
    ),
}
