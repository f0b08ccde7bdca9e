"""Finds the photo that a table's id means, in folders and with endings as they really are."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gre.data.photos import PHOTO_SUFFIXES


class PhotoMissingError(LookupError):
    """No photo, or more than one, has the name; one line."""


@dataclass(frozen=True)
class PhotoIndex:
    """Every photo below a folder by the names that an id may call it.

    Attributes:
        folder: Where the search began.
        by_name: Photos by path below the folder, by file name, and by both without the ending.
    """

    folder: Path
    by_name: Mapping[str, tuple[Path, ...]]

    def find(self, identity: str) -> Path:
        """The photo that an id means: the most exact of the names that occur.

        An id may be a path or a name, with its ending, with another one, or with none. Nothing
        outside the folder is ever found.

        Raises:
            PhotoMissingError: No photo has the name, or several have.
        """
        for name in _spellings(identity):
            found = self.by_name.get(name, ())
            if len(found) > 1:
                raise PhotoMissingError(
                    f"{self.folder}: {len(found)} photos are called {name!r}, "
                    f"{found[0].relative_to(self.folder)} and "
                    f"{found[1].relative_to(self.folder)}; keep one of them"
                )
            if found:
                return found[0]
        raise PhotoMissingError(
            f"{self.folder}: no photo named {identity!r}, must be there; fetch the images"
        )


def index_photos(folder: Path) -> PhotoIndex:
    """Look through a folder and all below it."""
    by_name: dict[str, list[Path]] = {}
    for place, _, files in os.walk(folder):
        for file in files:
            path = Path(place, file)
            if path.suffix.lower() not in PHOTO_SUFFIXES or file.startswith("."):
                continue
            below = path.relative_to(folder).as_posix()
            for name in dict.fromkeys((below, _stem(below), file, path.stem)):
                by_name.setdefault(name, []).append(path)
    return PhotoIndex(folder, {name: tuple(paths) for name, paths in by_name.items()})


def _spellings(identity: str) -> list[str]:
    written = identity.strip().replace("\\", "/").removeprefix("./")
    name = PurePosixPath(written).name
    return list(dict.fromkeys((written, _stem(written), name, _stem(name))))


def _stem(name: str) -> str:
    """A name without its ending, if that is one of a photo: "1_a@N00" has none."""
    path = PurePosixPath(name)
    return str(path.with_suffix("")) if path.suffix.lower() in PHOTO_SUFFIXES else name
