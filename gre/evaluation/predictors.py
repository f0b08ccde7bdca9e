"""Who answers: one small interface, so that models, servers and files are scored alike."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PIL.Image import Image

from gre.models.localizer import Decoding, GeoLocalizer


class Predictor(Protocol):
    """Answers batches of photos with raw texts."""

    name: str

    def answer(self, images: Sequence[Image]) -> list[str]:
        """Give one text per image (RGB, upright), in the same order."""

    def describe(self) -> dict[str, object]:
        """Everything that can change an answer, ready for JSON."""


class TransformersPredictor:
    """Any model that `AutoModelForImageTextToText` loads, decoded greedily unless told otherwise.

    Args:
        model: Folder or hub id.
        decoding: Length and sampling.
        instruction: The question; the model's own where it names one.
        device, dtype, attention, max_pixels: As in `GeoLocalizer`.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        decoding: Decoding | None = None,
        instruction: str | None = None,
        device: str | None = None,
        dtype: str = "auto",
        attention: str = "auto",
        max_pixels: int | None = None,
    ) -> None:
        self.name = str(model)
        self.decoding = decoding or Decoding()
        self.localizer = GeoLocalizer(
            model,
            instruction=instruction,
            device=device,
            dtype=dtype,
            attention=attention,
            max_pixels=max_pixels,
        )

    def answer(self, images: Sequence[Image]) -> list[str]:
        """Generate one text per image."""
        return self.localizer.answer(images, decoding=self.decoding)

    def describe(self) -> dict[str, object]:
        """Model, question, decoding and numerics."""
        model = self.localizer.model
        return {
            "predictor": "transformers",
            "model": self.name,
            "instruction": self.localizer.instruction,
            "max_new_tokens": self.decoding.max_new_tokens,
            "temperature": self.decoding.temperature,
            "top_p": self.decoding.top_p,
            "dtype": str(model.dtype).removeprefix("torch."),
            "attention": model.config._attn_implementation,
        }
