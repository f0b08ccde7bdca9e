"""`benchmark/eval.py` and `scripts/eval_bench/eval_greval_bench.sh`, run as a user does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gre.evaluation.cot.items import References

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts/eval_bench/eval_greval_bench.sh"


def run(*words: object, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run in a shell in which this test's Python is active."""
    python = Path(sys.executable).parent
    place = {"PATH": f"{python}:{os.environ['PATH']}", "VIRTUAL_ENV": str(python.parent)}
    return subprocess.run(
        list(map(str, words)),
        env={**os.environ, **place, "PYTHONPATH": str(ROOT), **changes},
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture
def answers(tmp_path: Path, references: References) -> Path:
    """A predictions file of gold chains, each answered with its true place."""
    path = tmp_path / "answers.jsonl"
    lines = [
        {
            "id": r.id,
            "text": f"<think> {' // '.join(r.key_steps)} </think>"
            f" <answer> {r.truth.lat}, {r.truth.lon} </answer>",
        }
        for r in references.by_id.values()
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_help_and_a_missing_model() -> None:
    shown = run("bash", SCRIPT, "--help")
    assert shown.returncode == 0
    assert "Example: bash scripts/eval_bench/eval_greval_bench.sh" in shown.stdout
    refused = run("bash", SCRIPT, "--limit", 3)
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "eval_greval_bench.sh: no MODEL: name a folder or hub id; see --help"
    ]
    assert run(sys.executable, ROOT / "benchmark/eval.py").returncode == 2


@pytest.mark.slow
def test_evaluated_and_judged(tmp_path: Path, bench: Path, answers: Path) -> None:
    out = tmp_path / "run"
    words = ("bash", SCRIPT, f"file:{answers}", "--data", bench, "--out", out, "--limit", 4)
    dry = run(*words, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert not out.exists()
    done = run(*words, "--", "--no-no-image")
    assert done.returncode == 0, done.stderr
    located = json.loads((out / "summary.json").read_text())
    assert located["n"] == 4
    assert located["accuracy"]["1"] == 100.0
    judged = json.loads((out / "cot_summary.json").read_text())
    assert judged["n"] == 4
    assert judged["parts"]["f1"]["mean"] == 100.0
    judge = (sys.executable, ROOT / "benchmark/eval.py", "--run", out, "--data", bench)
    fewer = run(*judge, "--limit", 2)
    assert fewer.returncode == 2
    assert "is of 4 samples and would be replaced by one of 2" in fewer.stderr
    (out / "cot_summary.json").unlink()
    again = run(*judge, "--limit", 2)
    assert again.returncode == 0, again.stderr
    assert json.loads((out / "cot_summary.json").read_text())["n"] == 2


@pytest.mark.slow
def test_a_bad_judge_is_refused_after_the_answers_are_kept(
    tmp_path: Path, bench: Path, answers: Path
) -> None:
    out = tmp_path / "run"
    words = ("bash", SCRIPT, f"file:{answers}", "--data", bench, "--out", out)
    done = run(*words, "--", "--judge", "nobody")
    assert done.returncode == 2
    assert "judge must be embedded or openai:MODEL, got 'nobody'" in done.stderr
    assert json.loads((out / "summary.json").read_text())["n"] == 10


@pytest.mark.slow
def test_a_bad_model_ends_it_before_the_judge(tmp_path: Path, bench: Path) -> None:
    words = ("bash", SCRIPT, "--model=/no/model", "--data", bench, "--out", tmp_path / "run")
    done = run(*words)
    assert done.returncode == 2
    assert "model /no/model: no such folder" in done.stderr
    assert not (tmp_path / "run").exists()
