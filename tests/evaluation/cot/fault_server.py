"""A judge on a socket: it answers as asked, or with the fault that a test wants."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from tests.local_server import LocalServer

Answer = Callable[[str, int], str | int]
"""From prompt and the number of earlier calls with its task: a reply's text, or an HTTP status."""

_TASKS = {
    "Sort every": ("c", "caption"),
    "For every key step": ("k", "matched"),
    "Decide for every step": ("s", "match"),
    "For every geographic": ("i", "named"),
}


def ids_of(prompt: str) -> tuple[list[str], str]:
    """What a prompt asks about, and a label that its list allows."""
    letter, label = next(found for start, found in _TASKS.items() if prompt.startswith(start))
    return re.findall(rf"^({letter}\d+): ", prompt, re.MULTILINE), label


def kind_reply(prompt: str) -> str:
    """A reply that follows the form: everything matches, each key step the step of its number."""
    ids, label = ids_of(prompt)
    num_steps = len(re.findall(r"^s\d+: ", prompt, re.MULTILINE))
    rows = [
        {"id": name, "reason": "It does.", "label": label}
        | ({"step": f"s{min(i, num_steps)}"} if label == "matched" else {})
        for i, name in enumerate(ids, 1)
    ]
    return json.dumps({"verdicts": rows})


class JudgeServer:
    """What was asked, and how to answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.prompts: list[str] = []
        self.bodies: list[dict[str, object]] = []
        self.base_url = ""
        self.lock = threading.Lock()


@contextmanager
def serve(answer: Answer) -> Iterator[JudgeServer]:
    """Serve on a free port of 127.0.0.1."""
    state = JudgeServer(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            prompt = body["messages"][-1]["content"]
            with state.lock:
                head = prompt.split("\n\nYour last reply")[0]
                earlier = sum(old.split("\n\nYour last reply")[0] == head for old in state.prompts)
                state.prompts.append(prompt)
                state.bodies.append(body)
            said = state.answer(prompt, earlier)
            status = said if isinstance(said, int) else 200
            message = {"role": "assistant", "content": said}
            value = {
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
            }
            data = json.dumps(value if status == 200 else {"error": {"message": "no"}}).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = LocalServer(Handler)
    state.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
