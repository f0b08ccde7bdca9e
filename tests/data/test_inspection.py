"""A photo's facts: verdicts equal those of `load_image`, kinds and hashes are what they say."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gre.data.images import ImageError, load_image
from gre.data.inspection import inspect_photo

from .pictures import exif_block, picture_bytes


def put(tmp_path: Path, data: bytes, name: str = "picture") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def street(seed: int = 0, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A picture with structure and grain, so that its compressed data is long."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC)).astype(int)
    return Image.fromarray(np.clip(smooth + rng.normal(0, 9, smooth.shape), 0, 255).astype("u1"))


def is_usable(path: Path) -> bool:
    try:
        load_image(path)
    except ImageError:
        return False
    return True


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_reduced_decoding_gives_the_verdict_of_whole_decoding(tmp_path, mode, progressive):
    data = picture_bytes(street().convert(mode), quality=85, progressive=progressive)
    assert inspect_photo(put(tmp_path, data)).error is None
    rng = np.random.default_rng(1)
    num_refused = 0
    for cut in [*rng.integers(0, len(data), 25), len(data) - 1, len(data) - 2, len(data) - 3]:
        path = put(tmp_path, data[:cut])
        facts = inspect_photo(path)
        assert (facts.error is None) == is_usable(path), cut
        num_refused += facts.error is not None
    assert num_refused >= 20
    for _ in range(25):
        damaged = bytearray(data)
        for at in rng.integers(2, len(data), 4):
            damaged[at] = rng.integers(0, 256)
        path = put(tmp_path, bytes(damaged))
        assert (inspect_photo(path).error is None) == is_usable(path)


def test_kinds(tmp_path):
    deep = Image.fromarray(np.full((40, 40), 40_000, dtype=np.uint16))
    clear = Image.new("RGBA", (40, 40), (1, 2, 3, 9))
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    cases = {
        "CMYK": picture_bytes(street().convert("CMYK")),
        "16-bit": picture_bytes(deep, format="PNG"),
        "palette": picture_bytes(street().convert("P"), format="PNG"),
        "grey": picture_bytes(street().convert("L")),
        "alpha": picture_bytes(clear, format="PNG"),
        "animated": picture_bytes(
            frames[0], format="WEBP", save_all=True, append_images=frames[1:]
        ),
        "EXIF-rotated": picture_bytes(street(), exif=exif_block([], orientation=3)),
        "tiny": picture_bytes(Image.new("RGB", (27, 400))),
        "huge": picture_bytes(Image.new("RGB", (8000, 6000))),
    }
    for kind, data in cases.items():
        facts = inspect_photo(put(tmp_path, data))
        assert facts.error is None
        assert kind in facts.kinds, (kind, facts)
    plain = inspect_photo(put(tmp_path, picture_bytes(street())))
    assert plain.kinds == ()


def test_size_is_that_of_the_upright_picture(tmp_path):
    turned = picture_bytes(street(), exif=exif_block([], orientation=6))
    facts = inspect_photo(put(tmp_path, turned))
    assert (facts.width, facts.height) == (240, 320)


def test_hashes(tmp_path):
    data = picture_bytes(street(), quality=90)
    facts = inspect_photo(put(tmp_path, data))
    assert facts.sha256 == hashlib.sha256(data).hexdigest()
    again = inspect_photo(put(tmp_path, picture_bytes(street().resize((640, 480)), quality=70)))
    other = inspect_photo(put(tmp_path, picture_bytes(street(5))))
    assert (facts.looks ^ again.looks).bit_count() <= 4
    assert (facts.looks ^ other.looks).bit_count() > 12


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "empty"),
        (b"not a picture", "unknown format"),
        (picture_bytes(street())[:3000], "damaged"),
        (picture_bytes(Image.new("1", (20_000, 6_000)), format="PNG"), "too large"),
        (picture_bytes(Image.new("1", (30_000, 8_000)), format="PNG"), "too large"),
        (picture_bytes(Image.new("RGB", (2_010, 10))), "too thin"),
    ],
)
def test_cause_of_a_refusal(tmp_path, data, cause):
    facts = inspect_photo(put(tmp_path, data, "bad.jpg"))
    assert facts.cause == cause
    assert "bad.jpg" in facts.error
    assert facts.looks is None


def test_missing_file(tmp_path):
    assert inspect_photo(tmp_path / "absent.jpg").cause == "missing"
