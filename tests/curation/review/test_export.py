"""Votes become records: who stays, in which words, in the format that was reviewed."""

import json
from pathlib import Path

import pytest

from gre.curation.review.decisions import Decision
from gre.curation.review.export import ExportSettings, export_reviewed
from gre.curation.review.items import ReviewItem, read_review_set
from gre.curation.review.outcome import decide_items
from gre.data.records import read_bench, read_cot
from gre.errors import InputError
from tests.curation.review.reviewing import bench_file, cot_file

Said = dict[tuple[str, str], Decision]


def said(
    item: ReviewItem, value: str, *, kind: str = "steps", at: str = "", words: str = ""
) -> Said:
    one = Decision(
        key=f"{item.id}{kind}{value}{at}",
        reviewer="r",
        item=item.id,
        shown_sha256=item.shown_sha256,
        kind=kind,
        value=value,
        steps=tuple(words.split("|")) if words else (),
        at=at,
    )
    return {(item.id, kind): one}


@pytest.mark.parametrize(
    ("votes", "reason"),
    [
        ("", "unreviewed"),
        ("k", None),
        ("d", "dropped"),
        ("kd", "tied"),
        ("kkd", None),
        ("kdd", "dropped"),
        ("edd", "dropped"),
        ("ek", None),
    ],
)
def test_votes_on_steps(tmp_path: Path, votes: str, reason: str | None) -> None:
    item = read_review_set(cot_file(tmp_path, 1)).items[0]
    names = {"k": "keep", "e": "edit", "d": "drop"}
    reviews = {
        str(number): said(item, names[vote], words="One." if vote == "e" else "")
        for number, vote in enumerate(votes)
    }
    (found,) = decide_items([item], reviews, min_reviewers=1, keeps_unreviewed=False)
    assert found.reason == reason
    assert found.is_edited == ("e" in votes)


@pytest.mark.parametrize(
    ("votes", "is_out"),
    [("y", False), ("n", True), ("yn", False), ("yyn", False), ("ynn", True), ("yynn", False)],
)
def test_two_of_three_who_say_no_put_an_image_out(tmp_path: Path, votes: str, is_out: bool) -> None:
    item = read_review_set(bench_file(tmp_path, 1)).items[0]
    names = {"y": "yes", "n": "no"}
    reviews = {
        str(number): said(item, names[vote], kind="question") | said(item, "keep")
        for number, vote in enumerate(votes)
    }
    (found,) = decide_items([item], reviews, min_reviewers=1, keeps_unreviewed=False)
    assert (found.reason == "not_inferable") == is_out


def test_cot_comes_back_with_the_last_correction_and_its_own_answer(tmp_path: Path) -> None:
    path = cot_file(tmp_path / "cot")
    before = {record.id: record for record in read_cot(path)}
    items = read_review_set(path)
    r0, r1, r2, _ = items.items
    reviews = {
        "ann": {
            **said(r0, "edit", at="2026-01-02", words="Old stone.|This is Paris."),
            **said(r1, "keep"),
            **said(r2, "drop"),
        },
        "bob": said(r0, "edit", at="2026-01-01", words="Stone."),
    }
    summary = export_reviewed(items, reviews, tmp_path / "out", ExportSettings())
    records = read_cot(tmp_path / "out/gre_cot.json")
    assert [record.id for record in records] == ["r0", "r1"]
    answer = before["r0"].answer.partition("<answer>")[2]
    assert records[0].answer == (
        f"<think> 1. Old stone. // 2. This is Paris. </think> <answer>{answer}"
    )
    assert records[1].answer == before["r1"].answer
    assert records[1].question == before["r1"].question
    assert records[0].extra["num_reviewers"] == 2
    assert summary.left_out == {"dropped": 1, "unreviewed": 1}
    assert (summary.num_edited, summary.num_differing) == (1, 1)
    told = [json.loads(line) for line in (tmp_path / "out/left_out.jsonl").open()]
    assert [(one["source"], one["reason"]) for one in told] == [
        ("r2", "dropped"),
        ("r3", "unreviewed"),
    ]
    card = (tmp_path / "out/README.md").read_text()
    assert "| reviewers | 2 |" in card
    assert "| dropped | 1 |" in card


def test_a_benchmark_comes_back_with_indicators_of_the_new_steps(tmp_path: Path) -> None:
    items = read_review_set(bench_file(tmp_path / "bench", 2))
    b0, b1 = items.items
    words = "The sign is in Greek script.|This is Athens, Greece."
    reviews = {
        "ann": said(b0, "yes", kind="question")
        | said(b0, "edit", words=words)
        | said(b1, "no", kind="question")
    }
    summary = export_reviewed(items, reviews, tmp_path / "out", ExportSettings())
    (record,) = read_bench(tmp_path / "out/greval_bench.json")
    assert record.gt_cot == tuple(words.split("|"))
    assert record.indicators == ("explicit: language: Greek script",)
    assert record.scene == "road traffic"
    assert summary.left_out == {"not_inferable": 1}


def test_decisions_on_a_text_that_changed_do_not_count(tmp_path: Path) -> None:
    path = cot_file(tmp_path / "cot", 1)
    old = read_review_set(path)
    path.write_text(path.read_text().replace("Stone walls", "Brick walls"))
    new = read_review_set(path)
    with pytest.raises(InputError, match=r"no record is left \(1 unreviewed\)"):
        export_reviewed(new, {"ann": said(old.items[0], "keep")}, tmp_path / "o", ExportSettings())
    assert not (tmp_path / "o").exists()
    kept = ExportSettings(keeps_unreviewed=True)
    assert export_reviewed(new, {"ann": {}}, tmp_path / "o", kept).num_records == 1


def test_an_answer_outside_of_tags_survives_an_edit(tmp_path: Path) -> None:
    path = cot_file(tmp_path / "cot", 1)
    records = json.loads(path.read_text())
    records[0]["conversations"][1]["value"] = "1. Stone. // 2. Paris. <answer> 48.8, 2.3 </answer>"
    path.write_text(json.dumps(records))
    items = read_review_set(path)
    assert items.items[0].steps == ("Stone.", "Paris.")
    reviews = {"ann": said(items.items[0], "edit", words="Brick.")}
    export_reviewed(items, reviews, tmp_path / "out", ExportSettings())
    (record,) = read_cot(tmp_path / "out/gre_cot.json")
    assert record.answer == "<think> 1. Brick. </think> <answer> 48.8, 2.3 </answer>"


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    items = read_review_set(cot_file(tmp_path / "cot", 1))
    reviews = {"ann": said(items.items[0], "keep")}
    with pytest.raises(InputError, match="is not empty"):
        export_reviewed(items, reviews, tmp_path / "cot", ExportSettings())
