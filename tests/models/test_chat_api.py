"""The chat client against a real local server that misbehaves on demand."""

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from PIL import Image

from gre.errors import InputError
from gre.models.chat_api import (
    ChatClient,
    ChatEndpoint,
    ChatError,
    ChatReply,
    ChatRequest,
    worst_case_usd,
)
from gre.models.chat_cost import usd_text
from gre.models.chat_wire import data_uri, read_retry_after
from tests.local_server import LocalServer

ASK = ChatRequest(None, "Where is this?", max_tokens=100)


def completion(text: object, *, finish: str = "stop", **more: object) -> bytes:
    reply = {
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
        **more,
    }
    return json.dumps(reply).encode()


GOOD = (200, completion("48.0, 2.0"), {})
Script = list[tuple[int, bytes, dict[str, str]]]


class Server:
    """Answers requests with the entries of a script in turn; the last one repeats."""

    def __init__(self, script: Script, *, delay_s: float = 0.0) -> None:
        self.script, self.delay_s = script, delay_s
        self.bodies: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []
        self.most_at_once = self._at_once = 0
        lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer._at_once += 1
                    outer.most_at_once = max(outer.most_at_once, outer._at_once)
                    step = outer.script[min(len(outer.bodies), len(outer.script) - 1)]
                    outer.bodies.append(body)
                    outer.headers.append(dict(self.headers))
                time.sleep(outer.delay_s)
                status, answer, headers = step
                with lock:
                    outer._at_once -= 1
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(answer))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: object) -> None:
                pass

        self._server = LocalServer(Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def endpoint(self, **changes: object) -> ChatEndpoint:
        values = {"timeout_s": 5.0, "first_wait_s": 0.01, **changes}
        return ChatEndpoint(self.url, "tester", **values)  # type: ignore[arg-type]


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*script: tuple[int, bytes, dict[str, str]], delay_s: float = 0.0) -> Server:
        servers.append(Server(list(script), delay_s=delay_s))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_a_picture_and_a_question_get_a_reply(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-secret")
    server = serve(GOOD)
    photo = Image.new("RGB", (8, 6), (1, 2, 3))
    schema = {"type": "object"}
    request = ChatRequest("Be brief.", "Where?", (photo,), 0.5, 64, schema, 7)
    reply = ChatClient(server.endpoint(api_key_env="TEST_KEY")).complete(request)
    assert reply == ChatReply("48.0, 2.0", 10, 5, False, "stop")
    body = server.bodies[0]
    assert server.headers[0]["Authorization"] == "Bearer sk-secret"
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("tester", 0.5, 64)
    assert body["seed"] == 7
    assert body["response_format"]["json_schema"]["schema"] == schema  # type: ignore[index]
    system, user = body["messages"]  # type: ignore[misc]
    assert system == {"role": "system", "content": "Be brief."}
    assert user["content"][1] == {"type": "text", "text": "Where?"}
    sent = user["content"][0]["image_url"]["url"].removeprefix("data:image/png;base64,")
    assert Image.open(io.BytesIO(base64.b64decode(sent))).tobytes() == bytes((1, 2, 3)) * 48


def test_a_sent_picture_carries_its_pixels_alone(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"  # ImageDescription
    for size in ((40, 30), (800, 600)):
        Image.new("RGB", size, (9, 9, 9)).save(
            tmp_path / "p.jpg", exif=exif, comment=b"my house", icc_profile=b"profile" * 20
        )
        with Image.open(tmp_path / "p.jpg") as photo:
            kind, _, data = data_uri(photo).partition(";base64,")
        assert kind == ("data:image/png" if size == (40, 30) else "data:image/jpeg")
        raw = base64.b64decode(data)
        assert not any(word in raw for word in (b"home", b"house", b"profile", b"Exif"))
        assert Image.open(io.BytesIO(raw)).size == size


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ((500, b"oops", {}), "http_status"),
        ((429, b'{"error": {"message": "slow down"}}', {"Retry-After": "0"}), "http_status"),
        ((200, b"<html>bad gateway</html>", {}), "not_json"),
        ((200, completion("48.0, 2.0")[:40], {}), "not_json"),
        ((200, completion("48.0, 2.0")[:40], {"Content-Length": "900"}), "cut_short"),
        ((200, completion(""), {}), "empty"),
        ((200, completion(None), {}), "empty"),
        ((200, b'{"choices": []}', {}), "not_json"),
        ((200, b"[" * 100_000, {}), "not_json"),
        ((200, completion({"a": 1}), {}), "not_json"),
    ],
)
def test_a_passing_fault_is_asked_again_and_a_lasting_one_is_typed(
    serve: Callable[..., Server], fault: tuple[int, bytes, dict[str, str]], reason: str
) -> None:
    passing = serve(fault, fault, GOOD)
    assert ChatClient(passing.endpoint()).complete(ASK).text == "48.0, 2.0"
    assert len(passing.bodies) == 3
    lasting = serve(fault)
    with pytest.raises(ChatError) as caught:
        ChatClient(lasting.endpoint(max_attempts=2)).complete(ASK)
    assert caught.value.reason == reason
    assert len(lasting.bodies) == 2
    assert "\n" not in str(caught.value)


def test_a_slow_server_times_out(serve: Callable[..., Server]) -> None:
    server = serve(GOOD, delay_s=0.6)
    with pytest.raises(ChatError, match=r"no reply within 0\.1 s") as caught:
        ChatClient(server.endpoint(timeout_s=0.1, max_attempts=2)).complete(ASK)
    assert caught.value.reason == "timeout"
    assert len(server.bodies) == 2


def test_no_server_is_said_so(serve: Callable[..., Server]) -> None:
    server = serve(GOOD)
    server.close()
    with pytest.raises(ChatError, match="start the server") as caught:
        ChatClient(server.endpoint(max_attempts=2)).complete(ASK)
    assert caught.value.reason == "refused_connection"


@pytest.mark.parametrize(
    "fault",
    [
        (401, b'{"error": {"message": "bad key sk-secret"}}', {}),
        (404, b"no such model", {}),
        (302, b"", {"Location": "http://127.0.0.1:1/elsewhere"}),
        (200, completion("", finish="length"), {}),
        (503, b"", {"Retry-After": "100000"}),
    ],
)
def test_what_another_attempt_cannot_mend_is_asked_once(
    serve: Callable[..., Server],
    fault: tuple[int, bytes, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    server = serve(fault)
    with pytest.raises(ChatError) as caught:
        ChatClient(server.endpoint()).complete(ASK)
    assert len(server.bodies) == 1
    assert "sk-secret" not in str(caught.value)


def test_json_cut_at_its_limit_is_refused_and_text_is_not(serve: Callable[..., Server]) -> None:
    server = serve((200, completion('{"a": ', finish="length"), {}))
    client = ChatClient(server.endpoint())
    assert client.complete(ASK).finish_reason == "length"
    with pytest.raises(ChatError) as caught:
        client.complete(ChatRequest(None, "x", json_schema={"type": "object"}))
    assert caught.value.reason == "cut_short"


def test_the_newer_name_of_the_limit_is_used_where_wanted(serve: Callable[..., Server]) -> None:
    said = b'{"error": {"message": "Use max_completion_tokens instead of max_tokens."}}'
    server = serve((400, said, {}), GOOD)
    client = ChatClient(server.endpoint(max_attempts=1))
    client.complete(ASK)
    client.complete(ASK)
    assert "max_completion_tokens" not in server.bodies[0]
    assert [body.get("max_completion_tokens") for body in server.bodies[1:]] == [100, 100]
    assert not any("max_tokens" in body for body in server.bodies[1:])


def test_proxies_of_the_environment_are_not_used(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert ChatClient(serve(GOOD).endpoint()).complete(ASK).text == "48.0, 2.0"


def test_good_replies_are_kept_and_bad_ones_are_not(
    serve: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    server = serve((200, completion(""), {}), GOOD)
    client = ChatClient(server.endpoint(max_attempts=1), cache_dir=tmp_path / "cache")
    with pytest.raises(ChatError):
        client.complete(ASK)
    assert not list(tmp_path.rglob("*.json"))
    first, second = client.complete(ASK), client.complete(ASK)
    assert (first.is_cached, second.is_cached) == (False, True)
    assert second.text == first.text
    assert len(server.bodies) == 2
    assert (client.usage.calls, client.usage.cached) == (2, 1)
    (kept,) = tmp_path.rglob("*.json")
    assert "sk-secret" not in kept.read_text()
    kept.write_text('{"reply": {"text"')  # damaged: asked again
    assert not client.complete(ASK).is_cached


def test_another_request_is_another_reply(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(GOOD)
    client = ChatClient(server.endpoint(), cache_dir=tmp_path)
    grey, black = Image.new("RGB", (4, 4), (128,) * 3), Image.new("RGB", (4, 4))
    requests = [
        ASK,
        ChatRequest("You are a judge.", ASK.text, max_tokens=100),
        ChatRequest(None, ASK.text, max_tokens=101),
        ChatRequest(None, ASK.text, max_tokens=100, temperature=0.7),
        ChatRequest(None, ASK.text, max_tokens=100, temperature=0.7, seed=1),
        ChatRequest(None, ASK.text, max_tokens=100, json_schema={"type": "object"}),
        ChatRequest(None, ASK.text, (grey,), max_tokens=100),
        ChatRequest(None, ASK.text, (black,), max_tokens=100),
        ChatRequest(None, ASK.text, (grey, black), max_tokens=100),
    ]
    for request in requests * 2:
        client.complete(request)
    assert len(server.bodies) == len(requests)


def test_many_at_once_come_back_in_order_with_their_failures(serve: Callable[..., Server]) -> None:
    server = serve(GOOD, GOOD, (400, b"no", {}), GOOD, delay_s=0.05)
    done: list[int] = []
    client = ChatClient(server.endpoint(max_parallel=3))
    requests = [ChatRequest(None, str(i)) for i in range(12)]
    results = client.complete_all(requests, lambda index, _: done.append(index))
    assert len(results) == 12
    assert sum(isinstance(result, ChatError) for result in results) == 1
    assert sorted(done) == list(range(12))
    assert server.most_at_once == 3
    # The one that failed is the one whose text the server read third.
    failed = next(i for i, result in enumerate(results) if isinstance(result, ChatError))
    assert server.bodies[2]["messages"] == [{"role": "user", "content": str(failed)}]


def test_the_limit_of_cost_holds_under_parallel_calls(serve: Callable[..., Server]) -> None:
    server = serve(GOOD, delay_s=0.02)
    # 10 prompt tokens and 5 generated ones at 1000 and 2000 dollars a million: 0.02 a call. The
    # worst case is 100 generated tokens and an estimated prompt of 16 + 5 tokens: 0.221.
    endpoint = server.endpoint(input_usd_per_million=1000.0, output_usd_per_million=2000.0)
    assert worst_case_usd(endpoint, ASK) == pytest.approx(0.221)
    client = ChatClient(endpoint, max_cost_usd=0.3)
    results = client.complete_all([ASK] * 20)
    # A call begins while spent + 0.221 <= 0.3, so after 0, 1, 2 and 3 calls, not after 4.
    assert [r.reason for r in results if isinstance(r, ChatError)] == ["over_budget"] * 16
    assert len(server.bodies) == client.usage.calls == 4
    assert client.usage.usd == pytest.approx(0.08)
    assert client.usage.prompt_tokens == 40


@pytest.mark.parametrize(
    ("usd", "text"),
    [(0.0, "0.0000"), (12.5, "12.5000"), (0.0012, "0.0012"), (0.00001, "0.000010")],
)
def test_a_small_sum_is_told_from_nothing(usd: float, text: str) -> None:
    assert usd_text(usd) == text


def test_text_without_meaning_as_utf8_ends_no_run(serve: Callable[..., Server]) -> None:
    server = serve((200, b'{"choices": [{"message": {"content": "a\\ud800b"}}]}', {}))
    reply = ChatClient(server.endpoint()).complete(ChatRequest(None, "x\ud800"))
    assert reply.text == "a?b"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"base_url": "ftp://host/v1"}, "must be http"),
        ({"base_url": "127.0.0.1:8000"}, "must be http"),
        ({"base_url": "http://host:port/v1"}, "must be http"),
        ({"base_url": "http://me:secret@host/v1"}, "holds a user name"),  # secret-scan: allow
        ({"model": ""}, "model is empty"),
        ({"timeout_s": 0}, "timeout_s must be > 0"),
        ({"max_attempts": 0}, "max_attempts must be >= 1"),
        ({"input_usd_per_million": 1.0}, "give both"),
    ],
)
def test_an_impossible_endpoint_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        ChatEndpoint(**{"base_url": "http://host/v1", "model": "m", **values})  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_a_limit_of_cost_needs_prices() -> None:
    with pytest.raises(InputError, match="needs the prices"):
        ChatClient(ChatEndpoint("http://host/v1", "m"), max_cost_usd=1.0)


def test_a_key_that_no_header_can_carry_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "clé")
    with pytest.raises(InputError, match="TEST_KEY") as caught:
        ChatClient(ChatEndpoint("http://host/v1", "m", api_key_env="TEST_KEY"))
    assert "clé" not in str(caught.value)


def test_retry_after_is_seconds_or_a_date() -> None:
    assert read_retry_after("7") == 7.0
    assert read_retry_after("soon") is None
    assert read_retry_after(None) is None
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert read_retry_after(later) == pytest.approx(60, abs=2)
    assert read_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
