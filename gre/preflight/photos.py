"""Every photo of a run decoded, by several processes; a decoder that dies takes nobody with it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from gre.data.inspection import PhotoFacts, can_compare_looks, inspect_photo
from gre.preflight.findings import Findings, Severity

OnDone = Callable[[int], None]
"""Told how many photos have just been looked at."""

CHUNK = 32
"""Photos per task: about a tenth of a second of work. Ours."""

FEW = 256
"""So few photos are done before other processes have started. Ours."""

KIND_SEVERITY: Mapping[str, Severity] = {
    "tiny": "warning",
    "huge": "warning",
    "animated": "warning",
    "flat below": "warning",
}
"""What is more than a note."""

KIND_MEANING: Mapping[str, str] = {
    "CMYK": "converted to RGB",
    "16-bit": "scaled to 8 bits",
    "palette": "converted to RGB",
    "grey": "converted to RGB",
    "alpha": "laid on white",
    "animated": "only the first frame is seen",
    "EXIF-rotated": "turned upright",
    "damaged EXIF": "taken as it lies",
    "flat below": "the lower quarter is one colour: was it cut short when it was fetched?",
    "HEIF": "decoded by pillow-heif, slower than JPEG",
    "tiny": "a side under 28 pixels is enlarged to one patch",
    "huge": "over 40 megapixels: slow to decode; scale down once, beforehand",
}


def inspect_photos(
    paths: Sequence[Path], *, workers: int, on_done: OnDone | None = None
) -> dict[Path, PhotoFacts]:
    """Look at each distinct path once.

    Args:
        paths: Photos; repeated ones are looked at once.
        workers: Processes, at least 1; one works in this process.
        on_done: Progress.
    """
    distinct = list(dict.fromkeys(paths))
    found: dict[Path, PhotoFacts] = {}
    for facts in _inspected(distinct, workers):
        found.update((one.path, one) for one in facts)
        if on_done:
            on_done(len(facts))
    return found


def _inspected(paths: Sequence[Path], workers: int) -> Iterator[list[PhotoFacts]]:
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    if workers == 1 or len(paths) < FEW:
        yield from map(_inspect_all, chunks)
        return
    done = 0
    try:
        # Not forked: the parent may hold the threads and locks of a large library by now.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for facts in pool.map(_inspect_all, chunks):
                yield facts
                done += 1
    except BrokenProcessPool:
        # Some photo killed its decoder (out of memory, or a fault in a C library): find which.
        for path in (path for chunk in chunks[done:] for path in chunk):
            yield [_inspect_apart(path)]


def _inspect_all(paths: Sequence[Path]) -> list[PhotoFacts]:
    return [inspect_photo(path) for path in paths]


def _inspect_apart(path: Path) -> PhotoFacts:
    """Look at one photo in a process of its own."""
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(inspect_photo, path).result()
    except BrokenProcessPool:
        line = f"{path}: its decoder dies on it, must decode; export the picture again"
        return PhotoFacts(path, line, "kills its decoder", 0, 0, (), "", None)


def report_photos(found: Mapping[Path, PhotoFacts], findings: Findings, *, area: str) -> None:
    """Write what was found: errors by cause, unusual kinds, and how many are sound."""
    facts = list(found.values())
    causes = Counter(one.cause for one in facts if one.error)
    for cause, count in causes.most_common():
        lines = [str(one.error) for one in facts if one.cause == cause and one.error]
        text = f"{count:,} of {len(facts):,} images cannot be used: {cause}"
        findings.add("error", area, f"{text}; replace them, or --quarantine DIR", lines)
    kinds = Counter(kind for one in facts if not one.error for kind in one.kinds)
    for kind, count in kinds.most_common():
        examples = [str(one.path) for one in facts if kind in one.kinds and not one.error]
        severity = KIND_SEVERITY.get(kind, "note")
        text = f"{count:,} of {len(facts):,} images are {kind}: {KIND_MEANING[kind]}"
        findings.add(severity, area, text, examples)
    if facts and not causes:
        findings.add("ok", area, f"{len(facts):,} images decode whole")
    if facts and not can_compare_looks():
        findings.add(
            "note", area, "looks were not compared: pip install imagehash (the train extra)"
        )
