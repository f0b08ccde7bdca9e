"""Work spread over processes, in order; a task that kills its process takes no other along."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal
from typing import Protocol, TypeVar

WINDOW_PER_WORKER = 4

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


class OrderedMap(Protocol):
    """A map over processes: results in order, and only a few tasks drawn ahead of them."""

    def __call__(
        self,
        function: Callable[[TaskT], ResultT],
        tasks: Iterable[TaskT],
        killed: Callable[[TaskT], ResultT],
        /,
    ) -> Iterator[ResultT]:
        """Map `function`; `killed` gives the result of a task whose process dies of it."""


@contextmanager
def ordered_map(workers: int) -> Iterator[OrderedMap]:
    """Open so many processes, at least 1; one works in this process, which nothing protects."""
    if workers == 1:
        yield _map_here
        return
    processes = _Processes(workers)
    try:
        yield processes.map
    finally:
        processes.close()


def _map_here(
    function: Callable[[TaskT], ResultT],
    tasks: Iterable[TaskT],
    _killed: Callable[[TaskT], ResultT],
) -> Iterator[ResultT]:
    return map(function, tasks)


class _Processes:
    """A pool that is opened anew where one of its processes died."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = ProcessPoolExecutor(workers, initializer=_leave_interrupts_to_parent)

    def close(self) -> None:
        """Wait for what is at work; what is not begun is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def map(
        self,
        function: Callable[[TaskT], ResultT],
        tasks: Iterable[TaskT],
        killed: Callable[[TaskT], ResultT],
    ) -> Iterator[ResultT]:
        """As `OrderedMap` says."""
        waiting: deque[tuple[TaskT, Future[ResultT]]] = deque()

        def next_result() -> ResultT:
            task, future = waiting.popleft()
            try:
                return future.result()
            except BrokenProcessPool:  # by this task, or by another one: it is tried apart
                return _apart(function, task, killed)

        try:
            for task in tasks:
                waiting.append((task, self._submit(function, task)))
                if len(waiting) >= WINDOW_PER_WORKER * self._workers:
                    yield next_result()
            while waiting:
                yield next_result()
        finally:
            for _, future in waiting:
                future.cancel()

    def _submit(self, function: Callable[[TaskT], ResultT], task: TaskT) -> Future[ResultT]:
        try:
            return self._pool.submit(function, task)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False)
            self._pool = _spawned(self._workers)
            return self._pool.submit(function, task)


def _apart(
    function: Callable[[TaskT], ResultT], task: TaskT, killed: Callable[[TaskT], ResultT]
) -> ResultT:
    """Do one task in a process of its own."""
    try:
        with _spawned(1) as pool:
            return pool.submit(function, task).result()
    except BrokenProcessPool:
        return killed(task)


def _spawned(workers: int) -> ProcessPoolExecutor:
    """Processes that share nothing with this one, whose other pool may hold threads and locks."""
    return ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_parent
    )


def _leave_interrupts_to_parent() -> None:
    signal(SIGINT, SIG_IGN)
