"""What a GRPO step must do at least: operations, bytes to read, and a machine's rate for either.

Counted are the products with weights (2 operations a weight and token), the scores and sums of
attention (4 x width a pair) and the head; a backward pass counts twice the forward pass.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Work:
    """Sizes of one generation.

    Attributes:
        prompts: Tokens of each prompt that differs.
        completions: Tokens of each completion, group after group of equal size.
        patches: Image patches of one prompt.
    """

    prompts: tuple[int, ...]
    completions: tuple[int, ...]
    patches: int

    @property
    def group_size(self) -> int:
        """Completions of a prompt."""
        return len(self.completions) // len(self.prompts)

    @property
    def token_ratio(self) -> float:
        """Tokens that stock scores over those of shared rows: G (P + C) / (P + G C)."""
        prompts, completions = sum(self.prompts), sum(self.completions)
        return (self.group_size * prompts + completions) / (prompts + completions)


def forward_flops(model: Any, work: Work, *, shared: bool) -> float:
    """Operations of one scoring pass over a generation.

    Args:
        model: A Qwen2.5-VL of transformers.
        work: What is scored.
        shared: Whether each prompt and photo is computed once, or once per completion.
    """
    text, vision = model.config.text_config, model.config.vision_config
    copies = 1 if shared else work.group_size
    layers = _weights(model.model.language_model.layers)
    tokens = copies * sum(work.prompts) + sum(work.completions)
    pairs = copies * sum(length**2 / 2 for length in work.prompts)
    for i, length in enumerate(work.completions):
        prompt = work.prompts[i // work.group_size]
        pairs += length * prompt + length**2 / 2
    width = text.hidden_size
    total = 2 * layers * tokens + 4 * text.num_hidden_layers * width * pairs
    total += 2 * text.vocab_size * width * sum(work.completions)
    images = copies * len(work.prompts)
    merged = work.patches / vision.spatial_merge_size**2
    total += 2 * _weights(model.model.visual.blocks) * work.patches * images
    total += 2 * _weights(model.model.visual.merger) * merged * images
    whole = len(vision.fullatt_block_indexes) * work.patches**2
    side = vision.window_size // vision.patch_size
    windows = (vision.depth - len(vision.fullatt_block_indexes)) * work.patches * side**2
    return total + 4 * vision.hidden_size * (whole + windows) * images


def prefill_flops(model: Any, work: Work, *, shared: bool) -> float:
    """Operations of reading the prompts before the first token of an answer.

    Args:
        model: A Qwen2.5-VL of transformers.
        work: What is read.
        shared: Whether each prompt and photo is read once, or once per completion.
    """
    prompts = Work(work.prompts, (0,) * len(work.completions), work.patches)
    return forward_flops(model, prompts, shared=shared)


def decode_bytes(model: Any, work: Work) -> float:
    """Bytes that sampling must read at least.

    The weights for each token of the longest answer; for every token of every answer the keys and
    values of its row.

    Args:
        model: A Qwen2.5-VL of transformers.
        work: What is generated; a row that has ended reads nothing.
    """
    text = model.config.text_config
    size = model.dtype.itemsize
    head = text.vocab_size * text.hidden_size
    weights = (_weights(model.model.language_model.layers) + head) * max(work.completions)
    head_width = text.hidden_size // text.num_attention_heads
    per_position = 2 * text.num_hidden_layers * text.num_key_value_heads * head_width
    positions = sum(
        length * work.prompts[i // work.group_size] + length**2 / 2
        for i, length in enumerate(work.completions)
    )
    return float(size * (weights + per_position * positions))


def measured_bandwidth(
    device: torch.device,
    *,
    clock: Callable[[], float] = time.perf_counter,
    seconds: float = 0.5,
) -> float:
    """Bytes a second of adding up numbers that fit no cache: the best run.

    Args:
        device: Where.
        clock: As in `measured_rate`.
        seconds: How long to try, by the wall clock.
    """
    numbers = torch.ones(2**30 if device.type == "cuda" else 2**26, device=device)
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = clock()
        numbers.sum()
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, clock() - start)
    return numbers.nbytes / best


def _weights(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if p.dim() > 1)


def measured_rate(
    device: torch.device,
    dtype: torch.dtype,
    *,
    clock: Callable[[], float] = time.perf_counter,
    seconds: float = 0.5,
) -> float:
    """Operations a second of a product of square matrices that fit no small cache: the best run.

    Args:
        device: Where.
        dtype: Of what.
        clock: What a second is: of the wall, or of the processors that the process keeps busy.
        seconds: How long to try, by the wall clock.
    """
    size = 8192 if device.type == "cuda" else 1024
    one, other = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = clock()
        one @ other
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, clock() - start)
    return 2 * size**3 / best


def median(values: Sequence[float]) -> float:
    """The middle value; the mean of the two middle ones of an even number."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
