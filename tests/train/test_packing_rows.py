"""Packed rows by hand: which samples share one, how they are laid out and what they weigh."""

import pytest
import torch

from gre.train.packed_rows import (
    DIVISORS,
    LENGTHS,
    ROWS,
    Sample,
    count_images,
    deal_rows,
    join_samples,
    label_weights,
    plan_rows,
    read_samples,
    split_rows,
)


@pytest.mark.parametrize(
    ("lengths", "budget", "rows"),
    [
        ((), 10, []),
        ((4,), 10, [[0]]),
        ((5, 5, 5), 10, [[0, 1], [2]]),
        ((3, 7, 2, 8), 10, [[2, 3], [0, 1]]),  # 8 + 2 and 7 + 3
        ((3, 6, 3, 2, 6), 10, [[0, 1], [2, 4], [3]]),  # 6 + 3, 6 + 3, and 2 finds no room
        ((12, 1), 10, [[0], [1]]),  # longer than a row: alone
    ],
)
def test_rows_are_filled_longest_first(
    lengths: tuple[int, ...], budget: int, rows: list[list[int]]
) -> None:
    assert plan_rows(lengths, budget) == rows


def test_every_sample_is_in_one_row_under_the_budget() -> None:
    generator = torch.Generator().manual_seed(4)
    lengths = torch.randint(20, 400, (200,), generator=generator).tolist()
    rows = plan_rows(lengths, 1000)
    assert sorted(i for row in rows for i in row) == list(range(200))
    assert max(sum(lengths[i] for i in row) for row in rows) <= 1000
    # First fit, longest first, needs at most 11/9 of the fewest rows, and 6/9 more.
    assert len(rows) <= 11 / 9 * -(-sum(lengths) // 1000) + 6 / 9


def test_a_rank_with_fewer_rows_splits_its_longest() -> None:
    lengths = (9, 1, 5, 5)
    assert split_rows([[0, 1, 2], [3]], lengths, 2) == [[0, 1, 2], [3]]
    assert split_rows([[0, 1, 2], [3]], lengths, 3) == [[3], [0], [1, 2]]
    assert split_rows([[0, 1, 2], [3]], lengths, 4) == [[3], [0], [1], [2]]
    with pytest.raises(ValueError, match="4 samples cannot make 5 rows"):
        split_rows([[0, 1, 2], [3]], lengths, 5)


def test_images_belong_to_the_rows_whose_tokens_they_are() -> None:
    """4 patches a token: 2 tokens are the first image, none, then 1 + 3 tokens two images."""
    assert count_images([2, 0, 4], [8, 4, 12]) == [1, 0, 2]
    assert count_images([0, 0], []) == [0, 0]
    with pytest.raises(ValueError, match="row 0 has 1 image tokens, its images 8 patches"):
        count_images([1, 3], [8, 8])


# Two samples: prompt 7 I I 8, answer 21 22; prompt 7 I, answer 31. I shows an image; 0 is padding.
IMAGE = 9
BATCH = {
    "input_ids": torch.tensor([[7, IMAGE, IMAGE, 8, 21, 22], [7, IMAGE, 31, 0, 0, 0]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]]),
    "mm_token_type_ids": torch.tensor([[0, 1, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0]]),
    "labels": torch.tensor([[-100, -100, -100, -100, 21, 22], [-100, -100, 31, -100, -100, -100]]),
    "image_grid_thw": torch.tensor([[1, 2, 4], [1, 2, 2]]),
    "pixel_values": torch.arange(12.0)[:, None],
}


def rope_index(ids: torch.Tensor, **fields: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions that say which row, axis and place they are of."""
    assert torch.equal(fields["attention_mask"], BATCH["attention_mask"])
    assert torch.equal(fields["image_grid_thw"], BATCH["image_grid_thw"])
    axes = torch.arange(3)[:, None, None] * 1000
    rows = torch.arange(len(ids))[None, :, None] * 100
    return axes + rows + torch.arange(ids.shape[1]), torch.zeros(len(ids))


def read() -> list[Sample]:
    return read_samples(BATCH, rope_index)


def test_a_batch_is_taken_apart() -> None:
    first, second = read()
    assert first.input_ids.tolist() == [7, IMAGE, IMAGE, 8, 21, 22]
    assert first.labels.tolist() == [-100, -100, -100, 21, 22, -100]
    assert second.input_ids.tolist() == [7, IMAGE, 31]
    assert second.labels.tolist() == [-100, 31, -100]
    assert second.position_ids.tolist() == [[i, i + 1, i + 2] for i in (100, 1100, 2100)]
    assert first.image_fields["image_grid_thw"].tolist() == [[1, 2, 4]]
    assert second.image_fields["pixel_values"].flatten().tolist() == [8, 9, 10, 11]
    assert first.divisor == second.divisor == 3


def test_samples_are_joined_with_their_own_positions_and_images() -> None:
    first, second = read()
    row = join_samples([second, first])
    assert row["input_ids"].tolist() == [[7, IMAGE, 31, 7, IMAGE, IMAGE, 8, 21, 22]]
    assert row["shift_labels"].tolist() == [[-100, 31, -100, -100, -100, -100, 21, 22, -100]]
    assert row["position_ids"][0].tolist() == [[100, 101, 102, 0, 1, 2, 3, 4, 5]]
    assert row["position_ids"].shape == (3, 1, 9)
    assert row["attention_mask"].tolist() == [[1] * 9]
    assert row["image_grid_thw"].tolist() == [[1, 2, 2], [1, 2, 4]]
    assert row["pixel_values"].flatten().tolist() == [8, 9, 10, 11, *range(8)]
    assert row[LENGTHS] == (3, 6)


def test_labels_weigh_what_they_weigh_in_their_micro_batch() -> None:
    """Labels 1 of 2 and 2 of 8; a mean over the row's three is taken afterwards, so times 3."""
    row = {
        "input_ids": torch.zeros(1, 5),
        "shift_labels": torch.tensor([[-100, 31, -100, 21, 22]]),
        LENGTHS: (2, 3),
        DIVISORS: (2, 8),
    }
    assert label_weights(row).tolist() == [[1.5, 1.5, 0.375, 0.375, 0.375]]


@pytest.mark.parametrize(
    ("rows", "batches", "counts"),
    [(1, 1, [1]), (1, 3, [0, 0, 1]), (2, 4, [0, 1, 0, 1]), (3, 2, [1, 2]), (5, 2, [2, 3])],
)
def test_micro_batches_keep_their_number(rows: int, batches: int, counts: list[int]) -> None:
    """The last one has a row: gradients are exchanged after it."""
    made = [{"input_ids": torch.full((1, 2), i)} for i in range(rows)]
    dealt = deal_rows(made, batches)
    assert [len(batch[ROWS]) for batch in dealt] == counts
    assert [batch["input_ids"].shape[1] for batch in dealt] == [2 * count for count in counts]
    assert [row for batch in dealt for row in batch[ROWS]] == made
