"""Pictures that are encoded from their pixels alone."""

import io

import numpy as np
import pytest
from PIL import Image

from gre.data.bare import bare_jpeg, bare_png

SECRET = b"taken by Somebody in Paris"


def talkative(kind: str) -> Image.Image:
    """A picture that says in every way it can where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    sink = io.BytesIO()
    Image.new("RGB", (16, 8), "teal").save(
        sink, kind, exif=exif, comment=SECRET, icc_profile=SECRET, xmp=SECRET
    )
    image = Image.open(sink)
    image.load()
    return image


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_but_pixels_is_written(kind: str) -> None:
    image = talkative(kind)
    before = dict(image.info)
    assert SECRET in b"".join(value for value in before.values() if isinstance(value, bytes))
    for data in (bare_jpeg(image, quality=90), bare_png(image)):
        assert SECRET not in data
        assert not Image.open(io.BytesIO(data)).getexif()
    assert image.info == before  # the caller's picture is not touched
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(bare_png(image)))), np.asarray(image))


def test_a_comment_does_not_come_through_a_copy_in_other_colours() -> None:
    image = talkative("JPEG").convert("L")
    assert SECRET not in bare_jpeg(image, quality=90)
    assert Image.open(io.BytesIO(bare_png(image))).mode == "RGB"
