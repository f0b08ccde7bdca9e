"""Cars from behind and in front, and the number plates that tell countries apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gre.sample.brush import Brush, Colour, shade

_BLUE: Colour = (24, 70, 190)
_WHITE: Colour = (250, 250, 248)
_INK: Colour = (24, 24, 30)

_PAINTS: tuple[Colour, ...] = (
    (178, 40, 44),
    (52, 84, 132),
    (70, 76, 84),
    (44, 104, 84),
    (120, 124, 132),
    (92, 60, 104),
    (146, 96, 58),
)


@dataclass(frozen=True, slots=True)
class Plate:
    """A number plate: colours, bands and shape.

    `aspect` is width over height; `split` the share of the upper of two rows, 0 for one row.
    """

    ground: Colour
    ink: Colour
    aspect: float = 4.2
    split: float = 0.0
    left_band: Colour | None = None
    right_band: Colour | None = None
    top_band: Colour | None = None


PLATES: Mapping[str, Plate] = {
    "short white": Plate(_WHITE, (30, 60, 150), aspect=2.0),
    "long white": Plate(_WHITE, _INK),
    "blue top": Plate(_WHITE, _INK, aspect=3.0, top_band=_BLUE),
    "yellow": Plate((252, 206, 10), _INK),
    "yellow blue band": Plate((252, 206, 10), _INK, left_band=_BLUE),
    "blue band": Plate(_WHITE, _INK, left_band=_BLUE),
    "two blue bands": Plate(_WHITE, _INK, left_band=_BLUE, right_band=_BLUE),
    "two rows": Plate(_WHITE, _INK, aspect=1.9, split=0.64),
    "green two rows": Plate(_WHITE, (0, 150, 76), aspect=1.9, split=0.34),
    "black": Plate((20, 20, 22), (244, 244, 240), aspect=3.2),
    "blue": Plate((20, 72, 190), _WHITE, aspect=3.2),
}

PLATE_AREA = 780.0
"""Square pixels of a plate at scale 1, so that short ones are tall and long ones wide."""


def draw_plate(
    brush: Brush, style: str, rng: np.random.Generator, *, x: float, y: float, scale: float
) -> None:
    """Draw a plate of `style` centred on (x, y), with strokes in place of a number."""
    plate = PLATES[style]
    height = (PLATE_AREA / plate.aspect) ** 0.5 * scale
    width = height * plate.aspect
    x0, y0, x1, y1 = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    brush.rounded(_INK, x0 - 1.2, y0 - 1.2, x1 + 1.2, y1 + 1.2, radius=2)
    brush.box(plate.ground, x0, y0, x1, y1)
    if plate.top_band is not None:
        brush.box(plate.top_band, x0, y0, x1, y0 + height * 0.34)
        y0 += height * 0.34
    band = width * 0.15
    if plate.left_band is not None:
        brush.box(plate.left_band, x0, y0, x0 + band, y1)
        x0 += band
    if plate.right_band is not None:
        brush.box(plate.right_band, x1 - band, y0, x1, y1)
        x1 -= band
    middle = y0 + (y1 - y0) * plate.split
    if plate.split:
        _digits(brush, plate.ink, rng, x0, y0, x1, middle)
    _digits(brush, plate.ink, rng, x0, middle, x1, y1)


def _digits(
    brush: Brush, ink: Colour, rng: np.random.Generator, x0: float, y0: float, x1: float, y1: float
) -> None:
    height = y1 - y0
    count = max(3, int((x1 - x0) / (height * 0.62)))
    step = (x1 - x0) / (count + 0.6)
    for i in range(count):
        left = x0 + step * (i + 0.55)
        right, top, low = left + step * 0.52, y0 + height * 0.2, y1 - height * 0.2
        middle = (top + low) / 2
        corners = [
            (left, top),
            (right, top),
            (right, middle),
            (left, middle),
            (left, low),
            (right, low),
        ]
        order = rng.permutation(6)[: int(rng.integers(3, 6))]
        brush.line(ink, [corners[k] for k in sorted(order)], width=max(1.0, height * 0.17))


def draw_car_behind(
    brush: Brush,
    rng: np.random.Generator,
    *,
    x: float,
    base: float,
    width: float,
    plate: str | None,
) -> None:
    """Draw the car ahead, seen from behind. Without `plate` its plate is under mud."""
    paint = _PAINTS[int(rng.integers(len(_PAINTS)))]
    u = width / 100
    brush.ellipse((60, 60, 62), x, base, 56 * u, 6 * u)
    for side in (-1, 1):
        brush.box((28, 28, 30), x + side * 26 * u, base - 12 * u, x + side * 44 * u, base + 2 * u)
    brush.polygon(
        shade(paint, 0.86),
        [
            (x - 34 * u, base - 74 * u),
            (x + 34 * u, base - 74 * u),
            (x + 44 * u, base - 46 * u),
            (x - 44 * u, base - 46 * u),
        ],
    )
    brush.polygon(
        (150, 184, 204),
        [
            (x - 30 * u, base - 71 * u),
            (x + 30 * u, base - 71 * u),
            (x + 38 * u, base - 48 * u),
            (x - 38 * u, base - 48 * u),
        ],
    )
    brush.polygon(
        (190, 214, 226),
        [
            (x - 20 * u, base - 71 * u),
            (x - 6 * u, base - 71 * u),
            (x - 18 * u, base - 48 * u),
            (x - 34 * u, base - 48 * u),
        ],
    )
    brush.rounded(paint, x - 50 * u, base - 50 * u, x + 50 * u, base - 8 * u, radius=6 * u)
    for side in (-1, 1):
        brush.box((236, 40, 40), x + side * 38 * u, base - 46 * u, x + side * 49 * u, base - 35 * u)
    brush.box(shade(paint, 0.6), x - 50 * u, base - 13 * u, x + 50 * u, base - 8 * u)
    if plate is None:
        brush.box((112, 94, 74), x - 24 * u, base - 34 * u, x + 24 * u, base - 18 * u)
    else:
        draw_plate(brush, plate, rng, x=x, y=base - 27 * u, scale=u / 0.92)


def draw_car_in_front(
    brush: Brush, rng: np.random.Generator, *, x: float, base: float, width: float
) -> None:
    """Draw an oncoming car with its lamps lit."""
    paint = _PAINTS[int(rng.integers(len(_PAINTS)))]
    u = width / 100
    brush.ellipse((60, 60, 62), x, base, 54 * u, 6 * u)
    brush.box((28, 28, 30), x - 44 * u, base - 12 * u, x + 44 * u, base + 2 * u)
    brush.polygon(
        paint,
        [
            (x - 34 * u, base - 72 * u),
            (x + 34 * u, base - 72 * u),
            (x + 46 * u, base - 42 * u),
            (x - 46 * u, base - 42 * u),
        ],
    )
    brush.polygon(
        (84, 112, 134),
        [
            (x - 29 * u, base - 68 * u),
            (x + 29 * u, base - 68 * u),
            (x + 38 * u, base - 45 * u),
            (x - 38 * u, base - 45 * u),
        ],
    )
    brush.rounded(paint, x - 50 * u, base - 46 * u, x + 50 * u, base - 6 * u, radius=8 * u)
    for side in (-1, 1):
        brush.ellipse((255, 250, 200), x + side * 36 * u, base - 30 * u, 9 * u, 7 * u)
    brush.box((30, 30, 34), x - 22 * u, base - 32 * u, x + 22 * u, base - 22 * u)
