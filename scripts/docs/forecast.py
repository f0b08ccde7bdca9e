#!/usr/bin/env python3
"""Print the README's forecast: steps, memory, disk, hours of the three stages at 7B on 8 GPUs.

The arithmetic is that of `gre check`, on the values of configs/; rows are assumed, not counted. Run
`gre check` on your own data for its rows. No torch is imported.

Example: python scripts/docs/forecast.py
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gre.models.shapes import QWEN_SHAPES
from gre.preflight.duration import GPUS, Work, forecast_hours, optimizer_steps
from gre.preflight.memory import BF16, Workload, forecast_memory, trainable_parameters
from gre.preflight.resources import DiskForecast, checkpoint_bytes, kept_checkpoints
from gre.preflight.weights import part_sizes

ROOT = Path(__file__).resolve().parents[2]
WORLD_SIZE = 8
"""GPUs. Source: GRE paper, 8 H20."""

IMAGE_TOKENS = 1280
"""Of a photo at the configs' max_pixels, 28 x 28 pixels a token."""

QUESTION_TOKENS = 200
"""Instruction and chat template; the paper's instruction is about that long. Ours."""

TAUGHT_TOKENS = 370
"""Answer of a stage 1 row, so that a row has the 1,850 tokens that the paper counts an inference
with: 24,117 GFLOP at 13.05 GFLOP a token."""


@dataclass(frozen=True)
class Stage:
    """One stage, its config and the size of its set (GRE paper, section 5.1)."""

    name: str
    config: str
    num_records: int


STAGES = (
    Stage("1", "stage1_sft.yaml", 20_000),
    Stage("2", "stage2_judge.yaml", 10_000),
    Stage("3", "stage3_geodesic.yaml", 10_000),
)


def forecast_disk(config: dict[str, Any], load: Workload, steps: int) -> DiskForecast:
    """Give what a stage puts on the disk, under DeepSpeed in bfloat16."""
    shape = QWEN_SHAPES["7b"]
    total = sum(part_sizes(shape).values())
    one = checkpoint_bytes(total, trainable_parameters(shape, load), width=BF16)
    kept = kept_checkpoints(config["save_total_limit"], max(1, steps // config["save_steps"]))
    return DiskForecast(kept, one, float(BF16 * total))


def describe(stage: Stage) -> str:
    """Give one row of the table."""
    text = (ROOT / "configs" / stage.config).read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(text)  # Any: values of a YAML file
    shape, generations = QWEN_SHAPES["7b"], config.get("num_generations", 1)
    answer = config.get("max_completion_length", 0)
    rows = config["global_batch_size"] // WORLD_SIZE
    prompt = IMAGE_TOKENS + QUESTION_TOKENS + (0 if answer else TAUGHT_TOKENS)
    work = Work(
        num_records=stage.num_records,
        rows_per_step=config["global_batch_size"],
        epochs=config["num_train_epochs"],
        num_generations=generations,
        mean_row_tokens=prompt,
        mean_image_tokens=IMAGE_TOKENS,
        answer_tokens=answer,
        has_reference=bool(answer),
        world_size=WORLD_SIZE,
        decode_batch=rows if answer else 0,
    )
    load = Workload(
        rows=config["per_device_train_batch_size"],
        row_tokens=prompt + answer,
        image_tokens=IMAGE_TOKENS,
        generated_rows=rows if answer else 0,
        generated_tokens=prompt + answer,
        has_reference=bool(answer),
        frozen=tuple(config["freeze"]),
    )
    peaks = [
        forecast_memory(shape, load, zero=zero, world_size=WORLD_SIZE).peak / 1e9
        for zero in ("zero2", "zero3")
    ]
    hours = [forecast_hours(shape, work, GPUS[name]) for name in ("H20", "A100", "H100")]
    disk = forecast_disk(config, load, optimizer_steps(work))
    sizes = [*peaks, disk.peak / 1e9, disk.left / 1e9]
    cells = [stage.name, f"{optimizer_steps(work):,}", *(f"{size:.0f} GB" for size in sizes)]
    return "| " + " | ".join([*cells, *(f"{hour:.1f} h" for hour in hours)]) + " |"


def render() -> str:
    """Give the whole table."""
    heads = ("stage", "steps", "a GPU, ZeRO-2", "a GPU, ZeRO-3", "disk", "of it left")
    heads += ("8 H20", "8 A100", "8 H100")
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *map(describe, STAGES)])


def main() -> None:
    """Parse the command line and print."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    print(render())


if __name__ == "__main__":
    main()
