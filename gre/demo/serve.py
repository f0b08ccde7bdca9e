"""Starts the app, and leaves nothing behind: uploads go with the process."""

import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gre.demo.models import ModelShelf

if TYPE_CHECKING:
    from gre.evaluation.benchmarks.samples import Sample

QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_SHARE": "False",
    "GRADIO_RUN_HISTORY": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Set before Gradio is imported, whatever the environment says."""


def serve(
    shelf: ModelShelf, examples: "Sequence[Sample]", *, port: int | None, max_new_tokens: int
) -> None:
    """Serve the page until Ctrl-C, SIGTERM, or the end of its terminal (not under nohup).

    Raises:
        OSError: The port is taken.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="gre-demo-") as uploads:
        os.environ.update(QUIET, GRADIO_TEMP_DIR=uploads)
        from gre.demo.app import build, launch_options

        page = build(shelf, examples, max_new_tokens=max_new_tokens)
        page.queue(api_open=False).launch(prevent_thread_lock=True, **launch_options(port=port))
        sys.stdout.write(f"Running on {page.local_url} for this machine alone; Ctrl-C ends it\n")
        sys.stdout.flush()
        page.block_thread()
