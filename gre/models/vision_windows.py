"""The windows of Qwen2.5-VL's vision tower in a few batched calls.

Without FlashAttention the stock tower calls attention once per window, in every layer: a 448 px
photo has 16 windows, one of a megapixel 80. Windows of one size attend together here; a photo has
at most four sizes (inside, right edge, bottom edge, corner). The result is the same.

Legend of shape suffixes: S patches, W windows, L patches of a window, H heads, D head width.
"""

from collections import defaultdict
from functools import lru_cache
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl as qwen

BATCHED_NAME = "sdpa"
"""The attention that is batched; FlashAttention takes windows of any length by itself."""


def batch_vision_windows(model: nn.Module) -> int:
    """Let every vision attention of a model batch its windows; give the number of them.

    A tower that does not use SDPA is left alone.
    """
    found = [
        module
        for module in model.modules()
        if isinstance(module, qwen.Qwen2_5_VLVisionAttention)
        and module.config._attn_implementation == BATCHED_NAME
    ]
    for module in found:
        module.forward = MethodType(_batched_forward, module)
    return len(found)


def window_attention(
    query_SHD: torch.Tensor,
    key_SHD: torch.Tensor,
    value_SHD: torch.Tensor,
    lengths: tuple[int, ...],
    *,
    scaling: float,
) -> torch.Tensor:
    """Attend within windows that follow one another.

    Args:
        query_SHD: Any float dtype, as key and value.
        key_SHD: Keys.
        value_SHD: Values.
        lengths: Patches of each window; their sum is S.
        scaling: Factor of the scores.

    Returns:
        Attended values, (S, H, D).
    """
    kinds, back = _windows_by_length(lengths)
    outputs = []
    for length, index in kinds:
        parts = []
        for states_SHD in (query_SHD, key_SHD, value_SHD):
            chosen = states_SHD
            if len(kinds) > 1:
                chosen = states_SHD.index_select(0, index.to(states_SHD.device))
            parts.append(chosen.view(-1, length, *chosen.shape[1:]).transpose(1, 2))
        output_WHLD = scaled_dot_product_attention(*parts, scale=scaling)
        outputs.append(output_WHLD.transpose(1, 2).flatten(0, 1))
    if len(kinds) == 1:
        return outputs[0]
    return torch.cat(outputs).index_select(0, back.to(query_SHD.device))


@lru_cache(maxsize=256)
def _windows_by_length(
    lengths: tuple[int, ...],
) -> tuple[list[tuple[int, torch.Tensor]], torch.Tensor]:
    """Patch indices of the windows of each length, and the order that restores the patches."""
    spans: dict[int, list[torch.Tensor]] = defaultdict(list)
    start = 0
    for length in lengths:
        if length:
            spans[length].append(torch.arange(start, start + length))
        start += length
    kinds = [(length, torch.cat(parts)) for length, parts in spans.items()]
    return kinds, torch.cat([index for _, index in kinds]).argsort()


def _batched_forward(
    self: Any,  # Any: the stock module, of a library not followed
    hidden_states: torch.Tensor,
    cu_seqlens: torch.Tensor,
    position_embeddings: tuple[torch.Tensor, torch.Tensor] | None = None,
    max_seqlen: int | None = None,
    **_: Any,  # Any: what the stock forward hands to its attention
) -> torch.Tensor:
    """Stand in for `Qwen2_5_VLVisionAttention.forward`; same arguments, same result."""
    query_SHD, key_SHD, value_SHD = (
        self.qkv(hidden_states).view(len(hidden_states), 3, self.num_heads, -1).unbind(1)
    )
    if position_embeddings is None:
        raise TypeError("position_embeddings are needed: the stock forward cannot do without")
    query_SHD, key_SHD = qwen.apply_rotary_pos_emb_vision(query_SHD, key_SHD, *position_embeddings)
    lengths = tuple(cu_seqlens.diff().tolist())
    output_SHD = window_attention(query_SHD, key_SHD, value_SHD, lengths, scaling=self.scaling)
    return self.proj(output_SHD.flatten(1))
