"""Who answers: one small interface, so that models, servers and files are scored alike.

A new kind of predictor is a class with these methods and a line in `choice.py`. No torch here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PIL.Image import Image

from gre.errors import InputError
from gre.evaluation.asking.draws import DEFAULT_SHARE, Draws
from gre.evaluation.asking.once import AnswerError
from gre.evaluation.benchmarks.samples import Sample
from gre.models.decoding import Decoding

if TYPE_CHECKING:
    from gre.models.localizer import GeoLocalizer

Given = str | Draws | AnswerError
"""What comes of one photo: a text, several, or why there is none."""


class Predictor(Protocol):
    """Answers batches of photos with raw texts."""

    name: str

    def answer(self, images: Sequence[Image]) -> Sequence[Given]:
        """Give what comes of each image (RGB, upright), in the same order."""

    def describe(self) -> dict[str, object]:
        """Everything that can change an answer, ready for JSON."""


class QuestionPredictor(Predictor, Protocol):
    """Answers questions of the samples' own, too."""

    def answer_questions(
        self, images: Sequence[Image], questions: Sequence[str]
    ) -> Sequence[str | AnswerError]:
        """Give one text per image and question, in the same order."""


@runtime_checkable
class FixedPredictor(Protocol):
    """Knows its answers without a look at any photo: a file, or a constant."""

    @property
    def name(self) -> str:
        """For tables."""

    def answer_samples(self, samples: Sequence[Sample]) -> Mapping[str, Given]:
        """Give what comes of each sample, by its id."""

    def describe(self) -> dict[str, object]:
        """Everything that can change an answer, ready for JSON."""


@dataclass(frozen=True)
class Drawing:
    """How often each photo is asked about.

    Attributes:
        num: Answers per photo; above 1 they must be sampled.
        share: Share of the readable answers that the reported radius holds, in (0, 1].
        seed: Of the sampler.
    """

    num: int = 1
    share: float = DEFAULT_SHARE
    seed: int = 0

    def __post_init__(self) -> None:
        if self.num < 1:
            raise InputError(f"samples must be >= 1, got {self.num}")
        if not 0 < self.share <= 1:
            raise InputError(f"share must be in (0, 1], got {self.share}")

    def check(self, decoding: Decoding) -> None:
        """Refuse several answers that would all be the same.

        Raises:
            InputError: It is so.
        """
        if self.num > 1 and decoding.temperature == 0:
            raise InputError(
                f"samples is {self.num} and temperature 0, so all answers of a photo would be the"
                " same; set --temperature above 0 (0.7 if unset) or --samples 1"
            )

    def describe(self, decoding: Decoding) -> dict[str, object]:
        """What of it can change an answer; nothing where decoding is greedy."""
        if decoding.temperature == 0:
            return {}
        facts: dict[str, object] = {"seed": self.seed}
        return facts | ({"samples": self.num, "radius_share": self.share} if self.num > 1 else {})


ONE_ANSWER = Drawing()


def draw(
    ask: Callable[[int], Sequence[str | AnswerError]], num_images: int, drawing: Drawing
) -> list[Given]:
    """Ask about a batch as often as wanted, and bring the answers of each photo together.

    Args:
        ask: Gives one answer per image for the draw of that number.
        num_images: In the batch.
        drawing: How often, and the share for the radius.

    Returns:
        Per image its one answer, all that succeeded of several, or its first failure.
    """
    if drawing.num == 1:
        return list(ask(0))
    rounds = [ask(number) for number in range(drawing.num)]
    given: list[Given] = []
    for index in range(num_images):
        answers = [answers[index] for answers in rounds]
        texts = tuple(answer for answer in answers if isinstance(answer, str))
        failures = [answer for answer in answers if isinstance(answer, AnswerError)]
        given.append(Draws(texts, drawing.share) if texts else failures[0])
    return given


class TransformersPredictor:
    """Any model that `AutoModelForImageTextToText` loads, decoded greedily unless told otherwise.

    Args:
        model: Folder or hub id.
        decoding: Length and sampling.
        drawing: Answers per photo.
        instruction: The question; the model's own where it names one.
        device, dtype, attention, max_pixels: As in `GeoLocalizer`.
    """

    localizer: "GeoLocalizer"

    def __init__(
        self,
        model: str | Path,
        *,
        decoding: Decoding | None = None,
        drawing: Drawing = ONE_ANSWER,
        instruction: str | None = None,
        device: str | None = None,
        dtype: str = "auto",
        attention: str = "auto",
        max_pixels: int | None = None,
    ) -> None:
        from gre.models.localizer import GeoLocalizer

        self.name = str(model)
        self.decoding = decoding or Decoding()
        self.drawing = drawing
        self.max_pixels = max_pixels
        drawing.check(self.decoding)
        self.localizer = GeoLocalizer(
            model,
            instruction=instruction,
            device=device,
            dtype=dtype,
            attention=attention,
            max_pixels=max_pixels,
        )

    def answer(self, images: Sequence[Image]) -> Sequence[Given]:
        """Generate as many texts per image as the drawing says."""
        questions = [self.localizer.instruction] * len(images)
        return draw(
            lambda number: self.localizer.answer(
                images, decoding=self.decoding, seeds=self._seeds(images, questions, number)
            ),
            len(images),
            self.drawing,
        )

    def answer_questions(self, images: Sequence[Image], questions: Sequence[str]) -> list[str]:
        """Generate one text per image and question."""
        from gre.models.localizer import generate_answers

        return generate_answers(
            self.localizer.model,
            self.localizer.processor,
            images,
            questions=questions,
            decoding=self.decoding,
            seeds=self._seeds(images, questions, 0),
        )

    def _seeds(
        self, images: Sequence[Image], questions: Sequence[str], number: int
    ) -> list[int] | None:
        """Of each answer; None where nothing is left to chance."""
        if self.decoding.temperature == 0:
            return None
        from gre.models.sampling import answer_seed

        seed = self.drawing.seed
        asked = zip(images, questions, strict=True)
        return [answer_seed(seed, number, image, question) for image, question in asked]

    def describe(self) -> dict[str, object]:
        """Model, question, decoding, pixel budget and numerics."""
        model = self.localizer.model
        return {
            "predictor": "transformers",
            "model": self.name,
            "instruction": self.localizer.instruction,
            "max_new_tokens": self.decoding.max_new_tokens,
            "temperature": self.decoding.temperature,
            "top_p": self.decoding.top_p,
            **self.drawing.describe(self.decoding),
            "max_pixels": self.max_pixels,
            "dtype": str(model.dtype).removeprefix("torch."),
            "attention": model.config._attn_implementation,
        }
