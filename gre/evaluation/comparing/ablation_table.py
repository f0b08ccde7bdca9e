"""The ablation as a table: Markdown, and the rows of the console."""

import math
from collections.abc import Iterator, Sequence

from gre.evaluation.comparing.ablation import (
    BASELINE,
    CHALLENGERS,
    MODELS,
    PAIRED_COLUMNS,
    SINGLE,
    Ablation,
    Challenge,
    Difference,
    Seed,
)
from gre.evaluation.comparing.ablation_values import (
    COLUMNS,
    Value,
    protocols,
    seed_values,
    sizes,
    spread,
)
from gre.evaluation.comparing.paired import HALF_CIRCUMFERENCE_KM, PAIRED_RESAMPLES

NOT_RUN = "not run"


def summary_heads(ablation: Ablation) -> list[str]:
    """Heads of the columns of `summary_rows`, without that of the model."""
    return [*COLUMNS.values(), *([] if len(ablation.seeds) == 1 else ["seeds"])]


def summary_rows(ablation: Ablation) -> Iterator[tuple[str, list[str]]]:
    """Name and cells of each model: the mean over seeds, and the range where there are several."""
    for model, name in MODELS.items():
        cells = [_spread_cell(ablation, model, column) for column in COLUMNS]
        yield name, [*cells, *([] if len(ablation.seeds) == 1 else [_num_seeds(ablation, model)])]


def to_markdown(ablation: Ablation) -> str:
    """The whole table with its notes."""
    is_single = len(ablation.seeds) == 1
    parts = [
        "# Ablation",
        f"{sizes(ablation)}." + ("" if is_single else " Mean over seeds, smallest to largest."),
        _table(["model", *summary_heads(ablation)], [[n, *c] for n, c in summary_rows(ablation)]),
        *_notes(ablation),
    ]
    parts += [f"## {_title(seed)}\n\n{_seed_table(seed)}" for seed in ablation.seeds]
    parts += [
        f"## Differences to {MODELS[BASELINE]} on the same samples",
        _difference_table(ablation),
        "Points for accuracies, km for the median (below zero is better), 95 % interval in "
        "brackets. **Bold**: the interval excludes zero. Intervals of accuracies: Newcombe's "
        f"paired method; of the median: {PAIRED_RESAMPLES:,} paired resamples, where an unreadable "
        "answer counts as half the circumference of the Earth, "
        f"{HALF_CIRCUMFERENCE_KM:,.0f} km. They cover the chance of the samples within one seed, "
        "not that of training again.",
    ]
    return "\n\n".join(parts) + "\n"


def _spread_cell(ablation: Ablation, model: str, column: str) -> str:
    found = spread(ablation, model, column)
    if found is None:
        has_run = any(column in seed_values(seed, model) for seed in ablation.seeds)
        return "–" if has_run else NOT_RUN
    text = _number(found.mean, column)
    if found.num_seeds > 1:
        text += f" ({_number(found.low, column)}–{_number(found.high, column)})"
    return text


def _num_seeds(ablation: Ablation, model: str) -> str:
    """Seeds in which the model located and judged: "3", or "3 and 1" where they differ."""
    num_located = sum(model in seed.located for seed in ablation.seeds)
    num_judged = sum(model in seed.judged for seed in ablation.seeds)
    return str(num_located) if num_located == num_judged else f"{num_located} and {num_judged}"


def _seed_table(seed: Seed) -> str:
    rows = []
    for model, name in MODELS.items():
        values = seed_values(seed, model)
        located, judged = seed.located.get(model), seed.judged.get(model)
        counts = [f"{run.summary.n:,}" if run else NOT_RUN for run in (located, judged)]
        rows.append([name, *(_value_cell(values.get(c), c) for c in COLUMNS), *counts])
    return _table(["model", *COLUMNS.values(), "N located", "N judged"], rows)


def _value_cell(value: Value | None, column: str) -> str:
    if value is None:
        return NOT_RUN
    if math.isnan(value.value):
        return "–"
    text = _number(value.value, column)
    if value.ci95 is None:
        return text
    return f"{text} [{_number(value.ci95.low, column)}, {_number(value.ci95.high, column)}]"


def _difference_table(ablation: Ablation) -> str:
    heads = ["difference", "seed", *(COLUMNS[column] for column in PAIRED_COLUMNS)]
    rows = []
    for place, model in enumerate(CHALLENGERS):
        name = f"{MODELS[model]} − {MODELS[BASELINE]}"
        challenges = {seed.name: seed.challenges[place] for seed in ablation.seeds}
        for seed, challenge in challenges.items():
            cells = [_difference_cell(_get(challenge, c), c) for c in PAIRED_COLUMNS]
            counts = [
                f"{count:,}" if count else NOT_RUN
                for count in (challenge.num_located, challenge.num_judged)
            ]
            rows.append([name, seed, *cells, *counts])
        if len(challenges) > 1:
            means = [_mean_cell(list(challenges.values()), column) for column in PAIRED_COLUMNS]
            rows.append([name, "mean (smallest to largest)", *means, "", ""])
    return _table([*heads, "N located", "N judged"], rows)


def _mean_cell(challenges: Sequence[Challenge], column: str) -> str:
    found = [d.difference for c in challenges if (d := _get(c, column)) is not None]
    if not found:
        return NOT_RUN
    mean, low, high = (
        _number(value, column, sign="+")
        for value in (sum(found) / len(found), min(found), max(found))
    )
    return f"{mean} ({low} to {high})" if len(found) > 1 else mean


def _get(challenge: Challenge, column: str) -> Difference | None:
    return challenge.differences.get(column)


def _difference_cell(found: Difference | None, column: str) -> str:
    if found is None:
        return NOT_RUN
    difference, low, high = (
        _number(value, column, sign="+")
        for value in (found.difference, found.ci95.low, found.ci95.high)
    )
    text = f"{difference} [{low}, {high}]"
    return f"**{text}**" if found.excludes_zero else text


def _number(value: float, column: str, *, sign: str = "") -> str:
    digits = 0 if column == "median_km" and abs(value) >= 100 else 1
    return f"{value:{sign},.{digits}f}".replace("-", "−")


def _notes(ablation: Ablation) -> list[str]:
    notes = [
        "Accuracies, readable and judge accuracy in percent; readable: share of answers from which "
        "a point could be read; the median covers those answers alone.",
        *(f"Protocol: {line}." for line in protocols(ablation)),
        *(
            ["Seeds: how many located and, where it is another number, how many judged."]
            if len(ablation.seeds) > 1
            else []
        ),
    ]
    if ablation.unfinished:
        names = ", ".join(str(path.relative_to(ablation.folder)) for path in ablation.unfinished)
        notes.append(f"Begun and not finished, so not in the table: {names}.")
    return notes


def _title(seed: Seed) -> str:
    return "With 95 % intervals" if seed.name == SINGLE else seed.name


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
