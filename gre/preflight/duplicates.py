"""The same photo twice: byte for byte, or to the eye."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gre.data.inspection import PhotoFacts
from gre.preflight.findings import Findings

MAX_BITS = 4
"""Perceptual hashes this near mean the same picture: of 64 bits. Ours; recompressing and resizing
moves 0 to 4 bits, two different photos differ in about 32."""

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
) -> list[tuple[PhotoFacts, PhotoFacts]]:
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


def _telling(facts: Sequence[PhotoFacts]) -> list[PhotoFacts]:
    return [
        one
        for one in facts
        if one.looks is not None
        and MIN_SPREAD_BITS <= one.looks.bit_count() <= 64 - MIN_SPREAD_BITS
    ]


def _hashes(facts: Sequence[PhotoFacts]) -> NDArray[np.uint64]:
    return np.array([one.looks or 0 for one in facts], dtype=np.uint64)


def report_duplicates(facts: Sequence[PhotoFacts], findings: Findings, *, area: str) -> None:
    """Write which photos of one set are the same."""
    groups = same_bytes(facts)
    if groups:
        lines = [f"{group[0].path} = {group[1].path}" for group in groups]
        more = sum(len(group) - 1 for group in groups)
        text = f"{more:,} images are byte for byte copies of others ({len(groups):,} groups)"
        findings.add("warning", area, text, lines)
    pairs = look_alikes(facts, facts)
    if pairs:
        lines = [f"{one.path} ~ {other.path}" for one, other in pairs]
        text = f"{len(pairs):,} pairs of images look the same ({MAX_BITS} bits of 64 or fewer)"
        findings.add("warning", area, text, lines)
    if facts and not groups and not pairs:
        findings.add("ok", area, f"no image is twice among {len(facts):,}")


def report_leaks(
    train: Sequence[PhotoFacts], held_back: Sequence[PhotoFacts], findings: Findings, *, name: str
) -> dict[Path, str]:
    """Write which training photos are also in a set that the model is tried on.

    Returns:
        Why, by training photo that should be left out.
    """
    by_bytes: Mapping[str, PhotoFacts] = {one.sha256: one for one in held_back if one.sha256}
    same = [(one, by_bytes[one.sha256]) for one in train if one.sha256 in by_bytes]
    alike = look_alikes(train, held_back)
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
