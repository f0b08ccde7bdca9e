"""Steps and hours before a launch: floating-point work over what GPUs sustain.

A forecast, not a measurement: it ignores attention's quadratic part, data loading and saving, and
takes every answer to be as long as it may be. Its assumptions are printed beside it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gre.models.shapes import QwenShape
from gre.preflight.memory import PATCHES_PER_TOKEN
from gre.preflight.weights import part_sizes


@dataclass(frozen=True)
class Gpu:
    """Peak of one GPU: bfloat16 floating-point operations and bytes of memory, per second."""

    flops: float
    bandwidth: float


GPUS: Mapping[str, Gpu] = {
    "A100": Gpu(312e12, 2.0e12),
    "H100": Gpu(989e12, 3.35e12),
    "H20": Gpu(148e12, 4.0e12),
}
"""Source: NVIDIA's data sheets (SXM, dense). The paper used 8 H20."""

UTILIZATION = 0.2
"""Share of the peak that training sustains. Source: EasyR1, 7B GRPO on 8 H100: 16 to 23 %."""

DECODE_FLOOR_S = 0.03
"""Least time of one decoding step of transformers' `generate` with 28 layers. Ours."""

BF16 = 2


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a run does.

    Attributes:
        num_records: Records that it trains on.
        rows_per_step: Rows (completions under GRPO) of one optimizer step over all GPUs.
        epochs: Passes over the records.
        max_steps: Fixed number of steps; 0 or less where the epochs decide.
        num_generations: Answers to each prompt; 1 in supervised training.
        mean_row_tokens: Tokens of a mean row, image included, without the answer to be written.
        mean_image_tokens: Tokens of a mean image.
        answer_tokens: Longest answer that rollouts write; 0 in supervised training.
        checkpointing: Whether activations are computed twice.
        has_reference: Whether a reference model scores every completion too.
        world_size: GPUs.
        decode_batch: Answers that one GPU writes at a time; 0 in supervised training.
    """

    num_records: int
    rows_per_step: int
    epochs: float
    max_steps: int = -1
    num_generations: int = 1
    mean_row_tokens: float
    mean_image_tokens: float
    answer_tokens: int = 0
    checkpointing: bool = True
    has_reference: bool = False
    world_size: int = 1
    decode_batch: int = 0


def optimizer_steps(work: Work) -> int:
    """Optimizer steps of the run."""
    if work.max_steps > 0:
        return work.max_steps
    prompts_per_step = work.rows_per_step / work.num_generations
    return max(1, math.ceil(work.num_records * work.epochs / prompts_per_step))


def flops_per_token(shape: QwenShape) -> float:
    """Work of the language layers for one token, forward: twice their parameters.

    Without the vocabulary's two tables. 13.05 GFLOP for 7B, as the paper counts it.
    """
    tables = shape.vocab_size * shape.hidden_size * (1 if shape.tie_word_embeddings else 2)
    return 2.0 * (part_sizes(shape)["language"] - tables)


def step_flops(shape: QwenShape, work: Work) -> float:
    """Floating-point work of one optimizer step, over all GPUs, without generation.

    Forward 1, backward 2, forward again 1 with checkpointing; one more for each further model that
    scores. The vision tower runs forward only (it is frozen, or small beside the rest).
    """
    passes = 3.0 + work.checkpointing + work.has_reference
    tokens = work.rows_per_step * (work.mean_row_tokens + work.answer_tokens)
    head = 2.0 * shape.vocab_size * shape.hidden_size
    vision = 2.0 * part_sizes(shape)["vision"] * PATCHES_PER_TOKEN * work.mean_image_tokens
    language = (flops_per_token(shape) + head) * tokens * passes
    return language + vision * work.rows_per_step * (1 + work.has_reference)


def generation_seconds(shape: QwenShape, work: Work, gpu: Gpu) -> float:
    """Time that one optimizer step's answers take, when all are as long as they may be."""
    if not work.answer_tokens or not work.decode_batch:
        return 0.0
    weights = BF16 * sum(part_sizes(shape).values())
    reading = weights / gpu.bandwidth
    computing = work.decode_batch * flops_per_token(shape) / (gpu.flops * UTILIZATION)
    step = max(DECODE_FLOOR_S * shape.num_layers / 28, reading, computing)
    rounds = math.ceil(work.rows_per_step / (work.world_size * work.decode_batch))
    return rounds * work.answer_tokens * step


def forecast_hours(shape: QwenShape, work: Work, gpu: Gpu) -> float:
    """Hours of the whole run on so many GPUs of one kind."""
    training = step_flops(shape, work) / (gpu.flops * UTILIZATION * work.world_size)
    seconds = training + generation_seconds(shape, work, gpu)
    return optimizer_steps(work) * seconds / 3600
