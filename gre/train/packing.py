"""Packed rows for supervised fine-tuning: the samples of a step, end to end, up to a token budget.

TRL refuses to pack rows with images. Here the micro-batches of an optimizer step are collated as
ever and then repacked: a row holds several samples and nothing else, each sees itself alone and
counts its 3-D positions from its own start, and each weighs in the loss what it weighs in its
padded micro-batch. Loader, sampler, accumulation and so resuming stay those of the unpacked run;
losses and gradients are the same but for rounding.

The methods of TRL that are overridden, all in this mixin:

- `get_batch_samples`: repacks the micro-batches of a step, whose number stays the same: some hold
  several rows, some none;
- `training_step`: runs the rows of a micro-batch one after the other; gradients are exchanged
  where they would have been;
- `compute_loss`: calls the model with the row's layout in the place of its mask. Stock averages
  over the labels of each micro-batch and then over micro-batches, as Qwen2.5-VL takes no count of
  labels; a row mixes micro-batches, so its samples get weights.

Ranks make equally many model calls: one with fewer rows splits some. Written against TRL 1.16.

Legend of shape suffixes: T tokens of a row.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, cast

import torch
from accelerate.utils import DistributedType
from torch import nn

from gre.models.attention import PrefixLayout, accept_layouts
from gre.models.vision_windows import batch_vision_windows
from gre.train.packed_rows import (
    DIVISORS,
    LENGTHS,
    ROWS,
    deal_rows,
    join_samples,
    label_weights,
    plan_rows,
    read_samples,
    split_rows,
)
from gre.train.sharing import find_obstacle

if TYPE_CHECKING:
    from trl import SFTTrainer as _TrainerBase
else:
    _TrainerBase = object

logger = logging.getLogger(__name__)

NEEDED = {"loss_type": "nll", "label_smoothing_factor": 0.0, "neftune_noise_alpha": None}
"""Arguments whose other values change the loss in ways that depend on how rows are laid out."""


class PackedRows(_TrainerBase):
    """Mixin over TRL's SFTTrainer; stands before it among the bases.

    Attributes:
        packed_tokens: Tokens of a row at most; None trains on TRL's padded batches.
    """

    packed_tokens: int | None = None

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Any]:  # Any: TRL's batches, and a count or None
        """The micro-batches of a step, repacked, and the labels that divide their loss."""
        batches, num_items = super().get_batch_samples(epoch_iterator, num_batches, device)
        if not batches or not self._is_packing:
            return batches, num_items
        rope_index = self._base_model().model.get_rope_index
        samples = [sample for batch in batches for sample in read_samples(batch, rope_index)]
        lengths = [len(sample) for sample in samples]
        rows = plan_rows(lengths, cast(int, self.packed_tokens))
        wanted = torch.tensor([len(rows)], device=device)
        rows = split_rows(rows, lengths, int(self.accelerator.gather(wanted).max()))
        packed = [join_samples([samples[i] for i in row]) for row in rows]
        return deal_rows(packed, len(batches)), num_items

    def training_step(self, model: nn.Module, inputs: Any, *rest: Any) -> torch.Tensor:
        """Forward and backward over the rows of a micro-batch; the sum of their losses."""
        if ROWS not in inputs:
            return super().training_step(model, inputs, *rest)
        rows = inputs[ROWS]
        total = torch.zeros((), device=self.args.device)
        for row in rows[:-1]:
            with self._without_exchange(model):
                total = total + super().training_step(model, row, *rest)
        for row in rows[-1:]:
            total = total + super().training_step(model, row, *rest)
        return total

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Any,  # Any: fields of a batch or packed row
        return_outputs: bool = False,
        num_items_in_batch: Any = None,  # Any: a tensor, a number or None
    ) -> Any:  # Any: the loss, with the outputs where they are asked for
        """Loss of a batch or a packed row, as TRL computes it."""
        if LENGTHS in inputs:
            weights = label_weights(inputs) if num_items_in_batch is None else None
            layout = PrefixLayout(inputs[LENGTHS], (), (), inputs["input_ids"].device)
            model = _with_layout(model, layout, weights)
            inputs = {k: v for k, v in inputs.items() if k not in (LENGTHS, DIVISORS)}
        return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

    @property
    def _is_packing(self) -> bool:
        """Whether this run packs; the first call makes the model ready for it."""
        if "_packs" not in self.__dict__:
            self._packs = self._prepare_packing()
        return self._packs

    def _prepare_packing(self) -> bool:
        if self.packed_tokens is None:
            return False
        base = self._base_model()
        obstacle = find_obstacle(base.config, rows=1, group_size=1)
        for name, unset in NEEDED.items():
            if getattr(self.args, name) != unset:
                obstacle = f"{name} works on padded batches, only {unset} on rows"
        if obstacle:
            logger.warning("packed_tokens %d: padded batches, %s", self.packed_tokens, obstacle)
            return False
        accept_layouts(base.config.text_config._attn_implementation)
        batch_vision_windows(base)
        return True

    def _base_model(self) -> Any:  # Any: a transformers model
        base = self.accelerator.unwrap_model(self.model)
        return base.get_base_model() if hasattr(base, "get_base_model") else base

    @contextmanager
    def _without_exchange(self, model: nn.Module) -> Iterator[None]:
        """Add gradients up on each rank alone, as before the last micro-batch of a step."""
        state = self.accelerator.gradient_state
        before = state.sync_gradients
        is_deepspeed = self.accelerator.distributed_type == DistributedType.DEEPSPEED
        apart: AbstractContextManager[Any] = (
            nullcontext() if is_deepspeed else self.accelerator.no_sync(model)
        )
        state._set_sync_gradients(False)
        try:
            with apart:
                yield
        finally:
            state._set_sync_gradients(before)


def _with_layout(
    model: nn.Module, layout: PrefixLayout, weights_1T: torch.Tensor | None
) -> Any:  # Any: stands for the model
    """The model's call with a layout as its mask; TRL counts tokens by the mask that it passes."""

    def call(**fields: Any) -> Any:  # Any: the model's own
        outputs = model(**{**fields, "attention_mask": {"full_attention": layout}})
        if weights_1T is not None:
            outputs.log_probs = outputs.log_probs * weights_1T
        return outputs

    return call
