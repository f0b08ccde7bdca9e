"""Hand-built EXIF for tests: a TIFF directory byte by byte, as wrong as a test wants it."""

import io
import struct

from PIL import Image

ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5

Entry = tuple[int, int, int, bytes]
"""Tag, type, count, value bytes."""


def rationals(*pairs: tuple[int, int]) -> bytes:
    return b"".join(struct.pack("<II", *pair) for pair in pairs)


def gps_entries(
    *,
    lat: tuple[tuple[int, int], ...] = ((43, 1), (28, 1), (281400000, 100000000)),
    lat_ref: bytes | None = b"N\0",
    lon: tuple[tuple[int, int], ...] = ((11, 1), (53, 1), (645599999, 100000000)),
    lon_ref: bytes | None = b"E\0",
) -> list[Entry]:
    entries: list[Entry] = []
    if lat_ref is not None:
        entries.append((1, ASCII, len(lat_ref), lat_ref))
    entries.append((2, RATIONAL, len(lat), rationals(*lat)))
    if lon_ref is not None:
        entries.append((3, ASCII, len(lon_ref), lon_ref))
    entries.append((4, RATIONAL, len(lon), rationals(*lon)))
    return entries


def directory(entries: list[Entry], offset: int) -> bytes:
    """A TIFF directory that stands at `offset`, its long values behind it."""
    head = struct.pack("<H", len(entries))
    tail = b""
    tail_at = offset + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        head += struct.pack("<HHI", tag, kind, count)
        if len(value) <= 4:
            head += value.ljust(4, b"\0")
        else:
            head += struct.pack("<I", tail_at + len(tail))
            tail += value
    return head + b"\0\0\0\0" + tail


def exif_block(gps: list[Entry], *, orientation: int | None = None) -> bytes:
    main: list[Entry] = []
    if orientation is not None:
        main.append((274, SHORT, 1, struct.pack("<H", orientation)))
    gps_at = 8 + 2 + 12 * (len(main) + 1) + 4
    main.append((34853, LONG, 1, struct.pack("<I", gps_at)))
    return b"Exif\0\0" + b"II*\0\x08\0\0\0" + directory(main, 8) + directory(gps, gps_at)


def picture_bytes(
    image: Image.Image | None = None, *, format: str = "JPEG", **options: object
) -> bytes:
    buffer = io.BytesIO()
    (image or Image.new("RGB", (32, 16), "red")).save(buffer, format, **options)
    return buffer.getvalue()
