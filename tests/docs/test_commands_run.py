"""Cheap commands of the pages, run whole: in this process, on the sample world and a tiny model."""

import json
import shutil
from pathlib import Path

import pytest

from tests.command_line import run_gre
from tests.docs.commands import ROOT, read_blocks


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """Run `gre` with these words; give exit code and what it printed."""
    code, out, err = run_gre(capsys, *words)
    assert "Traceback" not in err
    return code, out


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_score_and_parse(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One hit at home, one miss by half the globe, one unreadable: 1 of 3 at every radius."""
    (here / "truth.csv").write_text("id,lat,lon\na,10,20\nb,0,0\nc,5,5\n")
    (here / "predictions.csv").write_text("id,lat,lon\na,10,20\nb,0,180\nc,,\n")
    words = ("score", "predictions.csv", "--truth", "truth.csv", "--test", "lt", "--json")
    code, out = run(capsys, *words)
    scored = json.loads(out)
    assert code == 0
    assert (scored["n"], scored["n_readable"], scored["hits"]["2500"]) == (3, 2, 1)
    (here / "answers.jsonl").write_text('{"id": "a", "text": "<answer> 48.85, 2.35 </answer>"}\n')
    code, out = run(capsys, "parse", "answers.jsonl")
    assert code == 0
    assert json.loads(out) == {"id": "a", "lat": 48.85, "lon": 2.35, "status": "ok", "reason": None}


@pytest.mark.slow
def test_from_a_photo_to_a_report(
    sample_world: Path, tiny_model: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """check, predict, rate-seeds, evaluate, judge and report, in the order of the README."""
    dataset, bench = sample_world / "dataset", sample_world / "bench" / "test"
    shutil.copytree(ROOT / "configs", here / "configs")
    cot = dataset / "gre_cot" / "gre_cot.json"
    told = ("--model_name_or_path", tiny_model, "--data_path", cot, "--heldout_limit", 4)
    held = ("--heldout_path", sample_world / "bench" / "val" / "greval_bench.json")
    config = ("--config", "configs/tiny/stage1_sft.yaml")
    code, out = run(capsys, "check", *config, *told, *held, "--json", "--workers", 1)
    assert code == 0, out
    assert json.loads(out)["findings"]
    photo = sorted((bench / "imgs").iterdir())[0]
    code, out = run(
        capsys, "predict", photo, "--model", tiny_model, "--max-new-tokens", 8, "--json"
    )
    assert code in {0, 3}
    assert json.loads(out.splitlines()[0])
    seeds = dataset / "gre_seed" / "gre_seed.jsonl"
    short = ("--samples", 2, "--limit", 2, "--max-new-tokens", 8)
    words = ("--data", seeds, "--model", tiny_model, "--out", "rates.jsonl")
    assert run(capsys, "rate-seeds", *words, *short)[0] == 0
    assert len(Path("rates.jsonl").read_text().splitlines()) == 2
    words = ("--benchmark", "greval_bench", "--data", bench, "--model", "constant:48.8566,2.3522")
    assert run(capsys, "evaluate", *words, "--out", "runs/constant")[0] == 0
    assert run(capsys, "judge", "runs/constant", "--data", bench)[0] == 0
    code, _ = run(capsys, "report", "runs/constant", "--out", "report.html", "--tables", "tables")
    assert code == 0
    assert "<svg" in Path("report.html").read_text(encoding="utf-8")
    assert list(Path("tables").glob("*.csv"))


@pytest.mark.slow
def test_the_python_of_the_readme(
    sample_world: Path, tiny_model: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its first block, with a photo of the sample world and the tiny model in their places."""
    block = read_blocks("README.md", ("python",))[0]
    photo = sorted((sample_world / "bench" / "test" / "imgs").iterdir())[0]
    assert 'GeoLocalizer("work/stage3")' in block
    assert "photo.jpg" in block
    shutil.copy(photo, here / "photo.jpg")
    exec(compile(block.replace("work/stage3", str(tiny_model)), "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()
