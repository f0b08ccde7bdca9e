"""Where a record's image lies. A name in a data file never leads outside its folders."""

import os
import stat
from pathlib import Path

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
        self._folders = [base, *(f"{base}{os.sep}{name}" for name in IMAGE_FOLDERS)]
        self._allowed = [_with_slash(base)]
        if image_root is not None:
            root = os.path.realpath(Path(image_root).expanduser())
            if not Path(root).is_dir():
                raise InputError(
                    f"image_root: got {describe(str(image_root))}, must be a folder that holds"
                    " images; correct image_root"
                )
            self._folders.append(root)
            self._allowed.append(_with_slash(root))
        self._folders = list(dict.fromkeys(self._folders))
        self._real_folders: dict[str, str] = {}

    def find(self, name: str) -> Path:
        """The one file that `name` means: absolute, a regular file inside the allowed folders.

        Looked for in the record file's folder, `imgs/` and `images/` beside it, then image_root;
        a leading "images/" or "imgs/" of the name may stand for any of the last three.

        Raises:
            ImagePathError: None or two different files carry the name, or it leads outside.
        """
        found: dict[tuple[int, int], str] = {}
        for path in self._candidates(name):
            identity = self._identify(path, name)
            if identity is not None:
                found.setdefault(identity, path)
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

    def _candidates(self, name: str) -> list[str]:
        parts = name.split("/")
        if not name or name.startswith("/") or "\\" in name:
            raise ImagePathError(
                f"got {describe(name)}, must be a relative path written with /;"
                " write it relative to the record file or to image_root"
            )
        if ".." in parts or "\0" in name or parts[-1] in {"", "."}:
            raise ImagePathError(
                f"got {describe(name)}, must be the name of a file inside the image folders,"
                " without '..'; correct the path"
            )
        paths = [f"{folder}{os.sep}{name}" for folder in self._folders]
        if parts[0] in IMAGE_FOLDERS and len(parts) > 1:
            rest = name[len(parts[0]) + 1 :]
            paths += [f"{folder}{os.sep}{rest}" for folder in self._folders[1:]]
        return list(dict.fromkeys(paths))

    def _identify(self, path: str, name: str) -> tuple[int, int] | None:
        """Device and inode of a file that may be used; None where nothing stands."""
        try:
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                real = os.path.realpath(path)
                status = os.stat(path)  # noqa: PTH116
            else:
                folder, _, leaf = path.rpartition(os.sep)
                real = f"{self._real_folder(folder)}{os.sep}{leaf}"
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ImagePathError(
                f"got {describe(name)}, must be readable; {path}: {error.strerror}"
            ) from error
        if not real.startswith(tuple(self._allowed)):
            raise ImagePathError(
                f"got {describe(name)}, must stay inside {self._allowed[0]}; it leads to {real}:"
                " move the file there or set image_root to a folder above it"
            )
        if not stat.S_ISREG(status.st_mode):
            if stat.S_ISDIR(status.st_mode):
                return None
            raise ImagePathError(
                f"got {describe(name)}, must be a regular file; {path} is not: correct the path"
            )
        return status.st_dev, status.st_ino

    def _real_folder(self, folder: str) -> str:
        if folder not in self._real_folders:
            self._real_folders[folder] = os.path.realpath(folder)
        return self._real_folders[folder]


def _with_slash(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep


def find_image(name: str, *, record_file: Path | str, image_root: Path | str | None = None) -> Path:
    """Find one image by the name a record gives it; see `ImageFinder` for many.

    Raises:
        ImagePathError: None or two different files carry the name, or it leads outside.
        InputError: `image_root` is not a folder.
    """
    return ImageFinder(record_file, image_root=image_root).find(name)
