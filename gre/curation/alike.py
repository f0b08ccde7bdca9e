"""Photos that show the same by CLIP: another view, a strong crop, other colours.

Perceptual hashes find copies of a file; an embedding finds photos that a model takes for the same
scene. It is wrong more often, so such pairs are counted apart.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

BLOCK = 2048
"""Rows compared at a time: against 3,000 others that is 25 MB."""
DEFAULT_SIMILARITY = 0.95
"""Least cosine of two photos that are listed. Ours."""

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """What `gre.models.clip.ClipEmbedder` gives."""

    @property
    def name(self) -> str:
        """Of the model."""

    def photos(
        self, paths: Sequence[Path], *, tell: Callable[[int], None]
    ) -> Iterable[Vectors | str]:
        """Unit features of each photo, or a line why it has none."""


@dataclass(frozen=True)
class ClipSearch:
    """A search by embedding.

    Attributes:
        embedder: The model.
        least_similarity: Pairs whose cosine is lower are not listed, in [-1, 1].
    """

    embedder: Embedder
    least_similarity: float = DEFAULT_SIMILARITY


class Embedded(NamedTuple):
    """Photos that have features.

    Attributes:
        indices: Their places among all photos.
        vectors: (photos, features), each row of length 1.
    """

    indices: NDArray[np.int64]
    vectors: Vectors


class AlikePair(NamedTuple):
    """Two photos by their places, and their cosine."""

    left: int
    right: int
    similarity: float


def embed(paths: Sequence[Path], search: ClipSearch, *, tell: Callable[[int], None]) -> Embedded:
    """Features of the photos that can be read; the hashes tell of the others."""
    found = list(search.embedder.photos(paths, tell=tell))
    indices = [index for index, one in enumerate(found) if not isinstance(one, str)]
    vectors = [one for one in found if not isinstance(one, str)]
    stacked = np.stack(vectors) if vectors else np.zeros((0, 1), dtype=np.float32)
    return Embedded(np.array(indices, dtype=np.int64), stacked.astype(np.float32))


def find_alike(left: Embedded, right: Embedded, *, least_similarity: float) -> list[AlikePair]:
    """Every pair whose cosine is at least so high, by (left, right)."""
    if not len(left.indices) or not len(right.indices):
        return []
    pairs = []
    for start in range(0, len(left.vectors), BLOCK):
        cosines = left.vectors[start : start + BLOCK] @ right.vectors.T
        for row, column in np.argwhere(cosines >= least_similarity):
            pairs.append(
                AlikePair(
                    int(left.indices[start + row]),
                    int(right.indices[column]),
                    float(cosines[row, column]),
                )
            )
    return pairs
