"""What lies behind the street: sky, sun, clouds and the land on the horizon."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gre.sample.brush import SUPERSAMPLING, Brush, Colour, Point, mix, shade
from gre.sample.scenes import Scene


@dataclass(frozen=True, slots=True)
class Stage:
    """Where things stand in a picture, in pixels. `unit` is 1 when the short side is 252."""

    width: int
    height: int
    unit: float
    horizon: float
    middle: float

    @staticmethod
    def of(scene: Scene, rng: np.random.Generator) -> Stage:
        """The stage of a scene, with a little random movement of the camera."""
        width, height = scene.size
        return Stage(
            width=width,
            height=height,
            unit=min(width, height) / 252.0,
            horizon=height * float(rng.uniform(0.545, 0.575)),
            middle=width * float(rng.uniform(0.485, 0.515)),
        )


# Zenith and horizon of the sky, by the sun's height in clear weather, else by the weather.
_SKIES: Mapping[str, tuple[Colour, Colour]] = {
    "high": ((30, 108, 206), (150, 208, 246)),
    "middle": ((92, 158, 222), (212, 232, 244)),
    "low": ((128, 158, 206), (252, 226, 182)),
    "cloudy": ((160, 172, 188), (214, 220, 226)),
    "dusk": ((74, 74, 130), (246, 166, 120)),
    "rain": ((112, 122, 136), (172, 180, 190)),
    "fog": ((186, 192, 198), (216, 218, 220)),
}

_SUN: Mapping[str, tuple[float, float, Colour]] = {
    "high": (0.09, 15.0, (255, 250, 214)),
    "middle": (0.20, 14.0, (255, 238, 160)),
    "low": (0.37, 17.0, (255, 204, 110)),
}
"""Height in the picture (share from the top), radius and colour of the sun."""


def sky_colours(scene: Scene) -> tuple[Colour, Colour]:
    """Zenith and horizon colour of the scene's sky."""
    return _SKIES[scene.traits["sun"] if scene.shows("sun") else scene.weather]


def draw_sky(scene: Scene, stage: Stage, rng: np.random.Generator) -> Brush:
    """Begin a picture: a brush on a canvas that holds the sky."""
    zenith, low = sky_colours(scene)
    share = np.linspace(0.0, 1.0, 64)[:, None, None]
    rows = np.asarray(zenith) * (1.0 - share) + np.asarray(low) * share
    column = Image.fromarray(rows.round().astype(np.uint8))
    brush = Brush(stage.width, stage.height)
    sky_size = (stage.width * SUPERSAMPLING, round(stage.horizon * SUPERSAMPLING) + 8)
    brush.paste(column.resize(sky_size, Image.Resampling.BILINEAR), 0, 0)
    if scene.shows("sun"):
        _draw_sun(brush, scene.traits["sun"], stage, rng)
    if scene.weather != "fog":
        num_clouds = {"clear": 2, "dusk": 3, "cloudy": 7, "rain": 7}[scene.weather]
        _draw_clouds(brush, stage, rng, mix(low, (255, 255, 255), 0.55), num_clouds)
    if scene.weather == "clear" and rng.random() < 0.5:
        _draw_birds(brush, stage, rng)
    return brush


def _draw_sun(brush: Brush, height: str, stage: Stage, rng: np.random.Generator) -> None:
    share, radius, colour = _SUN[height]
    x = stage.width * float(rng.uniform(0.34, 0.40))
    y = stage.height * (share + float(rng.uniform(-0.02, 0.02)))
    _, low = _SKIES[height]
    for reach, strength in ((2.0, 0.25), (1.5, 0.5)):
        brush.ellipse(mix(low, colour, strength), x, y, radius * reach * stage.unit)
    brush.ellipse(colour, x, y, radius * stage.unit)


def _draw_clouds(
    brush: Brush, stage: Stage, rng: np.random.Generator, colour: Colour, count: int
) -> None:
    for _ in range(count):
        x, y = rng.uniform(0, stage.width), rng.uniform(0.04, 0.36) * stage.height
        size = rng.uniform(7, 15) * stage.unit
        for dx, dy, r in ((-1.5, 0.2, 0.7), (-0.6, -0.2, 1.0), (0.5, -0.35, 1.1), (1.5, 0.1, 0.8)):
            brush.ellipse(colour, x + dx * size, y + dy * size, r * size, r * size * 0.62)
        brush.ellipse(shade(colour, 0.95), x, y + 0.42 * size, 2.1 * size, 0.3 * size)


def _draw_birds(brush: Brush, stage: Stage, rng: np.random.Generator) -> None:
    x, y = rng.uniform(0.25, 0.7) * stage.width, rng.uniform(0.05, 0.2) * stage.height
    for _ in range(int(rng.integers(2, 6))):
        a, b = x + rng.uniform(-25, 25), y + rng.uniform(-12, 12)
        brush.line((70, 76, 90), [(a - 4, b - 2), (a, b), (a + 4, b - 2)], width=1.0)


def draw_terrain(
    brush: Brush, kind: str | None, stage: Stage, rng: np.random.Generator, low: Colour
) -> None:
    """Draw the land on the horizon. Without `kind`, only far roofs in the haze."""
    _TERRAINS[kind](brush, stage, rng, low)


def _ridge(
    stage: Stage, rng: np.random.Generator, *, low: float, high: float, step: float
) -> list[Point]:
    points: list[Point] = [(0.0, stage.horizon + 6)]
    x = -step * float(rng.random())
    is_peak = True
    while x < stage.width + step:
        rise = (high if is_peak else low) * float(rng.uniform(0.8, 1.15))
        points.append((x, stage.horizon - rise * stage.height))
        x += step * float(rng.uniform(0.7, 1.2))
        is_peak = not is_peak
    points.append((float(stage.width), stage.horizon + 6))
    return points


def _haze(brush: Brush, stage: Stage, rng: np.random.Generator, low: Colour) -> None:
    colour = mix(low, (130, 136, 146), 0.35)
    x = 0.0
    while x < stage.width:
        width = float(rng.uniform(8, 22)) * stage.unit
        top = stage.horizon - float(rng.uniform(4, 22)) * stage.unit
        brush.box(colour, x, top, x + width, stage.horizon + 4)
        x += width


def _flat(brush: Brush, stage: Stage, rng: np.random.Generator, low: Colour) -> None:
    brush.box(
        mix((120, 150, 90), low, 0.3),
        0,
        stage.horizon - 5 * stage.unit,
        stage.width,
        stage.horizon + 6,
    )
    brush.box(
        mix((160, 176, 96), low, 0.3),
        0,
        stage.horizon - 2 * stage.unit,
        stage.width,
        stage.horizon + 6,
    )


def _hills(brush: Brush, stage: Stage, rng: np.random.Generator, low: Colour) -> None:
    for colour, rise, mixed in (((84, 136, 92), 0.13, 0.35), ((70, 126, 66), 0.075, 0.12)):
        for share in (0.02, 0.34, 0.66, 0.98):
            x = (share + float(rng.uniform(-0.08, 0.08))) * stage.width
            brush.ellipse(
                mix(colour, low, mixed),
                x,
                stage.horizon + 10,
                stage.width * 0.24,
                rise * stage.height + 10,
            )


def _mountains(brush: Brush, stage: Stage, rng: np.random.Generator, low: Colour) -> None:
    brush.polygon(mix((124, 112, 120), low, 0.35), _ridge(stage, rng, low=0.12, high=0.22, step=40))
    brush.polygon(mix((134, 104, 86), low, 0.15), _ridge(stage, rng, low=0.05, high=0.12, step=34))


def _snow_peaks(brush: Brush, stage: Stage, rng: np.random.Generator, low: Colour) -> None:
    for share in (0.06, 0.3, 0.52, 0.74, 0.96):
        x = (share + float(rng.uniform(-0.05, 0.05))) * stage.width
        top = stage.horizon - float(rng.uniform(0.20, 0.29)) * stage.height
        half, foot = 0.2 * stage.width, stage.horizon + 6
        brush.polygon(
            mix((92, 110, 142), low, 0.15), [(x - half, foot), (x, top), (x + half, foot)]
        )
        edge = [(x, top)] + [
            (x + half * k, top + (foot - top) * d)
            for k, d in ((0.5, 0.5), (0.24, 0.4), (0.05, 0.56), (-0.2, 0.38), (-0.48, 0.48))
        ]
        brush.polygon((248, 250, 255), edge)


def _volcano(brush: Brush, stage: Stage, rng: np.random.Generator, low: Colour) -> None:
    x = stage.width * float(rng.uniform(0.28, 0.36))
    top, foot = stage.horizon - 0.27 * stage.height, stage.horizon + 6
    colour = mix((96, 92, 124), low, 0.2)
    reach = 0.40 * stage.width
    brush.polygon(
        colour,
        [
            (x - reach, foot),
            (x - reach * 0.42, foot - (foot - top) * 0.42),
            (x - 0.035 * stage.width, top),
            (x + 0.035 * stage.width, top),
            (x + reach * 0.42, foot - (foot - top) * 0.42),
            (x + reach, foot),
        ],
    )
    for i in range(3):
        brush.ellipse(
            mix((236, 236, 240), low, 0.1 * i), x + 7 * i, top - 6 - 8 * i, 7 + 3 * i, 5 + 2 * i
        )
    _flat(brush, stage, rng, low)


def _mesa(brush: Brush, stage: Stage, rng: np.random.Generator, low: Colour) -> None:
    for share, wide, rise in (
        (0.1, 0.12, 0.15),
        (0.34, 0.06, 0.19),
        (0.68, 0.08, 0.17),
        (0.92, 0.13, 0.13),
    ):
        x = (share + float(rng.uniform(-0.03, 0.03))) * stage.width
        half, top = wide * stage.width, stage.horizon - rise * stage.height
        foot = stage.horizon + 6
        brush.polygon(
            (196, 96, 60),
            [(x - half * 1.5, foot), (x - half, top), (x + half, top), (x + half * 1.5, foot)],
        )
        brush.polygon(
            (222, 130, 84),
            [
                (x - half * 1.1, top + 0.06 * stage.height),
                (x - half, top),
                (x + half, top),
                (x + half * 1.1, top + 0.06 * stage.height),
            ],
        )


def _dunes(brush: Brush, stage: Stage, rng: np.random.Generator, low: Colour) -> None:
    for share, rise in ((0.05, 0.10), (0.42, 0.14), (0.85, 0.11)):
        x = (share + float(rng.uniform(-0.05, 0.05))) * stage.width
        top, foot = stage.horizon - rise * stage.height, stage.horizon + 6
        half = 0.32 * stage.width
        colour: Colour = (236, 190, 116)
        brush.polygon(colour, [(x - half, foot), (x, top), (x + half, foot)])
        brush.polygon(shade(colour, 0.84), [(x, top), (x + half, foot), (x + half * 0.15, foot)])


def _sea(brush: Brush, stage: Stage, rng: np.random.Generator, low: Colour) -> None:
    top = stage.horizon - 0.095 * stage.height
    brush.box((32, 110, 176), 0, top, stage.width, stage.horizon + 6)
    for _ in range(26):
        x, y = rng.uniform(0, stage.width), rng.uniform(top + 2, stage.horizon)
        brush.line((110, 176, 220), [(x, y), (x + 8, y)], width=1.0)
    for _ in range(2):
        x, y = rng.uniform(0.2, 0.8) * stage.width, top + 7 * stage.unit
        brush.polygon((250, 250, 250), [(x, y), (x, y - 15), (x + 9, y)])
        brush.polygon(
            (160, 60, 50), [(x - 6, y + 1), (x + 10, y + 1), (x + 7, y + 5), (x - 3, y + 5)]
        )


_TERRAINS: Mapping[str | None, Callable[[Brush, Stage, np.random.Generator, Colour], None]] = {
    None: _haze,
    "flat": _flat,
    "hills": _hills,
    "mountains": _mountains,
    "snow peaks": _snow_peaks,
    "volcano": _volcano,
    "mesa": _mesa,
    "dunes": _dunes,
    "sea": _sea,
}


def wave_angle(rng: np.random.Generator) -> float:
    """A random phase for a waving flag, radians."""
    return float(rng.uniform(0.0, 2.0 * math.pi))
