"""The page's server over real HTTP: who is answered, what is hidden, what is refused."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gre.curation.review.decisions import DecisionLog
from gre.curation.review.desk import QUESTION_TEXT, Desk
from gre.curation.review.items import read_review_set
from gre.curation.review.server import ReviewServer
from gre.errors import InputError
from tests.curation.making import gps_exif, jpeg_bytes
from tests.curation.review.reviewing import bench_file, cot_file


class Client:
    """Speaks to a server; headers may be forged."""

    def __init__(self, server: ReviewServer) -> None:
        self.port, self.token = server.server_port, server.token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, sent, named)
        reply = connection.getresponse()
        self.headers = reply.headers
        data = reply.read()
        connection.close()
        return reply.status, data

    def get(self, path: str) -> dict[str, Any]:
        status, data = self.ask("GET", path)
        assert status == 200, data
        return json.loads(data)

    def post(self, path: str, **body: object) -> tuple[int, dict[str, Any]]:
        status, data = self.ask("POST", path, body, X_Review_Token=self.token)
        return status, json.loads(data)


@contextmanager
def serving(path: Path, folder: Path) -> Iterator[Client]:
    items = read_review_set(path)
    with DecisionLog(folder, "ann") as log, ReviewServer(Desk(items, log), port=0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield Client(server)
        server.shutdown()
        thread.join()


@pytest.fixture
def cot(tmp_path: Path) -> Iterator[Client]:
    with serving(cot_file(tmp_path / "cot"), tmp_path / "reviews") as client:
        yield client


def test_the_page_and_its_parts(cot: Client) -> None:
    for path, kind in (("/", "text/html"), ("/review.js", "text/javascript"), ("/review.css", "")):
        status, data = cot.ask("GET", path)
        assert (status, bool(data)) == (200, True)
        assert cot.headers["Content-Type"].startswith(kind)
        assert "default-src 'none'" in cot.headers["Content-Security-Policy"]
        assert b"http://" not in data.replace(b"http://www.w3.org", b"")
        assert b"https://" not in data
    status, data = cot.ask("GET", "/image/0")
    assert (status, data[:2]) == (200, b"\xff\xd8")
    status, data = cot.ask("GET", "/map/0")
    assert (status, data[:4]) == (200, b"<svg")
    assert cot.ask("GET", "/nothing")[0] == 404
    assert cot.ask("GET", "/image/99")[0] == 404


def test_an_item_in_full(cot: Client) -> None:
    state = cot.get("/state")
    assert state["done"] == [""] * 4
    assert (state["reviewer"], state["kind"], state["question"]) == ("ann", "cot", "")
    item = cot.get("/item/0")
    assert item["steps"] == ["Stone walls.", "Cars keep right.", "This is paris."]
    assert item["truth"] == "48.8566, 2.3522"
    assert item["distance"] == "0.1 km"  # 0.001 degrees of latitude: 111 m


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "[::1]:{port}"]
)
def test_another_host_name_is_refused(cot: Client, host: str) -> None:
    for method, path in (("GET", "/state"), ("GET", "/image/0"), ("POST", "/undo")):
        headers = {"Host": host.format(port=cot.port), "X_Review_Token": cot.token}
        status, data = cot.ask(method, path, **headers)
        assert status == 403
        assert cot.token.encode() not in data


def test_another_page_is_refused(cot: Client, tmp_path: Path) -> None:
    body = {"key": "k" * 16, "index": 0, "kind": "steps", "value": "keep"}
    forged: list[dict[str, str]] = [
        {},
        {"X_Review_Token": ""},
        {"X_Review_Token": "é"},
        {"X_Review_Token": cot.token[:-1]},
        {"X_Review_Token": cot.token, "Origin": "http://evil.example"},
        {"X_Review_Token": cot.token, "Origin": "null"},
    ]
    for headers in forged:
        assert cot.ask("POST", "/decide", body, **headers)[0] == 403, headers
    assert (tmp_path / "reviews/ann.jsonl").read_bytes() == b""
    own = {"X_Review_Token": cot.token, "Origin": f"http://127.0.0.1:{cot.port}"}
    assert cot.ask("POST", "/decide", body, **own)[0] == 200


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"index": 4}, "must be in [0, 3]"),
        ({"index": "0"}, "must be in [0, 3]"),
        ({"value": "love"}, "is no decision"),
        ({"kind": "question", "value": "yes"}, "is no decision"),
        ({"kind": "undo"}, "is no decision"),
        ({"key": "short"}, "key"),
        ({"key": None}, "key"),
        ({"value": "edit"}, "steps: must be a list"),
        ({"value": "edit", "steps": [" ", ""]}, "got 0, must be 1 to 64"),
        ({"value": "edit", "steps": ["a"] * 65}, "got 65"),
        ({"value": "edit", "steps": ["so </think> it is"]}, "'</think>'"),
        ({"value": "edit", "steps": ["a // b"]}, "'//'"),
        ({"value": "edit", "steps": ["<|image_pad|>"]}, "control"),
        ({"value": "edit", "steps": ["a\x00b"]}, "control"),
        ({"value": "edit", "steps": ["a\ud800b"]}, "half a character"),
    ],
)
def test_what_is_no_decision_is_refused_in_a_line(
    cot: Client, tmp_path: Path, change: dict[str, object], says: str
) -> None:
    body = {"key": "k" * 16, "index": 0, "kind": "steps", "value": "keep"} | change
    status, told = cot.post("/decide", **body)
    assert status == 400
    assert says in told["error"]
    assert (tmp_path / "reviews/ann.jsonl").read_bytes() == b""


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"", b"[" * 5000, b"x" * (2 << 20)])
def test_a_body_that_is_no_object(cot: Client, body: bytes) -> None:
    try:
        status, _ = cot.ask("POST", "/decide", body, X_Review_Token=cot.token)
    except (BrokenPipeError, ConnectionResetError):  # it was too long to be read
        assert len(body) > 1 << 20
    else:
        assert status == 400
    assert cot.get("/state")["done"] == [""] * 4


def test_keep_edit_drop_undo_and_a_restart(tmp_path: Path) -> None:
    path, folder = cot_file(tmp_path / "cot"), tmp_path / "reviews"
    with serving(path, folder) as client:
        assert client.post("/decide", key="a" * 8, index=0, kind="steps", value="keep")[0] == 200
        steps = ["  New   words. ", "", "Paris."]
        edit = {"key": "b" * 8, "index": 1, "kind": "steps", "value": "edit", "steps": steps}
        assert client.post("/decide", **edit, reasons=["format", "x"])[1]["done"] == "edit"
        assert client.post("/decide", key="c" * 8, index=2, kind="steps", value="drop")[0] == 200
        assert client.post("/undo", key="d" * 8)[1] == {"index": 2, "done": ""}
    with serving(path, folder) as client:
        assert client.get("/state")["done"] == ["keep", "edit", "", ""]
        item = client.get("/item/1")
        assert item["steps"] == ["New words.", "Paris."]
        assert item["reasons"] == ["format"]
        assert client.post("/undo", key="d" * 8)[1]["index"] == 2  # sent again: not done again
        assert client.post("/undo", key="e" * 8)[1] == {"index": 1, "done": ""}
        assert client.post("/undo", key="f" * 8)[1] == {"index": 0, "done": ""}
        assert client.post("/undo", key="g" * 8)[1] == {"index": -1, "done": ""}


def test_of_a_benchmark_nothing_but_the_photo_before_the_question(tmp_path: Path) -> None:
    with serving(bench_file(tmp_path / "bench"), tmp_path / "reviews") as client:
        assert client.get("/state")["question"] == QUESTION_TEXT
        hidden = client.get("/item/0")
        assert hidden["is_hidden"]
        assert {"steps", "truth", "place", "answer"}.isdisjoint(hidden)
        assert client.ask("GET", "/map/0")[0] == 404
        early = {"key": "a" * 8, "index": 0, "kind": "steps", "value": "keep"}
        status, told = client.post("/decide", **early)
        assert (status, told["error"]) == (400, "the question comes first; press Y or N")
        ask = {"index": 0, "kind": "question"}
        assert client.post("/decide", key="b" * 8, value="yes", **ask)[1]["done"] == ""
        assert client.get("/item/0")["steps"] == ["Cars keep left.", "This is paris."]
        assert client.post("/decide", **early | {"key": "c" * 8})[1]["done"] == "keep"
        assert client.post("/decide", key="d" * 8, value="no", **ask)[1]["done"] == "no"


def test_a_port_in_use_is_one_line(cot: Client, tmp_path: Path) -> None:
    with DecisionLog(tmp_path / "other", "bob") as log:
        items = read_review_set(cot_file(tmp_path / "cot"))
        with pytest.raises(InputError, match=rf"--port: got {cot.port}, cannot be listened on"):
            ReviewServer(Desk(items, log), port=cot.port)
        with pytest.raises(InputError, match="--port: got 70000"):
            ReviewServer(Desk(items, log), port=70000)


def test_a_photo_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    path = cot_file(tmp_path / "cot", 2)
    (tmp_path / "cot/imgs/0.jpg").write_bytes(b"no picture")
    with serving(path, tmp_path / "reviews") as client:
        status, data = client.ask("GET", "/image/0")
        assert status == 404
        assert "is no picture of a known format" in json.loads(data)["error"]
        assert client.ask("GET", "/image/1")[0] == 200


def test_a_photo_is_shown_without_what_it_says_of_itself(tmp_path: Path) -> None:
    path = cot_file(tmp_path / "cot", 1)
    secret = b"taken by Somebody in Paris"
    data = jpeg_bytes(1, exif=gps_exif(48.9, 2.4), comment=secret)
    (tmp_path / "cot/imgs/0.jpg").write_bytes(data)
    with serving(path, tmp_path / "reviews") as client:
        status, shown = client.ask("GET", "/image/0")
    assert status == 200
    assert secret not in shown
    assert b"Exif" not in shown
