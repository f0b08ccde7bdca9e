"""Charts of a report as inline SVG: accuracy over distance, distribution of errors, group bars.

Colours come from the page's style sheet by class: `run0` to `run5`, `bound`, `axis`, `grid`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from gre.intervals import wilson
from gre.metrics import Summary

NUM_RUN_COLOURS = 6
HALF_GLOBE_KM = 20_015.1
"""Half the circumference of the 6371.0 km sphere: no error is larger."""
MIN_KM = 1.0
"""Left end of the distance axes; closer errors are drawn there."""
TICKS_KM = (1, 25, 200, 750, 2500)
BINS_PER_DECADE = 5
_TEXT = Markup('<text class="axis" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
_LINE = Markup('<path class="{}" d="{}"/>')


@dataclass(frozen=True)
class Curve:
    """One run in the charts.

    Attributes:
        name: Shown in the chart's description.
        errors_km: Of the readable samples, in any order.
        summary: The same as numbers.
        css: Class that gives the colour.
    """

    name: str
    errors_km: NDArray[np.float64]
    summary: Summary
    css: str


@dataclass(frozen=True)
class Bound:
    """A result without single errors: only its accuracies are drawn."""

    name: str
    summary: Summary


@dataclass(frozen=True)
class _Frame:
    """A plot's inner rectangle in user units, and its two scales."""

    left: float
    top: float
    right: float
    bottom: float
    y_max: float

    def x(self, km: float) -> float:
        """Logarithmic, from MIN_KM to half the globe."""
        share = math.log(max(km, MIN_KM) / MIN_KM) / math.log(HALF_GLOBE_KM / MIN_KM)
        return self.left + share * (self.right - self.left)

    def y(self, percent: float) -> float:
        return self.bottom - percent / self.y_max * (self.bottom - self.top)


def accuracy_chart(curves: Sequence[Curve], bounds: Sequence[Bound], *, title: str) -> Markup:
    """Share of samples within a distance, for every distance; intervals stand at the radii."""
    frame = _Frame(left=40, top=10, right=512, bottom=302, y_max=100)
    parts = [_grid(frame, y_step=25)]
    for bound in bounds:
        points = [(frame.x(float(key)), frame.y(v)) for key, v in _known(bound.summary)]
        if points:
            parts.append(_LINE.format("bound", _polyline(points)))
    for curve in curves:
        parts.append(_LINE.format(f"curve {curve.css}", _steps(curve, frame)))
        parts += [_whisker(curve, key, frame) for key, _ in _known(curve.summary)]
    return _svg(parts, width=520, height=340, title=title)


def error_histogram(curve: Curve, *, y_max: float, title: str) -> Markup:
    """Share of samples by error, bars on a logarithmic axis; the unreadable stand apart."""
    frame = _Frame(left=40, top=10, right=422, bottom=132, y_max=y_max)
    percents, edges_km = histogram(curve)
    parts = [_grid(frame, y_step=_nice_step(y_max))]
    for percent, low, high in zip(percents, edges_km[:-1], edges_km[1:], strict=True):
        left, right = frame.x(low) + 0.75, frame.x(high) - 0.75
        parts.append(_bar(left, right, percent, frame, curve.css))
    parts.append(_bar(462, 500, unreadable_percent(curve), frame, f"{curve.css} unreadable"))
    parts.append(_TEXT.format(481, 148, "middle", "unreadable"))
    return _svg(parts, width=520, height=160, title=title)


def histogram(curve: Curve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percent of all samples asked in each bin, and the bins' edges in kilometres."""
    num_bins = math.ceil(math.log10(HALF_GLOBE_KM / MIN_KM) * BINS_PER_DECADE)
    edges_km = MIN_KM * 10.0 ** (np.arange(num_bins + 1) / BINS_PER_DECADE)
    edges_km[-1] = max(edges_km[-1], HALF_GLOBE_KM)
    counts, _ = np.histogram(np.clip(curve.errors_km, MIN_KM, HALF_GLOBE_KM), edges_km)
    edges_km[-1] = HALF_GLOBE_KM
    return 100.0 * counts / max(curve.summary.n, 1), edges_km


def unreadable_percent(curve: Curve) -> float:
    """Percent of the samples asked whose answer could not be read."""
    n = curve.summary.n
    return 100.0 * (n - curve.summary.n_readable) / n if n else 0.0


def rate_bar(entries: Mapping[str, tuple[int, int]], *, title: str) -> Markup:
    """Rates of several runs on one track from 0 to 100 %, each a dot with its interval.

    Args:
        entries: Hits and number of samples by colour class.
        title: What the rates are of.
    """
    height = 8 + 10 * len(entries)
    parts = [_LINE.format("track", f"M{x:.1f} 2V{height - 2}") for x in (5, 57.5, 110, 162.5, 215)]
    for index, (css, (hits, n)) in enumerate(entries.items()):
        if n == 0:
            continue
        y, ends = 9 + 10 * index, wilson(hits, n)
        x, low, high = (5 + 210 * share for share in (hits / n, ends.low, ends.high))
        parts.append(_LINE.format(f"span {css}", f"M{low:.1f} {y}H{high:.1f}"))
        parts.append(_LINE.format(f"dot {css}", f"M{x:.1f} {y}h0"))
    return _svg(parts, width=220, height=height, title=title)


@dataclass(frozen=True)
class Quartiles:
    """Three quantiles of some errors, kilometres; NaN where there is none."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, errors_km: NDArray[np.float64]) -> "Quartiles":
        """Of errors in any order."""
        if errors_km.size == 0:
            return cls(math.nan, math.nan, math.nan)
        low, median, high = np.quantile(errors_km, [0.25, 0.5, 0.75])
        return cls(float(low), float(median), float(high))

    def describe(self) -> str:
        """In words."""
        return "no distance" if math.isnan(self.median) else f"{self.median:,.0f} km"


def spread_bar(entries: Mapping[str, Quartiles], *, title: str) -> Markup:
    """Errors of several runs on one logarithmic track: half of them lie in the bar.

    Args:
        entries: Quartiles by colour class.
        title: What the errors are of.
    """
    height = 8 + 10 * len(entries)
    frame = _Frame(left=5, top=0, right=215, bottom=height, y_max=100)
    parts = [_LINE.format("track", f"M{frame.x(km):.1f} 2V{height - 2}") for km in TICKS_KM]
    for index, (css, quartiles) in enumerate(entries.items()):
        if math.isnan(quartiles.median):
            continue
        y = 9 + 10 * index
        low, middle, high = map(frame.x, (quartiles.low, quartiles.median, quartiles.high))
        parts.append(_LINE.format(f"span {css}", f"M{low:.1f} {y}H{high:.1f}"))
        parts.append(_LINE.format(f"dot {css}", f"M{middle:.1f} {y}h0"))
    return _svg(parts, width=220, height=height, title=title)


def _known(summary: Summary) -> list[tuple[str, float]]:
    return [(key, value) for key, value in summary.accuracy.items() if not math.isnan(value)]


def _grid(frame: _Frame, *, y_step: float) -> Markup:
    parts = []
    for km in TICKS_KM:
        x = frame.x(km)
        parts.append(_LINE.format("grid", f"M{x:.1f} {frame.top:g}V{frame.bottom:g}"))
        anchor = "start" if km == MIN_KM else "middle"
        parts.append(_TEXT.format(x, frame.bottom + 17, anchor, f"{km:,}"))
    parts.append(_TEXT.format(frame.right, frame.bottom + 17, "end", "km"))
    for percent in np.arange(0, frame.y_max + 1e-9, y_step):
        y = frame.y(float(percent))
        parts.append(_LINE.format("grid", f"M{frame.left:g} {y:.1f}H{frame.right:g}"))
        parts.append(_TEXT.format(frame.left - 6, y + 4, "end", f"{percent:g} %"))
    return Markup("").join(parts)


def _steps(curve: Curve, frame: _Frame) -> str:
    """The empirical distribution as a staircase, thinned where steps would be finer than a line."""
    errors = np.sort(curve.errors_km)
    n = max(curve.summary.denominator, 1)
    ranks = np.unique(np.linspace(0, errors.size - 1, min(errors.size, 400)).astype(int))
    path = f"M{frame.left:.1f} {frame.y(0):.1f}"
    for rank in ranks:
        path += f"H{frame.x(float(errors[rank])):.1f}V{frame.y(100.0 * (rank + 1) / n):.1f}"
    return path + f"H{frame.right:.1f}"


def _whisker(curve: Curve, key: str, frame: _Frame) -> Markup:
    interval, x = curve.summary.ci95[key], frame.x(float(key))
    span = f"M{x:.1f} {frame.y(interval.low):.1f}V{frame.y(interval.high):.1f}"
    dot = f"M{x:.1f} {frame.y(curve.summary.accuracy[key]):.1f}h0"
    return _LINE.format(f"span {curve.css}", span) + _LINE.format(f"dot {curve.css}", dot)


def _bar(left: float, right: float, percent: float, frame: _Frame, css: str) -> Markup:
    top = frame.y(percent)
    return Markup(
        '<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{:.1f} %</title></rect>"
    ).format(css, left, top, right - left, max(frame.bottom - top, 0.0), percent)


def _nice_step(y_max: float) -> float:
    return next((step for step in (5, 10, 25) if y_max / step <= 5), 25)


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _svg(parts: Sequence[Markup], *, width: int, height: int, title: str) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(width, height, title, Markup("").join(parts))
