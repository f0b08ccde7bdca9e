"""Messages name the options that were given, not the fields that they set."""

import json
from pathlib import Path

import pytest

from tests.command_line import one_line, run_gre

SERVER = ("--base-url", "http://127.0.0.1:1/v1")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["--max-cost-usd", "5"],
            "--max-cost-usd needs the prices of the model: give --input-usd-per-million and"
            " --output-usd-per-million",
        ),
        (["--input-usd-per-million", "2"], "give both --input-usd-per-million and --output-usd"),
        (["--base-url", "ftp://x"], "--base-url: got 'ftp://x', must be http"),
        (["--base-url", "http://me:x@h/v1"], "that --api-key-env names"),  # secret-scan: allow
        (
            ["--input-usd-per-million", "-1", "--output-usd-per-million", "1"],
            "--input-usd-per-million must be >= 0 US dollars, got -1.0",
        ),
    ],
)
@pytest.mark.parametrize("command", ["rationales", "bench"])
def test_curate(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    words: list[str],
    says: str,
) -> None:
    assert says in refusal(tmp_path, capsys, command, words)


def test_an_option_of_rationales_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(tmp_path, capsys, "rationales", ["--timeout-s", "0"])
    assert "--timeout-s must be > 0 seconds, got 0.0" in said


def refusal(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str, words: list[str]
) -> str:
    """The line with which `gre curate` refuses the words."""
    record = {"image": "a.jpg", "instructions": "?", "gt_lat": 1, "gt_lon": 2}
    (folder / "seed.jsonl").write_text(json.dumps(record) + "\n")
    (folder / "a.jpg").touch()
    asked = ("--teacher", "openai:o3", *SERVER, "--out", folder / "out")
    code, _, err = run_gre(capsys, "curate", command, folder / "seed.jsonl", *asked, *words)
    assert code == 2
    return one_line(err)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--judge", "o3"], "--judge must be embedded or openai:MODEL, got 'o3'"),
        (["--judge", "openai:o3"], "--judge openai:o3 needs a server: give --base-url"),
        (["--bert-layers", "1"], "give both --bert-model and --bert-layers"),
        (
            ["--judge", "openai:o3", *SERVER, "--max-cost", "1"],
            "--max-cost 1 needs the model's prices; give --input-price and --output-price",
        ),
        (
            ["--judge", "openai:o3", *SERVER, "--input-price", "1"],
            "--output-price is missing; give both prices of the model, or none",
        ),
    ],
)
def test_judge(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    code, _, err = run_gre(capsys, "judge", tmp_path, "--data", tmp_path, *words)
    assert code == 2
    assert says in one_line(err)


def test_a_settings_file_keeps_its_own_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.yaml").write_text("judge: o3\n")
    words = ("--data", tmp_path, "--config", tmp_path / "c.yaml")
    code, _, err = run_gre(capsys, "judge", tmp_path, *words)
    assert code == 2
    assert "c.yaml: judge must be embedded" in one_line(err)
