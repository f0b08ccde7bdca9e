"""Perceptual hashes of a picture, of its crops and of its mirror image.

A hash tells which low frequencies of a picture's brightness (a DCT) lie above their median. Two
lengths are kept: 63 bits to find candidates fast and 255 bits to decide. Rescaling and
recompressing hardly move them; cropping does, so a picture's own crops are hashed too: a crop of
another picture then meets the whole of it, and the other way round. A small picture is kept beside
the hashes, by which `gre.curation.alignment` looks into crops that lie between these.

Source: E. Klinger and D. Starkweather, pHash, 2010 (DCT hash); length, crops and bounds are ours
(docs/curation.md tells how they were measured).
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GRID = 128
"""Brightness is sampled on so many points a side."""
CELLS = 32
"""Points a side that a crop is averaged to before the DCT."""
FINE = 16
COARSE = 8
"""Frequencies a side of the long and the short hash, the constant one left out."""

_EDGE, _HALF_EDGE = 0.05, 0.025
CROPS: tuple[tuple[float, float, float, float], ...] = (
    (0.0, 0.0, 1.0, 1.0),
    (_HALF_EDGE, _HALF_EDGE, 1 - _HALF_EDGE, 1 - _HALF_EDGE),
    (_EDGE, _EDGE, 1 - _EDGE, 1 - _EDGE),
    (_EDGE, 0.0, 1.0, 1.0),
    (0.0, _EDGE, 1.0, 1.0),
    (0.0, 0.0, 1 - _EDGE, 1.0),
    (0.0, 0.0, 1.0, 1 - _EDGE),
    (_EDGE, _EDGE, 1.0, 1.0),
    (0.0, _EDGE, 1 - _EDGE, 1.0),
    (0.0, 0.0, 1 - _EDGE, 1 - _EDGE),
    (_EDGE, 0.0, 1.0, 1 - _EDGE),
    (_HALF_EDGE, 0.0, 1 - _HALF_EDGE, 1.0),
    (0.0, _HALF_EDGE, 1.0, 1 - _HALF_EDGE),
)
"""Left, top, right, bottom as shares of the sides: the whole picture; 2.5 and 5 % off
every side; 5 % off one, off two that meet; 2.5 % off two that face each other."""

NUM_HASHES = len(CROPS) + 1
"""The crops in order, then the mirror image of the whole."""
MIRROR = len(CROPS)
THUMBNAIL = 48
"""Points a side of the small picture: with 32 the hashes of crops blur, 64 take twice the room."""
_WORDS = NUM_HASHES * 5
HASH_BYTES = _WORDS * 8 + THUMBNAIL * THUMBNAIL
"""Bytes that `PictureHash.to_bytes` gives. Its number tells one layout from another."""

FloatGrid = NDArray[np.float64]


class PictureHash(NamedTuple):
    """The hashes of one picture, in the order of `CROPS` and then its mirror image.

    Attributes:
        coarse: uint64, (NUM_HASHES,): 63 bits each.
        fine: uint64, (NUM_HASHES, 4): 255 bits each.
        thumbnail: uint8, (THUMBNAIL, THUMBNAIL): brightness of the whole.
    """

    coarse: NDArray[np.uint64]
    fine: NDArray[np.uint64]
    thumbnail: NDArray[np.uint8]

    def to_bytes(self) -> bytes:
        """The hashes as bytes, little end first."""
        words = np.concatenate([self.coarse, self.fine.ravel()])
        return words.astype("<u8").tobytes() + self.thumbnail.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "PictureHash":
        """Read what `to_bytes` gave.

        Raises:
            ValueError: The length is wrong.
        """
        if len(data) != HASH_BYTES:
            raise ValueError(f"a picture's hashes take {HASH_BYTES} bytes, got {len(data)}")
        words = np.frombuffer(data, dtype="<u8", count=_WORDS).astype(np.uint64)
        thumbnail = np.frombuffer(data, dtype=np.uint8, offset=8 * _WORDS)
        return cls(
            words[:NUM_HASHES],
            words[NUM_HASHES:].reshape(NUM_HASHES, 4),
            thumbnail.reshape(THUMBNAIL, THUMBNAIL),
        )


def hash_picture(image: Image.Image) -> PictureHash:
    """Hash an upright picture. Its proportions do not count: it is first made square."""
    grey = image.convert("L").resize((GRID, GRID), Image.Resampling.BOX, reducing_gap=3.0)
    grid = np.asarray(grey, dtype=np.float64)
    waves = [down @ grid @ across.T for down, across in _matrices()]
    waves.append(waves[0] * _MIRROR_SIGNS)
    return PictureHash(
        np.array([_bits(wave[:COARSE, :COARSE])[0] for wave in waves], dtype=np.uint64),
        np.array([_bits(wave) for wave in waves], dtype=np.uint64),
        np.asarray(grey.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)),
    )


_MIRROR_SIGNS = np.where(np.arange(FINE) % 2, -1.0, 1.0)[None, :]
"""Mirroring turns the sign of every odd horizontal frequency."""


@cache
def _matrices() -> tuple[tuple[FloatGrid, FloatGrid], ...]:
    """For each crop: what averages and transforms the columns, and the rows, of the grid."""
    return tuple(
        (
            cosines() @ average(top, bottom, num_points=GRID),
            cosines() @ average(left, right, num_points=GRID),
        )
        for left, top, right, bottom in CROPS
    )


def cosines() -> FloatGrid:
    """DCT-II of CELLS values, its FINE lowest frequencies: (FINE, CELLS)."""
    frequency, point = np.arange(FINE)[:, None], np.arange(CELLS)[None, :]
    return np.asarray(np.cos(np.pi * frequency * (2 * point + 1) / (2 * CELLS)))


def average(start: float, end: float, *, num_points: int) -> FloatGrid:
    """Averages the share [start, end] of so many points into CELLS; each row sums to 1.

    Returns:
        (CELLS, num_points).
    """
    edges = np.linspace(start * num_points, end * num_points, CELLS + 1)
    low, high = edges[:-1, None], edges[1:, None]
    point = np.arange(num_points)[None, :]
    overlap = np.clip(np.minimum(high, point + 1) - np.maximum(low, point), 0.0, None)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True))


def _bits(wave: FloatGrid) -> NDArray[np.uint64]:
    """Which frequencies lie above the median, packed into words of 64; the constant is left out."""
    values = wave.ravel()[1:]
    bits = np.append(values > np.median(values), False)
    return np.packbits(bits, bitorder="little").view("<u8").astype(np.uint64)
