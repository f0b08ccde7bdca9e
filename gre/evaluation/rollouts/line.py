"""One line of `rollouts.jsonl`: what a trainer says about one completion."""

from collections.abc import Mapping
from dataclasses import dataclass

from gre.evaluation.asking.growing_log import number, whole
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon, LatLonError


@dataclass(frozen=True)
class Rollout:
    """One completion as the trainer logged it; what a line does not say is None or empty.

    Attributes:
        step: Optimizer step at which it was generated.
        group: Number of its prompt within the step.
        index: Number within the group, or None where the line does not say.
        id: Of the training record.
        image: Path of the photo.
        prompt: The question, without the image.
        completion: What the model wrote.
        num_tokens: Its length.
        is_truncated: Whether it ran into the limit of tokens.
        rewards: By reward function; None where a function did not apply.
        reasons: Why a reward has its value, by reward function.
        reward: Their weighted sum.
        advantage: What the update used.
        truth: Where the photo was taken (stage 3).
        point: What was read from the answer, or None.
        distance_km: Between the two.
        scale_km: The theta with which the distance was scored.
        label: Whether the reasoning to judge is right (stage 2).
        verdict: What the model said of it.
    """

    step: int
    group: int
    index: int | None
    id: str
    image: str
    prompt: str
    completion: str
    num_tokens: int | None
    is_truncated: bool
    rewards: Mapping[str, float | None]
    reasons: Mapping[str, str]
    reward: float | None
    advantage: float | None
    truth: LatLon | None
    point: LatLon | None
    distance_km: float | None
    scale_km: float | None
    label: bool | None
    verdict: bool | None

    @property
    def is_readable(self) -> bool | None:
        """Whether a point or a verdict could be read; None where neither was asked for."""
        if self.label is not None:
            return self.verdict is not None
        return None if self.truth is None else self.point is not None


def parse_rollout(row: Mapping[str, object]) -> Rollout | None:
    """Read one line; None where it does not say to which step and group it belongs."""
    step, group = whole(row.get("step")), whole(row.get("group"))
    if step is None or group is None:
        return None
    truth, point = _point(row.get("truth")), _point(row.get("point"))
    distance_km = number(row.get("distance_km"))
    if distance_km is None and truth is not None and point is not None:
        distance_km = great_circle_km(truth, point)
    return Rollout(
        step=step,
        group=group,
        index=whole(row.get("index")),
        id=_text(row.get("id")),
        image=_text(row.get("image")),
        prompt=_text(row.get("prompt")),
        completion=_text(row.get("completion")),
        num_tokens=whole(row.get("tokens")),
        is_truncated=row.get("truncated") is True,
        rewards={name: number(value) for name, value in _items(row.get("rewards"))},
        reasons={name: str(why) for name, why in _items(row.get("reasons")) if why is not None},
        reward=number(row.get("reward")),
        advantage=number(row.get("advantage")),
        truth=truth,
        point=point,
        distance_km=distance_km,
        scale_km=number(row.get("scale_km")),
        label=_truth_value(row.get("label")),
        verdict=_truth_value(row.get("verdict")),
    )


def _point(value: object) -> LatLon | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    try:
        return LatLon(*value)
    except LatLonError:
        return None


def _items(value: object) -> list[tuple[str, object]]:
    return list(value.items()) if isinstance(value, dict) else []


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _truth_value(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
