"""Sampling in which each answer has chance of its own, whatever else shares its batch.

The stock sampler draws for a whole batch from one stream: which answers stand together, and how
many came before, would change every text. Here each row has a stream, so that a run that was
interrupted or shared gives the texts of one that was not, as far as rounding in another batch
lets it.
"""

import hashlib
from collections.abc import Sequence

import torch
from PIL.Image import Image
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from gre.models.decoding import Decoding

# Shapes: B rows of a batch, T tokens so far, V entries of the vocabulary.


def answer_seed(seed: int, number: int, image: Image, question: str) -> int:
    """The seed of one answer, from the run's and from what is asked; in [0, 2^63).

    Args:
        seed: Of the run.
        number: Of the draw, from 0: several answers about one photo differ.
        image: What the model is shown.
        question: What it is asked.
    """
    digest = hashlib.sha256(f"{seed} {number} {image.size} {question}\n".encode())
    digest.update(image.tobytes())
    return int.from_bytes(digest.digest()[:8], "big") >> 1


def own_draws(decoding: Decoding, seeds: Sequence[int]) -> LogitsProcessorList:
    """Processors after which the largest score is a sample, one seed to a row of the batch.

    Args:
        decoding: Temperature above 0, and nucleus.
        seeds: Of the rows, in their order.
    """
    processors = LogitsProcessorList([TemperatureLogitsWarper(float(decoding.temperature))])
    if decoding.top_p < 1:
        processors.append(TopPLogitsWarper(decoding.top_p))
    processors.append(OwnDraws(seeds))
    return processors


class OwnDraws(LogitsProcessor):
    """Adds Gumbel noise to the scores, from a stream of each row's own: their argmax is a sample.

    Source: the Gumbel-max trick, E. J. Gumbel (1954); C. J. Maddison et al., "A* Sampling",
    NeurIPS 2014.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self._seeds = seeds
        self._streams: list[torch.Generator] = []

    def __call__(self, input_ids_BT: torch.Tensor, scores_BV: torch.Tensor) -> torch.Tensor:
        """The scores with noise, (B, V) float32; what was impossible stays so."""
        device = scores_BV.device
        if not self._streams:
            self._streams = [torch.Generator(device).manual_seed(seed) for seed in self._seeds]
        noise_BV = torch.empty_like(scores_BV, dtype=torch.float32)
        for row_V, stream in zip(noise_BV, self._streams, strict=True):
            row_V.exponential_(generator=stream)
        return scores_BV.float() - noise_BV.log()
