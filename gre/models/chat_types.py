"""What is said to a chat server and what comes back; no network and no torch here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gre.errors import GreError, InputError

if TYPE_CHECKING:
    from PIL.Image import Image

REASONS = (
    "timeout",
    "http_status",
    "not_json",
    "cut_short",
    "empty",
    "refused_connection",
    "over_budget",
)
"""Why a call gave no reply: too slow; refused by status; a body that is no chat completion; a body
or text that ends early; no text; no server; no money."""


@dataclass(frozen=True)
class ChatEndpoint:
    """A server that speaks the OpenAI chat-completions protocol.

    Attributes:
        base_url: http or https, up to and without "/chat/completions"; it mostly ends in "/v1".
        model: Name under which the server knows the model.
        api_key_env: Environment variable that holds the key; none is sent where it is unset.
        timeout_s: Longest time for one attempt, seconds.
        max_attempts: Attempts per request, at least 1.
        max_parallel: Calls in flight at once.
        input_usd_per_million: Price of prompt tokens, where known.
        output_usd_per_million: Price of generated tokens, where known.
        first_wait_s: Pause before the second attempt, seconds; it doubles with each.
    """

    base_url: str
    model: str
    api_key_env: str = "OPENAI_API_KEY"
    timeout_s: float = 120
    max_attempts: int = 4
    max_parallel: int = 8
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None
    first_wait_s: float = 1.0

    def __post_init__(self) -> None:
        _check_url(self.base_url)
        if not self.model:
            raise InputError("model is empty; name the model as its server knows it")
        for name in ("timeout_s", "first_wait_s"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be > 0 seconds, got {getattr(self, name)}")
        for name in ("max_attempts", "max_parallel"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be >= 1, got {getattr(self, name)}")
        for name in ("input_usd_per_million", "output_usd_per_million"):
            price = getattr(self, name)
            if price is not None and not 0 <= price < float("inf"):
                raise InputError(f"{name} must be >= 0 US dollars, got {price}")
        if (self.input_usd_per_million is None) != (self.output_usd_per_million is None):
            raise InputError("give both input_usd_per_million and output_usd_per_million, or none")

    @property
    def url(self) -> str:
        """Where requests are posted."""
        return self.base_url.rstrip("/") + "/chat/completions"

    def cost_usd(self, prompt_tokens: float, completion_tokens: float) -> float | None:
        """What so many tokens cost, US dollars; None where no price is known."""
        if self.input_usd_per_million is None or self.output_usd_per_million is None:
            return None
        return (
            prompt_tokens * self.input_usd_per_million
            + completion_tokens * self.output_usd_per_million
        ) / 1e6


@dataclass(frozen=True)
class ChatRequest:
    """One turn: a text, with pictures before it.

    Attributes:
        system: System message, if any.
        text: The question.
        images: Shown before the text, in order; RGB.
        temperature: 0 is greedy.
        max_tokens: Longest reply, tokens.
        json_schema: Schema that the server must hold the reply to, where it can.
        seed: For the server's sampler. Requests that differ in it alone are different draws, in
            the cache too.
    """

    system: str | None
    text: str
    images: tuple["Image", ...] = ()
    temperature: float = 0.0
    max_tokens: int = 2048
    json_schema: Mapping[str, object] | None = field(default=None, hash=False)
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise InputError(f"temperature must be >= 0 (0 is greedy), got {self.temperature}")
        if self.max_tokens < 1:
            raise InputError(f"max_tokens must be >= 1, got {self.max_tokens}")


@dataclass(frozen=True)
class Spent:
    """What attempts cost, at the most where the server did not say.

    Attributes:
        prompt_tokens: As the server counted them; estimated where it did not.
        completion_tokens: As the server counted them; the longest reply where it did not.
        usd: Their price, US dollars; None where no price is known.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = None

    def __add__(self, other: "Spent") -> "Spent":
        prices = [usd for usd in (self.usd, other.usd) if usd is not None]
        return Spent(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            sum(prices) if prices else None,
        )


NOTHING = Spent()


@dataclass(frozen=True)
class ChatReply:
    """A text that came back; token counts are the server's, 0 where it gave none.

    `spent` is the cost of all attempts that led to it, failed ones included.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    is_cached: bool
    finish_reason: str
    spent: Spent = field(default=NOTHING, compare=False)


@dataclass(frozen=True)
class ChatUsage:
    """What a client has spent so far.

    Attributes:
        calls: Attempts sent to the server, failed ones included.
        cached: Requests answered from the cache.
        prompt_tokens: As the server counted them; estimated where it did not.
        completion_tokens: As the server counted them; the longest reply where it did not, and
            for a call whose reply was lost on the way.
        usd: Their price; None where no price is known.
    """

    calls: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = None


class ChatError(GreError):
    """A request without a usable reply: one line, and its reason.

    Attributes:
        reason: One of `REASONS`.
        status: HTTP status, where the server gave one.
        is_retryable: Whether the same request may go well a moment later.
        retry_after_s: How long the server asked to wait, seconds.
        spent: What all attempts cost.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        status: int | None = None,
        is_retryable: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(" ".join(message.split()))
        self.reason = reason
        self.status = status
        self.is_retryable = is_retryable
        self.retry_after_s = retry_after_s
        self.spent = NOTHING


def _check_url(base_url: str) -> None:
    try:
        parts = urlsplit(base_url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port  # raises where it is no port
    except ValueError:
        is_usable = False
    if not is_usable:
        raise InputError(
            f"base_url: got {base_url!r}, must be http:// or https:// with a host, e.g."
            " http://127.0.0.1:8000/v1; correct --base-url"
        )
    if parts.username is not None or parts.password is not None:
        raise InputError(
            "base_url: holds a user name or password, must hold none;"
            " put the key into the environment variable that api_key_env names"
        )
