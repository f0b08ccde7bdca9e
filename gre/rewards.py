"""Rewards of the two RL stages, as pure functions of one text.

Each returns a value and the reason for it, so that a log can say why rewards are zero. The text is
read by `gre.answers`, the reader of the benchmark: the two cannot drift apart.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from gre.answers import FailureReason, ParseFailure, follows_format, read_judgment, read_latlon
from gre.errors import InputError
from gre.geo.distance import DISTANCES
from gre.geo.latlon import LatLon


class RewardReason(StrEnum):
    """Why a reward has its value. The last six are those of `FailureReason`."""

    OK = "ok"
    BAD_FORMAT = "bad_format"
    WRONG_VERDICT = "wrong_verdict"
    NO_ANSWER = FailureReason.NO_ANSWER.value
    REFUSAL = FailureReason.REFUSAL.value
    ONE_NUMBER = FailureReason.ONE_NUMBER.value
    OUT_OF_RANGE = FailureReason.OUT_OF_RANGE.value
    NOT_A_NUMBER = FailureReason.NOT_A_NUMBER.value
    AMBIGUOUS = FailureReason.AMBIGUOUS.value


@dataclass(frozen=True)
class Reward:
    """A reward in [0, 1] and the reason for it."""

    value: float
    reason: RewardReason


def format_reward(text: str) -> Reward:
    """1 where the text is one <think> and one <answer> and nothing else, otherwise 0.

    Source: GRE paper, format reward of both RL stages; the grammar is `follows_format`'s.
    """
    if follows_format(text):
        return Reward(1.0, RewardReason.OK)
    return Reward(0.0, RewardReason.BAD_FORMAT)


def judge_reward(text: str, *, label: bool) -> Reward:
    """1 where the verdict in the text is the label, otherwise 0.

    Source: GRE paper, RL stage I.
    """
    verdict = read_judgment(text)
    if isinstance(verdict, ParseFailure):
        return Reward(0.0, RewardReason(verdict.reason.value))
    if verdict is not label:
        return Reward(0.0, RewardReason.WRONG_VERDICT)
    return Reward(1.0, RewardReason.OK)


def geodesic_reward(
    text: str,
    truth: LatLon,
    *,
    scale_km: float,
    distance: str = "haversine",
    strict: bool = False,
) -> Reward:
    """`distance_reward` of the point in the text; 0 with the reason where none can be read.

    Args:
        text: What the model wrote.
        truth: Where the photo was taken.
        scale_km: The paper's theta, kilometres, above 0.
        distance: A name in `gre.geo.distance.DISTANCES`; by default the benchmark's.
        strict: Read <answer> tags only.

    Raises:
        InputError: scale_km or distance is not allowed.

    Source: GRE paper, RL stage II.
    """
    if distance not in DISTANCES:
        raise InputError(f"distance must be one of {', '.join(DISTANCES)}, got {distance!r}")
    point = read_latlon(text, strict=strict)
    if isinstance(point, ParseFailure):
        return Reward(0.0, RewardReason(point.reason.value))
    error_km = DISTANCES[distance](point, truth)
    return Reward(distance_reward(error_km, scale_km=scale_km), RewardReason.OK)


def distance_reward(error_km: float, *, scale_km: float) -> float:
    """Turn an error into a reward in [0, 1], for any distance and scale without overflow.

    r = 2 / (1 + exp(error_km / scale_km)): 1 at the target, 0.538 at one scale, falling with
    distance; below about 745 scales it is above 0, farther away it underflows to 0.

    Args:
        error_km: Distance from truth, kilometres, at least 0.
        scale_km: The paper's theta, kilometres, above 0.

    Raises:
        InputError: A value is out of range or NaN.

    Source: GRE paper, geodesic reward.
    """
    if not error_km >= 0.0:
        raise InputError(f"error_km must be >= 0, got {error_km}")
    if not (scale_km > 0.0 and math.isfinite(scale_km)):
        raise InputError(f"scale_km must be > 0 and finite, got {scale_km}; set reward_scale_km")
    # The same with a falling exponential, which underflows to 0 where the rising one overflows.
    decay = math.exp(-error_km / scale_km)
    return 2.0 * decay / (1.0 + decay)
