"""An OpenAI-compatible server for tests: it looks at the picture, and fails where told."""

import base64
import io
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

from PIL import Image

from tests.local_server import LocalServer

Reply = tuple[int, bytes, dict[str, str]]


def completion(text: str) -> bytes:
    """The body of a good reply."""
    message = {"role": "assistant", "content": text}
    return json.dumps(
        {
            "choices": [{"message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10},
        }
    ).encode()


class FakeServer:
    """Serves until closed.

    Args:
        answer: Makes the text from the picture and the whole request body.
        fault: Makes a bad reply for the request of that number (from 0), or None for a good one.
    """

    def __init__(
        self,
        answer: Callable[[Image.Image, dict], str],
        *,
        fault: Callable[[int, Image.Image], Reply | str | None] = lambda number, image: None,
    ) -> None:
        self.bodies: list[dict] = []
        lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                uri = body["messages"][-1]["content"][0]["image_url"]["url"]
                image = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
                with lock:
                    number = len(outer.bodies)
                    outer.bodies.append(body)
                wrong = fault(number, image)
                if wrong == "timeout":
                    time.sleep(outer.sleep_s)
                    return
                good = (200, completion(answer(image, body)), {})
                status, content, headers = good if wrong is None else wrong
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(content))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        self.sleep_s = 1.0
        self._server = LocalServer(Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
