#!/usr/bin/env python3
"""Time how JPEGs become model inputs: in the loader's workers, and in the training process.

Stock decodes each photo with Pillow and calls the model's image processor on it. Ours is the
loader of a training run: workers decode (with `draft_decoding` at a reduced scale), scale and cut;
the training process turns bytes into the model's numbers. A further row decodes whole, and one
reads from a filled cache. Differences are those of the scaled pictures, in grey levels of 255.

Example: python scripts/bench/images.py --json
"""

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch.utils.data import DataLoader, Dataset
from transformers import Qwen2VLImageProcessor

from gre.data.image_cache import ImageCache
from gre.models.prepared import PhotoPreparer, PreparedImages

SIZE = (4000, 3000)
BUDGET_PIXELS = 1_003_520
QUALITY = 90
NUM_SHAPES = 200
GRAIN_LEVELS = 6.0
"""Standard deviation of the noise in the drawn photos, grey levels."""

NUM_COMPARED = 8
STOCK, REDUCED, WHOLE, CACHED = "stock", "ours, reduced", "ours, whole", "ours, cached"
MAX_MEAN_LEVELS, MAX_SHARE_OVER = 1.0, 1e-3
NOTICED_LEVELS = 16
"""The difference of reduced decoding is held to: under one level in the mean, and under one value
in a thousand by more than 16 levels."""


class Spent(NamedTuple):
    """Seconds of one way through all photos."""

    wall: float
    cpu: float


class Photos(Dataset[Image.Image]):
    """Stand-ins of photos, made when they are fetched."""

    def __init__(self, paths: Sequence[Path], preparer: PhotoPreparer) -> None:
        self.paths = paths
        self.preparer = preparer

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Image.Image:
        return self.preparer(self.paths[index])


def write_photos(folder: Path, num: int, size: tuple[int, int]) -> list[Path]:
    """Draw different JPEGs with slow changes, sharp edges and grain."""
    rng = np.random.default_rng(42)
    width, height = size
    grain = rng.normal(0, GRAIN_LEVELS, (height, width, 3)).astype(np.int16)
    paths = []
    for number in range(num):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        image = coarse.resize(size, Image.Resampling.BICUBIC)
        draw = ImageDraw.Draw(image)
        for _ in range(NUM_SHAPES):
            corners = rng.integers(0, (width, height), (3, 2))
            shape = [tuple(corner) for corner in corners[0] + (corners - corners[0]) // 8]
            draw.polygon(shape, fill=tuple(rng.integers(0, 256, 3).tolist()))
        noise = np.roll(grain, int(rng.integers(height)), axis=0)
        pixels = np.clip(np.asarray(image, dtype=np.int16) + noise, 0, 255).astype(np.uint8)
        path = folder / f"{number:04d}.jpg"
        Image.fromarray(pixels).save(path, quality=QUALITY)
        paths.append(path)
    return paths


def run_stock(paths: Sequence[Path], processor: Qwen2VLImageProcessor) -> None:
    """Decode and process every photo here."""
    for path in paths:
        with Image.open(path) as image:
            processor(images=image.convert("RGB"), return_tensors="pt")


def run_ours(
    paths: Sequence[Path],
    processor: Qwen2VLImageProcessor,
    *,
    workers: int,
    draft: bool,
    cache: ImageCache | None = None,
) -> None:
    """Decode, scale and cut in workers, finish here."""
    preparer = PhotoPreparer(processor, draft=draft, cache=cache)
    loader = DataLoader(
        Photos(paths, preparer), batch_size=None, num_workers=workers, collate_fn=lambda one: one
    )
    finish = PreparedImages(processor)
    for photo in loader:
        finish([photo], return_tensors="pt")


def timed(run: Callable[[], None]) -> Spent:
    """Seconds of a run by the clock, and of processors with those of its ended children."""
    start, before = time.perf_counter(), _cpu_seconds()
    run()
    return Spent(time.perf_counter() - start, _cpu_seconds() - before)


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def differences(paths: Sequence[Path], processor: Qwen2VLImageProcessor) -> dict[str, Any]:
    """How far reduced decoding is from stock in grey levels, and whole decoding in model inputs."""
    reduced, whole = (PhotoPreparer(processor, draft=draft) for draft in (True, False))
    finish = PreparedImages(processor)
    largest, total, over, count, whole_largest = 0, 0.0, 0, 0, 0.0
    for path in paths:
        one, other = reduced.prepare(path), whole.prepare(path)
        assert one.patches is not None
        assert other.patches is not None
        assert one.grid == other.grid
        levels = (one.patches.int() - other.patches.int()).abs()
        largest = max(largest, int(levels.max()))
        total += float(levels.sum())
        over += int((levels > NOTICED_LEVELS).sum())
        count += levels.numel()
        with Image.open(path) as image:
            stock = processor(images=image.convert("RGB"), return_tensors="pt")["pixel_values"]
        whole_largest = max(whole_largest, float((finish.values_of([other]) - stock).abs().max()))
    return {
        "reduced_max_levels": largest,
        "reduced_mean_levels": total / count,
        "reduced_share_over": over / count,
        "whole_max_input": whole_largest,
        "is_within_bound": total / count < MAX_MEAN_LEVELS and over / count < MAX_SHARE_OVER,
    }


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run all ways in turn and report seconds, ratios and differences."""
    size = (options.width, options.width * SIZE[1] // SIZE[0])
    (folder / "photos").mkdir()
    paths = write_photos(folder / "photos", options.photos, size)
    processor = Qwen2VLImageProcessor(
        size={"shortest_edge": 56 * 56, "longest_edge": BUDGET_PIXELS}
    )
    ours = partial(run_ours, paths, processor, workers=options.workers)
    cache = ImageCache(folder / "cache", gib=20)
    ours(draft=True, cache=cache)
    ways: dict[str, Callable[[], None]] = {
        STOCK: partial(run_stock, paths, processor),
        REDUCED: partial(ours, draft=True),
        WHOLE: partial(ours, draft=False),
        CACHED: partial(ours, draft=True, cache=cache),
    }
    run_stock(paths[:1], processor)  # imports
    spent: dict[str, list[Spent]] = {way: [] for way in ways}
    for _ in range(options.repeats):
        for way, run in ways.items():
            spent[way].append(timed(run))
    best = {way: Spent(*map(min, zip(*runs, strict=True))) for way, runs in spent.items()}
    return {
        "seconds": {way: one._asdict() for way, one in best.items()},
        "ratios": {
            "images_per_s": getattr(best[STOCK], options.clock)
            / getattr(best[REDUCED], options.clock),
            "images_per_s_wall": best[STOCK].wall / best[REDUCED].wall,
            "images_per_s_cpu": best[STOCK].cpu / best[REDUCED].cpu,
            "whole_wall": best[STOCK].wall / best[WHOLE].wall,
            "whole_cpu": best[STOCK].cpu / best[WHOLE].cpu,
            "cached_wall": best[STOCK].wall / best[CACHED].wall,
            "cached_cpu": best[STOCK].cpu / best[CACHED].cpu,
        },
        "differences": differences(paths[:NUM_COMPARED], processor),
        "photos": len(paths),
        "megapixels": size[0] * size[1] / 1e6,
        "mean_mb": sum(path.stat().st_size for path in paths) / len(paths) / 1e6,
    }


def print_table(report: dict[str, Any]) -> None:
    """Print what was measured for a reader."""
    print(
        f"{report['photos']} JPEGs of {report['megapixels']:.1f} megapixels,"
        f" {report['mean_mb']:.1f} MB each, to {BUDGET_PIXELS:,} pixels; {report['machine']};"
        f" {report['workers']} workers"
    )
    print(f"{'':<16}{'wall':>10}{'ratio':>8}{'cpu':>10}{'ratio':>8}")
    stock = report["seconds"][STOCK]
    for way, one in report["seconds"].items():
        columns = [f"{one[c]:>8.2f} s{stock[c] / one[c]:>8.2f}" for c in ("wall", "cpu")]
        print(f"{way:<16}{''.join(columns)}")
    found = report["differences"]
    print(
        f"reduced against whole decoding: mean {found['reduced_mean_levels']:.2f}, largest"
        f" {found['reduced_max_levels']} of 255 levels, {found['reduced_share_over']:.1e} of the"
        f" values by more than {NOTICED_LEVELS};"
        f" {'within' if found['is_within_bound'] else 'OUTSIDE'} the bound of"
        f" {MAX_MEAN_LEVELS:g} in the mean and {MAX_SHARE_OVER:g} of the values"
    )
    print(f"whole decoding against stock: {found['whole_max_input']:.1e} in the model's inputs")


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=64, help="how many (default 64)")
    parser.add_argument("--width", type=int, default=SIZE[0], help="pixels (default 4000)")
    parser.add_argument("--workers", type=int, default=2, help="of the loader (default 2)")
    parser.add_argument("--repeats", type=int, default=1, help="runs; the best counts (default 1)")
    parser.add_argument(
        "--clock",
        choices=Spent._fields,
        default="wall",
        help="what images_per_s goes by; cpu: processor seconds of all processes, for a machine"
        " that is not quiet (default wall)",
    )
    parser.add_argument("--json", action="store_true", help="last line: the report as JSON")
    options = parser.parse_args()
    for name in ("photos", "workers", "repeats"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be >= 1, got {getattr(options, name)}")
    if options.width < 56:
        parser.error(f"--width must be >= 56, got {options.width}")
    return options


def main() -> int:
    """Measure, print, and return the exit code: 1 where the pixels differ too much."""
    options = parse_options()
    with tempfile.TemporaryDirectory() as name:
        report = measure(Path(name), options)
    report |= {
        "workers": options.workers,
        "clock": options.clock,
        "machine": f"{os.cpu_count()} CPU cores, {torch.get_num_threads()} threads in the training"
        f" process, {platform.machine()}",
        "versions": {n: version(n) for n in ("torch", "torchvision", "transformers", "pillow")},
    }
    print_table(report)
    if options.json:
        print(json.dumps(report))
    found = report["differences"]
    return 0 if found["is_within_bound"] and found["whole_max_input"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
