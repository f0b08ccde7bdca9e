"""Which column of somebody's table holds what, by the names such tables really use."""

import re
from collections.abc import Mapping, Sequence

from gre.errors import InputError
from gre.evaluation.tables.table import Table

ROLES = ("id", "gt_lat", "gt_lon", "pred_lat", "pred_lon")
ID_NAMES = (
    *("id", "imgid", "imageid", "sampleid", "photoid", "img", "image", "imagepath", "imgpath"),
    *("imagename", "imgname", "photo", "panoid", "panoramaid", "pano", "panorama"),
    *("file", "filename", "filepath", "path", "name", "key", "uuid"),
)
AUTHOR_NAMES = (
    *("author", "userid", "usernsid", "nsid", "photographer", "owner", "ownerid", "user"),
    *("username", "uploader", "creator", "creatorid", "creatorusername", "sequence", "sequenceid"),
)
"""Who took a photo, or the drive it belongs to: photos of one are not independent."""
LAT_NAMES = ("lat", "latitude")
LON_NAMES = ("lon", "lng", "long", "longitude")
TRUTH_WORDS = ("gt", "groundtruth", "true", "truth", "target", "actual", "label")
GUESS_WORDS = ("pred", "predicted", "prediction", "guess", "est", "estimated", "output", "model")
NO_WORD = ("",)
"""For columns that are just called lat and lon."""

NamedPoint = tuple[str, str]
"""The names of a latitude and a longitude column."""


def parse_columns(text: str) -> dict[str, str]:
    """Read `id=IMG_ID,gt_lat=LAT,...` as the command line gives it.

    Raises:
        InputError: A part is not role=name, or a role is unknown, given twice or lacks its pair.
    """
    named: dict[str, str] = {}
    for part in text.split(","):
        role, sign, name = (piece.strip() for piece in part.partition("="))
        if not (sign and name) or role in named:
            raise InputError(
                f"--columns: got {part!r}, must be role=name, each role once; "
                f"roles are {', '.join(ROLES)}"
            )
        named[role] = name
    check_columns(named)
    return named


def check_columns(named: Mapping[str, str]) -> None:
    """Refuse a mapping with an unknown role, or with one half of a point.

    Raises:
        InputError: It is so.
    """
    for role in named:
        if role not in ROLES:
            raise InputError(f"--columns: got role {role!r}, must be one of {', '.join(ROLES)}")
    for side in ("gt", "pred"):
        if (f"{side}_lat" in named) != (f"{side}_lon" in named):
            raise InputError(f"--columns: give {side}_lat and {side}_lon together")


def find_id(table: Table) -> str | None:
    """The column that names a sample: the first of the usual names, in order of preference."""
    plain = {_plain(name): name for name in reversed(table.header)}
    return next((plain[name] for name in ID_NAMES if name in plain), None)


def find_author(table: Table) -> str | None:
    """The column that says who took a photo, where there is one."""
    plain = {_plain(name): name for name in reversed(table.header)}
    return next((plain[name] for name in AUTHOR_NAMES if name in plain), None)


def find_point(table: Table, words: Sequence[str]) -> NamedPoint | None:
    """The columns of latitude and longitude with one of some words before or behind.

    Raises:
        InputError: More than one column fits.
    """
    lat, lon = (_find_column(table, words, names) for names in (LAT_NAMES, LON_NAMES))
    return (lat, lon) if lat is not None and lon is not None else None


def named_point(table: Table, named: Mapping[str, str], side: str) -> NamedPoint | None:
    """The columns that the user named for a side, "gt" or "pred"; None where they named none.

    Raises:
        InputError: The table has no such column.
    """
    if f"{side}_lat" not in named:
        return None
    names = named[f"{side}_lat"], named[f"{side}_lon"]
    for name in names:
        if name not in table.header:
            raise InputError(
                f"{table.path}: no column {name!r}, must be one of {', '.join(table.header)}; "
                "correct --columns"
            )
    return names


def _find_column(table: Table, words: Sequence[str], names: Sequence[str]) -> str | None:
    spellings = {spelt for word in words for name in names for spelt in (word + name, name + word)}
    fits = [name for name in table.header if _plain(name) in spellings]
    if len(fits) > 1:
        raise InputError(
            f"{table.path}: columns {' and '.join(map(repr, fits))} both look like {names[0]}; "
            "say which with --columns"
        )
    return fits[0] if fits else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
