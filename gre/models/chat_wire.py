"""Requests as JSON and replies read back: the OpenAI chat-completions protocol.

Source: https://platform.openai.com/docs/api-reference/chat.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from gre.data.bare import bare_jpeg, bare_png
from gre.models.chat_types import ChatEndpoint, ChatError, ChatReply, ChatRequest

if TYPE_CHECKING:
    from PIL.Image import Image

LOSSLESS_PIXELS = 512 * 512
"""Pictures up to this size go out as PNG, exactly as a local model would see them. Ours."""

JPEG_QUALITY = 95
"""Of larger ones, without chroma subsampling. Ours."""

SHOWN_CHARS = 160
RETRY_STATUSES = frozenset({408, 409, 425, 429})


def payload(
    request: ChatRequest, *, model: str, limit_name: str = "max_tokens"
) -> dict[str, object]:
    """The JSON body of a request."""
    content: list[dict[str, object]] = [
        {"type": "image_url", "image_url": {"url": data_uri(image)}} for image in request.images
    ]
    content.append({"type": "text", "text": request.text})
    messages: list[dict[str, object]] = []
    if request.system is not None:
        messages.append({"role": "system", "content": request.system})
    messages.append({"role": "user", "content": content if request.images else request.text})
    body: dict[str, object] = {
        "model": model,
        "messages": messages,
        "temperature": request.temperature,
        limit_name: request.max_tokens,
    }
    if request.seed is not None:
        body["seed"] = request.seed
    if request.json_schema is not None:
        schema = {"name": "reply", "schema": dict(request.json_schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def data_uri(image: "Image") -> str:
    """A picture as a data URI: its pixels alone, no EXIF, profile or comment."""
    if image.width * image.height <= LOSSLESS_PIXELS:
        kind, data = "png", bare_png(image)
    else:
        kind, data = "jpeg", bare_jpeg(image, quality=JPEG_QUALITY, subsampling=0)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def request_key(endpoint: ChatEndpoint, request: ChatRequest) -> str:
    """SHA-256 of everything that can change a reply; never of the key."""
    facts = {
        "base_url": endpoint.base_url.rstrip("/"),
        "model": endpoint.model,
        "system": request.system,
        "text": request.text,
        "images": [_pixels_sha256(image) for image in request.images],
        "temperature": float(request.temperature),
        "max_tokens": request.max_tokens,
        "json_schema": request.json_schema,
        "seed": request.seed,
    }
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True, default=dict)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _pixels_sha256(image: "Image") -> str:
    rgb = image.convert("RGB")
    size = f"{rgb.width}x{rgb.height}:".encode()
    return hashlib.sha256(size + rgb.tobytes()).hexdigest()


def read_completion(body: bytes, *, url: str) -> ChatReply:
    """Read the body of a chat completion; its text may still be empty.

    Raises:
        ChatError: It is none ("not_json").
    """
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        raise _unreadable(url, f"is no JSON: {_shown(body)}") from None
    choices = reply.get("choices") if isinstance(reply, dict) else None
    if not (isinstance(choices, list) and choices and isinstance(choices[0], dict)):
        raise _unreadable(url, f"has no choices: {_shown(body)}")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise _unreadable(url, f"has no message: {_shown(body)}")
    usage = reply.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return ChatReply(
        text=_text_of(message.get("content"), url),
        prompt_tokens=_count(counts, "prompt_tokens"),
        completion_tokens=_count(counts, "completion_tokens"),
        is_cached=False,
        finish_reason=str(choices[0].get("finish_reason") or ""),
    )


def check_completion(reply: ChatReply, request: ChatRequest, *, url: str) -> ChatReply:
    """Refuse a reply without text, or one that had to be JSON and was cut at its limit.

    Raises:
        ChatError: "empty" or "cut_short".
    """
    is_cut = reply.finish_reason == "length"
    if not reply.text.strip():
        raise _billed(
            reply,
            "empty",
            f"{url}: the reply holds no text (finish_reason {reply.finish_reason!r})"
            + (f" within {request.max_tokens} tokens; raise the limit" if is_cut else ""),
            is_retryable=not is_cut,
        )
    if is_cut and request.json_schema is not None:
        raise _billed(
            reply,
            "cut_short",
            f"{url}: the reply is cut at {request.max_tokens} tokens, must end; raise the limit",
        )
    return reply


def _billed(
    reply: ChatReply, reason: str, message: str, *, is_retryable: bool = False
) -> ChatError:
    error = ChatError(reason, message, is_retryable=is_retryable)
    error.spent = reply.spent
    return error


def status_error(
    endpoint: ChatEndpoint, status: int, body: bytes, *, retry_after: str | None, key: str
) -> ChatError:
    """A refusal by status: what the server says, without the key where it repeats it."""
    said = error_text(body)
    if key:
        said = said.replace(key, "***")
    hints = {
        401: f"; put a valid key into {endpoint.api_key_env}",
        404: "; check --base-url (it mostly ends in /v1) and the model's name",
    }
    return ChatError(
        "http_status",
        f"{endpoint.url}: answers {status}, {said}{hints.get(status, '')}",
        status=status,
        is_retryable=status in RETRY_STATUSES or status >= 500,
        retry_after_s=read_retry_after(retry_after),
    )


def error_text(body: bytes) -> str:
    """What a server says about a refusal, short and on one line."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return _shown(body)
    error = reply.get("error", reply.get("detail")) if isinstance(reply, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return _shown(message.encode() if isinstance(message, str) else body)


def read_retry_after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or a date. Source: RFC 9110, 10.2.3."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max((when - datetime.now(UTC)).total_seconds(), 0.0)


def _text_of(content: object, url: str) -> str:
    """The text of a message: a string, or parts of which some are text."""
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(text for text in texts if isinstance(text, str))
    if content is None:
        return ""
    if not isinstance(content, str):
        raise _unreadable(url, f"holds a {type(content).__name__} where its text must be")
    return content.encode("utf-8", "replace").decode("utf-8")  # lone surrogates end no run


def _count(counts: Mapping[str, object], name: str) -> int:
    value = counts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _unreadable(url: str, what: str) -> ChatError:
    return ChatError("not_json", f"{url}: the reply {what}", is_retryable=True)


def _shown(body: bytes) -> str:
    text = " ".join(body[: 4 * SHOWN_CHARS].decode("utf-8", "replace").split())
    shown = "".join(c if c.isprintable() else "?" for c in text[:SHOWN_CHARS])
    return repr(shown) if shown else "nothing"
