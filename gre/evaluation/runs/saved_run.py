"""A finished evaluation read back from its folder, checked, for tables and pages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gre.data.jsonio import RawRecord, RecordError, iter_json
from gre.errors import InputError
from gre.evaluation.benchmarks.samples import JUDGE
from gre.evaluation.indicators import indicator_groups
from gre.evaluation.tables.points import Points, measure_errors
from gre.geo.latlon import LatLon, LatLonError
from gre.metrics import RADII_KM, Protocol, Summary, score_errors

STATUSES = ("ok", "failed", "error")
"""Read as a point; answered but unreadable; could not be asked."""


@dataclass(frozen=True)
class SavedDraws:
    """What a model that was asked several times said about one sample.

    Attributes:
        texts: Every answer, in the order in which they came.
        radius_share: Share of the readable answers that the radius holds; None where not known.
        radius_km: That radius around the answer that stands for all; None where none is readable.
    """

    texts: tuple[str, ...]
    radius_share: float | None
    radius_km: float | None


@dataclass(frozen=True)
class Prediction:
    """What a run holds for one sample.

    Attributes:
        id: Unique within the run.
        image: Path of the photo as the run wrote it.
        truth: Where it was taken.
        guess: What was read from the answer, or None.
        error_km: Distance between the two under the run's protocol, or None.
        status: One of `STATUSES`.
        reason: Why there is no guess, in a word.
        detail: The same in a sentence.
        text: The model's answer as written.
        groups: Values by group name.
        indicators: Kinds of geographic indicator in the photo, where the data names them.
        author: Who took the photo, where the data says so.
        is_strict: Whether the strict reader finds the point too; None where the run does not say.
        true_places: "country" and "continent" of the truth by the gazetteer, or nothing.
        guessed_places: The same of the guess.
        draws: Every answer, where the model was asked several times; None elsewhere.
    """

    id: str
    image: str
    truth: LatLon
    guess: LatLon | None
    error_km: float | None
    status: str
    reason: str | None
    detail: str | None
    text: str | None
    groups: Mapping[str, str]
    indicators: tuple[str, ...] = ()
    author: str | None = None
    is_strict: bool | None = None
    true_places: Mapping[str, str] = field(default_factory=dict)
    guessed_places: Mapping[str, str] = field(default_factory=dict)
    draws: SavedDraws | None = None

    def without_guess(self, reason: str) -> "Prediction":
        """The same sample with its answer taken for unreadable; what was not asked stays so."""
        if self.status == "error":
            return self
        kept = self.reason if self.status == "failed" else reason
        return replace(self, guess=None, error_km=None, status="failed", reason=kept)


@dataclass(frozen=True)
class SavedFolder:
    """What every run folder has.

    Attributes:
        folder: Where it lies.
        name: What it is called in tables.
        facts: `summary.json` as it is.
    """

    folder: Path
    name: str
    facts: Mapping[str, Any]

    @property
    def data_sha256(self) -> str:
        """Which data it ran on."""
        return str(self.facts.get("data_sha256", ""))


@dataclass(frozen=True)
class SavedRun(SavedFolder):
    """The folder of a run that located photos.

    Attributes:
        protocol: How its errors are measured and counted.
        predictions: In benchmark order.
        summary: Scored anew from the predictions.
        bounds: Summaries of the oracle and of the model without images, where the run has them.
    """

    protocol: Protocol
    predictions: tuple[Prediction, ...]
    summary: Summary
    bounds: Mapping[str, Summary]


def read_run(folder: Path) -> SavedRun:
    """Read a run folder.

    Raises:
        InputError: A file is missing, something in it is not what `gre evaluate` writes, or the
            run judged reasoning.
    """
    facts = read_facts(folder / "summary.json")
    if is_judge(facts):
        raise InputError(f"{folder}: judges reasoning, must be a run that locates photos")
    try:
        protocol = Protocol(**facts.get("protocol", {}))
        bounds = {name: Summary.from_json(bound) for name, bound in facts.get("bounds", {}).items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{folder / 'summary.json'}: protocol or bounds are damaged ({error}); "
            "evaluate again into a new folder"
        ) from None
    if not isinstance(facts.get("benchmark"), str):
        raise InputError(
            f"{folder / 'summary.json'}: names no benchmark, so gre evaluate did not write it;"
            " name the folder of a finished run"
        )
    predictions = read_predictions(folder / "predictions.jsonl", protocol)
    return SavedRun(
        folder=folder,
        name=str(facts.get("name") or folder.name),
        facts=MappingProxyType(facts),
        protocol=protocol,
        predictions=predictions,
        summary=summarize(predictions, protocol),
        bounds=MappingProxyType(bounds),
    )


def read_predictions(path: Path, protocol: Protocol) -> tuple[Prediction, ...]:
    """Read a `predictions.jsonl` and measure its errors under a protocol.

    Raises:
        InputError: It is missing, or a row is not what `gre evaluate` writes.
    """
    return _measured([_read_prediction(raw) for raw in iter_json(path)], protocol)


def is_judge(facts: Mapping[str, Any]) -> bool:
    """Whether a `summary.json` is that of a judge run."""
    return facts.get("benchmark") == JUDGE


def summarize(
    predictions: Sequence[Prediction],
    protocol: Protocol,
    *,
    radii_km: Sequence[float] = RADII_KM,
) -> Summary:
    """Score predictions; those that could not be asked are counted apart."""
    asked = [prediction for prediction in predictions if prediction.status != "error"]
    needs_origin = protocol.unreadable == "origin"
    return score_errors(
        [np.nan if p.error_km is None else p.error_km for p in asked],
        protocol=protocol,
        radii_km=radii_km,
        origin_km=origin_errors(asked, protocol) if needs_origin else None,
        n_errors=len(predictions) - len(asked),
    )


def origin_errors(predictions: Sequence[Prediction], protocol: Protocol) -> NDArray[np.float64]:
    """Distance of each truth from (0, 0), kilometres."""
    zeros = Points(np.zeros(len(predictions)), np.zeros(len(predictions)))
    truth = _points([prediction.truth for prediction in predictions])
    return measure_errors(truth, zeros, distance=protocol.distance)


def by_group(predictions: Sequence[Prediction]) -> dict[str, dict[str, list[Prediction]]]:
    """Predictions by group name and value, both in order of the alphabet.

    Of the groups "indicator" and "indicator type", a photo with several indicators is in several.
    """
    members: dict[str, dict[str, list[Prediction]]] = {}
    for prediction in predictions:
        pairs = {*prediction.groups.items(), *indicator_groups(prediction.indicators)}
        for name, value in pairs:
            members.setdefault(name, {}).setdefault(value, []).append(prediction)
    return {name: dict(sorted(parts.items())) for name, parts in sorted(members.items())}


def read_facts(path: Path) -> dict[str, Any]:
    """Read a run's `summary.json`.

    Raises:
        InputError: It is missing or damaged.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; name a folder that gre evaluate wrote and finished"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); evaluate again") from None
    if not isinstance(facts, dict):
        raise InputError(f"{path}: is no JSON object; evaluate again into a new folder")
    return facts


def _read_prediction(raw: RawRecord | RecordError) -> Prediction:
    if isinstance(raw, RecordError):
        raise raw
    row = raw.value
    try:
        if not isinstance(row, dict):
            raise TypeError("the row is no object")
        status = str(row["status"])
        if status not in STATUSES:
            raise ValueError(f"status {status!r} is none of {', '.join(STATUSES)}")
        return Prediction(
            id=str(row["id"]),
            image=str(row.get("image") or ""),
            truth=LatLon(row["gt_lat"], row["gt_lon"]),
            guess=LatLon(row["lat"], row["lon"]) if status == "ok" else None,
            error_km=None,
            status=status,
            reason=_text(row.get("reason")),
            detail=_text(row.get("detail")),
            text=_text(row.get("text")),
            groups={str(k): str(v) for k, v in (row.get("groups") or {}).items()},
            indicators=tuple(map(str, row.get("indicators") or ())),
            author=_text(row.get("author")),
            is_strict=None if row.get("is_strict") is None else bool(row["is_strict"]),
            true_places=_places(row, "gt_"),
            guessed_places=_places(row, "") if status == "ok" else {},
            draws=_draws(row),
        )
    except (KeyError, TypeError, ValueError, AttributeError, LatLonError) as error:
        what = f"field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise RecordError(raw.place, f"{what}; evaluate again into a new folder") from None


def _places(row: Mapping[str, object], prefix: str) -> dict[str, str]:
    names = {name: row.get(prefix + name) for name in ("country", "continent")}
    return {name: str(value) for name, value in names.items() if value is not None}


def _draws(row: Mapping[str, Any]) -> SavedDraws | None:  # Any: whatever JSON holds
    texts = row.get("texts")
    if not texts:
        return None
    if not isinstance(texts, list):
        raise TypeError(f"texts is {type(texts).__name__}, must be a list")
    share, radius = row.get("radius_share"), row.get("radius_km")
    return SavedDraws(
        texts=tuple(map(str, texts)),
        radius_share=None if share is None else float(share),
        radius_km=None if radius is None else float(radius),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _measured(predictions: Sequence[Prediction], protocol: Protocol) -> tuple[Prediction, ...]:
    """The same with their errors, measured here so that tables and pages cannot disagree."""
    errors = measure_errors(
        _points([p.truth for p in predictions]),
        _points([p.guess for p in predictions]),
        distance=protocol.distance,
    )
    return tuple(
        Prediction(**{**vars(prediction), "error_km": None if np.isnan(error) else float(error)})
        for prediction, error in zip(predictions, errors, strict=True)
    )


def _points(points: Sequence[LatLon | None]) -> Points:
    pairs = [(np.nan, np.nan) if point is None else point.as_tuple() for point in points]
    array = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return Points(array[:, 0], array[:, 1])
