"""Where a camera says a photo was taken: EXIF GPS, read with suspicion."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import SupportsFloat

from PIL import ExifTags

from gre.data.images import DECODE_ERRORS, open_image
from gre.geo.latlon import MAX_LAT_DEG, MAX_LON_DEG, LatLon

_LAT_SIGNS = {"N": 1.0, "S": -1.0}
_LON_SIGNS = {"E": 1.0, "W": -1.0}


def read_exif_latlon(path: Path | str) -> LatLon | None:
    """Read a photo's GPS position.

    None where there is none that can be trusted: a value or its hemisphere letter missing, a zero
    denominator, a wrong type, a value out of range, minutes or seconds above 60, or exactly
    (0, 0), which cameras write when they have no fix (ours).

    Raises:
        ImageError: The file itself is missing or is no picture.

    Source: Exif 2.3, section 4.6.6, tags 1 to 4 of the GPS directory.
    """
    with open_image(Path(path)) as image:
        try:
            gps = dict(image.getexif().get_ifd(ExifTags.IFD.GPSInfo))
        except DECODE_ERRORS:  # EXIF comes from cameras and editors; damaged means absent
            return None
    lat_deg = _angle(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, _LAT_SIGNS)
    lon_deg = _angle(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, _LON_SIGNS)
    if lat_deg is None or lon_deg is None or (lat_deg == 0 and lon_deg == 0):
        return None
    if abs(lat_deg) > MAX_LAT_DEG or abs(lon_deg) > MAX_LON_DEG:
        return None
    return LatLon(lat_deg, lon_deg)


def _angle(
    gps: Mapping[int, object], value_tag: int, letter_tag: int, signs: Mapping[str, float]
) -> float | None:
    """Signed degrees from degrees, minutes, seconds and a hemisphere letter."""
    sign = signs.get(_letter(gps.get(letter_tag)))
    parts = gps.get(value_tag)
    if sign is None or not isinstance(parts, tuple) or len(parts) != 3:
        return None
    numbers = [_number(part) for part in parts]
    degrees, minutes, seconds = (math.nan if number is None else number for number in numbers)
    # NaN fails every comparison, so an unreadable part ends here too.
    if not (0 <= degrees <= 180 and 0 <= minutes <= 60 and 0 <= seconds <= 60):
        return None
    return sign * (degrees + minutes / 60 + seconds / 3600)


def _letter(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace")
    return value.strip(" \t\r\n\0").upper() if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    """A rational or plain number; None for zero denominators and other types."""
    if isinstance(value, str | bytes) or not isinstance(value, SupportsFloat):
        return None
    try:
        return float(value)
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
