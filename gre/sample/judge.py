"""Judge items: a picture, somebody's reasoning, and whether the two belong together.

A false item shows the honest reasoning of another scene more than FALSE_MIN_KM away. The chains of
the false items are a permutation of those scenes' own chains, and which scenes become false is
chance: so true and false chains come from one distribution, and the text alone tells nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gre.errors import InputError
from gre.geo.distance import great_circle_km, haversine_km
from gre.sample.scenes import CUES, Scene

FALSE_MIN_KM = 750.0
"""How far a false answer lies from the truth, at least: the country level. Ours."""

_SWAPS_PER_ITEM = 6
"""Attempts per item to exchange two chains for a better disguise. Ours."""

_DRAWS = 50
"""Choices of the false half before giving up."""

_NO_VALUE = -1


@dataclass(frozen=True, slots=True)
class JudgeItem:
    """The picture of `scene` beside the reasoning and answer of `teller`."""

    scene: Scene
    teller: Scene
    label: bool


def judge_items(scenes: Sequence[Scene], rng: np.random.Generator) -> list[JudgeItem]:
    """One item per scene, in the scenes' order; half of them (rounded down) are false.

    Raises:
        InputError: The scenes are too few or too close together to find false chains.
    """
    for _ in range(_DRAWS):
        is_false = np.zeros(len(scenes), dtype=bool)
        is_false[rng.permutation(len(scenes))[: len(scenes) // 2]] = True
        liars = [scene for scene, is_lie in zip(scenes, is_false, strict=True) if is_lie]
        order = _false_permutation(liars, rng)
        if order is None:
            continue
        tellers = iter([liars[i] for i in order])
        return [
            JudgeItem(scene, next(tellers), False) if is_lie else JudgeItem(scene, scene, True)
            for scene, is_lie in zip(scenes, is_false, strict=True)
        ]
    raise InputError(
        f"no false chains found among {len(scenes)} scenes, must be over {FALSE_MIN_KM:.0f} km"
        " apart; set the world's judge sizes to 0 or to 40 and more"
    )


def practice_items(
    scenes: Sequence[Scene], tellers: Sequence[Scene], rng: np.random.Generator
) -> list[JudgeItem]:
    """One item per scene for learning the format alone: honest or of a far teller, by chance."""
    items = []
    for scene in scenes:
        teller = scene
        if rng.random() < 0.5:
            teller = tellers[int(rng.integers(len(tellers)))]
        is_far = great_circle_km(teller.point, scene.point) > FALSE_MIN_KM
        items.append(JudgeItem(scene, teller if is_far else scene, not is_far))
    return items


def _false_permutation(
    scenes: Sequence[Scene], rng: np.random.Generator
) -> NDArray[np.int64] | None:
    """Whose chain each scene is given: far away, contradicted by a visible cue, else alike."""
    count = len(scenes)
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    shared, contradicted = _cue_agreement(scenes)
    allowed = contradicted & (_distances_km(scenes) > FALSE_MIN_KM)
    order = _allowed_permutation(allowed, rng)
    if order is None:
        return None
    for a, b in rng.integers(count, size=(_SWAPS_PER_ITEM * count, 2)):
        own, other = order[a], order[b]
        if allowed[a, other] and allowed[b, own]:
            now = int(shared[a, own]) + int(shared[b, other])
            if int(shared[a, other]) + int(shared[b, own]) > now:
                order[a], order[b] = other, own
    return order


def _allowed_permutation(
    allowed: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64] | None:
    count = len(allowed)
    order = rng.permutation(count)
    for _ in range(100 * count):
        wrong = np.flatnonzero(~allowed[np.arange(count), order])
        if not len(wrong):
            return order
        a, b = wrong[0], int(rng.integers(count))
        if allowed[a, order[b]] and (allowed[b, order[a]] or not allowed[b, order[b]]):
            order[a], order[b] = order[b], order[a]
    return None


def _distances_km(scenes: Sequence[Scene]) -> NDArray[np.float64]:
    lat = np.array([scene.point.lat for scene in scenes])
    lon = np.array([scene.point.lon for scene in scenes])
    return haversine_km(lat[:, None], lon[:, None], lat[None, :], lon[None, :])


def _cue_agreement(scenes: Sequence[Scene]) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """For each pair: number of equal cues visible in both, and whether any such cue differs."""
    count = len(scenes)
    shared = np.zeros((count, count), dtype=np.int8)
    contradicted = np.zeros((count, count), dtype=bool)
    for cue in CUES:
        known: dict[str, int] = {}
        codes = np.array(
            [
                known.setdefault(scene.traits[cue], len(known)) if scene.shows(cue) else _NO_VALUE
                for scene in scenes
            ]
        )
        both = (codes[:, None] != _NO_VALUE) & (codes[None, :] != _NO_VALUE)
        same = codes[:, None] == codes[None, :]
        shared += (both & same).astype(np.int8)
        contradicted |= both & ~same
    return shared, contradicted
