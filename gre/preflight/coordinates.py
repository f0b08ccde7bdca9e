"""Coordinates that are in range and wrong all the same: no fix, or two columns swapped."""

from collections.abc import Sequence

import numpy as np

from gre.data.records import Record
from gre.geo.latlon import MAX_LAT_DEG, LatLon
from gre.geo.places import town_distances_km
from gre.preflight.findings import Findings

MAX_COMPARED = 4000
"""Points that are held against the table of towns, spread evenly over the file. Ours."""

FAR_KM = 100.0
"""Farther from every town than this, a photo's place is unlikely. Ours."""

SWAPPED_SHARE = 0.5
"""Share of the far points that the other order must bring near a town to be suspected. Ours."""

MIN_FAR = 5


def at_origin(records: Sequence[Record]) -> list[Record]:
    """Records at exactly (0, 0): in the sea, and what cameras and tables write for "unknown"."""
    return [record for record in records if record.truth.as_tuple() == (0.0, 0.0)]


def swapped_suspects(records: Sequence[Record]) -> list[Record]:
    """Records far from every town whose coordinates the other way round are near one.

    Photos are taken where people are. A point in the wrong order falls anywhere, two times of
    three into the sea.
    """
    step = max(1, len(records) // MAX_COMPARED)
    looked_at = [
        record
        for record in records[::step]
        if abs(record.truth.lon) <= MAX_LAT_DEG and record.truth.as_tuple() != (0.0, 0.0)
    ]
    if not looked_at:
        return []
    here = town_distances_km([record.truth for record in looked_at])
    far = np.flatnonzero(here > FAR_KM)
    if len(far) == 0:
        return []
    there = town_distances_km([LatLon(looked_at[i].truth.lon, looked_at[i].truth.lat) for i in far])
    suspects = [looked_at[i] for i, km in zip(far, there, strict=True) if km <= FAR_KM]
    is_pattern = len(suspects) >= MIN_FAR and len(suspects) >= SWAPPED_SHARE * len(far)
    return suspects if is_pattern else []


def report_coordinates(records: Sequence[Record], findings: Findings, *, area: str) -> None:
    """Write what is suspicious about where photos were taken."""
    zero = at_origin(records)
    if zero:
        text = f"{len(zero):,} records are at exactly (0, 0), where cameras without a fix are"
        findings.add("warning", area, text, [str(record.place) for record in zero])
    suspects = swapped_suspects(records)
    if suspects:
        lines = [f"{record.place}: {record.truth}" for record in suspects]
        text = (
            f"{len(suspects):,} records are over {FAR_KM:g} km from every town, and near one with"
            " latitude and longitude exchanged: are the two swapped?"
        )
        findings.add("warning", area, text, lines)
    if records and not zero and not suspects:
        findings.add("ok", area, f"coordinates of {len(records):,} records are plausible")
