"""Options of the step benchmarks: what cannot be is one line."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHES = Path(__file__).resolve().parents[2] / "scripts/bench"


@pytest.mark.parametrize("script", ["grpo_step.py", "sft_step.py"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--repeats", "0"], "--repeats must be >= 1, got 0"),
        (["--preset", "7b-shape", "--device", "cpu"], "7b-shape needs a GPU; use --preset tiny"),
    ],
)
@pytest.mark.slow
def test_bad_options_are_one_line(script: str, words: list[str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHES / script), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
