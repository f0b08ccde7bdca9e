"""Write the rows that the lmms-eval tasks read, from the benchmark folders of `eval/eval.md`.

python benchmark/lmms_eval/prepare.py im2gps3k eval/eval_data/im2gps3k
"""

import argparse
import json
import sys
from pathlib import Path

from gre.errors import InputError
from gre.evaluation.benchmarks.loading import load_benchmark

FOLDER = Path(__file__).resolve().parent / "rows"
SETS = ("im2gps3k", "gws15k", "google_streetview", "greval_bench")


def write_rows(name: str, data: Path, out: Path = FOLDER) -> Path:
    """Write id, photo and true point of each usable sample, one JSON object a line."""
    benchmark = load_benchmark(name, data)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.jsonl"
    lines = [
        json.dumps(
            {
                "id": sample.id,
                "image": str(sample.image_path.resolve()),
                "gt_lat": sample.truth.lat,
                "gt_lon": sample.truth.lon,
            }
        )
        for sample in benchmark.samples
        if sample.fault is None
    ]
    aside = path.with_suffix(".partial")
    aside.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    aside.replace(path)
    return path


def main() -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("benchmark", choices=SETS)
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    try:
        path = write_rows(given.benchmark, given.data)
    except InputError as error:
        sys.stderr.write(f"prepare.py: {error}\n")
        return 2
    sys.stdout.write(f"written: {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
