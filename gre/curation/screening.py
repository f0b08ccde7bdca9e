"""Which photos a benchmark may take: none that a face fills, and informative ones by CLIP."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gre.curation.indicators import Indicator
from gre.curation.metadata import LeftOut
from gre.curation.pictures import left_out_photo
from gre.curation.rationales import UNREADABLE_PHOTO
from gre.curation.scenes import SCENES, scene_prompt
from gre.data.images import ImageError, load_image
from gre.data.records import SeedRecord
from gre.errors import InputError

if TYPE_CHECKING:
    from gre.curation.faces import FaceFinder
    from gre.models.clip import ClipEmbedder

MAX_PROMPTS = 500
"""The commonest indicators of the corpus become prompts. Ours."""


@dataclass(frozen=True)
class Seen:
    """What CLIP sees in a photo.

    Attributes:
        similarity: Cosine with the prompt that fits best.
        phrase: The indicator of that prompt.
        scene: Class that fits best.
    """

    similarity: float
    phrase: str
    scene: str


@dataclass(frozen=True)
class Screened:
    """Photos sorted by the filters.

    Attributes:
        kept: Those that pass, in order.
        left_out: The others, with their reason.
        seen: What CLIP saw, by record id; empty without a model.
    """

    kept: Sequence[SeedRecord]
    left_out: Sequence[LeftOut] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict)


def without_faces(
    photos: Sequence[SeedRecord],
    finder: "FaceFinder",
    *,
    max_share: float,
    tell: Callable[[int], None] = lambda _count: None,
) -> Screened:
    """Leave out photos of which one face covers more than `max_share`, in [0, 1]."""
    kept: list[SeedRecord] = []
    left_out: list[LeftOut] = []
    for photo in photos:
        try:
            share = finder.largest_share(load_image(photo.image_path))
        except ImageError as error:
            left_out.append(left_out_photo(photo, UNREADABLE_PHOTO, str(error)))
        else:
            if share > max_share:
                left_out.append(LeftOut(photo.id, "face", f"a face covers {share:.0%}"))
            else:
                kept.append(photo)
        tell(1)
    return Screened(kept, left_out)


def indicator_prompt(indicator: Indicator) -> str:
    """How an indicator is put to CLIP."""
    return f"a photo that shows {indicator.phrase}"


def informative(
    photos: Sequence[SeedRecord],
    embedder: "ClipEmbedder",
    words: Counter[Indicator],
    *,
    min_similarity: float,
    tell: Callable[[int], None] = lambda _count: None,
) -> Screened:
    """Leave out photos that resemble no indicator prompt of the corpus enough.

    Args:
        photos: In any number.
        embedder: The CLIP model.
        words: The corpus, not empty.
        min_similarity: Least cosine with the best prompt, in [-1, 1].
        tell: Called with the number of photos just looked at.

    Raises:
        InputError: The corpus is empty.
    """
    if not words:
        raise InputError("--clip: needs indicators to look for; name a CoT file with --corpus")
    common = sorted(words, key=lambda one: (-words[one], one))[:MAX_PROMPTS]
    prompts_PD = embedder.texts([indicator_prompt(one) for one in common])
    scenes_SD = embedder.texts([scene_prompt(name) for name in SCENES])
    kept: list[SeedRecord] = []
    left_out: list[LeftOut] = []
    seen: dict[str, Seen] = {}
    vectors = embedder.photos((photo.image_path for photo in photos), tell=tell)
    for photo, vector_D in zip(photos, vectors, strict=True):
        if isinstance(vector_D, str):
            left_out.append(left_out_photo(photo, UNREADABLE_PHOTO, vector_D))
            continue
        similarities_P = prompts_PD @ vector_D
        best = int(np.argmax(similarities_P))
        found = Seen(
            similarity=float(similarities_P[best]),
            phrase=common[best].phrase,
            scene=SCENES[int(np.argmax(scenes_SD @ vector_D))],
        )
        if found.similarity < min_similarity:
            detail = f"like {found.phrase!r} by {found.similarity:.3f}, at least {min_similarity}"
            left_out.append(LeftOut(photo.id, "not_informative", detail))
        else:
            kept.append(photo)
            seen[photo.id] = found
    return Screened(kept, left_out, seen)
