#!/usr/bin/env python
"""Feed the answer reader, the record readers and the table readers mess for a given time.

Texts grow by mutation from seeds that models and people wrote; an input that takes the reader down
a line of code no input took before is kept and mutated further (coverage by sys.settrace). A crash
is any exception that is not a GreError; it is written with its input, and the exit code is 1.

Usage: python scripts/fuzz.py [--minutes 10] [--seed 0] [--out fuzz_crashes]
"""

import argparse
import io
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from PIL import Image

from gre.answers import ParseFailure, read_judgment, read_latlon
from gre.data.images import ImageError, load_image
from gre.data.records import RecordKind, iter_records
from gre.errors import GreError
from gre.evaluation.parsing import parse_jsonl
from gre.evaluation.score import score_file
from gre.geo.latlon import LatLon
from gre.metrics import Protocol

MAX_CHARS = 20_000
CORPUS_LIMIT = 400
LONG_CHARS = 1_000_000
MOST_SECONDS_PER_MB = 20.0
"""What a text of a million characters may take: far above what it does, far below quadratic."""

ANSWERS = (
    "<think> A canal. </think> <answer> 45.4, 12.3 </answer>",
    '"Latitude": "45.465 ° ", "Longitude": "9.191 ° "',
    "40.742°N, 73.985°W",
    "48°51'24\"N 2°21'03\"E",
    "\\boxed{33.9^\\circ S, 151.2^\\circ E}",
    "lat: -33,45; lon: -70,66",
    "| lat | lon |\n|---|---|\n| 1.5 | 2.5 |",
    "I cannot tell. It is either 1.5, 2.5 or 3.5, 4.5",
    "Final answer: **True**",
    "Latitude first (10.5), then longitude ~ 20.25 degrees east",
)
PIECES = (
    *("<answer>", "</answer>", "<think>", "</think>", "\\boxed{", "}", "°", "'", '"', "N", "W"),
    *("lat", "lon", ",", ";", " or ", "-", "−", "1e999", "nan", "0x1", "９", "٣", "\0", "\ud800"),
    *("\n", "\u2028", "\u202e", "[", "]", "{", "}", ":", "null", "true", "\\u0000", "9" * 400),
)
RECORD: dict[str, Any] = {
    "image": "a.jpg",
    "conversations": [
        {"from": "human", "value": "<image>\nWhere?"},
        {"from": "gpt", "value": "<answer> 1.5, 2.5 </answer>"},
    ],
    "instructions": "Where?",
    "image_path": "a.jpg",
    "gt_cot": ["A canal"],
    "predicted_cot": "A canal",
    "predicted_answer": "1.5, 2.5",
    "gt_lat": 1.5,
    "gt_lon": 2.5,
}
TABLE = "id,gt_lat,gt_lon,pred_lat,pred_lon\na,1,2,3,4\nb,5,6,7,8\n"
KINDS: tuple[RecordKind, ...] = ("cot", "judge", "seed", "bench")


@dataclass
class Target:
    """One reader under test.

    Attributes:
        name: What the report calls it.
        run: Takes one text; raises GreError or returns.
        pool: Inputs that found something new.
        num_runs: Inputs tried.
        num_refused: Those that ended in a typed refusal.
    """

    name: str
    run: Callable[[str], bool]
    pool: list[str]
    num_runs: int = 0
    num_refused: int = 0
    slowest_s: float = 0.0
    lines: set[tuple[str, int]] = field(default_factory=set)


def read_answer(text: str) -> bool:
    """Both readings; a point must lie on the globe, a failure must say why."""
    strict, lenient = read_latlon(text, strict=True), read_latlon(text)
    verdict = read_judgment(text)
    for reading in (strict, lenient):
        if isinstance(reading, LatLon):
            assert abs(reading.lat) <= 90 and abs(reading.lon) <= 180
        else:
            assert isinstance(reading, ParseFailure) and reading.reason and reading.detail
    assert isinstance(verdict, bool | ParseFailure)
    return isinstance(lenient, LatLon)


def record_reader(folder: Path, kind: RecordKind) -> Callable[[str], bool]:
    """A reader of one record kind from a file with an image beside it."""

    def run(text: str) -> bool:
        path = folder / f"{kind}.json"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return all(not isinstance(item, GreError) for item in iter_records(path, kind))

    return run


def table_reader(folder: Path) -> Callable[[str], bool]:
    """`gre score` on one table."""

    def run(text: str) -> bool:
        path = folder / "table.csv"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return score_file(path, protocol=Protocol()).n > 0

    return run


def lines_reader(text: str) -> bool:
    """`gre parse` on one input."""
    return parse_jsonl(io.StringIO(text), io.StringIO()).num_ok > 0


def image_reader(folder: Path) -> Callable[[str], bool]:
    """`load_image` on bytes that stand one per character."""

    def run(text: str) -> bool:
        path = folder / "photo"
        path.write_bytes(text.encode("latin-1", "replace"))
        try:
            return load_image(path, max_megapixels=4).mode == "RGB"
        except ImageError:
            return False

    return run


def make_targets(folder: Path) -> list[Target]:
    """Every reader with its seeds."""
    Image.new("RGB", (32, 32), "teal").save(folder / "a.jpg")
    pictures = []
    for format in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"):
        buffer = io.BytesIO()
        Image.effect_noise((24, 24), 60).convert("RGB").save(buffer, format)
        pictures.append(buffer.getvalue().decode("latin-1"))
    record = json.dumps(RECORD)
    verdict = record.replace("<answer> 1.5, 2.5 </answer>", "False")
    lines = json.dumps({"id": "1", "text": ANSWERS[0]})
    return [
        Target("answers", read_answer, list(ANSWERS)),
        *(
            Target(f"{kind} records", record_reader(folder, kind), [f"[{record}]", record, verdict])
            for kind in KINDS
        ),
        Target("gre score", table_reader(folder), [TABLE, f"[{json.dumps({'id': 'a'})}]"]),
        Target("gre parse", lines_reader, [lines]),
        Target("images", image_reader(folder), pictures),
    ]


def mutate(text: str, rng: random.Random, others: list[str]) -> str:
    """A few changes: cut, copy, insert, replace, splice."""
    for _ in range(rng.randint(1, 4)):
        at, to = sorted(rng.randint(0, len(text)) for _ in range(2))
        kind = rng.randrange(6)
        if kind == 0:
            text = text[:at] + text[to:]
        elif kind == 1:
            text = text[:to] + text[at:to] * rng.randint(1, 3) + text[to:]
        elif kind == 2:
            text = text[:at] + rng.choice(PIECES) + text[at:]
        elif kind == 3 and text:
            at = min(at, len(text) - 1)
            text = text[:at] + chr(rng.choice((rng.randrange(256), rng.randrange(0x3000))))
            text += text[at + 1 :]
        elif kind == 4:
            other = rng.choice(others)
            text = text[:at] + other[rng.randint(0, len(other)) :]
        else:
            text = text[:at] + str(rng.choice((-1, 0, 90.0001, 181, 1e308, 2**64))) + text[to:]
    return text[:MAX_CHARS]


def run_traced(target: Target, text: str) -> tuple[bool, set[tuple[str, int]]]:
    """Run once and give the lines of the package that it took."""
    taken: set[tuple[str, int]] = set()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        name = frame.f_code.co_filename
        if "/gre/" not in name:
            return None
        if event == "line":
            taken.add((name, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        return target.run(text), taken
    finally:
        sys.settrace(None)


def try_one(target: Target, rng: random.Random) -> str | None:
    """Try one input; give what crashed the reader, or None."""
    text = mutate(rng.choice(target.pool), rng, target.pool)
    target.num_runs += 1
    start = time.process_time()
    try:
        accepted, taken = run_traced(target, text)
        target.num_refused += not accepted
    except GreError as error:
        taken = set()
        target.num_refused += 1
        if "\n" in str(error):
            return f"a message of several lines: {error}\n{text!r}"
    except Exception as error:  # noqa: BLE001 - whatever rises here is the finding
        return f"{type(error).__name__}: {error}\n{text!r}"
    target.slowest_s = max(target.slowest_s, time.process_time() - start)
    if not taken <= target.lines:
        target.lines |= taken
        target.pool.append(text)
        if len(target.pool) > CORPUS_LIMIT:
            target.pool.pop(rng.randrange(len(target.pool)))
    return None


def long_texts(rng: random.Random) -> dict[str, float]:
    """Processor seconds that the answer reader takes for texts of a million characters."""
    seconds = {}
    for _ in range(4):
        piece = "".join(rng.choice(PIECES[:16]) for _ in range(rng.randint(1, 6)))
        text = (piece * (LONG_CHARS // max(1, len(piece)) + 1))[:LONG_CHARS]
        start = time.process_time()
        read_answer(text)
        seconds[piece[:40]] = time.process_time() - start
    return seconds


def main() -> int:
    """Fuzz, report, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("fuzz_crashes"))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    crashes: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        targets = make_targets(Path(name))
        end = time.monotonic() + 60 * args.minutes
        while time.monotonic() < end:
            for target in targets:
                crash = try_one(target, rng)
                if crash is not None:
                    crashes.append(f"{target.name}: {crash}")
    slow = long_texts(rng)
    for target in targets:
        print(
            f"{target.name:<16} {target.num_runs:>9,} inputs, {target.num_refused:>9,} refused,"
            f" {len(target.lines):>5,} lines, {len(target.pool):>4} kept,"
            f" slowest {target.slowest_s:.2f} s"
        )
    for piece, value in slow.items():
        print(f"a million characters of {piece!r}: {value:.2f} s")
    too_slow = [piece for piece, value in slow.items() if value > MOST_SECONDS_PER_MB]
    print(f"{len(crashes)} crashes, {len(too_slow)} texts too slow")
    if crashes:
        args.out.mkdir(parents=True, exist_ok=True)
        for number, crash in enumerate(crashes[:100]):
            (args.out / f"{number:03d}.txt").write_text(crash, encoding="utf-8", errors="replace")
    return 1 if crashes or too_slow else 0


if __name__ == "__main__":
    sys.exit(main())
