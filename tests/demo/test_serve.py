"""`python demo/app.py` as a user starts it: this machine alone, and nothing left behind."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[2] / "demo" / "app.py"


@pytest.mark.slow
def test_a_name_given_twice_is_one_line(tmp_path):
    command = [sys.executable, str(APP), "--model", "a", "--model", "a"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("demo/app.py: --model a: got it twice")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_binds_to_this_machine_and_removes_its_uploads(sample_world, tiny_model, tmp_path):
    command = [sys.executable, "-u", str(APP), "--model", str(tiny_model)]
    app = subprocess.Popen(
        [*command, "--examples", str(sample_world)],
        env=os.environ | {"TMPDIR": str(tmp_path), "GRADIO_ANALYTICS_ENABLED": "True"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = next(line for line in app.stdout if "Running on" in line)
        address = re.search(r"http://127\.0\.0\.1:\d+", line).group()
        with urllib.request.urlopen(address, timeout=120) as answer:
            assert "default-src 'self'" in answer.headers["content-security-policy"]
            page = answer.read().decode("utf-8")
        assert '"run_history":false' in page
        assert not re.search(r'(src|href)="https?://', page)
        assert [path.name for path in tmp_path.glob("gre-demo-*")]
        app.send_signal(signal.SIGTERM)
        assert app.wait(timeout=120) == 0
        assert list(tmp_path.glob("gre-demo-*")) == []
    finally:
        if app.poll() is None:
            app.kill()
            app.wait()
        app.stdout.close()
