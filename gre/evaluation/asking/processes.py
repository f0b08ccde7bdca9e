"""Several processes at work on one run: who asks what, who waits, and who says what went wrong.

Either this command starts them (`launch`), each with a GPU of its own, or torchrun does. Nothing is
sent between them: they share the run folder, where each appends answers to a file of its own.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from gre.errors import GreError, InputError
from gre.evaluation.asking.answer_files import ALONE, Share, read_answers
from gre.evaluation.asking.run_folder import CONFIG

SHARE_VARIABLE = "GRE_SHARE"
"""Tells a process that `launch` started which share is its own: "1/4"."""
POLL_S = 0.5
BAD_INPUT = 2
"""Exit code of an input error: it would meet every process alike."""


def own_share() -> Share:
    """The share of this process: what `launch` or torchrun gave it, else everything.

    Raises:
        InputError: The variables say nothing sensible.
    """
    text = os.environ.get(SHARE_VARIABLE)
    if text is None:
        text = f"{os.environ.get('RANK', '0')}/{os.environ.get('WORLD_SIZE', '1')}"
    rank, _, num = text.partition("/")
    if not (rank.isdecimal() and num.isdecimal() and int(rank) < int(num)):
        raise InputError(
            f"share of this process: got {text!r}, must be rank/processes with rank below "
            f"processes; unset {SHARE_VARIABLE}, RANK and WORLD_SIZE, or start under torchrun"
        )
    return Share(int(rank), int(num)) if int(num) > 1 else ALONE


def is_launched() -> bool:
    """Whether `launch` started this process, and so scores the run itself."""
    return SHARE_VARIABLE in os.environ


def visible_gpus() -> list[str]:
    """The GPUs that CUDA_VISIBLE_DEVICES names, else all that nvidia-smi lists; no CUDA starts."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip() not in ("", "-1")]
    try:
        listed = subprocess.run(
            ["nvidia-smi", "-L"],  # noqa: S607 - the driver's, from PATH
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(i) for i, _ in enumerate(_gpu_lines(listed.stdout))]


def _gpu_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("GPU")]


def take_own_gpu() -> None:
    """Under torchrun, leave this process only the GPU of its local rank; before torch starts."""
    local = os.environ.get("LOCAL_RANK", "")
    gpus = visible_gpus() if local.isdecimal() and not is_launched() else []
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[int(local) % len(gpus)]


def wait_for_answers(wanted: Mapping[Path, Iterable[str]]) -> None:
    """Return when every id has an answer in the files beside each path, whoever wrote it.

    Whoever started the processes ends this one where another fails: torchrun does.
    """
    for path, ids in wanted.items():
        missing = set(ids)
        while missing := missing - read_answers(path).keys():
            time.sleep(POLL_S)


@dataclass
class _Worker:
    """A process, and the file that it talks into."""

    rank: int
    process: subprocess.Popen[bytes]
    log: IO[bytes]

    def last_line(self) -> str:
        """What it said last."""
        self.log.seek(0)
        lines = self.log.read().decode("utf-8", errors="replace").strip().splitlines()
        return lines[-1].removeprefix("gre: ") if lines else "it said nothing"


@dataclass
class _Counter:
    """Counts the lines that files have gained, without reading them twice."""

    path: Path
    offsets: dict[Path, int] = field(default_factory=dict)

    def count_new(self) -> int:
        """Lines since the last call, over all files of answers."""
        count = 0
        for path in (self.path, *self.path.parent.glob(f"{self.path.stem}.part*")):
            if not path.exists():
                continue
            with path.open("rb") as file:
                file.seek(self.offsets.get(path, 0))
                gained = file.read()
                self.offsets[path] = file.tell()
            count += gained.count(b"\n")
        return count


def launch(
    arguments: Sequence[str], num: int, answers: Path, *, tell: Callable[[int], None]
) -> None:
    """Run the same command in several processes, each on its share, and wait for all of them.

    A process that fails leaves its answers behind and does not stop the others, so that the same
    command goes on with what is missing; all end at once where the input is bad, and where the
    first process fails before it has opened the run folder, for which the others wait.

    Args:
        arguments: Of `gre`, as this process got them.
        num: Processes, at least 2.
        answers: The file of answers, for progress.
        tell: Called with the number of samples just answered.

    Raises:
        InputError: The input is bad.
        GreError: A process failed; the others have finished.
    """
    counter = _Counter(answers)
    with ExitStack() as stack:
        workers = [_start(stack, arguments, Share(rank, num)) for rank in range(num)]
        stack.callback(_end_all, workers)
        while any(worker.process.poll() is None for worker in workers):
            time.sleep(POLL_S)
            tell(counter.count_new())
            first_failed = workers[0].process.poll() not in (0, None)
            nobody_can_begin = first_failed and not (answers.parent / CONFIG).exists()
            if nobody_can_begin or any(w.process.poll() == BAD_INPUT for w in workers):
                break
        tell(counter.count_new())
        _complain_of([w for w in workers if w.process.poll() not in (0, None)], num)


def _complain_of(failed: Sequence[_Worker], num: int) -> None:
    """Raise what is wrong with the processes that failed, bad input before all else."""
    for worker in failed:
        if worker.process.returncode == BAD_INPUT:
            raise InputError(worker.last_line())
    if failed:
        worker, code = failed[0], failed[0].process.returncode
        how = f"was ended by signal {-code}" if code < 0 else f"failed ({worker.last_line()})"
        raise GreError(
            f"process {worker.rank} of {num} {how}; the answers so far are kept: give the same "
            "command again to go on"
        )


def _start(stack: ExitStack, arguments: Sequence[str], share: Share) -> _Worker:
    environment = {**os.environ, SHARE_VARIABLE: f"{share.rank}/{share.num}"}
    gpus = visible_gpus()
    if gpus:
        environment["CUDA_VISIBLE_DEVICES"] = gpus[share.rank % len(gpus)]
    else:
        cores = max(1, (os.cpu_count() or 1) // share.num)
        environment.setdefault("OMP_NUM_THREADS", str(cores))
    log = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    process = subprocess.Popen(
        [sys.executable, "-m", "gre", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    return _Worker(share.rank, process, log)


def _end_all(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        if worker.process.poll() is None:
            worker.process.terminate()
    for worker in workers:
        try:
            worker.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
