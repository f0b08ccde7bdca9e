"""How a process leaves."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import atexit, ctypes, threading, time
from gre.commands.leaving import leave

libc = ctypes.CDLL(None)
libc.on_exit(libc.abort, None)  # what a thread of a library does to a process that is shutting down
atexit.register(print, "exit function")
threading.Thread(target=lambda: (time.sleep(0.3), print("thread"))).start()
print("result")
leave(CODE)
"""
SIGABRT = -6


def end(code: int, **changes: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k != "LOCAL_RANK"}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("CODE", str(code))],
        env={**kept, **changes},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("code", [0, 3, 143])
def test_a_rank_leaves_with_its_own_code_after_all_that_python_does_at_the_end(code: int) -> None:
    done = end(code, LOCAL_RANK="1")
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.splitlines() == ["result", "thread", "exit function"]


def test_without_it_the_abort_would_be_the_end() -> None:
    assert end(0).returncode == SIGABRT
