"""When rows may share their prompts, and when that pays."""

from dataclasses import dataclass
from typing import Any

import torch
import trl

TESTED_TRL = "1.16."
"""The overrides reach into TRL's internals: another version gets the stock path."""

MODEL_TYPES = ("qwen2_5_vl",)
"""Models whose positions and vision tokens are known here."""

MIN_TOKEN_RATIO = 1.3
"""Under this, sharing saves less than its gathering costs. Ours."""

FULL_PRECISION = (torch.float32, torch.float64)
FULL_TOLERANCE = 1e-5
LOW_TOLERANCE = 3e-2
"""Largest `rounding_error` that the check takes. In 16 bits each value is rounded to 2^-8 of itself
in each of many layers, either way; a wrong mask or position differs by tenths. Ours."""


@dataclass(frozen=True)
class Choice:
    """Whether a generation is scored in shared rows, and why."""

    shares: bool
    reason: str


def find_obstacle(config: Any, *, rows: int, group_size: int) -> str | None:
    """Say why a run cannot share prompts, or None.

    Args:
        config: The model's configuration; a library's, not followed.
        rows: Completions of one process and generation.
        group_size: Completions of a prompt.
    """
    if not trl.__version__.startswith(TESTED_TRL):
        return f"tested with TRL {TESTED_TRL}*, this is {trl.__version__}"
    if config.model_type not in MODEL_TYPES:
        return f"written for {', '.join(MODEL_TYPES)}, the model is {config.model_type}"
    if config.text_config._attn_implementation == "eager":
        return "attention eager takes no shared rows; use auto, sdpa or flash_attention_2"
    if rows % group_size:
        return (
            f"groups of {group_size} are split over GPUs: {rows} completions per GPU and"
            " generation; make it a multiple of num_generations"
        )
    return None


def rounding_error(
    shared_BC: torch.Tensor,
    stock_BC: torch.Tensor,
    mask_BC: torch.Tensor,
    *,
    is_full_precision: bool,
) -> torch.Tensor:
    """How far log-probabilities lie apart, times 1 / (1 + |log-probability|); a scalar.

    The largest in full precision; the mean of the scored ones in 16 bits, whose largest is noise.

    Args:
        shared_BC: From shared rows, masked places 0.
        stock_BC: From TRL, masked places 0.
        mask_BC: What is scored, bool.
        is_full_precision: Whether both were computed in 32 bits or more.
    """
    error_BC = (shared_BC - stock_BC).abs() / (1 + stock_BC.abs())
    if is_full_precision:
        return error_BC.max()
    return error_BC.sum() / mask_BC.sum().clamp(min=1)
