"""RL rollouts read back from a trainer's folder: numbers of all of them, the text of a few.

`rollouts.jsonl` may hold gigabytes. One pass keeps each completion's numbers and where its line
starts; text is read a second time, for the groups that a page shows.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import TypeVar

import numpy as np

from gre.errors import InputError
from gre.evaluation.asking.growing_log import LogFaults, iter_log, parse_line
from gre.evaluation.rollouts.line import Rollout, parse_rollout
from gre.rewards import is_flat

ROLLOUTS_FILE = "rollouts.jsonl"
GROUPS_PER_STEP = 4
"""Groups of one step that a selection aims at: fewer steps, but each with several prompts."""
MIN_STEPS = 10
"""Steps that a small selection spreads over before it takes a second group of any."""
_GOLDEN = 0.6180339887498949
"""Multiples of the golden ratio, modulo 1, spread evenly however many one takes."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Glance:
    """The numbers of one completion, and the byte at which its line starts.

    `is_right` is None where there was nothing to judge; an unreadable verdict is not right.
    """

    offset: int
    reward: float | None
    is_readable: bool | None
    is_right: bool | None
    distance_km: float | None
    scale_km: float | None
    num_tokens: int | None
    is_truncated: bool
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RolloutGroup:
    """The completions of one prompt at one step, by index."""

    step: int
    number: int
    glances: Mapping[int, Glance]

    @property
    def is_flat(self) -> bool:
        """Whether all rewards are the same: then every advantage is zero and nothing is learned."""
        rewards = [g.reward for g in self.glances.values() if g.reward is not None]
        return len(rewards) > 1 and is_flat(rewards)

    @property
    def num_unreadable(self) -> int:
        """Completions without the point or verdict that was asked for."""
        return sum(glance.is_readable is False for glance in self.glances.values())


@dataclass(frozen=True)
class RolloutLog:
    """What a trainer's folder holds.

    Attributes:
        path: The file.
        groups: By step and number.
        faults: Lines that could not be used.
        num_replaced: Completions written again after the trainer resumed; the later ones count.
    """

    path: Path
    groups: tuple[RolloutGroup, ...]
    faults: LogFaults
    num_replaced: int

    @property
    def steps(self) -> tuple[int, ...]:
        """Steps with rollouts, in order."""
        return tuple(dict.fromkeys(group.step for group in self.groups))

    @property
    def glances(self) -> Iterator[Glance]:
        """Every completion, in order."""
        return (glance for group in self.groups for glance in group.glances.values())


def read_rollouts(folder: Path) -> RolloutLog:
    """Read the numbers of a trainer's rollouts.

    Raises:
        InputError: There is no `rollouts.jsonl`, or nothing in it can be used.
    """
    path, faults, shelf = folder / ROLLOUTS_FILE, LogFaults(), _Shelf()
    try:
        for offset, row in iter_log(path, faults):
            rollout = parse_rollout(row)
            if rollout is None:
                faults.num_damaged += 1
            else:
                shelf.put(rollout, _glance(rollout, offset))
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; name the output folder of a run of gre train grpo"
            " (scripts/train/stage2.sh or stage3.sh), which writes it"
        ) from None
    if not shelf.steps:
        raise InputError(
            f"{path}: holds no rollout that can be read ({faults.num_damaged} damaged lines);"
            " wait for the first step of gre train grpo or name another folder"
        )
    groups = tuple(
        RolloutGroup(step, number, dict(sorted(members.items())))
        for step, numbers in sorted(shelf.steps.items())
        for number, members in sorted(numbers.items())
    )
    return RolloutLog(path, groups, faults, shelf.num_replaced)


class _Shelf:
    """Keeps the latest of what was written more than once.

    A step below the one before it means that the trainer resumed from a checkpoint: what stands
    from there on belongs to a branch that was given up.
    """

    def __init__(self) -> None:
        self.steps: dict[int, dict[int, dict[int, Glance]]] = {}
        self.num_replaced = 0
        self._last_step: int | None = None

    def put(self, rollout: Rollout, glance: Glance) -> None:
        """Take in the next line of the file."""
        step = rollout.step
        if self._last_step is not None and step < self._last_step:
            for later in [other for other in self.steps if other >= step]:
                self.num_replaced += sum(map(len, self.steps.pop(later).values()))
        self._last_step = step
        members = self.steps.setdefault(step, {}).setdefault(rollout.group, {})
        index = len(members) if rollout.index is None else rollout.index
        self.num_replaced += index in members
        members[index] = glance


def choose_groups(groups: Sequence[RolloutGroup], *, max_groups: int) -> tuple[RolloutGroup, ...]:
    """At most `max_groups` groups: steps spread evenly from first to last, some groups of each.

    Raises:
        InputError: max_groups is below 1.
    """
    if max_groups < 1:
        raise InputError(f"max_groups must be at least 1, got {max_groups}")
    if len(groups) <= max_groups:
        return tuple(groups)
    by_step: dict[int, list[RolloutGroup]] = {}
    for group in groups:
        by_step.setdefault(group.step, []).append(group)
    most = max(1, max_groups // MIN_STEPS)
    per_step = min(GROUPS_PER_STEP, len(groups) // len(by_step), most)
    steps = _spread(list(by_step), math.ceil(max_groups / per_step))
    chosen: list[RolloutGroup] = []
    for turn in range(len(groups)):  # every chosen step gives one group a turn
        waiting = [step for step in steps if len(by_step[step]) > turn]
        taken = _spread(waiting, max_groups - len(chosen))
        chosen += [_mixed(by_step[step])[turn] for step in taken]
        if not waiting or len(chosen) == max_groups:
            break
    return tuple(sorted(chosen, key=lambda group: (group.step, group.number)))


def load_group(log: RolloutLog, group: RolloutGroup) -> dict[int, Rollout]:
    """Read a group's completions with their text, by index.

    Raises:
        InputError: The file is no longer the one that was read.
    """
    found: dict[int, Rollout] = {}
    try:
        with log.path.open("rb") as file:
            for index, glance in group.glances.items():
                file.seek(glance.offset)
                row = parse_line(file.readline())
                rollout = None if row is None else parse_rollout(row)
                if rollout is not None and (rollout.step, rollout.group) == (
                    group.step,
                    group.number,
                ):
                    found[index] = rollout
    except OSError as error:
        raise InputError(f"{log.path}: cannot be read ({error.strerror}); try again") from error
    if len(found) < len(group.glances):
        raise InputError(f"{log.path}: was written anew while it was read; run the command again")
    return found


def _glance(rollout: Rollout, offset: int) -> Glance:
    return Glance(
        offset=offset,
        reward=rollout.reward,
        is_readable=rollout.is_readable,
        is_right=None if rollout.label is None else rollout.verdict is rollout.label,
        distance_km=rollout.distance_km,
        scale_km=rollout.scale_km,
        num_tokens=rollout.num_tokens,
        is_truncated=rollout.is_truncated,
        reasons=tuple((intern(name), intern(why)) for name, why in rollout.reasons.items()),
    )


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    places = np.unique(np.linspace(0, len(items) - 1, min(len(items), count)).astype(int))
    return [items[place] for place in places]


def _mixed(items: Sequence[Item]) -> list[Item]:
    return [items[i] for i in sorted(range(len(items)), key=lambda i: i * _GOLDEN % 1.0)]
