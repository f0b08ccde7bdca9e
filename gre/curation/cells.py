"""The Earth in cells of about equal area, so that no city fills a data set."""

import hashlib
import math

from gre.geo.latlon import LatLon


def cell_of(point: LatLon, cell_deg: float) -> int:
    """Number of the cell that holds a point.

    Bands of `cell_deg` of latitude are cut into as many cells as keep their width on the ground
    about that of a cell at the equator.

    Args:
        point: Where.
        cell_deg: Side of a cell, degrees of a great circle, in (0, 180].
    """
    num_bands = math.ceil(180.0 / cell_deg)
    band = min(int((point.lat + 90.0) / cell_deg), num_bands - 1)
    middle_deg = min(-90.0 + (band + 0.5) * cell_deg, 90.0)
    num_columns = max(1, round(360.0 * math.cos(math.radians(middle_deg)) / cell_deg))
    column = int((point.lon + 180.0) / 360.0 * num_columns) % num_columns  # 180° is -180°
    return band * math.ceil(360.0 / cell_deg + 1) + column


def chance(seed: int, name: str) -> int:
    """A number in [0, 2^63) that looks random and depends on the seed and the name alone."""
    digest = hashlib.blake2b(f"{seed}:{name}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
