"""Quality of the reasoning in a report: what `gre judge` measured, by run and by group.

A run that was not judged has no row, and a judgment without a breakdown none in that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gre.evaluation.pages.exports import Sheet, Value
from gre.evaluation.report.comparison import ComparedRun
from gre.evaluation.report.cot_quality_file import CotQuality, GroupQuality, read_cot_quality
from gre.evaluation.report.leaderboard import GROUP_TITLES, LONG_GROUP, NONE, Cell

PARTS_BY_GROUP = ("recall", "precision", "f1", "chain_score")
"""Shown by group wherever they are known."""
PAPER_PARTS = ("indicator_recall", "ref_clip_score", "bert_score")
"""Shown by group where some run has a value."""
SHOWN_GROUPS = ("scene", "indicator")
"""The others are folded."""


@dataclass(frozen=True)
class QualityRow:
    """Quality of one run's reasoning, as text; `missing` says why there is no quality."""

    name: str
    css: str
    quality: str
    missing: str
    parts: tuple[Cell, ...]
    judge: str
    n: str
    unscored: str


@dataclass(frozen=True)
class GroupQualityRow:
    """One value of a group and one run, as text; a part's interval says how many are behind it."""

    value: str
    run: str
    css: str
    n: str
    undefined: str
    unscored: str
    quality: str
    parts: tuple[Cell, ...]


@dataclass(frozen=True)
class GroupQualityTable:
    """A breakdown by one group.

    Attributes:
        title: Of the group.
        parts: Names of the columns.
        rows: Value after value, each with every judged run.
        is_folded: Whether its rows are shown on demand.
    """

    title: str
    parts: tuple[str, ...]
    rows: tuple[GroupQualityRow, ...]
    is_folded: bool


@dataclass(frozen=True)
class JudgedRun:
    """A run of the report that has been judged."""

    compared: ComparedRun
    quality: CotQuality


def judged_runs(runs: Sequence[ComparedRun]) -> list[JudgedRun]:
    """The runs that have been judged."""
    found = [(run, read_cot_quality(run.run.folder)) for run in runs]
    return [JudgedRun(run, quality) for run, quality in found if quality is not None]


def quality_table(judged: Sequence[JudgedRun]) -> tuple[tuple[str, ...], list[QualityRow]]:
    """Names of the parts of CoT quality, and a row for each run."""
    names = tuple(dict.fromkeys(name for one in judged for name in one.quality.parts))
    return names, [_quality_row(one.compared, one.quality, names) for one in judged]


def group_quality_tables(judged: Sequence[JudgedRun]) -> list[GroupQualityTable]:
    """A table for each group by which some run was broken down."""
    names = dict.fromkeys(name for one in judged for name in one.quality.groups)
    return [_group_table(name, judged) for name in names]


def quality_sheets(judged: Sequence[JudgedRun]) -> list[Sheet]:
    """Both tables, for CSV and LaTeX: numbers with their intervals."""
    names = tuple(dict.fromkeys(name for one in judged for name in one.quality.parts))
    columns = tuple(column for name in names for column in (name, f"{name} low", f"{name} high"))
    return [
        Sheet(
            "quality",
            "Quality of the reasoning, 0 to 100, with 95 % intervals",
            ("run", "judge", "scored", "unscored", "CoT quality", *columns),
            tuple(_sheet_row(one, names) for one in judged),
        ),
        Sheet(
            "quality-groups",
            "Quality of the reasoning by group, 0 to 100, with 95 % intervals",
            ("group", "value", "run", "N", "undefined", "unscored", "CoT quality", *columns),
            tuple(
                (GROUP_TITLES.get(group, group), value, one.compared.name, *_counts(part, names))
                for one in judged
                for group, values in one.quality.groups.items()
                for value, part in values.items()
            ),
        ),
    ]


def _sheet_row(one: JudgedRun, names: Sequence[str]) -> tuple[Value, ...]:
    quality = one.quality
    return (
        *(one.compared.name, quality.judge, quality.num_scored, quality.num_unscored),
        *(quality.quality, *_values(quality.parts, quality.intervals, names)),
    )


def _counts(part: GroupQuality, names: Sequence[str]) -> tuple[Value, ...]:
    return (
        *(part.num_samples, part.num_undefined, part.num_unscored, part.quality),
        *_values(part.parts, part.intervals, names),
    )


def _values(
    parts: Mapping[str, float | None],
    intervals: Mapping[str, tuple[float, float]],
    names: Sequence[str],
) -> list[Value]:
    cells: list[Value] = []
    for name in names:
        low, high = intervals.get(name, (None, None))
        cells += [parts.get(name), low, high]
    return [round(value, 4) if isinstance(value, float) else value for value in cells]


def _group_table(name: str, judged: Sequence[JudgedRun]) -> GroupQualityTable:
    members = [(one, one.quality.groups.get(name, {})) for one in judged]
    known = {
        part
        for _, values in members
        for group in values.values()
        for part, value in group.parts.items()
        if value is not None
    }
    parts = (*PARTS_BY_GROUP, *(part for part in PAPER_PARTS if part in known))
    values = sorted({value for _, group in members for value in group})
    rows = tuple(
        _group_row(value, one.compared, group[value], parts)
        for value in values
        for one, group in members
        if value in group
    )
    title = GROUP_TITLES.get(name, name.capitalize())
    is_folded = name not in SHOWN_GROUPS or len(values) > LONG_GROUP
    return GroupQualityTable(title, parts, rows, is_folded)


def _group_row(
    value: str, compared: ComparedRun, group: GroupQuality, names: Sequence[str]
) -> GroupQualityRow:
    return GroupQualityRow(
        value=value,
        run=compared.name,
        css=compared.css,
        n=_count(group.num_samples),
        undefined=_count(group.num_undefined),
        unscored=_count(group.num_unscored),
        quality=_number(group.quality),
        parts=tuple(_group_part(group, name) for name in names),
    )


def _group_part(group: GroupQuality, name: str) -> Cell:
    """A part; where fewer samples are behind it than are in the group, how many."""
    cell = _part(group.parts, group.intervals, name)
    count = group.num_measured.get(name)
    is_whole = count is None or count == group.num_samples or cell.value == NONE
    return cell if is_whole else Cell(cell.value, f"{cell.interval} · {count:,}")


def _quality_row(compared: ComparedRun, quality: CotQuality, names: Sequence[str]) -> QualityRow:
    return QualityRow(
        name=compared.name,
        css=compared.css,
        quality=_number(quality.quality),
        missing=", ".join(quality.missing),
        parts=tuple(_part(quality.parts, quality.intervals, name) for name in names),
        judge=quality.judge or NONE,
        n=_count(quality.num_scored),
        unscored=_count(quality.num_unscored),
    )


def _part(
    parts: Mapping[str, float | None], intervals: Mapping[str, tuple[float, float]], name: str
) -> Cell:
    ends = intervals.get(name)
    interval = "" if ends is None else f"{ends[0]:.1f}–{ends[1]:.1f}"
    return Cell(_number(parts.get(name)), interval)


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"


def _count(value: int | None) -> str:
    return NONE if value is None else f"{value:,}"
