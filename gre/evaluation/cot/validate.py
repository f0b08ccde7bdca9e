"""Is a judge to be trusted? Gold chains against themselves, and against another photo's chain.

The first must score full marks, the second must score low, and for nearly every item the first
must beat the second. A judge that fails says nothing about models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gre.errors import InputError
from gre.evaluation.asking.run_folder import write_json, write_jsonl
from gre.evaluation.cot.items import Reference, References, Task
from gre.evaluation.cot.judging import Judged, Tell, judge_all
from gre.evaluation.cot.rows import Measured, quality_row, score_item
from gre.evaluation.cot.scores import Part
from gre.evaluation.cot.settings import CotSettings
from gre.evaluation.cot.verdicts import Item, Judge, Unscored
from gre.evaluation.runs.judge_summary import Rate
from gre.geo.distance import great_circle_km
from gre.prompts import LOCATE_INSTRUCTION

OTHER_MIN_KM = 750.0
"""How far away the other photo is, at least: the country level. Ours."""

_NOT_MEASURED = Measured(*[Unscored("not_computed", "not part of the check")] * 2)


@dataclass(frozen=True)
class Validation:
    """What became of the check.

    Attributes:
        n: Items of which both chains were scored.
        n_unscored: Items of which one was not.
        agreement: Mean score of gold chains against themselves, percent.
        wrong: Mean score of the other photos' chains, percent.
        separation: Share of items whose own chain scores higher.
        faults: Why the judge fails, one line each; empty where it passes.
    """

    n: int
    n_unscored: int
    agreement: float
    wrong: float
    separation: Rate
    faults: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:  # Any: nested plain values, ready for json.dumps
        """Plain values for `cot_validation.json`."""
        return {
            "passed": not self.faults,
            "n": self.n,
            "n_unscored": self.n_unscored,
            "agreement": self.agreement if self.n else None,
            "wrong": self.wrong if self.n else None,
            "separation": self.separation.to_json(),
            "faults": list(self.faults),
        }


def validate_judge(
    references: References,
    judge: Judge,
    settings: CotSettings,
    out: Path,
    *,
    limit: int | None = None,
    question: str = LOCATE_INSTRUCTION,
    tell: Tell | None = None,
) -> Validation:
    """Check a judge on the gold chains of a benchmark, and write what it said.

    Args:
        references: Of the benchmark.
        judge: Who is checked.
        settings: What it must reach.
        out: Folder for `cot_validation.jsonl` and `cot_validation.json`; there already.
        limit: First so many items.
        question: What the chains answer.
        tell: Called with the number of chains just judged.

    Raises:
        InputError: The data has no two photos far enough apart.
        GreError: The judge's money is spent.
    """
    pairs = pair_with_others(list(references.by_id.values()), limit=limit)
    tasks = chains_to_check(references, question=question, limit=limit)
    own = judge_all(tasks[: len(pairs)], judge, tell=tell)
    other = judge_all(tasks[len(pairs) :], judge, tell=tell)
    own_parts, other_parts = _scores(own, settings), _scores(other, settings)
    rows = [
        {"chain": name, "chain_of": who.id, **quality_row(judged, parts)}
        for name, people, results, scores in (
            ("own", [r for r, _ in pairs], own, own_parts),
            ("other", [o for _, o in pairs], other, other_parts),
        )
        for who, judged, parts in zip(people, results, scores, strict=True)
    ]
    write_jsonl(out / "cot_validation.jsonl", rows)
    validation = weigh(
        [parts["chain_score"] for parts in own_parts],
        [parts["chain_score"] for parts in other_parts],
        settings,
    )
    facts = {"judge": dict(judge.describe()), "usage": dict(judge.usage())}
    limits = {k: getattr(settings, k) for k in ("min_agreement", "max_wrong", "min_separation")}
    data = {"data_sha256": references.data_sha256, "references_sha256": references.sha256}
    write_json(out / "cot_validation.json", {**validation.to_json(), **limits, **facts, **data})
    return validation


def chains_to_check(
    references: References, *, question: str, limit: int | None = None
) -> list[Task]:
    """Every gold chain as an answer about its own photo, then the other photos' chains.

    Raises:
        InputError: The data has no two photos far enough apart.
    """
    pairs = pair_with_others(list(references.by_id.values()), limit=limit)
    own = [_task(reference, reference, question) for reference, _ in pairs]
    return own + [_task(reference, other, question) for reference, other in pairs]


def pair_with_others(
    references: Sequence[Reference], *, limit: int | None = None
) -> list[tuple[Reference, Reference]]:
    """Each reference with that of a photo over `OTHER_MIN_KM` away that says something else.

    Raises:
        InputError: No photo has such another.
    """
    pairs = []
    half = len(references) // 2
    for index, reference in enumerate(references[:limit]):
        around = (references[(index + half + k) % len(references)] for k in range(len(references)))
        other = next((o for o in around if _is_other(reference, o)), None)
        if other is not None:
            pairs.append((reference, other))
    if not pairs:
        raise InputError(
            f"no two of {len(references)} photos are over {OTHER_MIN_KM:g} km apart with different"
            " key steps; validate on data that spans countries"
        )
    return pairs


def weigh(own: Sequence[Part], other: Sequence[Part], settings: CotSettings) -> Validation:
    """Compare the scores of own and other chains, item by item."""
    both = [
        (a, b)
        for a, b in zip(own, other, strict=True)
        if not isinstance(a, Unscored) and not isinstance(b, Unscored)
    ]
    n = len(both)
    agreement = 100.0 * sum(a for a, _ in both) / n if n else 0.0
    wrong = 100.0 * sum(b for _, b in both) / n if n else 0.0
    separation = Rate(sum(a > b for a, b in both), n)
    faults = []
    if n == 0:
        faults.append("no item could be scored")
    else:
        if agreement < settings.min_agreement - 1e-9:
            faults.append(
                f"gold chains score {agreement:.2f} % against themselves, must be at least"
                f" {settings.min_agreement:g} %"
            )
        if wrong > settings.max_wrong:
            faults.append(
                f"other photos' chains score {wrong:.2f} %, must be at most"
                f" {settings.max_wrong:g} %"
            )
        if separation.percent < settings.min_separation:
            faults.append(
                f"{separation.percent:.2f} % of items set the two apart, must be at least"
                f" {settings.min_separation:g} %"
            )
    return Validation(n, len(own) - n, agreement, wrong, separation, tuple(faults))


def _is_other(reference: Reference, other: Reference) -> bool:
    is_far = great_circle_km(reference.truth, other.truth) > OTHER_MIN_KM
    return is_far and reference.key_steps != other.key_steps


def _task(reference: Reference, teller: Reference, question: str) -> Task:
    item = Item(reference.id, question, teller.key_steps, reference.key_steps, reference.indicators)
    return Task(reference.id, reference, item)


def _scores(judged: Sequence[Judged], settings: CotSettings) -> list[Mapping[str, Part]]:
    return [score_item(j, _NOT_MEASURED, order_weight=settings.order_weight) for j in judged]
