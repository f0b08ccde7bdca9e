"""One line of `cot_quality.jsonl`: verdicts with their reasons, scores or why there are none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gre.evaluation.cot.chains import Statement
from gre.evaluation.cot.judging import Judged
from gre.evaluation.cot.scores import (
    UNDEFINED,
    Part,
    chain_score,
    indicator_recall,
    order,
    precision,
    recall,
)
from gre.evaluation.cot.verdicts import Item, Judgment, Unscored, Verdicts


@dataclass(frozen=True)
class Measured:
    """The parts that models measure.

    Attributes:
        ref_clip_score: Of the captions.
        bert_score: Of the inferences.
    """

    ref_clip_score: Part
    bert_score: Part


def score_item(judged: Judged, measured: Measured, *, order_weight: float) -> dict[str, Part]:
    """Every part of one sample, by name of `PARTS`."""
    judgment = judged.judgment
    if judgment is None:
        assert isinstance(judged.task.work, Unscored)
        names = ("recall", "precision", "order", "chain_score", "indicator_recall")
        parts: dict[str, Part] = dict.fromkeys(names, judged.task.work)
    else:
        recalled, precise = recall(judgment.key_steps), precision(judgment.steps)
        ordered = order(judgment.key_steps)
        parts = {
            "recall": recalled,
            "precision": precise,
            "order": ordered,
            "chain_score": chain_score(recalled, precise, ordered, order_weight=order_weight),
            "indicator_recall": indicator_recall(judgment.indicators),
        }
    return parts | {
        "ref_clip_score": measured.ref_clip_score,
        "bert_score": measured.bert_score,
    }


def quality_row(judged: Judged, parts: Mapping[str, Part]) -> dict[str, object]:
    """One line of the file. Scores are fractions; `why_not` names what has none."""
    task, total = judged.task, parts["chain_score"]
    row: dict[str, object] = {
        "id": task.id,
        "image": None if task.reference is None else str(task.reference.image_path),
        "status": "scored",
        "reason": None,
        "detail": None,
        "scores": {k: None if isinstance(v, Unscored) else v for k, v in parts.items()},
        "why_not": {k: v.reason for k, v in parts.items() if isinstance(v, Unscored)},
        "details": _details(parts),
        "num_steps_left_out": task.num_left_out,
    }
    if isinstance(total, Unscored):
        status = "undefined" if total.reason in UNDEFINED else "unscored"
        row |= {"status": status, "reason": total.reason, "detail": total.detail}
    if judged.judgment is not None and isinstance(task.work, Item):
        row |= _verdicts(judged, task.work, judged.judgment)
    return row


def reference_row(judged: Judged) -> dict[str, object] | None:
    """One line of `cot_references.jsonl`: the reference as it was split and sorted."""
    judgment, task = judged.judgment, judged.task
    if judgment is None or task.reference is None:
        return None
    return {
        "id": task.id,
        "key_steps": list(task.reference.key_steps),
        "indicators": list(task.reference.indicators),
        "statements": _sorted(judged.reference_said, judgment.reference_sorts),
    }


def _details(parts: Mapping[str, Part]) -> dict[str, str]:
    """Failures in a sentence; what is merely undefined explains itself."""
    return {
        name: part.detail
        for name, part in parts.items()
        if isinstance(part, Unscored) and part.reason not in UNDEFINED
    }


def _verdicts(judged: Judged, item: Item, judgment: Judgment) -> dict[str, object]:
    return {
        "steps": _labelled(item.steps, judgment.steps),
        "key_steps": _labelled(item.key_steps, judgment.key_steps, with_step=True),
        "statements": _sorted(judged.said, judgment.sorts),
        "indicators": _labelled(item.indicators, judgment.indicators or ()),
    }


def _labelled(
    texts: Sequence[str], verdicts: Verdicts | Unscored, *, with_step: bool = False
) -> list[dict[str, Any]]:  # Any: plain values, ready for json.dumps
    if isinstance(verdicts, Unscored):
        return [{"text": text} for text in texts]
    rows = [
        {"text": text, "label": verdict.label, "reason": verdict.reason}
        for text, verdict in zip(texts, verdicts, strict=True)
    ]
    if with_step:
        return [row | {"step": v.step} for row, v in zip(rows, verdicts, strict=True)]
    return rows


def _sorted(
    said: Sequence[Statement], sorts: Verdicts | Unscored
) -> list[dict[str, Any]]:  # Any: plain values, ready for json.dumps
    rows = _labelled([statement.text for statement in said], sorts)
    return [{"step": s.step, **row} for s, row in zip(said, rows, strict=True)]
