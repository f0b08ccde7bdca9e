"""One evaluation: ask a predictor about every sample once, then score what it said.

Files first. `answers.jsonl` grows while the model works, so that an interrupted run goes on where
it stopped; `predictions.jsonl` and `summary.json` are made from it when every sample is answered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL.Image import Image

from gre.data.images import ImageError, grey_image, image_size
from gre.evaluation.asking.once import ALONE, Answer, Share, ask_all, final_answers, keep_answers
from gre.evaluation.asking.run_folder import open_run, read_run_facts, write_json, write_jsonl
from gre.evaluation.benchmarks.loading import Benchmark, Sample
from gre.evaluation.predictors.base import FixedPredictor, Predictor
from gre.evaluation.runs.calibration import Calibration, calibrate
from gre.evaluation.runs.numbers import describe_coverage, describe_numbers, further_numbers
from gre.evaluation.runs.rows import Row, add_places, prediction_row
from gre.evaluation.runs.saved_run import Prediction, read_predictions, summarize
from gre.geo.distance import DISTANCES
from gre.geo.latlon import LatLon
from gre.metrics import RADII_KM, Protocol, Summary, score_errors

ANSWERS = "answers.jsonl"
BLIND_ANSWERS = "no_image_answers.jsonl"
"""Answers about grey pictures, by size: nothing else differs between them."""


@dataclass(frozen=True)
class RunResult:
    """A finished evaluation."""

    folder: Path
    summary: Summary
    bounds: Mapping[str, Summary]
    groups: Mapping[str, Mapping[str, Summary]]
    calibration: Calibration | None = None
    notes: Sequence[str] = ()


def evaluate(
    benchmark: Benchmark,
    predictor: Predictor | FixedPredictor,
    out: Path,
    *,
    batch_size: int,
    protocol: Protocol | None = None,
    radii_km: Sequence[float] = RADII_KM,
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
        radii_km: Radii to report, kilometres.
        with_no_image: Also ask about grey pictures of the same sizes: the bound of a model that
            sees nothing. Not done with a predictor that looks at no photo.
        on_answered: Called with the number of samples just answered, for a progress bar.

    Raises:
        InputError: `out` holds another evaluation.
    """
    with_no_image = with_no_image and not isinstance(predictor, FixedPredictor)
    answer_share(
        benchmark,
        predictor,
        out,
        batch_size=batch_size,
        with_no_image=with_no_image,
        on_answered=on_answered,
    )
    return finish_run(
        benchmark, out, protocol=protocol, radii_km=radii_km, with_no_image=with_no_image
    )


def answer_share(
    benchmark: Benchmark,
    predictor: Predictor | FixedPredictor,
    out: Path,
    *,
    batch_size: int,
    with_no_image: bool = True,
    on_answered: Callable[[int], None] | None = None,
    share: Share = ALONE,
) -> None:
    """Ask a predictor about a share of the samples: the part of a run that several processes do.

    Arguments as in `evaluate`.

    Raises:
        InputError: `out` holds another evaluation.
    """
    open_run(out, run_facts(benchmark, predictor), is_first=share.rank == 0)
    if isinstance(predictor, FixedPredictor):
        if share.rank == 0:
            keep_answers(predictor.answer_samples(benchmark.samples), out / ANSWERS)
        if on_answered:
            on_answered(len(benchmark.samples))
        return
    ask_all(
        benchmark.samples,
        lambda images, _: predictor.answer(images),
        out / ANSWERS,
        batch_size=batch_size,
        tell=on_answered or (lambda _: None),
        share=share,
    )
    if with_no_image:
        ask_all(
            blind_samples(benchmark.samples),
            lambda images, _: predictor.answer(images),
            out / BLIND_ANSWERS,
            batch_size=batch_size,
            tell=lambda _: None,
            look=_grey_like,
            share=share,
        )


def finish_run(
    benchmark: Benchmark,
    out: Path,
    *,
    protocol: Protocol | None = None,
    radii_km: Sequence[float] = RADII_KM,
    with_no_image: bool = True,
) -> RunResult:
    """Score a run whose samples are all answered, and write its files; no model is needed.

    Arguments as in `evaluate`.

    Raises:
        InputError: `out` holds no evaluation.
        GreError: A sample has no answer.
    """
    protocol = protocol or Protocol()
    files = answer_files(benchmark, out, with_no_image=with_no_image)
    answers = final_answers(out / ANSWERS, files[out / ANSWERS])
    rows = _make_rows(benchmark, answers, protocol)
    predictions = _write_predictions(out / "predictions.jsonl", rows, protocol)
    bounds = _bounds(benchmark, protocol, radii_km)
    if with_no_image:
        by_size = final_answers(out / BLIND_ANSWERS, files[out / BLIND_ANSWERS])
        blind = _spread_blind(benchmark.samples, answers, by_size)
        blind_rows = _make_rows(benchmark, blind, protocol)
        unseen = _write_predictions(out / "no_image.jsonl", blind_rows, protocol)
        bounds["no_image"] = summarize(unseen, protocol, radii_km=radii_km)
    else:  # what an earlier end of the same run left would be judged as if it belonged to this one
        (out / "no_image.jsonl").unlink(missing_ok=True)
    summary = summarize(predictions, protocol, radii_km=radii_km)
    numbers = further_numbers(predictions, summary, radii_km)
    calibration = calibrate(rows)
    write_json(
        out / "summary.json",
        {
            "name": out.name,
            **read_run_facts(out),
            **summary.to_json(),  # after the facts: its n leaves out what could not be asked
            "data": benchmark.describe_data(),
            **numbers,
            **({"calibration": calibration.to_json()} if calibration else {}),
            "bounds": {name: bound.to_json() for name, bound in bounds.items()},
        },
    )
    groups = {
        group: {value: Summary.from_json(part) for value, part in parts.items()}
        for group, parts in numbers["groups"].items()
    }
    notes = [*describe_coverage(summary), *describe_numbers(numbers)]
    return RunResult(out, summary, bounds, groups, calibration, notes)


def answer_files(benchmark: Benchmark, out: Path, *, with_no_image: bool) -> dict[Path, list[str]]:
    """The files of answers, the photos' first, and the ids that each holds when all is asked."""
    files = {out / ANSWERS: [sample.id for sample in benchmark.samples]}
    if with_no_image:
        files[out / BLIND_ANSWERS] = [sample.id for sample in blind_samples(benchmark.samples)]
    return files


def run_facts(benchmark: Benchmark, predictor: Predictor | FixedPredictor) -> dict[str, object]:
    """Everything that can change an answer: what an interrupted run must share to go on."""
    return benchmark.facts() | predictor.describe()


def blind_samples(samples: Sequence[Sample]) -> list[Sample]:
    """One sample per size of photo, named by the size; photos that cannot be opened have none."""
    by_size: dict[str, Sample] = {}
    for sample in samples:
        name = _size_name(sample)
        if name is not None:
            by_size.setdefault(name, Sample(name, sample.image_path, sample.truth))
    return list(by_size.values())


def _size_name(sample: Sample) -> str | None:
    if sample.fault:
        return None
    try:
        width, height = image_size(sample.image_path)
    except ImageError:
        return None
    return f"{width}x{height}"


def _grey_like(path: Path) -> Image:
    return grey_image(image_size(path))


def _spread_blind(
    samples: Sequence[Sample], answers: Mapping[str, Answer], by_size: Mapping[str, Answer]
) -> dict[str, Answer]:
    """The answer about the grey picture for each sample; what was not asked stays so."""
    spread = {}
    for sample in samples:
        answer, name = answers[sample.id], _size_name(sample)
        if answer.text is not None and name is not None:
            grey = by_size[name]
            answer = Answer(sample.id, grey.text, grey.error, grey.reason)
        spread[sample.id] = answer
    return spread


def _make_rows(
    benchmark: Benchmark, answers: Mapping[str, Answer], protocol: Protocol
) -> list[Row]:
    rows = [prediction_row(sample, answers[sample.id], protocol) for sample in benchmark.samples]
    add_places(rows)
    return rows


def _write_predictions(
    path: Path, rows: Sequence[Row], protocol: Protocol
) -> tuple[Prediction, ...]:
    """Write the rows, and read them back: what is scored is what is on the disk."""
    write_jsonl(path, rows)
    return read_predictions(path, protocol)


def _bounds(
    benchmark: Benchmark, protocol: Protocol, radii_km: Sequence[float]
) -> dict[str, Summary]:
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
    oracle = score_errors(errors_km, protocol=protocol, radii_km=radii_km, origin_km=origin_km)
    return {"oracle": oracle}
