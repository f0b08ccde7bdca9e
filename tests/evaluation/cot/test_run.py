"""`gre judge`: a finished run judged, its files, its exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gre.evaluation.cot.items import References
from tests.command_line import run_gre
from tests.evaluation.cot.fault_server import kind_reply, serve


def rows_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def gold(references: References) -> dict[str, str | None]:
    return {
        r.id: "<think> " + " // ".join(r.key_steps) + " </think> <answer> 1.0, 2.0 </answer>"
        for r in references.by_id.values()
    }


def test_gold_chains_get_full_marks(
    capsys: pytest.CaptureFixture[str], gold_run: Path, bench: Path, references: References
) -> None:
    code, out, err = run_gre(capsys, "judge", gold_run, "--data", bench)
    assert code == 0, err
    assert "judge: embedded" in out
    assert "needs RefCLIPScore, BERTScore" in " ".join(out.replace("│", " ").split())
    summary = json.loads((gold_run / "cot_summary.json").read_text())
    assert summary["n"] == summary["n_scored"] == len(references.by_id)
    for name in ("recall", "precision", "f1", "chain_score"):
        assert summary["parts"][name]["mean"] == 100.0
    assert summary["parts"]["indicator_recall"]["mean"] == 100.0
    assert summary["parts"]["ref_clip_score"]["undefined"] == {"not_computed": 10}
    assert summary["cot_quality"] is None
    assert "our reading" in summary["cot_quality_reading"]
    assert summary["bounds"]["no_image"]["parts"]["recall"]["mean"] < 60.0
    assert summary["judge"]["name"] == "embedded"
    assert summary["data_sha256"] == references.data_sha256
    rows = rows_of(gold_run / "cot_quality.jsonl")
    assert [row["id"] for row in rows] == list(references.by_id)
    assert {step["label"] for step in rows[0]["steps"]} == {"match"}  # type: ignore[attr-defined]
    kept = rows_of(gold_run / "cot_references.jsonl")
    assert tuple(kept[0]["key_steps"]) == references.by_id[str(kept[0]["id"])].key_steps  # type: ignore[arg-type]


def test_what_cannot_be_judged_is_counted_and_is_no_zero(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    bench: Path,
    references: References,
    run_writer: Callable[..., Path],
) -> None:
    texts = gold(references)
    first, second = list(texts)[:2]
    texts |= {first: None, second: "<answer> 1.0, 2.0 </answer>"}
    folder = run_writer(tmp_path / "run", references, texts)
    code, out, err = run_gre(capsys, "judge", folder, "--data", bench)
    assert code == 3
    assert "1 of 10 samples could not be judged" in err
    assert "not_asked 1 (unscored)" in out
    assert "empty_chain 1" in out
    part = json.loads((folder / "cot_summary.json").read_text())["parts"]["recall"]
    assert (part["mean"], part["n"]) == (100.0, 8)
    assert part["unscored"] == {"not_asked": 1}
    assert part["undefined"] == {"empty_chain": 1}
    rows = rows_of(folder / "cot_quality.jsonl")
    assert [row["status"] for row in rows[:3]] == ["unscored", "undefined", "scored"]
    assert rows[0]["detail"] == "the photo is damaged"


def test_each_scene_and_indicator_has_its_own_numbers_and_counts(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    bench: Path,
    references: References,
    run_writer: Callable[..., Path],
) -> None:
    """Four photos: gold, gold, not asked, no reasoning; the harbours are 1, 3 and 4."""
    texts = dict(list(gold(references).items())[:4])
    texts |= {list(texts)[2]: None, list(texts)[3]: "<answer> 1.0, 2.0 </answer>"}
    folder = run_writer(tmp_path / "run", references, texts)
    path = folder / "predictions.jsonl"
    rows = rows_of(path)
    scenes = ("harbour", "[bold]road", "harbour", "harbour")
    kinds = (["explicit: language", "climate"], ["language"], ["climate"], [])
    for row, scene, indicators in zip(rows, scenes, kinds, strict=True):
        row |= {"groups": {"scene": scene, "country": "France"}, "indicators": indicators}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, err = run_gre(capsys, "judge", folder, "--data", bench)
    assert code == 3, err
    groups = json.loads((folder / "cot_summary.json").read_text())["groups"]
    assert list(groups) == ["scene", "indicator", "indicator type"]  # not by country
    names = ("n", "n_scored", "n_undefined", "n_unscored")
    counts = {
        (name, value): tuple(found[key] for key in names)
        for name, values in groups.items()
        for value, found in values.items()
    }
    assert counts == {
        ("scene", "harbour"): (3, 1, 1, 1),
        ("scene", "[bold]road"): (1, 1, 0, 0),
        ("indicator", "language"): (2, 2, 0, 0),
        ("indicator", "climate"): (2, 1, 0, 1),  # a photo with two kinds is in both
        ("indicator type", "explicit"): (2, 2, 0, 0),
        ("indicator type", "implicit"): (2, 1, 0, 1),
    }
    harbour = groups["scene"]["harbour"]["parts"]["recall"]
    assert (harbour["mean"], harbour["n"]) == (100.0, 1)
    assert (harbour["undefined"], harbour["unscored"]) == ({"empty_chain": 1}, {"not_asked": 1})
    line = next(line for line in out.splitlines() if "scene: harbour" in line)
    cells = [cell.strip() for cell in line.replace("┃", "│").split("│")]
    assert cells[1:6] == ["scene: harbour", "3", "1", "1", "100.0 (n 1)"]
    assert "scene: [bold]road" in out


def test_limit_and_no_image(
    capsys: pytest.CaptureFixture[str], gold_run: Path, bench: Path
) -> None:
    code, _, _ = run_gre(capsys, "judge", gold_run, "--data", bench, "--limit", 3, "--no-no-image")
    assert code == 0
    summary = json.loads((gold_run / "cot_summary.json").read_text())
    assert summary["n"] == 3
    assert summary["bounds"] == {}
    assert not (gold_run / "cot_no_image.jsonl").exists()


def test_dry_run_asks_nobody_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], gold_run: Path, bench: Path
) -> None:
    before = sorted(path.name for path in gold_run.iterdir())
    words = ("--judge", "openai:m", "--base-url", "http://127.0.0.1:9/v1", "--dry-run")
    prices = ("--input-price", 2, "--output-price", 8)
    code, out, err = run_gre(capsys, "judge", gold_run, "--data", bench, *words, *prices)
    assert code == 0, err
    assert "20 answers to judge" in out
    assert "20 chains: about" in err
    assert "US dollars" in err
    assert sorted(path.name for path in gold_run.iterdir()) == before


def test_a_faulty_server_leaves_samples_unscored_by_reason(
    capsys: pytest.CaptureFixture[str], gold_run: Path, bench: Path, references: References
) -> None:
    ids = list(references.by_id)
    marks = {name: references.by_id[name].key_steps[-1] for name in ids[:3]}
    faults: dict[str, str | int] = {ids[0]: "garbage", ids[1]: '{"verdicts": [', ids[2]: 418}

    def answer(prompt: str, _: int) -> str | int:
        if prompt.startswith("For every key step"):
            for name, mark in marks.items():
                if f": {mark}" in prompt:
                    return faults[name]
        return kind_reply(prompt)

    with serve(answer) as server:
        words = ["judge", gold_run, "--data", bench, "--no-no-image"]
        chat = ["--judge", "openai:m", "--base-url", server.base_url]
        code, _, err = run_gre(capsys, *words, *chat)
        assert code == 3, err
        part = json.loads((gold_run / "cot_summary.json").read_text())["parts"]["recall"]
        assert part["unscored"] == {"http_status": 1, "not_json": 2}
        assert (part["mean"], part["n"]) == (100.0, 7)
        calls = len(server.prompts)
        server.answer = lambda prompt, _: kind_reply(prompt)
        code, _, err = run_gre(capsys, *words, *chat)
        assert code == 0, err
        # Asked again is only what failed: each key-step question once.
        assert len(server.prompts) == calls + 3
    assert "replies were kept" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--judge", "gpt"), "judge must be embedded or openai:MODEL, got 'gpt'"),
        (("--judge", "openai:m"), "needs a server: give --base-url"),
        (("--judge", "openai:m", "--base-url", "ftp://x"), "--base-url: got 'ftp://x'"),
        (("--max-cost", "1"), "the embedded judge costs nothing"),
        (
            ("--judge", "openai:m", "--base-url", "http://127.0.0.1:9", "--max-cost", "1"),
            "--max-cost 1 needs the model's prices; give --input-price and --output-price",
        ),
        (
            ("--judge", "openai:m", "--base-url", "http://127.0.0.1:9", "--cache", "/proc/x"),
            "--cache /proc/x: /proc takes no files",
        ),
        (("--clip-model", "/no/clip"), "clip model /no/clip: no such folder"),
        (("--bert-model", "/no/bert"), "(--bert-model and --bert-layers;"),
        (("--bert-model", "/no/bert", "--bert-layers", "2"), "bert model /no/bert: no such folder"),
        (("--bert-model", "models/b", "--bert-layers", "2"), "bert model models/b: no such folder"),
        (("--clip-model", "models/clip"), "clip model models/clip: no such folder"),
        (("--config", "/no/c.yaml"), "config /no/c.yaml: no such file"),
    ],
)
def test_bad_options_are_one_line(
    capsys: pytest.CaptureFixture[str],
    gold_run: Path,
    bench: Path,
    words: tuple[str, ...],
    message: str,
) -> None:
    code, _, err = run_gre(capsys, "judge", gold_run, "--data", bench, *words)
    lines = [line for line in err.splitlines() if line]
    assert code == 2, err
    assert len(lines) == 1
    assert message in lines[0]
    assert not (gold_run / "cot_summary.json").exists()


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"benchmark": "im2gps3k"}, "holds a run of 'im2gps3k', must be greval_bench"),
        ({"data_sha256": "ab" * 32}, "ran on other data (sha256 abababababababab"),
    ],
)
def test_another_run_is_refused(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    bench: Path,
    references: References,
    run_writer: Callable[..., Path],
    facts: dict[str, str],
    message: str,
) -> None:
    folder = run_writer(tmp_path / "run", references, gold(references), **facts)
    code, _, err = run_gre(capsys, "judge", folder, "--data", bench)
    assert code == 2
    assert message in err


def test_no_run_and_no_data(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, bench: Path
) -> None:
    code, _, err = run_gre(capsys, "judge", tmp_path / "none", "--data", bench)
    assert code == 2
    assert "name a folder that gre evaluate wrote" in err
    code, _, err = run_gre(capsys, "judge", tmp_path, "--data", tmp_path / "none")
    assert code == 2
    assert "no such folder, must hold the data of GREval-Bench; gre pull GREval-Bench" in err


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run_gre(capsys, "judge", "--help")
    assert code == 0
    assert "gre judge runs/stage3 --data" in " ".join(out.split())


def test_fewer_samples_do_not_replace_more(
    capsys: pytest.CaptureFixture[str], gold_run: Path, bench: Path
) -> None:
    words = ("judge", gold_run, "--data", bench)
    summary = gold_run / "cot_summary.json"
    assert run_gre(capsys, *words, "--limit", 2)[0] == 0
    assert json.loads(summary.read_text())["n"] == 2
    assert run_gre(capsys, *words)[0] == 0
    whole = summary.read_bytes()
    for end in ((), ("--dry-run",)):
        code, _, err = run_gre(capsys, *words, "--limit", 2, *end)
        assert code == 2
        assert "is of 10 samples and would be replaced by one of 2; leave --limit out" in err
    assert summary.read_bytes() == whole
    assert (gold_run / "cot_no_image.jsonl").exists()
    assert run_gre(capsys, *words, "--no-no-image")[0] == 0
    assert not (gold_run / "cot_no_image.jsonl").exists()
