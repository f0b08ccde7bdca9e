"""Photo in, guess out: `GeoLocalizer("folder-or-hub-id").predict("photo.jpg")`."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from gre.answers import ParseFailure, read_latlon, read_response
from gre.data.images import load_image
from gre.errors import InputError
from gre.geo.latlon import LatLon
from gre.geo.spread import spread_of
from gre.models.chat import ask
from gre.models.options import ModelOptions
from gre.models.qwen_vl import load_model, load_processor, read_instruction
from gre.prompts import LOCATE_INSTRUCTION

if TYPE_CHECKING:
    from PIL.Image import Image
    from transformers import PreTrainedModel, ProcessorMixin

logger = logging.getLogger(__name__)

VISION_TOKENS = (
    "<|image_pad|>",
    "<|video_pad|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|im_start|>",
)
"""Tokens an answer must never hold: a later forward pass would look for the image behind them."""


@dataclass(frozen=True)
class Decoding:
    """How answers are generated. Greedy unless a temperature is set.

    Attributes:
        max_new_tokens: Longest answer, tokens. Source: completion length of the upstream scripts.
        temperature: 0 is greedy; above 0 samples.
        top_p: Nucleus for sampling, in (0, 1].
    """

    max_new_tokens: int = 2048
    temperature: float = 0.0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise InputError(f"max_new_tokens must be >= 1, got {self.max_new_tokens}")
        if self.temperature < 0:
            raise InputError(f"temperature must be >= 0 (0 is greedy), got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p must be in (0, 1], got {self.top_p}")


@dataclass(frozen=True)
class Guess:
    """Where a model thinks a photo was taken.

    Attributes:
        latlon: The point, or None when no answer could be read.
        radius_km: Radius around it that holds 90 % of the sampled answers; None for one answer.
        reasoning: The text between the think tags, if any.
        texts: The raw answers, one per sample.
        failure: Why `latlon` is None.
    """

    latlon: LatLon | None
    radius_km: float | None
    reasoning: str | None
    texts: tuple[str, ...]
    failure: ParseFailure | None = None


class GeoLocalizer:
    """A vision-language model that locates photos.

    Args:
        model: Folder or hub id.
        device: "cuda", "cpu" …; the first GPU when there is one, else the CPU.
        instruction: The question asked; the one the model was trained on (`gre.json` in its
            folder) when not given, else `gre.prompts.LOCATE_INSTRUCTION`.
        dtype, attention, max_pixels: As in `gre.models.options.ModelOptions`.

    Raises:
        InputError: The model cannot be loaded.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        device: str | None = None,
        instruction: str | None = None,
        dtype: str = "auto",
        attention: str = "auto",
        max_pixels: int | None = None,
    ) -> None:
        self.name = str(model)
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        options = ModelOptions(
            model_name_or_path=str(model), dtype=dtype, attention=attention, max_pixels=max_pixels
        )
        self.instruction = instruction or read_instruction(self.name) or LOCATE_INSTRUCTION
        self.processor = load_processor(options)
        self.model = load_model(options, device=self.device).eval()

    def predict(
        self, photo: str | Path, *, samples: int = 1, decoding: Decoding | None = None
    ) -> Guess:
        """Locate one photo.

        With `samples` above 1 the answers are sampled (temperature 0.7 unless `decoding` says
        otherwise) and the guess is their geodesic medoid.

        Raises:
            ImageError: The photo cannot be read.
        """
        if samples < 1:
            raise InputError(f"samples must be >= 1, got {samples}")
        if decoding is None:
            decoding = Decoding(temperature=0.7 if samples > 1 else 0.0)
        images = [load_image(Path(photo))] * samples
        return guess_from_texts(self.answer(images, decoding=decoding))

    def answer(self, images: Sequence["Image"], *, decoding: Decoding) -> list[str]:
        """Ask the model about a batch of images and return the raw texts in the same order."""
        return generate_answers(
            self.model,
            self.processor,
            images,
            questions=[self.instruction] * len(images),
            decoding=decoding,
        )


def generate_answers(
    model: "PreTrainedModel",
    processor: "ProcessorMixin",
    images: Sequence["Image"],
    *,
    questions: Sequence[str],
    decoding: Decoding,
) -> list[str]:
    """Generate one text per image and question, left-padded in one batch."""
    prompts = [
        processor.apply_chat_template(ask(question), add_generation_prompt=True, tokenize=False)
        for question in questions
    ]
    inputs = processor(
        images=[[image] for image in images],
        text=prompts,
        padding=True,
        padding_side="left",
        return_tensors="pt",
    ).to(model.device)
    tokenizer = processor.tokenizer
    sampling = {"temperature": decoding.temperature, "top_p": decoding.top_p, "top_k": 0}
    with torch.inference_mode():
        output_BT = model.generate(
            **inputs,
            max_new_tokens=decoding.max_new_tokens,
            do_sample=decoding.temperature > 0,
            suppress_tokens=tokenizer.convert_tokens_to_ids(list(VISION_TOKENS)),
            **(sampling if decoding.temperature > 0 else _GREEDY),
        )
    completions_BT = output_BT[:, inputs["input_ids"].shape[1] :]
    return tokenizer.batch_decode(completions_BT, skip_special_tokens=True)


_GREEDY: dict[str, None] = {"temperature": None, "top_p": None, "top_k": None}
"""Unset what a model's own generation config says of sampling, so that greedy is silent."""


def guess_from_texts(texts: Sequence[str]) -> Guess:
    """Read the answers of one photo into a guess: the medoid of those that can be read."""
    readings = [read_latlon(text) for text in texts]
    points = [reading for reading in readings if isinstance(reading, LatLon)]
    if not points:
        failure = next(reading for reading in readings if isinstance(reading, ParseFailure))
        return Guess(None, None, read_response(texts[0]).think, tuple(texts), failure)
    spread = spread_of(points)
    chosen = texts[readings.index(spread.center)]
    radius_km = spread.radius_km if len(texts) > 1 else None
    return Guess(spread.center, radius_km, read_response(chosen).think, tuple(texts))
