"""No command talks to anybody but the endpoint that the user named, nor do the programs it starts.

A library that is preloaded into every program (`watch/sockets.cpp`) writes down what is connected
to, and shows whether it was there. The whole quickstart is watched in tests/packaging/test_walk.py.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.evaluation.fake_server import FakeServer
from tests.security.watching import Contact, SocketWatch, commands_of, online, strangers

pytestmark = pytest.mark.timeout(900)
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Watched:
    """A finished command and what it and its programs did."""

    done: subprocess.CompletedProcess[str]
    contacts: list[Contact]
    programs: list[str]

    @property
    def abroad(self) -> set[str]:
        """Addresses that nobody named."""
        return {contact.address for contact in strangers(self.contacts)}


@pytest.fixture
def watch(socket_watch: SocketWatch, tmp_path: Path) -> Callable[..., Watched]:
    """Runs a command under watch; no variable turns the hub off."""

    def run(*words: object, check: bool = True) -> Watched:
        socket_watch.forget()
        done = subprocess.run(
            list(map(str, words)),
            cwd=tmp_path,
            env=online(
                **socket_watch.variables,
                PYTHONPATH=str(ROOT),
                HF_HOME=str(tmp_path / "hf"),
                CUDA_VISIBLE_DEVICES="",
            ),
            capture_output=True,
            text=True,
            check=False,
            timeout=800,  # a busy machine imports everything in minutes
        )
        assert not check or done.returncode == 0, done.stderr[-2000:]
        return Watched(done, socket_watch.contacts, socket_watch.programs)

    return run


GRE = (sys.executable, "-m", "gre")
NOBODY = "192.0.2.1"
"""Source: RFC 5737, addresses for documentation."""
CONNECT = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('{}', 9))"


@pytest.mark.parametrize(
    "code",
    [
        CONNECT.format(NOBODY),
        "import subprocess, sys; subprocess.run([sys.executable, '-c', "
        f"{CONNECT.format(NOBODY)!r}])",
        "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(b'', ('192.0.2.1', 9))",
        "import urllib.request as u; u.urlopen('http://192.0.2.1:9/', timeout=0.01)",
        "import ctypes, socket; s = socket.socket(type=socket.SOCK_DGRAM)\n"
        "to = b'\\2\\0\\0\\11\\300\\0\\2\\1' + bytes(8)  # sockaddr_in: what C++ would pass\n"
        "ctypes.CDLL(None).connect(s.fileno(), to, 16)",
    ],
)
def test_a_planted_connection_is_caught(watch, code: str) -> None:
    found = watch(sys.executable, "-c", code, check=False)
    assert found.abroad == {f"{NOBODY}:9"}
    told = str(strangers(found.contacts)[0])
    assert f"{NOBODY}:9 by {sys.executable} -c" in told  # the address and the step


def test_a_planted_connection_of_a_shell_is_caught(watch) -> None:
    done = watch("bash", "-c", f"exec 3<>/dev/udp/{NOBODY}/9", check=False)
    assert f"{NOBODY}:9" in done.abroad


def test_a_planted_look_up_is_caught(watch) -> None:
    code = "import socket; socket.getaddrinfo('telemetry.invalid', 443)"
    assert watch(sys.executable, "-c", code, check=False).abroad == {"telemetry.invalid:443"}


LAUNCHER = "/env/bin/python -m torch.distributed.run --standalone --nproc_per_node 2 -m gre train"
RANK = "/env/bin/python -u -m gre train grpo --config stage3.yaml"
SHELL = "bash scripts/train/stage3.sh"


@pytest.mark.parametrize(
    ("call", "host", "port", "program", "parent", "is_stranger"),
    [
        ("bind", "::", 0, LAUNCHER, SHELL, False),  # the store of torchrun
        ("listen", "::", 40049, LAUNCHER, SHELL, False),
        ("bind", "::1", 0, f"{RANK} --dry-run", SHELL, False),  # urllib3 looks for IPv6
        ("look up", "localhost", 40049, RANK, LAUNCHER, False),
        ("connect", "::ffff:127.0.0.1", 40049, RANK, LAUNCHER, False),
        ("bind", "127.0.0.1", 0, RANK, LAUNCHER, False),
        ("connect", NOBODY, 443, RANK, LAUNCHER, True),
        ("connect", f"::ffff:{NOBODY}", 443, RANK, LAUNCHER, True),
        ("look up", "telemetry.invalid", 443, LAUNCHER, SHELL, True),
        ("bind", "::", 0, RANK, LAUNCHER, True),
        ("listen", "::", 40049, RANK, LAUNCHER, True),
        ("listen", "::1", 40049, f"{RANK} --dry-run", SHELL, True),
        ("bind", "::1", 8000, f"{RANK} --dry-run", SHELL, True),
        ("connect", "::1", 0, f"{RANK} --dry-run", SHELL, True),
        ("bind", "0.0.0.0", 29500, LAUNCHER, SHELL, True),
        ("connect", "127.0.0.1", 40049, f"{RANK} --dry-run", SHELL, True),  # no rank
        ("bind", "127.0.0.1", 0, "/env/bin/python -m gre report", SHELL, True),
    ],
)
def test_only_ranks_talk_and_only_among_themselves(
    call: str, host: str, port: int, program: str, parent: str, is_stranger: bool
) -> None:
    contact = Contact(call, host, port, program, parent)
    assert bool(strangers([contact])) == is_stranger


def test_a_named_endpoint_is_no_stranger() -> None:
    contact = Contact("connect", "127.0.0.1", 8000, "gre evaluate", SHELL)
    assert strangers([contact], named=["127.0.0.1:8000"]) == []
    assert strangers([contact], named=["127.0.0.1:8001"]) == [contact]


def test_evaluate_and_report_talk_to_nobody(watch, sample_world: Path, tmp_path: Path) -> None:
    words = ("--benchmark", "greval_bench", "--data", sample_world / "bench/test")
    seen = watch(*GRE, "evaluate", *words, "--model", "constant:48.8566,2.3522", "--out", "run")
    assert seen.contacts == []
    assert any(" -m gre evaluate " in program for program in seen.programs)
    seen = watch(*GRE, "report", "run", "--out", "page.html", "--tables", "tables")
    assert seen.contacts == []
    assert any(" -m gre report " in program for program in seen.programs)
    assert (tmp_path / "page.html").stat().st_size > 0


@pytest.mark.slow
def test_predict_talks_to_nobody(
    watch, sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    photo = sorted((sample_world / "bench/test/imgs").iterdir())[0]
    words = ("--model", tiny_model, "--max-new-tokens", 2, "--map", "guess.html")
    seen = watch(*GRE, "predict", photo, *words, check=False)
    assert seen.done.returncode in (0, 3), seen.done.stderr[-2000:]  # random weights say nothing
    assert seen.contacts == []
    assert commands_of(seen.programs) == {"predict"}


def test_evaluate_talks_to_the_named_endpoint_alone(
    watch, sample_world: Path, tmp_path: Path
) -> None:
    server = FakeServer(lambda image, body: "<answer>1.0, 2.0</answer>")
    try:
        words = ("--benchmark", "greval_bench", "--data", sample_world / "bench/test")
        url = ("--base-url", server.url, "--model", "openai:m", "--limit", 2, "--no-no-image")
        seen = watch(*GRE, "evaluate", *words, *url, "--out", "run")
    finally:
        server.close()
    port = server.url.split(":")[2].partition("/")[0]
    assert {contact.address for contact in seen.contacts} == {f"127.0.0.1:{port}"}
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["n"] == 2
