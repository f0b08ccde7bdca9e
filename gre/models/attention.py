"""Attention over rows in which several completions share one prompt.

A shared row holds every prompt once and then every completion: [prompt 0 .. prompt U-1,
completion 0 .. completion B-1]. A completion sees its own prompt and itself, as it would in a row
of its own; nothing else. Three ways compute that:

- `split_attention`: prompts and completions apart, each completion over its prompt's keys and its
  own. Plain SDPA, runs anywhere, computes no masked pair but padding.
- `block_attention`: FlexAttention with a block mask over the whole row; for CUDA.
- `dense_mask`: SDPA with the (T, T) mask. Simple and slow: the oracle of the tests.

A layout travels to the layers in the place of the attention mask. `accept_layouts` lets an
attention of transformers take either.

Legend of shape suffixes: T tokens of the row, U prompts, B completions, P longest prompt,
C longest completion, K = P + C keys, H query heads, N key/value heads, D head width.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from gre.models.padding import Padding

AttentionOutput = tuple[torch.Tensor, torch.Tensor | None]

MIN_BLOCK_TOKENS = 2048
"""Rows shorter than this are split on CUDA too: a block mask has little to skip. Ours, to be
measured with `scripts/bench/grpo_step.py`."""

MIN_BLOCK_CAPABILITY = (8, 0)
"""CUDA capability from which FlexAttention's kernels are used: Ampere. Source: its documentation
names Ampere and later for bfloat16."""


@dataclass(frozen=True, eq=False)
class PrefixLayout:
    """Where prompts and completions lie in a shared row.

    Attributes:
        prompt_lengths: Tokens of each prompt, at least 1.
        completion_lengths: Tokens of each completion, at least 0.
        owners: Prompt of each completion, an index into `prompt_lengths`, not decreasing.
        device: Where the row lies.
    """

    prompt_lengths: tuple[int, ...]
    completion_lengths: tuple[int, ...]
    owners: tuple[int, ...]
    device: torch.device

    def __post_init__(self) -> None:
        if not self.prompt_lengths or min(self.prompt_lengths) < 1:
            raise ValueError(f"prompts need at least 1 token, got {self.prompt_lengths}")
        if len(self.owners) != len(self.completion_lengths):
            raise ValueError(
                f"{len(self.completion_lengths)} completions need as many owners,"
                f" got {len(self.owners)}"
            )

    @property
    def num_tokens(self) -> int:
        """Length of the row."""
        return sum(self.prompt_lengths) + sum(self.completion_lengths)

    @property
    def num_prompt_tokens(self) -> int:
        """Where the completions begin."""
        return sum(self.prompt_lengths)

    @cached_property
    def prompts(self) -> Padding:
        """How prompts become a (U, P) batch and back."""
        return Padding.of(self.prompt_lengths, start=0, device=self.device)

    @cached_property
    def completions(self) -> Padding:
        """How completions become a (B, C) batch and back."""
        return Padding.of(self.completion_lengths, start=self.num_prompt_tokens, device=self.device)

    def to_completions(self, states: torch.Tensor) -> torch.Tensor:
        """Give each completion its prompt's states: (U, ...) to (B, ...)."""
        counts = [self.owners.count(owner) for owner in range(len(self.prompt_lengths))]
        parts = [
            part.expand(count, *part.shape[1:])
            for part, count in zip(states.split(1), counts, strict=True)
        ]
        return torch.cat(parts)

    @cached_property
    def completion_mask(self) -> torch.Tensor:
        """What a completion's token may see of its prompt and its own row: (B or 1, 1, C, K) bool.

        One row serves all when no prompt is padded; padding after a completion is not masked, as
        no token that counts looks ahead.
        """
        width = self.prompts.width
        longest = self.completions.width
        own_CC = torch.ones(longest, longest, dtype=torch.bool, device=self.device).tril()
        lengths_U = torch.tensor(self.prompt_lengths, device=self.device)
        seen_UP = torch.arange(width, device=self.device) < lengths_U[:, None]
        seen_BP = seen_UP[:1] if self.prompts.is_uniform else self.to_completions(seen_UP)
        seen_BCP = seen_BP[:, None].expand(-1, longest, -1)
        own_BCC = own_CC.expand(len(seen_BP), -1, -1)
        return torch.cat([seen_BCP, own_BCC], dim=2)[:, None]

    @cached_property
    def segments(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Of each token: its prompt, and its completion or -1 for a prompt's token; int64."""
        owners = [*range(len(self.prompt_lengths)), *self.owners]
        lengths = [*self.prompt_lengths, *self.completion_lengths]
        parts = [-1] * len(self.prompt_lengths) + list(range(len(self.completion_lengths)))
        repeats = torch.tensor(lengths, device=self.device)
        return (
            torch.tensor(owners, device=self.device).repeat_interleave(repeats),
            torch.tensor(parts, device=self.device).repeat_interleave(repeats),
        )

    def may_see(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        """Whether the token at index `query` sees the one at `key`; broadcasts, bool."""
        group_T, part_T = self.segments
        is_own = (part_T[key] == -1) | (part_T[key] == part_T[query])
        return (group_T[query] == group_T[key]) & is_own & (key <= query)

    def dense_mask(self) -> torch.Tensor:
        """The whole mask, (1, 1, T, T) bool; True where a query may look."""
        index_T = torch.arange(self.num_tokens, device=self.device)
        return self.may_see(index_T[:, None], index_T[None, :])[None, None]

    @cached_property
    def block_mask(self) -> Any:  # Any: FlexAttention's BlockMask, of a library not followed
        """The mask by blocks, for FlexAttention."""
        from torch.nn.attention.flex_attention import create_block_mask

        def may_see(_b: object, _h: object, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
            return self.may_see(query, key)

        tokens = self.num_tokens
        return create_block_mask(may_see, None, None, tokens, tokens, device=str(self.device))


def split_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    layout: PrefixLayout,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
) -> torch.Tensor:
    """Attend within prompts, then from completions to prompt and self.

    Args:
        query: (1, H, T, D), any float dtype.
        key: (1, N, T, D); H is a multiple of N.
        value: As key.
        layout: Where prompts and completions lie.
        scaling: Factor of the scores; 1 / sqrt(D) if None.
        dropout: Probability, 0 while scoring.

    Returns:
        (1, T, H, D), as attentions of transformers give it.
    """
    rows = [states[0].transpose(0, 1) for states in (query, key, value)]
    query_UHPD, key_UNPD, value_UNPD = (layout.prompts.pad(states_THD) for states_THD in rows)
    repeats = query.shape[1] // key.shape[1]
    prompt_UHPD = scaled_dot_product_attention(
        query_UHPD,
        key_UNPD.repeat_interleave(repeats, dim=1),
        value_UNPD.repeat_interleave(repeats, dim=1),
        is_causal=True,  # padding stands behind every token that counts
        scale=scaling,
        dropout_p=dropout,
    )
    parts = [layout.prompts.unpad(prompt_UHPD)]
    if sum(layout.completion_lengths):
        query_BHCD, key_BNCD, value_BNCD = (layout.completions.pad(states) for states in rows)
        key_BNKD = torch.cat([layout.to_completions(key_UNPD), key_BNCD], dim=2)
        value_BNKD = torch.cat([layout.to_completions(value_UNPD), value_BNCD], dim=2)
        count, heads, width, depth = query_BHCD.shape
        # The query heads of one key head stand below each other: no key is copied per head.
        folded = query_BHCD.reshape(count, heads // repeats, repeats * width, depth)
        completion = scaled_dot_product_attention(
            folded,
            key_BNKD,
            value_BNKD,
            attn_mask=layout.completion_mask.repeat(1, 1, repeats, 1),
            scale=scaling,
            dropout_p=dropout,
        )
        completion_BHCD = completion.view(count, heads, width, depth)
        parts.append(layout.completions.unpad(completion_BHCD))
    return torch.cat(parts)[None]


def block_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    layout: PrefixLayout,
    *,
    scaling: float | None = None,
) -> torch.Tensor:
    """Attend with FlexAttention and a block mask; arguments and result as `split_attention`."""
    # Under autocast rotated queries and keys stay float32; the kernels take one dtype.
    query, key = query.to(value.dtype), key.to(value.dtype)
    output_BHTD = _flex_attention(query)(
        query, key, value, block_mask=layout.block_mask, scale=scaling, enable_gqa=True
    )
    return output_BHTD.transpose(1, 2).contiguous()


_compiled: dict[str, Callable[..., torch.Tensor]] = {}


def _flex_attention(query: torch.Tensor) -> Callable[..., torch.Tensor]:
    """FlexAttention, compiled where there are kernels for it; eager on the CPU."""
    from torch.nn.attention.flex_attention import flex_attention

    if query.device.type != "cuda":
        return flex_attention
    if "flex" not in _compiled:
        # Rows have a new length at every step: without dynamic shapes each would compile anew.
        _compiled["flex"] = torch.compile(flex_attention, dynamic=True)
    return _compiled["flex"]


def chooses_blocks(layout: PrefixLayout) -> bool:
    """Whether FlexAttention is the better way for a row: long, and on a GPU that has kernels."""
    return (
        layout.device.type == "cuda"
        and layout.num_tokens >= MIN_BLOCK_TOKENS
        and torch.cuda.get_device_capability(layout.device) >= MIN_BLOCK_CAPABILITY
    )


def accept_layouts(name: str) -> None:
    """Let the attention of transformers with this name take a `PrefixLayout` as its mask.

    With any other mask it computes what it did before. Doing it twice changes nothing.

    Args:
        name: Registered name: "sdpa", "flash_attention_2", ...

    Raises:
        ValueError: No attention of that name is registered; "eager" is not.
    """
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS, AttentionInterface

    if name not in ALL_ATTENTION_FUNCTIONS:
        raise ValueError(f"attention {name} takes no shared rows; use sdpa or flash_attention_2")
    stock = ALL_ATTENTION_FUNCTIONS[name]
    if getattr(stock, "takes_layouts", False):
        return

    def attend(
        module: nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: Any,  # Any: a layout, or whatever the stock attention takes
        **kwargs: Any,  # Any: passed on
    ) -> AttentionOutput:
        """Attend by a layout where the mask is one, else as before."""
        if not isinstance(attention_mask, PrefixLayout):
            return stock(module, query, key, value, attention_mask, **kwargs)
        scaling, dropout = kwargs.get("scaling"), kwargs.get("dropout", 0.0)
        if dropout == 0.0 and chooses_blocks(attention_mask):
            return block_attention(query, key, value, attention_mask, scaling=scaling), None
        return (
            split_attention(query, key, value, attention_mask, scaling=scaling, dropout=dropout),
            None,
        )

    attend.takes_layouts = True  # type: ignore[attr-defined]
    AttentionInterface.register(name, attend)
