"""Predictors that look at no photo: somebody's file of predictions, and one point for all."""

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gre.errors import InputError
from gre.evaluation.asking.once import AnswerError
from gre.evaluation.benchmarks.samples import Sample
from gre.evaluation.predictors.base import Given
from gre.evaluation.tables.columns import (
    GUESS_WORDS,
    NO_WORD,
    NamedPoint,
    check_columns,
    find_id,
    find_point,
    named_point,
)
from gre.evaluation.tables.points import refuse_repeats, tell_unread_cells
from gre.evaluation.tables.table import Table, open_table
from gre.geo.latlon import LatLon, LatLonError

logger = logging.getLogger(__name__)

NO_PREDICTION = AnswerError(
    "no_prediction", "the file of predictions has no row for it; add one, empty where unreadable"
)
TEXT_COLUMN = "text"
STATUS_COLUMN = "status"


@dataclass(frozen=True)
class ConstantPredictor:
    """The same point for every photo: what a model without eyes can reach.

    Attributes:
        point: The guess.
    """

    point: LatLon

    @property
    def name(self) -> str:
        """For tables."""
        return f"constant:{self.point.lat:g},{self.point.lon:g}"

    def answer_samples(self, samples: Sequence[Sample]) -> Mapping[str, Given]:
        """The point, as text."""
        text = answer_text(self.point.lat, self.point.lon)
        return {sample.id: text for sample in samples}

    def describe(self) -> dict[str, object]:
        """The point."""
        return {"predictor": "constant", "model": self.name}


def parse_constant(text: str) -> ConstantPredictor:
    """Read "48.8566,2.3522", latitude first.

    Raises:
        InputError: It is no point on Earth.
    """
    try:
        lat, lon = (float(part) for part in text.split(","))
        return ConstantPredictor(LatLon(lat, lon))
    except (ValueError, LatLonError):
        raise InputError(
            f"--model constant: got {text!r}, must be latitude in [-90, 90] and longitude in"
            " [-180, 180] with a comma between, e.g. constant:48.8566,2.3522"
        ) from None


class FilePredictor:
    """Answers from a table: a `text` column as a model wrote it, or columns of a predicted point.

    Args:
        path: CSV, TSV, JSON lines or a JSON array with one row per sample; the id is the sample's,
            or the photo's file name with or without its ending.
        columns: Column names by role (`columns.ROLES`) where the usual names do not fit.

    Raises:
        InputError: It cannot be read, names a sample twice, or has no columns that fit.
    """

    def __init__(self, path: Path, *, columns: Mapping[str, str] | None = None) -> None:
        named = dict(columns or {})
        check_columns(named)
        table = open_table(path)
        self.name = path.name
        self._path = path
        self._sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self._given = _read_answers(table, named)

    def answer_samples(self, samples: Sequence[Sample]) -> Mapping[str, Given]:
        """The row of each sample; a typed failure where there is none.

        Raises:
            InputError: No row belongs to any sample, or two samples would share one.
        """
        row_of = {sample.id: self._row_of(sample) for sample in samples}
        found = [row for row in row_of.values() if row is not None]
        if samples and not found:
            raise InputError(
                f"{self._path}: none of its ids belongs to a sample: they look like"
                f" {next(iter(self._given))!r}, the samples' like {samples[0].id!r}; name the id"
                " column with --prediction-columns id=.."
            )
        name, count = Counter(found).most_common(1)[0]
        if count > 1:
            raise InputError(
                f"{self._path}: id {name!r} fits {count} samples, must fit one; use the samples'"
                f" ids, e.g. {samples[0].id!r}"
            )
        if len(self._given) > len(found):
            logger.info(
                "%s: %d of %d rows belong to no sample and are left out",
                *(self._path, len(self._given) - len(found), len(self._given)),
            )
        return {
            key: NO_PREDICTION if row is None else self._given[row] for key, row in row_of.items()
        }

    def describe(self) -> dict[str, object]:
        """The file, by its content."""
        return {"predictor": "file", "model": self.name, "file_sha256": self._sha256}

    def _row_of(self, sample: Sample) -> str | None:
        names = (sample.id, sample.image_path.name, sample.image_path.stem)
        return next((name for name in names if name in self._given), None)


def answer_text(lat: float, lon: float) -> str:
    """A point as an answer that every reader takes for just this point; "" for none."""
    if np.isnan(lat) or np.isnan(lon):
        return ""
    return f"<answer> {_plain(lat)}, {_plain(lon)} </answer>"


def _plain(value: float) -> str:
    """Shortest decimals that give the same float, never in exponent form."""
    return np.format_float_positional(value, trim="-")


def _read_answers(table: Table, named: Mapping[str, str]) -> dict[str, Given]:
    id_name = named["id"] if named.get("id") in table.header else find_id(table)
    if id_name is None or named.get("id", id_name) != id_name:
        raise InputError(
            f"{table.path}: no id column among {', '.join(table.header)}; name it with"
            " --prediction-columns id=.."
        )
    point = _point_columns(table, named)
    status = (STATUS_COLUMN,) if STATUS_COLUMN in table.header else ()
    text = () if point else (TEXT_COLUMN,)
    read = table.read(texts=(id_name, *text, *status), numbers=point or ())
    ids = read.texts[id_name]
    refuse_repeats(table, id_name, ids)
    if point is None:
        texts = read.texts[TEXT_COLUMN]
    else:
        tell_unread_cells(table, read, point)
        lat, lon = (read.numbers[name].tolist() for name in point)
        texts = [answer_text(*pair) for pair in zip(lat, lon, strict=True)]
    statuses = read.texts[STATUS_COLUMN] if status else [""] * len(ids)
    return {
        key: NO_PREDICTION if status == "error" else said
        for key, said, status in zip(ids, texts, statuses, strict=True)
    }


def _point_columns(table: Table, named: Mapping[str, str]) -> NamedPoint | None:
    """The columns of the predicted point; None where the answers stand in the text column."""
    point = named_point(table, named, "pred") or find_point(table, GUESS_WORDS)
    if point is not None or TEXT_COLUMN in table.header:
        return point
    point = find_point(table, NO_WORD)
    if point is None:
        raise InputError(
            f"{table.path}: no predicted latitude and longitude and no {TEXT_COLUMN!r} among"
            f" {', '.join(table.header)}; name them with"
            " --prediction-columns pred_lat=..,pred_lon=.."
        )
    return point
