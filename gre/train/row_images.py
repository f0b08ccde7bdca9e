"""Which images the rows of a TRL batch show, also where equal ones are held once.

TRL joins the patches of all rows. A batch may be compact: a row whose prompt has images but whose
`num_images` is 0 has those of the row before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

PIXEL_KEYS = ("pixel_values", "image_grid_thw", "num_images")
"""Fields of a batch that are not by row."""


class Span(NamedTuple):
    """Which rows of `pixel_values` and of `image_grid_thw` a row of the batch owns or shares."""

    pixel_start: int
    pixel_stop: int
    grid_start: int
    grid_stop: int


@dataclass(frozen=True, eq=False)
class RowImages:
    """Images of the rows of a batch.

    Attributes:
        pixel_values: Patches of all images, (patches, features).
        image_grid_thw: Patches by time, height and width of each image, (images, 3), int64.
        spans: Of each row of the batch.
    """

    pixel_values: torch.Tensor
    image_grid_thw: torch.Tensor
    spans: tuple[Span, ...]

    @classmethod
    def of(
        cls,
        pixel_values: torch.Tensor,
        image_grid_thw: torch.Tensor,
        num_images: Sequence[int],
        has_images: Sequence[bool],
    ) -> "RowImages":
        """Read the images of a batch.

        Args:
            pixel_values: Patches.
            image_grid_thw: Grids.
            num_images: Images that each row brings.
            has_images: Whether the prompt of each row shows an image.
        """
        patches = image_grid_thw.prod(dim=-1).tolist()
        spans: list[Span] = []
        pixel, grid = 0, 0
        for count, shows in zip(num_images, has_images, strict=True):
            if not count and shows and spans:
                spans.append(spans[-1])
                continue
            stop = pixel + sum(patches[grid : grid + count])
            spans.append(Span(pixel, stop, grid, grid + count))
            pixel, grid = stop, grid + count
        return cls(pixel_values, image_grid_thw, tuple(spans))

    def are_equal(self, row: int, other: int) -> bool:
        """Whether two rows show the same images."""
        a, b = self.spans[row], self.spans[other]
        if a == b:
            return True
        return torch.equal(
            self.image_grid_thw[a.grid_start : a.grid_stop],
            self.image_grid_thw[b.grid_start : b.grid_stop],
        ) and torch.equal(
            self.pixel_values[a.pixel_start : a.pixel_stop],
            self.pixel_values[b.pixel_start : b.pixel_stop],
        )

    def take(self, rows: Sequence[int]) -> dict[str, Any]:  # Any: TRL's fields of a batch
        """The image fields of some rows, in order; a row like the one before it brings none."""
        kept: list[Span] = []
        counts = []
        last = -1
        for row in rows:
            span = self.spans[row]
            is_shared = last >= 0 and self.are_equal(row, last)
            counts.append(0 if is_shared else span.grid_stop - span.grid_start)
            if not is_shared:
                kept.append(span)
            last = row
        return self._fields(kept, counts)

    def each(self, rows: Sequence[int]) -> dict[str, Any]:  # Any: TRL's fields of a batch
        """The image fields of some rows, in order, each with its own, as stock TRL wants them."""
        spans = [self.spans[row] for row in rows]
        return self._fields(spans, [span.grid_stop - span.grid_start for span in spans])

    def _fields(self, spans: Sequence[Span], counts: list[int]) -> dict[str, Any]:
        pixels = [self.pixel_values[span.pixel_start : span.pixel_stop] for span in spans]
        grids = [self.image_grid_thw[span.grid_start : span.grid_stop] for span in spans]
        return {
            "pixel_values": torch.cat(pixels),
            "image_grid_thw": torch.cat(grids),
            "num_images": counts,
        }
