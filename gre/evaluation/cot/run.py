"""Reasoning of a finished run, judged: files first, in the run's own folder.

`cot_quality.jsonl` has every verdict, `cot_no_image.jsonl` the same of the answers to grey
pictures, `cot_references.jsonl` the references as split and sorted, `cot_summary.json` the numbers,
of the run and by group. Replies of a judge model are kept in a cache and measured scores in
`cot_measures.jsonl`, so that an interrupted judgment goes on where it stopped.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gre.environment import describe
from gre.errors import InputError
from gre.evaluation.asking.run_folder import write_json, write_jsonl
from gre.evaluation.cot.groups import CotGroups, groups_json, summarize_groups
from gre.evaluation.cot.items import (
    NO_IMAGE,
    PREDICTIONS,
    References,
    Task,
    read_question,
    read_references,
    read_tasks,
)
from gre.evaluation.cot.judging import Judged, Tell, judge_all
from gre.evaluation.cot.measures import (
    KeptScores,
    Measures,
    measure_captions,
    measure_inferences,
)
from gre.evaluation.cot.rows import Measured, quality_row, reference_row, score_item
from gre.evaluation.cot.scores import CotSummary, Part, summarize
from gre.evaluation.cot.settings import CotSettings
from gre.evaluation.cot.verdicts import Judge

SUMMARY = "cot_summary.json"
QUALITY, QUALITY_NO_IMAGE = "cot_quality.jsonl", "cot_no_image.jsonl"


@dataclass(frozen=True)
class CotWork:
    """All that there is to judge.

    Attributes:
        run: The run folder.
        references: What chains are held against.
        tasks: Of the photos.
        blind_tasks: Of the grey pictures; empty where the run asked about none.
    """

    run: Path
    references: References
    tasks: tuple[Task, ...]
    blind_tasks: tuple[Task, ...]


@dataclass(frozen=True)
class CotResult:
    """A judged run.

    Attributes:
        run: Its folder.
        summary: Of the answers to the photos.
        groups: The same by group.
        bounds: Of the answers without photos, as "no_image", where they were judged.
    """

    run: Path
    summary: CotSummary
    groups: CotGroups
    bounds: Mapping[str, CotSummary]


def load_work(run: Path, data: Path, *, limit: int | None, with_no_image: bool) -> CotWork:
    """Read a finished run of GREval-Bench and its references.

    Raises:
        InputError: The folder is no such run, or the data is missing, wrong or other data.
    """
    references = read_references(data)
    question = read_question(run, references)

    def tasks(name: str) -> tuple[Task, ...]:
        return tuple(read_tasks(run / name, references, question=question, limit=limit))

    blind = tasks(NO_IMAGE) if with_no_image and (run / NO_IMAGE).is_file() else ()
    return CotWork(run, references, tasks(PREDICTIONS), blind)


def refuse_to_shrink(work: CotWork) -> None:
    """Refuse to replace a judgment of more samples than this one would have.

    Raises:
        InputError: It would.
    """
    path = work.run / SUMMARY
    num_judged = _num_judged(path)
    if isinstance(num_judged, int) and num_judged > len(work.tasks):
        raise InputError(
            f"{path}: is of {num_judged} samples and would be replaced by one of"
            f" {len(work.tasks)}; leave --limit out, or move the file away"
        )


def judge_run(
    work: CotWork,
    judge: Judge,
    settings: CotSettings,
    *,
    measures: Measures | None = None,
    tell: Tell | None = None,
) -> CotResult:
    """Judge all of a run, write the files, and sum up.

    Args:
        work: What there is to judge.
        judge: Who judges.
        settings: Weights.
        measures: Models that measure captions and inferences, where there are any.
        tell: Called with the number of chains just judged.

    Raises:
        GreError: The judge's money is spent. Nothing is written then; its replies are kept.
    """
    measures = measures or Measures()
    run = work.run
    judged = judge_all(work.tasks, judge, tell=tell)
    blind = judge_all(work.blind_tasks, judge, tell=tell)
    parts = _write_rows(run, QUALITY, judged, measures, settings)
    bounds = {}
    if blind:
        blind_parts = _write_rows(run, QUALITY_NO_IMAGE, blind, measures, settings)
        bounds["no_image"] = summarize(blind_parts, weights=settings.weights)
    else:  # of an earlier judgment
        (run / QUALITY_NO_IMAGE).unlink(missing_ok=True)
    references = [row for row in map(reference_row, judged) if row is not None]
    write_jsonl(run / "cot_references.jsonl", references)
    result = CotResult(
        run,
        summarize(parts, weights=settings.weights),
        summarize_groups([j.task.groups for j in judged], parts, weights=settings.weights),
        bounds,
    )
    _write_summary(result, work, judge, settings)
    return result


def _num_judged(path: Path) -> object:
    """Samples that a summary is of; None where there is none, or none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["n"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_rows(
    run: Path, name: str, judged: Sequence[Judged], measures: Measures, settings: CotSettings
) -> list[dict[str, Part]]:
    """Write a line per sample; give the parts of each."""
    kept = KeptScores(run / "cot_measures.jsonl")
    captions = measure_captions(judged, measures, kept)
    inferences = measure_inferences(judged, measures, kept)
    parts = [
        score_item(
            one,
            Measured(captions[one.task.id], inferences[one.task.id]),
            order_weight=settings.order_weight,
        )
        for one in judged
    ]
    write_jsonl(run / name, [quality_row(j, p) for j, p in zip(judged, parts, strict=True)])
    return parts


def _write_summary(result: CotResult, work: CotWork, judge: Judge, settings: CotSettings) -> None:
    write_json(
        result.run / SUMMARY,
        {
            "name": result.run.name,
            **result.summary.to_json(),
            "groups": groups_json(result.groups),
            "bounds": {name: bound.to_json() for name, bound in result.bounds.items()},
            "judge": dict(judge.describe()),
            "usage": dict(judge.usage()),
            "settings": asdict(settings),
            "data_sha256": work.references.data_sha256,
            "references_sha256": work.references.sha256,
            "environment": describe(),
        },
    )
