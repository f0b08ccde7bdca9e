"""The scripts of the benchmarks: what they pass on, what they refuse, what their help says."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETS = ("im2gps3k", "gws15k", "google_streetview")


@pytest.fixture
def run(tmp_path):
    """Run a script in an environment whose python prints its arguments."""
    fake = tmp_path / "env"
    (fake / "lib/python3.11/site-packages/gre_suite-0.dist-info").mkdir(parents=True)
    (fake / "bin").mkdir()
    python = fake / "bin/python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit ${FAKE_CODE:-0}\n')
    python.chmod(0o755)

    def call(name: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(ROOT / f"scripts/eval/eval_{name}.sh"), *words],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "VIRTUAL_ENV": str(fake), **variables},
        )

    return call


@pytest.mark.parametrize("name", SETS)
def test_defaults(run, name):
    done = run(name, "outputs/stage 3/")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        *("-m", "gre", "evaluate", "--benchmark", name),
        *("--data", f"{ROOT}/eval/eval_data/{name}", "--model", "outputs/stage 3/"),
        *("--out", str(ROOT / "work" / "eval" / name / "stage_3")),
    ]


def test_everything_else_goes_to_gre_evaluate(run):
    words = ["--limit", "5", "--dry-run", "--radii", "5,100", "--processes=2"]
    done = run("gws15k", "org/model", "--data=/d a", *words, "--out", "o")
    given = done.stdout.splitlines()
    assert given[given.index("--data") + 1] == "/d a"
    assert given[given.index("--out") + 1] == "o"
    assert given[-len(words) :] == words


def test_the_model_may_be_an_option_and_a_kind(run):
    given = run("im2gps3k", "--model", "constant:48.8566,2.3522").stdout.splitlines()
    assert given[given.index("--model") + 1] == "constant:48.8566,2.3522"
    assert given[-1].endswith("/im2gps3k/constant_48.8566_2.3522")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "no MODEL"),
        (["m", "--data"], "--data needs a value"),
        (["m", "--out="], "--out needs a value"),
        (["m", "--benchmark", "folder"], "--benchmark is im2gps3k here"),
    ],
)
def test_bad_arguments_are_one_line(run, words, says):
    done = run("im2gps3k", *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_the_exit_code_is_that_of_gre(run):
    assert run("im2gps3k", "m", FAKE_CODE="3").returncode == 3


@pytest.mark.parametrize("name", SETS)
def test_help_shows_an_example(run, name):
    done = run(name, "--help")
    assert done.returncode == 0
    assert f"Example: bash scripts/eval/eval_{name}.sh" in done.stdout
    assert "set -euo" not in done.stdout
