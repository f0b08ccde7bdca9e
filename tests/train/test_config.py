"""Batch arithmetic and the options of a run."""

import pytest

from gre.errors import InputError
from gre.train.config import DataOptions, accumulation_steps


@pytest.mark.parametrize("world_size", [1, 2, 4, 8, 16, 32])
def test_every_fitting_number_of_gpus_reaches_the_papers_batch(world_size: int) -> None:
    steps = accumulation_steps(global_batch_size=128, per_device=4, world_size=world_size)
    assert steps * 4 * world_size == 128


@pytest.mark.parametrize(
    ("world_size", "nearest"),
    [(3, "use 2 or 4 GPUs"), (6, "use 4 or 8 GPUs"), (64, "use 32 GPUs")],
)
def test_other_numbers_are_refused_with_the_nearest(world_size: int, nearest: str) -> None:
    with pytest.raises(InputError, match=nearest):
        accumulation_steps(global_batch_size=128, per_device=4, world_size=world_size)


def test_a_per_device_batch_that_never_fits_is_named() -> None:
    with pytest.raises(InputError, match="divisor of 128"):
        accumulation_steps(global_batch_size=128, per_device=5, world_size=1)


def test_a_run_needs_its_records() -> None:
    with pytest.raises(InputError, match="data_path is empty"):
        DataOptions()


@pytest.mark.parametrize("name", ["max_records", "max_row_tokens", "heldout_limit"])
def test_counts_are_at_least_one(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} must be >= 1, got 0"):
        DataOptions(data_path="x.json", **{name: 0})
