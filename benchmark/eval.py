#!/usr/bin/env python
"""GREval-Bench: where a model says that photos were taken, and how well it reasons.

Evaluate a model, then judge its reasoning; options before -- go to `gre evaluate`, after it to
`gre judge`:

    python benchmark/eval.py --model outputs/stage3 --data benchmark/bench_data
    python benchmark/eval.py --model outputs/stage3 --limit 100 -- --judge openai:my-model \
        --base-url http://127.0.0.1:8000/v1

Judge the reasoning of a finished run; all other options go to `gre judge`:

    python benchmark/eval.py --run work/eval/greval_bench/stage3 --validate

Whatever is finished is kept: give the command again to go on. Exit code: 0 complete, 3 with samples
that could not be asked or judged, 2 bad input, 1 anything else.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = (ROOT / "benchmark/bench_data", ROOT / "eval/eval_data/greval_bench")
"""Where GREval-Bench may lie: as training.md lays it out, or beside the other sets."""

RUNS = ROOT / "work/eval/greval_bench"
COMPLETE, FAILED_SAMPLES = 0, 3


def main(words: Sequence[str]) -> int:
    """Run what the words ask for; give the exit code."""
    at = words.index("--") if "--" in words else len(words)
    judge_words = list(words[at + 1 :])
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", help="folder, hub id or another kind of model of gre evaluate")
    what.add_argument("--run", type=Path, help="run folder of gre evaluate, to be judged alone")
    parser.add_argument("--data", type=Path, default=_default_data(), help="folder of GREval-Bench")
    parser.add_argument(
        "--out", type=Path, help="run folder (default: work/eval/greval_bench/NAME)"
    )
    parser.add_argument("--dry-run", action="store_true", help="check the input, then stop")
    known, others = parser.parse_known_args(list(words[:at]))
    if known.run is not None:
        if known.out is not None:
            parser.error("--out goes with --model; a run is judged in its own folder")
        return _judge(known.run, known.data, [*others, *judge_words], dry_run=known.dry_run)
    out = known.out or RUNS / _name(known.model)
    code = _evaluate(known.model, known.data, out, others, dry_run=known.dry_run)
    # Under torchrun every process evaluates its share; the first one judges.
    is_first = os.environ.get("RANK", "0") == "0"
    if code not in (COMPLETE, FAILED_SAMPLES) or not is_first:
        return code
    if known.dry_run and not (out / "summary.json").is_file():
        return code
    return max(code, _judge(out, known.data, judge_words, dry_run=known.dry_run), key=_gravity)


def _default_data() -> Path:
    return next((folder for folder in DATA if folder.is_dir()), DATA[0])


def _evaluate(model: str, data: Path, out: Path, others: Sequence[str], *, dry_run: bool) -> int:
    words = ["evaluate", "--benchmark", "greval_bench", "--model", model]
    return _gre([*words, "--data", str(data), "--out", str(out), *others], dry_run=dry_run)


def _judge(run: Path, data: Path, others: Sequence[str], *, dry_run: bool) -> int:
    return _gre(["judge", str(run), "--data", str(data), *others], dry_run=dry_run)


def _gre(words: Sequence[str], *, dry_run: bool) -> int:
    more = ["--dry-run"] if dry_run else []
    return subprocess.run([sys.executable, "-m", "gre", *words, *more], check=False).returncode


def _gravity(code: int) -> int:
    """Complete is least, then failed samples, then errors."""
    order = (COMPLETE, FAILED_SAMPLES)
    return order.index(code) if code in order else len(order)


def _name(model: str) -> str:
    """A folder's name for a model: the last part of its path, of harmless characters."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", model.rstrip("/").rsplit("/", 1)[-1]) or "model"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
