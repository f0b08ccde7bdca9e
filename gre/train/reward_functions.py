"""The rewards of a run as TRL calls them, and their dry run on gold answers. No torch here."""

from collections.abc import Callable, Sequence
from typing import Any

from gre.answers import ParseFailure, read_judgment, read_latlon
from gre.data.records import JudgeRecord, SeedRecord
from gre.errors import InputError
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.prompts import format_response
from gre.rewards import REWARDS, RewardFunction, RewardReason, Target, times_format
from gre.train.scale import ScaleSchedule

FLOAT32_ONE = 1.0 - 1e-6
"""What a gold answer must earn at least: 1 up to rounding of the great circle."""

REASON_COLUMN = "reason/"
"""Prefix of the columns in which the reasons of each reward are logged."""


def chosen_rewards(names: Sequence[str], *, multiply_by_format: bool) -> dict[str, RewardFunction]:
    """The reward functions of a run by name, gated by the format where it says so.

    Raises:
        InputError: A name is unknown, repeated, or there is none.
    """
    unknown = sorted(set(names) - set(REWARDS))
    if unknown:
        raise InputError(f"rewards: got {unknown[0]!r}, must be among {', '.join(REWARDS)}")
    if not names or len(set(names)) != len(names):
        raise InputError(f"rewards: got {list(names)}, must name one reward or more, each once")
    gate: Callable[[RewardFunction], RewardFunction] = (
        times_format if multiply_by_format else lambda reward: reward
    )
    return {name: REWARDS[name] if name == "format" else gate(REWARDS[name]) for name in names}


def trl_reward(name: str, reward: RewardFunction, schedule: ScaleSchedule) -> Callable[..., Any]:
    """Wrap a reward as TRL calls it: texts and dataset columns in, one number per text out.

    The reason of each is logged in the column `reason/NAME`.
    """

    def function(
        *,
        completions: Sequence[Any],
        truth_lat: Sequence[float],
        truth_lon: Sequence[float],
        label: Sequence[bool | None],
        log_extra: Callable[[str, list[Any]], None],
        **_: object,
    ) -> list[float]:
        """Rewards of completions, in their order; the reason of each is logged."""
        rewards = [
            reward(
                completion_text(completion),
                Target(truth=LatLon(lat, lon), label=verdict, scale_km=schedule.scale_km),
            )
            for completion, lat, lon, verdict in zip(
                completions, truth_lat, truth_lon, label, strict=True
            )
        ]
        log_extra(REASON_COLUMN + name, [reward.reason.value for reward in rewards])
        return [reward.value for reward in rewards]

    function.__name__ = name
    return function


def completion_text(completion: Any) -> str:  # Any: TRL's completion, a text or a list of turns
    """The text of a completion, whether TRL hands it over bare or as a conversation."""
    return completion if isinstance(completion, str) else str(completion[-1]["content"])


def reading_columns(
    texts: Sequence[str], truths: Sequence[LatLon], *, reads_points: bool
) -> dict[str, list[Any]]:
    """What each text says, as columns of the rollout log: point and distance, or verdict."""
    columns: dict[str, list[Any]] = {"point": [], "distance_km": [], "verdict": []}
    for text, truth in zip(texts, truths, strict=True):
        point = read_latlon(text) if reads_points else None
        verdict = None if reads_points else read_judgment(text)
        if isinstance(point, LatLon):
            columns["point"].append(list(point.as_tuple()))
            columns["distance_km"].append(great_circle_km(point, truth))
        else:
            columns["point"].append(None)
            columns["distance_km"].append(None)
        columns["verdict"].append(None if isinstance(verdict, ParseFailure) else verdict)
    return columns


def check_gold(
    records: Sequence[JudgeRecord | SeedRecord],
    rewards: dict[str, RewardFunction],
    *,
    scale_km: float,
) -> None:
    """Score the gold answer of every record: a reward that cannot be earned would train nothing.

    Raises:
        InputError: A gold answer earns less than 1; names record, reward, value and reason.
    """
    for record in records:
        label = record.label if isinstance(record, JudgeRecord) else None
        truth = record.truth
        answer = str(label) if label is not None else f"{truth.lat!r}, {truth.lon!r}"
        gold = format_response("gold", answer)
        target = Target(truth=truth, label=label, scale_km=scale_km)
        for name, reward in rewards.items():
            earned = reward(gold, target)
            if earned.value < FLOAT32_ONE or earned.reason is not RewardReason.HIT:
                raise InputError(
                    f"{record.place}: its gold answer {answer!r} earns {earned.value:.6f}"
                    f" ({earned.reason.value}) of reward {name}, must be 1; correct the record or"
                    " the reward"
                )
