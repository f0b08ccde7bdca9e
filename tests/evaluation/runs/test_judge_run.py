"""A judge evaluated: what it is shown, what is written, resuming, faults, the blind baseline."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL.Image import Image

from gre.data.records import read_judge
from gre.errors import InputError
from gre.evaluation.asking.once import Share
from gre.evaluation.benchmarks.judge import JudgeBenchmark, load_judge
from gre.evaluation.predictors.base import TransformersPredictor
from gre.evaluation.runs.judge_run import answer_judge_share, evaluate_judge, finish_judge
from gre.evaluation.runs.judge_summary import Rate
from gre.evaluation.runs.saved_judge_run import read_judge_run
from gre.models.localizer import Decoding

TRUE = "<think> It fits. </think> <answer> True </answer>"


class Judge:
    """Says what it is told to by question; keeps what it was shown; stops where told."""

    name = "judge"

    def __init__(
        self, says: Callable[[str], str] = lambda _: TRUE, *, stop_after: int | None = None
    ) -> None:
        self.says = says
        self.shown: list[tuple[Image, str]] = []
        self.stop_after = stop_after

    def answer(self, images: Sequence[Image]) -> list[str]:
        raise AssertionError("a judge is asked the questions of the records")

    def answer_questions(self, images: Sequence[Image], questions: Sequence[str]) -> list[str]:
        if self.stop_after is not None and len(self.shown) >= self.stop_after:
            raise KeyboardInterrupt
        self.shown += zip(images, questions, strict=True)
        return [self.says(question) for question in questions]

    def describe(self) -> dict[str, object]:
        return {"predictor": "scripted", "instruction": "not asked here"}


def photos_shown(judge: Judge) -> list[bool]:
    """Whether each picture shown had anything in it."""
    return [float(np.asarray(image).std()) > 0.0 for image, _ in judge.shown]


def rows(out: Path, name: str = "predictions.jsonl") -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / name).read_text().splitlines()]


@pytest.fixture
def data(sample_world: Path) -> Path:
    return sample_world / "bench/judge_test"


@pytest.fixture
def bench(data: Path) -> JudgeBenchmark:
    return load_judge(data)


def rewritten(data: Path, to: Path, change: Callable[[dict[str, object]], Mapping[str, object]]):
    """The same data with every record changed."""
    shutil.copytree(data, to)
    records = json.loads((to / "gre_judge.json").read_text())
    (to / "gre_judge.json").write_text(json.dumps([record | change(record) for record in records]))
    return to


def test_label_and_teller_change_nothing_of_what_a_model_is_shown(
    data: Path, bench: JudgeBenchmark, tmp_path: Path
) -> None:
    def lie(record):
        turns = record["conversations"]
        said = "False" if turns[1]["value"] == "True" else "True"
        told = {"told_of": "judge_test-99999", "note": "the answer is hidden here"}
        return {"conversations": [turns[0], {"from": "gpt", "value": said}], **told}

    other = load_judge(rewritten(data, tmp_path / "data", lie))
    honest, lied = Judge(), Judge()
    evaluate_judge(bench, honest, tmp_path / "a", batch_size=4, with_no_image=False)
    evaluate_judge(other, lied, tmp_path / "b", batch_size=4, with_no_image=False)
    assert [question for _, question in honest.shown] == [question for _, question in lied.shown]
    for one, two in zip(bench.samples, other.samples, strict=True):
        assert one.label is not two.label
    for record in read_judge(data / "gre_judge.json"):
        assert not any(str(record.extra["told_of"]) in question for _, question in honest.shown)


def test_the_question_holds_the_reasoning_and_its_coordinates(
    data: Path, bench: JudgeBenchmark
) -> None:
    for record, sample in zip(read_judge(data / "gre_judge.json"), bench.samples, strict=True):
        assert record.predicted_cot in sample.question
        assert record.predicted_answer in sample.question
        assert sample.question.startswith("Does this reasoning fit the photo?")


def test_a_published_record_is_asked_instruction_reasoning_and_coordinates(
    data: Path, tmp_path: Path
) -> None:
    """Published records keep the reasoning out of the instruction."""
    human = {"from": "human", "value": "<image>\nIs this right?"}
    plain = rewritten(
        data, tmp_path / "data", lambda r: {"conversations": [human, r["conversations"][1]]}
    )
    for record, sample in zip(
        read_judge(plain / "gre_judge.json"), load_judge(plain).samples, strict=True
    ):
        assert sample.question == (
            f"Is this right?\n\nReasoning:\n{record.predicted_cot}"
            f"\n\nCoordinates:\n{record.predicted_answer}"
        )


def test_files_and_numbers(bench: JudgeBenchmark, tmp_path: Path) -> None:
    """Six items, three of each label; always True, but for one item without a verdict."""
    first = next(sample for sample in bench.samples if sample.label)
    judge = Judge(lambda question: "I pass." if question == first.question else TRUE)
    result = evaluate_judge(bench, judge, tmp_path / "run", batch_size=4)
    assert result.summary.accuracy == Rate(2, 6)
    assert result.summary.accuracy_true == Rate(2, 3)
    assert result.summary.accuracy_false == Rate(0, 3)
    assert result.summary.said_true == Rate(5, 5)
    assert dict(result.summary.unreadable) == {"no_answer": 1}
    written = rows(result.folder)
    assert [row["id"] for row in written] == [sample.id for sample in bench.samples]
    unread = next(row for row in written if row["id"] == first.id)
    assert (unread["status"], unread["verdict"], unread["is_right"]) == ("failed", None, False)
    summary = json.loads((result.folder / "summary.json").read_text())
    assert summary["benchmark"] == "judge"
    assert summary["data_sha256"] == bench.data_sha256
    assert "instruction" not in summary
    assert summary["bounds"]["no_image"]["accuracy"]["hits"] == 2
    saved = read_judge_run(result.folder)
    assert saved.summary == result.summary
    assert saved.bounds == result.bounds


def test_the_baseline_asks_the_same_questions_of_grey_pictures(
    bench: JudgeBenchmark, tmp_path: Path
) -> None:
    judge = Judge()
    evaluate_judge(bench, judge, tmp_path / "run", batch_size=4)
    n = len(bench.samples)
    assert photos_shown(judge) == [True] * n + [False] * n
    assert [q for _, q in judge.shown[:n]] == [q for _, q in judge.shown[n:]]
    assert [i.size for i, _ in judge.shown[:n]] == [i.size for i, _ in judge.shown[n:]]


@pytest.mark.parametrize("stop_after", [2, 8])
def test_an_interrupted_run_asks_nothing_twice(
    bench: JudgeBenchmark, tmp_path: Path, stop_after: int
) -> None:
    """Among the photos, and among the grey pictures that follow the six."""
    first = Judge(stop_after=stop_after)
    with pytest.raises(KeyboardInterrupt):
        evaluate_judge(bench, first, tmp_path / "run", batch_size=2)
    grown = "answers.jsonl" if stop_after < 6 else "no_image_answers.jsonl"
    with (tmp_path / "run" / grown).open("a") as sink:
        sink.write('{"id": "judge_te')  # cut while writing
    second, told = Judge(), []
    resumed = evaluate_judge(bench, second, tmp_path / "run", batch_size=2, on_answered=told.append)
    assert len(first.shown) == stop_after
    assert len(first.shown) + len(second.shown) == 2 * len(bench.samples)
    assert sum(told) == 2 * len(bench.samples)
    whole = evaluate_judge(bench, Judge(), tmp_path / "whole", batch_size=2)
    for name in ("predictions.jsonl", "no_image.jsonl"):
        assert rows(resumed.folder, name) == rows(whole.folder, name)


def test_answers_with_odd_line_ends_are_resumed(bench: JudgeBenchmark, tmp_path: Path) -> None:
    odd = "<think> one\u2028two\u0085three\x0bfour </think> <answer> True </answer>"
    judge = Judge(lambda _: odd, stop_after=4)
    with pytest.raises(KeyboardInterrupt):
        evaluate_judge(bench, judge, tmp_path / "run", batch_size=2)
    evaluate_judge(bench, Judge(lambda _: odd), tmp_path / "run", batch_size=2)
    assert all(row["text"] == odd for row in map(json.loads, _lines(tmp_path / "run")))


def _lines(out: Path) -> list[str]:
    return [line for line in (out / "predictions.jsonl").read_text().split("\n") if line]


def test_bad_photos_are_counted_apart_and_not_asked_blind_either(
    data: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    photos = sorted((copy / "imgs").iterdir())
    photos[0].write_bytes(photos[0].read_bytes()[:3000])
    photos[1].unlink()
    judge = Judge()
    result = evaluate_judge(load_judge(copy), judge, tmp_path / "run", batch_size=4)
    assert (result.summary.n, result.summary.n_errors) == (4, 2)
    assert result.bounds["no_image"].n_errors == 2
    assert len(judge.shown) == 8
    errors = [row for row in rows(result.folder) if row["status"] == "error"]
    assert all(photo.name in str(row["detail"]) for row, photo in zip(errors, photos, strict=False))
    assert json.loads((result.folder / "summary.json").read_text())["n"] == 4
    assert read_judge_run(result.folder).summary == result.summary


def test_a_folder_of_another_evaluation_is_refused(
    data: Path, bench: JudgeBenchmark, tmp_path: Path
) -> None:
    evaluate_judge(bench, Judge(), tmp_path / "run", batch_size=4, with_no_image=False)
    with pytest.raises(InputError, match="holds another evaluation"):
        evaluate_judge(load_judge(data, limit=3), Judge(), tmp_path / "run", batch_size=4)


def test_the_real_predictor_answers_questions(
    bench: JudgeBenchmark, tiny_model: Path, tmp_path: Path
) -> None:
    predictor = TransformersPredictor(tiny_model, decoding=Decoding(max_new_tokens=4))
    result = evaluate_judge(bench, predictor, tmp_path / "run", batch_size=6, with_no_image=False)
    assert result.summary.n == len(bench.samples)
    one = evaluate_judge(bench, predictor, tmp_path / "one", batch_size=1, with_no_image=False)
    assert [row["text"] for row in rows(result.folder)] == [row["text"] for row in rows(one.folder)]


def test_json_lines_in_a_test_folder_are_found(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "data/test")
    source = tmp_path / "data/test/gre_judge.json"
    lines = "".join(json.dumps(record) + "\n" for record in json.loads(source.read_text()))
    source.rename(source.with_suffix(".jsonl")).write_text(lines)
    loaded = load_judge(tmp_path / "data", limit=2)
    assert (len(loaded.samples), loaded.num_total) == (2, 6)


def test_data_faults_are_one_line(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no gre_judge\.json in it or in its test folder"):
        load_judge(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        load_judge(tmp_path / "nowhere")
    with pytest.raises(InputError, match="limit: got 0"):
        load_judge(data, limit=0)
    bad = rewritten(data, tmp_path / "bad", lambda _: {"predicted_cot": ""})
    with pytest.raises(InputError, match="predicted_cot"):
        load_judge(bad)
    shutil.copytree(data, tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare/imgs")
    with pytest.raises(InputError, match="no image of judge can be used"):
        load_judge(tmp_path / "bare")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"status": "odd"}, "'odd' is none of"),
        ({"status": "ok", "label": None}, "must be true or false"),
        ({"status": "ok", "verdict": None}, "does not go with"),
        ({"status": "failed", "verdict": True}, "does not go with"),
    ],
)
def test_damaged_judge_runs_are_one_line(judge_run_maker, tmp_path, row, words):
    run = judge_run_maker(tmp_path / "run", verdicts=[(True, True)])
    line = json.loads((run / "predictions.jsonl").read_text()) | row
    (run / "predictions.jsonl").write_text(json.dumps(line))
    with pytest.raises(InputError, match=words):
        read_judge_run(run)


def test_two_processes_share_a_run_and_one_scores_it(bench: JudgeBenchmark, tmp_path: Path) -> None:
    def says(question: str) -> str:
        return TRUE if len(question) % 2 else TRUE.replace("True", "False")

    alone = evaluate_judge(bench, Judge(says), tmp_path / "alone", batch_size=2)
    judges = [Judge(says), Judge(says)]
    for rank, judge in enumerate(judges):
        answer_judge_share(bench, judge, tmp_path / "run", batch_size=2, share=Share(rank, 2))
    together = finish_judge(bench, tmp_path / "run")
    assert rows(together.folder) == rows(alone.folder)
    assert rows(together.folder, "no_image.jsonl") == rows(alone.folder, "no_image.jsonl")
    assert together.summary == alone.summary
    assert sum(len(judge.shown) for judge in judges) == 2 * len(bench.samples)
    assert all(photos_shown(judge).count(True) == len(bench.samples) // 2 for judge in judges)
