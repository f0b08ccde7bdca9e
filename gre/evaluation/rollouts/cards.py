"""What the page of rollouts knows of the groups it shows: plain values for its script."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from gre.evaluation.pages.thumbnails import Thumbnail, make_thumbnail
from gre.evaluation.pages.worldmap import HEIGHT, WIDTH, error_band, great_circle, project
from gre.evaluation.report.gallery import MAX_PHOTOS
from gre.evaluation.rollouts.line import Rollout
from gre.evaluation.rollouts.log import RolloutGroup, RolloutLog, load_group
from gre.evaluation.rollouts.parts import longest_allowed, parts_of
from gre.geo.latlon import LatLon

MAX_TEXT_CHARS = 1_500_000
"""Text of models and questions that a page carries; the longest are cut to fit."""
MAX_NAME_CHARS = 120
"""Longest id, reason or name of a reward that is shown."""
KM_PER_DEGREE = 111.195
"""On the sphere of radius 6371.0 km."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Cards:
    """The groups of a page, and what is not whole about them.

    Attributes:
        data: Ready for JSON.
        num_without_photo: Photos that could not be opened.
        num_photos_left_out: Photos beyond what a page carries.
        num_cut: Texts that were cut.
    """

    data: Mapping[str, object]
    num_without_photo: int
    num_photos_left_out: int
    num_cut: int


def make_cards(log: RolloutLog, groups: Sequence[RolloutGroup]) -> Cards:
    """Load the groups, their photos once each, and shorten texts where they are too many.

    Raises:
        InputError: The file was written anew meanwhile.
    """
    loaded = [list(load_group(log, group).items()) for group in groups]
    texts = _Texts(loaded)
    album = _Album(log.path.parent)
    cards = [
        _card(group, rollouts, texts, album) for group, rollouts in zip(groups, loaded, strict=True)
    ]
    advantages = [abs(r.advantage) for members in loaded for _, r in members if r.advantage]
    totals: dict[int, int] = {}
    for group in log.groups:
        totals[group.step] = totals.get(group.step, 0) + 1
    data = {
        "groups": cards,
        "photos": album.photos,
        "reach": max(advantages, default=1.0),
        "totals": {group.step: totals[group.step] for group in groups},
        "world": [WIDTH, HEIGHT],
    }
    return Cards(data, album.num_missing, album.num_left_out, texts.num_cut)


class _Texts:
    """Cuts texts so that all of them together fit into the page."""

    def __init__(self, loaded: Sequence[Sequence[tuple[int, Rollout]]]) -> None:
        lengths = [len(rollout.completion) for members in loaded for _, rollout in members]
        lengths += [len(members[0][1].prompt) for members in loaded]
        self.most = longest_allowed(lengths, MAX_TEXT_CHARS)
        self.num_cut = 0

    def fit(self, text: str) -> tuple[str, int]:
        """The start of a text, and how many characters of it are left out."""
        left_out = max(0, len(text) - self.most)
        self.num_cut += left_out > 0
        return text[: self.most], left_out


class _Album:
    """Each photo once, however many groups show it."""

    def __init__(self, folder: Path) -> None:
        self.photos: list[Mapping[str, object]] = []
        self.num_missing = 0
        self.num_left_out = 0
        self._folder = folder
        self._places: dict[str, int | None] = {}

    def place(self, image: str) -> int | None:
        if image not in self._places:
            self._places[image] = self._add(image)
        return self._places[image]

    def _add(self, image: str) -> int | None:
        if len(self.photos) >= MAX_PHOTOS:
            self.num_left_out += 1
            return None
        thumbnail = _thumbnail(image, self._folder)
        if thumbnail is None:
            self.num_missing += 1
            return None
        self.photos.append(vars(thumbnail))
        return len(self.photos) - 1


def _thumbnail(image: str, folder: Path) -> Thumbnail | None:
    if not image or "\0" in image:
        return None
    path = Path(image)
    is_found = path.is_absolute() or path.is_file()
    return make_thumbnail(path if is_found else folder / path)


def _card(
    group: RolloutGroup,
    rollouts: Sequence[tuple[int, Rollout]],
    texts: _Texts,
    album: _Album,
) -> dict[str, object]:
    members = [rollout for _, rollout in rollouts]
    label = _known(rollout.label for rollout in members)
    truth = _known(rollout.truth for rollout in members) if label is None else None
    return {
        "step": group.step,
        "number": group.number,
        "id": (_known(rollout.id for rollout in members) or "")[:MAX_NAME_CHARS],
        "photo": album.place(_known(rollout.image for rollout in members) or ""),
        "prompt": texts.fit((_known(rollout.prompt for rollout in members) or "").strip()),
        "truth": None if truth is None else truth.as_tuple(),
        "at": None if truth is None else _on_map(truth),
        "unitKm": None if truth is None else _unit_km(truth),
        "scaleKm": _known(rollout.scale_km for rollout in members),
        "label": label,
        "isFlat": group.is_flat,
        "unreadable": group.num_unreadable,
        "rollouts": [_row(index, rollout, truth, texts) for index, rollout in rollouts],
    }


def _known(values: Iterable[Value | None]) -> Value | None:
    """What a group's lines say in common: the first that says it, since a line may lack a key."""
    return next((value for value in values if value is not None and value != ""), None)


def _row(index: int, rollout: Rollout, truth: LatLon | None, texts: _Texts) -> dict[str, object]:
    point = rollout.point if truth is not None else None
    return {
        "index": index,
        "reward": rollout.reward,
        "advantage": rollout.advantage,
        "functions": [
            (name[:MAX_NAME_CHARS], value, rollout.reasons.get(name, "")[:MAX_NAME_CHARS])
            for name, value in rollout.rewards.items()
        ],
        "parts": [(part.kind, *texts.fit(part.text)) for part in parts_of(rollout.completion)],
        "tokens": rollout.num_tokens,
        "isTruncated": rollout.is_truncated,
        "isReadable": rollout.is_readable,
        "km": rollout.distance_km,
        "band": error_band(rollout.distance_km),
        "verdict": rollout.verdict,
        "point": None if point is None else point.as_tuple(),
        "at": None if point is None else _on_map(point),
        "way": "" if point is None or truth is None else way_path(truth, point),
    }


def way_path(start: LatLon, end: LatLon) -> str:
    """The great circle between two points as SVG path data, cut at the edge of the map."""
    points = great_circle(start, end)
    jumps = np.flatnonzero(np.abs(np.diff(points[:, 1])) > 180.0) + 1
    path = ""
    for piece in np.split(points, jumps):
        if len(piece) > 1:
            x, y = project(piece[:, 0], piece[:, 1])
            path += "M" + "L".join(f"{a:.2f} {b:.2f}" for a, b in zip(x, y, strict=True))
    return path


def _on_map(point: LatLon) -> tuple[float, float]:
    x, y = project(point.lat, point.lon)
    return round(float(x), 2), round(float(y), 2)


def _unit_km(point: LatLon) -> float:
    """Kilometres that one unit of the map spans from west to east at a point."""
    lat = min(max(point.lat, -85.0), 85.0)
    x, _ = project([lat, lat], [0.0, 1.0])
    return round(KM_PER_DEGREE * float(np.cos(np.radians(lat))) / float(x[1] - x[0]), 3)
