"""The benchmarks as inspect_ai tasks: its models, logs and viewer; our questions and numbers.

    inspect eval gre/adapters/inspect_task.py --model openai/NAME -T benchmark=im2gps3k -T data=DIR

It needs an environment with `inspect-ai`: that pins another version of click than ours.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser, ContentImage, ContentText
from inspect_ai.scorer import NOANSWER, Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import TaskState, generate

from gre.answers import ParseFailure, read_latlon
from gre.evaluation.benchmarks import samples as ours
from gre.evaluation.benchmarks.loading import load_benchmark
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.metrics import RADII_KM, Summary, radius_key, score_errors
from gre.prompts import LOCATE_INSTRUCTION


@task
def gre_locate(
    benchmark: str = "greval_bench",
    data: str = "benchmark/bench_data",
    instruction: str = LOCATE_INSTRUCTION,
) -> Task:
    """Ask a model where the photos of a benchmark were taken.

    Photos that cannot be used are left out, as `gre evaluate` counts them apart.

    Args:
        benchmark: A name that `gre evaluate --benchmark` takes.
        data: Its folder; relative to the working directory.
        instruction: The question.
    """
    loaded = load_benchmark(benchmark, Path(data))
    asked = [_ask(sample, instruction) for sample in loaded.samples if sample.fault is None]
    dataset = MemoryDataset(asked, name=benchmark, location=str(loaded.source))
    return Task(dataset=dataset, solver=generate(), scorer=distance(), name=f"gre_{benchmark}")


def _ask(sample: ours.Sample, instruction: str) -> Sample:
    photo = ContentImage(image=str(sample.image_path.resolve()))
    return Sample(
        id=sample.id,
        input=[ChatMessageUser(content=[photo, ContentText(text=instruction)])],
        target=f"{sample.truth.lat!r}, {sample.truth.lon!r}",
    )


def _number(name: str, pick: Callable[[Summary], float]) -> Metric:
    """A number of `gre score` as a metric of inspect_ai, named as in our tables."""

    @metric(name=name)
    def make() -> Metric:
        def compute(scores: list[SampleScore]) -> float:
            errors = [float((score.score.metadata or {})["error_km"]) for score in scores]
            return pick(score_errors(np.array(errors)))

        return compute

    return make()


def _within(key: str) -> Metric:
    return _number(f"within_{key}_km", lambda summary: summary.accuracy[key])


METRICS = [
    *(_within(radius_key(km)) for km in RADII_KM),
    _number("median_km", lambda summary: summary.median_km),
    _number("geoscore", lambda summary: summary.geoscore),
    _number("n_readable", lambda summary: float(summary.n_readable)),
]


@scorer(metrics=METRICS, name="distance")
def distance() -> Scorer:
    """Kilometres between answer and truth; an unreadable answer is a miss in every metric."""

    async def score(state: TaskState, target: Target) -> Score:
        lat, lon = map(float, target.text.split(","))
        text = state.output.completion
        reading = read_latlon(text)
        if isinstance(reading, ParseFailure):
            facts = {"error_km": math.nan, "reason": reading.reason.value}
            return Score(value=0, answer=NOANSWER, explanation=reading.detail, metadata=facts)
        error_km = great_circle_km(reading, LatLon(lat, lon))
        said, facts = f"{reading.lat}, {reading.lon}", {"error_km": error_km}
        return Score(value=error_km, answer=said, explanation=text, metadata=facts)

    return score
