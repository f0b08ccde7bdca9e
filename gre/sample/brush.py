"""A pen over a Pillow image: coordinates in picture pixels, drawn at twice the size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

SUPERSAMPLING = 2


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` with `share` (0 to 1) of `b` in it."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def shade(colour: Colour, factor: float) -> Colour:
    """`colour` made darker (factor below 1) or lighter (above 1), kept within 0 to 255."""
    return (
        min(255, round(colour[0] * factor)),
        min(255, round(colour[1] * factor)),
        min(255, round(colour[2] * factor)),
    )


class Brush:
    """Draws on a canvas of `width` by `height` picture pixels."""

    def __init__(self, width: int, height: int, *, ground: Image.Image | None = None) -> None:
        self.width = width
        self.height = height
        size = (width * SUPERSAMPLING, height * SUPERSAMPLING)
        self.image = ground if ground is not None else Image.new("RGB", size)
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, colour: Colour, points: Sequence[Point]) -> None:
        """Fill the area inside `points`."""
        self._draw.polygon(_scaled(points), fill=colour)

    def box(self, colour: Colour, x0: float, y0: float, x1: float, y1: float) -> None:
        """Fill a rectangle, given in any corner order."""
        left, right = sorted((x0, x1))
        top, bottom = sorted((y0, y1))
        self._draw.rectangle(_scaled([(left, top), (right, bottom)]), fill=colour)

    def rounded(
        self, colour: Colour, x0: float, y0: float, x1: float, y1: float, *, radius: float
    ) -> None:
        """Fill a rectangle with round corners."""
        box = _scaled([(x0, y0), (x1, y1)])
        self._draw.rounded_rectangle(box, radius=radius * SUPERSAMPLING, fill=colour)

    def ellipse(
        self, colour: Colour, x: float, y: float, rx: float, ry: float | None = None
    ) -> None:
        """Fill an ellipse about (x, y)."""
        ry = rx if ry is None else ry
        self._draw.ellipse(_scaled([(x - rx, y - ry), (x + rx, y + ry)]), fill=colour)

    def ring(self, colour: Colour, x: float, y: float, r: float, *, width: float) -> None:
        """Draw a circle line about (x, y)."""
        box = _scaled([(x - r, y - r), (x + r, y + r)])
        self._draw.ellipse(box, outline=colour, width=_line_width(width))

    def arc(
        self,
        colour: Colour,
        x: float,
        y: float,
        rx: float,
        ry: float,
        *,
        start: float,
        end: float,
        width: float,
    ) -> None:
        """Draw a piece of an ellipse line, degrees clockwise from three o'clock."""
        box = _scaled([(x - rx, y - ry), (x + rx, y + ry)])
        self._draw.arc(box, start, end, fill=colour, width=_line_width(width))

    def line(self, colour: Colour, points: Sequence[Point], *, width: float) -> None:
        """Draw a line through `points`."""
        self._draw.line(_scaled(points), fill=colour, width=_line_width(width), joint="curve")

    def paste(
        self, image: Image.Image, x: float, y: float, mask: Image.Image | None = None
    ) -> None:
        """Put an image of the canvas's own resolution with its corner at (x, y)."""
        self.image.paste(image, (round(x * SUPERSAMPLING), round(y * SUPERSAMPLING)), mask)


def _scaled(points: Iterable[Point]) -> list[Point]:
    return [(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in points]


def _line_width(width: float) -> int:
    return max(1, round(width * SUPERSAMPLING))


def waved(image: Image.Image, *, height: float, phase: float) -> tuple[Image.Image, Image.Image]:
    """Let a flat flag wave: columns pushed up and down, with light and shade along the folds.

    Returns:
        The waved image and its mask, both taller by twice `height` picture pixels.
    """
    flat = np.asarray(image)
    rows, cols, _ = flat.shape
    reach = round(height * SUPERSAMPLING)
    angle = np.linspace(phase, phase + 2.2 * np.pi, cols)
    shift = np.round(reach * np.sin(angle) * np.linspace(0.25, 1.0, cols)).astype(int)
    source = np.arange(rows + 2 * reach)[:, None] - reach - shift[None, :]
    inside = (source >= 0) & (source < rows)
    light = 1.0 + 0.16 * np.cos(angle)
    lit: NDArray[np.float64] = (
        flat[source.clip(0, rows - 1), np.arange(cols)] * light[None, :, None]
    )
    colours = np.where(inside[..., None], lit.clip(0, 255), 0).astype(np.uint8)
    return Image.fromarray(colours), Image.fromarray((inside * 255).astype(np.uint8))
