"""Memory, time and disk of a run, from the model's shape and the rows that were counted."""

from dataclasses import dataclass
from pathlib import Path

from gre.models.shapes import QwenShape
from gre.preflight.duration import GPUS, UTILIZATION, Work, forecast_hours, optimizer_steps
from gre.preflight.findings import Findings
from gre.preflight.memory import STAGES, forecast_memory, trainable_parameters
from gre.preflight.model import ModelFacts
from gre.preflight.resources import (
    DiskForecast,
    checkpoint_bytes,
    kept_checkpoints,
    report_disk,
)
from gre.preflight.stage import Stage

CARDS_GB = (24, 40, 48, 80, 96, 141)
"""Memory of cards that people have."""

ZERO_NAMES = {"none": "no DeepSpeed", "zero2": "ZeRO-2", "zero3": "ZeRO-3"}


@dataclass(frozen=True)
class RowSizes:
    """Tokens of the rows of a run: prompt, image and taught answer, without answers to be written.

    Attributes:
        longest: Of the longest row.
        mean: Of a mean row.
        largest_image: Of the largest image.
        mean_image: Of a mean image.
    """

    longest: int
    mean: float
    largest_image: int
    mean_image: float


@dataclass(frozen=True)
class Table:
    """Rows of text under a title, for the console and the page."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def memory_table(
    stage: Stage, model: ModelFacts, rows: RowSizes, findings: Findings
) -> Table | None:
    """Forecast for each ZeRO stage; the run's own is written as a finding too."""
    if model.shape is None:
        return None
    work = stage.workload(
        model, row_tokens=rows.longest + stage.answer_tokens, image_tokens=rows.largest_image
    )
    names = ("weights", "gradients", "optimizer", "reference", "buffers", "activations")
    lines = []
    for zero in STAGES:
        found = forecast_memory(model.shape, work, zero=zero, world_size=stage.world_size)
        gigabytes = found.to_json()
        cells = [f"{gigabytes[name]:,.2f}" for name in (*names, "kv_cache", "peak")]
        lines.append((ZERO_NAMES[zero], *cells))
        if zero == stage.zero():
            _report_peak(found.peak / 1e9, ZERO_NAMES[zero], stage, findings)
    return Table(
        f"Memory of a GPU, {stage.world_size} in all, GB",
        ("", *names, "KV cache", "peak"),
        tuple(lines),
        "Forecast for the longest row: weights to buffers are counted, activations are an estimate"
        " on the high side; peak takes the larger of activations and KV cache.",
    )


def _report_peak(peak_gb: float, name: str, stage: Stage, findings: Findings) -> None:
    gpus = _counted(stage.world_size, "GPU")
    text = f"forecast {peak_gb:,.1f} GB a GPU at the peak ({name}, {gpus})"
    have = _own_gpu_gb()
    if have is not None and peak_gb > have:
        advice = f"; this GPU has {have:,.1f}: lower per_device_train_batch_size or max_pixels"
        findings.add("error", "memory", text + advice)
        return
    fitting = [card for card in CARDS_GB if card >= peak_gb]
    if fitting:
        findings.add("note", "memory", f"{text}: a card of {fitting[0]} GB holds it")
    else:
        advice = "; use ZeRO-3, more GPUs, LoRA or smaller batches"
        findings.add("warning", "memory", text + advice)


def _own_gpu_gb() -> float | None:
    import torch

    if not torch.cuda.is_available():
        return None
    return float(torch.cuda.get_device_properties(0).total_memory) / 1e9


def report_time(
    stage: Stage, model: ModelFacts, rows: RowSizes, num_records: int, findings: Findings
) -> int:
    """Write steps, tokens and hours; give the number of optimizer steps."""
    trainer = stage.run.trainer
    per_generation = getattr(trainer, "steps_per_generation", None) or 1
    work = Work(
        num_records=num_records,
        rows_per_step=stage.rows_per_step,
        epochs=trainer.num_train_epochs,
        max_steps=trainer.max_steps,
        num_generations=stage.num_generations,
        mean_row_tokens=rows.mean,
        mean_image_tokens=rows.mean_image,
        answer_tokens=stage.answer_tokens,
        checkpointing=bool(trainer.gradient_checkpointing),
        has_reference=stage.name != "sft" and trainer.beta != 0,
        world_size=stage.world_size,
        decode_batch=trainer.per_device_train_batch_size * per_generation,
    )
    steps = optimizer_steps(work)
    prompts = stage.rows_per_step // stage.num_generations
    tokens = work.rows_per_step * (work.mean_row_tokens + work.answer_tokens)
    text = (
        f"{steps:,} optimizer steps of {prompts:,} records ({stage.rows_per_step:,} rows, about"
        f" {tokens:,.0f} tokens)"
    )
    findings.add("note", "time", text)
    if model.shape is not None:
        findings.add("note", "time", _hours(model.shape, work))
    return steps


def _span(hours: float) -> str:
    """A time in the unit that people would use."""
    if hours < 1 / 60:
        return "under a minute"
    return (
        f"{hours:,.0f} h"
        if hours >= 10
        else f"{hours:.1f} h"
        if hours >= 1
        else (f"{60 * hours:.0f} min")
    )


def _hours(shape: QwenShape, work: Work) -> str:
    hours = ", ".join(
        f"{_span(forecast_hours(shape, work, gpu))} on {work.world_size} {name}"
        for name, gpu in GPUS.items()
    )
    answers = ", every answer at its longest" if work.answer_tokens else ""
    return (
        f"forecast {hours} (assumed: {UTILIZATION:.0%} of the peak{answers}; without loading and"
        " saving)"
    )


def report_batches(stage: Stage, num_records: int, num_steps: int, findings: Findings) -> None:
    """Write what does not fit between records, steps and saves."""
    trainer = stage.run.trainer
    prompts = stage.rows_per_step // stage.num_generations
    device, accumulated = trainer.per_device_train_batch_size, trainer.gradient_accumulation_steps
    findings.add(
        "ok",
        "batch",
        f"{_counted(stage.world_size, 'process')} x {device} rows x {accumulated} accumulated ="
        f" {stage.rows_per_step:,} rows a step, {prompts:,} records of"
        f" {stage.num_generations} each",
    )
    if num_records < prompts:
        text = f"{num_records:,} records are fewer than one step's {prompts:,}"
        findings.add("warning", "batch", f"{text}; lower global_batch_size")
    if trainer.save_strategy == "steps" and trainer.save_steps > num_steps:
        text = f"save_steps {trainer.save_steps:g} is never reached in {num_steps:,} steps"
        findings.add("warning", "batch", f"{text}: an interrupted run would start anew")


def report_storage(stage: Stage, model: ModelFacts, num_steps: int, findings: Findings) -> None:
    """Write whether the checkpoints of the run find room."""
    trainer = stage.run.trainer
    if model.shape is None:
        return
    work = stage.workload(model, row_tokens=1, image_tokens=1)
    width = 2 if work.mixed else 4
    total = sum(model.parts.values())
    trained = trainable_parameters(model.shape, work)
    saved = trained if work.adapter_parameters else total
    one = checkpoint_bytes(saved, trained, width=width)
    num_saves = 0
    if trainer.save_strategy != "no":
        num_saves = max(1, num_steps // max(1, int(trainer.save_steps)))
    kept = kept_checkpoints(trainer.save_total_limit, num_saves) if num_saves else 0
    forecast = DiskForecast(kept, one, float(width * total))
    report_disk(Path(trainer.output_dir), forecast, findings)


def _counted(number: int, thing: str) -> str:
    """1 GPU, 2 GPUs; 1 process, 2 processes."""
    ending = "" if number == 1 else "es" if thing.endswith("s") else "s"
    return f"{number} {thing}{ending}"
