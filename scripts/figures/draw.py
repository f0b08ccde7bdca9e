#!/usr/bin/env python3
"""Draw the figures of the README and the docs as SVG files. Needs nothing but the package.

Example: python scripts/figures/draw.py                   # all of them, into assets/
Example: python scripts/figures/draw.py logo results --out /tmp/figures
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import bench_results
import dataset
import greval
import indicators
import logo
import model
import results
from svg import Sheet

ROOT = Path(__file__).resolve().parents[2]
FIGURES: Mapping[str, Callable[[], Sheet]] = {
    "logo": logo.draw,
    "dataset": dataset.draw,
    "model": model.draw,
    "indicators": indicators.draw,
    "benchmark": greval.draw,
    "results": results.draw,
    "bench_results": bench_results.draw,
}
"""Counterparts of the seven figures of the upstream README, in its order."""


def main() -> int:
    """Parse the command line, draw, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FIGURES)}")
    parser.add_argument("--out", type=Path, default=ROOT / "assets", help="folder (default assets)")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(FIGURES))
    if unknown:
        print(f"no figure {unknown[0]!r}; choose from {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or FIGURES:
        path = options.out / f"{name}.svg"
        path.write_text(FIGURES[name]().render(), encoding="utf-8")
        print(f"{path}: {path.stat().st_size / 1000:,.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
