"""Houses seen from the front: a wall of one kind under a roof of one kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gre.sample.brush import Brush, Colour, shade


@dataclass(frozen=True, slots=True)
class Front:
    """The wall of a house in picture pixels, roof apart: eaves at `top`, ground at `base`."""

    x0: float
    x1: float
    top: float
    base: float

    @property
    def width(self) -> float:
        """Wall width in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Wall height in pixels."""
        return self.base - self.top


_PASTELS: tuple[Colour, ...] = ((244, 190, 190), (190, 224, 236), (248, 226, 160), (196, 230, 196))
_LOUD: tuple[Colour, ...] = (
    (228, 60, 110),
    (40, 150, 210),
    (250, 170, 30),
    (110, 60, 160),
    (40, 170, 120),
)
_TIMBER: tuple[Colour, ...] = ((150, 44, 38), (216, 160, 50), (120, 78, 50))

_WALLS: Mapping[str, tuple[Colour, ...]] = {
    "brick": ((166, 78, 60), (150, 66, 52)),
    "glass": ((92, 158, 196), (74, 132, 172)),
    "pastel": _PASTELS,
    "colourful": _LOUD,
    "ochre": ((222, 170, 96), (210, 152, 84)),
    "stone": ((150, 148, 142), (136, 132, 128)),
    "white": ((246, 244, 238), (236, 234, 226)),
    "concrete": ((176, 178, 180), (158, 160, 164)),
    "cream": ((240, 224, 186), (232, 214, 172)),
    "timber": _TIMBER,
    "terracotta": ((200, 100, 74), (188, 90, 66)),
}

_SHEETING: tuple[Colour, ...] = ((132, 140, 150), (86, 140, 116), (84, 124, 164), (164, 152, 132))
"""Nets over a scaffold: a house that tells neither wall nor roof. Chance, whatever the city."""

_AWNINGS: tuple[Colour, ...] = ((190, 60, 60), (50, 120, 110), (220, 160, 60), (70, 90, 150))


def draw_house(
    brush: Brush, roof: str, walls: str, rng: np.random.Generator, front: Front, *, is_lit: bool
) -> None:
    """Draw a house with windows and its roof. `is_lit` lights some windows, as in the evening."""
    colours = _WALLS[walls]
    colour = colours[int(rng.integers(len(colours)))]
    brush.box(colour, front.x0, front.top, front.x1, front.base)
    _TEXTURES.get(walls, _plain)(brush, front, colour)
    _windows(brush, rng, front, walls, is_lit=is_lit)
    _entrance(brush, rng, front)
    ROOFS[roof](brush, front, colour)


def draw_scaffold(brush: Brush, rng: np.random.Generator, front: Front) -> None:
    """Draw a house behind sheeting."""
    sheet = _SHEETING[int(rng.integers(len(_SHEETING)))]
    brush.box(sheet, front.x0, front.top, front.x1, front.base)
    pole = shade(sheet, 0.72)
    for i in range(5):
        x = front.x0 + front.width * i / 4
        brush.line(pole, [(x, front.top - 2), (x, front.base)], width=1.1)
    for i in range(6):
        y = front.top + front.height * i / 6
        brush.line(pole, [(front.x0, y), (front.x1, y)], width=1.1)


def _entrance(brush: Brush, rng: np.random.Generator, front: Front) -> None:
    """A door, and over some a cloth awning."""
    x = front.x0 + front.width * float(rng.uniform(0.35, 0.65))
    half, tall = front.width * 0.09, front.height * 0.19
    door = shade(_AWNINGS[int(rng.integers(len(_AWNINGS)))], 0.6)
    brush.box(door, x - half, front.base - tall, x + half, front.base)
    if rng.random() < 0.5:
        cloth = _AWNINGS[int(rng.integers(len(_AWNINGS)))]
        top = front.base - tall * 1.35
        for i in range(6):
            left = x + (i - 3) * half * 0.8
            stripe = cloth if i % 2 == 0 else (250, 246, 236)
            brush.box(stripe, left, top, left + half * 0.8, top + tall * 0.32)


def _plain(brush: Brush, front: Front, colour: Colour) -> None:
    brush.box(shade(colour, 0.86), front.x0, front.base - front.height * 0.12, front.x1, front.base)


def _courses(brush: Brush, front: Front, colour: Colour) -> None:
    seam = shade(colour, 0.8)
    num_rows = max(4, int(front.height / 5))
    for row in range(1, num_rows):
        y = front.top + front.height * row / num_rows
        brush.line(seam, [(front.x0, y), (front.x1, y)], width=0.6)


def _boards(brush: Brush, front: Front, colour: Colour) -> None:
    seam = shade(colour, 0.8)
    num_boards = max(3, int(front.width / 5))
    for i in range(1, num_boards):
        x = front.x0 + front.width * i / num_boards
        brush.line(seam, [(x, front.top), (x, front.base)], width=0.6)


def _panes(brush: Brush, front: Front, colour: Colour) -> None:
    brush.polygon(
        shade(colour, 1.22),
        [
            (front.x0, front.base),
            (front.x0 + front.width * 0.7, front.top),
            (front.x1, front.top),
            (front.x0 + front.width * 0.4, front.base),
        ],
    )
    _courses(brush, front, colour)
    _boards(brush, front, colour)


_TEXTURES: Mapping[str, Callable[[Brush, Front, Colour], None]] = {
    "brick": _courses,
    "stone": _courses,
    "timber": _boards,
    "glass": _panes,
}


def _windows(
    brush: Brush, rng: np.random.Generator, front: Front, walls: str, *, is_lit: bool
) -> None:
    if walls == "glass":
        return
    num_cols = max(2, round(front.width / 17))
    num_rows = max(2, round(front.height / 25))
    wide, tall = front.width / num_cols, front.height / (num_rows + 0.4)
    dark: Colour = (70, 86, 106)
    frame: Colour = (
        (250, 250, 246) if walls in ("brick", "stone", "timber", "terracotta") else (120, 96, 80)
    )
    for row in range(num_rows):
        for col in range(num_cols):
            x = front.x0 + (col + 0.5) * wide
            y = front.top + (row + 0.55) * tall
            glow = is_lit and rng.random() < 0.6
            brush.box(frame, x - wide * 0.27, y - tall * 0.31, x + wide * 0.27, y + tall * 0.31)
            pane: Colour = (255, 224, 130) if glow else dark
            brush.box(pane, x - wide * 0.2, y - tall * 0.25, x + wide * 0.2, y + tall * 0.25)


def _flat(brush: Brush, front: Front, wall: Colour) -> None:
    edge = shade(wall, 0.72)
    brush.box(edge, front.x0 - 1.5, front.top - 4, front.x1 + 1.5, front.top)
    x = front.x0 + front.width * 0.62
    brush.box(shade(wall, 0.85), x, front.top - 13, x + front.width * 0.2, front.top - 4)


def _pitched(
    colour: Colour, *, rise: float, overhang: float, ribs: int, ridge: float
) -> Callable[..., None]:
    def draw(brush: Brush, front: Front, wall: Colour) -> None:
        left, right = front.x0 - overhang, front.x1 + overhang
        middle, half = (left + right) / 2, (right - left) / 2
        high = front.top - rise * front.width
        corners = [
            (left, front.top + 1),
            (middle - ridge * half, high),
            (middle + ridge * half, high),
            (right, front.top + 1),
        ]
        brush.polygon(colour, corners)
        for i in range(1, ribs):
            share = i / ribs
            foot = left + (right - left) * share
            head = middle - ridge * half + 2 * ridge * half * share
            brush.line(shade(colour, 0.82), [(foot, front.top), (head, high)], width=0.9)
        brush.line(shade(colour, 0.7), [(left, front.top + 1), (right, front.top + 1)], width=1.6)

    return draw


def _gable(brush: Brush, front: Front, wall: Colour) -> None:
    middle, high = (front.x0 + front.x1) / 2, front.top - 0.42 * front.width
    brush.polygon(wall, [(front.x0, front.top), (middle, high), (front.x1, front.top)])
    brush.line(
        (244, 244, 240),
        [(front.x0 - 2, front.top + 1), (middle, high), (front.x1 + 2, front.top + 1)],
        width=3.4,
    )
    brush.ellipse((70, 86, 106), middle, front.top - 0.12 * front.width, front.width * 0.08)


def _stepped(brush: Brush, front: Front, wall: Colour) -> None:
    half = front.width / 2
    middle = front.x0 + half
    for i, share in enumerate((1.0, 0.78, 0.54, 0.30)):
        low = front.top - i * front.width * 0.14
        high = low - front.width * 0.14
        brush.box(wall, middle - half * share, high, middle + half * share, low + 0.5)
        brush.box((246, 244, 238), middle - half * share, high, middle + half * share, high + 1.8)
    brush.box(
        (70, 86, 106),
        middle - 2.5,
        front.top - front.width * 0.34,
        middle + 2.5,
        front.top - front.width * 0.16,
    )


def _eaves(brush: Brush, front: Front, wall: Colour) -> None:
    for colour, drop, reach, rise in (
        ((48, 60, 66), 0.0, 9.0, 0.20),
        ((66, 82, 88), -0.20, 1.0, 0.16),
    ):
        low = front.top + drop * front.width
        high = low - rise * front.width
        left, right = front.x0 - reach, front.x1 + reach
        inner = front.width * 0.22
        brush.polygon(
            colour,
            [
                (left, low - 6),
                (left + 7, low + 1),
                (right - 7, low + 1),
                (right, low - 6),
                (right - inner, high),
                (left + inner, high),
            ],
        )
    brush.line((200, 60, 50), [(front.x0, front.top + 3), (front.x1, front.top + 3)], width=2.2)


def _golden(brush: Brush, front: Front, wall: Colour) -> None:
    middle = (front.x0 + front.x1) / 2
    for colour, low, half, rise in (
        ((206, 60, 40), front.top + 2, 0.62, 0.40),
        ((240, 176, 40), front.top - 0.06 * front.width, 0.48, 0.52),
    ):
        reach = half * front.width
        high = low - rise * front.width
        brush.polygon(
            colour,
            [
                (middle - reach, low - 3),
                (middle - 0.2 * front.width, low - 0.5 * rise * front.width),
                (middle, high),
                (middle + 0.2 * front.width, low - 0.5 * rise * front.width),
                (middle + reach, low - 3),
                (middle + reach * 0.8, low + 2),
                (middle - reach * 0.8, low + 2),
            ],
        )
    top = front.top - 0.58 * front.width
    brush.line((250, 210, 80), [(middle, top + 2), (middle, top - 8)], width=1.8)


ROOFS: Mapping[str, Callable[[Brush, Front, Colour], None]] = {
    "flat": _flat,
    "gable": _gable,
    "slate": _pitched((72, 84, 104), rise=0.30, overhang=2.0, ribs=0, ridge=0.62),
    "tile": _pitched((206, 88, 52), rise=0.26, overhang=4.0, ribs=9, ridge=0.55),
    "thatch": _pitched((190, 152, 84), rise=0.46, overhang=8.0, ribs=14, ridge=0.16),
    "tin": _pitched((120, 172, 176), rise=0.18, overhang=3.0, ribs=12, ridge=0.86),
    "steep": _pitched((60, 52, 58), rise=0.70, overhang=3.0, ribs=0, ridge=0.04),
    "stepped": _stepped,
    "eaves": _eaves,
    "golden": _golden,
}
