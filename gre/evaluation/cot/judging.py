"""Items judged: each question once, several items at once, in the order of the tasks."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

from gre.errors import GreError
from gre.evaluation.cot.chains import Statement, statements
from gre.evaluation.cot.items import Task
from gre.evaluation.cot.verdicts import (
    BACKGROUND,
    MISSING,
    Item,
    Judge,
    Judgment,
    Unscored,
    Verdict,
    Verdicts,
)
from gre.models.chat_cost import usd_text
from gre.models.chat_types import ChatError

OVER_BUDGET = "over_budget"
BAD_REPLY = frozenset({"not_json", "wrong_shape", "wrong_ids", "wrong_label", "wrong_step"})
"""Reasons of a judge that answered, but not as asked."""

Tell = Callable[[int], None]


@dataclass(frozen=True)
class Judged:
    """One task with what became of it.

    Attributes:
        task: What there was to judge.
        said: Statements of the chain; empty where there was nothing.
        reference_said: Statements of the reference.
        judgment: What the judge said; None where there was nothing to judge.
    """

    task: Task
    said: tuple[Statement, ...] = ()
    reference_said: tuple[Statement, ...] = ()
    judgment: Judgment | None = None


def judge_all(tasks: Sequence[Task], judge: Judge, *, tell: Tell | None = None) -> list[Judged]:
    """Judge every task, `judge.max_parallel` at once.

    Args:
        tasks: In any number.
        judge: Who judges.
        tell: Called with the number of tasks just judged.

    Raises:
        GreError: The judge's money is spent; what it said is in its cache.
    """
    is_spent = Event()

    def one(task: Task) -> Judged:
        if is_spent.is_set() or isinstance(task.work, Unscored):
            return Judged(task)
        judged = judge_one(task, task.work, judge)
        if judged.judgment is not None and _has_reason(judged.judgment, OVER_BUDGET):
            is_spent.set()
        return judged

    results = []
    pool = ThreadPoolExecutor(judge.max_parallel)
    try:
        for judged in pool.map(one, tasks):
            results.append(judged)
            if tell:
                tell(1)
    finally:
        is_spent_early = len(results) < len(tasks)
        if is_spent_early:
            is_spent.set()
        pool.shutdown(wait=True, cancel_futures=True)
    if is_spent.is_set():
        raise over_budget(results, judge)
    return results


def judge_one(task: Task, item: Item, judge: Judge) -> Judged:
    """Ask everything about one item; a part that fails leaves the others standing."""
    said, reference_said = statements(item.steps), statements(item.key_steps)
    sorts = judge.sort(item.question, said)
    judgment = Judgment(
        key_steps=judge.find_key_steps(item),
        steps=judge.rate_steps(item),
        sorts=sorts,
        reference_sorts=judge.sort(item.question, reference_said),
        indicators=_find_indicators(item, said, sorts, judge),
    )
    return Judged(task, said, reference_said, judgment)


def of_kind(said: Sequence[Statement], sorts: Verdicts, kind: str) -> list[str]:
    """Texts of the statements of one kind, in order."""
    pairs = zip(said, sorts, strict=True)
    return [statement.text for statement, verdict in pairs if verdict.label == kind]


def over_budget(results: Sequence[Judged], judge: Judge) -> GreError:
    """The error of a judge whose money is spent before every chain is judged."""
    whole = [
        judged
        for judged in results
        if judged.judgment is not None and not _has_reason(judged.judgment, OVER_BUDGET)
    ]
    usd = judge.usage()["usd"]
    assert isinstance(usd, float)  # there is no limit without prices
    return ChatError(
        OVER_BUDGET,
        f"stopped before --max-cost: {len(whole)} of {len(results)} chains are judged and kept,"
        f" {usd_text(usd)} US dollars spent; give the command again with a higher"
        " --max-cost to go on",
    )


def parts_of(judgment: Judgment) -> list[Verdicts | Unscored]:
    """Every part of a judgment that was asked for."""
    parts = [judgment.key_steps, judgment.steps, judgment.sorts, judgment.reference_sorts]
    return [*parts, judgment.indicators] if judgment.indicators is not None else parts


def _has_reason(judgment: Judgment, reason: str) -> bool:
    return any(isinstance(p, Unscored) and p.reason == reason for p in parts_of(judgment))


def _find_indicators(
    item: Item, said: Sequence[Statement], sorts: Verdicts | Unscored, judge: Judge
) -> Verdicts | Unscored | None:
    if not item.indicators:
        return None
    if isinstance(sorts, Unscored):
        return sorts
    background = of_kind(said, sorts, BACKGROUND)
    if not background:  # no question to ask
        return tuple(Verdict(MISSING, "The chain has no background.") for _ in item.indicators)
    return judge.find_indicators(item, background)
