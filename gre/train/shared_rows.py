"""From TRL's scoring batch, in which every row repeats its prompt, to one row that does not.

A batch is in TRL's form: prompts padded on the left, completions on the right, the images of all
rows joined. It may be compact: a row whose prompt has images but whose `num_images` is 0 has those
of the row before it.

Legend of shape suffixes: B rows of the batch, U prompts that differ, P prompt width, C completion
width, T tokens of the shared row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gre.models.attention import PrefixLayout
from gre.train.row_images import PIXEL_KEYS, RowImages

RopeIndex = Callable[..., tuple[torch.Tensor, torch.Tensor]]
"""`Qwen2_5_VLModel.get_rope_index`."""


@dataclass(frozen=True, eq=False)
class ScoringBatch:
    """What TRL scores: completions under their prompts.

    Attributes:
        input_ids: (B, P + C), int64.
        attention_mask: (B, P + C); a completion that is masked has zeros.
        completion_width: C.
        token_types: (B, P + C), 1 where an image token stands; None without images.
        images: Images of the rows, None without.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    completion_width: int
    token_types: torch.Tensor | None
    images: RowImages | None

    @classmethod
    def of(
        cls,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        completion_width: int,
        fields: Mapping[str, Any],  # Any: TRL's fields of a batch
    ) -> "ScoringBatch":
        """Read the arguments of TRL's scoring method."""
        types = fields.get("mm_token_type_ids")
        images = None
        if fields.get("pixel_values") is not None and types is not None:
            images = RowImages.of(
                fields["pixel_values"],
                fields["image_grid_thw"],
                fields["num_images"],
                types.bool().any(dim=1).tolist(),
            )
        return cls(input_ids, attention_mask, completion_width, types, images)

    @property
    def prompt_width(self) -> int:
        """P."""
        return self.input_ids.shape[1] - self.completion_width

    @property
    def completion_mask(self) -> torch.Tensor:
        """(B, C), bool."""
        return self.attention_mask[:, self.prompt_width :].bool()

    def head(self, rows: int) -> "ScoringBatch":
        """The first rows."""
        return ScoringBatch(
            self.input_ids[:rows],
            self.attention_mask[:rows],
            self.completion_width,
            None if self.token_types is None else self.token_types[:rows],
            self.images,
        )

    def can_share(self) -> bool:
        """Whether the rows have the form that sharing counts on.

        Prompts end in a text token and have two or more; completions are masked at their end only.
        """
        width = self.prompt_width
        prompt_mask_BP = self.attention_mask[:, :width].bool()
        mask_BC = self.completion_mask
        falls_once = (mask_BC[:, 1:] <= mask_BC[:, :-1]).all()
        is_fit = falls_once & prompt_mask_BP[:, -2:].all()
        if self.token_types is not None:
            is_fit = is_fit & (self.token_types[:, width - 1] == 0).all()
        return width > 1 and bool(is_fit)

    def owners(self, start: int, stop: int) -> list[int]:
        """Number the prompts of rows `start` to `stop`; equal neighbours share a number."""
        prompts_BP = self.input_ids[start:stop, : self.prompt_width]
        masks_BP = self.attention_mask[start:stop, : self.prompt_width]
        is_same = (prompts_BP[1:] == prompts_BP[:-1]) & (masks_BP[1:] == masks_BP[:-1])
        owners = [0]
        for row, same in enumerate(is_same.all(dim=1).tolist(), start=start + 1):
            shares = same and (self.images is None or self.images.are_equal(row, row - 1))
            owners.append(owners[-1] + (not shares))
        return owners

    def token_counts(self, chunk: int) -> tuple[int, int]:
        """Tokens of the rows as they are, and as shared rows of `chunk` rows each."""
        lengths = self.attention_mask.sum(dim=1).tolist()
        completions = self.completion_mask.sum(dim=1).tolist()
        shared = sum(completions)
        for start in range(0, len(lengths), chunk):
            owners = self.owners(start, min(start + chunk, len(lengths)))
            for row in leaders(owners):
                shared += lengths[start + row] - completions[start + row] - 1
        return sum(lengths), shared


@dataclass(frozen=True, eq=False)
class SharedRow:
    """One row that holds every prompt once.

    The last token of a prompt stands before each completion, so that every label has a query of
    its own; the last token of a completion predicts nothing and is left out.

    Attributes:
        input_ids: (1, T), int64.
        position_ids: (3, 1, T), int64: completions go on from their prompt.
        labels: (1, T), int64: what each token predicts, -100 where nothing is scored.
        layout: Where prompts and completions lie.
        image_fields: `pixel_values` and `image_grid_thw` of the prompts, each once.
        completion_mask: (B, C), bool: the places of the batch that are scored.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    labels: torch.Tensor
    layout: PrefixLayout
    image_fields: dict[str, torch.Tensor]
    completion_mask: torch.Tensor

    def spread(self, values_1T: torch.Tensor) -> torch.Tensor:
        """Values of the row's tokens in their places of the batch, (B, C); masked places are 0."""
        scored = values_1T[0, self.layout.num_prompt_tokens :]
        return scored.new_zeros(self.completion_mask.shape).masked_scatter(
            self.completion_mask, scored
        )


def leaders(owners: Sequence[int]) -> list[int]:
    """First row of each prompt."""
    return [row for row, owner in enumerate(owners) if not row or owner != owners[row - 1]]


def share_rows(batch: ScoringBatch, start: int, stop: int, rope_index: RopeIndex) -> SharedRow:
    """Build the shared row of some rows of a batch.

    Args:
        batch: Rows that can share.
        start: First row.
        stop: Row after the last.
        rope_index: Gives 3-D positions of prompts.
    """
    width = batch.prompt_width
    owners = batch.owners(start, stop)
    first_rows = [start + row for row in leaders(owners)]
    ids_BT = batch.input_ids[start:stop]
    mask_BC = batch.completion_mask[start:stop]
    prompt_ids_UP = batch.input_ids[first_rows, :width]
    prompt_mask_UP = batch.attention_mask[first_rows, :width]
    shared_UP = prompt_mask_UP.bool()
    shared_UP[:, -1] = False
    fields = batch.images.each(first_rows) if batch.images is not None else {}
    fields.pop("num_images", None)
    positions_3UP = _prompt_positions(batch, first_rows, fields, rope_index)
    owner_B = torch.tensor(owners, device=ids_BT.device)
    steps_C = torch.arange(batch.completion_width, device=ids_BT.device)
    positions_3BC = positions_3UP[:, owner_B, -1:] + steps_C
    input_ids = torch.cat([prompt_ids_UP[shared_UP], ids_BT[:, width - 1 : -1][mask_BC]])
    labels = torch.cat(
        [torch.full_like(prompt_ids_UP[shared_UP], -100), ids_BT[:, width:][mask_BC]]
    )
    layout = PrefixLayout(
        prompt_lengths=tuple(shared_UP.sum(dim=1).tolist()),
        completion_lengths=tuple(mask_BC.sum(dim=1).tolist()),
        owners=tuple(owners),
        device=ids_BT.device,
    )
    return SharedRow(
        input_ids=input_ids[None],
        position_ids=torch.cat([positions_3UP[:, shared_UP], positions_3BC[:, mask_BC]], dim=1)[
            :, None
        ],
        labels=labels[None],
        layout=layout,
        image_fields=fields,
        completion_mask=mask_BC,
    )


def _prompt_positions(
    batch: ScoringBatch,
    rows: Sequence[int],
    image_fields: Mapping[str, torch.Tensor],
    rope_index: RopeIndex,
) -> torch.Tensor:
    """3-D positions of the prompts of some rows, (3, U, P), int64."""
    width = batch.prompt_width
    mask_UP = batch.attention_mask[rows, :width]
    if batch.images is None or batch.token_types is None:
        return (mask_UP.cumsum(dim=1) - 1).clamp(min=0).expand(3, -1, -1)
    positions_3UP, _ = rope_index(
        batch.input_ids[rows, :width],
        mm_token_type_ids=batch.token_types[rows, :width],
        image_grid_thw=image_fields["image_grid_thw"],
        attention_mask=mask_UP,
    )
    return positions_3UP


def shuffled_batches(
    batch: Mapping[str, Any],  # Any: TRL's fields of a batch
    *,
    num_batches: int,
    group_size: int,
) -> list[dict[str, Any]]:
    """Cut a generation into batches of whole groups in random order, each image in them once.

    A batch smaller than a group gets a part of one group.

    Args:
        batch: What TRL generated and scored, groups one after the other.
        num_batches: How many batches to make.
        group_size: Completions of a prompt.
    """
    num_rows = len(batch["prompt_ids"])
    per_batch = num_rows // num_batches
    unit = min(group_size, per_batch)
    order = [
        unit * part + i for part in torch.randperm(num_rows // unit).tolist() for i in range(unit)
    ]
    images = None
    if batch.get("pixel_values") is not None:
        shows = batch["mm_token_type_ids"].bool().any(dim=1).tolist()
        images = RowImages.of(
            batch["pixel_values"], batch["image_grid_thw"], batch["num_images"], shows
        )
    batches = []
    for start in range(0, per_batch * num_batches, per_batch):
        rows = order[start : start + per_batch]
        taken = {
            key: _take(value, rows)
            for key, value in batch.items()
            if images is None or key not in PIXEL_KEYS
        }
        batches.append(taken | (images.take(rows) if images is not None else {}))
    return batches


def _take(value: Any, rows: list[int]) -> Any:  # Any: a field of the batch
    if isinstance(value, torch.Tensor):
        return value[rows] if value.ndim else value
    return None if value is None else [value[row] for row in rows]
