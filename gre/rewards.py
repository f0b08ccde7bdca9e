"""Rewards of the two RL stages, as pure functions of one text.

Each returns a value and the reason for it, so that a log can say why rewards are zero. The text is
read by `gre.answers`, the reader of the benchmark: the two cannot drift apart. A run names its
rewards by their keys in `REWARDS`; adding one is a function and a line there.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import pairwise
from types import MappingProxyType

from gre.answers import FailureReason, ParseFailure, follows_format, read_judgment, read_latlon
from gre.errors import InputError
from gre.geo.distance import DISTANCES
from gre.geo.latlon import LatLon
from gre.geo.places import nearest_place

PIECEWISE_KNOTS = ((0.0, 1.0), (750.0, 0.5), (2500.0, 0.2), (20_000.0, 0.0))
"""Distance in km and reward between which `piecewise_linear_reward` is straight. Source: Geo-R."""

SAME_REWARD = 1e-6
"""Rewards this close are equal; a run's are rounded to 32 bits."""


class RewardReason(StrEnum):
    """Why a reward has its value. The last six are those of `FailureReason`."""

    HIT = "hit"
    """Within one scale of the truth, the right verdict or country, or well formed."""
    FAR = "far"
    """A readable point, farther than one scale from the truth."""
    WRONG_VERDICT = "wrong_verdict"
    WRONG_COUNTRY = "wrong_country"
    NO_THINK_TAG = "no_think_tag"
    NO_ANSWER_TAG = "no_answer_tag"
    BAD_FORMAT = "bad_format"
    """Both tags are there, but not once each, in order, filled and alone."""
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


@dataclass(frozen=True)
class Target:
    """What a text is held against. A reward reads the part that it needs.

    Attributes:
        truth: Where the photo was taken; None where the stage has no use for it.
        label: Whether the reasoning shown is right; None outside of the judge stage.
        scale_km: The paper's theta, kilometres, above 0.
    """

    truth: LatLon | None = None
    label: bool | None = None
    scale_km: float = 750.0

    def known_truth(self) -> LatLon:
        """The true point.

        Raises:
            InputError: There is none.
        """
        if self.truth is None:
            raise InputError("rewards: this reward needs true coordinates; the records have none")
        return self.truth

    def known_label(self) -> bool:
        """The true verdict.

        Raises:
            InputError: There is none.
        """
        if self.label is None:
            raise InputError("rewards: this reward needs True/False labels; the records have none")
        return self.label


def is_flat(rewards: Sequence[float]) -> bool:
    """Whether the rewards of a group are the same, so that nothing can be learned from it."""
    return max(rewards) - min(rewards) <= SAME_REWARD


def format_reward(text: str) -> Reward:
    """1 where the text is one <think> and one <answer> and nothing else, otherwise 0.

    Source: GRE paper, format reward of both RL stages; the grammar is `follows_format`'s.
    """
    if follows_format(text):
        return Reward(1.0, RewardReason.HIT)
    if "<think>" not in text or "</think>" not in text:
        return Reward(0.0, RewardReason.NO_THINK_TAG)
    if "<answer>" not in text or "</answer>" not in text:
        return Reward(0.0, RewardReason.NO_ANSWER_TAG)
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
    return Reward(1.0, RewardReason.HIT)


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
        scale_km: The paper's theta, kilometres, above 0; within it the answer is a hit.
        distance: A name in `gre.geo.distance.DISTANCES`; by default the benchmark's.
        strict: Read <answer> tags only.

    Raises:
        InputError: scale_km or distance is not allowed.

    Source: GRE paper, RL stage II.
    """
    return _point_reward(
        text,
        truth,
        lambda error_km: distance_reward(error_km, scale_km=scale_km),
        hit_km=scale_km,
        distance=distance,
        strict=strict,
    )


def exponential_reward(text: str, truth: LatLon, *, scale_km: float) -> Reward:
    """exp(-d / scale_km) of the point in the text; 0 with the reason where none can be read.

    Source: GeoAgent (scale 200 km, there cut at 2000 km) and geospot (2000 falling to 25 km).
    """
    return _point_reward(
        text, truth, lambda error_km: decay_reward(error_km, scale_km=scale_km), hit_km=scale_km
    )


def piecewise_linear_reward(text: str, truth: LatLon) -> Reward:
    """1 at the truth, 0.5 at 750, 0.2 at 2500, 0 at 20,000 km, straight between. Source: Geo-R."""
    return _point_reward(text, truth, piecewise_reward, hit_km=PIECEWISE_KNOTS[1][0])


def country_reward(text: str, truth: LatLon) -> Reward:
    """1 where the point in the text lies in the truth's country, by the nearest town.

    Source: GLOBE (country match of names; here of points, so that no name must be parsed).
    """
    point = read_latlon(text)
    if isinstance(point, ParseFailure):
        return Reward(0.0, RewardReason(point.reason.value))
    if nearest_place(point).country_code == _country_code(truth):
        return Reward(1.0, RewardReason.HIT)
    return Reward(0.0, RewardReason.WRONG_COUNTRY)


def _point_reward(
    text: str,
    truth: LatLon,
    value_at: Callable[[float], float],
    *,
    hit_km: float,
    distance: str = "haversine",
    strict: bool = False,
) -> Reward:
    if distance not in DISTANCES:
        raise InputError(f"distance must be one of {', '.join(DISTANCES)}, got {distance!r}")
    point = read_latlon(text, strict=strict)
    if isinstance(point, ParseFailure):
        return Reward(0.0, RewardReason(point.reason.value))
    error_km = DISTANCES[distance](point, truth)
    reason = RewardReason.HIT if error_km <= hit_km else RewardReason.FAR
    return Reward(value_at(error_km), reason)


@cache
def _country_code(truth: LatLon) -> str:
    return nearest_place(truth).country_code


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
    # The same with a falling exponential, which underflows to 0 where the rising one overflows.
    decay = decay_reward(error_km, scale_km=scale_km)
    return 2.0 * decay / (1.0 + decay)


def decay_reward(error_km: float, *, scale_km: float) -> float:
    """exp(-error_km / scale_km): 1 at the target, 0.368 at one scale.

    Raises:
        InputError: A value is out of range or NaN.
    """
    if not error_km >= 0.0:
        raise InputError(f"error_km must be >= 0, got {error_km}")
    if not (scale_km > 0.0 and math.isfinite(scale_km)):
        raise InputError(f"scale_km must be > 0 and finite, got {scale_km}; set scale_levels_km")
    return math.exp(-error_km / scale_km)


def piecewise_reward(error_km: float) -> float:
    """The reward between the knots of `PIECEWISE_KNOTS`; 0 beyond the last.

    Raises:
        InputError: error_km is negative or NaN.
    """
    if not error_km >= 0.0:
        raise InputError(f"error_km must be >= 0, got {error_km}")
    for (near_km, high), (far_km, low) in pairwise(PIECEWISE_KNOTS):
        if error_km <= far_km:
            return high + (low - high) * (error_km - near_km) / (far_km - near_km)
    return 0.0


RewardFunction = Callable[[str, Target], Reward]

REWARDS: Mapping[str, RewardFunction] = MappingProxyType(
    {
        "format": lambda text, target: format_reward(text),
        "judge": lambda text, target: judge_reward(text, label=target.known_label()),
        "geodesic": lambda text, target: geodesic_reward(
            text, target.known_truth(), scale_km=target.scale_km
        ),
        "exponential": lambda text, target: exponential_reward(
            text, target.known_truth(), scale_km=target.scale_km
        ),
        "piecewise_linear": lambda text, target: piecewise_linear_reward(
            text, target.known_truth()
        ),
        "country": lambda text, target: country_reward(text, target.known_truth()),
    }
)
"""Every reward that a config can name."""

SCALED_REWARDS = ("geodesic", "exponential")
"""Rewards whose shape depends on the scale (theta)."""

TRUTH_REWARDS = ("geodesic", "exponential", "piecewise_linear", "country")
"""Rewards that need the true coordinates and an answer that is a point."""


def times_format(reward: RewardFunction) -> RewardFunction:
    """The reward where the text follows the format, and 0 with the fault's reason where not.

    Source: Geo-R, whose distance reward is multiplied by its format reward.
    """

    def gated(text: str, target: Target) -> Reward:
        form = format_reward(text)
        return reward(text, target) if form.value else Reward(0.0, form.reason)

    return gated
