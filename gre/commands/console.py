"""How commands talk: logs and progress go to stderr, results to stdout."""

import logging
import os
import sys
import warnings

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

NOISY = (
    *("httpx", "httpx2", "filelock", "fsspec", "matplotlib", "PIL"),
    *("transformers", "datasets", "trl", "huggingface_hub"),
)
PIPE_WIDTH = 140
"""Columns of a table that goes to a file or a pipe, where nobody says how wide the window is."""

stdout = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
stderr = Console(stderr=True)


def start_logging() -> None:
    """Log our own messages to stderr, on the first rank alone below warnings."""
    is_main = os.environ.get("RANK", "0") == "0"
    logging.basicConfig(
        level=logging.INFO if is_main else logging.WARNING, format="%(message)s", stream=sys.stderr
    )
    # Deprecations between the libraries below us: nothing a user of this command can act on.
    warnings.filterwarnings("ignore", category=FutureWarning)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


def quiet_libraries() -> None:
    """Silence the libraries' own bars and load reports; ours say what matters."""
    os.environ.setdefault("DS_ACCELERATOR", "cpu" if not _has_gpu() else "cuda")
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def progress_bar() -> Progress:
    """A bar with count, time spent and time left, on stderr."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=stderr,
    )
