"""A judge model's reply read and checked: every id once, labels from the list, a reason each."""

import json
import re
from collections.abc import Mapping, Sequence

from gre.evaluation.cot.verdicts import MATCHED, Unscored, Verdict, Verdicts

MAX_REASON_CHARS = 600
"""What is kept of a reason."""

_FENCE = re.compile(r"^\s*```(?:json)?\s*|\s*```\s*$", re.IGNORECASE)
_THINK = re.compile(r"^.*</think>", re.DOTALL | re.IGNORECASE)


def read_reply(
    text: str, *, ids: Sequence[str], labels: Sequence[str], steps: Sequence[str] | None = None
) -> Verdicts | Unscored:
    """Read a reply; verdicts stand in the order of `ids`, whatever their order in the reply.

    Args:
        text: As the model wrote it; a code fence or thinking around the object is taken off.
        ids: What had to be judged.
        labels: Allowed labels.
        steps: Ids of which a matched verdict names one, where the question asks for it.

    Returns:
        Verdicts, or `Unscored` with reason "not_json", "wrong_shape", "wrong_ids", "wrong_label"
        or "wrong_step", and a sentence that the judge is shown when it is asked again.
    """
    rows = _rows(text)
    if isinstance(rows, Unscored):
        return rows
    found: dict[str, Verdict] = {}
    for row in rows:
        fault = _fault(row, found, ids=ids, labels=labels, steps=steps)
        if fault is not None:
            return fault
        reason = " ".join(str(row["reason"]).split())[:MAX_REASON_CHARS]
        step = row.get("step") if steps is not None and row["label"] == MATCHED else None
        number = None if step is None or steps is None else steps.index(str(step)) + 1
        found[str(row["id"])] = Verdict(str(row["label"]), reason, number)
    lacking = [name for name in ids if name not in found]
    if lacking:
        return Unscored("wrong_ids", f"no verdict on {', '.join(lacking[:8])}")
    return tuple(found[name] for name in ids)


def _rows(text: str) -> list[Mapping[str, object]] | Unscored:
    bare = _FENCE.sub("", _THINK.sub("", text)).strip()
    try:
        value = json.loads(bare)
    except (ValueError, RecursionError) as error:
        return Unscored("not_json", f"it is not one JSON object ({' '.join(str(error).split())})")
    rows = value.get("verdicts") if isinstance(value, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return Unscored("wrong_shape", 'it is no object with a list of objects "verdicts"')
    return rows


def _fault(
    row: Mapping[str, object],
    found: Mapping[str, Verdict],
    *,
    ids: Sequence[str],
    labels: Sequence[str],
    steps: Sequence[str] | None,
) -> Unscored | None:
    identity, label, reason = row.get("id"), row.get("label"), row.get("reason")
    if not isinstance(identity, str) or identity not in ids:
        return Unscored("wrong_ids", f"id {_show(identity)} is none of {ids[0]} to {ids[-1]}")
    if identity in found:
        return Unscored("wrong_ids", f"id {identity} stands twice")
    if not isinstance(reason, str) or not reason.strip():
        return Unscored("wrong_shape", f"{identity} has no reason")
    if not isinstance(label, str) or label not in labels:
        return Unscored(
            "wrong_label", f"label {_show(label)} of {identity} is none of {', '.join(labels)}"
        )
    if steps is not None and label == MATCHED and row.get("step") not in steps:
        return Unscored(
            "wrong_step", f"{identity} is matched, but step {_show(row.get('step'))} is no step"
        )
    return None


def _show(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:60]
