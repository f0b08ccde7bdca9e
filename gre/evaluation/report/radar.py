"""The radar chart of the paper: accuracy at the five radii and CoT quality, one shape per model.

Every axis begins at 0 in the centre and ends at a round number above the largest value on it, which
is written at its tip: at 1 km the best model of the paper reaches 6 %, at 2500 km 83 %.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

CENTRE_X, CENTRE_Y, RADIUS = 230.0, 196.0, 140.0
WIDTH, HEIGHT = 460, 396
NUM_RINGS = 4
NICE_ENDS = (1, 2, 5, 10, 20, 30, 40, 50, 60, 80, 100)
"""Where an axis may end, percent."""
_TEXT = Markup('<text class="axis{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
_LINE = Markup('<path class="{}" d="{}"/>')


@dataclass(frozen=True)
class RadarSeries:
    """One model.

    Attributes:
        name: Shown on pointing at it.
        values: One per axis, 0 to 100; None where not measured: the shape stays open there.
        css: Class that gives colour and dashes.
        is_shown: Whether it is visible before anybody chooses.
    """

    name: str
    values: tuple[float | None, ...]
    css: str
    is_shown: bool = True


def radar_svg(axes: Sequence[str], series: Sequence[RadarSeries], *, title: str) -> Markup:
    """Draw models on common axes.

    Args:
        axes: Names of the axes, at least three, clockwise from the top.
        series: Models; each has one value per axis.
        title: What it shows, for those who cannot see it.
    """
    ends = axis_ends([[s.values[i] for s in series] for i in range(len(axes))])
    parts = [_ring(len(axes), ring / NUM_RINGS) for ring in range(1, NUM_RINGS + 1)]
    parts += [_axis(i, len(axes), name, ends[i]) for i, name in enumerate(axes)]
    parts += [_shape(index, model, ends) for index, model in enumerate(series)]
    return Markup(
        '<svg class="chart radar" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, title, Markup("").join(parts))


def axis_ends(columns: Sequence[Sequence[float | None]]) -> tuple[float, ...]:
    """The end of each axis: the least of NICE_ENDS that holds all values on it."""
    largest = [max((v for v in column if v is not None), default=0.0) for column in columns]
    return tuple(float(next((e for e in NICE_ENDS if value <= e), 100)) for value in largest)


def place(index: int, num_axes: int, share: float) -> tuple[float, float]:
    """Where a share of an axis lies, user units; axis 0 points up, the others follow clockwise."""
    angle = 2.0 * math.pi * index / num_axes
    reach = RADIUS * share
    return CENTRE_X + reach * math.sin(angle), CENTRE_Y - reach * math.cos(angle)


def _ring(num_axes: int, share: float) -> Markup:
    corners = [place(index, num_axes, share) for index in range(num_axes)]
    return _LINE.format("grid", _join(corners) + "Z")


def _axis(index: int, num_axes: int, name: str, end: float) -> Markup:
    x, y = place(index, num_axes, 1.0)
    text_x, text_y = place(index, num_axes, 1.14)
    anchor = "middle" if abs(text_x - CENTRE_X) < 1 else "start" if text_x > CENTRE_X else "end"
    lift = -10.0 if text_y < CENTRE_Y - 1 else 6.0
    return (
        _LINE.format("grid", f"M{CENTRE_X:.1f} {CENTRE_Y:.1f}L{x:.1f} {y:.1f}")
        + _TEXT.format(" name", text_x, text_y + lift, anchor, name)
        + _TEXT.format("", text_x, text_y + lift + 17, anchor, f"0 to {end:g}")
    )


def _shape(index: int, model: RadarSeries, ends: Sequence[float]) -> Markup:
    corners = [
        None if value is None else place(i, len(ends), min(value / ends[i], 1.0))
        for i, value in enumerate(model.values)
    ]
    lines = [_LINE.format(f"outline {model.css}", path) for path in _pieces(corners)]
    dots = [_LINE.format(f"dot {model.css}", f"M{c[0]:.1f} {c[1]:.1f}h0") for c in corners if c]
    told = ", ".join("–" if value is None else f"{value:g}" for value in model.values)
    return Markup('<g class="series" data-series="{}"{}><title>{}</title>{}</g>').format(
        index,
        "" if model.is_shown else Markup(' hidden=""'),
        f"{model.name}: {told}",
        Markup("").join([*lines, *dots]),
    )


def _pieces(corners: Sequence[tuple[float, float] | None]) -> list[str]:
    """Closed where every corner is known; else the lines between neighbours that both are."""
    known = [corner for corner in corners if corner is not None]
    if len(known) == len(corners):
        return [_join(known) + "Z"]
    following = [*corners[1:], corners[0]]
    return [_join((a, b)) for a, b in zip(corners, following, strict=True) if a and b]


def _join(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
