"""Files and folders that a user names to be written: whether they can be, before any work begins.

A try beats reading permissions: root may write anywhere, and still not into /proc.
"""

import tempfile
from pathlib import Path

from gre.errors import InputError


def check_new_folder(folder: Path, option: str) -> None:
    """Refuse a folder that cannot be made, or into which nothing can be written; leaves nothing.

    Args:
        folder: Missing or there.
        option: What named it, as the message begins, e.g. "--out".

    Raises:
        InputError: It is a file, lies in one, or its place takes no files.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{option} {folder}: is a file, must be a folder; name another")
    _try_to_write(folder, folder, option)


def check_new_file(path: Path, option: str) -> None:
    """Refuse a file that cannot be written; leaves nothing, and the file as it was.

    Arguments as in `check_new_folder`.

    Raises:
        InputError: It is a folder, lies in a file, or its place takes no files.
    """
    if path.is_dir():
        raise InputError(f"{option} {path}: is a folder, must be a file to write; add a name")
    _try_to_write(path, path.parent, option)


def _try_to_write(named: Path, folder: Path, option: str) -> None:
    above = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    if not above.is_dir():
        raise InputError(f"{option} {named}: {above} is no folder; name another place")
    try:
        tempfile.TemporaryDirectory(prefix=".gre-", dir=above).cleanup()
    except OSError as error:
        raise InputError(
            f"{option} {named}: {above} takes no files ({error.strerror}); name another place"
        ) from None
