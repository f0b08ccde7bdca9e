"""A model that is named by mistake: one question to the hub, one line, no wait."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from gre.errors import InputError
from gre.models.lookup import check_hub_name, check_model


class Hub(http.server.ThreadingHTTPServer):
    """A hub that gives one answer to everything, and counts the questions."""

    status, headers = 200, ()
    asked = 0


class Answer(http.server.BaseHTTPRequestHandler):
    """One answer of it."""

    server: Hub

    def do_HEAD(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    server = Hub(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "RepoNotFound", "the hub has no such model"),
        (404, "EntryNotFound", "has no config.json"),
        (403, "GatedRepo", "its terms must be accepted"),
    ],
)
def test_what_the_hub_does_not_give_is_one_line_after_one_question(
    hub: Hub, status: int, code: str, message: str
) -> None:
    hub.status, hub.headers = status, (("X-Error-Code", code),)
    with pytest.raises(InputError, match=f"model nosuch/model: no such folder, .*{message}"):
        check_model("nosuch/model")
    assert hub.asked == 1


@pytest.mark.parametrize("status", [200, 500, 503])
def test_what_it_has_passes_and_its_own_faults_are_left_to_loading(hub: Hub, status: int) -> None:
    hub.status = status
    hub.headers = (("ETag", '"1"'), ("X-Repo-Commit", "0" * 40))
    check_model("org/model")
    assert hub.asked == 1


def test_nobody_there_is_one_line(hub: Hub) -> None:
    hub.shutdown()
    hub.server_close()
    with pytest.raises(InputError, match=r"and the hub cannot be reached \(.*\); correct the path"):
        check_model("nosuch/model")


def test_a_folder_and_the_cache_ask_nobody(hub: Hub, tiny_model: Path, tmp_path: Path) -> None:
    check_model(str(tiny_model))
    snapshot = tmp_path / "cache/models--org--model/snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs/main").write_text("a" * 40)
    check_model("org/model")
    assert hub.asked == 0


def test_offline_asks_nobody(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="HF_HUB_OFFLINE is set and no such model is in the cache"):
        check_model("nosuch/model")
    assert hub.asked == 0


def test_no_name_of_the_hub_is_one_line(hub: Hub) -> None:
    with pytest.raises(InputError, match="clip model a b/c: no such folder, and no name of a"):
        check_hub_name("a b/c", what="clip model")
    assert hub.asked == 0
