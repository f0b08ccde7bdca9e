"""Running the stage scripts as a user does, and reading what they leave."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 900


def environment(**changes: str) -> dict[str, str]:
    """The environment of a shell in which this test's Python is active."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NPROC_PER_NODE", "NNODES")}
    python = Path(sys.executable).parent
    return {
        **kept,
        "PATH": f"{python}:{kept['PATH']}",
        "VIRTUAL_ENV": str(python.parent),
        "PYTHONPATH": str(ROOT),
        **changes,
    }


def run_script(name: str, *words: object, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/train/NAME.sh to its end."""
    return subprocess.run(
        ["bash", str(ROOT / f"scripts/train/{name}.sh"), *map(str, words)],
        env=environment(**changes),
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )


def kill_once_written(name: str, words: list[object], mark: Path, run: Path) -> None:
    """Start scripts/train/NAME.sh and kill every process of it once a file is there."""
    process = subprocess.Popen(
        ["bash", str(ROOT / f"scripts/train/{name}.sh"), *map(str, words)],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + TIMEOUT_S
    while not mark.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    subprocess.run(["pkill", "-9", "-f", str(run)], check=False)  # ranks have their own sessions


def stop_once_written(
    name: str, words: list[object], mark: Path, **changes: str
) -> tuple[int, str]:
    """Start scripts/train/NAME.sh, send it SIGTERM once a file is there; give exit code, stderr."""
    process = subprocess.Popen(
        ["bash", str(ROOT / f"scripts/train/{name}.sh"), *map(str, words)],
        env=environment(**changes),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + TIMEOUT_S
    while not mark.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[1][-3000:]
        time.sleep(0.02)
    process.terminate()
    said = process.communicate(timeout=TIMEOUT_S)[1]
    return process.returncode, said


def logged(run: Path, key: str) -> list[float]:
    """The values of one key in a run's metrics, in order."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line[key] for line in lines if key in line]
