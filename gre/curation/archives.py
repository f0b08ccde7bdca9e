"""Photos in folders, tar and zip shards: listed piece by piece, then read one by one.

A shard is never unpacked: its members' offsets are noted and the bytes read from there, by as many
processes as one likes. Nothing is written by a member's name, so no name can lead anywhere.
"""

import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from gre.data.images import ImageError
from gre.data.photos import PHOTO_SUFFIXES
from gre.errors import InputError

CHUNK_MEMBERS = 20_000
"""Members listed at a time."""
MAX_MEMBER_BYTES = 256 * 2**20
"""A larger member is no photo of the size that `load_image` allows."""

_PACKED_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
_LOCAL_HEADER_BYTES = 30
_STORED, _DEFLATED = 0, 8


class Member(NamedTuple):
    """A photo in a store.

    Attributes:
        path: Its name in the store, with slashes.
        store: The folder or shard.
        offset: First byte of a tar member's data or of a zip member's header; -1 in a folder.
        size: Bytes that its data take in the store; 0 in a folder.
    """

    path: str
    store: str
    offset: int
    size: int

    @property
    def leaf(self) -> str:
        """File name without its ending."""
        return PurePosixPath(self.path).stem


def is_text(name: str) -> bool:
    """Whether a name of the file system is UTF-8, as records and the ledger must hold it."""
    return name == name.encode("utf-8", "replace").decode("utf-8")


def shown_name(name: str) -> str:
    """A name of the file system with escapes for what is not UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def check_text(path: Path) -> None:
    """Refuse a path that records and the ledger cannot hold.

    Raises:
        InputError: It is not UTF-8.
    """
    if not is_text(str(path)):
        raise InputError(f"{shown_name(str(path))}: its name is not UTF-8; rename it")


def list_stores(paths: list[Path]) -> list[Path]:
    """Folders and shards to look for photos in; a folder of shards stands for its shards.

    Raises:
        InputError: A path is missing, of another kind, or has a name that is not UTF-8.
    """
    stores: list[Path] = []
    for path in paths:
        if path.is_dir():
            shards = sorted(p for p in path.iterdir() if _is_shard(p))
            stores += shards or [path]
            continue
        if not path.exists():
            raise InputError(f"{path}: no such file or folder; check --images")
        if path.name.lower().endswith(_PACKED_TARS):
            raise InputError(
                f"{path}: is a packed tar, must be a plain .tar or .zip; unpack it once"
            )
        if not _is_shard(path):
            raise InputError(f"{path}: must be a folder, a .tar or a .zip; correct --images")
        stores.append(path)
    for store in stores:
        check_text(store)
    return stores


def _is_shard(path: Path) -> bool:
    return path.suffix.lower() in {".tar", ".zip"} and path.is_file()


def list_members(store: Path, start: int) -> tuple[list[Member], int | None]:
    """List the photos of a store from a position on.

    Args:
        store: Folder, tar or zip.
        start: 0, or what the call before gave.

    Returns:
        Some members, and where to go on; None at the end.

    Raises:
        InputError: The shard is damaged.
    """
    if store.is_dir():
        return list(iter_folder(store)), None
    try:
        if store.suffix.lower() == ".zip":
            return list(_zip_members(store)), None
        return _tar_members(store, start)
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
        raise InputError(f"{store}: is damaged ({error}); fetch the shard again") from error


def _is_photo(name: str) -> bool:
    pure = PurePosixPath(name)
    return pure.suffix.lower() in PHOTO_SUFFIXES and not pure.name.startswith(".")


def iter_folder(folder: Path, *, without: Path | None = None) -> Iterator[Member]:
    """The photos of a folder and those below it, but for one, in the order of their names."""
    left_out = without.resolve() if without else None
    for parent, folders, files in os.walk(folder):
        below = (name for name in folders if not name.startswith("."))
        folders[:] = sorted(n for n in below if Path(parent, n).resolve() != left_out)
        base = Path(parent).relative_to(folder)
        for name in sorted(files):
            if _is_photo(name):
                yield Member((base / name).as_posix(), str(folder), -1, 0)


def _tar_members(store: Path, start: int) -> tuple[list[Member], int | None]:
    found: list[Member] = []
    with store.open("rb") as file:
        file.seek(start)
        with tarfile.open(fileobj=file, mode="r:") as tar:
            while (info := tar.next()) is not None:
                tar.members = []  # type: ignore[attr-defined]  # or it keeps them all
                if info.isreg() and _is_photo(info.name):
                    path = info.name.removeprefix("./")
                    found.append(Member(path, str(store), info.offset_data, info.size))
                if len(found) == CHUNK_MEMBERS:
                    return found, tar.offset
    return found, None


def _zip_members(store: Path) -> Iterator[Member]:
    with zipfile.ZipFile(store) as archive:
        for info in archive.infolist():
            if not info.is_dir() and _is_photo(info.filename):
                yield Member(info.filename, str(store), info.header_offset, info.compress_size)


def leads_outside(member: Member) -> bool:
    """Whether a photo of a folder is a link to a file that does not lie in that folder."""
    path = Path(member.store) / member.path
    if member.offset >= 0 or not path.is_symlink():
        return False
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(member.store))


@contextmanager
def photo_file(member: Member) -> Iterator[Path]:
    """A member as a file: itself in a folder, a passing copy of a shard's.

    Raises:
        ImageError: The member cannot be read.
    """
    if member.offset < 0:
        yield Path(member.store) / member.path
        return
    with tempfile.TemporaryDirectory(prefix="gre-photo-") as folder:
        path = Path(folder) / f"photo{PurePosixPath(member.path).suffix.lower()}"
        path.write_bytes(_member_bytes(member))
        yield path


def _member_bytes(member: Member) -> bytes:
    where = f"{member.store}:{member.path}"
    if member.size > MAX_MEMBER_BYTES:
        raise ImageError(f"{where}: has {member.size} bytes, must have fewer; leave it out")
    try:
        with Path(member.store).open("rb") as file:
            file.seek(member.offset)
            data = _zip_data(file, member) if member.store.lower().endswith(".zip") else None
            data = file.read(member.size) if data is None else data
    except (OSError, zlib.error, ValueError) as error:
        raise ImageError(f"{where}: cannot be read ({error}); fetch the shard again") from error
    return data


def _zip_data(file: IO[bytes], member: Member) -> bytes:
    """Source: PKWARE APPNOTE 6.3, section 4.3.7 (local file header)."""
    header = file.read(_LOCAL_HEADER_BYTES)
    if header[:4] != b"PK\x03\x04":
        raise ValueError("no member begins there")
    method = int.from_bytes(header[8:10], "little")
    skipped = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    file.seek(skipped, os.SEEK_CUR)
    packed = file.read(member.size)
    if method == _STORED:
        return packed
    if method != _DEFLATED:
        raise ValueError(f"its compression {method} is not known, must be stored or deflated")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    data = unpacker.decompress(packed, MAX_MEMBER_BYTES)
    if unpacker.unconsumed_tail:
        raise ValueError(f"unpacks to over {MAX_MEMBER_BYTES} bytes")
    return data
