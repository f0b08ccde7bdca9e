"""Rows of metadata tables, one at a time: where a photo is called what and was taken where.

Known layouts by their column names: MP-16 and MP16-Pro (IMG_ID, LAT, LON), OSV-5M (id, latitude,
longitude), YFCC subsets (photoid, latitude, longitude) and whatever else has an image, a latitude
and a longitude column. Tables without a header are read by column number.
"""

import bz2
import csv
import gzip
import lzma
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

from gre.curation.table_lines import BadRow, Shape, iter_table, split_line
from gre.data.jsonio import describe
from gre.errors import InputError
from gre.geo.latlon import MAX_LAT_DEG, MAX_LON_DEG, LatLon

KNOWN_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "image": ("img_id", "image", "image_path", "file", "filename", "file_name", "photoid", "id"),
    "lat": ("lat", "latitude", "gt_lat"),
    "lon": ("lon", "lng", "longitude", "gt_lon"),
}
"""Names looked for in a header, in any case, first match first."""

TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
PACKED: Mapping[str, Callable[..., IO[str]]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
_READ_ERRORS = (OSError, EOFError, lzma.LZMAError)


class PhotoRow(NamedTuple):
    """A photo that a source names: its name there, and where it was taken."""

    name: str
    point: LatLon


@dataclass(frozen=True)
class LeftOut:
    """A photo that does not become a seed.

    Attributes:
        source: Its name, or its line where it has none.
        reason: One word to count by.
        detail: One line for a person.
    """

    source: str
    reason: str
    detail: str


def parse_columns(text: str | None) -> dict[str, str]:
    """Read `image=..,lat=..,lon=..`: names of a header, or numbers from 0 where there is none.

    Raises:
        InputError: A part has another form, or one of the three is missing.
    """
    if text is None:
        return {}
    pairs = dict(part.strip().partition("=")[::2] for part in text.split(","))
    if pairs.keys() != KNOWN_COLUMNS.keys() or not all(pairs.values()):
        raise InputError(
            f"--columns: got {describe(text)}, must be image=NAME,lat=NAME,lon=NAME; correct it"
        )
    return pairs


def is_table(path: Path) -> bool:
    """Whether a file's name is that of a metadata table."""
    name = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return name.suffix.lower() in TABLE_SUFFIXES


def iter_rows(path: Path, columns: Mapping[str, str]) -> Iterator[PhotoRow | LeftOut]:
    """Read a table row by row, in constant memory; a bad row is yielded as what is wrong with it.

    Args:
        path: CSV or tab-separated text, plain or packed (.gz, .bz2, .xz).
        columns: From `parse_columns`; empty finds them by name.

    Raises:
        InputError: The file cannot be read, or the columns are not there.
    """
    try:
        with _open(path) as file:
            yield from _rows(file, path, columns)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except _READ_ERRORS as error:
        raise InputError(f"{path}: cannot be read ({error}); fetch it again") from error


def _open(path: Path) -> IO[str]:
    opener = PACKED.get(path.suffix.lower())
    if opener is None:
        return path.open(encoding="utf-8-sig", errors="replace", newline="")
    return opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="")


def _rows(file: IO[str], path: Path, columns: Mapping[str, str]) -> Iterator[PhotoRow | LeftOut]:
    first = file.readline()
    if not first:
        raise InputError(f"{path}: is empty, must be a table; fetch it again")
    is_tabbed = first.count("\t") > first.count(",")
    try:
        names = split_line(first, is_tabbed=is_tabbed)
    except csv.Error as error:
        raise InputError(f"{path}:1: {error}, must be a table; fetch it again") from error
    indices, has_header = _find_columns(names, columns, path)

    def is_row(cells: Sequence[str]) -> bool:
        return len(cells) == len(names) and isinstance(_row(cells, indices, ""), PhotoRow)

    shape = Shape(len(names), is_tabbed, is_row)
    lines = file if has_header else chain([first], file)
    for found in iter_table(lines, number=1 + has_header, shape=shape):
        if isinstance(found, BadRow):
            where = f"{path.name}:{found.line}"
            yield LeftOut(where, "bad_row", f"{where}: {found.why}")
        else:
            yield _row(found.cells, indices, f"{path.name}:{found.lines}")


def _find_columns(
    names: Sequence[str], columns: Mapping[str, str], path: Path
) -> tuple[tuple[int, int, int], bool]:
    """Indices of image, latitude and longitude, and whether the first line names them."""
    lowered = [name.strip().lower() for name in names]
    if columns and all(value.isdecimal() for value in columns.values()):
        found = [int(columns[key]) for key in KNOWN_COLUMNS]
        if max(found) >= len(names):
            raise InputError(
                f"{path}:1: has {len(names)} columns, --columns names number {max(found)};"
                " count from 0"
            )
        return (found[0], found[1], found[2]), False
    named = {key: (name.lower(),) for key, name in columns.items()}
    wanted = named or KNOWN_COLUMNS
    places = []
    for key in KNOWN_COLUMNS:
        choices = wanted[key]
        name = next((choice for choice in choices if choice in lowered), None)
        if name is None:
            shown = ", ".join(names[:12])
            raise InputError(
                f"{path}:1: has no {key} column among {describe(shown)}, must have one of"
                f" {', '.join(choices)}; name it with --columns image=..,lat=..,lon=.."
            )
        places.append(lowered.index(name))
    return (places[0], places[1], places[2]), True


def _row(cells: Sequence[str], indices: tuple[int, int, int], where: str) -> PhotoRow | LeftOut:
    if len(cells) <= max(indices):
        return LeftOut(where, "bad_row", f"{where}: has {len(cells)} columns, must have more")
    name = cells[indices[0]].strip()
    if name.startswith("/"):  # found by its last part anyway, and no folder of ours is told
        name = name.rpartition("/")[2]
    if not name:
        return LeftOut(where, "bad_row", f"{where}: names no image")
    if not (cells[indices[1]].strip() or cells[indices[2]].strip()):
        return LeftOut(name, "no_position", f"{where}: has no coordinates")
    lat, lon = _degrees(cells[indices[1]], MAX_LAT_DEG), _degrees(cells[indices[2]], MAX_LON_DEG)
    if lat is None or lon is None:
        got = f"{cells[indices[1]].strip()}, {cells[indices[2]].strip()}"
        return LeftOut(
            name,
            "bad_position",
            f"{where}: got {describe(got)}, must be in [-90, 90], [-180, 180]",
        )
    return checked_row(name, LatLon(lat, lon), where)


def checked_row(name: str, point: LatLon, where: str) -> PhotoRow | LeftOut:
    """A row, unless it lies at exactly (0, 0), which stands for "unknown" (ours)."""
    if point == LatLon(0.0, 0.0):
        return LeftOut(name, "bad_position", f"{where}: got 0, 0, which stands for no position")
    return PhotoRow(name, point)


def _degrees(text: str, limit_deg: float) -> float | None:
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        return None
    return value if -limit_deg <= value <= limit_deg else None
