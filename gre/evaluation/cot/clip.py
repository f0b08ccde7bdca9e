"""RefCLIPScore of captions against the photo and reference captions, from CLIP's features.

Source: J. Hessel et al., "CLIPScore: A Reference-free Evaluation Metric for Image Captioning",
EMNLP 2021: CLIP-S = 2.5 · max(cos, 0), RefCLIPScore the harmonic mean of CLIP-S and the best
similarity to a reference, texts prefixed with "A photo depicts".
"""

from collections.abc import Sequence
from pathlib import Path

from gre.data.images import ImageError, load_image
from gre.evaluation.cot.verdicts import Unscored
from gre.models.clip import ClipEmbedder

CLIP_WEIGHT = 2.5
"""Stretches CLIP-S over [0, 1]. Source: Hessel et al., section 3."""

PREFIX = "A photo depicts "
"""Source: Hessel et al., section 3."""


def clip_score(image_similarity: float) -> float:
    """CLIP-S of one caption from its cosine with the photo."""
    return CLIP_WEIGHT * max(image_similarity, 0.0)


def ref_clip_score(image_similarity: float, reference_similarities: Sequence[float]) -> float:
    """RefCLIPScore of one caption; 0 where it is unlike the photo or unlike every reference."""
    seen = clip_score(image_similarity)
    told = max(0.0, *reference_similarities)
    return 2.0 * seen * told / (seen + told) if seen + told > 0 else 0.0


class ClipScorer:
    """Scores captions with one CLIP model.

    Args:
        model: Folder or hub id of a CLIP model in safetensors.

    Raises:
        InputError: It cannot be loaded, or is no CLIP.
    """

    def __init__(self, model: str) -> None:
        self.name = model
        self._embedder = ClipEmbedder(model)

    def score(
        self, image_path: Path, captions: Sequence[str], references: Sequence[str]
    ) -> float | Unscored:
        """Mean RefCLIPScore of a chain's captions; a photo that cannot be read is unscored.

        Args:
            image_path: The photo.
            captions: Not empty.
            references: Captions of the reference chain, not empty.
        """
        try:
            image = load_image(image_path)
        except ImageError as error:
            return Unscored("broken_image", str(error))
        image_D = self._embedder.pictures([image])[0]
        said_ND, told_MD = (
            self._embedder.texts([PREFIX + text for text in texts])
            for texts in (captions, references)
        )
        seen_N, between_NM = said_ND @ image_D, said_ND @ told_MD.T
        pairs = zip(seen_N.tolist(), between_NM.tolist(), strict=True)
        scores = [ref_clip_score(seen, others) for seen, others in pairs]
        return sum(scores) / len(scores)
