"""What a report's gallery shows: samples with their photos, and what every run said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gre.evaluation.comparison import ComparedRun, Comparison
from gre.evaluation.reasoning import Told, tell
from gre.evaluation.saved_run import Prediction, SavedRun
from gre.evaluation.thumbnails import make_thumbnail
from gre.evaluation.worldmap import error_band, project
from gre.geo.latlon import LatLon

MAX_PHOTOS = 200
"""Photos that a page carries: about 3 MB."""
MAX_TEXT_CHARS = 8_000_000
"""Model text that a page carries over all runs."""


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


def make_gallery(comparison: Comparison) -> Gallery:
    """Gather samples, photos and answers.

    Photos beyond MAX_PHOTOS are left out: kept are those spread evenly over the errors of the best
    run, so that what is shown is neither its best nor its worst.
    """
    best = comparison.runs[comparison.best]
    chosen = _choose(best)
    pictures: dict[int, str] = {}
    for compared in (best, *comparison.runs):
        for key, prediction in zip(compared.keys, compared.run.predictions, strict=True):
            if key in chosen and key not in pictures:
                thumbnail = make_thumbnail(photo_path(compared.run, prediction))
                if thumbnail is not None:
                    pictures[key] = thumbnail.url
    samples = [_sample(s, pictures.get(key)) for key, s in enumerate(comparison.samples)]
    texts = _Budget(MAX_TEXT_CHARS)
    runs = [{"name": compared.name, "rows": _rows(compared, texts)} for compared in comparison.runs]
    data = {"samples": samples, "runs": runs, "first": comparison.best}
    return Gallery(data, len(pictures), texts.num_left_out)


def photo_path(run: SavedRun, prediction: Prediction) -> Path:
    """Where a prediction's photo lies: as written, or beside the run."""
    path = Path(prediction.image)
    return path if path.is_absolute() or path.is_file() else run.folder / path


class _Budget:
    """Hands out room for text until there is none."""

    def __init__(self, num_chars: int) -> None:
        self.num_chars = num_chars
        self.num_left_out = 0

    def take(self, text: str | None) -> str | None:
        if text is None:
            return None
        if len(text) > self.num_chars:
            self.num_left_out += 1
            return None
        self.num_chars -= len(text)
        return text


def _choose(compared: ComparedRun) -> set[int]:
    pairs = zip(compared.keys, compared.run.predictions, strict=True)
    ranked = sorted(pairs, key=lambda pair: (pair[1].error_km is None, pair[1].error_km or 0.0))
    places = np.unique(np.linspace(0, len(ranked) - 1, min(len(ranked), MAX_PHOTOS)).astype(int))
    return {ranked[place][0] for place in places}


def _sample(prediction: Prediction, picture: str | None) -> dict[str, object]:
    return {
        "id": prediction.id,
        "point": prediction.truth.as_tuple(),
        "at": _on_map(prediction.truth),
        "groups": dict(prediction.groups),
        "picture": picture,
    }


def _rows(compared: ComparedRun, texts: _Budget) -> Sequence[Mapping[str, object]]:
    return [
        _row(key, prediction, texts)
        for key, prediction in zip(compared.keys, compared.run.predictions, strict=True)
    ]


def _row(key: int, prediction: Prediction, texts: _Budget) -> dict[str, object]:
    text = texts.take(prediction.text)
    told = Told((), None, None) if text is None else tell(text)
    guess = prediction.guess
    return {
        "sample": key,
        "status": prediction.status,
        "reason": prediction.reason,
        "detail": prediction.detail,
        "km": prediction.error_km,
        "band": error_band(prediction.error_km),
        "point": None if guess is None else guess.as_tuple(),
        "at": None if guess is None else _on_map(guess),
        "steps": told.steps,
        "answer": told.answer,
        "raw": told.raw,
    }


def _on_map(point: LatLon) -> tuple[float, float]:
    x, y = project(point.lat, point.lon)
    return round(float(x), 1), round(float(y), 1)
