"""A folder of processed images: bounded in size, shared by several processes.

An entry is one safetensors file whose name is a digest of what it was made from. It is written
aside and renamed, so it is there whole or not at all; its checksum is tried whenever it is read,
and a damaged one is made again. The time of last use is the file's own (mtime): the entries that
were not used for longest give way first.

Sizes are booked before a file is written, under a lock that all processes share, so the folder
never holds more than its limit.
"""

import fcntl
import hashlib
import json
import logging
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from gre.errors import InputError

logger = logging.getLogger(__name__)

Arrays = Mapping[str, NDArray[np.generic]]

BYTES_PER_GIB = 2**30

LEDGER = "ledger"
"""Bytes that entries take, as a decimal number; locked while it changes."""

KEPT_SHARE = 0.9
"""Where the limit is reached, entries go until this share of it is left: a walk over the folder
then serves many writes. Ours."""

HEADER_BYTES = 4096
"""Booked for the header of an entry and its last block on the disk."""

WRITTEN_S = 3600
"""An entry that is written for longer was left by a process that died. Ours."""


class Entry(NamedTuple):
    """A file of the cache."""

    used_ns: int
    num_bytes: int
    path: Path
    may_go: bool


class ImageCache:
    """A bounded folder of arrays.

    Args:
        folder: Where entries lie; made if it is missing.
        gib: Most that they take together, GiB, above 0.

    Raises:
        InputError: The folder cannot be made or written, or the limit is out of range.
    """

    def __init__(self, folder: Path, *, gib: float) -> None:
        if not gib > 0:
            raise InputError(f"image_cache_gib must be > 0, got {gib}")
        self.folder = folder
        self.max_bytes = int(gib * BYTES_PER_GIB)
        self._is_broken = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / LEDGER).touch()
        except OSError as error:
            raise InputError(
                f"image_cache_dir {folder}: cannot be written ({error.strerror}); name a folder"
                " that can, or leave it out"
            ) from error

    def get(self, key: str) -> dict[str, NDArray[np.generic]] | None:
        """Arrays of an entry, or None; a damaged entry is removed."""
        path = self._path(key)
        try:
            with safe_open(path, framework="numpy") as file:
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                checksum = (file.metadata() or {}).get("crc32")
            if checksum != _checksum(arrays):
                raise SafetensorError("its checksum is another")
            os.utime(path)
        except FileNotFoundError:
            return None
        except (SafetensorError, OSError, ValueError) as error:
            logger.warning("image cache: %s is damaged (%s); it is made again", path, error)
            self._discard(path)
            return None
        return arrays

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep arrays; a disk that fails is told once, and the run goes on without a cache."""
        size = sum(array.nbytes for array in arrays.values()) + HEADER_BYTES
        if self._is_broken or size > self.max_bytes * KEPT_SHARE:
            return
        path = self._path(key)
        aside = path.with_name(f"{key}.{os.getpid()}.{size}.tmp")
        try:
            path.parent.mkdir(exist_ok=True)
            self._book(aside, size)
            save_file(dict(arrays), aside, metadata={"crc32": _checksum(arrays)})
            aside.replace(path)
        except (OSError, SafetensorError) as error:
            self._is_broken = True
            logger.warning("image cache: %s cannot be written (%s); going on without", path, error)
            self._discard(aside)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.safetensors"

    def _book(self, aside: Path, size: int) -> None:
        """Add to the bytes taken; where that is over the limit, count anew and make room."""
        with self._locked() as ledger:
            text = ledger.read_text(encoding="ascii")
            taken = int(text) + size if text.isdigit() else self.max_bytes + 1
            if taken > self.max_bytes:
                taken = self._make_room(size) + size
            ledger.write_text(str(taken), encoding="ascii")
            aside.touch()  # seen by whoever counts from now on

    def _make_room(self, size: int) -> int:
        """Remove what was not used for longest; give the bytes that are left."""
        entries = [entry for path in self.folder.glob("*/*") if (entry := _entry_of(path))]
        left = sum(entry.num_bytes for entry in entries)
        for entry in sorted(entries):
            if left + size <= self.max_bytes * KEPT_SHARE:
                break
            if entry.may_go:
                self._discard(entry.path)
                left -= entry.num_bytes
        return left

    @contextmanager
    def _locked(self) -> Iterator[Path]:
        path = self.folder / LEDGER
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield path

    @staticmethod
    def _discard(path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("image cache: %s cannot be removed (%s)", path, error)


def entry_key(path: Path, recipe: Mapping[str, object]) -> str:
    """Name what a photo becomes: by its path, size and time of change, and how it is processed.

    Raises:
        OSError: The file cannot be looked at.
    """
    file = path.resolve()
    found = file.stat()
    parts = [str(file), found.st_size, found.st_mtime_ns, recipe]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _checksum(arrays: Arrays) -> str:
    total = 0
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), total)
        total = zlib.crc32(array.data, total)
    return f"{total:08x}"


def _entry_of(path: Path) -> Entry | None:
    """Look at a file of the cache; None if it has gone meanwhile."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if path.suffix != ".tmp":
        return Entry(found.st_mtime_ns, found.st_size + HEADER_BYTES, path, may_go=True)
    is_left = time.time() - found.st_mtime > WRITTEN_S
    return Entry(found.st_mtime_ns, int(path.stem.rpartition(".")[2]), path, may_go=is_left)
