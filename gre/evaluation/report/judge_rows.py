"""Judge runs as a table of the report: verdicts, not places."""

from collections.abc import Sequence
from dataclasses import dataclass

from gre.evaluation.report.comparison import BOUND_NAMES
from gre.evaluation.report.leaderboard import NONE, Cell
from gre.evaluation.runs.judge_summary import JudgeSummary, Rate
from gre.evaluation.runs.saved_judge_run import SavedJudgeRun


@dataclass(frozen=True)
class JudgeRow:
    """One line of the table: a run, or under it the same model without the image."""

    name: str
    kind: str
    rates: tuple[Cell, ...]
    says_true: str
    n: str
    readable: str
    errors: str


def judge_rows(runs: Sequence[SavedJudgeRun]) -> list[JudgeRow]:
    """Runs in their order, each followed by its bounds."""
    names = [run.name for run in runs]
    rows = []
    for run in runs:
        name = run.name if names.count(run.name) == 1 else str(run.folder)
        rows.append(_row(name, "run", run.summary))
        rows += [
            _row(f"{name}, {BOUND_NAMES.get(key, key)}", "bound", bound)
            for key, bound in run.bounds.items()
        ]
    return rows


def judge_warnings(runs: Sequence[SavedJudgeRun]) -> list[str]:
    """What keeps judge runs from being compared, one sentence each."""
    if len({(run.data_sha256, frozenset(run.verdicts)) for run in runs}) <= 1:
        return []
    sets = "; ".join(f"{run.name}: {len(run.verdicts):,} samples" for run in runs)
    return [f"The judge runs did not see the same samples, so they do not compare: {sets}."]


def _row(name: str, kind: str, summary: JudgeSummary) -> JudgeRow:
    rates = (summary.accuracy, summary.accuracy_true, summary.accuracy_false)
    return JudgeRow(
        name=name,
        kind=kind,
        rates=tuple(map(_cell, rates)),
        says_true=_percent(summary.said_true),
        n=f"{summary.n:,}",
        readable=_percent(Rate(summary.n_readable, summary.n)),
        errors=f"{summary.n_errors:,}",
    )


def _cell(rate: Rate) -> Cell:
    if rate.n == 0:
        return Cell(NONE)
    return Cell(f"{rate.percent:.1f}", f"{rate.ci95.low:.1f}–{rate.ci95.high:.1f}")


def _percent(rate: Rate) -> str:
    return f"{rate.percent:.1f} %" if rate.n else NONE
