"""A crop lies where it was cut from."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gre.curation.alignment import CUTS, aligned_bits
from gre.curation.hashes import hash_picture


def patches(seed: int) -> Image.Image:
    """Smooth noise: as much detail as a hash looks at, and no symmetry."""
    points = np.random.default_rng(seed).integers(0, 256, (24, 24), dtype=np.uint8)
    return Image.fromarray(points).resize((960, 960), Image.Resampling.BICUBIC)


def small(image: Image.Image) -> NDArray[np.uint8]:
    return hash_picture(image).thumbnail


def cut(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    return image.crop(
        (
            round(left * image.width),
            round(top * image.height),
            round((1 - right) * image.width),
            round((1 - bottom) * image.height),
        )
    )


def test_a_picture_is_aligned_with_itself() -> None:
    assert aligned_bits(small(patches(1)), small(patches(1))) == 0


@pytest.mark.parametrize("left", CUTS)
@pytest.mark.parametrize("bottom", [0.0, 0.02, 0.05])
def test_crops_are_aligned_either_way(left: float, bottom: float) -> None:
    whole, part = small(patches(1)), small(cut(patches(1), left, 0.01, 0.05 - left, bottom))
    assert aligned_bits(whole, part) <= 22  # of 255: half a step and resampling
    assert aligned_bits(whole, part) == aligned_bits(part, whole)


def test_strangers_stay_strangers() -> None:
    # Unlike bits are 127 on average with a spread of 8; the best of 1,250 crops is closer.
    assert all(aligned_bits(small(patches(1)), small(patches(n))) > 70 for n in range(2, 12))


def test_a_flat_picture_is_like_no_other() -> None:
    flat = small(Image.new("L", (200, 100), 128))
    assert aligned_bits(flat, small(patches(1))) > 70
