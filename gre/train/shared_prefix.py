"""GRPO that computes each prompt once: what TRL's GRPOTrainer does G times, done one time.

The methods of TRL that are overridden, all in this mixin:

- `_get_per_token_logps_and_entropies`: the rows of a call become one shared row, in which every
  prompt stands once; policy, old and reference log-probabilities all come from here, so every
  loss of TRL works unchanged;
- `_prepare_inputs`: shuffles whole groups instead of rows, and keeps each image once;
- `_generate_and_score_completions`: begins the choice between shared and stock anew, and lets the
  processor see each prompt once;
- `_tokenize_prompts`: the same, before generating.

The results are those of stock TRL but for rounding. Ranks make equally many model calls: a call
takes as many rows as stock's would, and every rank chooses the same. Written against TRL 1.16.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from gre.models.attention import accept_layouts
from gre.models.vision_windows import batch_vision_windows
from gre.train.rows_once import RowsOnce, equal_neighbours, own_counts
from gre.train.shared_rows import ScoringBatch, leaders, share_rows, shuffled_batches
from gre.train.sharing import (
    FULL_PRECISION,
    FULL_TOLERANCE,
    LOW_TOLERANCE,
    MIN_TOKEN_RATIO,
    Choice,
    find_obstacle,
    rounding_error,
)

if TYPE_CHECKING:
    from trl import GRPOTrainer as _TrainerBase
else:
    _TrainerBase = object

logger = logging.getLogger(__name__)

Scores = tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]


class SharedPrefixScoring(_TrainerBase):
    """Mixin over TRL's GRPOTrainer; stands before it among the bases.

    Attributes:
        shared_prefix: "off" is stock TRL; "on" shares wherever rows allow it; "auto" does so where
            it saves enough, after one comparison with stock.
    """

    processing_class: Any  # Any: a processor of a library that is not followed
    _buffered_inputs: Any  # Any: TRL's batches
    shared_prefix: str = "off"
    _choice: Choice | None = None
    _told: Choice | None = None
    _agrees: bool | None = None

    # What TRL calls

    def _get_per_token_logps_and_entropies(
        self,
        model: nn.Module,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        compute_aux_loss: bool = False,
        **fields: Any,  # Any: pixels and token types, as TRL names them
    ) -> Scores:
        """Log-probabilities (B, C) of completions, entropies if asked for, and no auxiliary loss.

        Arguments and results are those of TRL's method; masked places are 0.
        """
        options = {
            "batch_size": batch_size,
            "compute_entropy": compute_entropy,
            "compute_aux_loss": compute_aux_loss,
        }
        if not self._is_prepared:
            return super()._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, **options, **fields
            )
        own_images = fields.pop("own_images", None)
        if own_images is not None:
            fields["num_images"] = own_images
        batch = ScoringBatch.of(input_ids, attention_mask, logits_to_keep, fields)
        chunk = batch_size or len(input_ids)
        if self._choice is None:
            self._choice = self._choose(model, batch, chunk, fields, has_aux=compute_aux_loss)
            self._tell(self._choice)
        if self._choice.shares:
            return self._score_shared(model, batch, chunk, compute_entropy=compute_entropy)
        return self._score_stock(model, batch, fields, **options)

    def _prepare_inputs(self, generation_batch: Any) -> Any:  # Any: TRL's rows and batches
        """The next batch of a generation; a new one is cut into batches of whole groups."""
        group, rows = self.num_generations, len(generation_batch)
        if not (self.model.training and self._is_prepared and rows % group == 0):
            return super()._prepare_inputs(generation_batch)
        window = self.args.steps_per_generation
        if self._step % (window * self.num_iterations) == 0 or self._buffered_inputs is None:
            scored = self._generate_and_score_completions(generation_batch)
            self._buffered_inputs = shuffled_batches(scored, num_batches=window, group_size=group)
        return self._buffered_inputs[self._step % window]

    def _generate_and_score_completions(self, inputs: Any) -> Any:  # Any: TRL's rows and batches
        """Answer and score a generation's rows; images of equal rows come once (compact)."""
        if not self._is_prepared:
            return super()._generate_and_score_completions(inputs)
        self._choice = None
        processor = self.processing_class
        once = self.processing_class = RowsOnce(processor)
        try:
            scored = super()._generate_and_score_completions(inputs)
        finally:
            self.processing_class = processor
        if once.num_images is not None:
            scored["num_images"] = once.num_images
        return scored

    def _tokenize_prompts(self, prompts: list[Any]) -> Any:  # Any: messages; TRL's three results
        """Tokens, images and fields of prompts, as TRL's; fields of equal prompts come once.

        A field `num_images` then says how many images each row brings.
        """
        owners = equal_neighbours(prompts) if self._is_prepared else []
        rows = leaders(owners)
        if len(rows) == len(prompts) or not self._is_prepared:
            return super()._tokenize_prompts(prompts)
        ids, images, fields = super()._tokenize_prompts([prompts[row] for row in rows])
        types = fields.get("mm_token_type_ids")
        if images is not None and types is not None:
            counts = own_counts([len(images[owner] or ()) for owner in owners], owners)
            fields = fields | {
                "mm_token_type_ids": [types[owner] for owner in owners],
                "num_images": counts,
            }
        repeated = None if images is None else [images[owner] for owner in owners]
        return [ids[owner] for owner in owners], repeated, fields

    # Choosing

    def sharing_state(self) -> dict[str, bool | None]:
        """What was found and chosen, for a checkpoint: a resumed run goes on the same way."""
        return {
            "agrees": self._agrees,
            "shares": None if self._choice is None else self._choice.shares,
        }

    def restore_sharing(self, state: Mapping[str, bool | None]) -> None:
        """Go on with a `sharing_state`."""
        self._agrees = state["agrees"]
        if state["shares"] is not None:
            self._choice = Choice(state["shares"], "as before the checkpoint")

    @property
    def _is_prepared(self) -> bool:
        """Whether this run may share at all; the first call makes the models ready for it."""
        if "_prepared" not in self.__dict__:
            self._prepared = self._prepare()
        return self._prepared

    def _prepare(self) -> bool:
        if self.shared_prefix == "off":
            return False
        obstacle = find_obstacle(
            self._base_model(self.model).config,
            rows=self.args.per_device_train_batch_size * self.args.steps_per_generation,
            group_size=self.num_generations,
        )
        if obstacle:
            logger.warning("shared_prefix %s: stock path, %s", self.shared_prefix, obstacle)
            return False
        for model in (self.model, self.ref_model):
            if model is not None:
                base = self._base_model(model)
                accept_layouts(base.config.text_config._attn_implementation)
                batch_vision_windows(base)
        return True

    def _choose(
        self,
        model: nn.Module,
        batch: ScoringBatch,
        chunk: int,
        fields: dict[str, Any],
        *,
        has_aux: bool,
    ) -> Choice:
        """Choose for all ranks together: they gather what each has found."""
        known = ("pixel_values", "image_grid_thw", "num_images", "mm_token_type_ids")
        others = [k for k, v in fields.items() if v is not None and k not in known]
        fits = not others and not has_aux and batch.can_share()
        stock, shared = batch.token_counts(chunk) if fits else (1, 1)
        found = torch.tensor([not fits, stock, shared], device=batch.input_ids.device)
        unfit, stock, shared = self.accelerator.gather(found).view(-1, 3).sum(dim=0).tolist()
        if unfit:
            return Choice(False, "rows do not have the form that sharing needs")
        ratio = stock / max(shared, 1)
        mode = "train" if self.model.training else "eval"
        self._metrics[mode]["shared_prefix/token_ratio"].append(ratio)
        saves = f"{ratio:.2f} times fewer tokens"
        if self.shared_prefix == "on":
            return Choice(True, saves)
        if ratio < MIN_TOKEN_RATIO:
            return Choice(False, f"{saves}, under {MIN_TOKEN_RATIO}")
        if self._agrees is None:
            self._agrees = self._agrees_with_stock(model, batch, chunk, fields)
        return Choice(self._agrees, saves if self._agrees else "differs from stock")

    def _agrees_with_stock(
        self, model: nn.Module, batch: ScoringBatch, chunk: int, fields: dict[str, Any]
    ) -> bool:
        """Score the first rows both ways, without gradients and dropout, and compare."""
        few = batch.head(chunk)
        with torch.no_grad(), _evaluating(model):
            shared, _, _ = self._score_shared(model, few, chunk, compute_entropy=False)
            stock, _, _ = self._score_stock(model, few, fields, batch_size=chunk)
        dtype = next(self._base_model(model).parameters()).dtype
        is_full = dtype in FULL_PRECISION and self.accelerator.mixed_precision == "no"
        found = rounding_error(shared, stock, few.completion_mask, is_full_precision=is_full)
        limit = FULL_TOLERANCE if is_full else LOW_TOLERANCE
        worst = float(self.accelerator.gather(found.float().reshape(1)).max())
        is_equal = worst <= limit  # NaN is none
        log = logger.info if is_equal else logger.warning
        if self.accelerator.is_main_process:
            log("shared_prefix: differs from stock by %.1e, at most %.0e is rounding", worst, limit)
        return is_equal

    def _tell(self, choice: Choice) -> None:
        """Say what was chosen, when that is new."""
        if self._told is not None and self._told.shares == choice.shares:
            return
        self._told = choice
        if self.accelerator.is_main_process:
            chosen = "shared rows" if choice.shares else "stock path"
            logger.info("shared_prefix %s: %s, %s", self.shared_prefix, chosen, choice.reason)

    # Scoring

    def _score_shared(
        self, model: nn.Module, batch: ScoringBatch, chunk: int, *, compute_entropy: bool
    ) -> Scores:
        """Score `chunk` rows per model call, each chunk as one shared row."""
        rope_index = self._base_model(model).model.get_rope_index
        logps, entropies = [], []
        for start in range(0, len(batch.input_ids), chunk):
            stop = min(start + chunk, len(batch.input_ids))
            row = share_rows(batch, start, stop, rope_index)
            with self.accelerator.autocast():
                outputs = model(
                    input_ids=row.input_ids,
                    attention_mask={"full_attention": row.layout},
                    position_ids=row.position_ids,
                    shift_labels=row.labels,
                    fused_lm_head=True,
                    **row.image_fields,
                )
            logps.append(row.spread(outputs.log_probs))
            if compute_entropy:
                entropies.append(row.spread(outputs.entropy))
        return torch.cat(logps), torch.cat(entropies) if compute_entropy else None, None

    def _score_stock(
        self,
        model: nn.Module,
        batch: ScoringBatch,
        fields: dict[str, Any],
        **options: Any,  # Any: TRL's own
    ) -> Scores:
        """Score as TRL does; every row brings its own images again."""
        if batch.images is not None:
            fields = fields | batch.images.each(range(len(batch.input_ids)))
        if batch.token_types is not None:
            fields = fields | {"mm_token_type_ids": batch.token_types}
        return super()._get_per_token_logps_and_entropies(
            model,
            batch.input_ids,
            batch.attention_mask,
            batch.completion_width,
            **options,
            **fields,
        )

    def _base_model(self, model: nn.Module) -> Any:  # Any: a transformers model
        base = self.accelerator.unwrap_model(model)
        return base.get_base_model() if hasattr(base, "get_base_model") else base


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Turn dropout off for a while."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
