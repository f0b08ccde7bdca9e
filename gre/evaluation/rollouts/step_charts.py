"""Small charts over the steps of a run as inline SVG: lines, and stacked bars of shares.

Each carries its range of steps in `data-first` and `data-last` and a hidden `cursor`, which a
page's script moves to the chosen step. Colours come from the style sheet by class: `run0`, `raw`,
`why0` to `why7`, `axis`, `grid`.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from gre.evaluation.rollouts.series import Points, ReasonCounts

NUM_REASON_COLOURS = 8
OTHERS = "other reasons"
REST_CLASS = f"why{NUM_REASON_COLOURS - 1}"
HEIGHT = 132.0
LEFT, TOP, BOTTOM = 42.0, 8.0, 108.0
"""The plot's inner rectangle; a page's script reads its ends from `data-left` and `data-right`."""
RIGHT, WIDE_RIGHT = 334.0, 514.0
"""Its right end, of a small and of a wide chart."""
MARGIN = 6.0
MAX_POINTS = 240
"""Points drawn per line; of more, neighbours are averaged."""
SMOOTHED_FROM = 30
"""Lines of at least this many points also get a moving mean or median."""
MAX_HALF_WINDOW = 100
"""Points to each side over which it is taken, at most."""
LOG_FROM_RATIO = 20.0
"""Distances whose largest is this many times the smallest stand on a logarithmic axis."""
_TEXT = Markup('<text class="axis" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
_LINE = Markup('<path class="{}" d="{}"/>')
_BAR = Markup(
    '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
)


class StepLine(NamedTuple):
    """One line of a chart: its name in the legend, its colour class, its values."""

    name: str
    css: str
    points: Points


class StepRange(NamedTuple):
    """First and last step of all charts of a page, and where the last one ends."""

    first: int
    last: int
    right: float = RIGHT

    def x(self, step: float) -> float:
        """Where a step stands; each takes the same width, a single one the middle."""
        share = (step - self.first + 0.5) / (self.last - self.first + 1)
        return LEFT + share * (self.right - LEFT)


class _Axis(NamedTuple):
    low: float
    high: float
    ticks: Sequence[float]
    is_log: bool = False

    def y(self, value: float) -> float:
        low, high, value = self.low, self.high, min(max(value, self.low), self.high)
        if self.is_log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP)


def line_chart(lines: Sequence[StepLine], *, steps: StepRange, unit: str, title: str) -> Markup:
    """Draw values over steps; where there are many, faint, with the smoothed line on top.

    Args:
        lines: At least one, each with at least one point.
        steps: What the axis spans.
        unit: "%", "km" or "".
        title: What the chart shows, for those who cannot see it.
    """
    axis = _axis([value for line in lines for _, value in line.points], unit)
    parts = [_y_ticks(axis, unit, steps), _x_ticks(steps)]
    for line in lines:
        points = _thinned(line.points)
        smooth = smoothed(line.points, unit)
        if smooth is not line.points:
            parts.append(_LINE.format(f"curve raw {line.css}", _path(points, steps, axis)))
            points = _thinned(smooth)
        parts.append(_LINE.format(f"curve {line.css}", _path(points, steps, axis)))
        if len(points) <= SMOOTHED_FROM:
            for step, value in points:
                dot = f"M{steps.x(step):.1f} {axis.y(value):.1f}h0"
                parts.append(_LINE.format(f"dot {line.css}", dot))
    return _svg(parts, steps, title)


def smoothed(points: Points, unit: str) -> Points:
    """The centred moving mean over a twentieth of the points; of distances, the moving median.

    A mean of distances would follow the few photos that are half a world off. Few points stay as
    they are, and so does what moves in steps, like a schedule.
    """
    values = np.array([value for _, value in points])
    if len(points) < SMOOTHED_FROM or np.count_nonzero(np.diff(values)) < len(points) / 10:
        return points
    middle = np.median if unit == "km" else np.mean
    half = min(MAX_HALF_WINDOW, max(1, len(points) // 40))
    return [
        (step, float(middle(values[max(0, place - half) : place + half + 1])))
        for place, (step, _) in enumerate(points)
    ]


def reason_chart(
    counts: ReasonCounts, *, steps: StepRange, colours: Sequence[tuple[str, str]]
) -> Markup:
    """Draw the share of each reason as stacked bars over stretches of steps.

    Args:
        counts: How often each reason stood where.
        steps: What the axis spans.
        colours: From `reason_colours`.
    """
    steps = steps._replace(right=WIDE_RIGHT)
    axis = _percent_axis(100.0)
    parts = [_y_ticks(axis, "%", steps), _x_ticks(steps)]
    edges = _edges([(first, last) for first, last, _ in counts.bins], steps)
    for (first, last, counter), left, right in zip(counts.bins, edges[:-1], edges[1:], strict=True):
        total, below = sum(counter.values()), 0.0
        gap = min(0.75, (right - left) / 8)
        when = f"step {first:,}" if first == last else f"steps {first:,} to {last:,}"
        named = [(reason, counter[reason], css) for reason, css in colours if reason != OTHERS]
        rest = (OTHERS, total - sum(count for _, count, _ in named), REST_CLASS)
        for reason, count, css in (*named, rest):
            top, bottom = axis.y(below + 100.0 * count / total), axis.y(below)
            below += 100.0 * count / total
            if count:
                words = f"{when}: {100.0 * count / total:.0f} % {reason} ({count:,} of {total:,})"
                box = (left + gap, top, right - left - 2 * gap, bottom - top)
                parts.append(_BAR.format(css, *box, words))
    return _svg(parts, steps, f"Share of each reason of {counts.function} over the steps")


def reason_colours(reasons: Sequence[str]) -> list[tuple[str, str]]:
    """Each reason with its colour class; those that are too many become `OTHERS`."""
    named = [(reason, f"why{place}") for place, reason in enumerate(reasons)]
    if len(named) <= NUM_REASON_COLOURS:
        return named
    return [*named[: NUM_REASON_COLOURS - 1], (OTHERS, REST_CLASS)]


def _edges(bins: Sequence[tuple[int, int]], steps: StepRange) -> list[float]:
    """Where bars meet: half way between the last step of one and the first of the next."""
    between = [(one[1] + two[0]) / 2 for one, two in pairwise(bins)]
    ends = (bins[0][0] - 0.5, bins[-1][1] + 0.5)
    return [steps.x(edge) for edge in (ends[0], *between, ends[1])]


def _axis(values: Sequence[float], unit: str) -> _Axis:
    if unit == "%":
        return _percent_axis(max(values))
    low, high = min(values), max(values)
    if unit == "km" and low > 0 and high / low >= LOG_FROM_RATIO:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [10.0**power for power in powers]
        return _Axis(ticks[0], ticks[-1], ticks, is_log=True)
    if 0 <= low < 0.6 * high or unit == "km":
        low = min(low, 0.0)
    step = _nice_step((high - low) or abs(high) or 1.0)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    return _Axis(first * step, last * step, [i * step for i in range(first, last + 1)])


def _percent_axis(highest: float) -> _Axis:
    """From 0 to the whole, or to less where all values are small."""
    top = next((top for top in (10.0, 20.0, 50.0) if highest <= top), 100.0)
    return _Axis(0.0, top, (0.0, top / 2, top))


def _nice_step(span: float) -> float:
    """A step of 1, 2, 2.5 or 5 times a power of ten that cuts a span into at most four."""
    power = 10.0 ** math.floor(math.log10(span / 4))
    return next((power * n for n in (1, 2, 2.5, 5) if power * n * 4 >= span), power * 10)


def _y_ticks(axis: _Axis, unit: str, steps: StepRange) -> Markup:
    parts = []
    for tick in axis.ticks:
        y = axis.y(tick)
        parts.append(_LINE.format("grid", f"M{LEFT:g} {y:.1f}H{steps.right:g}"))
        parts.append(_TEXT.format(LEFT - 6, y + 4, "end", f"{short(tick)}{' %' * (unit == '%')}"))
    return Markup("").join(parts)


def short(value: float) -> str:
    """A number in few characters: 12,500, 0.25, 3e-05."""
    if value == 0 or 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _x_ticks(steps: StepRange) -> Markup:
    y = BOTTOM + 17
    if steps.first == steps.last:
        return _TEXT.format(steps.x(steps.first), y, "middle", f"step {steps.first:,}")
    return _TEXT.format(LEFT, y, "start", f"step {steps.first:,}") + _TEXT.format(
        steps.right, y, "end", f"{steps.last:,}"
    )


def _thinned(points: Points) -> Points:
    size = -(-len(points) // MAX_POINTS)
    if size <= 1:
        return points
    chunks = [points[start : start + size] for start in range(0, len(points), size)]
    return [
        (chunk[len(chunk) // 2][0], math.fsum(value for _, value in chunk) / len(chunk))
        for chunk in chunks
    ]


def _path(points: Points, steps: StepRange, axis: _Axis) -> str:
    return "M" + "L".join(f"{steps.x(step):.1f} {axis.y(value):.1f}" for step, value in points)


def _svg(parts: Sequence[Markup], steps: StepRange, title: str) -> Markup:
    return Markup(
        '<svg class="chart stepchart" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}"'
        ' data-first="{}" data-last="{}" data-left="{:g}" data-right="{:g}">{}'
        '<path class="cursor" d="M0 {:g}V{:g}" hidden=""/></svg>'
    ).format(
        steps.right + MARGIN, HEIGHT, title, steps.first, steps.last, LEFT, steps.right,
        Markup("").join(parts), TOP, BOTTOM,
    )  # fmt: skip
