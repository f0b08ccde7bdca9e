"""What kind of file a photo is, whether it decodes whole, and by what it is recognised again.

A JPEG is decoded at a fraction of its size, which libjpeg does inside the transform of each block:
every byte of the compressed data is still read, so a file that is cut short or damaged fails here
exactly where `load_image` fails, in half the time. Other formats are decoded as they are.
"""

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import ExifTags, Image

from gre.data.images import DECODE_ERRORS, ImageError, check_size, decode, open_image

HASH_PX = 64
"""A JPEG is decoded at the smallest eighth of its size that keeps both sides this long. Ours."""

TINY_PX = 28
"""One merged patch of Qwen2.5-VL; a shorter side is enlarged. Source: its `smart_resize`."""

HUGE_MEGAPIXELS = 40.0
"""Above it a picture is called huge: it takes 120 MB decoded. Ours."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What was found out about one file.

    Attributes:
        path: The file.
        error: The line of its `ImageError`; None where it is usable.
        cause: The error's cause in a word or two; empty where it is usable.
        width: Pixels after the turn that its EXIF asks for; 0 where unknown.
        height: Pixels after the turn that its EXIF asks for; 0 where unknown.
        kinds: What is unusual about it: CMYK, 16-bit, palette, alpha, animated, EXIF-rotated,
            HEIF, grey, tiny, huge, damaged EXIF, flat below.
        sha256: Of the file's bytes; empty where they cannot be read.
        looks: 64-bit perceptual hash; None where there is none.
    """

    path: Path
    error: str | None
    cause: str
    width: int
    height: int
    kinds: tuple[str, ...]
    sha256: str
    looks: int | None


def inspect_photo(path: Path) -> PhotoFacts:
    """Decode one photo to its end and say what it is; a bad one is a fact, not an exception."""
    kinds: tuple[str, ...] = ()
    width = height = 0
    digest = ""
    try:
        with open_image(path) as image:
            digest = _sha256(path)
            width, height = image.size
            orientation = _orientation(image)
            if orientation >= 5:
                width, height = height, width
            kinds = _kinds(image, orientation)
            check_size(path, image)
            image.draft("L", (HASH_PX, HASH_PX))
            small = decode(path, image)
            if image.format == "JPEG" and _is_flat_below(small):
                kinds += ("flat below",)
            return PhotoFacts(path, None, "", width, height, kinds, digest, _looks(small))
    except ImageError as error:
        return PhotoFacts(path, str(error), error.cause, width, height, kinds, digest, None)


@cache
def can_compare_looks() -> bool:
    """Whether the library that hashes looks is installed (the `train` and `curate` extras)."""
    return importlib.util.find_spec("imagehash") is not None


def _kinds(image: Image.Image, orientation: int) -> tuple[str, ...]:
    """What is unusual about a picture, from its header."""
    found = {
        "CMYK": image.mode == "CMYK",
        "16-bit": image.mode.startswith("I") or _has_16_bit_samples(image),
        "palette": image.mode == "P",
        "grey": image.mode in {"L", "1"},
        "alpha": image.has_transparency_data,
        "animated": _is_animated(image),
        "EXIF-rotated": 2 <= orientation <= 8,
        "damaged EXIF": orientation < 0,
        "HEIF": image.format == "HEIF",
        "tiny": min(image.size) < TINY_PX,
        "huge": image.width * image.height > HUGE_MEGAPIXELS * 1e6,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def _is_flat_below(small: Image.Image) -> bool:
    """Whether the lower quarter is one colour: what libjpeg puts where a file's data ended early.

    Such a file decodes without complaint when somebody has closed it properly.
    """
    below = small.crop((0, 3 * small.height // 4, small.width, small.height))
    extremes = below.getextrema()
    return all(low == high for low, high in extremes)  # type: ignore[misc]


def _has_16_bit_samples(image: Image.Image) -> bool:
    """Whether colour samples of 16 bits stand in the file; Pillow gives them as 8."""
    return any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))


def _is_animated(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except DECODE_ERRORS:  # a second frame that is damaged is no second frame
        return False


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 where there is none that means anything, -1 where EXIF is damaged."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except DECODE_ERRORS:
        return -1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ImageError(f"{path}: cannot be read ({reason}); check the file") from error
    return digest.hexdigest()


def _looks(small: Image.Image) -> int | None:
    """Perceptual hash of a picture (DCT of its brightness, signs of the 64 lowest frequencies)."""
    if not can_compare_looks():
        return None
    import imagehash

    return int(str(imagehash.phash(small)), 16)
