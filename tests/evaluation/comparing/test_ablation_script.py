"""`scripts/ablation.sh`: trained seeds are kept, the base is asked once, a table ends it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
STAGES = ("stage1", "stage2", "stage3_from_ci", "stage3")


@pytest.mark.slow
def test_trained_seeds_are_evaluated_and_tabled(
    tmp_path: Path, sample_world: Path, tiny_model: Path
) -> None:
    out = tmp_path / "out"
    for stage in STAGES:
        run = out / "seed-5" / stage
        run.mkdir(parents=True)
        for file in tiny_model.iterdir():
            (run / file.name).symlink_to(file)
        (run / "complete.json").write_text('{"step": 1}')
    done = subprocess.run(
        [
            *("bash", str(ROOT / "scripts/ablation.sh"), str(tiny_model), "--out", str(out)),
            *("--seeds", "5", "--bench", str(sample_world / "bench/test")),
            *("--eval", "--limit 2 --max-new-tokens 2 --no-no-image"),
        ],
        env={**os.environ, "VIRTUAL_ENV": sys.prefix},
        capture_output=True,
        text=True,
        check=False,
        timeout=550,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("already trained") == len(STAGES)
    assert "seed-5" in (out / "table.json").read_text()
    rows = [row for row in (out / "table.md").read_text().splitlines() if row.startswith("| ")]
    for model in ("base", "CI", "CI + I", "CI + II", "CI + I + II"):
        found = next(row for row in rows if row.startswith(f"| {model} |"))
        assert found.count("not run") == 1, found  # judging, which was not asked for
    assert (out / "seed-5/eval/base").resolve() == out / "base/eval/base"
