"""The page's server: this machine alone, no framework, nothing from the web.

It listens on 127.0.0.1. Every request must name that host (a foreign page cannot, not even by a
name that it points at this machine), and whatever writes must carry the token that only this page
can read.
"""

import json
import logging
import secrets
import sys
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

from PIL import Image

from gre.curation.review.desk import Desk, Values
from gre.curation.review.maps import item_map
from gre.data.bare import bare_jpeg
from gre.data.images import ImageError, load_image
from gre.errors import GreError, InputError

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
TOKEN_HEADER = "X-Review-Token"
MAX_BODY_BYTES = 1 << 20
MAX_SIDE = 1600
"""Longest side of a picture sent to the page, pixels. Ours."""

_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MAP_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_FILES = {
    "/": ("review.html", "text/html; charset=utf-8"),
    "/review.js": ("review.js", "text/javascript; charset=utf-8"),
    "/review.css": ("review.css", "text/css; charset=utf-8"),
}


class ReviewServer(ThreadingHTTPServer):
    """Serves one desk.

    Args:
        desk: What is reviewed, by whom.
        port: 0 takes a free one.

    Raises:
        InputError: The port is taken.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, desk: Desk, *, port: int) -> None:
        self.desk = desk
        self.token = secrets.token_urlsafe(32)
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(
                f"--port: got {port}, cannot be listened on ({reason}); name another, 0 takes any"
            ) from error

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes on to the next item closes what it asked for; that is no fault."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            logger.exception("%s: a request failed", self.url)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a request may call this server."""
        return tuple(f"{name}:{self.server_port}" for name in (HOST, "localhost"))


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """The page, its parts, and what there is to decide."""
        if not self._is_for_us():
            return
        path = self.path.partition("?")[0]
        kind, _, number = path.removeprefix("/").partition("/")
        if path in _FILES:
            name, content_type = _FILES[path]
            self._send(HTTPStatus.OK, _source(name), content_type)
        elif path == "/state":
            self._answer(lambda: self.server.desk.state() | {"token": self.server.token})
        elif kind == "item" and number.isdecimal():
            self._answer(lambda: self.server.desk.item(int(number)))
        elif kind == "image" and number.isdecimal():
            self._send_image(int(number))
        elif kind == "map" and number.isdecimal():
            self._send_map(int(number))
        else:
            self._fail(HTTPStatus.NOT_FOUND, f"{path[:80]}: there is no such page")

    def do_POST(self) -> None:
        """A decision, or taking one back."""
        if not self._is_for_us():
            return
        token = self.headers.get(TOKEN_HEADER, "")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            self._fail(HTTPStatus.FORBIDDEN, "the token is that of another page; reload")
            return
        act = {"/decide": self.server.desk.decide, "/undo": self.server.desk.undo}.get(self.path)
        if act is None:
            self._fail(HTTPStatus.NOT_FOUND, "there is no such action")
            return
        body = self._body()
        if body is not None:
            self._answer(lambda: act(body))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the page tells what happens."""

    def _is_for_us(self) -> bool:
        origin = self.headers.get("Origin")
        hosts = self.server.hosts
        is_ours = self.headers.get("Host") in hosts and (
            origin is None or origin.removeprefix("http://") in hosts
        )
        if not is_ours:
            self._fail(HTTPStatus.FORBIDDEN, f"this server answers to {self.server.url} alone")
        return is_ours

    def _body(self) -> Values | None:
        try:
            length = int(self.headers.get("Content-Length", ""))
            if not 0 < length <= MAX_BODY_BYTES:
                raise ValueError(f"{length} bytes")
            body = json.loads(self.rfile.read(length))
            if not isinstance(body, dict):
                raise ValueError("no object")
        except (ValueError, RecursionError) as error:
            self.close_connection = True
            self._fail(HTTPStatus.BAD_REQUEST, f"the request is no JSON object ({error})")
            return None
        return body

    def _answer(self, act: Callable[[], Values]) -> None:
        try:
            told = act()
        except InputError as error:
            self._fail(HTTPStatus.BAD_REQUEST, str(error))
        except GreError as error:
            self._fail(HTTPStatus.INSUFFICIENT_STORAGE, str(error))
        else:
            self._send(HTTPStatus.OK, _json(told), "application/json")

    def _send_image(self, index: int) -> None:
        try:
            image = load_image(self.server.desk.image_path(index))
        except (ImageError, InputError) as error:
            self._fail(HTTPStatus.NOT_FOUND, str(error))
            return
        image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
        self._send(HTTPStatus.OK, bare_jpeg(image, quality=90), "image/jpeg")

    def _send_map(self, index: int) -> None:
        try:
            points = self.server.desk.points(index)
        except InputError as error:
            self._fail(HTTPStatus.NOT_FOUND, str(error))
            return
        drawn = item_map(*points).encode("utf-8")
        self._send(HTTPStatus.OK, drawn, "image/svg+xml", policy=_MAP_POLICY)

    def _fail(self, status: HTTPStatus, message: str) -> None:
        if self.command == "POST" and self.headers.get("Content-Length"):
            self.close_connection = True  # its body was not read
        self._send(status, _json({"error": message}), "application/json")

    def _send(
        self, status: HTTPStatus, data: bytes, content_type: str, *, policy: str = _POLICY
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def _json(value: Values) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


@cache
def _source(name: str) -> bytes:
    return files("gre.curation.review").joinpath("templates", name).read_bytes()
