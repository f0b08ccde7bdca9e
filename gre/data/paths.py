"""Where a record's image lies. A name in a data file never leads outside its folders."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from gre.data.jsonio import describe
from gre.errors import InputError

IMAGE_FOLDERS = ("imgs", "images")
"""Folders beside a record file that hold its images. Published records say "images/xxx.jpg" while
the published folder is `imgs/` (upstream README and training.md); both are found."""


class ImagePathError(InputError):
    """An image name that leads to no file, to two, or out of its folders."""


class ImageFinder:
    """Finds the images of one record file; remembers folders, so keep one for one reading.

    Args:
        record_file: The file whose records name images.
        image_root: A further folder to look in. Files that links lead into it are allowed too.

    Raises:
        InputError: `image_root` is not a folder.
    """

    def __init__(self, record_file: Path | str, *, image_root: Path | str | None = None) -> None:
        base = os.path.realpath(Path(record_file).parent)
        self._folders = [base, *(f"{base}/{name}" for name in IMAGE_FOLDERS)]
        self._allowed: tuple[str, ...] = (_with_slash(base),)
        if image_root is not None:
            root = os.path.realpath(Path(image_root).expanduser())
            if not Path(root).is_dir():
                raise InputError(
                    f"image_root: got {describe(str(image_root))}, must be a folder that holds"
                    " images; correct image_root"
                )
            self._folders.append(root)
            self._allowed += (_with_slash(root),)
        self._folders = list(dict.fromkeys(self._folders))
        self._places: dict[str, list[_Place]] = {}

    def find(self, name: str) -> Path:
        """The one file that `name` means: absolute, a regular file inside the allowed folders.

        Looked for in the record file's folder, `imgs/` and `images/` beside it, then image_root;
        a leading "images/" or "imgs/" of the name may stand for any of the last three.

        Raises:
            ImagePathError: None or two different files carry the name, or it leads outside.
        """
        folder, _, leaf = name.rpartition("/")
        if "\\" in leaf:
            raise _not_relative(name)
        if leaf in {"", ".", ".."} or "\0" in name:
            raise _leaves_folders(name)
        if folder not in self._places:
            self._places[folder] = self._existing_places(folder, name)
        found: dict[tuple[int, int], str] = {}
        for place in self._places[folder]:
            identity = self._identify(place, leaf, name)
            if identity is not None:
                found.setdefault(identity, f"{place.folder}/{leaf}")
        if not found:
            folders = ", ".join(self._folders)
            raise ImagePathError(
                f"got {describe(name)}, must be an image file; it is in none of {folders}:"
                " fetch the images or set image_root"
            )
        if len(found) > 1:
            first, second, *_ = found.values()
            raise ImagePathError(
                f"got {describe(name)}, must be in one place; it is both {first} and {second}:"
                " remove one of them"
            )
        return Path(next(iter(found.values())))

    def _existing_places(self, folder: str, name: str) -> list["_Place"]:
        """Where files of one folder of names may lie, in order. `name` is for the message."""
        if name.startswith("/") or "\\" in name:
            raise _not_relative(name)
        parts = [part for part in folder.split("/") if part not in {"", "."}]
        if ".." in parts:
            raise _leaves_folders(name)
        paths = ["/".join([base, *parts]) for base in self._folders]
        if parts and parts[0] in IMAGE_FOLDERS:
            paths += ["/".join([base, *parts[1:]]) for base in self._folders[1:]]
        return [
            _Place(path, _with_slash(os.path.realpath(path)))
            for path in dict.fromkeys(paths)
            if not _is_absent(path)
        ]

    def _identify(self, place: "_Place", leaf: str, name: str) -> tuple[int, int] | None:
        """Device and inode of a file that may be used; None where nothing stands."""
        path = f"{place.folder}/{leaf}"
        try:
            status = os.lstat(path)
            real = place.real + leaf
            if stat.S_ISLNK(status.st_mode):
                real = os.path.realpath(path)
                status = os.stat(path)  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ImagePathError(
                f"got {describe(name)}, must be readable, got {error.strerror}; check the file"
            ) from error
        if not real.startswith(self._allowed):
            raise ImagePathError(
                f"got {describe(name)}, must stay inside {self._allowed[0]}; it leads to {real}:"
                " move the file there or set image_root to a folder above it"
            )
        if stat.S_ISDIR(status.st_mode):
            return None
        if not stat.S_ISREG(status.st_mode):
            raise ImagePathError(
                f"got {describe(name)}, must be a regular file; {path} is not: correct the path"
            )
        return status.st_dev, status.st_ino


class _Place(NamedTuple):
    """A folder to look in, as named and with links followed (ending in a slash)."""

    folder: str
    real: str


def _not_relative(name: str) -> ImagePathError:
    return ImagePathError(
        f"got {describe(name)}, must be a relative path written with /;"
        " write it relative to the record file or to image_root"
    )


def _leaves_folders(name: str) -> ImagePathError:
    return ImagePathError(
        f"got {describe(name)}, must be the name of a file inside the image folders, without '..';"
        " correct the path"
    )


def _is_absent(path: str) -> bool:
    try:
        os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # closed to us: looking for a file in it will say so
        return False
    return False


def _with_slash(folder: str) -> str:
    return folder if folder.endswith("/") else folder + "/"


def find_image(name: str, *, record_file: Path | str, image_root: Path | str | None = None) -> Path:
    """Find one image by the name a record gives it; see `ImageFinder` for many.

    Raises:
        ImagePathError: None or two different files carry the name, or it leads outside.
        InputError: `image_root` is not a folder.
    """
    return ImageFinder(record_file, image_root=image_root).find(name)


def find_record_file(path: Path) -> Path:
    """Give the path itself, or where it is missing its twin, `.jsonl` for `.json` or back.

    The published pages name gre_seed both ways; which of the two it holds is its content's matter.
    """
    twins = {".json": ".jsonl", ".jsonl": ".json"}
    twin = path.with_suffix(twins.get(path.suffix, path.suffix))
    return twin if not path.exists() and twin.is_file() else path
