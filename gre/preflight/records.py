"""Records as the run would read them: which can be used, what they say, what they would earn."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gre.answers import ParseFailure, follows_format, read_judgment, read_latlon
from gre.data.jsonio import RecordError
from gre.data.records import CotRecord, JudgeRecord, Record, RecordKind, SeedRecord, iter_records
from gre.errors import InputError
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.preflight.findings import Findings, Severity
from gre.rewards import RewardFunction
from gre.train.reward_functions import check_gold

LEAST_SHARE = 0.1
"""A label rarer than this leaves most groups of answers without variance. Ours."""

FAR_ANSWER_KM = 2500.0
"""The coarsest radius of the benchmarks: a cold-start answer beyond it teaches the wrong place."""


@dataclass(frozen=True)
class RecordSet:
    """One record file, read to its end.

    Attributes:
        path: The file.
        kind: Which format it was read as.
        items: Each record or the error in its place, in order.
    """

    path: Path
    kind: RecordKind
    items: tuple[Record | RecordError, ...]

    @property
    def records(self) -> list[Record]:
        """Those that can be used."""
        return [item for item in self.items if isinstance(item, Record)]

    @property
    def errors(self) -> list[RecordError]:
        """Those that cannot."""
        return [item for item in self.items if isinstance(item, RecordError)]


def read_record_set(path: Path, kind: RecordKind, image_root: str | None) -> RecordSet:
    """Read a file without stopping at its first fault.

    Raises:
        InputError: The file as a whole cannot be read.
    """
    root = Path(image_root) if image_root else None
    return RecordSet(path, kind, tuple(iter_records(path, kind, image_root=root)))


def report_records(found: RecordSet, findings: Findings, *, area: str) -> None:
    """Write how many records can be used, and what is wrong with the others."""
    causes = Counter(error.field or "the record as a whole" for error in found.errors)
    for cause, count in causes.most_common():
        lines = [
            str(error)
            for error in found.errors
            if (error.field or "the record as a whole") == cause
        ]
        text = f"{count:,} of {len(found.items):,} records cannot be used: {cause}"
        findings.add("error", area, f"{text}; correct them, or --quarantine DIR", lines)
    if not found.errors:
        findings.add("ok", area, f"{len(found.items):,} records of {found.path} are sound")


def unreadable_answers(records: Sequence[CotRecord]) -> dict[int, ParseFailure]:
    """Cold-start answers with neither a point nor a verdict, by index of their record."""
    unread = {}
    for record in records:
        reading = read_latlon(record.answer)
        is_verdict = isinstance(read_judgment(record.answer), bool)
        if isinstance(reading, ParseFailure) and not is_verdict:
            unread[record.place.index] = reading
    return unread


def report_answers(records: Sequence[Record], findings: Findings) -> dict[int, str]:
    """Write whether answers in the data can be read, and how near they are.

    Returns:
        Why, by index of the records whose answer cannot be read.
    """
    chains = [record for record in records if isinstance(record, CotRecord)]
    if not chains:
        return {}
    unread = unreadable_answers(chains)
    if unread:
        reasons = Counter(failure.reason.value for failure in unread.values())
        listed = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
        lines = [
            f"{record.place}: {unread[record.place.index].reason.value}"
            for record in chains
            if record.place.index in unread
        ]
        text = f"{len(unread):,} of {len(chains):,} answers cannot be read ({listed})"
        severity: Severity = "error" if len(unread) == len(chains) else "warning"
        findings.add(severity, "answers", f"{text}; the model would learn to write such", lines)
    else:
        findings.add("ok", "answers", f"{len(chains):,} answers can be read")
    out_of_form = [record for record in chains if not follows_format(record.answer)]
    if out_of_form:
        text = f"{len(out_of_form):,} answers are not <think>…</think><answer>…</answer>"
        lines = [str(record.place) for record in out_of_form]
        findings.add("warning", "answers", text, lines)
    _report_distance(chains, findings)
    return {index: f"its answer: {failure.reason.value}" for index, failure in unread.items()}


def _report_distance(chains: Sequence[CotRecord], findings: Findings) -> None:
    distances = {}
    for record in chains:
        point = read_latlon(record.answer)
        if isinstance(point, LatLon):
            distances[record.place] = great_circle_km(point, record.truth)
    if not distances:
        return
    median = float(np.median(list(distances.values())))
    findings.add("note", "answers", f"answers are {median:,.0f} km from the truth at the median")
    far = [place for place, km in distances.items() if km > FAR_ANSWER_KM]
    if far:
        text = f"{len(far):,} answers are over {FAR_ANSWER_KM:g} km from the truth"
        findings.add("warning", "answers", text, [str(place) for place in far])


def report_labels(records: Sequence[Record], findings: Findings) -> None:
    """Write how many judge records are True and False, and whether that fits the distances."""
    judged = [record for record in records if isinstance(record, JudgeRecord)]
    if not judged:
        return
    share = sum(record.label for record in judged) / len(judged)
    text = f"{share:.1%} of {len(judged):,} labels are True"
    is_rare = not LEAST_SHARE <= share <= 1 - LEAST_SHARE
    advice = "; a judge that always says the same is nearly right" if is_rare else ""
    findings.add("warning" if is_rare else "ok", "labels", text + advice)
    medians = {}
    for label in (True, False):
        points = [(r, read_latlon(r.predicted_answer)) for r in judged if r.label is label]
        known = [great_circle_km(p, r.truth) for r, p in points if isinstance(p, LatLon)]
        medians[label] = float(np.median(known)) if known else None
    right, wrong = medians[True], medians[False]
    if right is not None and wrong is not None:
        text = f"predictions are {right:,.0f} km off where True, {wrong:,.0f} where False (median)"
        advice = "; are the labels exchanged?" if right >= wrong else ""
        findings.add("warning" if advice else "note", "labels", text + advice)


def report_gold(
    records: Sequence[Record],
    rewards: Mapping[str, RewardFunction],
    findings: Findings,
    *,
    scale_km: float,
) -> dict[int, str]:
    """Score the gold answer of every record with every reward.

    Returns:
        Why, by index of the records whose gold answer does not earn 1.
    """
    scored = [record for record in records if isinstance(record, JudgeRecord | SeedRecord)]
    failed: dict[int, str] = {}
    for record in scored:
        try:
            check_gold([record], dict(rewards), scale_km=scale_km)
        except InputError as error:
            failed[record.place.index] = str(error)
    if failed:
        text = f"{len(failed):,} of {len(scored):,} gold answers do not earn every reward"
        findings.add("error", "rewards", text, list(failed.values()))
    elif scored:
        names = ", ".join(rewards)
        findings.add("ok", "rewards", f"{len(scored):,} gold answers earn 1 of {names}")
    return failed
