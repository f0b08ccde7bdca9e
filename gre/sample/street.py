"""The street itself: ground, road and its lines, people, poles and market stalls."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gre.sample.backdrop import Stage
from gre.sample.brush import Brush, Colour, Point, shade

_GROUNDS: Mapping[str, Colour] = {
    "grass": (122, 168, 80),
    "lush grass": (46, 140, 58),
    "dry grass": (196, 178, 98),
    "sand": (238, 210, 150),
    "red soil": (188, 84, 50),
    "gravel": (156, 146, 136),
    "snow": (242, 246, 252),
}
_PAVING: Colour = (170, 172, 178)
_ASPHALT: Colour = (84, 86, 92)
_YELLOW: Colour = (250, 196, 20)
_WHITE: Colour = (246, 246, 242)

_CLOTHES: tuple[Colour, ...] = (
    (220, 70, 70),
    (60, 110, 190),
    (240, 180, 60),
    (90, 160, 100),
    (150, 90, 160),
    (230, 230, 230),
    (60, 60, 70),
)
_SKINS: tuple[Colour, ...] = ((92, 58, 40), (150, 100, 70), (196, 146, 110), (234, 192, 160))


def draw_ground(brush: Brush, kind: str | None, stage: Stage, rng: np.random.Generator) -> None:
    """Fill all below the horizon with `kind` of ground, or with paving that tells nothing."""
    colour = _PAVING if kind is None else _GROUNDS[kind]
    brush.box(colour, 0, stage.horizon, stage.width, stage.height)
    if kind is None:
        for i in range(7):
            y = stage.horizon + (stage.height - stage.horizon) * (i / 7) ** 1.6
            brush.line(shade(colour, 0.9), [(0, y), (stage.width, y)], width=0.8)
        return
    is_grassy = "grass" in kind
    for _ in range(90):
        share = float(rng.random()) ** 0.6
        y = stage.horizon + (stage.height - stage.horizon) * share
        x = float(rng.uniform(0, stage.width))
        size = (0.6 + 2.2 * share) * stage.unit
        tone = shade(colour, float(rng.uniform(0.82, 1.1)))
        if is_grassy:
            brush.line(tone, [(x - size, y), (x, y - 2.2 * size), (x + size, y)], width=1.0)
        else:
            brush.ellipse(tone, x, y, 1.6 * size, 0.7 * size)


def road_edge(stage: Stage, y: float, *, side: int, half_bottom: float) -> float:
    """Where the road ends at height y; side is -1 for left, 1 for right, 0 for the middle."""
    share = (y - stage.horizon) / (stage.height - stage.horizon)
    return stage.middle + side * (0.012 + (half_bottom - 0.012) * share) * stage.width


def draw_road(
    brush: Brush, lines: str | None, stage: Stage, rng: np.random.Generator, *, half_bottom: float
) -> None:
    """Draw the road to the horizon. Without `lines` its paint is gone and the asphalt patched."""
    for side in (-1, 1):
        for at, half, stone in ((1.10, 0.11, (196, 192, 186)), (1.02, 0.022, (226, 224, 218))):
            _strip(brush, stone, stage, at=side * at, half=half, half_bottom=half_bottom)
    asphalt = shade(_ASPHALT, float(rng.uniform(0.92, 1.1)))
    corners = ((stage.horizon, (-1, 1)), (float(stage.height), (1, -1)))
    brush.polygon(
        asphalt,
        [
            (road_edge(stage, y, side=side, half_bottom=half_bottom), y)
            for y, sides in corners
            for side in sides
        ],
    )
    if lines is None:
        _draw_patches(brush, asphalt, stage, rng, half_bottom=half_bottom)
    else:
        _draw_lines(brush, lines, stage, rng, half_bottom=half_bottom)


def _draw_patches(
    brush: Brush, asphalt: Colour, stage: Stage, rng: np.random.Generator, *, half_bottom: float
) -> None:
    for _ in range(7):
        y = stage.horizon + (stage.height - stage.horizon) * float(rng.uniform(0.15, 0.95))
        reach = road_edge(stage, y, side=1, half_bottom=half_bottom) - stage.middle
        x = stage.middle + reach * float(rng.uniform(-0.7, 0.7))
        tone = shade(asphalt, float(rng.choice([0.84, 1.12])))
        brush.ellipse(tone, x, y, reach * 0.22, reach * 0.07)


def _draw_lines(
    brush: Brush, lines: str, stage: Stage, rng: np.random.Generator, *, half_bottom: float
) -> None:
    edge = _YELLOW if lines == "yellow edges" else _WHITE
    for side in (-1, 1):
        _strip(brush, edge, stage, at=side * 0.92, half=0.022, half_bottom=half_bottom)
    if lines == "yellow":
        for at in (-0.035, 0.035):
            _strip(brush, _YELLOW, stage, at=at, half=0.02, half_bottom=half_bottom)
        return
    phase = float(rng.uniform(0, 0.5))
    for i in range(9):
        _strip(
            brush,
            _WHITE,
            stage,
            at=0.0,
            half=0.028,
            start=((i + phase) / 9) ** 2,
            end=min(((i + phase + 0.55) / 9) ** 2, 1.0),
            half_bottom=half_bottom,
        )


def _strip(
    brush: Brush,
    colour: Colour,
    stage: Stage,
    *,
    at: float,
    half: float,
    half_bottom: float,
    start: float = 0.0,
    end: float = 1.0,
) -> None:
    points: list[Point] = []
    for share, sides in ((start, (-half, half)), (end, (half, -half))):
        y = stage.horizon + (stage.height - stage.horizon) * share
        reach = road_edge(stage, y, side=1, half_bottom=half_bottom) - stage.middle
        points += [(stage.middle + reach * (at + side), y) for side in sides]
    brush.polygon(colour, points)


def draw_person(
    brush: Brush, rng: np.random.Generator, *, x: float, base: float, height: float
) -> None:
    """Draw somebody standing on (x, base)."""
    coat = _CLOTHES[int(rng.integers(len(_CLOTHES)))]
    legs = _CLOTHES[int(rng.integers(len(_CLOTHES)))]
    skin = _SKINS[int(rng.integers(len(_SKINS)))]
    u = height / 100
    brush.ellipse((88, 84, 80), x, base, 16 * u, 4 * u)
    for side in (-1, 1):
        brush.line(
            shade(legs, 0.8),
            [(x + side * 4 * u, base - 42 * u), (x + side * 8 * u, base)],
            width=8 * u,
        )
        brush.line(
            coat,
            [(x + side * 10 * u, base - 74 * u), (x + side * 17 * u, base - 46 * u)],
            width=6 * u,
        )
    brush.polygon(
        coat,
        [
            (x - 12 * u, base - 78 * u),
            (x + 12 * u, base - 78 * u),
            (x + 13 * u, base - 38 * u),
            (x - 13 * u, base - 38 * u),
        ],
    )
    brush.ellipse(skin, x, base - 88 * u, 9 * u, 10 * u)
    if rng.random() < 0.5:
        brush.arc((50, 38, 32), x, base - 90 * u, 9 * u, 9 * u, start=180, end=360, width=4 * u)
    else:
        brush.box(
            _CLOTHES[int(rng.integers(len(_CLOTHES)))],
            x - 11 * u,
            base - 96 * u,
            x + 11 * u,
            base - 92 * u,
        )


def draw_lamp(
    brush: Brush, stage: Stage, *, x: float, base: float, height: float, is_lit: bool
) -> None:
    """Draw a street lamp that leans over the road."""
    pole: Colour = (66, 70, 78)
    reach = 14 * stage.unit * (1 if x < stage.middle else -1)
    brush.line(pole, [(x, base), (x, base - height), (x + reach, base - height - 3)], width=2.0)
    brush.ellipse((255, 236, 160) if is_lit else (226, 230, 232), x + reach, base - height, 5, 2.4)


def draw_wires(brush: Brush, stage: Stage, rng: np.random.Generator) -> None:
    """Draw a few wires over the street."""
    y = stage.height * float(rng.uniform(0.06, 0.2))
    for i in range(int(rng.integers(1, 4))):
        sag = stage.height * float(rng.uniform(0.02, 0.06))
        top = y + 6 * i
        brush.line(
            (64, 66, 74),
            [(0, top), (stage.width * 0.5, top + sag), (stage.width, top - 4)],
            width=0.9,
        )


def draw_stall(
    brush: Brush, rng: np.random.Generator, *, x: float, base: float, width: float
) -> None:
    """Draw a market stall with a striped awning and fruit."""
    colour = _CLOTHES[int(rng.integers(5))]
    top = base - width * 0.78
    for side in (-1, 1):
        brush.line(
            (110, 84, 60),
            [(x + side * width * 0.46, base), (x + side * width * 0.46, top)],
            width=2.0,
        )
    brush.box((140, 104, 70), x - width * 0.48, base - width * 0.3, x + width * 0.48, base)
    for i in range(11):
        fruit: Colour = ((230, 80, 50), (250, 170, 40), (120, 180, 60))[int(rng.integers(3))]
        brush.ellipse(fruit, x + width * (-0.42 + 0.084 * i), base - width * 0.33, width * 0.055)
    for i in range(6):
        left = x - width * 0.55 + i * width * 1.1 / 6
        right = left + width * 1.1 / 6
        stripe = colour if i % 2 == 0 else (250, 248, 240)
        brush.polygon(
            stripe,
            [
                (left, top + width * 0.1),
                (left * 0.9 + x * 0.1, top - width * 0.1),
                (right * 0.9 + x * 0.1, top - width * 0.1),
                (right, top + width * 0.1),
            ],
        )
        brush.ellipse(stripe, (left + right) / 2, top + width * 0.1, width * 0.092, width * 0.05)


def draw_fence(brush: Brush, stage: Stage, *, left: float, right: float, base: float) -> None:
    """Draw a wooden fence between two x."""
    wood: Colour = (150, 120, 88)
    step = 13 * stage.unit
    for rail in (5, 11):
        brush.line(
            wood, [(left, base - rail * stage.unit), (right, base - rail * stage.unit)], width=1.6
        )
    x = left
    while x <= right:
        brush.line(wood, [(x, base), (x, base - 15 * stage.unit)], width=2.2)
        x += step


def draw_cyclist(
    brush: Brush, rng: np.random.Generator, *, x: float, base: float, height: float
) -> None:
    """Draw somebody riding a bicycle across, seen from the side."""
    coat = _CLOTHES[int(rng.integers(len(_CLOTHES)))]
    skin = _SKINS[int(rng.integers(len(_SKINS)))]
    u = height / 100
    frame: Colour = (50, 52, 58)
    for dx in (-30, 30):
        brush.ring(frame, x + dx * u, base - 20 * u, 20 * u, width=1.6)
    brush.line(
        frame,
        [
            (x - 30 * u, base - 20 * u),
            (x - 8 * u, base - 48 * u),
            (x + 22 * u, base - 48 * u),
            (x + 30 * u, base - 20 * u),
        ],
        width=1.6,
    )
    brush.line(
        (60, 60, 80),
        [(x - 8 * u, base - 52 * u), (x + 8 * u, base - 36 * u), (x + 2 * u, base - 14 * u)],
        width=7 * u,
    )
    brush.line(coat, [(x - 8 * u, base - 52 * u), (x + 6 * u, base - 80 * u)], width=13 * u)
    brush.line(coat, [(x + 6 * u, base - 78 * u), (x + 24 * u, base - 54 * u)], width=5 * u)
    brush.ellipse(skin, x + 10 * u, base - 90 * u, 8 * u, 9 * u)


def draw_van(
    brush: Brush, rng: np.random.Generator, *, x: float, base: float, width: float
) -> None:
    """Draw a parked delivery van from the side: it hides what stands behind it."""
    paint = _CLOTHES[int(rng.integers(len(_CLOTHES)))]
    u = width / 100
    brush.ellipse((70, 70, 70), x, base, 52 * u, 4 * u)
    brush.rounded(paint, x - 50 * u, base - 52 * u, x + 28 * u, base - 8 * u, radius=4 * u)
    brush.polygon(
        paint,
        [
            (x + 26 * u, base - 46 * u),
            (x + 38 * u, base - 44 * u),
            (x + 50 * u, base - 26 * u),
            (x + 50 * u, base - 8 * u),
            (x + 26 * u, base - 8 * u),
        ],
    )
    brush.polygon(
        (176, 206, 220),
        [
            (x + 29 * u, base - 42 * u),
            (x + 36 * u, base - 41 * u),
            (x + 45 * u, base - 26 * u),
            (x + 29 * u, base - 26 * u),
        ],
    )
    brush.box(shade(paint, 0.8), x - 44 * u, base - 34 * u, x + 20 * u, base - 28 * u)
    for dx in (-30, 30):
        brush.ellipse((30, 30, 32), x + dx * u, base - 6 * u, 9 * u)
        brush.ellipse((150, 150, 156), x + dx * u, base - 6 * u, 4 * u)
