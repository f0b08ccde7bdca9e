"""Draw a city's landmark from its table of shapes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from gre.sample.brush import Brush, Colour, Point, mix
from gre.sample.landmark_shapes import SHAPES

_COLOURS: Mapping[str, Colour] = {
    "black": (35, 35, 40),
    "blue": (40, 80, 190),
    "brick": (165, 70, 50),
    "brown": (95, 62, 46),
    "copper": (92, 170, 140),
    "coral": (214, 110, 78),
    "cream": (242, 228, 196),
    "glass": (110, 180, 215),
    "gold": (235, 185, 50),
    "green": (40, 150, 80),
    "iron": (112, 84, 70),
    "jungle": (54, 112, 62),
    "magenta": (214, 50, 120),
    "night": (52, 58, 76),
    "ochre": (214, 160, 86),
    "olive": (140, 134, 80),
    "orange": (226, 82, 40),
    "pink": (238, 150, 170),
    "red": (206, 44, 44),
    "rock": (120, 108, 104),
    "silver": (206, 216, 226),
    "steel": (126, 140, 156),
    "stone": (184, 178, 168),
    "sun": (246, 204, 84),
    "tan": (218, 188, 138),
    "teal": (40, 150, 160),
    "thatch": (150, 110, 60),
    "tilered": (196, 88, 56),
    "white": (248, 246, 240),
}

_HAZE = 0.10
"""Share of the horizon's colour in a landmark, for distance."""


class _Shape(NamedTuple):
    kind: str
    colour: str
    numbers: tuple[float, ...]


def draw_landmark(
    brush: Brush, name: str, *, x: float, base: float, height: float, horizon: Colour
) -> None:
    """Draw landmark `name` standing on (x, base), `height` picture pixels tall.

    `horizon` is the sky's colour behind it: it fills the openings and tints the rest.
    """
    for shape in _shapes(name):
        plain = _COLOURS.get(shape.colour, horizon)
        colour = mix(plain, horizon, _HAZE)
        _draw(brush, shape, colour, x, base, height)


@cache
def _shapes(name: str) -> tuple[_Shape, ...]:
    shapes: list[_Shape] = []
    for part in SHAPES[name].split(";"):
        kind, colour, *words = part.split()
        numbers = tuple(float(word) for word in words)
        if kind == "s":
            shapes.append(_Shape("p", colour, _mirrored_profile(numbers)))
        elif kind.startswith("m"):
            shapes.append(_Shape(kind[1:], colour, numbers))
            shapes.append(_Shape(kind[1:], colour, _flipped(kind[1:], numbers)))
        else:
            shapes.append(_Shape(kind, colour, numbers))
    return tuple(shapes)


def _mirrored_profile(numbers: tuple[float, ...]) -> tuple[float, ...]:
    right = list(zip(numbers[::2], numbers[1::2], strict=True))
    left = [(-x, y) for x, y in reversed(right)]
    return tuple(value for point in (*right, *left) for value in point)


def _flipped(kind: str, numbers: tuple[float, ...]) -> tuple[float, ...]:
    if kind == "e":
        return (-numbers[0], *numbers[1:])
    lead = 1 if kind == "l" else 0
    return numbers[:lead] + tuple(
        -value if i % 2 == 0 else value for i, value in enumerate(numbers[lead:])
    )


def _draw(brush: Brush, shape: _Shape, colour: Colour, x: float, base: float, unit: float) -> None:
    numbers = shape.numbers
    if shape.kind == "e":
        cx, cy, rx, ry = numbers
        brush.ellipse(colour, x + cx * unit, base - cy * unit, rx * unit, ry * unit)
    elif shape.kind == "r":
        x0, y0, x1, y1 = numbers
        brush.box(colour, x + x0 * unit, base - y0 * unit, x + x1 * unit, base - y1 * unit)
    else:
        lead = 1 if shape.kind == "l" else 0
        points: list[Point] = [
            (x + a * unit, base - b * unit)
            for a, b in zip(numbers[lead::2], numbers[lead + 1 :: 2], strict=True)
        ]
        if lead:
            brush.line(colour, points, width=numbers[0] * unit)
        else:
            brush.polygon(colour, points)
