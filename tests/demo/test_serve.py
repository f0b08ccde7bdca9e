"""What `python demo/app.py` refuses; tests/packaging/test_walk.py starts it as a user does."""

import subprocess
import sys
from pathlib import Path

import pytest

from gre.demo.models import ModelShelf
from gre.demo.serve import serve

APP = Path(__file__).resolve().parents[2] / "demo" / "app.py"


@pytest.mark.slow
def test_a_name_given_twice_is_one_line(tmp_path):
    command = [sys.executable, str(APP), "--model", "a", "--model", "a"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("demo/app.py: --model a: got it twice")


@pytest.mark.slow
def test_the_address_is_told_and_no_word_of_links_to_elsewhere(monkeypatch, capsys, tmp_path):
    pytest.importorskip("gradio")
    from gradio.blocks import Blocks

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(Blocks, "block_thread", lambda page: page.close(verbose=False))
    serve(ModelShelf(["any"]), [], port=None, max_new_tokens=8)
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 1
    assert told[0].startswith("Running on http://127.0.0.1:")
