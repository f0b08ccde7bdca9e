"""Shared rows, images of rows and group-wise batches, by hand."""

from typing import Any

import pytest
import torch

from gre.train.row_images import RowImages
from gre.train.rows_once import RowsOnce, equal_neighbours, own_counts
from gre.train.shared_rows import ScoringBatch, leaders, share_rows, shuffled_batches
from gre.train.sharing import rounding_error

PAD = 0
# Prompts 5 6 7 (twice) and 8 9 (padded), completions of 2, 1 and 3 tokens; no images.
IDS = torch.tensor(
    [
        [5, 6, 7, 11, 12, PAD],
        [5, 6, 7, 13, PAD, PAD],
        [PAD, 8, 9, 14, 15, 16],
    ]
)
MASK = torch.tensor([[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 0, 0], [0, 1, 1, 1, 1, 1]])


def text_batch(mask: torch.Tensor = MASK) -> ScoringBatch:
    return ScoringBatch.of(IDS, mask, 3, {})


def no_images(*_: object, **__: object) -> Any:
    raise AssertionError("text has plain positions")


def test_a_shared_row_by_hand() -> None:
    """Prompts without their last token, then that token and the completion but its last."""
    row = share_rows(text_batch(), 0, 3, no_images)
    assert row.input_ids.tolist() == [[5, 6, 8, 7, 11, 7, 9, 14, 15]]
    assert row.labels.tolist() == [[-100, -100, -100, 11, 12, 13, 14, 15, 16]]
    expected = [0, 1, 0, 2, 3, 2, 1, 2, 3]
    assert row.position_ids.tolist() == [[expected]] * 3
    assert row.layout.prompt_lengths == (2, 1)
    assert row.layout.completion_lengths == (2, 1, 3)
    assert row.layout.owners == (0, 0, 1)
    spread = row.spread(torch.arange(9.0)[None])
    assert spread.tolist() == [[3, 4, 0], [5, 0, 0], [6, 7, 8]]


def test_a_masked_completion_leaves_its_prompt() -> None:
    mask = MASK.clone()
    mask[2, 3:] = 0
    row = share_rows(text_batch(mask), 0, 3, no_images)
    assert row.input_ids.tolist() == [[5, 6, 8, 7, 11, 7]]
    assert row.spread(torch.arange(6.0)[None]).tolist() == [[3, 4, 0], [5, 0, 0], [0, 0, 0]]


def test_tokens_are_counted_by_call() -> None:
    """14 tokens as they are; shared 2 + 1 of prompts and 6 of completions; alone 2 more."""
    assert text_batch().token_counts(3) == (14, 9)
    assert text_batch().token_counts(1) == (14, 11)


@pytest.mark.parametrize(
    ("place", "value"),
    [((0, 3), 0), ((0, 2), 0), ((2, 1), 0)],
    ids=["hole in a completion", "prompt ends in padding", "prompt of one token"],
)
def test_rows_of_another_form_cannot_share(place: tuple[int, int], value: int) -> None:
    mask = MASK.clone()
    mask[place] = value
    assert text_batch().can_share()
    assert not text_batch(mask).can_share()


def test_a_prompt_that_ends_in_an_image_cannot_share() -> None:
    types = torch.zeros_like(IDS)
    types[0, 2] = 1
    batch = ScoringBatch.of(IDS, MASK, 3, {"mm_token_type_ids": types})
    assert not batch.can_share()


# Images: rows 0 and 1 show photo a (4 patches), row 2 photo b (8), row 3 photo c, as large as b.

GRIDS = torch.tensor([[1, 2, 2], [1, 2, 4], [1, 2, 4]])
PIXELS = torch.arange(20.0)[:, None]


def compact() -> RowImages:
    return RowImages.of(PIXELS, GRIDS, [1, 0, 1, 1], [True] * 4)


def test_compact_images_go_to_every_row_and_back() -> None:
    each = compact().each(range(4))
    assert each["num_images"] == [1, 1, 1, 1]
    assert each["image_grid_thw"].tolist() == [[1, 2, 2], [1, 2, 2], [1, 2, 4], [1, 2, 4]]
    assert each["pixel_values"][:, 0].tolist() == [0, 1, 2, 3, *range(20)]
    spread = RowImages.of(
        each["pixel_values"], each["image_grid_thw"], each["num_images"], [True] * 4
    )
    assert [spread.are_equal(row, row - 1) for row in (1, 2, 3)] == [True, False, False]
    again = spread.take(range(4))
    assert again["num_images"] == [1, 0, 1, 1]
    assert torch.equal(again["pixel_values"], PIXELS)


def test_rows_that_are_taken_apart_bring_their_images() -> None:
    taken = compact().take([1, 3, 2, 2])
    assert taken["num_images"] == [1, 1, 1, 0]
    assert taken["pixel_values"][:, 0].tolist() == [0, 1, 2, 3, *range(12, 20), *range(4, 12)]


def test_rows_without_images_have_none() -> None:
    images = RowImages.of(PIXELS[:4], GRIDS[:1], [0, 1], [False, True])
    assert images.each([0, 1])["num_images"] == [0, 1]
    assert images.take([1, 0])["num_images"] == [1, 0]


@pytest.mark.parametrize(
    ("num_batches", "group", "unit"), [(1, 4, 4), (2, 4, 4), (4, 4, 2), (2, 2, 2)]
)
def test_batches_hold_whole_groups_with_their_images(
    num_batches: int, group: int, unit: int
) -> None:
    """Row r answers prompt r // group; its photo is one patch of that number."""
    rows = 8
    prompts = torch.arange(rows) // group
    photos = rows // group
    batch = {
        "prompt_ids": prompts[:, None],
        "completion_ids": torch.arange(rows)[:, None],
        "num_items_in_batch": torch.tensor(8),
        "old_per_token_logps": None,
        "mm_token_type_ids": torch.ones(rows, 1),
        "pixel_values": torch.arange(float(photos))[:, None],
        "image_grid_thw": torch.ones(photos, 3, dtype=torch.long),
        "num_images": [int(row % group == 0) for row in range(rows)],
    }
    torch.manual_seed(1)
    made = shuffled_batches(batch, num_batches=num_batches, group_size=group)
    assert len(made) == num_batches
    answered = torch.cat([one["completion_ids"] for one in made]).flatten().tolist()
    assert sorted(answered) == list(range(rows))
    for one in made:
        images = RowImages.of(
            one["pixel_values"],
            one["image_grid_thw"],
            one["num_images"],
            [True] * len(one["num_images"]),
        )
        shown = images.each(range(rows // num_batches))["pixel_values"]
        assert torch.equal(shown.long(), one["prompt_ids"])
        assert len(one["pixel_values"]) == sum(one["num_images"])
        rows_of = one["completion_ids"].flatten().tolist()
        for start in range(0, len(rows_of), unit):
            first = rows_of[start]
            assert rows_of[start : start + unit] == list(range(first, first + unit))
        assert int(one["num_items_in_batch"]) == 8
        assert one["old_per_token_logps"] is None


# The processor


class CountingProcessor:
    """Notes what it is asked, and answers with tensors by row."""

    tokenizer = "its tokenizer"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, *, images: Any, text: list[str], padding: bool) -> dict[str, Any]:
        self.asked.append(text)
        return {
            "input_ids": torch.tensor([[len(one)] for one in text]),
            "pixel_values": torch.tensor([[float(row[0])] for row in images if row]),
            "image_grid_thw": torch.ones(sum(map(bool, images)), 3),
        }


def test_equal_rows_are_processed_once() -> None:
    processor = CountingProcessor()
    once = RowsOnce(processor)
    assert isinstance(once, CountingProcessor)
    assert once.tokenizer == "its tokenizer"
    done = once(images=[[1], [1], [2], [2], None], text=["a", "a", "a", "bb", "c"], padding=True)
    assert processor.asked == [["a", "a", "bb", "c"]]
    assert done["input_ids"].tolist() == [[1], [1], [1], [2], [1]]
    assert done["pixel_values"].tolist() == [[1], [2], [2]]
    assert done["own_images"] == once.num_images == [1, 0, 1, 1, 0]


def test_numbers_of_equal_neighbours() -> None:
    assert equal_neighbours(["x", "x", "y", "x"]) == [0, 0, 1, 2]
    assert leaders([0, 0, 1, 2]) == [0, 2, 3]
    assert own_counts([2, 2, 1, 2], [0, 0, 1, 2]) == [2, 0, 1, 2]


def test_the_error_is_the_largest_in_full_precision_and_the_mean_in_16_bits() -> None:
    """Differences 0.2 at -1 and 0.3 at 0: relative 0.1 and 0.3; one masked place of four."""
    stock = torch.tensor([[-1.0, 0.0], [0.0, 0.0]])
    shared = torch.tensor([[-1.2, 0.3], [0.0, 0.0]])
    mask = torch.tensor([[True, True], [True, False]])
    assert float(rounding_error(shared, stock, mask, is_full_precision=True)) == pytest.approx(0.3)
    found = float(rounding_error(shared, stock, mask, is_full_precision=False))
    assert found == pytest.approx(0.4 / 3)
