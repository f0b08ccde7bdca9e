"""What a report's gallery shows: samples with their photos, and what every run said of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gre.evaluation.pages.packed_texts import MAX_PACKED_CHARS, TextPacker
from gre.evaluation.pages.reasoning import tell
from gre.evaluation.pages.thumbnails import make_thumbnail
from gre.evaluation.pages.worldmap import EARTH, error_band
from gre.evaluation.report.comparison import ComparedRun, Comparison
from gre.evaluation.report.drawn_answers import DrawnAnswer, drawn_answers
from gre.evaluation.runs.saved_run import Prediction, SavedRun
from gre.geo.latlon import LatLon

MAX_PHOTOS = 200
"""Photos that a page carries unless told otherwise: about 3 MB."""
NUM_WORST = 50
"""Largest errors, which have a view and photos of their own."""
MAX_TEXT_CHARS = 8_000_000
"""Model text that stands in a page as it is, over all runs; the rest is compressed."""
DECIMALS = 5
"""Of degrees: about a metre."""


@dataclass(frozen=True)
class Gallery:
    """Plain values for the page's script, and how much of the whole they are.

    Attributes:
        data: Samples and runs, ready for JSON.
        num_photos: Photos inside the page.
        num_texts_left_out: Answers whose text no longer fitted.
    """

    data: Mapping[str, object]
    num_photos: int
    num_texts_left_out: int


def make_gallery(comparison: Comparison, *, max_photos: int = MAX_PHOTOS) -> Gallery:
    """Gather samples, photos and answers.

    Photos beyond max_photos are left out: kept are the largest errors of every run, and others
    spread evenly over the errors of the best run, so that what is shown is not its best alone.
    Where texts are too many, those of samples with a photo stand in the page as they are, and the
    others compressed.
    """
    best = comparison.runs[comparison.best]
    chosen = _choose(comparison, max_photos)
    pictures: dict[int, str] = {}
    for compared in (best, *comparison.runs):
        for key, prediction in zip(compared.keys, compared.run.predictions, strict=True):
            if key in chosen and key not in pictures:
                thumbnail = make_thumbnail(photo_path(compared.run, prediction))
                if thumbnail is not None:
                    pictures[key] = thumbnail.url
    samples = [_sample(s, pictures.get(key)) for key, s in enumerate(comparison.samples)]
    runs, num_left_out, room = [], 0, MAX_PACKED_CHARS
    for compared, plain in zip(comparison.runs, _plain_texts(comparison, chosen), strict=True):
        run, num_without, num_chars = _run(compared, plain, room)
        runs.append(run)
        num_left_out += num_without
        room -= num_chars
    data = {
        **{"samples": samples, "runs": runs, "first": comparison.best},
        **{"worst": NUM_WORST, "earth": EARTH},
    }
    return Gallery(data, len(pictures), num_left_out)


def photo_path(run: SavedRun, prediction: Prediction) -> Path:
    """Where a prediction's photo lies: as written, or beside the run."""
    path = Path(prediction.image)
    return path if path.is_absolute() or path.is_file() else run.folder / path


def worst_keys(compared: ComparedRun, count: int) -> list[int]:
    """Samples with the largest errors, the largest first; an unreadable answer has no error."""
    pairs = zip(compared.keys, compared.run.predictions, strict=True)
    measured = [(p.error_km, key) for key, p in pairs if p.error_km is not None]
    return [key for _, key in sorted(measured, reverse=True)[:count]]


def _choose(comparison: Comparison, max_photos: int) -> set[int]:
    """Samples whose photos are kept; half of the room at most is for the worst."""
    best = comparison.runs[comparison.best]
    room = max_photos if len(comparison.samples) <= max_photos else max_photos // 2
    chosen: set[int] = set()
    for compared in (best, *comparison.runs):
        worst = [key for key in worst_keys(compared, NUM_WORST) if key not in chosen]
        chosen.update(worst[: max(0, room - len(chosen))])
    pairs = zip(best.keys, best.run.predictions, strict=True)
    ranked = sorted(pairs, key=lambda pair: (pair[1].error_km is None, pair[1].error_km or 0.0))
    others = [key for key, _ in ranked if key not in chosen]
    count = min(len(others), max_photos - len(chosen))
    places = np.unique(np.linspace(0, len(others) - 1, count).astype(int)) if count > 0 else ()
    return chosen | {others[place] for place in places}


def _plain_texts(comparison: Comparison, chosen: set[int]) -> list[set[int]]:
    """Samples of each run whose text stands in the page as it is: those with a photo go first."""
    room = MAX_TEXT_CHARS
    plain: list[set[int]] = [set() for _ in comparison.runs]
    for is_turn in (True, False):
        for index, compared in enumerate(comparison.runs):
            for key, prediction in zip(compared.keys, compared.run.predictions, strict=True):
                length = _length(prediction)
                if (key in chosen) == is_turn and length <= room:
                    room -= length
                    plain[index].add(key)
    return plain


def _length(prediction: Prediction) -> int:
    drawn = prediction.draws.texts if prediction.draws else ()
    return len(prediction.text or "") + sum(map(len, drawn))


def _sample(prediction: Prediction, picture: str | None) -> dict[str, object]:
    sample: dict[str, object] = {
        "id": prediction.id,
        "point": _degrees(prediction.truth),
        "groups": dict(prediction.groups),
    }
    return sample if picture is None else {**sample, "picture": picture}


def _run(
    compared: ComparedRun, plain: set[int], max_packed_chars: int
) -> tuple[dict[str, object], int, int]:
    """A run with its rows and packed texts; the texts left out; the length of the packed ones."""
    packer, num_left_out = TextPacker(max_packed_chars), 0
    rows = []
    drawn = drawn_answers(compared.run)
    pairs = zip(compared.keys, compared.run.predictions, strict=True)
    for at, (key, prediction) in enumerate(pairs):
        row, texts = _row(key, prediction), _texts(prediction, drawn.get(at, ()))
        if key in plain or not texts:
            row |= texts
        elif (chunk := packer.add(key, texts)) is not None:
            row["packed"] = chunk
        else:
            num_left_out += 1
        rows.append(row)
    packer.close()
    run: dict[str, object] = {"name": compared.name, "rows": rows, "chunks": packer.chunks}
    return run, num_left_out, packer.num_chars


def _row(key: int, prediction: Prediction) -> dict[str, object]:
    """One answer; what there is nothing of is left out, since a page may hold 100,000."""
    km, guess = prediction.error_km, prediction.guess
    return _known(
        {
            "sample": key,
            "status": prediction.status,
            "reason": prediction.reason,
            "detail": prediction.detail,
            "km": None if km is None else round(km, 3),
            "band": error_band(km),
            "point": None if guess is None else _degrees(guess),
            "place": ", ".join(_guessed(prediction)) or None,
            "spread": _spread(prediction),
        }
    )


def _spread(prediction: Prediction) -> dict[str, float] | None:
    """The radius of several answers, and the share of them that it holds."""
    draws = prediction.draws
    if draws is None or draws.radius_km is None or draws.radius_share is None:
        return None
    return {"km": round(draws.radius_km, 3), "share": draws.radius_share}


def _texts(prediction: Prediction, drawn: Sequence[DrawnAnswer]) -> dict[str, object]:
    if prediction.text is None:
        return {}
    told = tell(prediction.text)
    return _known(
        {
            "steps": list(told.steps) or None,
            "answer": told.answer,
            "raw": told.raw,
            "draws": [_draw(one) for one in drawn] or None,
        }
    )


def _draw(one: DrawnAnswer) -> dict[str, object]:
    """The chosen answer's text stands in the row already."""
    return _known(
        {
            "text": None if one.is_chosen else one.text,
            "chosen": True if one.is_chosen else None,
            "point": None if one.point is None else _degrees(one.point),
            "reason": one.reason,
            "km": None if one.km is None else round(one.km, 3),
        }
    )


def _known(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _guessed(prediction: Prediction) -> Iterable[str]:
    places = prediction.guessed_places
    return (places[name] for name in ("country", "continent") if places.get(name))


def _degrees(point: LatLon) -> tuple[float, float]:
    return round(point.lat, DECIMALS), round(point.lon, DECIMALS)
