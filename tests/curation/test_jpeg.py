"""Pictures lose what they say about themselves and keep what they show."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gre.curation.jpeg import JpegError, clean_jpeg, clean_picture, strip_jpeg
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


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload


HEADER = b"JFIF\0\1\2\1\0\x48\0\x48\0\0"  # version 1.2, 72 dots an inch, no small picture
ADOBE = b"Adobe\0\x64\0\0\0\0\1"  # version 100, YCbCr


@pytest.mark.parametrize(
    ("marker", "payload", "kept"),
    [
        (0xE0, HEADER, HEADER),
        (0xE0, HEADER[:-2] + b"\1\1" + SECRET, HEADER),  # a small picture
        (0xE0, b"JFXX\0" + SECRET, None),
        (0xE0, SECRET, None),
        (0xEE, ADOBE, ADOBE),
        (0xEE, ADOBE + SECRET, ADOBE),
        (0xEE, SECRET, None),
        (0xE2, b"ICC_PROFILE\0\1\1profile", b"ICC_PROFILE\0\1\1profile"),
        (0xE2, b"MPF\0" + SECRET, None),
        (0xF7, SECRET, None),  # reserved for extensions
        (0xFE, SECRET, None),
    ],
)
def test_headers_stay_without_what_they_carry(
    marker: int, payload: bytes, kept: bytes | None
) -> None:
    data = jpeg_bytes(1)
    bare = data[:2] + data[20:]  # without the header that Pillow writes: 2 + 16 bytes
    assert data[2:4] == b"\xff\xe0"
    stripped = strip_jpeg(bare[:2] + segment(marker, payload) + bare[2:])
    assert stripped == bare[:2] + (b"" if kept is None else segment(marker, kept)) + bare[2:]
    assert np.array_equal(np.asarray(opened(stripped)), np.asarray(opened(data)))


@pytest.mark.parametrize("cut", [0, 1, 3, 30, -2, -60])
def test_cut_streams_are_refused(cut: int) -> None:
    with pytest.raises(JpegError):
        strip_jpeg(jpeg_bytes(1)[:cut])


def test_a_turned_photo_is_written_upright(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    picture(1).save(path, quality=95, exif=gps_exif(1.0, 2.0, orientation=6))  # 6: turn by 90°
    data, shown = clean_picture(path, max_side=None)
    image = opened(data)
    assert clean_jpeg(path) == data
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


def test_only_a_picture_that_is_turned_or_no_jpeg_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg_bytes(1, comment=SECRET))
    cleaned, _ = clean_picture(path, max_side=None)
    monkeypatch.setattr("gre.curation.jpeg.load_image", lambda _: pytest.fail("was decoded"))
    assert clean_jpeg(path) == cleaned
    assert SECRET not in cleaned
