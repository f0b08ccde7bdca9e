"""Trees and shrubs, one silhouette per kind, standing on (x, base) and `height` pixels tall."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from gre.sample.brush import Brush, Colour, shade

_BARK: Colour = (98, 72, 52)


def draw_plant(
    brush: Brush, kind: str, rng: np.random.Generator, *, x: float, base: float, height: float
) -> None:
    """Draw one plant of `kind`, a key of PLANTS."""
    brush.ellipse((90, 86, 78), x, base, height * 0.16, height * 0.03)
    PLANTS[kind](brush, rng, x, base, height)


def _trunk(
    brush: Brush, colour: Colour, x: float, base: float, height: float, width: float
) -> None:
    brush.polygon(
        colour,
        [
            (x - width / 2, base),
            (x - width / 3, base - height),
            (x + width / 3, base - height),
            (x + width / 2, base),
        ],
    )


def _crown(
    brush: Brush, rng: np.random.Generator, colour: Colour, x: float, y: float, rx: float, ry: float
) -> None:
    dark = shade(colour, 0.78)
    for i in range(6):
        angle = i * math.pi / 3 + rng.uniform(-0.3, 0.3)
        brush.ellipse(
            dark,
            x + 0.52 * rx * math.cos(angle),
            y + 0.5 * ry * math.sin(angle),
            rx * 0.55,
            ry * 0.5,
        )
    brush.ellipse(colour, x, y, rx * 0.72, ry * 0.72)
    for _ in range(4):
        brush.ellipse(
            shade(colour, 1.14),
            x + rx * rng.uniform(-0.45, 0.3),
            y - ry * rng.uniform(-0.1, 0.55),
            rx * 0.24,
            ry * 0.2,
        )


def _round_tree(leaf: Colour, bark: Colour, *, width: float) -> Callable[..., None]:
    def draw(brush: Brush, rng: np.random.Generator, x: float, base: float, height: float) -> None:
        _trunk(brush, bark, x, base, height * 0.55, height * 0.09)
        _crown(brush, rng, leaf, x, base - height * 0.66, height * width, height * 0.33)

    return draw


def _fruit_tree(
    brush: Brush, rng: np.random.Generator, x: float, base: float, height: float
) -> None:
    _trunk(brush, _BARK, x, base, height * 0.5, height * 0.08)
    brush.ellipse((30, 110, 54), x, base - height * 0.62, height * 0.27, height * 0.27)
    for _ in range(13):
        angle, reach = rng.uniform(0, 6.28), height * 0.23 * math.sqrt(rng.random())
        brush.ellipse(
            (255, 150, 20),
            x + reach * math.cos(angle),
            base - height * 0.62 + reach * math.sin(angle),
            height * 0.038,
        )


def _palm(brush: Brush, rng: np.random.Generator, x: float, base: float, height: float) -> None:
    lean = height * rng.uniform(-0.10, 0.10)
    top = base - height * 0.76
    brush.line(
        (150, 118, 80),
        [(x, base), (x + lean * 0.3, base - height * 0.4), (x + lean, top)],
        width=height * 0.06,
    )
    for angle in (-160, -125, -60, -20, 20, -200, -90):
        reach = height * 0.38
        a = math.radians(angle + rng.uniform(-8, 8))
        tip = (x + lean + reach * math.cos(a), top + reach * math.sin(a) * 0.55 + height * 0.12)
        mid = (
            x + lean + reach * 0.55 * math.cos(a),
            top + reach * 0.75 * math.sin(a) * 0.55 - height * 0.07,
        )
        low = (mid[0], mid[1] + height * 0.075)
        brush.polygon((44, 134, 66), [(x + lean, top), mid, tip, low])
    for dx in (-0.03, 0.035):
        brush.ellipse((110, 70, 30), x + lean + dx * height, top + height * 0.03, height * 0.03)


def _cypress(brush: Brush, rng: np.random.Generator, x: float, base: float, height: float) -> None:
    _trunk(brush, _BARK, x, base, height * 0.2, height * 0.06)
    brush.ellipse((24, 66, 44), x, base - height * 0.55, height * 0.10, height * 0.45)
    brush.ellipse(
        (40, 90, 58), x - height * 0.025, base - height * 0.58, height * 0.05, height * 0.36
    )


def _cactus(brush: Brush, rng: np.random.Generator, x: float, base: float, height: float) -> None:
    green = (66, 128, 74)
    pen = height * 0.13
    brush.line(green, [(x, base), (x, base - height * 0.85)], width=pen)
    brush.ellipse(green, x, base - height * 0.85, pen / 2)
    for side, low, top in ((-1, 0.34, 0.66), (1, 0.46, 0.76)):
        elbow = x + side * height * 0.2
        brush.line(
            green,
            [(x, base - low * height), (elbow, base - low * height), (elbow, base - top * height)],
            width=pen * 0.75,
        )
        brush.ellipse(green, elbow, base - top * height, pen * 0.37)
    brush.ellipse((240, 120, 160), x, base - height * 0.92, pen * 0.32)


def _conifer(brush: Brush, rng: np.random.Generator, x: float, base: float, height: float) -> None:
    _trunk(brush, _BARK, x, base, height * 0.2, height * 0.07)
    for i, (low, top, half) in enumerate(
        ((0.12, 0.5, 0.22), (0.34, 0.74, 0.17), (0.58, 1.0, 0.12))
    ):
        colour = shade((22, 84, 62), 0.9 + 0.12 * i)
        brush.polygon(
            colour,
            [
                (x - half * height, base - low * height),
                (x, base - top * height),
                (x + half * height, base - low * height),
            ],
        )


def _jungle(brush: Brush, rng: np.random.Generator, x: float, base: float, height: float) -> None:
    _trunk(brush, (86, 104, 60), x, base, height * 0.5, height * 0.07)
    for angle in (-170, -140, -110, -80, -50, -20, 10, 190):
        a = math.radians(angle + rng.uniform(-8, 8))
        reach = height * rng.uniform(0.42, 0.54)
        top = base - height * 0.42
        tip = (x + reach * math.cos(a), top + reach * math.sin(a))
        side = (0.12 * reach * math.sin(a), -0.12 * reach * math.cos(a))
        middle = (x + 0.55 * reach * math.cos(a), top + 0.55 * reach * math.sin(a))
        leaf = shade((34, 150, 54), rng.uniform(0.75, 1.15))
        brush.polygon(
            leaf,
            [
                (x, top),
                (middle[0] + side[0] * 1.6, middle[1] + side[1] * 1.6),
                tip,
                (middle[0] - side[0] * 1.6, middle[1] - side[1] * 1.6),
            ],
        )


def _umbrella_pine(
    brush: Brush, rng: np.random.Generator, x: float, base: float, height: float
) -> None:
    brush.line(
        (120, 80, 56), [(x, base), (x + height * 0.02, base - height * 0.72)], width=height * 0.06
    )
    for side in (-1, 1):
        brush.line(
            (120, 80, 56),
            [(x, base - height * 0.52), (x + side * height * 0.18, base - height * 0.78)],
            width=height * 0.03,
        )
    brush.ellipse((30, 86, 50), x, base - height * 0.82, height * 0.36, height * 0.12)
    brush.ellipse(
        (50, 112, 64), x - height * 0.04, base - height * 0.87, height * 0.26, height * 0.07
    )


def _birch(brush: Brush, rng: np.random.Generator, x: float, base: float, height: float) -> None:
    for dx in (-0.07, 0.07):
        _crown(
            brush,
            rng,
            (168, 186, 66),
            x + dx * height,
            base - height * 0.7,
            height * 0.19,
            height * 0.26,
        )
        left = x + dx * height
        brush.box(
            (244, 244, 240),
            left - height * 0.025,
            base - height * 0.74,
            left + height * 0.025,
            base,
        )
        for i in range(6):
            y = base - height * (0.08 + 0.11 * i)
            brush.box(
                (50, 50, 50), left - height * 0.025, y, left + height * 0.008, y - height * 0.018
            )


def _eucalyptus(
    brush: Brush, rng: np.random.Generator, x: float, base: float, height: float
) -> None:
    bark = (222, 206, 190)
    brush.line(
        bark,
        [
            (x, base),
            (x - height * 0.03, base - height * 0.45),
            (x + height * 0.04, base - height * 0.8),
        ],
        width=height * 0.06,
    )
    brush.line(
        bark,
        [(x - height * 0.03, base - height * 0.4), (x - height * 0.2, base - height * 0.68)],
        width=height * 0.04,
    )
    brush.line(
        bark,
        [(x, base - height * 0.5), (x + height * 0.19, base - height * 0.66)],
        width=height * 0.035,
    )
    for dx, dy, r in (
        (-0.2, 0.72, 0.13),
        (0.2, 0.7, 0.12),
        (0.03, 0.88, 0.15),
        (-0.06, 0.66, 0.09),
    ):
        brush.ellipse(
            (112, 146, 126),
            x + dx * height,
            base - dy * height,
            r * height * 1.15,
            r * height * 0.75,
        )
        brush.ellipse(
            (138, 170, 146),
            x + (dx - 0.03) * height,
            base - (dy + 0.03) * height,
            r * height * 0.7,
            r * height * 0.4,
        )


def _acacia(brush: Brush, rng: np.random.Generator, x: float, base: float, height: float) -> None:
    for reach in (-0.26, -0.08, 0.1, 0.28):
        brush.line(
            (86, 62, 46),
            [
                (x, base),
                (x + reach * 0.25 * height, base - height * 0.36),
                (x + reach * height, base - height * 0.68),
            ],
            width=height * 0.035,
        )
    for dy, half in ((0.68, 0.48), (0.75, 0.36)):
        brush.ellipse(
            shade((104, 132, 50), 1.0 if dy < 0.7 else 1.14),
            x,
            base - dy * height,
            half * height,
            0.065 * height,
        )


def _bamboo(brush: Brush, rng: np.random.Generator, x: float, base: float, height: float) -> None:
    for i in range(7):
        left = x + (i - 3) * height * 0.085
        tip = left + height * rng.uniform(-0.04, 0.04)
        top = base - height * rng.uniform(0.8, 1.0)
        brush.line(
            shade((126, 176, 60), rng.uniform(0.8, 1.1)),
            [(left, base), (tip, top)],
            width=height * 0.035,
        )
        for _ in range(3):
            y = base - height * rng.uniform(0.5, 0.95)
            brush.line(
                (86, 160, 56),
                [(left, y), (left + height * rng.uniform(-0.12, 0.12), y - height * 0.05)],
                width=height * 0.03,
            )


def _tree_fern(
    brush: Brush, rng: np.random.Generator, x: float, base: float, height: float
) -> None:
    top = base - height * 0.62
    brush.line((64, 48, 40), [(x, base), (x, top)], width=height * 0.1)
    for angle in range(-180, 1, 20):
        a = math.radians(angle)
        middle = (
            x + height * 0.26 * math.cos(a),
            top + height * 0.26 * math.sin(a) - height * 0.02,
        )
        tip = (x + height * 0.42 * math.cos(a), top + height * 0.30 * math.sin(a) + height * 0.10)
        brush.line((70, 176, 96), [(x, top), middle, tip], width=height * 0.035)


PLANTS: Mapping[str, Callable[..., None]] = {
    "maple": _round_tree((214, 92, 36), _BARK, width=0.28),
    "broadleaf": _round_tree((74, 142, 62), _BARK, width=0.29),
    "jacaranda": _round_tree((150, 104, 206), (84, 66, 60), width=0.34),
    "cherry": _round_tree((248, 176, 204), (80, 54, 50), width=0.34),
    "olive": _round_tree((142, 158, 118), (120, 104, 88), width=0.3),
    "orange tree": _fruit_tree,
    "palm": _palm,
    "cypress": _cypress,
    "cactus": _cactus,
    "conifer": _conifer,
    "jungle": _jungle,
    "umbrella pine": _umbrella_pine,
    "birch": _birch,
    "eucalyptus": _eucalyptus,
    "acacia": _acacia,
    "bamboo": _bamboo,
    "tree fern": _tree_fern,
}
