"""Pictures lose what they say about themselves and keep what they show."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gre.curation.jpeg import JpegError, clean_picture, strip_jpeg
from tests.curation.making import gps_exif, jpeg_bytes, picture

SECRET = b"taken by Somebody in Paris"


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("progressive", [False, True])
def test_stripping_keeps_every_pixel_and_drops_every_word(progressive: bool) -> None:
    data = jpeg_bytes(
        1, exif=gps_exif(48.0, 2.0), comment=SECRET, progressive=progressive, dpi=(72, 72)
    )
    stripped = strip_jpeg(data + b"trailer" + jpeg_bytes(2, exif=gps_exif(48.0, 2.0)))
    image = opened(stripped)
    assert not image.getexif()
    assert b"Exif" not in stripped
    assert SECRET not in stripped
    assert b"trailer" not in stripped
    assert np.array_equal(np.asarray(image), np.asarray(opened(data)))


def test_restart_markers_and_profiles_survive() -> None:
    data = jpeg_bytes(1, icc_profile=b"profile" * 9, restart_marker_blocks=1)
    image = opened(strip_jpeg(data))
    assert image.info["icc_profile"] == b"profile" * 9
    assert np.array_equal(np.asarray(image), np.asarray(opened(data)))


@pytest.mark.parametrize("cut", [0, 1, 3, 30, -2, -60])
def test_cut_streams_are_refused(cut: int) -> None:
    with pytest.raises(JpegError):
        strip_jpeg(jpeg_bytes(1)[:cut])


def test_a_turned_photo_is_written_upright(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    picture(1).save(path, quality=95, exif=gps_exif(1.0, 2.0, orientation=6))  # 6: turn by 90°
    data, shown = clean_picture(path, max_side=None)
    image = opened(data)
    assert image.size == shown.size == (72, 96)
    assert not image.getexif()
    upright = np.asarray(opened(path.read_bytes()).transpose(Image.Transpose.ROTATE_270), float)
    assert np.abs(np.asarray(image, float) - upright).mean() < 3  # encoded anew at quality 95


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_other_formats_become_jpeg_without_metadata(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"photo{suffix}"
    picture(1).save(path, exif=gps_exif(1.0, 2.0))
    data, _ = clean_picture(path, max_side=48)
    image = opened(data)
    assert (image.format, image.size) == ("JPEG", (48, 36))
    assert not image.getexif()
