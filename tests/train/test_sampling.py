"""Batches of like length: every row once, the same order for the same seed and epoch."""

import numpy as np
import pytest

from gre.train.sampling import LengthBuckets

LENGTHS = np.random.default_rng(0).integers(50, 500, size=1003).tolist()


def order(*, epoch: int = 0, seed: int = 42) -> list[int]:
    sampler = LengthBuckets(LENGTHS, batch_size=8, seed=seed)
    sampler.set_epoch(epoch)
    return list(sampler)


@pytest.mark.parametrize("epoch", [0, 1])
def test_every_row_comes_once(epoch: int) -> None:
    assert sorted(order(epoch=epoch)) == list(range(len(LENGTHS)))


def test_same_seed_and_epoch_same_order() -> None:
    assert order() == order()
    assert order(epoch=1) != order(epoch=0)
    assert order(seed=1) != order(seed=2)


def test_batches_hold_like_lengths_but_do_not_come_sorted() -> None:
    rows = order()[: len(LENGTHS) // 8 * 8]
    batches = np.array(LENGTHS)[np.array(rows)].reshape(-1, 8)
    padded_share = 1 - batches.mean() / batches.max(axis=1).mean()
    # Uniform 50..500 in random batches of 8 pads about 38 %; sorted in buckets of 128, few.
    assert padded_share < 0.1
    longest = batches.max(axis=1)
    assert not (np.diff(longest) >= 0).all()
    assert not (np.diff(longest) <= 0).all()


def test_no_rows_no_order() -> None:
    assert list(LengthBuckets([], batch_size=4, seed=0)) == []
