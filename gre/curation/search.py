"""Near-duplicates between two sets of picture hashes: blocks of exclusive-or and counted bits.

Every picture's whole is held against every crop of the others, and the other way round; a mirror
image of the whole likewise. 63-bit hashes find candidates, 255-bit ones decide; where these are
near and not near enough, another crop may do, and the pair is aligned.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gre.curation.alignment import aligned_bits
from gre.curation.hashes import CROPS, MIRROR, PictureHash

COARSE_BITS = 8
"""Of 63 that may differ for a pair to be looked at. Ours, measured: docs/curation.md."""
FINE_BITS = 30
"""Of 255 that may differ for a pair to be called a duplicate. Ours, measured: docs/curation.md."""
NEAR_BITS = 52
"""Of 255 that may differ for a pair to be aligned. Ours, measured: docs/curation.md."""
ALIGNED_BITS = 22
"""Of 255 that may differ once a pair is aligned: fewer than without, since the best of 1,250 crops
is taken. Ours, measured: docs/curation.md."""

BLOCK = 1 << 18
"""Pairs compared at a time: two megabytes, which stay in a processor's cache."""

Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Hashes:
    """Hashes of many pictures.

    Attributes:
        coarse: uint64, (pictures, NUM_HASHES).
        fine: uint64, (pictures, NUM_HASHES, 4).
        thumbnails: uint8, (pictures, THUMBNAIL, THUMBNAIL).
    """

    coarse: Words
    fine: Words
    thumbnails: NDArray[np.uint8]

    @classmethod
    def stack(cls, pictures: Sequence[PictureHash]) -> "Hashes":
        """Bring single hashes together."""
        return cls(
            np.stack([picture.coarse for picture in pictures]),
            np.stack([picture.fine for picture in pictures]),
            np.stack([picture.thumbnail for picture in pictures]),
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
    tell: Callable[[int], None] | None = None,
) -> list[Match]:
    """Every pair that looks alike, by (left, right).

    Args:
        left: The first set.
        right: The second set.
        tell: Called with the number of comparisons done, of `num_comparisons`.
    """
    best: dict[tuple[int, int], tuple[bool, int]] = {}
    doubtful: set[tuple[int, int, bool]] = set()
    for hash_left, hash_right in comparisons():
        near = _near(left.coarse[:, hash_left], right.coarse[:, hash_right], COARSE_BITS)
        rows, columns = near
        fine = left.fine[rows, hash_left] ^ right.fine[columns, hash_right]
        num_bits = np.bitwise_count(fine).sum(axis=1, dtype=np.int64)
        is_mirrored = MIRROR in (hash_left, hash_right)
        for index in np.flatnonzero(num_bits <= NEAR_BITS):
            pair, bits = (int(rows[index]), int(columns[index])), int(num_bits[index])
            if bits <= FINE_BITS:
                best[pair] = min(best.get(pair, (is_mirrored, bits)), (is_mirrored, bits))
            else:
                doubtful.add((*pair, is_mirrored))
        if tell:
            tell(1)
    for row, column, is_mirrored in doubtful:
        if best.get((row, column), (True, 255)) > (is_mirrored, FINE_BITS):
            one = left.thumbnails[row]
            bits = aligned_bits(one[:, ::-1] if is_mirrored else one, right.thumbnails[column])
            if bits <= ALIGNED_BITS:
                best[row, column] = is_mirrored, bits
    return [
        Match(row, column, bits, is_mirrored)
        for (row, column), (is_mirrored, bits) in sorted(best.items())
    ]


def are_same(pictures: Hashes, rows: Sequence[int], columns: Sequence[int]) -> NDArray[np.bool_]:
    """Which pairs of pictures differ in at most FINE_BITS, a whole against a whole or a crop.

    Mirror images do not count, and no pair is aligned.

    Args:
        pictures: All pictures.
        rows: Index of the first of each pair.
        columns: Index of the second.
    """
    is_same = np.zeros(len(rows), dtype=bool)
    for start in range(0, len(rows), BLOCK):
        ours = np.asarray(rows[start : start + BLOCK], dtype=np.int64)
        others = np.asarray(columns[start : start + BLOCK], dtype=np.int64)
        for one, other in comparisons():
            if MIRROR not in (one, other):
                differing = pictures.fine[ours, one] ^ pictures.fine[others, other]
                num_bits = np.bitwise_count(differing).sum(axis=1, dtype=np.int64)
                is_same[start : start + BLOCK] |= num_bits <= FINE_BITS
    return is_same


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
