"""Hashes of many pictures, computed by several processes and kept on disk between runs."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from gre.curation.hashes import HASH_BYTES, PictureHash, hash_picture
from gre.curation.processes import ordered_map
from gre.data.images import ImageError, load_image
from gre.errors import InputError

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS hash (path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER,"
    " data BLOB)"
)
COMMIT_EVERY = 256


def hash_file(path: Path) -> PictureHash | str:
    """The hashes of a photo, or why it cannot be used."""
    try:
        return hash_picture(load_image(path))
    except ImageError as error:
        return str(error)


def killed(path: Path) -> str:
    """Why a photo whose decoder dies on it cannot be used."""
    return f"{path}: its decoder dies on it, must decode; export the picture again"


def hash_files(
    paths: Sequence[Path], store: Path, *, workers: int, tell: Callable[[int], None]
) -> list[PictureHash | str]:
    """Hash photos, or take what the store holds of files that have not changed since.

    Args:
        paths: Photos; one may be named twice.
        store: SQLite file, made where it is missing.
        workers: Processes that decode.
        tell: Called with the number of photos just done.

    Returns:
        One entry per path: hashes, or why there are none.

    Raises:
        InputError: The store cannot be used.
    """
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(store)) as database:
            database.execute(_SCHEMA)
            return list(_all_hashes(paths, database, workers, tell))
    except (sqlite3.Error, OSError) as error:
        raise InputError(f"{store}: cannot be used ({error}); name another --out") from error


def _all_hashes(
    paths: Sequence[Path],
    database: sqlite3.Connection,
    workers: int,
    tell: Callable[[int], None],
) -> Iterator[PictureHash | str]:
    known = {path: found for path in dict.fromkeys(paths) if (found := _find(database, path))}
    unknown = [path for path in dict.fromkeys(paths) if path not in known]
    results: dict[Path, PictureHash | str] = dict(known)
    tell(len(known))
    with ordered_map(workers) as over:
        for count, (path, result) in enumerate(
            zip(unknown, over(hash_file, unknown, killed), strict=True)
        ):
            results[path] = result
            if isinstance(result, PictureHash):
                _keep(database, path, result)
            if count % COMMIT_EVERY == COMMIT_EVERY - 1:
                database.commit()
            tell(1)
    database.commit()
    for path in paths:
        yield results[path]


def _find(database: sqlite3.Connection, path: Path) -> PictureHash | None:
    try:
        stamp = path.stat()
    except OSError:
        return None
    found = database.execute(
        "SELECT data FROM hash WHERE path = ? AND size = ? AND mtime_ns = ?",
        (str(path), stamp.st_size, stamp.st_mtime_ns),
    ).fetchone()
    return PictureHash.from_bytes(found[0]) if found and len(found[0]) == HASH_BYTES else None


def _keep(database: sqlite3.Connection, path: Path, hashes: PictureHash) -> None:
    stamp = path.stat()
    database.execute(
        "REPLACE INTO hash VALUES (?, ?, ?, ?)",
        (str(path), stamp.st_size, stamp.st_mtime_ns, hashes.to_bytes()),
    )
