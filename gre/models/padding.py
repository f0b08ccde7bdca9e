"""Segments of a row as a padded batch, and back, with gradients that are plain copies.

Legend of shape suffixes: T tokens of the row, N segments, W longest segment, H heads, D head width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, eq=False)
class Padding:
    """How consecutive segments of a row become a padded batch, and a batch a row again.

    Attributes:
        start: Index in the row where the first segment begins.
        num_tokens: Tokens of all segments.
        count: Number of segments.
        width: Length of the longest, at least 1.
        places: Batch index of each token in order, (num_tokens,); None if none is padded.
    """

    start: int
    num_tokens: int
    count: int
    width: int
    places: torch.Tensor | None

    @classmethod
    def of(cls, lengths: Sequence[int], *, start: int, device: torch.device) -> "Padding":
        """Plan for segments of the given lengths that follow one another from `start`."""
        width = max(1, *lengths) if lengths else 1
        places = None
        if any(length != width for length in lengths):
            lengths_N = torch.tensor(lengths, device=device)
            is_token_NW = torch.arange(width, device=device) < lengths_N[:, None]
            places = is_token_NW.flatten().nonzero().flatten()
        return cls(start, sum(lengths), len(lengths), width, places)

    @property
    def is_uniform(self) -> bool:
        """Whether all segments are equally long, so that views do."""
        return self.places is None

    def pad(self, states_THD: torch.Tensor) -> torch.Tensor:
        """Cut a row (T, heads, D) into a batch (count, heads, width, D); padding is 0."""
        flat = states_THD[self.start : self.start + self.num_tokens]
        if self.places is not None:
            flat = _Spread.apply(flat, self.places, self.count * self.width)
        return flat.view(self.count, self.width, *states_THD.shape[1:]).transpose(1, 2)

    def unpad(self, batch: torch.Tensor) -> torch.Tensor:
        """Join a batch (count, heads, width, D) into the segments' tokens (tokens, heads, D)."""
        flat = batch.transpose(1, 2).flatten(0, 1)
        return flat if self.places is None else _Pick.apply(flat, self.places)


class _Spread(torch.autograd.Function):
    """Put rows into distinct places of a longer tensor of zeros.

    The gradient of PyTorch's own indexing adds up, as an index may come twice; that takes several
    times as long on a CPU as these copies.
    """

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, places: torch.Tensor, size: int) -> torch.Tensor:
        """Give (size, ...) with `rows` at `places`."""
        ctx.save_for_backward(places)
        return rows.new_zeros(size, *rows.shape[1:]).index_copy_(0, places, rows)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """Pick what was put."""
        return grad.index_select(0, *ctx.saved_tensors), None, None


class _Pick(torch.autograd.Function):
    """Take the rows at distinct places: the reverse of `_Spread`."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Give the rows at `places`."""
        ctx.save_for_backward(places)
        ctx.size = len(rows)
        return rows.index_select(0, places)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Put what was picked."""
        (places,) = ctx.saved_tensors
        return grad.new_zeros(ctx.size, *grad.shape[1:]).index_copy_(0, places, grad), None
