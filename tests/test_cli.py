"""The door: what it prints, and the exit code of every bad input."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import call_gre, one_line, run_gre


@pytest.mark.parametrize(
    "command",
    [
        *("predict", "evaluate", "score", "parse", "report", "compare", "ablation"),
        *("sample-world", "tiny-model", "push", "pull", "env"),
    ],
)
def test_every_command_shows_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = run_gre(capsys, command, "--help")
    assert code == 0
    assert f"gre {command}" in " ".join(out.split()) or f"| gre {command}" in out


def test_train_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run_gre(capsys, "train", "sft", "--help")
    assert code == 0
    assert "gre train sft --config" in " ".join(out.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scor"], "No such command"),
        (["score"], "Missing argument"),
        (["predict", "/no/photo.jpg"], "/no/photo.jpg: no such file"),
        (["evaluate", "--limit", "x"], "Invalid value for '--limit'"),
        (["score", "/no/file.csv"], "/no/file.csv"),
        (["score", "/no/file.csv", "--unreadable", "maybe"], "unreadable: got 'maybe'"),
        (["score", "/no/file.csv", "--test", "<"], "test: got '<'"),
        (["score", "/no/file.csv", "--distance", "manhattan"], "distance: got 'manhattan'"),
        (["parse", "/no/file.jsonl"], "/no/file.jsonl: no such file"),
        (["parse", "/tmp"], "/tmp: is a folder; name a JSONL file of id and text"),
        (["report", "/no/run"], "/no/run"),
        (["compare", "/no/run", "/no/other"], "/no/run/summary.json: no such file"),
        (["compare", "/no/run", "/no/other", "--radii", "far"], "--radii: got 'far'"),
        (["ablation", "/no/runs", "--out", "/no/table.md"], "/no/runs: no such folder"),
        (["train", "sft", "--config", "/no/c.yaml"], "config /no/c.yaml: no such file"),
        (["sample-world", "/tmp", "--size", "huge"], "--size: got 'huge'"),
        (["tiny-model", "/no/where", "--shape", "9b"], "shape '9b' is unknown"),
        (["tiny-model", "/proc/x"], "/proc takes no files"),
        (["tiny-model", f"{__file__}/x"], "is no folder; name another place"),
        (["sample-world", f"{__file__}/x"], "is no folder; name another place"),
        (["rollouts", "/no/run", "--out", "/proc/x"], "--out /proc/x: /proc takes no files"),
        (["report", "/no/run", "--out", f"{__file__}/x"], "is no folder; name another place"),
        (
            ["rate-seeds", "--data", "d", "--model", "m", "--out", "/proc/x"],
            "--out /proc/x: /proc takes no files",
        ),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    code, _, err = run_gre(capsys, *words)
    assert code == 2
    assert message in one_line(err)


def test_predict_without_a_model_says_where_to_get_one(
    capsys: pytest.CaptureFixture[str],
    sample_world: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run_gre(capsys, "predict", sample_world / "bench/test/imgs")
    assert code == 2
    assert "scripts/quickstart.sh" in one_line(err)


def test_predict_counts_what_it_could_not_read(
    capsys: pytest.CaptureFixture[str], sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    photo = sorted((sample_world / "bench/test/imgs").iterdir())[0]
    (tmp_path / "a.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "b.jpg").write_bytes(b"not a picture")
    code, out, err = run_gre(
        capsys,
        *("predict", tmp_path, "--model", tiny_model, "--json", "--max-new-tokens", 4),
        *("--map", tmp_path / "map.html"),
    )
    assert code == 3
    rows = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert [row["status"] for row in rows] == ["failed", "error"]
    assert rows[0]["reason"] in ("no_answer", "refusal", "one_number")
    assert rows[1]["reason"] == "not_asked"
    assert rows[1]["detail"].startswith(f"{tmp_path}/b.jpg: ")
    assert "photos have no guess" in err
    assert "<html" in (tmp_path / "map.html").read_text()


def test_coarse_tells_no_point(
    capsys: pytest.CaptureFixture[str], sample_world: Path, tiny_model: Path
) -> None:
    photo = sorted((sample_world / "bench/test/imgs").iterdir())[0]
    _, out, _ = run_gre(
        capsys,
        *("predict", photo, "--model", tiny_model, "--coarse", "--json", "--max-new-tokens", 4),
    )
    row = json.loads(next(line for line in out.splitlines() if line.startswith("{")))
    assert set(row) == {"photo", "status", "reason", "country", "region"}


def test_parse_reads_lines_and_counts_nothing_away(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = tmp_path / "texts.jsonl"
    texts = ["<answer> 40.7, -74.0 </answer>", "no idea", "40.7, -74.0"]
    source.write_text(
        "".join(json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(texts))
    )
    code, out, _ = run_gre(capsys, "parse", source)
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["status"] for row in rows] == ["ok", "failed", "ok"]
    assert rows[0] == {"id": "0", "lat": 40.7, "lon": -74.0, "status": "ok", "reason": None}
    code, out, _ = run_gre(capsys, "parse", source, "--strict")
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["ok", "failed", "failed"]


def test_parse_is_as_strict_with_stdin_as_with_a_file(tmp_path: Path) -> None:
    latin = '{"id": "a", "text": "40.7, -74.0, S\u00e3o"}\n'.encode("latin-1")
    (tmp_path / "latin.jsonl").write_bytes(latin)
    environment = {**os.environ, "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = [sys.executable, "-m", "gre", "parse"]
    for words in ([], [str(tmp_path / "latin.jsonl")]):
        done = subprocess.run(
            [*command, *words], input=latin, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 2
        assert b"not UTF-8 text" in done.stderr
        assert done.stdout == b""


def test_evaluate_ends_with_3_where_a_sample_failed(
    capsys: pytest.CaptureFixture[str], sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    import shutil

    data = tmp_path / "test"
    shutil.copytree(sample_world / "bench/test", data)
    words = ["evaluate", "--benchmark", "greval_bench", "--data", data, "--model", tiny_model]
    options = ["--max-new-tokens", 4, "--no-no-image"]
    code, out, _ = run_gre(capsys, *words, *options, "--out", tmp_path / "whole")
    assert code == 0
    assert "2500 km" in " ".join(out.split())
    sorted((data / "imgs").iterdir())[0].write_bytes(b"")
    code, _, err = run_gre(capsys, *words, *options, "--out", tmp_path / "broken")
    assert code == 3
    assert "1 of 10 samples could not be asked" in err
    code, _, _ = run_gre(capsys, "report", tmp_path / "whole", "--out", tmp_path / "report.html")
    assert code == 0
    assert (tmp_path / "report.html").exists()


def test_judges_are_evaluated_compared_and_tabled(
    capsys: pytest.CaptureFixture[str], sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    import shutil

    data = sample_world / "bench/judge_val"
    words = ["evaluate", "--benchmark", "judge", "--model", tiny_model, "--max-new-tokens", 4]
    code, out, _ = run_gre(capsys, *words, "--data", data, "--out", tmp_path / "x", "--dry-run")
    assert (code, out.startswith("ok: 6 samples")) == (0, True)
    assert not (tmp_path / "x").exists()
    runs = tmp_path / "runs/judge"
    code, out, _ = run_gre(capsys, *words, "--data", data, "--out", runs / "ci")
    assert code == 0
    assert "judge accuracy" in out
    assert "same model, no image" in out
    code, _, err = run_gre(capsys, *words, "--data", data, "--out", runs / "ci", "--test", "lt")
    assert code == 2
    assert "are about places" in one_line(err)
    broken = tmp_path / "data"
    shutil.copytree(data, broken)
    sorted((broken / "imgs").iterdir())[0].write_bytes(b"")
    code, _, err = run_gre(capsys, *words, "--data", broken, "--out", runs / "ci_i")
    assert code == 3
    assert "1 of 6 samples could not be asked" in err
    code, out, _ = run_gre(capsys, "compare", runs / "ci", runs / "ci_i", "--json")
    assert code == 0
    assert json.loads(out)["n_left_out"] == 1
    code, out, _ = run_gre(capsys, "compare", runs / "ci", runs / "ci_i")
    assert "on True items" in out
    table, numbers = tmp_path / "new/table.md", tmp_path / "new/table.json"
    code, out, _ = run_gre(capsys, "ablation", runs.parent, "--out", table, "--json", numbers)
    assert code == 0
    assert "not run" in out
    assert table.read_text().startswith("# Ablation")
    assert json.loads(numbers.read_text())["seeds"] == ["single run"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b'[{"image": "a.jpg", ', "ends inside the record"),
        (b"\xff\xfe[\x00]\x00", "UTF-8"),
        (b"[1]", "record 0"),
    ],
)
def test_damaged_records_stop_a_stage_in_one_line(
    capsys: pytest.CaptureFixture[str],
    tiny_model: Path,
    tmp_path: Path,
    content: bytes,
    message: str,
) -> None:
    records = tmp_path / "gre_cot.json"
    records.write_bytes(content)
    config = tmp_path / "c.yaml"
    config.write_text(
        f"model_name_or_path: {tiny_model}\ndata_path: {records}\noutput_dir: {tmp_path}/out\n"
    )
    code, _, err = run_gre(capsys, "train", "sft", "--config", config, "--dry-run")
    assert code == 2
    line = one_line(err)
    assert "gre_cot.json" in line
    assert message in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("module", ["torch", "datasets.arrow"])
def test_a_missing_library_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    def fail() -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr("gre.environment.describe", fail)
    code, _, err = run_gre(capsys, "env")
    assert code == 2
    assert f"{module} is not installed" in one_line(err)


def test_a_missing_module_of_ours_is_a_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ModuleNotFoundError("No module named 'gre.gone'", name="gre.gone")

    monkeypatch.setattr("gre.environment.describe", fail)
    with pytest.raises(ModuleNotFoundError):
        call_gre("env")
