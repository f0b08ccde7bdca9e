"""A process that is started to be killed: forked from this one, or a script of its own."""

import math
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

TIMEOUT_S = 1800.0
"""A run that takes longer than this is taken for one that hangs, and is killed."""


class Process:
    """A started run: forked from this process, or through the stage's script."""

    def __init__(self, log: Path, work: Callable[[], None], command: list[str] | None) -> None:
        self.started_s = time.monotonic()
        self.spent_s = 0.0
        self.popen: subprocess.Popen[bytes] | None = None
        if command is not None:
            with log.open("ab") as sink:
                self.popen = subprocess.Popen(
                    command, stdout=sink, stderr=sink, start_new_session=True
                )
            self.pid = self.popen.pid
        else:
            self.pid = os.fork()
            if self.pid == 0:
                _work_and_leave(log, work)

    def ended(self) -> bool:
        """Whether it has left."""
        if self.popen is not None:
            return self.popen.poll() is not None
        return self.pid == 0 or self._reaped()

    def _reaped(self) -> bool:
        done, _ = os.waitpid(self.pid, os.WNOHANG)
        self.pid = 0 if done else self.pid
        return bool(done)

    def wait(self, most_spent_s: float = math.inf) -> bool:
        """Wait until it has used so many processor seconds; give whether it has left by then.

        Processor time, as a busy machine makes any other clock run ahead of the run.
        """
        while not self.ended():
            self.spent_s = max(self.spent_s, processor_seconds(self.pid))
            if self.spent_s > most_spent_s:
                return False
            if time.monotonic() - self.started_s > TIMEOUT_S:
                self.kill()
                return False
            time.sleep(0.01)
        return True

    def kill(self) -> None:
        """SIGKILL to it and to all that it started."""
        if self.popen is None:
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            self.pid = 0
            return
        for pid in reversed([self.pid, *_descendants(self.pid)]):
            _kill_quietly(pid)
        self.popen.wait()


def _work_and_leave(log: Path, work: Callable[[], None]) -> None:
    """The forked side: never returns."""
    code = 1
    try:
        sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - a forked process must not run on in its parent's code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def processor_seconds(pid: int) -> float:
    """What a process and those below it have used so far, ended ones included."""
    ticks = 0
    for one in (pid, *_descendants(pid)):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime: proc(5)
    return ticks / os.sysconf("SC_CLK_TCK")


def _descendants(pid: int) -> list[int]:
    """Processes below one, by /proc."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [one for child in children for one in (int(child), *_descendants(int(child)))]


def _kill_quietly(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
