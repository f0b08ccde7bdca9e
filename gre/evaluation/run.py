"""One evaluation: ask a predictor about every sample once, then score what it said.

Files first. `answers.jsonl` grows while the model works, so that an interrupted run goes on where
it stopped; `predictions.jsonl` and `summary.json` are made from it when every sample is answered.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL.Image import Image

from gre.answers import ParseFailure, read_latlon
from gre.data.images import ImageError, grey_image, image_size, load_image
from gre.environment import describe
from gre.errors import InputError
from gre.evaluation.benchmarks import Benchmark, Sample
from gre.evaluation.predictors import Predictor
from gre.geo.distance import DISTANCES
from gre.geo.latlon import LatLon
from gre.metrics import Protocol, Summary, score_errors

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What came back for one sample: a text, or why the sample could not be asked."""

    id: str
    text: str | None
    error: str | None = None


@dataclass(frozen=True)
class RunResult:
    """A finished evaluation."""

    folder: Path
    summary: Summary
    bounds: Mapping[str, Summary]
    groups: Mapping[str, Mapping[str, Summary]]


def evaluate(
    benchmark: Benchmark,
    predictor: Predictor,
    out: Path,
    *,
    batch_size: int,
    protocol: Protocol | None = None,
    with_no_image: bool = True,
    on_answered: Callable[[int], None] | None = None,
) -> RunResult:
    """Evaluate a predictor on a benchmark into a run folder, or go on with an interrupted run.

    Args:
        benchmark: Samples with truth.
        predictor: Who answers.
        out: Run folder.
        batch_size: Photos per call.
        protocol: How errors are counted.
        with_no_image: Also ask about grey pictures of the same sizes: the bound of a model that
            sees nothing.
        on_answered: Called with the number of samples just answered, for a progress bar.

    Raises:
        InputError: `out` holds another evaluation.
    """
    protocol = protocol or Protocol()
    facts = {
        "benchmark": benchmark.name,
        "n": len(benchmark.samples),
        "data_sha256": benchmark.data_sha256,
        "sample_ids_sha256": benchmark.ids_sha256,
        **predictor.describe(),
    }
    _open_run(out, facts)
    tell = on_answered or (lambda _: None)
    answers = _ask_all(benchmark.samples, predictor, out, batch_size=batch_size, tell=tell)
    rows = [prediction_row(sample, answers[sample.id], protocol) for sample in benchmark.samples]
    bounds = _bounds(benchmark, protocol)
    if with_no_image:
        blind = answer_blind(benchmark.samples, predictor, answers, batch_size=batch_size)
        blind_rows = [prediction_row(s, blind[s.id], protocol) for s in benchmark.samples]
        _write_jsonl(out / "no_image.jsonl", blind_rows)
        bounds["no_image"] = summarize(blind_rows, protocol)
    summary = summarize(rows, protocol)
    groups = _group_summaries(rows, protocol)
    _write_jsonl(out / "predictions.jsonl", rows)
    _write_json(
        out / "summary.json",
        {
            **summary.to_json(),
            "name": out.name,
            **facts,
            "groups": {
                group: {value: part.to_json() for value, part in parts.items()}
                for group, parts in groups.items()
            },
            "bounds": {name: bound.to_json() for name, bound in bounds.items()},
        },
    )
    return RunResult(out, summary, bounds, groups)


def prediction_row(sample: Sample, answer: Answer, protocol: Protocol) -> dict[str, object]:
    """One line of `predictions.jsonl`. Status "error": not asked, so neither hit nor miss."""
    row: dict[str, object] = {
        "id": sample.id,
        "image": str(sample.image_path),
        "gt_lat": sample.truth.lat,
        "gt_lon": sample.truth.lon,
        "text": answer.text,
        "status": "ok",
        "reason": None,
        "detail": None,
        "lat": None,
        "lon": None,
        "error_km": None,
        "groups": dict(sample.groups),
    }
    if answer.text is None:
        return row | {"status": "error", "reason": "not_asked", "detail": answer.error}
    reading = read_latlon(answer.text)
    if isinstance(reading, ParseFailure):
        return row | {"status": "failed", "reason": reading.reason.value, "detail": reading.detail}
    error_km = DISTANCES[protocol.distance](reading, sample.truth)
    return row | {"lat": reading.lat, "lon": reading.lon, "error_km": error_km}


def summarize(rows: Sequence[Mapping[str, object]], protocol: Protocol) -> Summary:
    """Score rows of `predictions.jsonl`; rows with status "error" are counted apart."""
    asked = [row for row in rows if row["status"] != "error"]
    errors_km = np.array(
        [np.nan if row["error_km"] is None else row["error_km"] for row in asked], dtype=np.float64
    )
    origin_km = [
        DISTANCES[protocol.distance](LatLon(0.0, 0.0), LatLon(row["gt_lat"], row["gt_lon"]))  # type: ignore[arg-type]
        for row in asked
    ]
    return score_errors(
        errors_km, protocol=protocol, origin_km=origin_km, n_errors=len(rows) - len(asked)
    )


def answer_blind(
    samples: Sequence[Sample],
    predictor: Predictor,
    answers: Mapping[str, Answer],
    *,
    batch_size: int,
) -> dict[str, Answer]:
    """Ask about a grey picture in place of each photo: once per size, since nothing else differs.

    Samples that could not be asked with their photo are not asked here either.
    """
    sizes = {
        sample.id: image_size(sample.image_path)
        for sample in samples
        if answers[sample.id].text is not None
    }
    distinct = sorted(set(sizes.values()))
    texts: list[str] = []
    for start in range(0, len(distinct), batch_size):
        pictures = [grey_image(size) for size in distinct[start : start + batch_size]]
        texts += predictor.answer(pictures)
    by_size = dict(zip(distinct, texts, strict=True))
    return {
        sample.id: Answer(sample.id, by_size[sizes[sample.id]])
        if sample.id in sizes
        else answers[sample.id]
        for sample in samples
    }


def _ask_all(
    samples: Sequence[Sample],
    predictor: Predictor,
    out: Path,
    *,
    batch_size: int,
    tell: Callable[[int], None],
) -> dict[str, Answer]:
    answers = _read_answers(out / "answers.jsonl")
    wanted = {sample.id for sample in samples}
    answers = {key: answer for key, answer in answers.items() if key in wanted}
    tell(len(answers))
    waiting = [sample for sample in samples if sample.id not in answers]
    with (out / "answers.jsonl").open("a", encoding="utf-8") as sink:
        for batch in _batches_by_size(waiting, batch_size):
            for answer in _ask(batch, predictor):
                line = {"id": answer.id, "text": answer.text, "error": answer.error}
                sink.write(json.dumps(line, ensure_ascii=False) + "\n")
                answers[answer.id] = answer
            sink.flush()
            tell(len(batch))
    return answers


def _ask(batch: Sequence[Sample], predictor: Predictor) -> list[Answer]:
    images: list[Image] = []
    asked: list[Sample] = []
    failed: list[Answer] = []
    for sample in batch:
        if sample.fault:
            failed.append(Answer(sample.id, None, sample.fault))
            continue
        try:
            images.append(load_image(sample.image_path))
        except ImageError as error:  # one bad photo must not end the run
            logger.warning("%s", error)
            failed.append(Answer(sample.id, None, str(error)))
        else:
            asked.append(sample)
    texts = predictor.answer(images) if images else []
    return [Answer(s.id, text) for s, text in zip(asked, texts, strict=True)] + failed


def _batches_by_size(samples: Sequence[Sample], batch_size: int) -> Iterator[list[Sample]]:
    """Largest photos first: similar sizes share a batch, and memory runs out early or never."""

    def area(sample: Sample) -> tuple[int, str]:
        if sample.fault:
            return (0, sample.id)
        try:
            width, height = image_size(sample.image_path)
        except ImageError:
            return (0, sample.id)
        return (-width * height, sample.id)

    ordered = sorted(samples, key=area)
    for start in range(0, len(ordered), batch_size):
        yield ordered[start : start + batch_size]


def _bounds(benchmark: Benchmark, protocol: Protocol) -> dict[str, Summary]:
    if benchmark.oracle is None:
        return {}
    distance = DISTANCES[protocol.distance]
    errors_km = [
        distance(benchmark.oracle[sample.id], sample.truth)
        if sample.id in benchmark.oracle
        else float("nan")
        for sample in benchmark.samples
    ]
    origin_km = [distance(LatLon(0.0, 0.0), sample.truth) for sample in benchmark.samples]
    return {"oracle": score_errors(errors_km, protocol=protocol, origin_km=origin_km)}


def _group_summaries(
    rows: Sequence[Mapping[str, object]], protocol: Protocol
) -> dict[str, dict[str, Summary]]:
    """Summaries by group and value, e.g. {"seen": {"yes": {...}, "no": {...}}}."""
    members: dict[str, dict[str, list[Mapping[str, object]]]] = {}
    for row in rows:
        groups = row["groups"]
        assert isinstance(groups, dict)
        for group, value in groups.items():
            members.setdefault(group, {}).setdefault(value, []).append(row)
    return {
        group: {value: summarize(part, protocol) for value, part in sorted(parts.items())}
        for group, parts in sorted(members.items())
        if len(parts) <= MAX_GROUP_VALUES
    }


MAX_GROUP_VALUES = 64
"""A group with more values than this says nothing by itself; its rows keep them all the same."""


def _open_run(out: Path, facts: Mapping[str, object]) -> None:
    """Make the run folder, or check that the one there belongs to the same evaluation."""
    config_path = out / "config.json"
    if config_path.exists():
        try:
            old = json.loads(config_path.read_text(encoding="utf-8"))["run"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{config_path}: is damaged ({error}); name a new --out") from error
        differing = sorted(key for key in {*old, *facts} if old.get(key) != facts.get(key))
        if differing:
            key = differing[0]
            raise InputError(
                f"{out}: holds another evaluation ({key} was {old.get(key)!r}, is"
                f" {facts.get(key)!r}); name a new --out"
            )
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is not empty and holds no evaluation; name a new --out")
    out.mkdir(parents=True, exist_ok=True)
    _write_json(config_path, {"run": dict(facts), "environment": describe()})


def _read_answers(path: Path) -> dict[str, Answer]:
    """Read the answers so far; a last line cut by an interruption is dropped and written again."""
    if not path.exists():
        return {}
    answers: dict[str, Answer] = {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    kept = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            answer = Answer(row["id"], row["text"], row["error"])
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines):
                break
            raise InputError(
                f"{path}:{number}: is damaged ({error}); delete the line to ask again"
            ) from error
        if not line.endswith("\n"):
            break
        answers[answer.id] = answer
        kept.append(line)
    if len(kept) < len(lines):
        _write_text(path, "".join(kept))
    return answers


def _write_jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    _write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _write_json(path: Path, value: Mapping[str, object]) -> None:
    _write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _write_text(path: Path, text: str) -> None:
    """Write aside and rename, so that a file is never half-written."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
