"""Every kind of picture comes out upright and RGB, or as one line."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from gre.data.images import ImageError, grey_image, load_image

from .pictures import exif_block, picture_bytes


def put(tmp_path: Path, data: bytes, name: str = "picture") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def halves(mode: str = "RGB") -> Image.Image:
    """40 x 20: left half red, right half blue."""
    image = Image.new("RGB", (40, 20), (255, 0, 0))
    image.paste((0, 0, 255), (20, 0, 40, 20))
    return image.convert(mode)


def is_close(pixel: tuple[int, ...], expected: tuple[int, ...], tolerance: int = 12) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, expected, strict=True))


@pytest.mark.parametrize(
    ("format", "mode", "options"),
    [
        ("JPEG", "RGB", {"quality": 95}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("JPEG", "RGB", {"quality": 95, "progressive": True}),
        ("PNG", "RGB", {}),
        ("PNG", "P", {}),
        ("PNG", "RGBA", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "CMYK", {}),
        ("BMP", "RGB", {}),
        ("GIF", "P", {}),
        ("HEIF", "RGB", {"quality": 95}),
    ],
)
def test_formats_by_content_whatever_the_suffix(tmp_path, format, mode, options):
    if format == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    image = load_image(
        put(tmp_path, picture_bytes(halves(mode), format=format, **options), "photo.txt")
    )
    assert (image.mode, image.size) == ("RGB", (40, 20))
    assert is_close(image.getpixel((5, 10)), (255, 0, 0))
    assert is_close(image.getpixel((35, 10)), (0, 0, 255))


# Where the red left half of a 40 x 20 picture ends up; Exif 2.3, tag 274.
@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (40, 20), (5, 10)),
        (2, (40, 20), (35, 10)),
        (3, (40, 20), (35, 10)),
        (4, (40, 20), (5, 10)),
        (5, (20, 40), (10, 5)),
        (6, (20, 40), (10, 5)),
        (7, (20, 40), (10, 35)),
        (8, (20, 40), (10, 35)),
        (0, (40, 20), (5, 10)),
        (9, (40, 20), (5, 10)),
    ],
)
def test_orientation_is_applied(tmp_path, orientation, size, red_at):
    data = picture_bytes(halves(), exif=exif_block([], orientation=orientation), quality=95)
    image = load_image(put(tmp_path, data))
    assert image.size == size
    assert is_close(image.getpixel(red_at), (255, 0, 0))


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "HEIF"])
def test_orientation_of_other_formats(tmp_path, format):
    if format == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    exif = exif_block([], orientation=6)
    image = load_image(put(tmp_path, picture_bytes(halves(), format=format, exif=exif)))
    assert image.size == (20, 40)
    assert is_close(image.getpixel((10, 5)), (255, 0, 0), 20)


def test_16_bit_grey_is_scaled_not_clipped(tmp_path):
    samples = np.array([[0, 257, 32896, 65535]] * 4, dtype=np.uint16)
    image = load_image(put(tmp_path, picture_bytes(Image.fromarray(samples), format="PNG")))
    assert [image.getpixel((x, 0))[0] for x in range(4)] == [0, 1, 128, 255]
    image = load_image(put(tmp_path, picture_bytes(Image.fromarray(samples), format="TIFF")))
    assert [image.getpixel((x, 0))[0] for x in range(4)] == [0, 1, 128, 255]


def test_samples_without_a_known_range_are_refused(tmp_path):
    wide = Image.fromarray(np.array([[0, 2**20]], dtype=np.int32))
    with pytest.raises(ImageError, match="samples from 0 to 1048576"):
        load_image(put(tmp_path, picture_bytes(wide, format="TIFF")))
    real = Image.fromarray(np.zeros((4, 4), dtype=np.float32))
    with pytest.raises(ImageError, match="floating-point samples"):
        load_image(put(tmp_path, picture_bytes(real, format="TIFF")))


def test_lab_colours(tmp_path):
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(halves(), to_lab)
    image = load_image(put(tmp_path, picture_bytes(lab, format="TIFF")))
    assert is_close(image.getpixel((5, 10)), (255, 0, 0))
    assert is_close(image.getpixel((35, 10)), (0, 0, 255), 25)  # 8-bit Lab is coarse in blue


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_becomes_white(tmp_path, mode):
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (10, 0, 20, 20))
    loaded = load_image(put(tmp_path, picture_bytes(image.convert(mode), format="PNG")))
    assert loaded.getpixel((2, 2)) == (255, 255, 255)
    assert loaded.getpixel((15, 2)) == (0, 0, 0)


def test_colour_key_transparency_becomes_white(tmp_path):
    data = picture_bytes(halves(), format="PNG", transparency=(255, 0, 0))
    loaded = load_image(put(tmp_path, data))
    assert loaded.getpixel((2, 2)) == (255, 255, 255)
    assert loaded.getpixel((35, 2)) == (0, 0, 255)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_first_frame_of_many(tmp_path, format):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if format == "WEBP" else {}
    data = picture_bytes(
        frames[0], format=format, save_all=True, append_images=frames[1:], **options
    )
    assert load_image(put(tmp_path, data)).getpixel((8, 8)) == (255, 0, 0)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_cut_short(tmp_path, format, share):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    data = picture_bytes(noise, format=format)
    with pytest.raises(ImageError) as error:
        load_image(put(tmp_path, data[: int(len(data) * share)]))
    assert "picture" in str(error.value)
    assert "\n" not in str(error.value)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a size and holds no pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((10_001, 10_000), "10001 x 10000 = 100.0 megapixels, must be at most 100"),
        ((13_000, 13_000), "169.0 megapixels, must be at most 100"),
        ((40_000, 40_000), "more than 178 megapixels"),
        ((65_000, 65_000), "more than 178 megapixels"),
        ((2001, 10), "one side 200 times the other, must be at most 200"),
        ((1, 201), "one side 201 times the other"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_size_is_refused_from_the_header(tmp_path, size, expected):
    with pytest.raises(ImageError) as error:
        load_image(put(tmp_path, png_header(*size)))
    assert expected in str(error.value)


def test_limit_is_the_callers(tmp_path):
    path = put(tmp_path, picture_bytes(Image.new("RGB", (1000, 1000))))
    assert load_image(path, max_megapixels=1.0).size == (1000, 1000)
    with pytest.raises(ImageError, match=r"1\.0 megapixels, must be at most 0\.9"):
        load_image(path, max_megapixels=0.9)
    with pytest.raises(ValueError, match="max_megapixels must be in"):
        load_image(path, max_megapixels=0)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (200, 1), (27, 27)])
def test_small_pictures_keep_their_size(tmp_path, size):
    assert load_image(put(tmp_path, picture_bytes(Image.new("RGB", size)))).size == size


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "is empty"),
        (b"<html>not found</html>", "is no picture of a known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no picture of a known format"),
        (b"\xff\xd8\xff", "is no picture of a known format"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, "picture"),
    ],
)
def test_what_is_no_picture(tmp_path, data, expected):
    with pytest.raises(ImageError) as error:
        load_image(put(tmp_path, data))
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_places_that_hold_no_picture(tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        load_image(tmp_path / "absent.jpg")
    with pytest.raises(ImageError, match="is a folder"):
        load_image(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ImageError, match="no regular file"):
        load_image(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_closed_files(tmp_path):
    path = put(tmp_path, picture_bytes())
    path.chmod(0)
    with pytest.raises(ImageError, match="Permission denied"):
        load_image(path)


def test_grey_image_says_nothing():
    image = grey_image((30, 20))
    assert (image.mode, image.size) == ("RGB", (30, 20))
    assert image.getcolors() == [(600, (128, 128, 128))]


def test_the_file_is_closed_and_the_picture_is_whole(tmp_path):
    path = put(tmp_path, picture_bytes(halves(), format="PNG"))
    image = load_image(path)
    path.unlink()
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    assert Image.open(buffer).size == (40, 20)


def check_outcome(path: Path) -> Image.Image | None:
    """Load a picture of unknown health: RGB, or None after one line that names the file."""
    try:
        image = load_image(path)
    except ImageError as error:
        message = str(error)
    else:
        assert image.mode == "RGB"
        return image
    assert str(path) in message
    assert "\n" not in message
    return None


SOUND = [
    picture_bytes(halves(mode), format=format)
    for format, mode in [
        ("JPEG", "RGB"),
        ("PNG", "P"),
        ("WEBP", "RGB"),
        ("BMP", "RGB"),
        ("GIF", "P"),
    ]
]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.sampled_from(SOUND),
    damage=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_damaged_pictures_load_or_are_named(tmp_path, data, damage):
    broken = bytearray(data)
    for position, value in damage:
        broken[position % len(broken)] = value
    path = put(tmp_path, bytes(broken))
    check_outcome(path)


@pytest.mark.real_data
def test_hostile_photos_load_or_are_named(real_data):
    paths = sorted((real_data / "photos" / "hostile").iterdir())
    loaded = {path.name: check_outcome(path) for path in paths}
    assert {"samplefilehub.heif", "landscape_6.jpg", "no_exif.jpg"} <= {
        name for name, image in loaded.items() if image is not None
    }
    upright = loaded["landscape_6.jpg"]
    assert upright is not None
    # Stored as 450 x 600 with orientation 6: upright it is a landscape.
    assert upright.size == (600, 450)


@pytest.mark.real_data
def test_street_photos_load(real_data):
    paths = sorted((real_data / "photos" / "osv5m").glob("*.jpg"))
    assert len(paths) == 8
    assert all(min(load_image(path).size) > 28 for path in paths)
