"""A processor that works on each row once, however often TRL repeats it.

TRL hands a group's prompt, image and all, to the processor G times, when it generates and again
when it scores.
"""

from collections.abc import Sequence
from typing import Any

import torch

from gre.train.shared_rows import leaders


class RowsOnce:
    """Stands before a processor; anything but the call goes to that one unchanged.

    Attributes:
        num_images: Images that each row of the last call brought: 0 where a row is the one before
            it again. None before the first call.
    """

    def __init__(self, processor: Any) -> None:  # Any: a processor of transformers
        self._processor = processor
        self.num_images: list[int] | None = None

    @property  # type: ignore[misc]  # object's can be set, this one need not
    def __class__(self) -> type:  # TRL asks whether a processor is one
        return type(self._processor)

    def __getattr__(self, name: str) -> Any:  # Any: whatever the processor has
        return getattr(self._processor, name)

    def __call__(
        self,
        *,
        images: Sequence[Sequence[Any] | None],  # Any: PIL images
        text: Sequence[str],
        **options: Any,  # Any: the processor's own
    ) -> dict[str, Any]:
        """Process rows of one text and some images each.

        Returns:
            The processor's tensors. Those by row are repeated; pixels and grids are not, and
            `own_images` says how many of them each row brings.
        """
        owners = equal_neighbours(list(zip(text, images, strict=True)))
        rows = leaders(owners)
        done = self._processor(
            images=[images[row] for row in rows], text=[text[row] for row in rows], **options
        )
        self.num_images = own_counts([len(row or ()) for row in images], owners)
        index_B = torch.tensor(owners)
        by_row = ("input_ids", "attention_mask", "mm_token_type_ids", "token_type_ids")
        repeated = {key: done[key][index_B] for key in by_row if key in done}
        return {**done, **repeated, "own_images": self.num_images}


def equal_neighbours(rows: Sequence[Any]) -> list[int]:  # Any: compared by ==
    """Number rows so that neighbours that are equal share a number."""
    owners = [0]
    for row in range(1, len(rows)):
        owners.append(owners[-1] + (rows[row] != rows[row - 1]))
    return owners


def own_counts(counts: Sequence[int], owners: Sequence[int]) -> list[int]:
    """Images that each row brings itself: those of a row like the one before it count 0.

    Args:
        counts: Images that each row shows.
        owners: Numbers from `equal_neighbours`.
    """
    firsts = set(leaders(owners))
    return [count if row in firsts else 0 for row, count in enumerate(counts)]
