"""Runs that are told to stop, or that hang."""

import subprocess
import sys

from gre.train.stopping import EXIT_TERMINATED

HANG = """
import time
from gre.train.stopping import HangWatch
def stuck_in_a_collective():
    time.sleep(60)
watch = HangWatch(1)
watch.on_step_begin(None, None, None)
stuck_in_a_collective()
"""
MOVES = """
import time
from gre.train.stopping import HangWatch
watch = HangWatch(1)
for _ in range(4):
    watch.on_step_end(None, None, None)
    time.sleep(0.5)
watch.on_train_end(None, None, None)
time.sleep(1.5)
print("whole")
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )


def test_a_process_that_hangs_tells_where_and_ends() -> None:
    done = python(HANG)
    assert done.returncode == 1
    assert "Timeout (0:00:01)!" in done.stderr
    assert "stuck_in_a_collective" in done.stderr


def test_a_process_that_moves_is_left_alone() -> None:
    done = python(MOVES)
    assert (done.returncode, done.stdout) == (0, "whole\n"), done.stderr


def test_the_exit_code_is_the_shells_for_sigterm() -> None:
    assert EXIT_TERMINATED == 143
