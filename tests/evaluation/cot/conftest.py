"""Finished runs of the sample world without a model: answers written by hand."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gre.evaluation.cot.items import References, read_references
from gre.metrics import score_errors


def bench_of(world: Path) -> Path:
    return world / "bench" / "test"


def gold_text(steps: tuple[str, ...], point: str = "1.000, 2.000") -> str:
    chain = " // ".join(f"{i}. {step}" for i, step in enumerate(steps, 1))
    return f"<think> {chain} </think> <answer> {point} </answer>"


def write_run(
    folder: Path,
    references: References,
    texts: Mapping[str, str | None],
    blind: Mapping[str, str | None] | None = None,
    **facts: object,
) -> Path:
    """A run folder as gre evaluate leaves it; a text of None is a sample that was not asked."""
    folder.mkdir(parents=True)

    def rows(answers: Mapping[str, str | None]) -> str:
        lines = []
        for identity, text in answers.items():
            reference = references.by_id[identity]
            row = {
                **{"id": identity, "image": str(reference.image_path), "text": text},
                **{"gt_lat": reference.truth.lat, "gt_lon": reference.truth.lon},
                **{"status": "error", "reason": "not_asked", "detail": "the photo is damaged"},
                **{"lat": None, "lon": None, "error_km": None, "groups": {}},
            }
            if text is not None:
                row |= {"status": "ok", "reason": None, "detail": None, "lat": 1.0, "lon": 2.0}
            lines.append(json.dumps(row) + "\n")
        return "".join(lines)

    (folder / "predictions.jsonl").write_text(rows(texts))
    if blind is not None:
        (folder / "no_image.jsonl").write_text(rows(blind))
    summary = {
        **score_errors([100.0] * len(texts)).to_json(),
        **{"name": folder.name, "benchmark": "greval_bench", "model": "by hand"},
        **{"data_sha256": references.data_sha256, "instruction": "Where is it?", **facts},
    }
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


@pytest.fixture(scope="session")
def bench(sample_world: Path) -> Path:
    return bench_of(sample_world)


@pytest.fixture(scope="session")
def references(bench: Path) -> References:
    return read_references(bench)


@pytest.fixture
def run_writer() -> Callable[..., Path]:
    return write_run


@pytest.fixture
def gold_run(tmp_path: Path, references: References) -> Path:
    """Every answer is the gold chain; the grey pictures' answers are those of the first photo."""
    texts = {r.id: gold_text(r.key_steps) for r in references.by_id.values()}
    first = next(iter(texts.values()))
    return write_run(tmp_path / "gold", references, texts, dict.fromkeys(texts, first))


def file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
