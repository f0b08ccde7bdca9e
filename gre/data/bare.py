"""Bare pictures: encoded from their pixels alone, so that nothing a photo says of itself leaves."""

import io

from PIL import Image


def bare_jpeg(
    image: Image.Image, *, quality: int, subsampling: int = -1, optimize: bool = False
) -> bytes:
    """A picture as a JPEG without EXIF, XMP, comment or profile; the picture itself is not touched.

    Args:
        image: Any picture; it becomes RGB.
        quality: Of libjpeg, in [1, 95].
        subsampling: Of the colours: 0 for none, 2 for half; -1 leaves it to Pillow.
        optimize: Whether to search for shorter codes.
    """
    sink = io.BytesIO()
    _bare(image).save(sink, "JPEG", quality=quality, subsampling=subsampling, optimize=optimize)
    return sink.getvalue()


def bare_png(image: Image.Image) -> bytes:
    """A picture as an RGB PNG without metadata; the picture itself is not touched."""
    sink = io.BytesIO()
    _bare(image).save(sink, "PNG")
    return sink.getvalue()


def _bare(image: Image.Image) -> Image.Image:
    """A copy of the pixels: Pillow would write what it finds in `info`, comments among it."""
    bare = image.copy() if image.mode == "RGB" else image.convert("RGB")
    bare.info = {}
    return bare
