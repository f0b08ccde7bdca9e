"""Decodes large JPEGs at a half, a quarter or an eighth of their size, where that is enough.

libjpeg leaves high frequencies out of its inverse transform, which takes half the time and gives a
picture that differs by about a grey level in the mean from one decoded whole and scaled.
Other formats, and JPEGs in the colours of print, are decoded whole.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PIL import Image, JpegImagePlugin

from gre.data.images import check_size, decode, is_on_its_side, open_image

Size = tuple[int, int]
"""Width and height in pixels."""


class Reduced(NamedTuple):
    """A picture, upright RGB, and the size that the whole one would be scaled to.

    The picture has at least that size where the whole one has.
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
            image.draft(None, wanted[::-1] if swaps else wanted)
        return Reduced(decode(path, image), wanted)
