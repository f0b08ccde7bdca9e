"""Near-duplicates between two sets of picture hashes: blocks of exclusive-or and counted bits.

Every picture's whole is held against every crop of the others, and the other way round; a mirror
image of the whole likewise. 63-bit hashes find candidates, 255-bit ones decide.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gre.curation.hashes import CROPS, MIRROR, PictureHash

COARSE_BITS = 8
"""Of 63 that may differ for a pair to be looked at. Ours, measured: docs/curation.md."""
FINE_BITS = 30
"""Of 255 that may differ for a pair to be called a duplicate. Ours, measured: docs/curation.md."""

BLOCK = 1 << 18
"""Pairs compared at a time: two megabytes, which stay in a processor's cache."""

Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Hashes:
    """Hashes of many pictures.

    Attributes:
        coarse: uint64, (pictures, NUM_HASHES).
        fine: uint64, (pictures, NUM_HASHES, 4).
    """

    coarse: Words
    fine: Words

    @classmethod
    def stack(cls, pictures: Sequence[PictureHash]) -> "Hashes":
        """Bring single hashes together."""
        return cls(
            np.stack([picture.coarse for picture in pictures]),
            np.stack([picture.fine for picture in pictures]),
        )

    def __len__(self) -> int:
        return len(self.coarse)


@dataclass(frozen=True)
class Match:
    """Two pictures that look alike.

    Attributes:
        left: Index in the first set.
        right: Index in the second.
        num_bits: Bits of 255 that differ, for the best pair of crops.
        is_mirrored: Whether one looks like the other's mirror image only.
    """

    left: int
    right: int
    num_bits: int
    is_mirrored: bool


def find_matches(
    left: Hashes,
    right: Hashes,
    *,
    fine_bits: int = FINE_BITS,
    coarse_bits: int = COARSE_BITS,
    tell: Callable[[int], None] | None = None,
) -> list[Match]:
    """Every pair that looks alike, by (left, right).

    Args:
        left: The first set.
        right: The second set.
        fine_bits: Bits of the long hash that may differ, in [0, 255].
        coarse_bits: Bits of the short hash that may differ, in [0, 63].
        tell: Called with the number of comparisons done, of `num_comparisons`.
    """
    best: dict[tuple[int, int], tuple[int, bool]] = {}
    for hash_left, hash_right in comparisons():
        near = _near(left.coarse[:, hash_left], right.coarse[:, hash_right], coarse_bits)
        rows, columns = near
        fine = left.fine[rows, hash_left] ^ right.fine[columns, hash_right]
        num_bits = np.bitwise_count(fine).sum(axis=1, dtype=np.int64)
        is_mirrored = MIRROR in (hash_left, hash_right)
        for index in np.flatnonzero(num_bits <= fine_bits):
            pair = int(rows[index]), int(columns[index])
            found = int(num_bits[index]), is_mirrored
            if pair not in best or (found[1], found[0]) < (best[pair][1], best[pair][0]):
                best[pair] = found
        if tell:
            tell(1)
    return [Match(*pair, *best[pair]) for pair in sorted(best)]


def comparisons() -> list[tuple[int, int]]:
    """Which hash of the left pictures is held against which of the right ones."""
    crops = range(1, len(CROPS))
    pairs = [(0, 0), *((0, crop) for crop in crops), *((crop, 0) for crop in crops)]
    mirrored = [
        (MIRROR, 0),
        *((MIRROR, crop) for crop in crops),
        *((crop, MIRROR) for crop in crops),
    ]
    return pairs + mirrored


def _near(left: Words, right: Words, num_bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of all pairs whose words differ in at most so many bits."""
    left, right = np.ascontiguousarray(left), np.ascontiguousarray(right)
    num_rows = max(1, BLOCK // max(1, len(right)))
    differing = np.empty((num_rows, len(right)), dtype=np.uint64)
    counts = np.empty((num_rows, len(right)), dtype=np.uint8)
    rows, columns = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(left), num_rows):
        block = left[start : start + num_rows, None]
        size = len(block)
        np.bitwise_xor(block, right[None, :], out=differing[:size])
        np.bitwise_count(differing[:size], out=counts[:size])
        hits = np.flatnonzero(counts[:size].ravel() <= num_bits)
        if hits.size:
            rows.append(start + hits // len(right))
            columns.append(hits % len(right))
    return np.concatenate(rows), np.concatenate(columns)
