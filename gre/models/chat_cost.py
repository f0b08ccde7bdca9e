"""What chat calls cost: estimates beforehand, counts afterwards, and a limit that holds."""

from dataclasses import replace
from math import floor, log10
from threading import Condition

from gre.errors import InputError
from gre.models.chat_types import (
    NOTHING,
    ChatEndpoint,
    ChatError,
    ChatReply,
    ChatRequest,
    ChatUsage,
    Spent,
)

CHARS_PER_TOKEN = 3
"""A cautious guess for a prompt: English has about four characters to a token. Ours."""

PIXELS_PER_TOKEN = 28 * 28
"""One image token of Qwen2.5-VL covers 28 x 28 pixels; others use fewer tokens a picture."""

MESSAGE_TOKENS = 16
"""Room for roles and separators. Ours."""

UNBILLED = frozenset({"http_status", "refused_connection"})
"""Errors of calls that no server bills: it refused them, or was not reached. Ours."""


def estimate_prompt_tokens(request: ChatRequest) -> int:
    """Tokens that a prompt takes, rather too many than too few."""
    chars = len(request.text) + len(request.system or "") + len(str(request.json_schema or ""))
    pixels = sum(image.width * image.height for image in request.images)
    return MESSAGE_TOKENS + -(-chars // CHARS_PER_TOKEN) + -(-pixels // PIXELS_PER_TOKEN)


def worst_case_usd(endpoint: ChatEndpoint, request: ChatRequest) -> float | None:
    """Most that one attempt may cost: the whole reply is used. None where no price is known."""
    return endpoint.cost_usd(estimate_prompt_tokens(request), request.max_tokens)


def spent_on(endpoint: ChatEndpoint, request: ChatRequest, reply: ChatReply | None) -> Spent:
    """What one attempt cost: the server's counts, or the most that they can be.

    Args:
        endpoint: Prices.
        request: What was asked.
        reply: What came; None where it was lost on the way, for it may be billed in full.
    """
    prompt_tokens = (reply.prompt_tokens if reply else 0) or estimate_prompt_tokens(request)
    completion_tokens = (reply.completion_tokens if reply else 0) or request.max_tokens
    usd = endpoint.cost_usd(prompt_tokens, completion_tokens)
    return Spent(prompt_tokens, completion_tokens, usd)


def spent_on_error(endpoint: ChatEndpoint, request: ChatRequest, error: ChatError) -> Spent:
    """What an attempt cost of whose reply nothing came: nothing where it was refused."""
    return NOTHING if error.reason in UNBILLED else spent_on(endpoint, request, None)


def paid_usd(endpoint: ChatEndpoint, spent: Spent) -> float:
    """Dollars noted, or by the endpoint's prices; 0 where there are none."""
    if spent.usd is not None:
        return spent.usd
    return endpoint.cost_usd(spent.prompt_tokens, spent.completion_tokens) or 0.0


def usd_text(usd: float) -> str:
    """A sum of US dollars, at least 0, with as many decimals as it takes to differ from 0."""
    return f"{usd:.4f}" if usd == 0 or usd >= 0.001 else f"{usd:.{1 - floor(log10(usd))}f}"


class Meter:
    """Counts what is spent and, where there is a limit, lets no call begin that could pass it.

    Safe to use from many threads. A call that does not fit waits for those in flight, which mostly
    cost less than their worst case.

    Args:
        endpoint: Prices.
        max_cost_usd: The limit, US dollars; None for none.

    Raises:
        InputError: A limit without prices, or below 0.
    """

    def __init__(self, endpoint: ChatEndpoint, max_cost_usd: float | None) -> None:
        if max_cost_usd is not None and not max_cost_usd >= 0:
            raise InputError(f"max_cost_usd must be >= 0, got {max_cost_usd}")
        if max_cost_usd is not None and endpoint.input_usd_per_million is None:
            raise InputError(
                "max_cost_usd needs the prices of the model: give input_usd_per_million and"
                " output_usd_per_million"
            )
        self._endpoint = endpoint
        self._limit_usd = max_cost_usd
        self._reserved_usd = self._earlier_usd = 0.0
        self._usage = ChatUsage(usd=endpoint.cost_usd(0, 0))
        self._changed = Condition()

    @property
    def usage(self) -> ChatUsage:
        """A snapshot."""
        with self._changed:
            return self._usage

    def count_cached(self) -> None:
        """Note a request that cost nothing."""
        with self._changed:
            self._usage = replace(self._usage, cached=self._usage.cached + 1)

    def count_earlier(self, usd: float) -> None:
        """Let the limit hold for what was spent before as well, US dollars."""
        with self._changed:
            self._earlier_usd += usd

    def reserve(self, request: ChatRequest) -> float:
        """Set aside the most that a call may cost; `settle` must follow.

        Raises:
            ChatError: It would pass the limit ("over_budget").
        """
        worst_usd = worst_case_usd(self._endpoint, request) or 0.0
        with self._changed:
            while self._passes_limit(worst_usd):
                if self._reserved_usd <= 0:
                    raise ChatError("over_budget", self._refusal(worst_usd))
                self._changed.wait()
            self._reserved_usd += worst_usd
            self._usage = replace(self._usage, calls=self._usage.calls + 1)
        return worst_usd

    def settle(self, reserved_usd: float, spent: Spent) -> None:
        """Replace what was set aside by what the call cost."""
        with self._changed:
            self._reserved_usd -= reserved_usd
            if abs(self._reserved_usd) < 1e-12:  # sums of floats: no call is in flight
                self._reserved_usd = 0.0
            usage = self._usage
            self._usage = replace(
                usage,
                prompt_tokens=usage.prompt_tokens + spent.prompt_tokens,
                completion_tokens=usage.completion_tokens + spent.completion_tokens,
                usd=None if usage.usd is None else usage.usd + (spent.usd or 0.0),
            )
            self._changed.notify_all()

    def _passes_limit(self, worst_usd: float) -> bool:
        if self._limit_usd is None:
            return False
        return self._spent_usd() + self._reserved_usd + worst_usd > self._limit_usd

    def _spent_usd(self) -> float:
        return (self._usage.usd or 0.0) + self._earlier_usd

    def _refusal(self, worst_usd: float) -> str:
        return (
            f"{self._endpoint.model}: the next call may cost {usd_text(worst_usd)} US dollars,"
            f" {usd_text(self._spent_usd())} of {usd_text(self._limit_usd or 0.0)} are spent;"
            " raise the limit to go on"
        )
