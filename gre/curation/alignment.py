"""Where in a picture another one lies: the crop of the first that the second looks most like.

The twelve crops of `gre.curation.hashes` are enough to suspect a pair, and too few to decide on
one whose sides were cut unevenly. For such pairs 625 crops are tried on small pictures that are
kept beside the hashes, each side cut by 0 to 5 % in steps of 1.25 %.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from gre.curation.hashes import FINE, THUMBNAIL, average, cosines

CUTS = (0.0, 0.0125, 0.025, 0.0375, 0.05)
"""Shares that are cut off a side. Ours: half a step more or less moves about 12 bits of 255."""
NUM_TRIED = 16
"""Crops whose bits are counted: the most alike by correlation, which is faster than a median."""

Thumbnails = NDArray[np.uint8]
Waves = NDArray[np.float32]


def aligned_bits(one: Thumbnails, other: Thumbnails) -> int:
    """Bits of 255 in which the hashes differ, once the best crop of either is held to the other.

    Args:
        one: uint8, (THUMBNAIL, THUMBNAIL).
        other: uint8, (THUMBNAIL, THUMBNAIL).
    """
    return min(_bits_of_best_crop(one, other), _bits_of_best_crop(other, one))


def _bits_of_best_crop(whole: Thumbnails, part: Thumbnails) -> int:
    crops, target = _crop_waves(whole), _wave(part)
    lengths = np.linalg.norm(crops, axis=1)
    likeness = (crops @ target) / np.maximum(lengths, np.finfo(np.float32).tiny)
    best = crops[np.argpartition(-likeness, NUM_TRIED)[:NUM_TRIED]]
    return int((_signs(best) != _signs(target[None])).sum(axis=1).min())


def _crop_waves(picture: Thumbnails) -> Waves:
    """DCT of each crop without its constant: float32, (crops, 255)."""
    matrices = _cut_matrices()
    num_cuts = len(matrices)
    down = (matrices.reshape(-1, THUMBNAIL) @ picture.astype(np.float32)).astype(np.float32)
    both = down @ matrices.reshape(-1, THUMBNAIL).T
    grouped = both.reshape(num_cuts, FINE, num_cuts, FINE).transpose(0, 2, 1, 3)
    return grouped.reshape(num_cuts**2, FINE * FINE)[:, 1:]


def _wave(picture: Thumbnails) -> Waves:
    whole = _cut_matrices()[0]  # nothing is cut off
    return np.asarray((whole @ picture.astype(np.float32) @ whole.T).ravel()[1:])


def _signs(waves: Waves) -> NDArray[np.bool_]:
    return np.asarray(waves > np.median(waves, axis=1, keepdims=True))


@cache
def _cut_matrices() -> Waves:
    """For each pair of cuts, what transforms one axis: float32, (cuts, FINE, THUMBNAIL)."""
    matrices = [
        cosines() @ average(start, 1 - end, num_points=THUMBNAIL) for start in CUTS for end in CUTS
    ]
    return np.stack(matrices).astype(np.float32)
