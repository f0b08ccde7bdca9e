"""Radii as a command line gives them."""

import math

from gre.errors import InputError
from gre.metrics import with_radii

MAX_RADIUS_KM = 20_016.0
"""No two points are farther apart: half the circumference of a sphere of 6371.0 km."""


def read_further_radii(text: str | None) -> tuple[float, ...]:
    """The five radii and those of a command line, e.g. "5,100": kilometres, in order.

    Raises:
        InputError: One is no number above 0 and at most half the Earth's circumference.
    """
    further = []
    for part in text.split(",") if text is not None else ():
        try:
            radius = float(part)
        except ValueError:
            radius = math.nan
        if not 0.0 < radius <= MAX_RADIUS_KM:
            raise InputError(
                f"--radii: got {part.strip()!r}, must be kilometres above 0 and at most "
                f"{MAX_RADIUS_KM:g}, with commas between; correct it"
            )
        further.append(radius)
    return with_radii(further)
