"""Decodes large JPEGs at a half, a quarter or an eighth of their size, where that is enough.

libjpeg leaves high frequencies out of its inverse transform, which takes half the time and gives a
picture that differs by less than a grey level in the mean from one decoded whole and scaled, where
something is left to scale: at `ROOM` at most 0.81 levels, 6e-4 of the values by more than 16 levels
(scripts/bench/images.py --width 3000); without any, twice that and ten times as many.
Other formats, and JPEGs in the colours of print, are decoded whole.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PIL import Image, JpegImagePlugin

from gre.data.images import check_size, decode, is_on_its_side, open_image

Size = tuple[int, int]
"""Width and height in pixels."""

ROOM = 1.3
"""A picture is decoded at no less than this many times the size it is scaled to."""


class Reduced(NamedTuple):
    """A picture, upright RGB, and the size that the whole one would be scaled to.

    The picture has `ROOM` times that size where the whole one has.
    """

    image: Image.Image
    wanted: Size


def load_reduced(path: Path, fit: Callable[[Size], Size]) -> Reduced:
    """Decode a photo as `load_image` does, a large JPEG at a reduced scale.

    Args:
        path: Any photo that `load_image` reads.
        fit: From a picture's size, upright, to the size it is to have.

    Raises:
        ImageError: As of `load_image`.
    """
    with open_image(path) as image:
        check_size(path, image)
        size, swaps = image.size, is_on_its_side(image)
        wanted = fit(size[::-1] if swaps else size)
        if isinstance(image, JpegImagePlugin.JpegImageFile) and image.mode in ("RGB", "L"):
            width, height = (math.ceil(ROOM * side) for side in wanted)
            image.draft(None, (height, width) if swaps else (width, height))
        return Reduced(decode(path, image), wanted)
