"""A language model as judge, behind any OpenAI-compatible server.

Every reply is checked (`replies.py`); a bad one is asked for again with the error, twice, and then
the question stays unscored. Good replies are cached by the hash of all that was asked; a reply that
cannot be used is taken out of the cache, so that it is never taken for done.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from gre.evaluation.cot.chains import Statement
from gre.evaluation.cot.prompts import (
    REPEAT,
    SYSTEM,
    indicators_prompt,
    key_steps_prompt,
    prompts_sha256,
    reply_schema,
    sort_prompt,
    steps_prompt,
)
from gre.evaluation.cot.replies import read_reply
from gre.evaluation.cot.verdicts import (
    INDICATOR_LABELS,
    KEY_LABELS,
    SORTS,
    STEP_LABELS,
    Item,
    Unscored,
    Verdicts,
)
from gre.models.chat_api import ChatClient, ChatEndpoint, ChatError, ChatRequest
from gre.models.chat_cache import cache_path

MAX_ASKED_AGAIN = 2
"""How often a bad reply is asked for again. Source: what a good judge does, GRE Suite design."""

TOKENS_PER_VERDICT = 60
"""Estimate of a verdict: an id, a sentence and a label. Ours."""

ROOM_PER_VERDICT = 160
"""Tokens that a reply may take per verdict; one that needs more is cut short and unscored. Ours."""

ROOM_FIXED = 512
"""And beside them."""

OVER_BUDGET = "over_budget"


class ChatJudge:
    """Judges by asking a model.

    Args:
        endpoint: Whom.
        cache_dir: Where good replies are kept; None keeps none.
        max_cost_usd: No call begins that could pass this sum; needs prices.
        room_fixed: Tokens of a reply beside its verdicts; more for models that think first.
    """

    def __init__(
        self,
        endpoint: ChatEndpoint,
        *,
        cache_dir: Path | None = None,
        max_cost_usd: float | None = None,
        room_fixed: int = ROOM_FIXED,
    ) -> None:
        self.endpoint = endpoint
        self.room_fixed = room_fixed
        self._cache_dir = cache_dir
        self._client = ChatClient(endpoint, cache_dir=cache_dir, max_cost_usd=max_cost_usd)
        self._knows_schemas = True

    @property
    def max_parallel(self) -> int:
        """As many items as calls may be in flight."""
        return self.endpoint.max_parallel

    def describe(self) -> Mapping[str, object]:
        """Model, place, parameters and the hash of the prompts."""
        return {
            "name": f"openai:{self.endpoint.model}",
            "model": self.endpoint.model,
            "base_url": self.endpoint.base_url,
            "temperature": 0.0,
            "room_fixed": self.room_fixed,
            "prompts_sha256": prompts_sha256(),
        }

    def usage(self) -> Mapping[str, object]:
        """Calls, tokens and cost so far."""
        spent = self._client.usage
        return {
            "calls": spent.calls,
            "cached": spent.cached,
            "prompt_tokens": spent.prompt_tokens,
            "completion_tokens": spent.completion_tokens,
            "usd": spent.usd,
        }

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def sort(self, question: str, said: Sequence[Statement]) -> Verdicts | Unscored:
        """Ask for the kind of every statement."""
        return self._ask(sort_prompt(question, said), _ids("c", said), SORTS)

    def find_key_steps(self, item: Item) -> Verdicts | Unscored:
        """Ask which key steps the chain holds."""
        ids, steps = _ids("k", item.key_steps), _ids("s", item.steps)
        return self._ask(key_steps_prompt(item), ids, KEY_LABELS, steps)

    def rate_steps(self, item: Item) -> Verdicts | Unscored:
        """Ask what every step is worth."""
        return self._ask(steps_prompt(item), _ids("s", item.steps), STEP_LABELS)

    def find_indicators(self, item: Item, background: Sequence[str]) -> Verdicts | Unscored:
        """Ask which indicators the statements name."""
        prompt = indicators_prompt(item, background)
        return self._ask(prompt, _ids("i", item.indicators), INDICATOR_LABELS)

    def requests(self, item: Item, said: Sequence[Statement]) -> list[tuple[ChatRequest, int]]:
        """What an item asks at first, each with its number of verdicts, to estimate the cost."""
        asked = [
            (key_steps_prompt(item), len(item.key_steps)),
            (steps_prompt(item), len(item.steps)),
        ]
        if item.indicators:
            texts = [statement.text for statement in said]
            asked.append((indicators_prompt(item, texts), len(item.indicators)))
        requests = [(self._request(prompt, count, None), count) for prompt, count in asked]
        return [*requests, self.sort_request(item.question, said)]

    def sort_request(self, question: str, said: Sequence[Statement]) -> tuple[ChatRequest, int]:
        """What the sorting of statements asks, with its number of verdicts."""
        return self._request(sort_prompt(question, said), len(said), None), len(said)

    def _request(
        self, prompt: str, num_verdicts: int, schema: Mapping[str, object] | None
    ) -> ChatRequest:
        room = self.room_fixed + ROOM_PER_VERDICT * num_verdicts
        return ChatRequest(SYSTEM, prompt, temperature=0.0, max_tokens=room, json_schema=schema)

    def _ask(
        self,
        prompt: str,
        ids: Sequence[str],
        labels: Sequence[str],
        steps: Sequence[str] | None = None,
    ) -> Verdicts | Unscored:
        schema = reply_schema(labels, ids, steps=steps)
        text = prompt
        result: Verdicts | Unscored = Unscored("not_asked", "no attempt was made")
        for _ in range(1 + MAX_ASKED_AGAIN):
            try:
                request, reply = self._complete(text, len(ids), schema)
            except ChatError as error:
                return Unscored(error.reason, str(error))
            result = read_reply(reply, ids=ids, labels=labels, steps=steps)
            if not isinstance(result, Unscored):
                return result
            self._forget(request)
            text = f"{prompt}\n\n{REPEAT.format(error=result.detail)}"
        return result

    def _complete(
        self, text: str, num_verdicts: int, schema: Mapping[str, object]
    ) -> tuple[ChatRequest, str]:
        """Ask with the schema; without it where the server refuses schemas."""
        if self._knows_schemas:
            request = self._request(text, num_verdicts, schema)
            try:
                return request, self._client.complete(request).text
            except ChatError as error:
                if error.status not in (400, 415, 422, 501):
                    raise
        request = self._request(text, num_verdicts, None)
        reply = self._client.complete(request).text
        self._knows_schemas = False
        return request, reply

    def _forget(self, request: ChatRequest) -> None:
        if self._cache_dir is not None:
            cache_path(self._cache_dir, self.endpoint, request).unlink(missing_ok=True)


def _ids(letter: str, things: Sequence[object]) -> list[str]:
    return [f"{letter}{number}" for number in range(1, len(things) + 1)]


def estimated_completion_tokens(num_verdicts: int) -> int:
    """About how long a reply is, tokens."""
    return math.ceil(16 + TOKENS_PER_VERDICT * num_verdicts)
