"""Small photos with positions, made by the tests of curation."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

PLACES = {  # degrees of towns that the gazetteer knows
    "paris": (48.8566, 2.3522),
    "sydney": (-33.8688, 151.2093),
    "new_york": (40.7128, -74.0060),
    "nairobi": (-1.2921, 36.8219),
}


def picture(number: int, size: tuple[int, int] = (96, 72)) -> Image.Image:
    """A picture of coloured patches that differs from those of other numbers."""
    patches = np.random.default_rng(number).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


def gps_exif(lat: float, lon: float, *, orientation: int = 1) -> Image.Exif:
    """EXIF as a camera writes it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    gps = exif.get_ifd(0x8825)
    gps[1], gps[3] = "N" if lat >= 0 else "S", "E" if lon >= 0 else "W"
    gps[2], gps[4] = _dms(abs(lat)), _dms(abs(lon))
    return exif


def _dms(angle: float) -> tuple[float, float, float]:
    degrees, minutes = int(angle), int(angle % 1 * 60)
    return float(degrees), float(minutes), (angle - degrees - minutes / 60) * 3600


def save_photo(path: Path, number: int, place: str | None, *, orientation: int = 1) -> Path:
    """Write a photo, with GPS where a place is named."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = gps_exif(*PLACES[place], orientation=orientation) if place else Image.Exif()
    picture(number).save(path, "JPEG", quality=90, exif=exif)
    return path


def jpeg_bytes(number: int, **options: object) -> bytes:
    """A photo as bytes."""
    sink = io.BytesIO()
    picture(number).save(sink, "JPEG", quality=90, **options)
    return sink.getvalue()
