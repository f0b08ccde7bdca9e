"""Decodes photos safely: whatever the file, an upright RGB picture or one `ImageError` line.

Pictures keep their size; the model's processor resizes. Sides under 28 pixels (one merged patch of
Qwen2.5-VL) are accepted: its `smart_resize` enlarges to at least one patch on each side.
"""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from gre.errors import InputError

MAX_MEGAPIXELS = 100.0
"""A decoded picture of this size takes 300 MB. Ours."""

MAX_ASPECT_RATIO = 200
"""Longer side over shorter. Source: `smart_resize` of Qwen2-VL in transformers refuses more."""

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
"""Formats tried, beside HEIF. Others (PostScript, PDF, ...) would start further programs."""

DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    RuntimeError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
    zlib.error,
)
"""What Pillow and its plugins raise on damaged files. The first five and `struct.error` were seen
on files damaged at random; the rest is what Pillow itself takes for damage on opening a file."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Turn for each EXIF orientation. Source: Exif 2.3, tag 274."""

_SWAPPED = (5, 6, 7, 8)
"""Orientations of pictures that lie on their side."""


class ImageError(InputError):
    """A picture that cannot be used; one line that names the file and the reason.

    Attributes:
        cause: In a word or two: missing, no file, empty, unknown format, unreadable, damaged,
            too large, too thin, or sample depth.
    """

    def __init__(self, message: str, *, cause: str = "unreadable") -> None:
        super().__init__(message)
        self.cause = cause

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the cause on the way between processes."""
        return (_image_error, (str(self), self.cause))


def _image_error(message: str, cause: str) -> ImageError:
    return ImageError(message, cause=cause)


def load_image(path: Path | str, *, max_megapixels: float = MAX_MEGAPIXELS) -> Image.Image:
    """Decode a photo: RGB, turned upright by its EXIF, first frame, transparency on white.

    16-bit samples are scaled to 8 bits. Size and aspect ratio are checked on the header, before
    any pixel is decoded.

    Args:
        path: JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC or HEIF, decided by content.
        max_megapixels: Largest width x height allowed, in millions, in (0, 178]; Pillow itself
            refuses more.

    Raises:
        ImageError: The file is missing, unreadable, damaged, too large or too long and thin.
        ValueError: `max_megapixels` is out of range.
    """
    if not 0 < max_megapixels <= 178:
        raise ValueError(f"max_megapixels must be in (0, 178], got {max_megapixels}")
    path = Path(path)
    with open_image(path) as image:
        _check_size(path, image.size, max_megapixels)
        return decode(path, image)


def decode(path: Path, image: Image.Image) -> Image.Image:
    """Decode an opened picture to its end: RGB and upright, as `load_image` gives it.

    Raises:
        ImageError: The picture is damaged, cut short, or has samples of an unknown range.
    """
    try:
        image.load()
        return _to_rgb(path, _upright(image))
    except ImageError:
        raise
    except DECODE_ERRORS as error:
        raise ImageError(
            f"{path}: the picture is damaged or cut short ({_one_line(error)}), must decode"
            " whole; fetch or export it again",
            cause="damaged",
        ) from error


def check_size(path: Path, image: Image.Image) -> None:
    """Refuse an opened picture that is too large, or too long and thin, by its header.

    Raises:
        ImageError: It is.
    """
    _check_size(path, image.size, MAX_MEGAPIXELS)


def image_size(path: Path | str) -> tuple[int, int]:
    """Width and height of a picture as its header gives them, before any turn; nothing is decoded.

    Raises:
        ImageError: The header cannot be read.
    """
    with open_image(Path(path)) as image:
        return image.size


def is_on_its_side(image: Image.Image) -> bool:
    """Whether the EXIF of an opened picture swaps width and height; damaged EXIF swaps nothing."""
    return _orientation(image) in _SWAPPED


def grey_image(size: tuple[int, int]) -> Image.Image:
    """A picture that shows nothing: mid-grey, `size` = (width, height) in pixels."""
    return Image.new("RGB", size, (128, 128, 128))


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """Open a picture's header; pixels are decoded later. Pillow's size and EXIF warnings are mute.

    Raises:
        ImageError: The file is missing, not a regular file, closed to us, or of no known format.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.|pillow_heif")
        image = _opened(path)
        with image:
            yield image


def _opened(path: Path) -> Image.Image:
    try:
        if path.is_dir():
            raise ImageError(
                f"{path}: is a folder, must be a photo; name the photos in it", cause="no file"
            )
        if path.exists() and not path.is_file():
            raise ImageError(
                f"{path}: is no regular file, must be a photo; check the path", cause="no file"
            )
        with path.open("rb") as file:
            head = file.read(12)
        formats = (*FORMATS, "HEIF") if head[4:8] == b"ftyp" and _register_heif() else FORMATS
        return Image.open(path, formats=formats)
    except ImageError:
        raise
    except FileNotFoundError as error:
        raise ImageError(
            f"{path}: no such file, must be a photo; check the path", cause="missing"
        ) from error
    except UnidentifiedImageError as error:
        is_empty = path.stat().st_size == 0
        what = "is empty" if is_empty else "is no picture of a known format"
        raise ImageError(
            f"{path}: {what}, must be JPEG, PNG, WebP, TIFF, BMP, GIF or HEIF; convert it",
            cause="empty" if is_empty else "unknown format",
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{path}: has more than 178 megapixels, must have fewer; scale the picture down",
            cause="too large",
        ) from error
    except DECODE_ERRORS as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else None
        raise ImageError(
            f"{path}: cannot be opened ({reason or _one_line(error)}), must be a readable photo;"
            " check the file"
        ) from error


@cache
def _register_heif() -> bool:
    """Teach Pillow HEIF once; imported only when such a file turns up."""
    from pillow_heif import register_heif_opener

    register_heif_opener()
    return True


def _check_size(path: Path, size: tuple[int, int], max_megapixels: float) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ImageError(
            f"{path}: is {width} x {height} pixels, must have some; fetch it again", cause="empty"
        )
    if width * height > max_megapixels * 1e6:
        raise ImageError(
            f"{path}: is {width} x {height} = {width * height / 1e6:.1f} megapixels, must be at"
            f" most {max_megapixels:g}; scale the picture down",
            cause="too large",
        )
    if max(size) > MAX_ASPECT_RATIO * min(size):
        raise ImageError(
            f"{path}: is {width} x {height} pixels, one side {max(size) / min(size):.0f} times the"
            f" other, must be at most {MAX_ASPECT_RATIO}; crop the picture",
            cause="too thin",
        )


def _upright(image: Image.Image) -> Image.Image:
    turn = _UPRIGHT.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 (upright) where it says none."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except DECODE_ERRORS:  # damaged EXIF says nothing about the pixels, which are sound
        return 1
    return orientation if isinstance(orientation, int) else 1


def _to_rgb(path: Path, image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        image = _to_8_bit(path, image)
    elif image.mode == "F":
        raise ImageError(
            f"{path}: holds floating-point samples, must hold 8 or 16 bits; export it as 8 bits",
            cause="sample depth",
        )
    if not image.has_transparency_data:
        return image.convert("RGB")
    if image.mode == "La":
        image = image.convert("LA")
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, layer).convert("RGB")


def _to_8_bit(path: Path, image: Image.Image) -> Image.Image:
    """Scale 16-bit samples to 8 bits: 65535 becomes 255."""
    import numpy as np

    samples = np.asarray(image)
    if samples.min() < 0 or samples.max() > 65535:
        raise ImageError(
            f"{path}: holds samples from {samples.min()} to {samples.max()}, must be 8 or 16 bits;"
            " export it as 8 bits",
            cause="sample depth",
        )
    return Image.fromarray((samples.astype(np.uint32) // 257).astype(np.uint8))


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
