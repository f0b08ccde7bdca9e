"""How a process leaves: with its own exit code, whatever threads the libraries still keep."""

import atexit
import os
import sys
import threading
from contextlib import suppress
from typing import Any, NoReturn

_threading: Any = threading  # Any: typeshed does not know `_shutdown`
_atexit: Any = atexit  # Any: nor `_run_exitfuncs`


def leave(code: int) -> NoReturn:
    """End the process; one of several that torchrun launched ends without the C++ shutdown.

    There, threads of a process group that was already closed can abort the process ("terminate
    called without an active exception", SIGABRT): a run that is whole would look as if it failed,
    and torchrun would end the other ranks. Python's own end comes first: threads are waited for,
    exit functions run, streams are flushed; multiprocessing ends its children the same way.

    Args:
        code: Exit code of the process.
    """
    if "LOCAL_RANK" not in os.environ:
        sys.exit(code)
    _threading._shutdown()
    _atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # a closed pipe
            stream.flush()
    os._exit(code)
