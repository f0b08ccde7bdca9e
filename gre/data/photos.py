"""Photos named on a command line, and where they were really taken, if their folder knows."""

import csv
import glob
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gre.data.exif import read_exif_latlon
from gre.data.jsonio import describe, read_text
from gre.errors import InputError
from gre.geo.latlon import MAX_LAT_DEG, MAX_LON_DEG, LatLon

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".tif", ".tiff", ".bmp", ".gif"}
)
"""Endings, in any case, by which photos are picked out of folders and patterns."""

_NAME_COLUMNS = ("file", "id", "img_id")
_LAT_COLUMNS = ("lat", "latitude", "gt_lat")
_LON_COLUMNS = ("lon", "longitude", "lng", "gt_lon")


def list_photos(paths: Sequence[Path | str]) -> list[Path]:
    """Turn files, folders and patterns into photos, in the order named, none twice.

    A folder gives the photos directly in it (not those of folders below), a pattern ("*.jpg",
    "trip/**/*.heic") those that match, each sorted by name; both take only `PHOTO_SUFFIXES` and
    skip names that begin with a dot. A file named itself is taken whatever its ending.

    Raises:
        InputError: A path exists nowhere, or a folder or pattern holds no photo.
    """
    photos: dict[Path, None] = {}
    for given in map(Path, paths):
        photos.update(dict.fromkeys(_expand(given)))
    return list(photos)


def _expand(given: Path) -> list[Path]:
    suffixes = " ".join(sorted(PHOTO_SUFFIXES))
    try:
        if given.is_dir():
            found = _only_photos(given.iterdir())
            if not found:
                raise InputError(f"{given}: holds no photo ({suffixes}); name another folder")
            return found
        if given.exists():
            return [given]
    except OSError as error:
        raise InputError(f"{given}: cannot be read ({error.strerror}); check the path") from error
    if not glob.has_magic(str(given)):
        raise InputError(f"{given}: no such file or folder; check the path")
    found = _only_photos(map(Path, glob.iglob(str(given), recursive=True)))  # noqa: PTH207
    if not found:
        raise InputError(f"{given}: no photo matches this pattern ({suffixes}); check the pattern")
    return found


def _only_photos(paths: Iterable[Path]) -> list[Path]:
    return sorted(
        path
        for path in paths
        if path.suffix.lower() in PHOTO_SUFFIXES and path.name[0] != "." and path.is_file()
    )


def read_truth_csv(folder: Path | str) -> dict[str, LatLon]:
    """True positions from the one CSV of a photo folder that names photos and coordinates.

    Its first row names the columns, in any case: file, id or img_id; lat, latitude or gt_lat; lon,
    longitude, lng or gt_lon. CSV files without them are passed over.

    Returns:
        Position by name as written: a file name, or its stem. Empty where no CSV has the columns.

    Raises:
        InputError: Two CSV files have the columns, or a row cannot be read.
    """
    tables = []
    for path in sorted(Path(folder).glob("*.csv")):
        text = read_text(path)
        columns = _truth_columns(text)
        if columns is not None:
            tables.append((path, text, columns))
    if len(tables) > 1:
        both = " and ".join(path.name for path, _, _ in tables[:2])
        raise InputError(f"{folder}: both {both} give positions, must be one; move one away")
    return _read_truth(*tables[0]) if tables else {}


def photo_truth(photo: Path, table: Mapping[str, LatLon]) -> LatLon | None:
    """Where a photo was taken: `table` by file name, then by stem, else the photo's EXIF.

    Raises:
        ImageError: The table does not know the photo and the file is no picture.
    """
    known = table.get(photo.name) or table.get(photo.stem)
    return known or read_exif_latlon(photo)


def _truth_columns(text: str) -> tuple[int, int, int] | None:
    """Indices of the name, latitude and longitude columns."""
    try:
        header = next(csv.reader(io.StringIO(text, newline="")), [])
    except csv.Error:
        return None
    names = [name.strip().lower() for name in header]
    found = [
        next((names.index(name) for name in wanted if name in names), -1)
        for wanted in (_NAME_COLUMNS, _LAT_COLUMNS, _LON_COLUMNS)
    ]
    return (found[0], found[1], found[2]) if min(found) >= 0 else None


def _read_truth(path: Path, text: str, columns: tuple[int, int, int]) -> dict[str, LatLon]:
    truths: dict[str, LatLon] = {}
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        next(reader)
        for row in reader:
            if not row:
                continue
            place = f"{path}:{reader.line_num}"
            if len(row) <= max(columns):
                raise InputError(f"{place}: has {len(row)} columns, must have more; fix the row")
            name = row[columns[0]].strip()
            lat_deg = _coordinate(row[columns[1]], place, "latitude", MAX_LAT_DEG)
            lon_deg = _coordinate(row[columns[2]], place, "longitude", MAX_LON_DEG)
            point = LatLon(lat_deg, lon_deg)
            if not name or truths.setdefault(name, point) != point:
                shown = describe(name)
                raise InputError(
                    f"{place}: got {shown}, must be a name that no other row has; fix the row"
                )
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: {error}, must be CSV; fix the row") from error
    return truths


def _coordinate(text: str, place: str, name: str, limit: float) -> float:
    try:
        degrees = math.nan if "_" in text else float(text)
    except ValueError:
        degrees = math.nan
    if not -limit <= degrees <= limit:
        bounds = f"[-{limit:g}, {limit:g}]"
        raise InputError(f"{place}: {name}: got {describe(text)}, must be in {bounds}; fix the row")
    return degrees
