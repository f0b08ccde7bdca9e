"""The benches of images and evaluation run and report what a script can hold them to."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "scripts/bench"


def report_of(script: str, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(BENCH / script), *words, "--json"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_images_are_timed_and_compared() -> None:
    report = report_of("images.py", "--photos", "1", "--workers", "1")
    assert report["photos"] == 1
    assert report["ratios"]["images_per_s"] == report["ratios"]["images_per_s_wall"] > 0
    assert report["differences"]["whole_max_input"] == 0
    assert 0 < report["differences"]["reduced_mean_levels"] < 1
    assert report["differences"]["is_within_bound"]


@pytest.mark.slow
def test_an_evaluation_is_timed_against_a_loop() -> None:
    words = ("--photos", "5", "--batch-size", "2", "--max-new-tokens", "4", "--repeats", "1")
    report = report_of("evaluate.py", *words)
    assert report["ratios"]["samples_per_s"] > 0
    # Rounding in a batch may tip a choice of random weights now and then, not always.
    assert report["equal_answers"] >= 3
