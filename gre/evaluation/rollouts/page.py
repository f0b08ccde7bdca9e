"""`gre rollouts`: what a model wrote while rewards trained it, in one page that opens offline."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from gre.evaluation.pages.page import write_page
from gre.evaluation.pages.worldmap import map_svg
from gre.evaluation.rollouts import words
from gre.evaluation.rollouts.cards import make_cards
from gre.evaluation.rollouts.log import RolloutLog, choose_groups, read_rollouts
from gre.evaluation.rollouts.series import (
    Metrics,
    Points,
    count_reasons,
    ordered_reasons,
    read_metrics,
    series_of_rollouts,
)
from gre.evaluation.rollouts.step_charts import (
    SMOOTHED_FROM,
    StepLine,
    StepRange,
    line_chart,
    reason_chart,
    reason_colours,
    short,
    smoothed,
)

MAX_GROUPS = 120
"""Groups that a page carries where nobody says otherwise: 2 to 4 MB."""
MAX_BINS = 40
"""Bars of a chart of reasons."""
MAX_REWARD_LINES = 5
"""Reward functions drawn beside their sum."""


class _Source(NamedTuple):
    """A line of a chart: its name, its key in metrics.jsonl, and what to multiply it by."""

    name: str
    key: str
    factor: float = 1.0


class _ChartPlan(NamedTuple):
    title: str
    unit: str
    sources: Sequence[_Source]


# The trainer logs shares of the rollouts as fractions, the held-out set in percent.
CHARTS = (
    _ChartPlan("Mean reward", "", (_Source("sum", "reward"),)),
    _ChartPlan(
        "Right verdicts",
        "%",
        (_Source("rollouts", "right", 100.0), _Source("held out", "eval_judge_accuracy")),
    ),
    _ChartPlan(
        "Median distance",
        "km",
        (_Source("rollouts", "median_km"), _Source("held out", "eval_median_km")),
    ),
    _ChartPlan("Held out within 750 km", "%", (_Source("held out", "eval_acc_750km"),)),
    _ChartPlan("Reward scale θ", "km", (_Source("", "scale_km"),)),
    _ChartPlan("Groups without variance", "%", (_Source("", "frac_reward_zero_std", 100.0),)),
    _ChartPlan(
        "Readable answers",
        "%",
        (_Source("rollouts", "readable", 100.0), _Source("held out", "eval_readable")),
    ),
    _ChartPlan("Length in tokens", "", (_Source("", "completions/mean_length"),)),
    _ChartPlan("Cut off at the limit", "%", (_Source("", "completions/clipped_ratio", 100.0),)),
    _ChartPlan("KL to the reference", "", (_Source("", "kl"),)),
    _ChartPlan("Entropy", "", (_Source("", "entropy"),)),
)
"""Charts over the steps, in this order; one whose keys are not in the log is left out."""


def write_rollouts_page(folder: Path, out: Path, *, max_groups: int = MAX_GROUPS) -> None:
    """Write the page of a run's rollouts.

    Args:
        folder: What `gre train grpo` wrote: `rollouts.jsonl`, and `metrics.jsonl` if there is one.
        out: The HTML file: one, with everything inside, for any browser without a network.
        max_groups: Groups that it shows, at least 1; charts and figures count all there are.

    Raises:
        InputError: There are no rollouts, or a file cannot be read or written.
    """
    log = read_rollouts(folder)
    metrics = read_metrics(folder)
    groups = choose_groups(log.groups, max_groups=max_groups)
    cards = make_cards(log, groups)
    series = {**series_of_rollouts(log), **metrics.series}
    steps = _step_range(log, metrics)
    reasons, why_legend = _reasons(log, steps)
    context = {
        "title": words.headline(log),
        "run": folder.resolve().name,
        "lead": words.lead(log),
        "figures": words.figures(log),
        "warnings": words.warnings(log, metrics, cards),
        "charts": _charts(series, steps),
        "is_smoothed": any(len(points) >= SMOOTHED_FROM for points in series.values()),
        "reasons": reasons,
        "why_legend": why_legend,
        "shown": words.shown(log, groups, cards),
        "atlas": map_svg([], title="World map", element_id="atlas"),
        "has_map": any(glance.distance_km is not None for glance in log.glances),
        "folder": str(folder),
    }
    write_page(out, "rollouts.html", context, scripts=("rollouts.js",), data=cards.data)


def _step_range(log: RolloutLog, metrics: Metrics) -> StepRange:
    charted = {source.key for plan in CHARTS for source in plan.sources}
    logged = {step for key in charted for step, _ in metrics.series.get(key, ())}
    return StepRange(min({log.steps[0], *logged}), max({log.steps[-1], *logged}))


class _Chart(NamedTuple):
    title: str
    last: str
    svg: Markup
    legend: Sequence[StepLine]


def _charts(series: Mapping[str, Points], steps: StepRange) -> list[_Chart]:
    charts = []
    for plan in CHARTS:
        sources = [*plan.sources]
        if plan.sources[0].key == "reward":
            sources += _reward_sources(series)
        lines = [
            StepLine(source.name, f"run{css}", _scaled(series[source.key], source.factor))
            for css, source in enumerate(sources, start=1)
            if source.key in series
        ]
        if lines:
            svg = line_chart(lines, steps=steps, unit=plan.unit, title=f"{plan.title} over steps")
            charts.append(_Chart(plan.title, _last(lines[0], plan.unit), svg, lines))
    return charts


def _reward_sources(series: Mapping[str, Points]) -> list[_Source]:
    """The means of the single reward functions, as TRL names them, where there are several."""
    names = [
        key.removeprefix("rewards/").removesuffix("/mean")
        for key in series
        if key.startswith("rewards/") and key.endswith("/mean")
    ]
    if len(names) < 2:
        return []
    return [_Source(name, f"rewards/{name}/mean") for name in names[: MAX_REWARD_LINES - 1]]


def _scaled(points: Points, factor: float) -> Points:
    return [(step, value * factor) for step, value in points]


def _last(line: StepLine, unit: str) -> str:
    """The end of the line as it is drawn, smoothed where it is."""
    value = smoothed(line.points, unit)[-1][1]
    if unit == "%":
        return f"{value:.0f} %"
    return f"{value:,.0f} km" if unit == "km" and value >= 10 else f"{short(value)} {unit}".strip()


class _ReasonCard(NamedTuple):
    function: str
    svg: Markup


def _reasons(log: RolloutLog, steps: StepRange) -> tuple[list[_ReasonCard], list[tuple[str, str]]]:
    """A chart for each reward function, and the colours that they share."""
    counts = count_reasons(log, max_bins=MAX_BINS)
    colours = reason_colours(ordered_reasons(counts))
    return [
        _ReasonCard(count.function, reason_chart(count, steps=steps, colours=colours))
        for count in counts
    ], colours
