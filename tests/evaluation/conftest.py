"""Made-up run folders, in the shape that `gre evaluate` writes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gre.evaluation.runs.judge_summary import Verdict, score_verdicts
from gre.geo.distance import destination, great_circle_km
from gre.geo.latlon import LatLon
from gre.metrics import Protocol, score_errors

CITIES = {
    "Paris": (48.8566, 2.3522, "France", "Europe"),
    "Nairobi": (-1.2864, 36.8172, "Kenya", "Africa"),
    "Tokyo": (35.6762, 139.6503, "Japan", "Asia"),
    "Lima": (-12.0464, -77.0428, "Peru", "South America"),
    "Denver": (39.7392, -104.9903, "United States", "North America"),
    "Auckland": (-36.8485, 174.7633, "New Zealand", "Oceania"),
}


def make_photo(path: Path, *, seed: int) -> None:
    """A small picture with enough in it to be worth compressing."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 230, (6, 8, 3)).astype(np.uint8)
    Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC).save(path, quality=85)


def make_run(
    folder: Path,
    *,
    name: str,
    typical_km: float,
    n: int = 40,
    seed: int = 0,
    num_photos: int = 1000,
    **facts: object,
) -> Path:
    """Write a run folder: errors spread around typical_km, one in ten unreadable, one not asked.

    Photos beyond num_photos are missing.
    """
    rng = np.random.default_rng(seed)
    images = folder.parent / "imgs"
    images.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    rows = []
    for i in range(n):
        city, (lat, lon, country, continent) = list(CITIES.items())[i % len(CITIES)]
        image = images / f"{i:05d}.jpg"
        if i < num_photos and not image.exists():
            make_photo(image, seed=i)
        truth = destination(LatLon(lat, lon), bearing_deg=37.0 * i, distance_km=3.0 + i % 5)
        row = {
            "id": f"{i:05d}",
            "image": str(image),
            "gt_lat": truth.lat,
            "gt_lon": truth.lon,
            "text": None,
            "status": "ok",
            "reason": None,
            "detail": None,
            "lat": None,
            "lon": None,
            "error_km": None,
            "groups": {
                "seen": "no" if i % 5 == 0 else "yes",
                "scene": ["harbour", "old town", "highway"][i % 3],
                "country": country,
                "continent": continent,
            },
        }
        km = min(float(rng.lognormal(np.log(typical_km), 1.6)), 19_000.0)
        guess = destination(truth, bearing_deg=float(rng.uniform(0, 360)), distance_km=km)
        if i == 1:
            row |= {"status": "error", "reason": "not_asked", "detail": "the photo is damaged"}
        elif i % 10 == 7:
            row |= {
                "status": "failed",
                "reason": "refusal",
                "detail": "the answer declines",
                "text": "I cannot tell where this photo was taken.",
            }
        else:
            text = (
                f"<think> 1. The signs are in the script of {country} // 2. Cars keep to one side "
                f"// 3. The roofs and the light fit {continent} // 4. This is close to {city} "
                f"</think> <answer> {guess.lat:.3f}, {guess.lon:.3f} </answer>"
            )
            row |= {"text": text, "lat": round(guess.lat, 3), "lon": round(guess.lon, 3)}
            row["error_km"] = great_circle_km(truth, LatLon(row["lat"], row["lon"]))
        rows.append(row)
    (folder / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [row for row in rows if row["status"] != "error"]
    errors = [np.nan if row["error_km"] is None else row["error_km"] for row in asked]
    bounds = {
        "oracle": score_errors(rng.lognormal(2.5, 1.2, len(asked))),
        "no_image": score_errors(rng.lognormal(9.0, 0.4, len(asked)).clip(0, 20_000)),
    }
    summary = {
        **score_errors(errors, protocol=Protocol(), n_errors=1).to_json(),
        "name": name,
        "benchmark": "greval_bench",
        "model": f"models/{name}",
        "data_sha256": "5f2c" * 16,
        "bounds": {key: bound.to_json() for key, bound in bounds.items()},
        **facts,
    }
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def make_judge_run(
    folder: Path, *, verdicts: list[tuple[bool, bool | None]], not_asked: int = 0, **facts: object
) -> Path:
    """Write the folder of a judge run: (label, what the model said or None) for each sample."""
    folder.mkdir(parents=True)
    rows: list[dict[str, object]] = [
        {
            **{"id": f"{i:05d}", "image": f"{i:05d}.jpg", "question": "Is it right?"},
            **{"label": label, "text": "words", "detail": None, "verdict": said},
            **{"status": "failed" if said is None else "ok"},
            **{"reason": "no_answer" if said is None else None, "is_right": said is label},
        }
        for i, (label, said) in enumerate(verdicts)
    ]
    for row in rows[:not_asked]:
        row |= {"status": "error", "reason": "not_asked", "text": None, "label": None}
        row |= {"verdict": None, "is_right": None}
    (folder / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    blind = score_verdicts([Verdict(label, True) for label, _ in verdicts])
    summary = {
        **{"name": folder.name, "benchmark": "judge", "data_sha256": "7a1e" * 16},
        **{"bounds": {"no_image": blind.to_json()}, **facts},
    }
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


@pytest.fixture
def two_runs(tmp_path: Path) -> list[Path]:
    """The same 40 samples answered badly and well."""
    return [
        make_run(tmp_path / "before", name="untrained", typical_km=7000, seed=1),
        make_run(tmp_path / "after", name="stage 1", typical_km=150, seed=2),
    ]


@pytest.fixture
def run_maker() -> Callable[..., Path]:
    """`make_run` for tests that want runs of their own."""
    return make_run


@pytest.fixture
def judge_run_maker() -> Callable[..., Path]:
    """`make_judge_run` for tests that want judge runs of their own."""
    return make_judge_run


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page and, at the end, refuses errors, warnings and requests that left it."""
    complaints: list[str] = []
    contexts = []

    def open_page(path: Path, **options: object) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("file:", "data:", "blob:"))
                else complaints.append(request.url)
            ),
        )
        page.goto(path.as_uri())
        return page

    open_page.complaints = complaints  # type: ignore[attr-defined]
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
