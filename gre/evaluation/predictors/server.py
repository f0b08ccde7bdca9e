"""Any OpenAI-compatible server as a predictor: a call that fails fails its sample alone."""

from collections.abc import Sequence
from pathlib import Path

from PIL.Image import Image

from gre.errors import GreError, InputError
from gre.evaluation.asking.once import AnswerError
from gre.evaluation.predictors.base import ONE_ANSWER, Drawing, Given, draw
from gre.models.chat_api import ChatClient, ChatEndpoint, ChatError, ChatReply, ChatRequest
from gre.models.decoding import Decoding
from gre.prompts import LOCATE_INSTRUCTION

REFUSING_STATUSES = frozenset({401, 403, 404})
"""No key, no right, no such model: it would meet every sample alike."""


class ServerPredictor:
    """A model behind a server that speaks the OpenAI chat-completions protocol.

    Args:
        endpoint: Server and model.
        decoding: Length and sampling; `top_p` must be 1, which is what servers assume.
        drawing: Answers per photo; each draw has a seed of its own.
        instruction: The question asked.
        cache_dir: Keeps good replies, so that an interrupted run pays for none twice.
        max_cost_usd: No call begins that could pass this sum.

    Raises:
        InputError: The options do not fit together.
    """

    def __init__(
        self,
        endpoint: ChatEndpoint,
        *,
        decoding: Decoding | None = None,
        drawing: Drawing = ONE_ANSWER,
        instruction: str | None = None,
        cache_dir: Path | None = None,
        max_cost_usd: float | None = None,
    ) -> None:
        self.name = f"openai:{endpoint.model}"
        self.decoding = decoding or Decoding()
        if self.decoding.top_p != 1:
            raise InputError("top_p is not sent to a server; leave --top-p out")
        drawing.check(self.decoding)
        self.drawing = drawing
        self.instruction = instruction or LOCATE_INSTRUCTION
        self.client = ChatClient(endpoint, cache_dir=cache_dir, max_cost_usd=max_cost_usd)

    def answer(self, images: Sequence[Image]) -> Sequence[Given]:
        """Ask about each image, all at once as far as the endpoint allows."""
        questions = [self.instruction] * len(images)
        return draw(lambda number: self._ask(images, questions, number), len(images), self.drawing)

    def answer_questions(
        self, images: Sequence[Image], questions: Sequence[str]
    ) -> Sequence[str | AnswerError]:
        """Ask each question about its image."""
        return self._ask(images, questions, 0)

    def describe(self) -> dict[str, object]:
        """Server, model, question and decoding."""
        return {
            "predictor": "openai",
            "model": self.name,
            "base_url": self.client.endpoint.base_url,
            "instruction": self.instruction,
            "max_new_tokens": self.decoding.max_new_tokens,
            "temperature": self.decoding.temperature,
            **self.drawing.describe(self.decoding),
        }

    def _ask(
        self, images: Sequence[Image], questions: Sequence[str], number: int
    ) -> list[str | AnswerError]:
        is_sampled = self.decoding.temperature > 0
        requests = [
            ChatRequest(
                None,
                question,
                (image,),
                temperature=self.decoding.temperature,
                max_tokens=self.decoding.max_new_tokens,
                seed=self.drawing.seed * 1_000_003 + number if is_sampled else None,
            )
            for image, question in zip(images, questions, strict=True)
        ]
        results = self.client.complete_all(requests)
        refuse_hopeless(results)
        return [
            AnswerError(result.reason, str(result))
            if isinstance(result, ChatError)
            else result.text
            for result in results
        ]


def refuse_hopeless(results: Sequence[ChatReply | ChatError]) -> None:
    """Stop a run whose every further sample would fail alike; what is answered is kept.

    Raises:
        InputError: The server refuses the key or the model.
        GreError: The money is spent, or no server is there.
    """
    errors = [result for result in results if isinstance(result, ChatError)]
    for error in errors:
        if error.status in REFUSING_STATUSES:
            raise InputError(str(error))
        if error.reason == "over_budget":
            raise GreError(f"{error} (--max-cost); the same command goes on where it stopped")
    if (
        errors
        and all(error.reason == "refused_connection" for error in errors)
        and len(errors) == len(results)
    ):
        raise GreError(f"{errors[0]}; the same command goes on where it stopped")
