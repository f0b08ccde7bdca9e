"""What the page of rollouts says in words: headline, figures, and what is missing."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gre.evaluation.report.leaderboard import NONE, Figure
from gre.evaluation.rollouts.cards import Cards
from gre.evaluation.rollouts.log import Glance, RolloutGroup, RolloutLog
from gre.evaluation.rollouts.series import METRICS_FILE, Metrics

NBSP = "\N{NO-BREAK SPACE}"
"""Keeps a number and its unit on one line."""


class _Ends(NamedTuple):
    """The groups of the first and of the last tenth of the steps."""

    first: tuple[RolloutGroup, ...]
    last: tuple[RolloutGroup, ...]
    num_steps: int


def headline(log: RolloutLog) -> str:
    """What became of the distance, the verdicts or the reward, from first to last."""
    ends = _ends(log)
    over = f"over {len(log.steps):,} steps" if len(log.steps) > 1 else "at one step"
    for words, measure in (
        ("Right verdicts", _right),
        ("Median distance", _distance),
        ("Mean reward", _reward),
    ):
        change = _change(ends, measure)
        if change:
            return f"{words} {change} {over}"
    return f"Rollouts {over}"


def lead(log: RolloutLog) -> str:
    """How the headline was measured, and the other changes."""
    ends = _ends(log)
    changes = [
        f"{words} {change}"
        for words, measure in (
            ("mean reward", _reward),
            ("readable answers", _readable),
            ("groups without reward variance", _flat),
        )
        if (change := _change(ends, measure))
    ]
    if not ends.last:
        return f"{', '.join(changes)}.".capitalize() if changes else ""
    more = f" Also {'; '.join(changes)}." if changes else ""
    size = "" if ends.num_steps == 1 else f" {ends.num_steps:,}"
    steps = "step" if ends.num_steps == 1 else "steps"
    return f"First{size} against last{size} {steps}, each on the photos asked then.{more}"


def figures(log: RolloutLog) -> list[Figure]:
    """The large numbers at the top."""
    steps, num_rollouts = log.steps, sum(1 for _ in log.glances)
    sizes = {len(group.glances) for group in log.groups}
    size = f"{min(sizes)}" if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)}"
    num_groups = f"{len(log.groups):,} group{'s' * (len(log.groups) > 1)} of {size}"
    read = [g.is_readable for g in log.glances if g.is_readable is not None]
    readable = Figure("Readable answers", NONE, "nothing was asked that could be read")
    if read:
        share = f"{100.0 * sum(read) / len(read):.1f}{NBSP}%"
        readable = Figure("Readable answers", share, f"{sum(read):,} of {len(read):,}")
    span = f"from {steps[0]:,} to {steps[-1]:,}" if len(steps) > 1 else f"step {steps[0]:,}"
    return [
        Figure("Steps with rollouts", f"{len(steps):,}", span),
        Figure("Rollouts", f"{num_rollouts:,}", num_groups),
        readable,
        _last_figure(log),
    ]


def warnings(log: RolloutLog, metrics: Metrics, cards: Cards) -> list[str]:
    """What a reader must know before trusting the page."""
    said = []
    for name, faults in ((log.path.name, log.faults), (METRICS_FILE, metrics.faults)):
        if faults.has_half_line:
            said.append(f"The last line of {name} is half written: the run goes on or was stopped.")
        if faults.num_damaged:
            said.append(f"{_count(faults.num_damaged, 'line')} of {name} could not be read.")
    if log.num_replaced:
        said.append(
            f"{_count(log.num_replaced, 'rollout')} were generated again after the run resumed;"
            " the later ones count."
        )
    if metrics.is_missing:
        said.append(
            f"There is no {METRICS_FILE}: the charts are made from the rollouts, and what only the"
            " trainer knows (kl, entropy, the held-out set) is not shown."
        )
    if cards.num_without_photo:
        said.append(f"{_count(cards.num_without_photo, 'photo')} could not be opened.")
    return said


def shown(log: RolloutLog, groups: Sequence[RolloutGroup], cards: Cards) -> str:
    """How much of the whole the page carries."""
    num_steps = len({group.step for group in groups})
    if len(groups) == len(log.groups):
        is_one = len(groups) == 1
        parts = ["The only group is here." if is_one else f"All {len(groups):,} groups are here."]
    else:
        parts = [
            f"Shown are {len(groups):,} of {len(log.groups):,} groups, from {num_steps:,} of"
            f" {len(log.steps):,} steps, evenly from first to last; charts and figures count all"
            " of them."
        ]
    if cards.num_photos_left_out:
        parts.append(f"{_count(cards.num_photos_left_out, 'photo')} would make the page too large.")
    if cards.num_cut:
        parts.append(f"{_count(cards.num_cut, 'long text')} stand in full in {log.path.name} only.")
    return " ".join(parts)


def _last_figure(log: RolloutLog) -> Figure:
    scales = [glance.scale_km for glance in log.glances if glance.scale_km is not None]
    if scales:
        note = f"at the start {_km(scales[0])}" if scales[0] != scales[-1] else "as at the start"
        return Figure("Reward scale θ, last", _km(scales[-1]), note)
    ends = _ends(log)
    for words, measure in (("Right verdicts, last", _right), ("Mean reward, last", _reward)):
        values = [measure(groups) for groups in (ends.last or ends.first, ends.first)]
        if values[0] is not None:
            return Figure(words, values[0], f"at the start {values[1] or NONE}")
    return Figure("Mean reward, last", NONE, "no reward was logged")


def _ends(log: RolloutLog) -> _Ends:
    steps = log.steps
    size = max(1, round(len(steps) / 10))
    if len(steps) == 1:
        return _Ends(log.groups, (), 1)
    first, last = set(steps[:size]), set(steps[-size:])
    return _Ends(
        tuple(group for group in log.groups if group.step in first),
        tuple(group for group in log.groups if group.step in last),
        size,
    )


_Measure = Callable[[Iterable[RolloutGroup]], str | None]


def _change(ends: _Ends, measure: _Measure) -> str:
    first, last = measure(ends.first), measure(ends.last)
    if first is None or (last is None and ends.last):
        return ""
    return first if last is None else f"{first}{NBSP}→ {last}"


def _glances(groups: Iterable[RolloutGroup]) -> list[Glance]:
    return [glance for group in groups for glance in group.glances.values()]


def _reward(groups: Iterable[RolloutGroup]) -> str | None:
    values = [g.reward for g in _glances(groups) if g.reward is not None]
    return f"{statistics.fmean(values):.2f}" if values else None


def _distance(groups: Iterable[RolloutGroup]) -> str | None:
    values = [g.distance_km for g in _glances(groups) if g.distance_km is not None]
    return _km(statistics.median(values)) if values else None


def _right(groups: Iterable[RolloutGroup]) -> str | None:
    return _percent([g.is_right for g in _glances(groups)])


def _readable(groups: Iterable[RolloutGroup]) -> str | None:
    return _percent([g.is_readable for g in _glances(groups)])


def _flat(groups: Iterable[RolloutGroup]) -> str | None:
    return _percent([group.is_flat for group in groups])


def _percent(flags: Iterable[bool | None]) -> str | None:
    known = [flag for flag in flags if flag is not None]
    if not known:
        return None
    return f"{100.0 * sum(known) / len(known):.0f}{NBSP}%"


def _km(value: float) -> str:
    return f"{value:,.1f}{NBSP}km" if value < 10 else f"{value:,.0f}{NBSP}km"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
