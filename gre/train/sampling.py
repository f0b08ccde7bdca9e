"""Which rows share a batch: rows of like length, so that little of a batch is padding."""

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler

BATCHES_PER_BUCKET = 16
"""Batches sorted together: enough to cut padding, few enough to stay random. Ours."""


class LengthBuckets(Sampler[int]):
    """Shuffles rows, sorts each bucket of batches by length, cuts it, and shuffles the batches.

    The order depends on seed and epoch alone, so a resumed run skips exactly what it has seen.

    Args:
        lengths: Length of each row, any unit.
        batch_size: Rows that one forward pass of one process takes.
        seed: Seed of the order.
    """

    def __init__(self, lengths: Sequence[int], *, batch_size: int, seed: int) -> None:
        self.lengths = np.asarray(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is given next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch])
        rows = rng.permutation(len(self.lengths))
        bucket = self.batch_size * BATCHES_PER_BUCKET
        batches: list[np.ndarray] = []
        for start in range(0, len(rows), bucket):
            part = rows[start : start + bucket]
            part = part[np.argsort(self.lengths[part], kind="stable")]
            batches += [part[i : i + self.batch_size] for i in range(0, len(part), self.batch_size)]
        full = [batch for batch in batches if len(batch) == self.batch_size]
        short = [batch for batch in batches if len(batch) < self.batch_size]
        order = [full[i] for i in rng.permutation(len(full))] + short
        return iter(np.concatenate(order).tolist() if order else [])
