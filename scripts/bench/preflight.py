#!/usr/bin/env python
"""How long `gre check` takes for the images of so many records, on this machine.

Draws JPEGs of 1024 x 768 with grain, none like another, then does what preflight does with them:
records read, every image decoded to its end, hashed, and held against every other.

Usage: python scripts/bench/preflight.py [--n 2000] [--workers 2]
       python scripts/bench/preflight.py --n 30000        # the full run, 5 GB in a temporary folder
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from gre.data.inspection import inspect_photo
from gre.geo.places import town_distances_km
from gre.preflight.coordinates import report_coordinates
from gre.preflight.duplicates import report_duplicates
from gre.preflight.findings import Findings
from gre.preflight.photos import inspect_photos, report_photos
from gre.preflight.records import read_record_set, report_answers, report_records

FULL = 30_000
SIZE = (1024, 768)
NUM_ORIGINALS = 40
QUALITY = 85
ANSWER = (
    "<think> 1. A canal and brick gables. // 2. Dutch words. </think> <answer> {}, {} </answer>"
)


def draw_originals(rng: np.random.Generator) -> list[Image.Image]:
    """Pictures with structure, and grain that is still there when two of them are halved."""
    originals = []
    for _ in range(NUM_ORIGINALS):
        coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize(SIZE, Image.Resampling.BICUBIC), dtype=np.int16)
        grain = rng.normal(0, 12, smooth.shape).astype(np.int16)
        originals.append(Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8)))
    return originals


def write_set(folder: Path, n: int) -> tuple[Path, float]:
    """Write n records and their JPEGs, each with other bytes; give the file and the mean kB."""
    rng = np.random.default_rng(42)
    originals = [np.asarray(image) for image in draw_originals(rng)]
    (folder / "imgs").mkdir()
    records, num_bytes = [], 0
    for i in range(n):
        # Two laid over each other are another picture to the eye, without drawing one anew.
        moved = int(rng.integers(SIZE[1])), int(rng.integers(SIZE[0]))
        one, other = rng.choice(NUM_ORIGINALS, 2)
        pixels = originals[one] // 2 + np.roll(originals[other], moved, axis=(0, 1)) // 2
        path = folder / f"imgs/{i:06d}.jpg"
        Image.fromarray(pixels).save(path, quality=QUALITY)
        num_bytes += path.stat().st_size
        lat, lon = float(rng.uniform(35, 60)), float(rng.uniform(-5, 30))
        turns = [
            {"from": "human", "value": "<image>\nWhere was this photo taken?"},
            {"from": "gpt", "value": ANSWER.format(round(lat, 4), round(lon, 4))},
        ]
        records.append({"image": path.name, "conversations": turns, "gt_lat": lat, "gt_lon": lon})
    file = folder / "gre_cot.json"
    file.write_text(json.dumps(records), encoding="utf-8")
    return file, num_bytes / n / 1e3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--n", type=int, default=2000, help="records and images")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        file, mean_kb = write_set(Path(name), args.n)
        print(f"{args.n:,} JPEGs of {SIZE[0]} x {SIZE[1]}, {mean_kb:.0f} kB each", flush=True)
        one_image_s = image_processor_seconds(file.parent / "imgs")
        cpu_before = cpu_seconds()
        seconds = measure(file, args.workers)
    total = sum(seconds.values())
    for step, value in seconds.items():
        print(f"{step:<28} {value:8.2f} s  {1e3 * value / args.n:7.3f} ms a record")
    print(f"{'all':<28} {total:8.2f} s on {args.workers} processes")
    cpu = cpu_seconds() - cpu_before
    print(f"{'processor time':<28} {cpu:8.2f} s, {1e3 * cpu / args.n:.3f} ms a record")
    print(
        f"{'one image, processor time':<28} {1e3 * one_image_s:8.2f} ms: {FULL:,} on two idle cores"
        f" take {FULL * one_image_s / 2:.0f} s"
    )
    if args.n != FULL:
        print(f"for {FULL:,} records: about {extrapolate(seconds, args.n):.0f} s (extrapolated)")


def cpu_seconds() -> float:
    """Processor time of this process and its finished children: a busy one changes it little."""
    return sum(os.times()[:4])


def image_processor_seconds(folder: Path, *, num_images: int = 100) -> float:
    """Processor time of looking at one image, whatever else the machine does meanwhile."""
    paths = sorted(folder.iterdir())[: num_images + 1]
    inspect_photo(paths[0])  # imports
    start = time.process_time()
    for path in paths[1:]:
        inspect_photo(path)
    return (time.process_time() - start) / len(paths[1:])


def measure(file: Path, workers: int) -> dict[str, float]:
    """Seconds of each step."""
    seconds: dict[str, float] = {}
    findings = Findings()

    def lap(step: str, since: float) -> float:
        now = time.perf_counter()
        seconds[step] = now - since
        return now

    at = time.perf_counter()
    found = read_record_set(file, "cot", None)
    report_records(found, findings, area="records")
    at = lap("records", at)
    town_distances_km([])
    at = lap("table of towns (once)", at)
    report_coordinates(found.records, findings, area="coordinates")
    at = lap("coordinates", at)
    report_answers(found.records, findings)
    at = lap("answers", at)
    photos = inspect_photos([r.image_path for r in found.records], workers=workers)
    report_photos(photos, findings, area="images")
    at = lap("images", at)
    facts = list(photos.values())
    report_duplicates(facts, findings, area="duplicates", workers=workers)
    lap("looks compared", at)
    if any(one.error for one in facts):
        sys.exit("an image of the benchmark did not decode")
    return seconds


def extrapolate(seconds: dict[str, float], n: int) -> float:
    """Seconds for the full number: all grows with n, the comparison of looks with its square."""
    share = FULL / n
    return sum(
        value * (share**2 if "looks" in step else 1 if "once" in step else share)
        for step, value in seconds.items()
    )


if __name__ == "__main__":
    main()
