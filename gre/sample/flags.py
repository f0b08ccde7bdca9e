"""Flags of the sample world's countries, simplified to stripes, crosses, discs and stars."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

from PIL import Image

from gre.sample.brush import Brush, Colour, Point

WIDTH, HEIGHT = 60, 40

_RED: Colour = (206, 32, 44)
_BLUE: Colour = (20, 54, 140)
_SKY: Colour = (108, 172, 228)
_GREEN: Colour = (10, 128, 66)
_YELLOW: Colour = (252, 209, 22)
_WHITE: Colour = (250, 250, 250)
_BLACK: Colour = (18, 18, 18)
_ORANGE: Colour = (255, 140, 40)


def star(brush: Brush, colour: Colour, x: float, y: float, r: float, *, points: int = 5) -> None:
    """Fill a star with its first ray upwards."""
    corners: list[Point] = []
    for i in range(2 * points):
        reach = r if i % 2 == 0 else 0.42 * r
        angle = math.pi * i / points
        corners.append((x + reach * math.sin(angle), y - reach * math.cos(angle)))
    brush.polygon(colour, corners)


def _rows(brush: Brush, *colours: Colour) -> None:
    step = HEIGHT / len(colours)
    for i, colour in enumerate(colours):
        brush.box(colour, 0, i * step, WIDTH, (i + 1) * step)


def _columns(brush: Brush, *colours: Colour) -> None:
    step = WIDTH / len(colours)
    for i, colour in enumerate(colours):
        brush.box(colour, i * step, 0, (i + 1) * step, HEIGHT)


def _union(brush: Brush, width: float, height: float) -> None:
    brush.box(_BLUE, 0, 0, width, height)
    for colour, share in ((_WHITE, 0.20), (_RED, 0.08)):
        brush.line(colour, [(0, 0), (width, height)], width=height * share)
        brush.line(colour, [(0, height), (width, 0)], width=height * share)
    for colour, share in ((_WHITE, 0.17), (_RED, 0.10)):
        brush.box(colour, 0, height * (0.5 - share), width, height * (0.5 + share))
        brush.box(colour, width / 2 - height * share, 0, width / 2 + height * share, height)


def _united_states(brush: Brush) -> None:
    _rows(brush, *([_RED, _WHITE] * 6 + [_RED]))
    brush.box(_BLUE, 0, 0, 26, HEIGHT * 7 / 13)
    for row in range(3):
        for col in range(4):
            star(brush, _WHITE, 4 + 6 * col, 4 + 7 * row, 2.6)


def _canada(brush: Brush) -> None:
    brush.box(_WHITE, 0, 0, WIDTH, HEIGHT)
    brush.box(_RED, 0, 0, 15, HEIGHT)
    brush.box(_RED, 45, 0, WIDTH, HEIGHT)
    star(brush, _RED, 30, 19, 12, points=7)
    brush.box(_RED, 29.2, 20, 30.8, 34)


def _mexico(brush: Brush) -> None:
    _columns(brush, (0, 104, 71), _WHITE, _RED)
    brush.ellipse((150, 100, 40), 30, 19, 5)
    brush.arc(_GREEN, 30, 20, 6.5, 6.5, start=20, end=160, width=1.6)


def _brazil(brush: Brush) -> None:
    brush.box((0, 151, 57), 0, 0, WIDTH, HEIGHT)
    brush.polygon(_YELLOW, [(30, 3), (56, 20), (30, 37), (4, 20)])
    brush.ellipse(_BLUE, 30, 20, 9)
    brush.line(_WHITE, [(21.5, 18), (30, 18.5), (38.5, 22)], width=1.8)


def _argentina(brush: Brush) -> None:
    _rows(brush, _SKY, _WHITE, _SKY)
    star(brush, (240, 170, 40), 30, 20, 6, points=8)


def _norway(brush: Brush) -> None:
    brush.box((186, 12, 47), 0, 0, WIDTH, HEIGHT)
    for colour, half in ((_WHITE, 5.0), (_BLUE, 2.5)):
        brush.box(colour, 0, 20 - half, WIDTH, 20 + half)
        brush.box(colour, 20 - half, 0, 20 + half, HEIGHT)


def _greece(brush: Brush) -> None:
    blue = (20, 94, 178)
    _rows(brush, *([blue, _WHITE] * 4 + [blue]))
    edge = HEIGHT * 5 / 9
    brush.box(blue, 0, 0, edge, edge)
    brush.box(_WHITE, 0, edge * 0.4, edge, edge * 0.6)
    brush.box(_WHITE, edge * 0.4, 0, edge * 0.6, edge)


def _crescent(brush: Brush, ground: Colour, colour: Colour, x: float, y: float, r: float) -> None:
    brush.ellipse(colour, x, y, r)
    brush.ellipse(ground, x + 0.32 * r, y, 0.8 * r)


def _turkey(brush: Brush) -> None:
    red = (227, 10, 23)
    brush.box(red, 0, 0, WIDTH, HEIGHT)
    _crescent(brush, red, _WHITE, 23, 20, 11)
    star(brush, _WHITE, 38, 20, 6)


def _kazakhstan(brush: Brush) -> None:
    brush.box((0, 175, 202), 0, 0, WIDTH, HEIGHT)
    star(brush, _YELLOW, 32, 16, 10, points=12)
    brush.arc(_YELLOW, 32, 17, 14, 13, start=20, end=160, width=3)
    brush.box(_YELLOW, 3, 3, 7, 37)


def _egypt(brush: Brush) -> None:
    _rows(brush, _RED, _WHITE, _BLACK)
    brush.polygon((200, 150, 40), [(30, 14), (36, 17), (33, 26), (27, 26), (24, 17)])


def _morocco(brush: Brush) -> None:
    brush.box((193, 39, 45), 0, 0, WIDTH, HEIGHT)
    star(brush, (0, 98, 51), 30, 21, 13)
    star(brush, (193, 39, 45), 30, 21, 7)


def _nigeria(brush: Brush) -> None:
    _columns(brush, (0, 135, 81), _WHITE, (0, 135, 81))


def _ethiopia(brush: Brush) -> None:
    _rows(brush, (7, 137, 48), _YELLOW, _RED)
    brush.ellipse((15, 71, 175), 30, 20, 10)
    star(brush, _YELLOW, 30, 20, 8)


def _kenya(brush: Brush) -> None:
    _rows(brush, _BLACK, (187, 0, 0), (0, 102, 0))
    brush.box(_WHITE, 0, 12, WIDTH, 14)
    brush.box(_WHITE, 0, 26, WIDTH, 28)
    brush.ellipse((187, 0, 0), 30, 20, 7, 13)
    brush.ellipse(_WHITE, 30, 20, 2, 9)


def _south_africa(brush: Brush) -> None:
    _rows(brush, (222, 56, 49), (0, 35, 149))
    brush.polygon(
        _WHITE, [(0, 0), (10, 0), (30, 13), (WIDTH, 13), (WIDTH, 27), (30, 27), (10, 40), (0, 40)]
    )
    green = (0, 122, 77)
    brush.polygon(green, [(0, 2), (26, 16), (WIDTH, 16), (WIDTH, 24), (26, 24), (0, 38)])
    brush.polygon(_YELLOW, [(0, 7), (20, 20), (0, 33)])
    brush.polygon(_BLACK, [(0, 10), (15, 20), (0, 30)])


def _emirates(brush: Brush) -> None:
    _rows(brush, (0, 115, 47), _WHITE, _BLACK)
    brush.box((255, 0, 0), 0, 0, 15, HEIGHT)


def _india(brush: Brush) -> None:
    _rows(brush, (255, 153, 51), _WHITE, (19, 136, 8))
    brush.ring((0, 0, 136), 30, 20, 5.6, width=1.3)
    brush.line((0, 0, 136), [(24.5, 20), (35.5, 20)], width=0.7)
    brush.line((0, 0, 136), [(30, 14.5), (30, 25.5)], width=0.7)


def _thailand(brush: Brush) -> None:
    _rows(brush, _RED, _WHITE, (45, 42, 74), (45, 42, 74), _WHITE, _RED)


def _indonesia(brush: Brush) -> None:
    _rows(brush, (206, 17, 38), _WHITE)


def _china(brush: Brush) -> None:
    brush.box((222, 41, 16), 0, 0, WIDTH, HEIGHT)
    star(brush, (255, 222, 0), 12, 12, 8)
    for x, y in ((24, 4), (28, 9), (28, 16), (24, 21)):
        star(brush, (255, 222, 0), x, y, 3)


def _japan(brush: Brush) -> None:
    brush.box(_WHITE, 0, 0, WIDTH, HEIGHT)
    brush.ellipse((188, 0, 45), 30, 20, 12)


def _south_korea(brush: Brush) -> None:
    brush.box(_WHITE, 0, 0, WIDTH, HEIGHT)
    brush.ellipse((0, 71, 160), 30, 20, 9.5)
    brush.polygon(
        (205, 46, 58), [(20.5, 20), (22, 14), (27, 10.8), (33, 10.8), (38, 14), (39.5, 20)]
    )
    brush.ellipse((205, 46, 58), 25.4, 20, 4.8)
    brush.ellipse((0, 71, 160), 34.6, 20, 4.8)
    for x, y, slope in ((11, 9, -1), (49, 9, 1), (11, 31, 1), (49, 31, -1)):
        for step in (-3, 0, 3):
            start = (x - 3 + 0.6 * step, y - 2.4 * slope - 0.7 * step * slope)
            end = (x + 3 + 0.6 * step, y + 2.4 * slope - 0.7 * step * slope)
            brush.line(_BLACK, [start, end], width=1.5)


def _australia(brush: Brush) -> None:
    brush.box((0, 0, 139), 0, 0, WIDTH, HEIGHT)
    _union(brush, 30, 20)
    star(brush, _WHITE, 15, 30, 6, points=7)
    for x, y in ((45, 8), (38, 18), (52, 16), (45, 32)):
        star(brush, _WHITE, x, y, 3.6, points=7)


def _new_zealand(brush: Brush) -> None:
    brush.box((1, 33, 105), 0, 0, WIDTH, HEIGHT)
    _union(brush, 30, 20)
    for x, y in ((45, 8), (38, 17), (52, 15), (45, 32)):
        star(brush, _WHITE, x, y, 5)
        star(brush, (204, 20, 43), x, y, 3.6)


def _united_kingdom(brush: Brush) -> None:
    _union(brush, WIDTH, HEIGHT)


def _stripes(layout: Callable[..., None], *colours: Colour) -> Callable[[Brush], None]:
    def draw(brush: Brush) -> None:
        layout(brush, *colours)

    return draw


_FLAGS: Mapping[str, Callable[[Brush], None]] = {
    "US": _united_states,
    "CA": _canada,
    "MX": _mexico,
    "PE": _stripes(_columns, (217, 16, 35), _WHITE, (217, 16, 35)),
    "BR": _brazil,
    "AR": _argentina,
    "GB": _united_kingdom,
    "FR": _stripes(_columns, (0, 50, 150), _WHITE, (237, 41, 57)),
    "ES": _stripes(_rows, (170, 21, 27), (241, 191, 0), (241, 191, 0), (170, 21, 27)),
    "IT": _stripes(_columns, (0, 146, 70), _WHITE, (206, 43, 55)),
    "DE": _stripes(_rows, _BLACK, (221, 0, 0), (255, 206, 0)),
    "GR": _greece,
    "NO": _norway,
    "NL": _stripes(_rows, (174, 28, 40), _WHITE, (33, 70, 139)),
    "TR": _turkey,
    "RU": _stripes(_rows, _WHITE, (0, 57, 166), (213, 43, 30)),
    "KZ": _kazakhstan,
    "EG": _egypt,
    "MA": _morocco,
    "NG": _nigeria,
    "ET": _ethiopia,
    "KE": _kenya,
    "ZA": _south_africa,
    "AE": _emirates,
    "IN": _india,
    "TH": _thailand,
    "ID": _indonesia,
    "CN": _china,
    "JP": _japan,
    "KR": _south_korea,
    "AU": _australia,
    "NZ": _new_zealand,
}


@lru_cache(maxsize=64)
def flag_image(code: str) -> Image.Image:
    """The flag of a country (ISO code), flat, WIDTH by HEIGHT picture pixels. Do not draw on it."""
    brush = Brush(WIDTH, HEIGHT)
    _FLAGS[code](brush)
    return brush.image
