"""Pictures without metadata: a JPEG's segments are dropped, its pixels stay as they are.

What else may tell the place (EXIF, XMP, IPTC, comments, small pictures, whatever is appended behind
the end) goes; the bare JFIF header, Adobe's colour mark and the colour profile stay, since the
pixels mean nothing without them.
"""

from pathlib import Path

from PIL import ExifTags, Image

from gre.data.bare import bare_jpeg
from gre.data.images import DECODE_ERRORS, load_image, open_image

JPEG_QUALITY = 95
"""Of pictures that must be encoded anew, without chroma subsampling. Ours."""

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_APP0, _APP2, _APP14 = 0xE0, 0xE2, 0xEE
_RESTARTS = range(0xD0, 0xD8)
_PICTURE = frozenset((*range(0xC0, 0xD0), *range(0xDA, 0xE0)))
"""Segments that hold the picture: frames, tables, scans. Source: ITU-T T.81, table B.1."""
_ICC = b"ICC_PROFILE\0"
_JFIF, _JFIF_BYTES = b"JFIF\0", 14
"""A header without a small picture. Source: ITU-T T.871, section 10.1."""
_ADOBE, _ADOBE_BYTES = b"Adobe", 12
"""Version, flags and colour transform. Source: Adobe technical note 5116, section 18."""


class JpegError(ValueError):
    """Bytes that are no JPEG stream of the usual form."""


def clean_picture(path: Path, *, max_side: int | None) -> tuple[bytes, Image.Image]:
    """A photo as JPEG without metadata, and its upright RGB pixels.

    A JPEG that needs no turn and no shrinking keeps its pixels bit by bit; all else is encoded
    anew, upright.

    Args:
        path: Any photo that `load_image` reads.
        max_side: Longest side allowed, pixels; larger ones are shrunk. None shrinks nothing.

    Raises:
        ImageError: The photo cannot be used.
    """
    image = load_image(path)
    if max_side is None or max(image.size) <= max_side:
        stripped = _stripped(path)
        if stripped is not None:
            return stripped, image
    if max_side is not None:
        image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return bare_jpeg(image, quality=JPEG_QUALITY, subsampling=0), image


def clean_jpeg(path: Path) -> bytes:
    """The bytes of `clean_picture` in full size; nothing is decoded where no pixel changes.

    Raises:
        ImageError: The photo cannot be used.
    """
    stripped = _stripped(path)
    return clean_picture(path, max_side=None)[0] if stripped is None else stripped


def _stripped(path: Path) -> bytes | None:
    """A JPEG without metadata, its pixels bit by bit; None where it must be encoded anew."""
    if not _is_plain_jpeg(path):
        return None
    try:
        return strip_jpeg(path.read_bytes())
    except JpegError:  # where Pillow reads it, encoding it anew is safe
        return None


def _is_plain_jpeg(path: Path) -> bool:
    """Whether a file is a grey or RGB JPEG that lies upright as it is."""
    with open_image(path) as image:
        if image.format != "JPEG" or image.mode not in {"L", "RGB"}:
            return False
        try:
            return image.getexif().get(ExifTags.Base.Orientation, 1) == 1
        except DECODE_ERRORS:
            return False


def strip_jpeg(data: bytes) -> bytes:
    """Drop the metadata segments of a JPEG stream and everything behind its end.

    Raises:
        JpegError: The stream is damaged.

    Source: ITU-T T.81, annex B (markers and segments).
    """
    if data[:2] != bytes([0xFF, _SOI]):
        raise JpegError("does not begin with SOI")
    kept = [data[:2]]
    position = 2
    while True:
        position, marker = _next_marker(data, position)
        if marker == _EOI:
            kept.append(bytes([0xFF, _EOI]))
            return b"".join(kept)
        end = position + _segment_bytes(data, position)
        payload = _kept(marker, data[position + 2 : end])
        if payload is not None:
            size = len(payload) + 2
            kept.append(bytes([0xFF, marker]) + size.to_bytes(2, "big") + payload)
        position = end
        if marker == _SOS:
            end = _end_of_scan(data, position)
            kept.append(data[position:end])
            position = end


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """The marker at a position, and where its segment's length stands."""
    if data[position : position + 1] != b"\xff":
        raise JpegError(f"no marker at byte {position}")
    while data[position : position + 1] == b"\xff":
        position += 1
    if position >= len(data):
        raise JpegError("ends without EOI")
    return position + 1, data[position]


def _segment_bytes(data: bytes, position: int) -> int:
    size = int.from_bytes(data[position : position + 2], "big")
    if size < 2 or position + size > len(data):
        raise JpegError(f"segment at byte {position} has {size} bytes")
    return size


def _kept(marker: int, payload: bytes) -> bytes | None:
    """What stays of a segment; None where it goes."""
    if marker == _APP0 and payload.startswith(_JFIF) and len(payload) >= _JFIF_BYTES:
        return payload[: _JFIF_BYTES - 2] + b"\0\0"  # a small picture of 0 x 0 pixels
    if marker == _APP14 and payload.startswith(_ADOBE) and len(payload) >= _ADOBE_BYTES:
        return payload[:_ADOBE_BYTES]
    if marker in _PICTURE or (marker == _APP2 and payload.startswith(_ICC)):
        return payload
    return None


def _end_of_scan(data: bytes, position: int) -> int:
    """Where the entropy-coded bytes of a scan end: at the next marker that is no restart."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 1 >= len(data):
            raise JpegError("a scan ends without a marker")
        code = data[position + 1]
        if code not in {0x00, 0xFF} and code not in _RESTARTS:
            return position
        position += 1 if code == 0xFF else 2
