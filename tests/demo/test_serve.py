"""What `python demo/app.py` refuses; tests/packaging/test_walk.py starts it as a user does."""

import subprocess
import sys
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[2] / "demo" / "app.py"


@pytest.mark.slow
def test_a_name_given_twice_is_one_line(tmp_path):
    command = [sys.executable, str(APP), "--model", "a", "--model", "a"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("demo/app.py: --model a: got it twice")
