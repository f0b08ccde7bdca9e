"""`gre score`: anybody's file of predictions, scored under any published protocol."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gre.errors import InputError
from gre.evaluation.tables.columns import (
    GUESS_WORDS,
    NO_WORD,
    TRUTH_WORDS,
    NamedPoint,
    check_columns,
    find_id,
    find_point,
    named_point,
    parse_columns,
)
from gre.evaluation.tables.points import (
    Points,
    measure_errors,
    refuse_repeats,
    tell_unread_cells,
    true_points,
)
from gre.evaluation.tables.table import Columns, Table, open_table
from gre.geo.latlon import MAX_LAT_DEG, MAX_LON_DEG
from gre.metrics import RADII_KM, Protocol, Summary, score_errors

__all__ = ["parse_columns", "score_file"]

logger = logging.getLogger(__name__)

ERROR_STATUS = "error"
"""`status` of a sample that could not be asked, in the predictions of `gre evaluate`."""


@dataclass(frozen=True)
class Pairs:
    """True and guessed points of the same samples, and which samples were asked at all."""

    truth: Points
    guess: Points
    asked: NDArray[np.bool_]


def score_file(
    path: Path,
    *,
    truth: Path | None = None,
    columns: Mapping[str, str] | None = None,
    protocol: Protocol | None = None,
    radii_km: Sequence[float] = RADII_KM,
) -> Summary:
    """Score a file of predictions.

    Args:
        path: CSV, TSV, JSON lines or JSON array with one row per sample, or the folder that
            `gre evaluate` wrote. A prediction that is empty, no number or out of range counts as
            unreadable.
        truth: Table of true points, joined by id. Without it, `path` holds both.
        columns: Column names by role (`columns.ROLES`) where the usual names do not fit.
        protocol: How errors are measured and counted; the default is ours.
        radii_km: Radii to report, kilometres.

    Raises:
        InputError: A file cannot be read, a column is not found, a true point is not on Earth, or
            the ids of the two files are not the same.
    """
    protocol = protocol or Protocol()
    named = dict(columns or {})
    check_columns(named)
    table = open_table(path / "predictions.jsonl" if path.is_dir() else path)
    pairs = _read_one(table, named) if truth is None else _read_two(table, open_table(truth), named)
    errors = measure_errors(pairs.truth, pairs.guess, distance=protocol.distance)
    origin = None
    if protocol.unreadable == "origin":
        zeros = np.zeros_like(pairs.truth.lat)
        at_origin = Points(zeros, zeros)
        origin = measure_errors(pairs.truth, at_origin, distance=protocol.distance)[pairs.asked]
    return score_errors(
        errors[pairs.asked],
        protocol=protocol,
        radii_km=radii_km,
        origin_km=origin,
        n_errors=int((~pairs.asked).sum()),
    )


def _read_one(table: Table, named: Mapping[str, str]) -> Pairs:
    true_names = named_point(table, named, "gt") or find_point(table, TRUTH_WORDS)
    guess_names = named_point(table, named, "pred") or find_point(table, GUESS_WORDS)
    # A bare pair beside a named one is the other of the two.
    bare = find_point(table, NO_WORD)
    if true_names is None and guess_names is not None and bare != guess_names:
        true_names = bare
    if guess_names is None and true_names is not None and bare != true_names:
        guess_names = bare
    if true_names is None and {"label", "verdict"} <= set(table.header):
        raise InputError(
            f"{table.path}: is of a run that judges reasoning and holds no points; its numbers are"
            " in summary.json beside it, and gre compare and gre report read them"
        )
    if true_names is None or guess_names is None:
        missing = "true" if true_names is None else "predicted"
        raise InputError(
            f"{table.path}: no columns of {missing} latitude and longitude among "
            f"{', '.join(table.header)}; name them with --columns, or give the truth with --truth"
        )
    id_name = _id_column(table, named)
    if named.get("id", id_name) != id_name:
        raise InputError(_no_id(table))
    ids = () if id_name is None else (id_name,)
    read = table.read(texts=(*ids, *_status(table)), numbers=(*true_names, *guess_names))
    for name in ids:
        refuse_repeats(table, name, read.texts[name])
    truth = true_points(table, read, true_names, is_sure="gt_lat" in named)
    return Pairs(truth, _guessed_points(table, read, guess_names), _asked(read))


def _read_two(table: Table, truth: Table, named: Mapping[str, str]) -> Pairs:
    guess_id, true_id = _id_column(table, named), _id_column(truth, named)
    if "id" in named and named["id"] not in (guess_id, true_id):
        raise InputError(_no_id(table))
    if guess_id is None or true_id is None:
        raise InputError(_no_id(table if guess_id is None else truth))
    guess_names = _point_columns(table, named, "pred", GUESS_WORDS)
    true_names = _point_columns(truth, named, "gt", TRUTH_WORDS)
    guess_read = table.read(texts=(guess_id, *_status(table)), numbers=guess_names)
    true_read = truth.read(texts=(true_id,), numbers=true_names)
    points = true_points(truth, true_read, true_names, is_sure="gt_lat" in named)
    guess_ids, true_ids = guess_read.texts[guess_id], true_read.texts[true_id]
    refuse_repeats(truth, true_id, true_ids)
    refuse_repeats(table, guess_id, guess_ids)
    rows = _join(table, truth, guess_ids, true_ids)
    guesses = _guessed_points(table, guess_read, guess_names)
    return Pairs(points, Points(guesses.lat[rows], guesses.lon[rows]), _asked(guess_read)[rows])


def _id_column(table: Table, named: Mapping[str, str]) -> str | None:
    return named["id"] if named.get("id") in table.header else find_id(table)


def _no_id(table: Table) -> str:
    return (
        f"{table.path}: no such id column among {', '.join(table.header)}; "
        "name it with --columns id=.."
    )


def _point_columns(
    table: Table, named: Mapping[str, str], side: str, words: Sequence[str]
) -> NamedPoint:
    names = named_point(table, named, side) or find_point(table, words)
    names = names or find_point(table, NO_WORD)
    if names is None:
        raise InputError(
            f"{table.path}: no latitude and longitude among {', '.join(table.header)}; name them "
            f"with --columns {side}_lat=..,{side}_lon=.."
        )
    return names


def _guessed_points(table: Table, read: Columns, names: NamedPoint) -> Points:
    tell_unread_cells(table, read, names)
    lat, lon = read.numbers[names[0]], read.numbers[names[1]]
    outside = (np.abs(lat) > MAX_LAT_DEG) | (np.abs(lon) > MAX_LON_DEG)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        logger.warning(
            "%s: %d predicted points are out of range and count as unreadable, first (%g, %g)",
            *(table.place(row), int(outside.sum()), lat[row], lon[row]),
        )
    unreadable = outside | np.isnan(lat) | np.isnan(lon)
    return Points(np.where(unreadable, np.nan, lat), np.where(unreadable, np.nan, lon))


def _status(table: Table) -> tuple[str, ...]:
    return ("status",) if "status" in table.header else ()


def _asked(read: Columns) -> NDArray[np.bool_]:
    """False for the samples that `gre evaluate` could not ask; they are counted apart."""
    if "status" not in read.texts:
        return np.ones(read.num_rows, dtype=np.bool_)
    return np.array([status != ERROR_STATUS for status in read.texts["status"]], dtype=np.bool_)


def _join(
    table: Table, truth: Table, guess_ids: Sequence[str], true_ids: Sequence[str]
) -> NDArray[np.int64]:
    """The row of each true id among the guesses."""
    if guess_ids == true_ids:
        return np.arange(len(true_ids))
    row_of = {name: row for row, name in enumerate(guess_ids)}
    missing = [name for name in true_ids if name not in row_of]
    if missing:
        raise InputError(
            f"{table.path}: {len(missing)} of {len(true_ids)} ids of {truth.path} have no row, "
            f"the first is {missing[0]!r} (ids here look like {guess_ids[0]!r}); add a row for "
            "each, with an empty point where the model gave none"
        )
    if len(guess_ids) > len(true_ids):
        known = set(true_ids)
        extra = next(name for name in guess_ids if name not in known)
        raise InputError(
            f"{table.place(row_of[extra])}: id {extra!r} is not in {truth.path} "
            f"({len(guess_ids) - len(true_ids)} such); remove the row or name the right truth"
        )
    return np.fromiter((row_of[name] for name in true_ids), np.int64, count=len(true_ids))
