"""Decoding at a reduced scale: with room to scale, upright, near to decoding whole."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gre.data.images import ImageError, load_image
from gre.data.reduced import Size, load_reduced

from .pictures import exif_block, picture_bytes


def photo(size: Size) -> Image.Image:
    """Slow changes, a sharp edge and grain."""
    rng = np.random.default_rng(3)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    pixels = smooth + rng.normal(0, 6, smooth.shape).astype(np.int16)
    pixels[size[1] // 3 : size[1] // 2, size[0] // 4 : size[0] // 2] = (250, 20, 20)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def put(folder: Path, data: bytes) -> Path:
    path = folder / "photo"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("wanted", "decoded"),
    [
        ((840, 630), (840, 630)),
        ((323, 242), (420, 315)),  # a half is 1.3 times this
        ((324, 242), (840, 630)),  # and less than 1.3 times this
        ((323, 243), (840, 630)),
        ((160, 120), (210, 158)),  # a quarter: libjpeg rounds up
        ((50, 40), (105, 79)),  # an eighth is the least there is
        ((1680, 1260), (840, 630)),  # enlarged later
    ],
)
def test_the_scale_is_the_smallest_that_is_enough(
    tmp_path: Path, wanted: Size, decoded: Size
) -> None:
    path = put(tmp_path, picture_bytes(photo((840, 630))))
    reduced = load_reduced(path, lambda size: wanted if size == (840, 630) else (1, 1))
    assert (reduced.image.size, reduced.wanted) == (decoded, wanted)
    assert reduced.image.mode == "RGB"


def test_a_picture_on_its_side_is_turned_and_fitted_upright(tmp_path: Path) -> None:
    path = put(tmp_path, picture_bytes(photo((840, 630)), exif=exif_block([], orientation=6)))
    seen: list[Size] = []

    def fit(size: Size) -> Size:
        seen.append(size)
        return 240, 320

    reduced = load_reduced(path, fit)
    assert seen == [(630, 840)]
    assert reduced.image.size == (315, 420)
    whole = load_image(path).resize((315, 420), Image.Resampling.BOX)
    apart = np.abs(np.asarray(whole, dtype=int) - np.asarray(reduced.image, dtype=int))
    assert apart.mean() < 3


@pytest.mark.parametrize(("format", "mode"), [("PNG", "RGB"), ("WEBP", "RGB"), ("JPEG", "CMYK")])
def test_others_are_decoded_whole(tmp_path: Path, format: str, mode: str) -> None:
    path = put(tmp_path, picture_bytes(photo((840, 630)).convert(mode), format=format))
    assert load_reduced(path, lambda _: (84, 63)).image.size == (840, 630)


@pytest.mark.parametrize(("mode", "scale"), [("RGB", 2), ("RGB", 4), ("L", 2)])
def test_scaled_pictures_differ_by_less_than_a_level(tmp_path: Path, mode: str, scale: int) -> None:
    path = put(tmp_path, picture_bytes(photo((1680, 1260)).convert(mode), quality=90))
    wanted = (1292 // scale, 968 // scale)  # the largest for which the scale is enough
    whole = load_image(path).resize(wanted, Image.Resampling.BICUBIC)
    reduced = load_reduced(path, lambda _: wanted).image
    assert reduced.size == (1680 // scale, 1260 // scale)
    scaled = reduced.resize(wanted, Image.Resampling.BICUBIC)
    apart = np.abs(np.asarray(whole, dtype=int) - np.asarray(scaled, dtype=int))
    assert apart.mean() < 1
    assert (apart > 16).mean() < 1e-3


def test_a_picture_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    data = picture_bytes(photo((840, 630)))
    path = put(tmp_path, data[: len(data) // 2])
    with pytest.raises(ImageError, match="cut short"):
        load_reduced(path, lambda _: (210, 158))


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"absent.jpg: no such file"):
        load_reduced(tmp_path / "absent.jpg", lambda size: size)
