"""Time of the near-duplicate search: 100,000 training pictures against 3,000 of a benchmark.

    python scripts/bench/leakage.py [--train 100000] [--samples 3000]

Hashes are random, with every hundredth benchmark picture planted among the training pictures; the
script fails where one is not found. One core is used.
"""

import argparse
import time

import numpy as np

from gre.curation.hashes import NUM_HASHES, THUMBNAIL
from gre.curation.search import Hashes, comparisons, find_matches


def random_hashes(rng: np.random.Generator, count: int) -> Hashes:
    """Hashes as unlike each other as chance makes them."""
    return Hashes(
        rng.integers(0, 2**63, (count, NUM_HASHES), dtype=np.uint64),
        rng.integers(0, 2**63, (count, NUM_HASHES, 4), dtype=np.uint64),
        rng.integers(0, 256, (count, THUMBNAIL, THUMBNAIL), dtype=np.uint8),
    )


def main() -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=3_000)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    train, samples = random_hashes(rng, given.train), random_hashes(rng, given.samples)
    planted = np.arange(0, given.samples, 100)
    train.coarse[planted], train.fine[planted] = samples.coarse[planted], samples.fine[planted]
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    found = find_matches(train, samples)
    wall_s, cpu_s = time.perf_counter() - started_s, time.process_time() - started_cpu_s
    if [(match.left, match.right) for match in found] != [(i, i) for i in planted.tolist()]:
        raise SystemExit("the planted pictures were not found")
    print(
        f"{given.train:,} x {given.samples:,} pictures, {len(comparisons())} comparisons each:"
        f" {wall_s:.1f} s ({cpu_s:.1f} s of one core); {len(found)} planted, all found"
    )


if __name__ == "__main__":
    main()
