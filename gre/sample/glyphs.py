"""Script-like signs: a few strokes per letter, so that the script can be told and nothing is said.

A glyph is a tuple of strokes in a unit square (x right, y down, baseline at 1). A stroke is a
polyline; two extra kinds are "o x y r" rings and "d x y r" dots.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gre.sample.brush import Brush, Colour, Point

# One string per letter: strokes separated by ';', numbers are tenths of the unit square.
_LETTERS: Mapping[str, tuple[str, ...]] = {
    "latin": (
        "0 10 5 0 10 10; 2 7 8 7",
        "1 0 1 10 9 10",
        "1 10 1 0 8 0; 1 5 6 5; 1 10 8 10",
        "0 0 10 0; 5 0 5 10",
        "1 10 1 0; 9 10 9 0; 1 5 9 5",
        "1 10 1 0 9 10 9 0",
        "o 5 5 4.6",
        "1 10 1 0 7 0 9 2 7 5 1 5; 5 5 9 10",
        "9 1 3 0 1 3 9 7 7 10 1 9",
    ),
    "cyrillic": (
        "5 0 5 10; 0 0 5 5 10 0; 0 10 5 5 10 10",
        "1 0 1 10 9 10 9 0; 5 0 5 10",
        "0 10 1 8 3 0 8 0 8 8 10 10; 1 8 8 8",
        "1 10 1 0 9 0 9 10",
        "9 10 9 0 4 0 2 2 4 5 9 5; 5 5 1 10",
        "1 0 1 10 9 0 9 10",
        "1 10 1 0; 1 5 3 5; o 6.5 5 3.5",
        "1 0 1 9 8 9 8 0; 8 9 10 9 10 11",
        "2 2 5 0 8 2 5 5 8 8 5 10 2 8",
    ),
    "greek": (
        "9 0 1 0 5 5 1 10 9 10",
        "1 10 3 10 3 8 1 4 3 0 7 0 9 4 7 8 7 10 9 10",
        "5 0 0 10 10 10 5 0",
        "o 5 5 3.6; 5 -1 5 11",
        "5 0 5 11; 0 0 1 5 5 7 9 5 10 0",
        "0 10 5 0 10 10",
        "1 10 1 0 9 0 9 10",
        "1 0 9 0; 2 5 8 5; 1 10 9 10",
    ),
    "arabic": (
        "10 7 0 7; 7 7 7 3; d 5 10 .7; d 3 10 .7",
        "10 7 0 7; 8 7 8 -1",
        "10 7 6 7 4 3 1 5 0 7; d 4 0 .7",
        "10 7 8 4 6 7 4 4 2 7 0 7; d 6 0 .7; d 4 -1 .7; d 2 0 .7",
        "10 7 6 7 4 10 0 11; d 7 3 .7",
        "10 7 0 7; 5 7 3 2 5 0",
        "10 7 7 10 3 11 0 9 0 7; d 4 6 .7",
    ),
    "devanagari": (
        "0 0 10 0; 7 0 7 10; 7 5 4 3 1 5 3 8 6 6",
        "0 0 10 0; 8 0 8 10; 2 0 2 6 8 6",
        "0 0 10 0; 5 0 5 4 1 6 2 9 6 9 9 6",
        "0 0 10 0; 6 0 6 10; 6 4 2 2 1 6 5 7; 6 5 9 3 10 7",
        "0 0 10 0; 7 0 7 10; 2 3 7 3; o 2.5 7 2; 1 -4 5 -2",
        "0 0 10 0; 8 0 8 10; 1 2 5 2 5 8 1 8",
    ),
    "tamil": (
        "o 3 7 3; 6 10 6 2 1 2 1 4; 6 4 9 4 9 10",
        "1 1 1 10 9 10; 5 1 5 10; 1 1 9 1",
        "o 3 4 2.5; 5 4 9 4 9 10 2 10",
        "1 10 1 2 4 2 4 10; 4 6 9 6 9 2; o 8 9 1.8",
        "o 2.5 3 2.2; o 7.5 3 2.2; 5 3 5 10 10 10",
    ),
    "thai": (
        "o 2 8 1.7; 2 6 1 2 4 0 8 1 8 10",
        "o 2 2 1.7; 2 4 2 10 8 10 8 1",
        "o 2 2 1.7; 2 4 2 10 5 5 8 10 8 1",
        "o 3 5 1.7; 1 3 3 0 8 0 8 10; 5 -4 9 -3",
        "o 5 9 1.5; 5 7 3 1 8 0 9 3",
        "o 2 2 1.7; 3 3 3 9 8 9 8 1; 2 -4 8 -4 8 -2",
    ),
    "geez": (
        "1 0 1 10; 9 0 9 10; 1 3 9 3",
        "o 5 3 3; 5 6 5 11",
        "2 11 2 1 8 1 8 11; 5 1 5 7",
        "1 1 9 1; 5 1 5 11; 5 6 9 6 9 9",
        "o 3 3 2.3; o 7 3 2.3; 3 5 3 11; 7 5 7 11",
        "1 11 4 1 8 1 8 11; 2 6 8 6",
        "o 5 4 3.6; 2 7 1 11; 8 7 9 11",
    ),
    "han": (
        "0 1 10 1; 5 -1 5 11; 0 6 10 6; 1 11 9 11",
        "1 0 9 0 9 10 1 10 1 0; 1 5 9 5; 5 0 5 10",
        "0 3 10 3; 5 -1 5 4 0 11; 5 4 10 11; 2 7 8 7",
        "2 -1 2 11; 0 3 4 3; 5 1 10 1; 5 5 10 5; 7 -1 7 11; 5 9 10 9",
        "0 0 10 0; 1 3 9 3 9 7 1 7 1 3; 5 7 5 11; 0 9 10 11",
        "0 2 10 2; 3 -1 3 4; 7 -1 7 4; 1 5 9 5 9 11 1 11 1 5; 1 8 9 8",
    ),
    "kana": (
        "4 0 3 9 6 10 9 7",
        "8 0 2 5 8 10",
        "1 2 9 2; 5 0 4 6 7 5 8 8 4 10 1 8 6 5",
        "2 1 8 1 2 6 8 5 9 8 6 10 3 9",
        "1 3 8 2 5 9; 3 0 3 9",
        "0 1 10 1; 6 1 4 9; 7 4 10 5",
        "1 0 9 0 9 10 1 10 1 0; 1 5 9 5",
        "2 0 1 6 3 9; 8 1 9 7",
    ),
    "hangul": (
        "0 0 5 0 5 4; 8 -1 8 5; 8 2 10 2; o 5 8.5 2.3",
        "o 3 3 2.7; 8 -1 8 10; 8 4 10 4",
        "1 0 6 0 6 5 1 5 1 0; 9 -1 9 6; 1 8 9 8 9 11",
        "3 0 0 6; 3 0 6 6; 8 -1 8 10; 10 -1 10 10; 8 4 10 4",
        "1 0 9 0; 1 0 1 4 9 4; 5 5 5 8; 0 8 10 8",
        "o 5 2.3 2.3; 5 5 5 7; 0 7 10 7; 1 9 9 9 9 11",
    ),
}

SCRIPTS: tuple[str, ...] = tuple(_LETTERS)

# Usual ground and ink of a shop sign: the sample world's own convention, not a fact.
_PALETTES: Mapping[str, tuple[tuple[Colour, Colour], ...]] = {
    "latin": (
        ((245, 240, 225), (60, 50, 60)),
        ((40, 60, 90), (250, 245, 230)),
        ((120, 40, 50), (255, 240, 210)),
    ),
    "cyrillic": (((30, 40, 120), (255, 255, 255)), ((235, 235, 250), (40, 30, 140))),
    "greek": (((235, 245, 255), (10, 100, 190)), ((20, 120, 200), (255, 255, 255))),
    "arabic": (((10, 110, 70), (255, 245, 200)), ((240, 235, 205), (0, 110, 60))),
    "devanagari": (((255, 150, 40), (90, 20, 20)), ((255, 205, 90), (150, 20, 30))),
    "tamil": (((255, 225, 60), (190, 20, 30)), ((200, 25, 40), (255, 235, 80))),
    "thai": (((120, 50, 140), (255, 225, 110)), ((250, 200, 230), (100, 20, 130))),
    "geez": (((70, 120, 40), (255, 220, 60)), ((250, 215, 70), (20, 90, 40))),
    "han": (((190, 20, 30), (255, 215, 80)), ((150, 10, 25), (255, 240, 200))),
    "kana": (((250, 250, 245), (210, 20, 60)), ((255, 240, 240), (30, 30, 40))),
    "hangul": (((20, 150, 160), (255, 255, 255)), ((240, 255, 250), (0, 120, 140))),
}


def sign_colours(script: str, rng: np.random.Generator) -> tuple[Colour, Colour]:
    """Ground and ink of a sign in `script`."""
    palette = _PALETTES[script]
    return palette[int(rng.integers(len(palette)))]


def write_sign(
    brush: Brush,
    script: str,
    rng: np.random.Generator,
    *,
    ink: Colour,
    x: float,
    y: float,
    width: float,
    height: float,
) -> None:
    """Write letters of `script` in one line that fills the box at (x, y), picture pixels."""
    letters = _LETTERS[script]
    is_joined = script in ("arabic", "devanagari")
    size = height * 0.60
    step = size * (1.0 if is_joined else 1.22)
    num_letters = max(2, int((width - 2 * size * 0.3 + 0.22 * size) // step))
    left = x + (width - num_letters * step + (0 if is_joined else 0.22 * size)) / 2
    top = y + (height - size) / 2 + (0.06 * height if script in ("thai", "devanagari") else 0.0)
    previous = -1
    for i in range(num_letters):
        choice = int(rng.integers(len(letters)))
        if choice == previous:
            choice = (choice + 1) % len(letters)
        previous = choice
        _write(brush, letters[choice], ink, left + i * step, top, size)


def _write(brush: Brush, glyph: str, ink: Colour, x: float, y: float, size: float) -> None:
    pen = max(1.0, size * 0.14)
    for stroke in glyph.split(";"):
        words = stroke.split()
        if words[0] in ("o", "d"):
            cx, cy, r = (float(word) / 10 for word in words[1:])
            if words[0] == "o":
                brush.ring(ink, x + cx * size, y + cy * size, r * size, width=pen)
            else:
                brush.ellipse(ink, x + cx * size, y + cy * size, max(r * size, pen * 0.6))
            continue
        numbers = [float(word) / 10 for word in words]
        points: list[Point] = [
            (x + a * size, y + b * size) for a, b in zip(numbers[::2], numbers[1::2], strict=True)
        ]
        brush.line(ink, points, width=pen)
