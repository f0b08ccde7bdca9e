"""Sets of photos with one table of ids and points, in the forms in which they really circulate."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gre.errors import InputError
from gre.evaluation.benchmarks.photo_index import PhotoIndex, PhotoMissingError, index_photos
from gre.evaluation.benchmarks.samples import Benchmark, Sample, make_benchmark
from gre.evaluation.tables.columns import (
    NO_WORD,
    TRUTH_WORDS,
    NamedPoint,
    find_author,
    find_id,
    find_point,
    named_point,
)
from gre.evaluation.tables.headless import open_labels
from gre.evaluation.tables.points import kept_rows, true_points
from gre.evaluation.tables.table import Columns, Table
from gre.geo.latlon import LatLon

IMAGE_FOLDERS = ("img", "imgs", "images")
LABEL_SUFFIXES = (".csv", ".tsv")
GPS_WORDS = ("gps", "geo")
SCENE_COLUMN, SCENE_LABELS = "S3_Label", {"0": "indoor", "1": "natural", "2": "urban"}
"""Scene classes of the Places365 tables of Im2GPS and YFCC4k: the largest of Prob_indoor,
Prob_natural and Prob_urban in the same row."""


@dataclass(frozen=True)
class LabelledSet:
    """What is known of a set before its table is opened.

    Attributes:
        name: Key in `BENCHMARKS`.
        files: Names of its table, where it usually has one of its own.
        suffixes: Endings of tables.
    """

    name: str
    files: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = LABEL_SUFFIXES


SETS = {
    "im2gps3k": LabelledSet("im2gps3k", ("im2gps3k_places365.csv",)),
    "gws15k": LabelledSet("gws15k"),
    "google_streetview": LabelledSet("google_streetview", ("coords.csv",)),
    "yfcc4k": LabelledSet("yfcc4k", ("yfcc4k_places365.csv",), (*LABEL_SUFFIXES, ".txt")),
    "osv5m": LabelledSet("osv5m", ("test.csv",)),
}
"""Adding one is a line here and one in `BENCHMARKS`."""


def load_labelled(
    kind: LabelledSet, data_dir: Path, *, columns: Mapping[str, str] | None = None
) -> Benchmark:
    """Load a set from `test/{img,label}`, from `{img,label}`, or from its own published layout.

    Columns are found by their usual names; a table without a header is read where its shape is
    known. An id is the photo's name or path, with or without its ending. Rows that repeat an id
    and its point are left out and counted.

    Args:
        kind: Which set.
        data_dir: Its folder.
        columns: Names of the columns "id", "gt_lat" and "gt_lon" where the usual ones do not fit.

    Raises:
        InputError: There is no table or more than one, a row is wrong, or the columns of latitude
            and longitude look exchanged.
    """
    base = next(b for b in (data_dir / "test", data_dir) if b.is_dir())
    source = _label_file(kind, base)
    table = open_labels(source)
    id_name, point_names = _find_columns(table, columns or {})
    author_name = find_author(table)
    extra = [n for n in (author_name, SCENE_COLUMN, "scene") if n and n in table.header]
    read = table.read(texts=(id_name, *extra), numbers=point_names)
    points = true_points(table, read, point_names, is_sure="gt_lat" in (columns or {}))
    rows = kept_rows(table, id_name, read.texts[id_name], points)
    photos = index_photos(_image_folder(base))
    samples = [
        _sample(
            read.texts[id_name][row],
            LatLon(float(points.lat[row]), float(points.lon[row])),
            photos,
            author=read.texts[author_name][row] or None if author_name else None,
            scene=_scene(read, row),
        )
        for row in rows
    ]
    num_left_out = read.num_rows - len(rows)
    return make_benchmark(kind.name, source, samples, num_repeated_rows=num_left_out)


def _find_columns(table: Table, columns: Mapping[str, str]) -> tuple[str, NamedPoint]:
    id_name = columns.get("id") or find_id(table)
    point = named_point(table, columns, "gt")
    for words in (TRUTH_WORDS, NO_WORD, GPS_WORDS):
        point = point or find_point(table, words)
    if id_name is None or id_name not in table.header or point is None:
        raise InputError(
            f"{table.path}:1: got columns {', '.join(table.header)}, must have an id, a latitude "
            "and a longitude (IMG_ID, LAT, LON); rename them, or name them with "
            "--columns id=..,gt_lat=..,gt_lon=.."
        )
    return id_name, point


def _label_file(kind: LabelledSet, base: Path) -> Path:
    folder = base / "label" if (base / "label").is_dir() else base
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in kind.suffixes)
    usual = [path for path in found if path.name in kind.files]
    if len(usual) == 1:
        return usual[0]
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise InputError(
            f"{folder}: got {names}, must hold exactly one CSV of {kind.name}; "
            "keep the one to be used"
        )
    return found[0]


def _image_folder(base: Path) -> Path:
    return next((base / name for name in IMAGE_FOLDERS if (base / name).is_dir()), base)


def _scene(read: Columns, row: int) -> str | None:
    if "scene" in read.texts:
        return read.texts["scene"][row] or None
    if SCENE_COLUMN in read.texts:
        return SCENE_LABELS.get(read.texts[SCENE_COLUMN][row])
    return None


def _sample(
    identity: str, truth: LatLon, photos: PhotoIndex, *, author: str | None, scene: str | None
) -> Sample:
    groups = {} if scene is None else {"scene": scene}
    try:
        path = photos.find(identity)
    except PhotoMissingError as error:
        missing = photos.folder / "missing"
        return Sample(identity, missing, truth, groups, fault=str(error), author=author)
    return Sample(identity, path, truth, groups, author=author)
