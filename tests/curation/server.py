"""A real local chat server that fails at random and counts what it was paid for."""

import hashlib
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.local_server import LocalServer

Body = dict[str, Any]
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100}


class FlakyServer:
    """Answers `answer(body)`, or fails: an error status, a cut body, a closed connection.

    Attributes:
        good: How often each request (by the hash of its body) was answered well, and so paid for.
        calls: Requests of all kinds.
    """

    def __init__(
        self,
        answer: Callable[[Body], str],
        *,
        failure_rate: float,
        seed: int = 0,
        usage: Body | None = USAGE,
        finish_reason: str = "stop",
    ) -> None:
        self.good: Counter[str] = Counter()
        self.bodies: list[Body] = []
        self.failure_rate = failure_rate
        self.usage, self.finish_reason = usage, finish_reason
        self._answer, self._random = answer, random.Random(seed)
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                outer.serve(self, raw)

            def log_message(self, *args: object) -> None:
                pass

        self._server = LocalServer(Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def calls(self) -> int:
        return len(self.bodies)

    def serve(self, handler: BaseHTTPRequestHandler, raw: bytes) -> None:
        body = json.loads(raw)
        with self._lock:
            self.bodies.append(body)
            fails = self._random.random() < self.failure_rate
            how = self._random.choice(("status", "cut", "closed"))
        if fails and how == "closed":
            handler.close_connection = True
            return
        message = {"role": "assistant", "content": self._answer(body)}
        choice = {"message": message, "finish_reason": self.finish_reason}
        reply = {"choices": [choice], **({"usage": self.usage} if self.usage else {})}
        data = b"{}" if fails else json.dumps(reply).encode()
        handler.send_response(503 if fails and how == "status" else 200)
        handler.send_header("Content-Length", str(len(data) + 9 * (fails and how == "cut")))
        handler.end_headers()
        if not fails:
            with self._lock:
                self.good[hashlib.sha256(raw).hexdigest()] += 1
        handler.wfile.write(data)
        handler.close_connection = handler.close_connection or fails

    @contextmanager
    def running(self) -> Iterator["FlakyServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
