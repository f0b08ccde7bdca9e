"""The models that the app offers; one at a time is in memory."""

import threading
from collections.abc import Sequence
from pathlib import Path

from gre.demo.locate import Answering
from gre.errors import InputError

BEST_FIRST = ("work/stage3", "work/stage2", "work/stage1", "work/tiny")
"""Where the quickstart leaves models, the last stage first."""


class ModelShelf:
    """Loads the model that is asked for and puts the one before it away.

    Args:
        names: Folders or hub ids; the first is the default.

    Raises:
        InputError: A name is given twice.
    """

    def __init__(self, names: Sequence[str]) -> None:
        twice = next((name for name in names if list(names).count(name) > 1), None)
        if twice is not None:
            raise InputError(f"--model {twice}: got it twice, must be named once; leave one out")
        self.names = tuple(names)
        self._loaded: Answering | None = None
        self._lock = threading.Lock()

    def get(self, name: str) -> Answering:
        """The model of that name.

        Raises:
            InputError: It is not on the shelf, or cannot be loaded.
        """
        if name not in self.names:
            raise InputError(f"model: got {name!r}, must be one of {', '.join(self.names)}")
        with self._lock:
            if self._loaded is None or self._loaded.name != name:
                from gre.demo.streaming import StreamingLocalizer

                self._loaded = None  # the old one goes before the new one comes
                self._loaded = StreamingLocalizer(name)
            return self._loaded


def short_name(name: str) -> str:
    """A model's name for the page: of a folder its last part, a hub id whole."""
    return Path(name).name if Path(name).is_dir() else name


def find_models(named: Sequence[str], root: Path) -> list[str]:
    """The models named, else those that the quickstart left under `root`, the best first.

    Raises:
        InputError: There is none.
    """
    found = list(named) or [
        str(root / name) for name in BEST_FIRST if (root / name / "config.json").exists()
    ]
    if not found:
        raise InputError(
            f"--model is missing and there is no work/stage3 in {root}; pass a model folder or hub"
            " id, or make one with bash scripts/quickstart.sh"
        )
    return found
