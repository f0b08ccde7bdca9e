"""What a seed build knows so far, in one SQLite file: it survives any interruption, whole.

Rows of the source, members of the image stores, seeds kept and photos left out lie on disk, so
memory does not grow with the source.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gre.curation.archives import Member
from gre.curation.cells import cell_of, chance
from gre.curation.metadata import LeftOut, PhotoRow
from gre.errors import InputError
from gre.geo.latlon import LatLon

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, name TEXT, lat REAL, lon REAL, cell INTEGER,
    chance INTEGER);
CREATE TABLE IF NOT EXISTS member (path TEXT, leaf TEXT, store TEXT, offset INTEGER, size INTEGER);
CREATE TABLE IF NOT EXISTS queue (place INTEGER PRIMARY KEY, row INTEGER, rank INTEGER);
CREATE TABLE IF NOT EXISTS kept (row INTEGER PRIMARY KEY, sha256 TEXT UNIQUE, coarse INTEGER,
    fine BLOB, width INTEGER, height INTEGER, name TEXT, lat REAL, lon REAL, cell INTEGER);
CREATE TABLE IF NOT EXISTS left_out (source TEXT, reason TEXT, detail TEXT);
"""


class Candidate(NamedTuple):
    """A row whose turn it is.

    Attributes:
        place: Its place in the queue, from 1.
        row: Its number in the source.
        name: What the source calls the photo.
        point: Where it was taken.
        cell: The cell of `cell_of` that holds the point.
    """

    place: int
    row: int
    name: str
    point: LatLon
    cell: int


class Kept(NamedTuple):
    """A seed as the ledger keeps it."""

    row: int
    sha256: str
    coarse: int
    fine: bytes
    width: int
    height: int
    name: str
    lat: float
    lon: float
    cell: int


class Ledger:
    """The file of one build. Used by one process at a time; changes wait for `commit`.

    Raises:
        InputError: Another process has it open, or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._db = sqlite3.connect(path, timeout=1.0, isolation_level=None)
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
        except sqlite3.Error as error:
            raise InputError(
                f"{path}: cannot be used ({error}); end the other process that builds there, or"
                " delete the folder"
            ) from error

    def close(self) -> None:
        """Close; what was not committed is undone, so that decisions and their place agree."""
        self._db.execute("ROLLBACK")
        self._db.close()

    def commit(self) -> None:
        """Make all changes so far last."""
        self._db.execute("COMMIT")
        self._db.execute("BEGIN IMMEDIATE")

    def fact(self, name: str, default: object = None) -> object:
        """A value noted earlier."""
        found = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return default if found is None else json.loads(found[0])

    def note(self, name: str, value: object) -> None:
        """Note a value of JSON."""
        self._db.execute("REPLACE INTO fact VALUES (?, ?)", (name, json.dumps(value)))

    def forget_source(self) -> None:
        """Drop all rows and members: their reading was interrupted."""
        for table in ("row", "member", "queue", "left_out"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of this module

    def forget_all(self) -> None:
        """Drop everything, as if the build had not begun; for one that kept nothing."""
        self.forget_source()
        self._db.execute("DELETE FROM fact")

    def add_rows(self, rows: Iterable[PhotoRow | LeftOut], *, cell_deg: float, seed: int) -> None:
        """Add what a source names, row by row."""
        self._db.executemany(
            "INSERT INTO row (name, lat, lon, cell, chance) VALUES (?, ?, ?, ?, ?)",
            (
                (name, *point.as_tuple(), cell_of(point, cell_deg), chance(seed, name))
                for name, point in self._without_left_out(rows)
            ),
        )

    def _without_left_out(self, rows: Iterable[PhotoRow | LeftOut]) -> Iterator[PhotoRow]:
        for row in rows:
            if isinstance(row, LeftOut):
                self.leave_out(row)
            else:
                yield row

    def add_members(self, members: Iterable[Member]) -> None:
        """Add photos of an image store."""
        self._db.executemany(
            "INSERT INTO member VALUES (?, ?, ?, ?, ?)",
            ((m.path, m.leaf, m.store, m.offset, m.size) for m in members),
        )

    def make_queue(self) -> None:
        """Give every row its turn: the first of each cell by chance, then the second, ..."""
        self._db.execute("CREATE INDEX IF NOT EXISTS member_path ON member (path)")
        self._db.execute("CREATE INDEX IF NOT EXISTS member_leaf ON member (leaf)")
        self._db.execute(
            "INSERT INTO queue (row, rank) SELECT id, rank FROM (SELECT id, chance, ROW_NUMBER()"
            " OVER (PARTITION BY cell ORDER BY chance, id) AS rank FROM row)"
            " ORDER BY rank, chance, id"
        )

    def candidates(self, after: int) -> Iterator[Candidate]:
        """Rows in the order of the queue, behind a place of it."""
        found = self._db.execute(
            "SELECT queue.place, row.id, name, lat, lon, cell FROM queue JOIN row ON row.id ="
            " queue.row WHERE queue.place > ? ORDER BY queue.place",
            (after,),
        )
        for place, row, name, lat, lon, cell in found:
            yield Candidate(place, row, name, LatLon(lat, lon), cell)

    def find_members(self, name: str) -> list[Member]:
        """The photos that a row's name may mean: by path, by path with _ for /, then by stem."""
        wanted = ("path", name), ("path", name.replace("/", "_"))
        stem = name.rpartition("/")[2]
        by_stem = ("leaf", stem), ("leaf", stem.rpartition(".")[0])
        for column, value in (*wanted, *by_stem):
            found = self._db.execute(
                f"SELECT path, store, offset, size FROM member WHERE {column} = ? LIMIT 2",  # noqa: S608
                (value,),
            ).fetchall()
            if found and value:
                return [Member(*member) for member in found]
        return []

    def leave_out(self, photo: LeftOut) -> None:
        """Note a photo that does not become a seed."""
        values = (photo.source, photo.reason, photo.detail)
        self._db.execute("INSERT INTO left_out VALUES (?, ?, ?)", values)

    def keep(self, seed: Kept) -> None:
        """Note a seed; its picture must lie in its place by now."""
        signed = seed.coarse - (1 << 64) if seed.coarse >= 1 << 63 else seed.coarse
        values = seed._replace(coarse=signed)
        self._db.execute("INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def kept_with_sha256(self, sha256: str) -> str | None:
        """Source name of the seed with the same bytes."""
        found = self._db.execute("SELECT name FROM kept WHERE sha256 = ?", (sha256,)).fetchone()
        return None if found is None else str(found[0])

    def kept_row(self, row: int) -> Kept:
        """The seed of a row."""
        found = self._db.execute("SELECT * FROM kept WHERE row = ?", (row,)).fetchone()
        return _kept(found)

    def iter_kept(self) -> Iterator[Kept]:
        """All seeds in the order of the source."""
        for found in self._db.execute("SELECT * FROM kept ORDER BY row"):
            yield _kept(found)

    def iter_left_out(self) -> Iterator[LeftOut]:
        """All photos left out, as they came."""
        for source, reason, detail in self._db.execute("SELECT * FROM left_out ORDER BY rowid"):
            yield LeftOut(source, reason, detail)

    def counts(self) -> Mapping[str, int]:
        """Photos left out by reason."""
        found = self._db.execute("SELECT reason, COUNT(*) FROM left_out GROUP BY reason ORDER BY 1")
        return dict(found.fetchall())

    def num(self, table: str) -> int:
        """Lines of "row", "member", "queue" or "kept"."""
        return int(self._db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])  # noqa: S608


def _kept(found: tuple[object, ...]) -> Kept:
    kept = Kept(*found)  # type: ignore[arg-type]
    return kept._replace(coarse=kept.coarse % (1 << 64))
