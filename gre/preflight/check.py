"""All checks in order, each writing to one list of findings."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gre.data.inspection import PhotoFacts
from gre.data.records import Record
from gre.errors import InputError
from gre.preflight.coordinates import at_origin, report_coordinates
from gre.preflight.duplicates import report_duplicates, report_leaks
from gre.preflight.findings import Findings, Severity
from gre.preflight.forecast import (
    RowSizes,
    Table,
    memory_table,
    report_batches,
    report_storage,
    report_time,
)
from gre.preflight.model import ModelFacts, check_model, count_text_tokens
from gre.preflight.photos import OnDone, inspect_photos, report_photos
from gre.preflight.quarantine import refuse_taken, write_quarantine
from gre.preflight.records import (
    RecordSet,
    read_record_set,
    report_answers,
    report_gold,
    report_labels,
    report_records,
)
from gre.preflight.resources import report_output
from gre.preflight.stage import Stage, load_stage
from gre.preflight.tokens import (
    histogram,
    image_tokens,
)
from gre.train.config import Trainer

ProgressBar = Callable[[str, int], AbstractContextManager[OnDone]]
"""Opens a bar with a title and a total, and is told as photos are done."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be checked.

    Attributes:
        config: YAML of the run.
        arguments: Flags that override it.
        world_size: Processes that would train.
        benchmarks: Folder by benchmark name; no training photo may be in one.
        quarantine: Where a clean copy of the records goes; None writes none.
        workers: Processes that decode photos.
        trainer: What the config is for; told by its keys if None.
    """

    config: Path
    arguments: Sequence[str] = ()
    world_size: int = 1
    benchmarks: Mapping[str, Path] = field(default_factory=dict)
    quarantine: Path | None = None
    workers: int = 1
    trainer: Trainer | None = None


@dataclass
class CheckResult:
    """What was found.

    Attributes:
        stage: sft, judge or geodesic.
        config: The file.
        findings: All lines.
        tables: Row lengths and memory.
        seconds: How long it took.
    """

    stage: str
    config: Path
    findings: Findings
    tables: list[Table] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, object]:
        """Plain values, ready for JSON."""
        return {
            "config": str(self.config),
            "stage": self.stage,
            "counts": self.findings.counts(),
            "findings": [item.to_json() for item in self.findings.worst_first()],
            "tables": [
                {"title": t.title, "heads": list(t.heads), "rows": [list(r) for r in t.rows]}
                for t in self.tables
            ],
            "seconds": round(self.seconds, 1),
        }


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_check(request: Request, progress: ProgressBar) -> CheckResult:
    """Check everything about a run that can be known before it starts.

    Raises:
        InputError: The config itself is wrong, or the quarantine cannot be written.
    """
    start = time.perf_counter()
    if request.quarantine is not None:
        refuse_taken(request.quarantine)
    stage = load_stage(
        request.config,
        request.arguments,
        world_size=request.world_size,
        trainer=request.trainer,
    )
    result = CheckResult(stage.name, request.config, Findings())
    findings, data = result.findings, stage.run.data
    findings.add("ok", "config", f"{request.config} is a run of stage {stage.name}")
    report_output(
        Path(stage.run.trainer.output_dir),
        findings,
        overwrite=data.overwrite,
        world_size=request.world_size,
    )
    model = check_model(stage.run.model, findings)
    with findings.guarding("records"):
        found = read_record_set(Path(data.data_path), stage.kind, data.image_root)
        left_out = _check_data(stage, model, found, request, result, progress)
        if request.quarantine is not None:
            _quarantine(found, left_out, request.quarantine, findings)
    result.seconds = time.perf_counter() - start
    return result


def _check_data(
    stage: Stage,
    model: ModelFacts,
    found: RecordSet,
    request: Request,
    result: CheckResult,
    progress: ProgressBar,
) -> dict[int, str]:
    """Look at records and images; give why, by index of the records to be left out."""
    findings, records = result.findings, found.records
    report_records(found, findings, area="records")
    report_coordinates(records, findings, area="coordinates")
    left_out = {
        record.place.index: "its coordinates are exactly (0, 0)" for record in at_origin(records)
    }
    left_out |= report_answers(records, findings)
    report_labels(records, findings)
    if stage.name != "sft":
        gold = report_gold(records, stage.rewards(), findings, scale_km=stage.finest_scale_km())
        left_out |= gold
    paths = [record.image_path for record in records]
    with progress("images", len(set(paths))) as on_done:
        photos = inspect_photos(paths, workers=request.workers, on_done=on_done)
    report_photos(photos, findings, area="images")
    facts = list(photos.values())
    report_duplicates(facts, findings, area="duplicates", workers=request.workers)
    leaks = _check_leaks(stage, facts, request, findings, progress)
    for record in records:
        why = photos[record.image_path].error or leaks.get(record.image_path)
        if why:
            left_out[record.place.index] = why
    sound = [record for record in records if photos[record.image_path].error is None]
    left_out |= _check_rows(stage, model, sound, photos, result)
    return left_out


def _check_leaks(
    stage: Stage,
    train: list[PhotoFacts],
    request: Request,
    findings: Findings,
    progress: ProgressBar,
) -> dict[Path, str]:
    """Hold the training photos against the held-out set and every benchmark named."""
    from gre.evaluation.benchmarks.loading import load_benchmark

    sets: dict[str, list[Path]] = {}
    data = stage.run.data
    if data.heldout_path:
        with findings.guarding("held-out"):
            heldout = read_record_set(Path(data.heldout_path), stage.heldout_kind, data.image_root)
            report_records(heldout, findings, area="held-out")
            sets["the held-out set"] = [record.image_path for record in heldout.records]
    for name, folder in request.benchmarks.items():
        with findings.guarding("benchmark"):
            samples = load_benchmark(name, folder).samples
            sets[name] = [sample.image_path for sample in samples if sample.fault is None]
    leaks: dict[Path, str] = {}
    for name, paths in sets.items():
        with progress(name, len(set(paths))) as on_done:
            photos = inspect_photos(paths, workers=request.workers, on_done=on_done)
        report_photos(photos, findings, area=name)
        held_back = list(photos.values())
        leaks |= report_leaks(train, held_back, findings, name=name, workers=request.workers)
    return leaks


def _check_rows(
    stage: Stage,
    model: ModelFacts,
    records: list[Record],
    photos: Mapping[Path, PhotoFacts],
    result: CheckResult,
) -> dict[int, str]:
    """Count tokens, forecast memory, time and disk; give the rows that are too long."""
    findings = result.findings
    if not records:
        return {}
    texts = count_text_tokens(records, model.processor, findings)
    sizes = [photos[record.image_path] for record in records]
    images = np.array([image_tokens(one.width, one.height, model.pixels) for one in sizes])
    lengths = texts + images
    too_long = _report_lengths(stage, records, lengths, images, result)
    with findings.guarding("records"):
        num_drawn = len(stage.drawn(records))
        if num_drawn < len(records):
            text = f"{num_drawn:,} of {len(records):,} records are drawn for training"
            findings.add("note", "records", text)
        rows = RowSizes(
            int(lengths.max()), float(lengths.mean()), int(images.max()), float(images.mean())
        )
        table = memory_table(stage, model, rows, findings)
        result.tables += [table] if table else []
        num_steps = report_time(stage, model, rows, num_drawn, findings)
        report_batches(stage, num_drawn, num_steps, findings)
        report_storage(stage, model, num_steps, findings)
    return too_long


def _report_lengths(
    stage: Stage,
    records: list[Record],
    lengths: NDArray[np.int64],
    images: NDArray[np.int64],
    result: CheckResult,
) -> dict[int, str]:
    budget, answer = stage.run.data.max_row_tokens, stage.answer_tokens
    whole = lengths + answer
    too_long = {
        record.place.index: f"its row has {n:,} tokens, max_row_tokens is {budget:,}"
        for record, n in zip(records, whole.tolist(), strict=True)
        if n > budget
    }
    if too_long:
        places = {record.place.index: record.place for record in records}
        lines = [f"{places[index]}: {why}" for index, why in too_long.items()]
        text = f"{len(too_long):,} rows are over max_row_tokens {budget:,}"
        # Stage 1 stops at such a row; in the others it takes the memory that it takes.
        severity: Severity = "error" if stage.name == "sft" else "warning"
        advice = "; lower max_pixels or raise max_row_tokens"
        result.findings.add(severity, "tokens", text + advice, lines)
    else:
        result.findings.add("ok", "tokens", f"every row is within max_row_tokens {budget:,}")
    text = f"rows have {lengths.mean():,.0f} tokens on average, {lengths.max():,} at most"
    more = f", and up to {answer:,} of the answer" if answer else ""
    text += f" (images {images.mean():,.0f}, {images.max():,}){more}"
    result.findings.add("note", "tokens", text)
    bins = tuple((name, f"{count:,}") for name, count in histogram(lengths))
    result.tables.append(Table("Row lengths", ("tokens", "rows"), bins))
    return too_long if stage.name == "sft" else {}


def _quarantine(
    found: RecordSet, left_out: Mapping[int, str], directory: Path, findings: Findings
) -> None:
    try:
        written = write_quarantine(found, left_out, directory)
    except InputError as error:
        findings.add("error", "quarantine", str(error))
        return
    text = (
        f"{written.num_kept:,} records are in {written.file}, {written.num_left_out:,} in"
        f" left_out.jsonl beside it; train with --data_path {written.file}"
        f" --image_root {written.image_root}"
    )
    findings.add("note", "quarantine", text)
