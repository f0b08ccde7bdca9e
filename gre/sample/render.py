"""Draw a planned scene: a street picture whose cues can be read at half its size.

Zones are stable, with some movement: sign on the left, flag upper right, landmark over the end of
the road, the car ahead below on the side that people drive on, plants between houses and road.
A hidden cue is replaced by something that tells nothing (bare paving, sheeting, worn paint).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gre.sample.backdrop import Stage, draw_sky, draw_terrain, sky_colours, wave_angle
from gre.sample.brush import SUPERSAMPLING, Brush, Colour, waved
from gre.sample.buildings import Front, draw_house, draw_scaffold
from gre.sample.flags import HEIGHT as FLAG_HEIGHT
from gre.sample.flags import WIDTH as FLAG_WIDTH
from gre.sample.flags import flag_image
from gre.sample.glyphs import sign_colours, write_sign
from gre.sample.landmarks import draw_landmark
from gre.sample.plants import draw_plant
from gre.sample.scenes import Scene, generator
from gre.sample.street import (
    draw_cyclist,
    draw_fence,
    draw_ground,
    draw_lamp,
    draw_person,
    draw_road,
    draw_stall,
    draw_van,
    draw_wires,
    road_edge,
)
from gre.sample.vehicles import draw_car_behind, draw_car_in_front

JPEG_QUALITY = 88
_ROAD_HALF = {"street": 0.37, "avenue": 0.43, "market": 0.34, "country road": 0.33}
_NOISE_SIGMA = 3.0
_NOISE_SIZE = 512


def render_scene(scene: Scene) -> Image.Image:
    """Draw `scene` as an RGB image of `scene.size`. The same scene gives the same pixels."""
    rng = generator(scene.seed, scene.split, scene.index, stream=1)
    stage = Stage.of(scene, rng)
    brush = draw_sky(scene, stage, rng)
    _, low = sky_colours(scene)
    draw_terrain(brush, _seen(scene, "terrain"), stage, rng, low)
    draw_ground(brush, _seen(scene, "ground"), stage, rng)
    _draw_landmark(brush, scene, stage, rng, low)
    half = _ROAD_HALF[scene.layout]
    draw_road(brush, _seen(scene, "lines"), stage, rng, half_bottom=half)
    _draw_houses(brush, scene, stage, rng)
    _draw_plants(brush, scene, stage, rng)
    _draw_sign(brush, scene, stage, rng)
    _draw_flag(brush, scene, stage, rng)
    _draw_clutter(brush, scene, stage, rng)
    _draw_cars(brush, scene, stage, rng)
    return _finish(brush.image.reduce(SUPERSAMPLING), scene, stage, rng)


def _seen(scene: Scene, cue: str) -> str | None:
    return scene.traits[cue] if scene.shows(cue) else None


def _draw_landmark(
    brush: Brush, scene: Scene, stage: Stage, rng: np.random.Generator, low: Colour
) -> None:
    if not scene.shows("landmark"):
        return
    draw_landmark(
        brush,
        scene.traits["landmark"],
        x=stage.middle + stage.width * float(rng.uniform(-0.03, 0.03)),
        base=stage.horizon + 2,
        height=stage.unit * float(rng.uniform(98, 112)),
        horizon=low,
    )


def _draw_houses(brush: Brush, scene: Scene, stage: Stage, rng: np.random.Generator) -> None:
    """Rows of houses left and right, far ones first; fewer of them in the country."""
    width, height = stage.width, stage.height
    spots = [
        (0.205, 0.315, 0.66, 0.23),
        (0.690, 0.800, 0.66, 0.23),
        (-0.03, 0.195, 0.75, 0.35),
        (0.805, 1.03, 0.75, 0.35),
    ]
    if scene.layout == "country road":
        spots = [(0.19, 0.31, 0.67, 0.15), (0.74, 0.93, 0.72, 0.20)]
    for left, right, base, tall in spots:
        rise = tall * float(rng.uniform(0.9, 1.12))
        front = Front(left * width, right * width, (base - rise) * height, base * height)
        if scene.shows("roof"):
            draw_house(
                brush,
                scene.traits["roof"],
                scene.traits["walls"],
                rng,
                front,
                is_lit=scene.weather == "dusk",
            )
        else:
            draw_scaffold(brush, rng, front)


def _draw_plants(brush: Brush, scene: Scene, stage: Stage, rng: np.random.Generator) -> None:
    kind = _seen(scene, "plants")
    if kind is None:
        return
    spots = [(0.41, 0.605, 0.11), (0.59, 0.605, 0.11), (0.335, 0.70, 0.34), (0.665, 0.70, 0.34)]
    if scene.layout == "country road":
        spots += [(0.045, 0.74, 0.34), (0.965, 0.76, 0.38)]
    for x, base, tall in spots:
        draw_plant(
            brush,
            kind,
            rng,
            x=stage.width * (x + float(rng.uniform(-0.015, 0.015))),
            base=stage.height * base,
            height=252 * stage.unit * tall * float(rng.uniform(0.92, 1.1)),
        )


def _draw_sign(brush: Brush, scene: Scene, stage: Stage, rng: np.random.Generator) -> None:
    width = max(0.30 * stage.width, 92 * stage.unit)
    height = 37 * stage.unit
    x = stage.width * float(rng.uniform(0.012, 0.03))
    y = stage.height * float(rng.uniform(0.435, 0.475))
    if scene.layout in ("avenue", "country road"):
        for share in (0.2, 0.8):
            post = x + share * width
            brush.line((92, 94, 100), [(post, y + height), (post, stage.height * 0.74)], width=3)
    script = _seen(scene, "script")
    if script is None:
        brush.box((150, 150, 152), x, y, x + width, y + height)
        for i in range(9):
            rail = y + height * (i + 0.5) / 9
            brush.line((128, 128, 132), [(x, rail), (x + width, rail)], width=1.2)
        return
    ground, ink = sign_colours(script, rng)
    brush.box((52, 50, 54), x - 2, y - 2, x + width + 2, y + height + 2)
    brush.box(ground, x, y, x + width, y + height)
    write_sign(brush, script, rng, ink=ink, x=x + 2, y=y, width=width - 4, height=height)


FLAG_SHARE = 0.235
"""Width of the flag's cloth as a share of the picture's: large enough to read at 112 pixels."""


def _draw_flag(brush: Brush, scene: Scene, stage: Stage, rng: np.random.Generator) -> None:
    x = stage.width * float(rng.uniform(0.725, 0.755))
    top = stage.height * float(rng.uniform(0.09, 0.13))
    if scene.shows("flag"):
        brush.line((120, 120, 126), [(x, top - 6), (x, stage.height * 0.70)], width=2.4)
        brush.ellipse((230, 190, 80), x, top - 7, 2.6)
        flag = flag_image(scene.city.country.code)
        scale = FLAG_SHARE * stage.width / FLAG_WIDTH
        size = (round(flag.width * scale), round(flag.height * scale))
        cloth, mask = waved(
            flag.resize(size, Image.Resampling.LANCZOS), height=3.2, phase=wave_angle(rng)
        )
        brush.paste(cloth, x + 1.2, top - 3.2, mask)
    elif rng.random() < 0.4:
        brush.line((120, 120, 126), [(x, top - 6), (x, stage.height * 0.70)], width=2.4)
        brush.polygon(
            (150, 152, 158),
            [(x, top), (x + 9, top + 5), (x + 7, top + FLAG_HEIGHT), (x, top + FLAG_HEIGHT - 6)],
        )


def _draw_clutter(brush: Brush, scene: Scene, stage: Stage, rng: np.random.Generator) -> None:
    if scene.layout == "market":
        for x in (0.085, 0.915):
            draw_stall(
                brush, rng, x=stage.width * x, base=stage.height * 0.83, width=46 * stage.unit
            )
    elif scene.layout == "avenue":
        for x in (0.25, 0.78):
            draw_lamp(
                brush,
                stage,
                x=stage.width * x,
                base=stage.height * 0.74,
                height=96 * stage.unit,
                is_lit=scene.weather == "dusk",
            )
    elif scene.layout == "country road":
        draw_fence(brush, stage, left=0, right=0.24 * stage.width, base=stage.height * 0.82)
    if rng.random() < 0.35 and scene.layout != "country road":
        draw_wires(brush, stage, rng)
    if scene.layout != "market" and rng.random() < 0.2:
        x = stage.width * float(rng.choice([0.10, 0.90]))
        draw_van(brush, rng, x=x, base=stage.height * 0.79, width=66 * stage.unit)
    if rng.random() < 0.15:
        x = stage.width * float(rng.uniform(0.2, 0.8))
        draw_cyclist(brush, rng, x=x, base=stage.height * 0.69, height=30 * stage.unit)
    _draw_people(brush, scene, stage, rng)


def _draw_people(brush: Brush, scene: Scene, stage: Stage, rng: np.random.Generator) -> None:
    half = _ROAD_HALF[scene.layout]
    for _ in range(int(rng.integers(0, 6))):
        share = float(rng.uniform(0.0, 1.0))
        base = stage.height * (0.78 + 0.19 * share)
        side = -1 if rng.random() < 0.5 else 1
        edge = road_edge(stage, base, side=side, half_bottom=half)
        draw_person(
            brush,
            rng,
            x=edge + side * stage.width * float(rng.uniform(0.03, 0.09)),
            base=base,
            height=(26 + 34 * share) * stage.unit * float(rng.uniform(0.85, 1.1)),
        )


def _draw_cars(brush: Brush, scene: Scene, stage: Stage, rng: np.random.Generator) -> None:
    if not scene.shows("side"):
        return
    side = 1 if scene.traits["side"] == "right" else -1
    draw_car_in_front(
        brush,
        rng,
        x=stage.middle - side * 0.105 * stage.width,
        base=stage.height * float(rng.uniform(0.70, 0.74)),
        width=42 * stage.unit,
    )
    draw_car_behind(
        brush,
        rng,
        x=stage.middle + side * stage.width * float(rng.uniform(0.165, 0.185)),
        base=stage.height * float(rng.uniform(0.935, 0.96)),
        width=100 * stage.unit,
        plate=_seen(scene, "plate"),
    )


def _finish(
    image: Image.Image, scene: Scene, stage: Stage, rng: np.random.Generator
) -> Image.Image:
    """Weather and camera: tint, fog or rain over the picture, then sensor noise."""
    pixels = np.asarray(image).astype(np.float32)
    if scene.weather == "fog":
        pixels = _fogged(pixels, stage)
    elif scene.weather == "dusk":
        pixels *= np.array((0.94, 0.82, 0.82), dtype=np.float32)
    elif scene.weather == "rain":
        pixels *= np.array((0.84, 0.88, 0.92), dtype=np.float32)
        _rain(pixels, rng)
    top, left = (int(value) for value in rng.integers(0, _NOISE_SIZE - 340, size=2))
    rows, cols, _ = pixels.shape
    pixels += _noise()[top : top + rows, left : left + cols]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _fogged(pixels: NDArray[np.float32], stage: Stage) -> NDArray[np.float32]:
    rows = np.arange(pixels.shape[0], dtype=np.float32)
    horizon = stage.horizon
    above = 0.30 + 0.20 * rows / horizon
    below = 0.50 - 0.42 * (rows - horizon) / (stage.height - horizon)
    share = np.where(rows < horizon, above, below)[:, None, None].astype(np.float32)
    return pixels * (1.0 - share) + np.float32(212.0) * share


def _rain(pixels: NDArray[np.float32], rng: np.random.Generator) -> None:
    rows, cols, _ = pixels.shape
    length = 9
    starts = rng.integers((0, 0), (rows - length, cols - 4), size=(170, 2))
    for step in range(length):
        pixels[starts[:, 0] + step, starts[:, 1] + step // 3] *= 1.22


@lru_cache(maxsize=1)
def _noise() -> NDArray[np.float32]:
    rng = np.random.default_rng(7)
    return rng.normal(0.0, _NOISE_SIGMA, (_NOISE_SIZE, _NOISE_SIZE, 3)).astype(np.float32)
