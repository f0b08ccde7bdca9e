"""How many tokens an image and a row have, without decoding or training anything."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gre.data.datasets import rollout_question
from gre.data.records import CotRecord, JudgeRecord, Record, SeedRecord
from gre.errors import InputError
from gre.models.chat import Message, ask, reply
from gre.models.shapes import MERGE_SIZE, PATCH_SIZE

SIDE_PX = PATCH_SIZE * MERGE_SIZE
"""Side of the square that one image token covers."""

IMAGE_TOKEN = "<|image_pad|>"
CHARACTERS_PER_TOKEN = 3.0
"""Where no tokenizer is at hand. Ours: low for English, so that the estimate is rather too long."""

_QUESTION, _ANSWER = "QUESTION-GOES-HERE-7f3a", "ANSWER-GOES-HERE-7f3a"
_NUM_VERIFIED = 4
_BATCH = 512


@dataclass(frozen=True)
class PixelBudget:
    """Fewest and most pixels of an image after the processor has resized it."""

    min_pixels: int
    max_pixels: int


def resized(width: int, height: int, budget: PixelBudget) -> tuple[int, int]:
    """Width and height that Qwen2.5-VL's processor gives an image: multiples of 28.

    Each side goes to the nearest multiple; where the area then leaves the budget, both sides are
    scaled alike and rounded towards it.

    Source: `smart_resize` of Qwen2-VL in transformers; a test holds the two together.
    """
    sides = (width, height)
    near = [round(side / SIDE_PX) * SIDE_PX for side in sides]
    area = near[0] * near[1]
    if area > budget.max_pixels:
        shrink = math.sqrt(width * height / budget.max_pixels)
        near = [max(SIDE_PX, math.floor(side / shrink / SIDE_PX) * SIDE_PX) for side in sides]
    elif area < budget.min_pixels:
        grow = math.sqrt(budget.min_pixels / (width * height))
        near = [math.ceil(side * grow / SIDE_PX) * SIDE_PX for side in sides]
    return near[0], near[1]


def image_tokens(width: int, height: int, budget: PixelBudget) -> int:
    """Tokens that an image of this size becomes."""
    wide, high = resized(width, height, budget)
    return (wide // SIDE_PX) * (high // SIDE_PX)


def texts_of(record: Record) -> tuple[str, str | None]:
    """What a row asks, and what it teaches to answer; None where the model writes that itself."""
    if isinstance(record, CotRecord):
        return record.question, record.answer
    assert isinstance(record, JudgeRecord | SeedRecord)
    return rollout_question(record), None


def text_tokens(
    records: Sequence[Record],
    processor: Any,  # Any: a processor of transformers
) -> NDArray[np.int64]:
    """Tokens of each row beside its image's, as the chat template writes the row."""
    texts = [texts_of(record) for record in records]
    rendered = _rendered(texts, processor)
    lengths: list[int] = []
    for start in range(0, len(rendered), _BATCH):
        batch = processor.tokenizer(rendered[start : start + _BATCH], add_special_tokens=False)
        lengths += [len(ids) for ids in batch["input_ids"]]
    return np.array(lengths, dtype=np.int64) - 1  # the one placeholder of the image


def estimated_text_tokens(records: Sequence[Record]) -> NDArray[np.int64]:
    """The same without a tokenizer, from the number of characters."""
    lengths = [sum(len(text or "") for text in texts_of(record)) for record in records]
    return np.ceil(np.array(lengths, dtype=np.float64) / CHARACTERS_PER_TOKEN).astype(np.int64)


def render(question: str, answer: str | None, processor: Any) -> str:  # Any: a processor
    """One row as the chat template writes it, the image as its placeholder.

    Raises:
        InputError: The template fails; with what it raised.
    """
    turns: list[Message] = ask(question) + (reply(answer) if answer is not None else [])
    try:
        text: str = processor.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=answer is None
        )
    except Exception as error:  # a template is a program and may raise anything
        raise InputError(" ".join(f"{type(error).__name__}: {error}".split())) from error
    return text


def _rendered(texts: Sequence[tuple[str, str | None]], processor: Any) -> list[str]:  # Any: same
    """All rows through one rendering of the template, where it only puts texts into their place."""
    if not texts:
        return []
    has_answer = texts[0][1] is not None
    frame = render(_QUESTION, _ANSWER if has_answer else None, processor)
    filled = [frame.replace(_QUESTION, q).replace(_ANSWER, a or "") for q, a in texts]
    for i in range(0, len(texts), max(1, len(texts) // _NUM_VERIFIED)):
        if filled[i] != render(*texts[i], processor):
            return [render(question, answer, processor) for question, answer in texts]
    return filled


def histogram(lengths: NDArray[np.int64], *, num_bins: int = 8) -> list[tuple[str, int]]:
    """Counts of row lengths in bins of equal width, each with its range as text."""
    if len(lengths) == 0:
        return []
    low, high = int(lengths.min()), int(lengths.max())
    width = max(1, math.ceil((high - low + 1) / num_bins))
    bins = []
    for start in range(low, high + 1, width):
        count = int(((lengths >= start) & (lengths < start + width)).sum())
        bins.append((f"{start:,}–{start + width - 1:,}", count))
    return bins
