"""From rows to seeds: each photo in turn is cleaned, hashed, compared and kept or left out.

Photos are decoded by several processes; decisions fall in one, in the order of the queue, so that
the same source gives the same seeds however many processes work and however often they are stopped.
"""

import hashlib
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gre.curation.archives import Member, leads_outside, photo_file
from gre.curation.files import write_bytes
from gre.curation.hashes import hash_picture
from gre.curation.jpeg import clean_picture
from gre.curation.ledger import Candidate, Kept, Ledger
from gre.curation.metadata import LeftOut, PhotoRow, checked_row
from gre.curation.processes import ordered_map
from gre.curation.search import COARSE_BITS, FINE_BITS
from gre.data.exif import read_exif_latlon
from gre.data.images import ImageError

COMMIT_S = 1.0
"""Seconds of work that a sudden end may cost."""
NAME_CHARS = 16
"""Hexadecimal digits of a photo's SHA-256 that name it."""


@dataclass(frozen=True)
class Prepared:
    """A photo ready to be kept: its clean bytes, the SHA-256 of its old ones, its hashes."""

    data: bytes
    sha256: str
    coarse: int
    fine: NDArray[np.uint64]
    width: int
    height: int


@dataclass(frozen=True)
class PhotoTask:
    """A photo to prepare. `max_side` in pixels, None for any."""

    name: str
    member: Member
    max_side: int | None


def prepare(task: PhotoTask) -> Prepared | LeftOut:
    """Clean and hash one photo."""
    if leads_outside(task.member):
        return _outside(task.name, task.member)
    try:
        with photo_file(task.member) as path:
            try:
                data, image = clean_picture(path, max_side=task.max_side)
                raw = path.read_bytes()
            except ImageError as error:
                shown = str(error).replace(str(path), task.member.path)
                return LeftOut(task.name, "unreadable", shown)
    except (ImageError, OSError) as error:
        shown = str(error).replace(task.member.store, Path(task.member.store).name)
        return LeftOut(task.name, "unreadable", f"{task.member.path}: {shown}")
    hashes = hash_picture(image)
    sha256 = hashlib.sha256(raw).hexdigest()
    return Prepared(data, sha256, int(hashes.coarse[0]), hashes.fine[0], *image.size)


def locate(member: Member) -> PhotoRow | LeftOut:
    """What a photo of a folder says about itself: its EXIF position."""
    if leads_outside(member):
        return _outside(member.path, member)
    path = Path(member.store) / member.path
    try:
        point = read_exif_latlon(path)
    except ImageError as error:
        shown = str(error).replace(str(path), member.path)
        return LeftOut(member.path, "unreadable", shown)
    if point is None:
        return LeftOut(member.path, "no_position", f"{member.path}: has no usable GPS in its EXIF")
    return checked_row(member.path, point, member.path)


def _outside(name: str, member: Member) -> LeftOut:
    detail = (
        f"{member.path}: is a link that leads out of {Path(member.store).name}; copy the photo"
        " there, or name a folder above both"
    )
    return LeftOut(name, "outside", detail)


def default_workers() -> int:
    """Processes that decode: the cores, at most 8."""
    return min(8, os.cpu_count() or 1)


def killed(task: PhotoTask | LeftOut) -> LeftOut:
    """A photo whose decoder dies on it."""
    if isinstance(task, LeftOut):  # it was decided on without decoding
        return task
    return LeftOut(task.name, "unreadable", _dies(task.member))


def killed_while_located(member: Member) -> LeftOut:
    """A photo of a folder whose EXIF reader dies on it."""
    return LeftOut(member.path, "unreadable", _dies(member))


def _dies(member: Member) -> str:
    return f"{member.path}: its decoder dies on it, must decode; export the picture again"


class Selection:
    """The decisions of one build.

    Args:
        ledger: Its listing must be complete.
        folder: Where pictures go.
        per_cell: Seeds kept in one cell, at most.
        limit: Seeds kept in all, at most; None for any number.
    """

    def __init__(self, ledger: Ledger, folder: Path, *, per_cell: int, limit: int | None) -> None:
        self._ledger = ledger
        self._folder = folder
        self._per_cell, self._limit = per_cell, limit
        self._place = int(str(ledger.fact("place", 0)))
        self._num_full = int(str(ledger.fact("cell_full", 0)))
        self._in_cell: Counter[int] = Counter()
        self._coarse = _Words()
        for seed in ledger.iter_kept():
            self._in_cell[seed.cell] += 1
            self._coarse.add(seed.coarse, seed.row)
        self._committed_s = time.monotonic()

    @property
    def num_kept(self) -> int:
        """Seeds so far."""
        return len(self._coarse)

    @property
    def num_full(self) -> int:
        """Rows passed over because their cell was full."""
        return self._num_full

    def run(self, *, workers: int, max_side: int | None, tell: Callable[[int], None]) -> None:
        """Decide about every row that is left.

        Args:
            workers: Processes that decode.
            max_side: Longest side of a kept picture, pixels.
            tell: Called with the number of rows just decided.
        """
        drawn: deque[Candidate] = deque()
        with ordered_map(workers) as over:
            tasks = self._tasks(drawn, max_side)
            for result in over(_prepare_if_found, tasks, killed):
                candidate = drawn.popleft()
                tell(candidate.place - self._place)
                self._place = candidate.place
                self._decide(candidate, result)
                if time.monotonic() - self._committed_s > COMMIT_S:
                    self._save()
                if self._limit is not None and self.num_kept >= self._limit:
                    break
        self._save()

    def _tasks(
        self, drawn: deque[Candidate], max_side: int | None
    ) -> Iterator[PhotoTask | LeftOut]:
        for candidate in self._ledger.candidates(self._place):
            drawn.append(candidate)
            if self._in_cell[candidate.cell] >= self._per_cell:
                yield LeftOut(candidate.name, "cell_full", "")
                continue
            found = self._ledger.find_members(candidate.name)
            if len(found) == 1:
                yield PhotoTask(candidate.name, found[0], max_side)
            else:
                yield _not_one(candidate.name, found)

    def _decide(self, candidate: Candidate, result: Prepared | LeftOut) -> None:
        if self._in_cell[candidate.cell] >= self._per_cell:
            self._num_full += 1
            return
        if isinstance(result, Prepared):
            twin = self._find_twin(result)
            if twin is None:
                self._keep(candidate, result)
                return
            result = LeftOut(candidate.name, *twin)
        self._ledger.leave_out(result)

    def _find_twin(self, photo: Prepared) -> tuple[str, str] | None:
        same = self._ledger.kept_with_sha256(photo.sha256)
        if same is not None:
            return "exact_duplicate", f"has the same bytes as {same}"
        for row in self._coarse.rows_within(photo.coarse, COARSE_BITS):
            other = self._ledger.kept_row(row)
            fine = np.frombuffer(other.fine, dtype="<u8").astype(np.uint64)
            num_bits = int(np.bitwise_count(fine ^ photo.fine).sum())
            if num_bits <= FINE_BITS:
                detail = f"looks like {other.name} ({num_bits} of 255 bits differ)"
                return "near_duplicate", detail
        return None

    def _keep(self, candidate: Candidate, photo: Prepared) -> None:
        write_bytes(self._folder / f"{photo.sha256[:NAME_CHARS]}.jpg", photo.data)
        self._ledger.keep(
            Kept(
                candidate.row,
                photo.sha256,
                photo.coarse,
                photo.fine.astype("<u8").tobytes(),
                photo.width,
                photo.height,
                candidate.name,
                *candidate.point.as_tuple(),
                candidate.cell,
            )
        )
        self._in_cell[candidate.cell] += 1
        self._coarse.add(photo.coarse, candidate.row)

    def _save(self) -> None:
        self._ledger.note("place", self._place)
        self._ledger.note("cell_full", self._num_full)
        self._ledger.commit()
        self._committed_s = time.monotonic()


def _prepare_if_found(task: PhotoTask | LeftOut) -> Prepared | LeftOut:
    return prepare(task) if isinstance(task, PhotoTask) else task


def _not_one(name: str, found: list[Member]) -> LeftOut:
    if not found:
        return LeftOut(name, "missing", f"{name}: no such photo in the image folders and shards")
    both = " and ".join(member.path for member in found)
    return LeftOut(name, "ambiguous", f"{name}: may be {both}; name it with its folder")


class _Words:
    """Short hashes of the seeds kept, 16 bytes each, searched by counting bits."""

    def __init__(self) -> None:
        self._words = np.zeros(1024, dtype=np.uint64)
        self._rows = np.zeros(1024, dtype=np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, word: int, row: int) -> None:
        if self._count == len(self._words):
            self._words = np.concatenate([self._words, np.zeros_like(self._words)])
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._words[self._count], self._rows[self._count] = word, row
        self._count += 1

    def rows_within(self, word: int, num_bits: int) -> list[int]:
        words = self._words[: self._count]
        near = np.bitwise_count(words ^ np.uint64(word)) <= num_bits
        found: list[int] = self._rows[: self._count][near].tolist()
        return found
