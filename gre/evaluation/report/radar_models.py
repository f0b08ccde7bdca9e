"""Which models the radar chart shows: every run, and the published rows of its benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from gre.evaluation.report.published import TITLES, Mark
from gre.evaluation.report.radar import RadarSeries, radar_svg
from gre.evaluation.report.standings import KEYS, Standing

PAPER_SET = "greval_bench"
"""The benchmark of the paper's radar chart, the one with CoT quality."""
SHOWN_FIRST = ("GRE-7B", "Qwen2.5-VL-7B")
"""Published models that are visible before anybody chooses, the paper's and its start, where a run
of ours may be compared with them; where none may, ours stand alone until somebody chooses."""
COT_AXIS = "CoT quality"
NUM_DASHES = 4
"""Kinds of dashed line for published models, in the style sheet."""


class RadarChoice(NamedTuple):
    """A model that can be switched on and off, with its number in the drawing."""

    number: int
    name: str
    css: str
    is_shown: bool
    note: str


@dataclass(frozen=True)
class Radar:
    """The chart with its choice of models."""

    svg: Markup
    choices: tuple[RadarChoice, ...]
    note: str


def radar_context(board: Sequence[Standing], benchmark: str) -> Radar:
    """Draw all runs and the published rows that go with their benchmark.

    Of a method that has several tables the first row is taken: the others repeat it, or ablate it.
    Published models are shown at once only where a run of ours may be compared with them.
    """
    source = benchmark if benchmark in TITLES else PAPER_SET
    ours = [row for row in board if row.is_ours]
    published: dict[str, Standing] = {}
    for row in sorted(board, key=lambda row: row.source):
        if row.benchmark == source and not row.is_ours and all(row.rates):
            published.setdefault(row.name, row)
    ranked = sorted(published.values(), key=lambda row: -float(row.rates[3]))
    models = [*ours, *ranked]
    has_cot = any(row.cot_quality for row in models)
    axes = [f"{key} km" for key in KEYS] + ([COT_AXIS] if has_cot else [])
    first = SHOWN_FIRST if any(row.mark is not Mark.NO for row in ours) else ()
    series = [
        _series(row, index - len(ours), len(axes), is_shown=row.is_ours or row.name in first)
        for index, row in enumerate(models)
    ]
    choices = tuple(
        RadarChoice(index, row.name, drawn.css, drawn.is_shown, _note(row))
        for index, (row, drawn) in enumerate(zip(models, series, strict=True))
    )
    title = "Radar chart: " + ", ".join(axes)
    return Radar(radar_svg(axes, series, title=title), choices, _axis_note(source, has_cot))


def _series(row: Standing, rank: int, num_axes: int, *, is_shown: bool) -> RadarSeries:
    css = row.css or f"published dash{rank % NUM_DASHES}"
    return RadarSeries(row.name, row.numbers[:num_axes], css, is_shown)


def _note(row: Standing) -> str:
    source = "this report" if row.is_ours else f"{TITLES[row.benchmark]}, {row.short_source}"
    return f"≠ {source}" if row.mark is Mark.NO else source


def _axis_note(source: str, has_cot: bool) -> str:
    note = (
        "Each axis runs from 0 in the centre to the number at its tip, in percent. Published rows "
        f"are those on {TITLES[source]}; what is marked ≠ does not compare, for the reason in the "
        "table above."
    )
    if has_cot:
        note += (
            " The published CoT quality was judged by GPT-4o with a formula that no source shows"
            " legibly; ours is our reading of it, so the two do not compare."
        )
    return note
