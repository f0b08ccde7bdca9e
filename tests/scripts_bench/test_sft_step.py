"""The fine-tuning benchmark: the whole script on the smallest number of steps."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/bench/sft_step.py"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_sides_compute_the_same_and_packed_rows_have_no_padding() -> None:
    """The issue's limits; of speed only the direction, in processor seconds."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *"--preset tiny --repeats 1 --clock cpu --json".split()],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["differences"]["loss"] <= 1e-5
    assert report["differences"]["gradients"] <= 1e-4
    assert report["padding"]["packed"]["rows"] < 0.03 < report["padding"]["stock"]["rows"]
    assert report["ratios"]["samples_per_s"] == report["ratios"]["samples_per_s_cpu"] > 1.1
    update = report["seconds"]["cpu"]
    expected = update["stock"]["update"] / update["packed"]["update"]
    assert report["ratios"]["samples_per_s_update"] == pytest.approx(expected)
