"""The same photo twice: byte for byte, or to the eye."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gre.curation.hash_store import hash_file
from gre.curation.hashes import PictureHash
from gre.curation.search import FINE_BITS, Hashes, are_same
from gre.data.inspection import PhotoFacts
from gre.preflight.findings import Findings
from gre.preflight.photos import CHUNK, FEW

MAX_BITS = 4
"""Perceptual hashes this near may mean the same picture: of 64 bits. Ours; recompressing and
resizing moves 0 to 4 bits, two different photos differ in about 32 and a few in 4 or less. The
long hash of `gre curate leakage` decides."""

Pair = tuple[PhotoFacts, PhotoFacts]

_ROWS = 512
"""Rows of the table of distances that are in memory at once."""

MIN_SPREAD_BITS = 8
"""A hash with fewer bits set, or unset, is that of a flat picture and says nothing. Ours."""


def same_bytes(facts: Iterable[PhotoFacts]) -> list[list[PhotoFacts]]:
    """Groups of two or more files with the same bytes, in the order of their first."""
    groups: dict[str, list[PhotoFacts]] = {}
    for one in facts:
        if one.sha256:
            groups.setdefault(one.sha256, []).append(one)
    return [group for group in groups.values() if len(group) > 1]


def look_alikes(
    left: Sequence[PhotoFacts], right: Sequence[PhotoFacts], *, max_bits: int = MAX_BITS
) -> list[Pair]:
    """Pairs, one of each side, whose looks differ in at most so many bits and bytes differ.

    Every hash is held against every other: n x m table look-ups of a few nanoseconds.
    Within one sequence pass it twice: each pair comes once, in order.
    """
    rows, columns = _telling(left), _telling(right)
    is_one_set = left is right
    row_bits, column_bits = _hashes(rows), _hashes(columns)
    pairs = []
    for start in range(0, len(rows), _ROWS):
        block = row_bits[start : start + _ROWS, None] ^ column_bits[None, :]
        for i, j in np.argwhere(np.bitwise_count(block) <= max_bits):
            one, other = rows[start + i], columns[j]
            if (start + i < j or not is_one_set) and one.sha256 != other.sha256:
                pairs.append((one, other))
    return pairs


def confirmed(pairs: Sequence[Pair], *, workers: int = 1) -> list[Pair]:
    """Those of some pairs that are the same by the long hash, whole or cropped.

    The photos of the pairs are decoded once more, which takes about 15 ms each.
    """
    paths = list(dict.fromkeys(one.path for pair in pairs for one in pair))
    found = dict(zip(paths, _long_hashes(paths, workers), strict=True))
    places = {path: i for i, path in enumerate(p for p in paths if not isinstance(found[p], str))}
    usable = [pair for pair in pairs if all(one.path in places for one in pair)]
    if not usable:
        return []
    hashes = Hashes.stack([one for one in found.values() if not isinstance(one, str)])
    rows, columns = zip(*((places[a.path], places[b.path]) for a, b in usable), strict=True)
    is_same = are_same(hashes, rows, columns)
    return [pair for pair, same in zip(usable, is_same, strict=True) if same]


def _long_hashes(paths: Sequence[Path], workers: int) -> list[PictureHash | str]:
    if workers == 1 or len(paths) < FEW:
        return [hash_file(path) for path in paths]
    # Not forked: the parent may hold the threads and locks of a large library by now.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(hash_file, paths, chunksize=CHUNK))


def _telling(facts: Sequence[PhotoFacts]) -> list[PhotoFacts]:
    return [
        one
        for one in facts
        if one.looks is not None
        and MIN_SPREAD_BITS <= one.looks.bit_count() <= 64 - MIN_SPREAD_BITS
    ]


def _hashes(facts: Sequence[PhotoFacts]) -> NDArray[np.uint64]:
    return np.array([one.looks or 0 for one in facts], dtype=np.uint64)


def report_duplicates(
    facts: Sequence[PhotoFacts], findings: Findings, *, area: str, workers: int = 1
) -> None:
    """Write which photos of one set are the same."""
    groups = same_bytes(facts)
    if groups:
        lines = [f"{group[0].path} = {group[1].path}" for group in groups]
        more = sum(len(group) - 1 for group in groups)
        text = f"{more:,} images are byte for byte copies of others ({len(groups):,} groups)"
        findings.add("warning", area, text, lines)
    pairs = confirmed(look_alikes(facts, facts), workers=workers)
    if pairs:
        lines = [f"{one.path} ~ {other.path}" for one, other in pairs]
        text = f"{len(pairs):,} pairs of images look the same ({FINE_BITS} bits of 255 or fewer)"
        findings.add("warning", area, text, lines)
    if facts and not groups and not pairs:
        findings.add("ok", area, f"no image is twice among {len(facts):,}")


def report_leaks(
    train: Sequence[PhotoFacts],
    held_back: Sequence[PhotoFacts],
    findings: Findings,
    *,
    name: str,
    workers: int = 1,
) -> dict[Path, str]:
    """Write which training photos are also in a set that the model is tried on.

    Returns:
        Why, by training photo that should be left out.
    """
    by_bytes: Mapping[str, PhotoFacts] = {one.sha256: one for one in held_back if one.sha256}
    same = [(one, by_bytes[one.sha256]) for one in train if one.sha256 in by_bytes]
    alike = confirmed(look_alikes(train, held_back), workers=workers)
    leaks: dict[Path, str] = {}
    for kind, pairs in (("is", same), ("looks like", alike)):
        for one, other in pairs:
            leaks.setdefault(one.path, f"its image {kind} {other.path} of {name}")
        if pairs:
            lines = [f"{one.path} {kind} {other.path}" for one, other in pairs]
            count = len({one.path for one, _ in pairs})
            what = "byte for byte" if kind == "is" else "to the eye"
            text = f"{count:,} training images are in {name} too, {what}; --quarantine DIR"
            findings.add("warning", "leakage", text, lines)
    if not leaks:
        text = f"no training image is in {name} ({len(held_back):,} images)"
        findings.add("ok", "leakage", text)
    return leaks
