"""Photo in, guess out: `GeoLocalizer("folder-or-hub-id").predict("photo.jpg")`."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from gre.data.images import load_image
from gre.errors import InputError
from gre.models.chat import ask
from gre.models.decoding import SAMPLING_TEMPERATURE, Decoding, Guess, guess_from_texts
from gre.models.options import ModelOptions
from gre.models.qwen_vl import load_model, load_processor, read_instruction
from gre.prompts import LOCATE_INSTRUCTION

if TYPE_CHECKING:
    from PIL.Image import Image
    from transformers import PreTrainedModel, ProcessorMixin
    from transformers.generation import BaseStreamer

__all__ = [
    "VISION_TOKENS",
    "Decoding",
    "GeoLocalizer",
    "Guess",
    "generate_answers",
    "guess_from_texts",
]

logger = logging.getLogger(__name__)

VISION_TOKENS = (
    "<|image_pad|>",
    "<|video_pad|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|im_start|>",
)
"""Tokens an answer must never hold: a later forward pass would look for the image behind them."""

VISION_TOKEN_ATTRIBUTES = ("image_token", "video_token", "start_image_token", "end_image_token")
"""Under these names the processors of other models keep theirs (LLaVA, InternVL)."""


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
        fill_pad_token(self.processor)

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
            decoding = Decoding(temperature=SAMPLING_TEMPERATURE if samples > 1 else 0.0)
        images = [load_image(Path(photo))] * samples
        return guess_from_texts(self.answer(images, decoding=decoding))

    def answer(
        self,
        images: Sequence["Image"],
        *,
        decoding: Decoding,
        seeds: Sequence[int] | None = None,
    ) -> list[str]:
        """Ask the model about a batch of images and return the raw texts in the same order.

        `seeds` as in `generate_answers`.
        """
        return generate_answers(
            self.model,
            self.processor,
            images,
            questions=[self.instruction] * len(images),
            decoding=decoding,
            seeds=seeds,
        )


def generate_answers(
    model: "PreTrainedModel",
    processor: "ProcessorMixin",
    images: Sequence["Image"],
    *,
    questions: Sequence[str],
    decoding: Decoding,
    seeds: Sequence[int] | None = None,
    streamer: "BaseStreamer | None" = None,
) -> list[str]:
    """Generate one text per image and question, left-padded in one batch.

    Where it samples, each answer is drawn by its seed in `seeds`, whatever its batch; without them,
    all are drawn from torch's stream. A `streamer` is given the tokens as they come; it takes a
    batch of one.

    Any decoder that `AutoModelForImageTextToText` loads: what is specific to a model is left to
    its processor (placeholders, patches, chat template).
    """
    tokenizer = processor.tokenizer
    inputs = processor(
        images=[[image] for image in images],
        text=[chat_prompt(processor, question) for question in questions],
        padding=True,
        padding_side="left",
        return_tensors="pt",
    ).to(model.device, model.dtype)
    is_sampled = decoding.temperature > 0
    how: Mapping[str, object] = _GREEDY
    if is_sampled and seeds is not None:
        from gre.models.sampling import own_draws

        how = _GREEDY | {"logits_processor": own_draws(decoding, seeds)}
    elif is_sampled:
        how = {"temperature": decoding.temperature, "top_p": decoding.top_p, "top_k": 0}
    with torch.inference_mode():
        output_BT = model.generate(
            **inputs,
            max_new_tokens=decoding.max_new_tokens,
            do_sample=is_sampled and seeds is None,
            suppress_tokens=vision_token_ids(processor),
            streamer=streamer,
            **how,
        )
    completions_BT = output_BT[:, inputs["input_ids"].shape[1] :]
    return tokenizer.batch_decode(completions_BT, skip_special_tokens=True)


def chat_prompt(processor: "ProcessorMixin", question: str) -> str:
    """The text of a conversation about one image, in the model's own chat template.

    Raises:
        InputError: The model has no chat template.
    """
    if not getattr(processor, "chat_template", None):
        raise InputError(
            "the model's processor has no chat template, so it is no chat model that sees"
            " pictures; use its instruction-tuned form"
        )
    return processor.apply_chat_template(ask(question), add_generation_prompt=True, tokenize=False)


def fill_pad_token(processor: "ProcessorMixin") -> None:
    """Give a tokenizer without a padding token its end of text for one, as batches need it."""
    tokenizer = processor.tokenizer
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token


def vision_token_ids(processor: "ProcessorMixin") -> list[int] | None:
    """Ids of the tokens that stand for pictures in a model's vocabulary; None if it has none."""
    tokenizer = processor.tokenizer
    own = (getattr(processor, name, None) for name in VISION_TOKEN_ATTRIBUTES)
    names = sorted({*VISION_TOKENS, *(name for name in own if isinstance(name, str))})
    ids = set(tokenizer.convert_tokens_to_ids(names)) - {None, tokenizer.unk_token_id}
    return sorted(ids) or None


_GREEDY: dict[str, object] = {"temperature": None, "top_p": None, "top_k": None}
"""Unset what a model's own generation config says of sampling, so that greedy is silent."""
