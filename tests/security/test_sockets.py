"""No command talks to anybody but the endpoint that the user named, nor do the processes it starts.

A hook in every Python process (`watch/sitecustomize.py`) writes down what is connected to.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.evaluation.fake_server import FakeServer

pytestmark = pytest.mark.timeout(900)
ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "None")


@dataclass(frozen=True)
class Watched:
    """A finished command and what it connected to, each address once."""

    done: subprocess.CompletedProcess[str]
    addresses: tuple[str, ...]

    @property
    def abroad(self) -> list[str]:
        """Addresses beyond this machine."""
        hosts = [(address, address.rpartition(":")[0] or address) for address in self.addresses]
        return [address for address, host in hosts if host not in LOOPBACK]


@pytest.fixture
def watch(tmp_path: Path):
    """Runs a command with the hook in it; no variable turns the hub off."""
    log = tmp_path / "sockets.txt"

    def run(*words: object, check: bool = True) -> Watched:
        log.unlink(missing_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.endswith("_OFFLINE")}
        changed = {
            "PYTHONPATH": f"{ROOT / 'tests/security/watch'}{os.pathsep}{ROOT}",
            "SOCKET_LOG": str(log),
            "HF_HOME": str(tmp_path / "hf"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "CUDA_VISIBLE_DEVICES": "",
        }
        done = subprocess.run(
            list(map(str, words)),
            cwd=tmp_path,
            env={**kept, **changed},
            capture_output=True,
            text=True,
            check=False,
            timeout=800,  # a busy machine imports everything in minutes
        )
        assert not check or done.returncode == 0, done.stderr[-2000:]
        seen = log.read_text().splitlines() if log.exists() else []
        return Watched(done, tuple(dict.fromkeys(line.partition(" ")[2] for line in seen)))

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
    ],
)
def test_a_planted_connection_is_caught(watch, code: str) -> None:
    assert f"{NOBODY}:9" in watch(sys.executable, "-c", code, check=False).abroad


def test_a_planted_look_up_is_caught(watch) -> None:
    code = "import socket; socket.getaddrinfo('telemetry.invalid', 443)"
    assert watch(sys.executable, "-c", code, check=False).abroad == ["telemetry.invalid:443"]


def test_evaluate_and_report_talk_to_nobody(watch, sample_world: Path, tmp_path: Path) -> None:
    words = ("--benchmark", "greval_bench", "--data", sample_world / "bench/test")
    seen = watch(*GRE, "evaluate", *words, "--model", "constant:48.8566,2.3522", "--out", "run")
    assert seen.addresses == ()
    seen = watch(*GRE, "report", "run", "--out", "page.html", "--tables", "tables")
    assert seen.addresses == ()
    assert (tmp_path / "page.html").stat().st_size > 0


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
    assert set(seen.addresses) == {f"127.0.0.1:{port}"}
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["n"] == 2
