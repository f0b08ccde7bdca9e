"""From TRL's padded batches to packed rows: samples end to end, without padding.

Legend of shape suffixes: B rows of a batch, T tokens of a row or sample.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gre.train.row_images import RowImages
from gre.train.shared_rows import RopeIndex

Fields = dict[str, Any]
"""Fields of a batch or row: tensors by TRL's names. Any: those named below hold others."""

ROWS = "packed_rows"
"""Field of a repacked micro-batch: its rows."""

LENGTHS = "sample_lengths"
"""Field of a packed row: tokens of each sample."""

DIVISORS = "sample_divisors"
"""Field of a packed row: labels of the micro-batch that each sample came from."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample without padding.

    Attributes:
        input_ids: (T,), int64.
        labels: (T,), int64: what each token predicts, -100 where nothing is scored.
        position_ids: (3, T), int64.
        image_fields: `pixel_values` and `image_grid_thw` of its photos; empty without.
        divisor: Labels of its micro-batch, at least 1.
    """

    input_ids: torch.Tensor
    labels: torch.Tensor
    position_ids: torch.Tensor
    image_fields: Mapping[str, torch.Tensor]
    divisor: int

    def __len__(self) -> int:
        return len(self.input_ids)


def read_samples(batch: Mapping[str, torch.Tensor], rope_index: RopeIndex) -> list[Sample]:
    """Take the samples of a batch apart.

    Args:
        batch: What TRL's collator gives: rows (B, T) padded on the right, their images joined.
        rope_index: Gives the model's 3-D positions.
    """
    ids_BT, mask_BT, types_BT = (
        batch[name] for name in ("input_ids", "attention_mask", "mm_token_type_ids")
    )
    grids = batch.get("image_grid_thw")
    positions_3BT, _ = rope_index(
        ids_BT, mm_token_type_ids=types_BT, image_grid_thw=grids, attention_mask=mask_BT
    )
    labels_BT = torch.full_like(batch["labels"], -100)
    labels_BT[:, :-1] = batch["labels"][:, 1:]
    divisor = max(1, int((labels_BT != -100).sum()))
    images = None
    if grids is not None:
        counts = count_images(types_BT.sum(dim=1).tolist(), grids.prod(dim=-1).tolist())
        images = RowImages.of(batch["pixel_values"], grids, counts, [n > 0 for n in counts])
    samples = []
    for row, length in enumerate(mask_BT.sum(dim=1).tolist()):
        fields = images.each([row]) if images is not None else {"num_images": [0]}
        shows = fields.pop("num_images") != [0]
        samples.append(
            Sample(
                ids_BT[row, :length],
                labels_BT[row, :length],
                positions_3BT[:, row, :length],
                fields if shows else {},
                divisor,
            )
        )
    return samples


def count_images(tokens: Sequence[int], patches: Sequence[int]) -> list[int]:
    """Say how many images each row shows: a row's image tokens are those of its images in turn.

    Args:
        tokens: Image tokens of each row.
        patches: Patches of each image; all have the same number of patches to a token.

    Raises:
        ValueError: The images do not end where rows end.
    """
    counts, image = [], 0
    per_token = sum(patches) // max(1, sum(tokens))
    for row, wanted in enumerate(tokens):
        start, found = image, 0
        while found < wanted * per_token and image < len(patches):
            found += patches[image]
            image += 1
        if found != wanted * per_token:
            raise ValueError(f"row {row} has {wanted} image tokens, its images {found} patches")
        counts.append(image - start)
    return counts


def plan_rows(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Fill rows up to a budget: longest samples first, each into the first row with room.

    Args:
        lengths: Tokens of each sample.
        budget: Tokens of a row; a longer sample has a row of its own.

    Returns:
        The samples of each row, in ascending order.
    """
    rows: list[list[int]] = []
    room: list[int] = []
    for sample in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        row = next((r for r, left in enumerate(room) if left >= lengths[sample]), len(rows))
        if row == len(rows):
            rows.append([])
            room.append(budget)
        rows[row].append(sample)
        room[row] -= lengths[sample]
    return [sorted(row) for row in rows]


def split_rows(rows: list[list[int]], lengths: Sequence[int], count: int) -> list[list[int]]:
    """Split rows, the longest first, until there are `count` of them.

    Raises:
        ValueError: There are fewer samples than rows wanted.
    """
    rows = [list(row) for row in rows]
    while len(rows) < count:
        longest = max(
            (row for row in rows if len(row) > 1),
            key=lambda row: sum(lengths[i] for i in row),
            default=None,
        )
        if longest is None:
            raise ValueError(f"{len(rows)} samples cannot make {count} rows")
        rows.remove(longest)
        half = len(longest) // 2
        rows += [longest[:half], longest[half:]]
    return rows


def join_samples(samples: Sequence[Sample]) -> Fields:
    """Lay samples end to end: the fields of one row, in batches of 1, `LENGTHS`, `DIVISORS`."""
    ids_1T = torch.cat([sample.input_ids for sample in samples])[None]
    fields: Fields = {
        "input_ids": ids_1T,
        "attention_mask": torch.ones_like(ids_1T),
        "shift_labels": torch.cat([sample.labels for sample in samples])[None],
        "position_ids": torch.cat([sample.position_ids for sample in samples], dim=1)[:, None],
        LENGTHS: tuple(len(sample) for sample in samples),
        DIVISORS: tuple(sample.divisor for sample in samples),
    }
    shown = [sample.image_fields for sample in samples if sample.image_fields]
    for name in shown[0] if shown else ():
        fields[name] = torch.cat([each[name] for each in shown])
    return fields


def label_weights(row: Mapping[str, Any]) -> torch.Tensor:  # Any: fields of a packed row
    """What turns a row's mean over labels into its share of the micro-batches' means.

    A label weighs 1 / labels of its micro-batch; TRL will divide by the labels of the row.

    Returns:
        (1, T), float32.
    """
    device = row["input_ids"].device
    lengths = torch.tensor(row[LENGTHS], device=device)
    divisors_T = torch.tensor(row[DIVISORS], device=device).repeat_interleave(lengths)
    return (row["shift_labels"] != -100).sum() / divisors_T[None]


def deal_rows(rows: Sequence[Fields], num_batches: int) -> list[Fields]:
    """Deal rows to the micro-batches of a step; the last one has at least one row."""
    batches: list[Fields] = []
    for i in range(num_batches):
        part = rows[i * len(rows) // num_batches : (i + 1) * len(rows) // num_batches]
        ids = [row["input_ids"] for row in part] or [rows[0]["input_ids"][:, :0]]
        joined = torch.cat(ids, dim=1)  # what the library counts tokens by
        batches.append(
            {ROWS: list(part), "input_ids": joined, "attention_mask": torch.ones_like(joined)}
        )
    return batches
