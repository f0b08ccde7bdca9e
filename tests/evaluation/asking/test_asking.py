"""Asking: shares of several processes, interruptions, other numbers of processes, error answers."""

import json
from pathlib import Path

import pytest
from PIL import Image

from gre.errors import GreError, InputError
from gre.evaluation.asking.once import (
    AnswerError,
    Share,
    ask_all,
    final_answers,
    merge_answers,
    read_answers,
)
from gre.evaluation.benchmarks.samples import Sample
from gre.geo.latlon import LatLon


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    made = []
    for i in range(7):
        path = tmp_path / f"{i}.png"
        Image.new("RGB", (20 + i, 20)).save(path)
        made.append(Sample(f"s{i}", path, LatLon(i, i)))
    return made


class Asked:
    """Says its name and the sample's; remembers whom it was asked about; may stop or fail."""

    def __init__(self, name="a", *, stop_after=99, failing=()):
        self.name, self.stop_after, self.failing = name, stop_after, failing
        self.ids: list[str] = []

    def __call__(self, images, samples):
        if len(self.ids) >= self.stop_after:
            raise KeyboardInterrupt
        self.ids += [sample.id for sample in samples]
        return [
            AnswerError("timeout", "no reply in 1 s")
            if sample.id in self.failing
            else f"{self.name} {sample.id}"
            for sample in samples
        ]


def ask(samples, asked, path, share=None, batch_size=1):
    return ask_all(
        samples,
        asked,
        path,
        batch_size=batch_size,
        tell=lambda _: None,
        **({"share": share} if share else {}),
    )


@pytest.mark.parametrize("num", [2, 3])
def test_shares_are_disjoint_whole_and_merged(samples, tmp_path, num):
    path = tmp_path / "answers.jsonl"
    workers = [Asked(str(rank)) for rank in range(num)]
    for rank, worker in enumerate(workers):
        ask(samples, worker, path, Share(rank, num))
    everyone = [identity for worker in workers for identity in worker.ids]
    assert sorted(everyone) == sorted(sample.id for sample in samples)
    sizes = [len(worker.ids) for worker in workers]
    assert max(sizes) - min(sizes) <= 1
    assert merge_answers(path).keys() == {sample.id for sample in samples}
    assert sorted(tmp_path.glob("answers*")) == [path]


def test_a_killed_process_and_another_number_of_processes_ask_nothing_twice(samples, tmp_path):
    path = tmp_path / "answers.jsonl"
    first = [Asked("a0"), Asked("a1", stop_after=1)]
    ask(samples, first[0], path, Share(0, 2))
    with pytest.raises(KeyboardInterrupt):
        ask(samples, first[1], path, Share(1, 2))
    with (tmp_path / "answers.part1.jsonl").open("a") as file:
        file.write('{"id": "s3", "te')  # cut while writing
    then = [Asked(f"b{rank}") for rank in range(3)]
    for rank in (2, 0, 1):  # they start at any time
        ask(samples, then[rank], path, Share(rank, 3))
    everyone = [identity for worker in (*first, *then) for identity in worker.ids]
    assert sorted(everyone) == sorted(sample.id for sample in samples)
    answers = merge_answers(path)
    assert {answer.text.split()[1] for answer in answers.values()} == set(answers)
    alone = Asked("c")
    ask(samples, alone, path)
    assert alone.ids == []


def test_what_is_left_is_dealt_out_evenly(samples, tmp_path):
    path = tmp_path / "answers.jsonl"
    ask(samples[1::2], Asked("odd"), path)  # as if one of two processes had never begun
    workers = [Asked(), Asked()]
    for rank, worker in enumerate(workers):
        ask(samples, worker, path, Share(rank, 2))
    assert [len(worker.ids) for worker in workers] == [2, 2]


def test_an_answer_twice_is_one_answer_and_a_text_outweighs_an_error(samples, tmp_path):
    path = tmp_path / "answers.jsonl"
    lines = [
        {"id": "s0", "text": None, "error": "late", "reason": "timeout"},
        {"id": "s1", "text": "first", "error": None},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    again = [{"id": "s0", "text": "now", "error": None}, {"id": "s1", "text": "b", "error": None}]
    part = tmp_path / "answers.part0.jsonl"
    part.write_text("".join(json.dumps(line) + "\n" for line in again))
    assert {key: answer.text for key, answer in read_answers(path).items()} == {
        "s0": "now",
        "s1": "first",
    }


def test_error_answers_are_kept_counted_and_asked_again(samples, tmp_path):
    path = tmp_path / "answers.jsonl"
    samples[2].image_path.write_bytes(b"no picture")
    answers = ask(samples, Asked(failing=("s0", "s4")), path, batch_size=3)
    failed = {key: answer.reason for key, answer in answers.items() if answer.text is None}
    assert failed == {"s0": "timeout", "s2": "not_asked", "s4": "timeout"}
    again = Asked("again")
    answers = ask(samples, again, path, batch_size=3)
    assert sorted(again.ids) == ["s0", "s4"]
    assert [key for key, answer in answers.items() if answer.text is None] == ["s2"]
    assert len(path.read_text().splitlines()) == len(samples)


def test_a_run_without_an_answer_is_not_scored(samples, tmp_path):
    path = tmp_path / "answers.jsonl"
    ask(samples[:5], Asked(), path)
    with pytest.raises(GreError, match="2 samples have no answer, the first is 's5'; give the"):
        final_answers(path, [sample.id for sample in samples])


def test_a_damaged_line_names_its_place(samples, tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"id": "s0"}\n{"id": "s1", "text": "x", "error": null}\n')
    with pytest.raises(InputError, match=r"answers\.jsonl:1: is damaged"):
        ask(samples, Asked(), path)


def test_line_separators_inside_a_text_end_no_line(samples, tmp_path):
    path = tmp_path / "answers.jsonl"
    text = "a\u2028b\x85c\u2029"
    ask_all(samples[:1], lambda *_: [text], path, batch_size=1, tell=lambda _: None)
    assert read_answers(path)["s0"].text == text
