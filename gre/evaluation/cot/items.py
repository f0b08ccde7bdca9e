"""A finished run beside its data: what there is to judge, and what cannot be."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gre.data.jsonio import RawRecord, RecordError, iter_json
from gre.data.paths import ImagePathError
from gre.data.records import BenchRecord, iter_records
from gre.errors import InputError
from gre.evaluation.benchmarks.loading import GREVAL_FILES
from gre.evaluation.benchmarks.samples import find_source, say_how_to_fetch
from gre.evaluation.cot.chains import MAX_STEPS, chain_steps, clean_steps
from gre.evaluation.cot.verdicts import Item, Unscored
from gre.evaluation.indicators import indicator_groups
from gre.evaluation.runs.saved_run import read_facts
from gre.geo.latlon import LatLon
from gre.prompts import LOCATE_INSTRUCTION

GREVAL_BENCH = "greval_bench"
PREDICTIONS, NO_IMAGE = "predictions.jsonl", "no_image.jsonl"
"""Files of a run that hold texts: of the photos, and of grey pictures in their place."""


@dataclass(frozen=True)
class Reference:
    """What a chain is held against.

    Attributes:
        id: Of the sample.
        image_path: The photo.
        truth: Where it was taken.
        key_steps: Split once, without numbers.
        indicators: Geographic indicators; may be empty.
    """

    id: str
    image_path: Path
    truth: LatLon
    key_steps: tuple[str, ...]
    indicators: tuple[str, ...]


@dataclass(frozen=True)
class References:
    """The references of a benchmark.

    Attributes:
        by_id: In the order of the file; records whose photo is missing are not in it.
        data_sha256: Hash of the file.
    """

    by_id: Mapping[str, Reference]
    data_sha256: str

    @property
    def sha256(self) -> str:
        """Hash of all key steps as split: equal for two runs judged against the same ones."""
        lines = ("\t".join((r.id, *r.key_steps, "", *r.indicators)) for r in self.by_id.values())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Task:
    """One sample of a run.

    Attributes:
        id: Of the sample.
        reference: What its chain is held against; None where there is none.
        work: The item to judge, or why there is nothing to judge.
        num_left_out: Steps beyond `MAX_STEPS`, not judged.
        groups: Names and values of the groups that the sample is in, such as ("scene", "harbour").
    """

    id: str
    reference: Reference | None
    work: Item | Unscored
    num_left_out: int = 0
    groups: frozenset[tuple[str, str]] = frozenset()


def read_references(data: Path) -> References:
    """Read key steps and indicators of a GREval-Bench folder.

    Raises:
        InputError: The file is missing, or a record is wrong (a missing photo apart).
    """
    if not data.is_dir():
        raise InputError(
            f"{data}: no such folder, must hold the data of GREval-Bench;"
            f" {say_how_to_fetch('greval_bench')}"
        )
    source = find_source(data, GREVAL_FILES)
    by_id: dict[str, Reference] = {}
    for record in iter_records(source, "bench"):
        if isinstance(record, BenchRecord):
            steps = clean_steps(record.gt_cot)
            if not steps:
                raise RecordError(record.place, "says nothing; write the steps", field="gt_cot")
            by_id[record.id] = Reference(
                record.id, record.image_path, record.truth, steps, record.indicators
            )
        elif isinstance(record, RecordError) and not isinstance(record.__cause__, ImagePathError):
            raise record
    return References(by_id, hashlib.sha256(source.read_bytes()).hexdigest())


def read_question(run: Path, references: References) -> str:
    """What the model of a run was asked.

    Raises:
        InputError: The folder is no finished run of GREval-Bench on this data.
    """
    facts = read_facts(run / "summary.json")
    benchmark = facts.get("benchmark")
    if benchmark != GREVAL_BENCH:
        raise InputError(
            f"{run}: holds a run of {benchmark!r}, must be {GREVAL_BENCH}: only that has key steps;"
            " name another run"
        )
    if facts.get("data_sha256") != references.data_sha256:
        raise InputError(
            f"{run}: ran on other data (sha256 {str(facts.get('data_sha256'))[:16]}, --data has"
            f" {references.data_sha256[:16]}); name the data of the run"
        )
    return str(facts.get("instruction") or LOCATE_INSTRUCTION)


def read_tasks(
    path: Path, references: References, *, question: str, limit: int | None
) -> list[Task]:
    """One task per line of a predictions file, in order.

    Raises:
        InputError: The file or a line of it is damaged.
    """
    tasks: list[Task] = []
    for raw in iter_json(path):
        if limit is not None and len(tasks) >= limit:
            break
        if isinstance(raw, RecordError):
            raise raw
        tasks.append(_task(raw, references, question))
    return tasks


def _task(raw: RawRecord, references: References, question: str) -> Task:
    row: Any = raw.value  # Any: whatever JSON holds, checked here
    if not isinstance(row, dict) or "id" not in row or "status" not in row:
        raise RecordError(raw.place, "is no prediction; evaluate again into a new folder")
    identity, text = str(row["id"]), row.get("text")
    reference = references.by_id.get(identity)
    groups = _groups(row)

    def unscored(reason: str, detail: str) -> Task:
        return Task(identity, reference, Unscored(reason, detail), groups=groups)

    if row["status"] == "error" or not isinstance(text, str):
        return unscored("not_asked", str(row.get("detail") or "the model was not asked"))
    if reference is None:
        return unscored("no_reference", "the data has no key steps for it")
    steps = chain_steps(text)
    if not steps:
        return unscored("empty_chain", "the answer has no reasoning")
    item = Item(identity, question, steps[:MAX_STEPS], reference.key_steps, reference.indicators)
    num_left_out = max(0, len(steps) - MAX_STEPS)
    return Task(identity, reference, item, num_left_out=num_left_out, groups=groups)


def _groups(row: Mapping[str, Any]) -> frozenset[tuple[str, str]]:  # Any: whatever JSON holds
    """What the results of the same row are broken down by; nothing where it is damaged."""
    groups, indicators = row.get("groups"), row.get("indicators")
    named = groups.items() if isinstance(groups, dict) else ()
    kinds = map(str, indicators) if isinstance(indicators, list) else ()
    return frozenset({*((str(k), str(v)) for k, v in named), *indicator_groups(tuple(kinds))})
