"""Small copies of photos that a page carries inside itself."""

import base64
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from gre.data.bare import bare_jpeg
from gre.data.images import ImageError, load_image

MAX_BYTES = 12_000
"""Per photo: 200 photos make a page of about 3 MB."""
_TRIES = ((400, 72), (400, 58), (360, 50), (320, 45), (256, 40), (192, 35), (128, 30))
"""Longest side in pixels and JPEG quality, best first."""


@dataclass(frozen=True)
class Thumbnail:
    """A JPEG as a data URL, with its size in pixels."""

    url: str
    width: int
    height: int


def make_thumbnail(path: Path) -> Thumbnail | None:
    """Shrink a photo to at most MAX_BYTES; None where it cannot be opened."""
    try:
        photo = load_image(path)
    except ImageError:
        return None
    data, size = b"", (0, 0)
    for side, quality in _TRIES:
        photo.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        data, size = bare_jpeg(photo, quality=quality, optimize=True), photo.size
        if len(data) <= MAX_BYTES:
            break
    url = "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
    return Thumbnail(url, *size)
