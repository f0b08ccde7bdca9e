"""All scenes and records of one sample world, as pure data: no picture is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from gre.errors import InputError
from gre.sample.judge import JudgeItem, judge_items, practice_items
from gre.sample.published import (
    Record,
    cold_start_judge_record,
    cot_record,
)
from gre.sample.scenes import SPLITS, Scene, plan_split

COLD_START_JUDGE_SHARE = 0.2
"""Share of judge-format items in the cold-start file. Ours."""

_FILTERED = ("cot", "judge", "judge_test", "judge_val")
"""Splits without ambiguous scenes: a teacher's wrong guess there would not pass the filter."""


@dataclass(frozen=True, slots=True)
class WorldSizes:
    """Number of pictures in each part of a sample world, each at least 0.

    The order of the fields is the order of planning, in which no point is taken twice: append
    only, so that a part of a seed stays what it was.

    The cold-start file holds `cot` locate records and a quarter as many judge-format records on
    the same pictures, which makes these a fifth of it.
    """

    cot: int = 6000
    judge: int = 800
    seed: int = 800
    val: int = 128
    test: int = 500
    judge_test: int = 200
    judge_val: int = 96

    def __post_init__(self) -> None:
        for name, count in asdict(self).items():
            if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= 99_999:
                raise InputError(
                    f"size of {name}: got {count!r}, must be a whole number from 0 to 99999;"
                    " change WorldSizes"
                )


QUICK = WorldSizes()
"""What quickstart draws, in under a minute on two cores."""

FAST = WorldSizes(cot=1200, judge=160, seed=160, val=32, test=100, judge_test=60, judge_val=32)
"""Enough to see every stage run."""

FULL = WorldSizes(
    cot=8000, judge=4000, seed=4000, val=256, test=2000, judge_test=1000, judge_val=256
)
"""Enough for all three stages, and a test split with narrow intervals."""


def plan_world(seed: int, sizes: WorldSizes) -> dict[str, list[Scene]]:
    """Plan every split; no two scenes of a world share a point.

    Raises:
        InputError: seed is not a whole number of at least 0.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed: got {seed!r}, must be a whole number of at least 0")
    taken: set[tuple[float, float]] = set()
    return {
        split: plan_split(split, count, seed=seed, taken=taken, skip_ambiguous=split in _FILTERED)
        for split, count in asdict(sizes).items()
    }


def split_judge_items(seed: int, split: str, scenes: Sequence[Scene]) -> list[JudgeItem]:
    """True and false judge items over the scenes of `split`, one per scene."""
    return judge_items(scenes, _split_generator(seed, split, stream=1))


def cold_start_records(seed: int, scenes: Sequence[Scene]) -> list[Record]:
    """Locate records and, a fifth of the whole, judge-format records with random labels."""
    rng = _split_generator(seed, "cot", stream=2)
    ratio = COLD_START_JUDGE_SHARE / (1.0 - COLD_START_JUDGE_SHARE)
    chosen = rng.permutation(len(scenes))[: round(len(scenes) * ratio)]
    items = practice_items([scenes[i] for i in sorted(chosen)], scenes, rng)
    records = [cot_record(scene) for scene in scenes]
    for item in items:
        records.append(cold_start_judge_record(item, label=bool(rng.random() < 0.5)))
    return [records[i] for i in rng.permutation(len(records))]


def _split_generator(seed: int, split: str, *, stream: int) -> np.random.Generator:
    # The fourth number keeps these streams apart from every scene's own.
    return np.random.default_rng(
        np.random.SeedSequence([seed, SPLITS.index(split), 0, 100 + stream])
    )
