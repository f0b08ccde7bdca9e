"""Generation that reads each prompt once: one pass over image and text for a group's G samples.

TRL hands `generate` every prompt G times. Here the prompts that differ are read once, the cache is
repeated, and `generate` goes on from it without pixels, a segment of tokens at a time: rows that
have ended leave the batch between segments. Greedy answers are stock TRL's; sampled ones come from
the same distribution. Written against TRL 1.16 and transformers 5.

The one override of a TRL method is `_generate_single_turn`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from transformers.integrations import is_deepspeed_zero3_enabled
from trl.models import unwrap_model_for_generation
from trl.trainer.utils import pad

from gre.train.row_images import RowImages
from gre.train.shared_prefix import SharedPrefixScoring
from gre.train.shared_rows import leaders

SEGMENT_TOKENS = 64
"""Tokens between two looks at which rows have ended: a look costs less than one token's pass, and
a row that has ended idles 32 tokens on average. Ours."""

RESUMABLE_KEYS = frozenset(
    "max_new_tokens do_sample pad_token_id bos_token_id eos_token_id temperature top_p top_k min_p"
    " repetition_penalty sequence_bias cache_implementation suppress_tokens disable_compile".split()
)
"""Arguments of generation that mean the same when it goes on after a segment. Others, such as
`min_new_tokens`, count from where `generate` was called."""


@dataclass(frozen=True, eq=False)
class PromptBatch:
    """Prompts that differ, and which of them each row answers.

    Attributes:
        ids: (U, P), left-padded, int64.
        mask: (U, P), 1 where a token stands.
        token_types: (U, P), 1 where an image token stands.
        images: `pixel_values` and `image_grid_thw`, each image once.
        owners: Prompt of each row.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    token_types: torch.Tensor
    images: dict[str, torch.Tensor]
    owners: tuple[int, ...]


class PrefillOnce(SharedPrefixScoring):
    """Mixin over TRL's GRPOTrainer: shared scoring, and generation that reads prompts once."""

    def _generate_single_turn(
        self,
        prompt_ids: list[list[int]],
        images: Any,  # Any: PIL images by row, for backends that take those
        multimodal_fields: dict[str, Any],  # Any: tensors and lists of the processor
        num_generations: int,
        has_tool_images: bool = False,
    ) -> tuple[list[list[int]], Any]:
        """Completions of the rows, up to and with the token that ends them; no log-probabilities.

        Arguments and results are those of TRL's method.
        """
        shown = row_images(len(prompt_ids), multimodal_fields)
        batch = None
        if self._can_prefill_once and shown is not None and not has_tool_images:
            types = multimodal_fields["mm_token_type_ids"]
            batch = prompt_batch(prompt_ids, types, shown, self._tokenizer.pad_token_id)
        if batch is None:
            return super()._generate_single_turn(
                prompt_ids,
                images,
                _as_stock(multimodal_fields, shown),
                num_generations,
                has_tool_images,
            )
        with self._generating() as model, torch.no_grad(), self.accelerator.autocast():
            on_device = PromptBatch(
                **self._prepare_input(
                    {
                        "ids": batch.ids,
                        "mask": batch.mask,
                        "token_types": batch.token_types,
                        "images": batch.images,
                    }
                ),
                owners=batch.owners,
            )
            answers = answer_from_cache(
                model,
                self._base_model(model),
                on_device,
                self.generation_config,
                ends=set(self.eos_token_ids),
            )
        return answers, None

    @property
    def _can_prefill_once(self) -> bool:
        """Whether this run generates with transformers in a way that can go on from a cache."""
        sharded = is_deepspeed_zero3_enabled() and not self.args.ds3_gather_for_generation
        return (
            self._is_prepared
            and not self.use_vllm
            and not self.use_transformers_continuous_batching
            and not sharded  # each pass gathers: ranks would have to make equally many
            and not self.generation_kwargs.get("cache_implementation")
            and self.generation_kwargs.keys() <= RESUMABLE_KEYS
        )

    @contextmanager
    def _generating(self) -> Iterator[Any]:  # Any: a model of transformers
        """The model ready to generate, as TRL makes it."""
        with (
            unwrap_model_for_generation(
                self.model_wrapped,
                self.accelerator,
                gather_deepspeed3_params=self.args.ds3_gather_for_generation,
                generation_kwargs=self.generation_kwargs,
                gradient_checkpointing_kwargs=self.args.gradient_checkpointing_kwargs,
            ) as model,
            self._dist.summon_full_params(self.model_wrapped, recurse=False),
        ):
            yield model


def row_images(
    num_rows: int,
    fields: dict[str, Any],  # Any: tensors and lists of the processor
) -> RowImages | None:
    """Find the images of rows in what the processor gave beside tokens; None if it is unknown.

    Args:
        num_rows: Rows to answer.
        fields: Pixels, grids and token types of all rows; with `num_images`, pixels and grids of
            those that differ from the row before them.
    """
    if fields.keys() - {"num_images"} != {"pixel_values", "image_grid_thw", "mm_token_type_ids"}:
        return None
    grids = torch.as_tensor(fields["image_grid_thw"])
    counts = fields.get("num_images", [1] * len(grids))
    if len(counts) != num_rows or sum(counts) != len(grids):
        return None
    shows = [any(row) for row in fields["mm_token_type_ids"]]
    return RowImages.of(torch.as_tensor(fields["pixel_values"]), grids, counts, shows)


def _as_stock(fields: dict[str, Any], shown: RowImages | None) -> dict[str, Any]:
    """The processor's fields with every row's own images, as stock TRL generates from."""
    if "num_images" not in fields:
        return fields
    if shown is None:
        return {key: value for key, value in fields.items() if key != "num_images"}
    repeated = shown.each(range(len(shown.spans)))
    del repeated["num_images"]
    return {"mm_token_type_ids": fields["mm_token_type_ids"], **repeated}


def prompt_batch(
    prompt_ids: Sequence[Sequence[int]],
    types: Sequence[Sequence[int]],
    images: RowImages,
    padding_id: int,
) -> PromptBatch | None:
    """Find the prompts that differ; None where there is nothing to share or a row has no image.

    Args:
        prompt_ids: Tokens of each row's prompt.
        types: Of each token, 1 where an image token stands.
        images: Images of the rows.
        padding_id: Token that pads.
    """
    if not all(any(row) for row in types) or min(map(len, prompt_ids)) < 2:
        return None
    owners = [0]
    for row in range(1, len(prompt_ids)):
        shares = prompt_ids[row] == prompt_ids[row - 1] and images.are_equal(row, row - 1)
        owners.append(owners[-1] + (not shares))
    rows = leaders(owners)
    if len(rows) == len(prompt_ids):
        return None
    chosen = [torch.tensor(prompt_ids[row]) for row in rows]
    image_fields = images.each(rows)
    del image_fields["num_images"]
    return PromptBatch(
        ids=pad(chosen, padding_value=padding_id, padding_side="left"),
        mask=pad([torch.ones_like(ids) for ids in chosen], padding_value=0, padding_side="left"),
        token_types=pad(
            [torch.as_tensor(types[row]) for row in rows], padding_value=0, padding_side="left"
        ),
        images=image_fields,
        owners=tuple(owners),
    )


def answer_from_cache(
    model: Any,  # Any: the model that generates, of a library not followed
    base: Any,  # Any: the same without an adapter's wrapping
    batch: PromptBatch,
    config: Any,  # Any: GenerationConfig
    *,
    ends: set[int],
) -> list[list[int]]:
    """Read the prompts once, then generate for every row.

    Args:
        model: What `generate` is called on.
        base: The Qwen2.5-VL model under it.
        batch: Prompts and rows.
        config: How to generate; `max_new_tokens` is the longest answer.
        ends: Tokens that end an answer.
    """
    # All but the last token: `generate` takes that one to predict the first of the answer.
    read = base.model(
        input_ids=batch.ids[:, :-1],
        attention_mask=batch.mask[:, :-1],
        mm_token_type_ids=batch.token_types[:, :-1],
        use_cache=True,
        **batch.images,
    )
    cache = read.past_key_values
    owner_B = torch.tensor(batch.owners, device=batch.ids.device)
    cache.batch_select_indices(owner_B)
    ids, mask = batch.ids[owner_B], batch.mask[owner_B]
    deltas = base.model.rope_deltas[owner_B]
    answers: list[list[int]] = [[] for _ in batch.owners]
    rows = list(range(len(answers)))
    left = config.max_new_tokens
    config = deepcopy(config)
    while rows and left > 0:
        config.max_new_tokens = min(SEGMENT_TOKENS, left)
        base.model.rope_deltas = deltas
        longer = model.generate(
            input_ids=ids,
            attention_mask=mask,
            past_key_values=cache,
            generation_config=config,
            synced_gpus=False,  # the weights are whole on every rank
        )
        said = longer[:, ids.shape[1] :]
        left -= said.shape[1]
        going = _take_said(answers, rows, said.tolist(), ends)
        if not going or left <= 0:
            break
        kept = torch.tensor(going, device=ids.device)
        if len(going) < len(rows):
            cache.batch_select_indices(kept)
        ids, deltas = longer[kept], deltas[kept]
        mask = torch.cat([mask[kept], mask.new_ones(len(going), said.shape[1])], dim=1)
        rows = [rows[place] for place in going]
    base.model.rope_deltas = None
    return answers


def _take_said(
    answers: list[list[int]], rows: Sequence[int], said: Sequence[list[int]], ends: set[int]
) -> list[int]:
    """Append a segment to its rows' answers, up to an end; gives the places that go on."""
    going = []
    for place, (row, tokens) in enumerate(zip(rows, said, strict=True)):
        end = next((i for i, token in enumerate(tokens) if token in ends), None)
        answers[row] += tokens if end is None else tokens[: end + 1]
        if end is None:
            going.append(place)
    return going
