"""A hub on this machine, a token that must show up nowhere, and the command line."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hub.server import Hub, serve_hub

TOKEN = "hf_" + "aBcDeFgHiJ" * 4  # secret-scan: allow

Gre = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    from huggingface_hub import constants

    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.chdir(tmp_path)
    with serve_hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        # As the client would have them, had the variable been set when it was imported.
        template = server.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield server


@pytest.fixture
def gre(capsys: pytest.CaptureFixture[str]) -> Gre:
    """Runs the command in this process; gives exit code, stdout and stderr, free of the token."""
    from tests.command_line import run_gre

    def run(*words: object) -> tuple[int, str, str]:
        code, out, err = run_gre(capsys, *words)
        assert TOKEN not in out + err
        assert "Traceback" not in err
        return code, out, err

    return run
