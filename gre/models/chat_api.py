"""One OpenAI-compatible client for predictors, judges and teachers: pictures, retries, cache, cost.

    client = ChatClient(ChatEndpoint("http://127.0.0.1:8000/v1", "my-model"), cache_dir=cache)
    reply = client.complete(ChatRequest(None, "Where is this?", images=(photo,)))

Calls go to the base URL alone: no proxy, no redirect. The key is read from the environment and
stands in no message, log or file.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from gre.errors import InputError, say_how_to_install
from gre.models.chat_cache import cache_path, read_cached, write_cached
from gre.models.chat_cost import (
    Meter,
    estimate_prompt_tokens,
    spent_on,
    spent_on_error,
    worst_case_usd,
)
from gre.models.chat_key import authorization, read_key
from gre.models.chat_types import (
    NOTHING,
    ChatEndpoint,
    ChatError,
    ChatReply,
    ChatRequest,
    ChatUsage,
    Spent,
)
from gre.models.chat_wire import check_completion, payload, read_completion, status_error

if TYPE_CHECKING:
    import httpx

__all__ = [
    "ChatClient",
    "ChatEndpoint",
    "ChatError",
    "ChatReply",
    "ChatRequest",
    "ChatUsage",
    "Spent",
    "estimate_prompt_tokens",
    "worst_case_usd",
]

logger = logging.getLogger(__name__)

MAX_WAIT_S = 60.0
"""Longest pause of our own between two attempts."""

MAX_RETRY_AFTER_S = 120.0
"""Longest pause that a server may ask for; asked for more, the request fails."""

MAX_BODY_BYTES = 32 * 2**20
"""A completion larger than this is none."""

NEWER_LIMIT = "max_completion_tokens"
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

Done = Callable[[int, "ChatReply | ChatError"], None]
"""Told the index of a request and what came of it."""


class ChatClient:
    """Asks one endpoint, from as many threads as one likes.

    Args:
        endpoint: Whom.
        cache_dir: Folder of replies kept by hash of endpoint, model, parameters and messages; only
            good replies are kept. None keeps none.
        max_cost_usd: No call begins that could pass this sum; needs the endpoint's prices.

    Raises:
        InputError: A limit without prices, or httpx is not installed.
    """

    def __init__(
        self,
        endpoint: ChatEndpoint,
        *,
        cache_dir: Path | None = None,
        max_cost_usd: float | None = None,
    ) -> None:
        try:
            import httpx
        except ImportError:
            raise InputError(f"httpx is not installed; {say_how_to_install('eval')}") from None
        self.endpoint = endpoint
        self._cache_dir = cache_dir
        self._meter = Meter(endpoint, max_cost_usd)
        self._limit_name = "max_tokens"
        self._is_stopped = threading.Event()
        self._key = read_key(endpoint.api_key_env)
        parts = urlsplit(endpoint.base_url)
        if self._key and parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
            url, name = endpoint.base_url, endpoint.api_key_env
            logger.warning("%s is not encrypted: the key in %s travels readable", url, name)
        self._http = httpx.Client(
            headers={"Content-Type": "application/json", **authorization(self._key)},
            timeout=httpx.Timeout(endpoint.timeout_s, pool=None),
            limits=httpx.Limits(max_connections=endpoint.max_parallel),
            trust_env=False,
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def stop(self) -> None:
        """Let the calls in flight end and repeat none that fails; for good."""
        self._is_stopped.set()

    @property
    def usage(self) -> ChatUsage:
        """Calls, tokens and cost so far."""
        return self._meter.usage

    def count_earlier(self, usd: float) -> None:
        """Let the limit of cost hold for what was spent before as well, US dollars."""
        self._meter.count_earlier(usd)

    def complete(self, request: ChatRequest, *, or_kept: Sequence[ChatRequest] = ()) -> ChatReply:
        """Ask once, with retries; a cached reply asks nobody.

        Args:
            request: What is asked.
            or_kept: Requests whose reply serves as well where it is in the cache.

        Raises:
            ChatError: No usable reply after all attempts, or the next call may pass the limit.
        """
        if self._cache_dir is None:
            return self._ask(request)
        paths = [cache_path(self._cache_dir, self.endpoint, one) for one in (request, *or_kept)]
        cached = next(filter(None, map(read_cached, paths)), None)
        if cached is not None:
            self._meter.count_cached()
            return cached
        reply = self._ask(request)
        write_cached(paths[0], reply, self.endpoint)
        return reply

    def complete_all(
        self, requests: Sequence[ChatRequest], on_done: Done | None = None
    ) -> list[ChatReply | ChatError]:
        """Ask many at once; one that fails stands in the list as its error.

        Args:
            requests: In any number; `max_parallel` are in flight at once.
            on_done: Called in this thread as each is done, in the order in which they are.

        Returns:
            What came of each, in the order of the requests.
        """
        results: dict[int, ChatReply | ChatError] = {}
        self._is_stopped.clear()
        pool = ThreadPoolExecutor(self.endpoint.max_parallel)
        try:
            futures = {pool.submit(self._attempt, r): i for i, r in enumerate(requests)}
            for future in as_completed(futures):
                index = futures[future]
                results[index] = future.result()
                if on_done:
                    on_done(index, results[index])
        finally:
            if len(results) < len(requests):  # interrupted: calls in flight are not repeated
                self._is_stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
        return [results[index] for index in range(len(requests))]

    def _attempt(self, request: ChatRequest) -> ChatReply | ChatError:
        try:
            return self.complete(request)
        except ChatError as error:
            return error

    def _ask(self, request: ChatRequest) -> ChatReply:
        attempt, spent = 1, NOTHING
        while True:
            limit_name = self._limit_name
            try:
                reply = self._ask_once(request, limit_name)
                return replace(reply, spent=spent + reply.spent)
            except ChatError as error:
                spent = error.spent = spent + error.spent
                if _wants_newer_limit(error, limit_name):
                    self._limit_name = NEWER_LIMIT
                    continue
                wait_s = self._wait_s(error, attempt)
                if wait_s is None:
                    raise
                logger.debug("%s; attempt %d follows in %.1f s", error, attempt + 1, wait_s)
                self._is_stopped.wait(wait_s)
                attempt += 1

    def _wait_s(self, error: ChatError, attempt: int) -> float | None:
        """Seconds until the next attempt, or None where there is no point in one."""
        if attempt >= self.endpoint.max_attempts or self._is_stopped.is_set():
            return None
        if not error.is_retryable or (error.retry_after_s or 0.0) > MAX_RETRY_AFTER_S:
            return None
        backoff_s = min(self.endpoint.first_wait_s * 2 ** (attempt - 1), MAX_WAIT_S)
        return max(backoff_s * random.uniform(0.5, 1.0), error.retry_after_s or 0.0)

    def _ask_once(self, request: ChatRequest, limit_name: str) -> ChatReply:
        endpoint, spent = self.endpoint, NOTHING
        reserved_usd = self._meter.reserve(request)
        try:
            body = payload(request, model=endpoint.model, limit_name=limit_name)
            try:
                reply = read_completion(self._post(body), url=endpoint.url)
            except ChatError as error:
                spent = error.spent = spent_on_error(endpoint, request, error)
                raise
            spent = spent_on(endpoint, request, reply)
        finally:
            self._meter.settle(reserved_usd, spent)
        return check_completion(replace(reply, spent=spent), request, url=endpoint.url)

    def _post(self, body: dict[str, object]) -> bytes:
        """Send one request and give the body of a good answer.

        `timeout_s` bounds each silence of the server, and a body that trickles in as a whole.
        """
        import httpx

        url, timeout_s = self.endpoint.url, self.endpoint.timeout_s
        deadline_s = time.monotonic() + timeout_s
        content = json.dumps(body).encode("ascii")  # escapes carry any text, lone surrogates too
        try:
            with self._http.stream("POST", url, content=content) as response:
                answer = self._read(response, deadline_s)
        except (httpx.TimeoutException, TimeoutError):
            raise ChatError(
                "timeout", f"{url}: no reply within {timeout_s:g} s", is_retryable=True
            ) from None
        except httpx.ConnectError as error:
            raise ChatError(
                "refused_connection",
                f"{url}: cannot be reached ({error}); start the server or correct --base-url",
                is_retryable=True,
            ) from None
        except httpx.HTTPError as error:
            raise ChatError(
                "cut_short", f"{url}: the reply breaks off ({error})", is_retryable=True
            ) from None
        if response.status_code != 200:
            raise status_error(
                self.endpoint,
                response.status_code,
                answer,
                retry_after=response.headers.get("retry-after"),
                key=self._key,
            )
        return answer

    def _read(self, response: "httpx.Response", deadline_s: float) -> bytes:
        chunks, num_bytes = [], 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            num_bytes += len(chunk)
            if time.monotonic() > deadline_s:
                raise TimeoutError
            if num_bytes > MAX_BODY_BYTES:
                raise ChatError(
                    "not_json", f"{self.endpoint.url}: the reply has over {MAX_BODY_BYTES} bytes"
                )
        return b"".join(chunks)


def _wants_newer_limit(error: ChatError, limit_name: str) -> bool:
    """Whether a server refuses `max_tokens` for its newer name, as some of OpenAI's models do."""
    return error.status == 400 and limit_name != NEWER_LIMIT and NEWER_LIMIT in str(error)
