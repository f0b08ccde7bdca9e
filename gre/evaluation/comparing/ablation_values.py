"""The numbers of the ablation: by model and seed, over seeds, and as JSON."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gre.evaluation.comparing.ablation import BASELINE, MODELS, PAIRED_COLUMNS, Ablation, Seed
from gre.evaluation.comparing.paired_runs import JUDGE_ACCURACY
from gre.intervals import Interval
from gre.metrics import RADII_KM, radius_key

RADIUS_KEYS = tuple(map(radius_key, RADII_KM))
COLUMNS: Mapping[str, str] = {
    **{key: f"{int(key):,} km" for key in RADIUS_KEYS},
    "median_km": "median km",
    "readable": "readable",
    JUDGE_ACCURACY: "judge accuracy",
}
"""Number to the head of its column; all but median_km are percent."""


@dataclass(frozen=True)
class Value:
    """A number of one model in one seed, NaN where it is not defined."""

    value: float
    ci95: Interval | None
    n: int


@dataclass(frozen=True)
class Spread:
    """A number of one model over the seeds that have it.

    Attributes:
        mean: Over seeds, every seed counting alike.
        low, high: The smallest and the largest.
        num_seeds: How many have it.
    """

    mean: float
    low: float
    high: float
    num_seeds: int


def seed_values(seed: Seed, model: str) -> Mapping[str, Value]:
    """The numbers of a model in one seed, by key in COLUMNS; those that were not run are absent."""
    values: dict[str, Value] = {}
    if run := seed.located.get(model):
        summary = run.summary
        for key in RADIUS_KEYS:
            values[key] = Value(summary.accuracy[key], summary.ci95[key], summary.denominator)
        values["median_km"] = Value(summary.median_km, summary.median_km_ci95, summary.n_readable)
        share = 100.0 * summary.n_readable / summary.n if summary.n else math.nan
        values["readable"] = Value(share, None, summary.n)
    if judge := seed.judged.get(model):
        rate = judge.summary.accuracy
        values[JUDGE_ACCURACY] = Value(rate.percent, rate.ci95, rate.n)
    return values


def spread(ablation: Ablation, model: str, column: str) -> Spread | None:
    """Mean and range over seeds; None where no seed has the number."""
    found = [seed_values(seed, model).get(column) for seed in ablation.seeds]
    known = [value.value for value in found if value and not math.isnan(value.value)]
    if not known:
        return None
    return Spread(sum(known) / len(known), min(known), max(known), len(known))


def sizes(ablation: Ablation) -> str:
    """How many seeds and samples there are: "3 seeds, N = 500 located, 200 judged"."""
    located = {run.summary.n for seed in ablation.seeds for run in seed.located.values()}
    judged = {run.summary.n for seed in ablation.seeds for run in seed.judged.values()}
    count = len(ablation.seeds)
    seeds = "1 seed" if count == 1 else f"{count} seeds"
    return f"{seeds}, N = {_counts(located)} located, {_counts(judged)} judged"


def protocols(ablation: Ablation) -> list[str]:
    """How the errors of the runs were measured and counted: one line, or several that differ."""
    runs = [run for seed in ablation.seeds for run in seed.located.values()]
    return list(dict.fromkeys(run.protocol.describe() for run in runs))


def to_json(ablation: Ablation) -> dict[str, Any]:  # Any: nested plain values, for json.dumps
    """Everything in the table as plain values; what was not run or is undefined is null."""
    return {
        "folder": str(ablation.folder),
        "seeds": [seed.name for seed in ablation.seeds],
        "models": {model: _model_json(ablation, model) for model in MODELS},
        "differences": [
            {
                "seed": seed.name,
                "model": challenge.model,
                "baseline": BASELINE,
                "n_located": challenge.num_located,
                "n_judged": challenge.num_judged,
                **{
                    column: found.to_json()
                    if (found := challenge.differences.get(column))
                    else None
                    for column in PAIRED_COLUMNS
                },
            }
            for seed in ablation.seeds
            for challenge in seed.challenges
        ],
        "protocols": protocols(ablation),
        "unfinished": [str(path) for path in ablation.unfinished],
    }


def _model_json(ablation: Ablation, model: str) -> dict[str, Any]:
    by_seed = {seed.name: seed_values(seed, model) for seed in ablation.seeds}
    spreads = {column: spread(ablation, model, column) for column in COLUMNS}
    return {
        "name": MODELS[model],
        "seeds": {
            seed: {column: _value_json(values.get(column)) for column in COLUMNS}
            for seed, values in by_seed.items()
        },
        "over_seeds": {
            column: None
            if found is None
            else {
                **{"mean": found.mean, "low": found.low, "high": found.high},
                "n_seeds": found.num_seeds,
            }
            for column, found in spreads.items()
        },
    }


def _value_json(value: Value | None) -> dict[str, Any] | None:
    if value is None or math.isnan(value.value):
        return None
    ci95 = None if value.ci95 is None else [value.ci95.low, value.ci95.high]
    return {"value": value.value, "ci95": ci95, "n": value.n}


def _counts(counts: set[int]) -> str:
    if not counts:
        return "0"
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
