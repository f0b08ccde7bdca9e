"""Several answers from a model in memory, and a judge's questions to a server."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL.Image import Image

from gre.data.images import load_image
from gre.evaluation.asking.draws import Draws
from gre.evaluation.asking.once import ALONE, Share, read_answers
from gre.evaluation.benchmarks.loading import load_benchmark
from gre.evaluation.predictors.base import Drawing, Given, TransformersPredictor
from gre.evaluation.runs.run import answer_share
from gre.models.decoding import Decoding
from tests.command_line import call_gre
from tests.evaluation.fake_server import FakeServer


def test_a_model_in_memory_is_sampled_and_the_seed_decides(
    tiny_model: Path, sample_world: Path
) -> None:
    photo = load_image(sorted((sample_world / "bench/test/imgs").iterdir())[0])
    hot = Decoding(max_new_tokens=6, temperature=2.0)

    def answers(seed: int) -> list[object]:
        drawing = Drawing(3, share=0.8, seed=seed)
        return list(
            TransformersPredictor(tiny_model, decoding=hot, drawing=drawing).answer([photo])
        )

    first, again, other = answers(1), answers(1), answers(2)
    assert first == again != other
    (drawn,) = first
    assert isinstance(drawn, Draws)
    assert (len(drawn.texts), drawn.share) == (3, 0.8)
    assert len(set(drawn.texts)) > 1


def test_sampled_texts_are_those_of_an_uninterrupted_run(
    tiny_model: Path, sample_world: Path, tmp_path: Path
) -> None:
    bench = load_benchmark("greval_bench", sample_world / "bench/test")
    hot = Decoding(max_new_tokens=6, temperature=2.0, top_p=0.9)

    def go_on(out: Path, batch_size: int, *, share: Share = ALONE, stop_after: int = 99) -> None:
        predictor = TransformersPredictor(tiny_model, decoding=hot, drawing=Drawing(2, seed=3))
        answer, asked = predictor.answer, []

        def stop(images: Sequence[Image]) -> Sequence[Given]:
            if len(asked) >= stop_after:
                raise KeyboardInterrupt
            asked.extend(images)
            return answer(images)

        predictor.answer = stop  # type: ignore[method-assign]
        answer_share(bench, predictor, out, batch_size=batch_size, with_no_image=False, share=share)

    def texts(out: Path) -> dict[str, tuple[str, ...]]:
        found = read_answers(out / "answers.jsonl")
        return {key: answer.draws.texts for key, answer in found.items() if answer.draws}

    go_on(tmp_path / "whole", 4)
    whole = texts(tmp_path / "whole")
    assert len(whole) == 10
    assert len(set(whole.values())) > 5
    assert any(len(set(drawn)) == 2 for drawn in whole.values())
    with pytest.raises(KeyboardInterrupt):
        go_on(tmp_path / "resumed", 3, stop_after=3)
    assert len(texts(tmp_path / "resumed")) == 3
    go_on(tmp_path / "resumed", 4)
    assert texts(tmp_path / "resumed") == whole
    for rank in (0, 1):
        go_on(tmp_path / "shared", 4, share=Share(rank, 2))
    assert texts(tmp_path / "shared") == whole


def test_what_is_greedy_says_nothing_of_sampling(tiny_model: Path) -> None:
    # Runs that were begun before sampling existed must be the same runs still.
    described = TransformersPredictor(tiny_model).describe()
    assert not {"seed", "samples", "radius_share"} & set(described)


@pytest.fixture
def judge_server() -> Iterator[FakeServer]:
    server = FakeServer(
        lambda image, body: "<think> it fits </think> <answer> True </answer>",
        fault=lambda number, image: (500, b"", {}) if number == 0 else None,
    )
    yield server
    server.close()


def test_a_server_judges_and_its_failures_are_counted_apart(
    judge_server: FakeServer,
    sample_world: Path,
    tmp_path: Path,
) -> None:
    data, out = sample_world / "bench/judge_test", tmp_path / "run"
    words = ["evaluate", "--benchmark", "judge", "--data", data, "--out", out, "--no-no-image"]
    words += ["--model", "openai:judge", "--base-url", judge_server.url, "--attempts", 1]
    assert call_gre(*words) == 3
    rows = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert len(rows) == len(judge_server.bodies) == 6
    failed = [row for row in rows if row["status"] == "error"]
    assert [row["reason"] for row in failed] == ["http_status"]
    for row in rows:
        if row not in failed:
            assert row["is_right"] is row["label"]  # the server says True to everything
    asked = {body["messages"][-1]["content"][1]["text"] for body in judge_server.bodies}
    assert asked == {row["question"] for row in rows}


def test_a_run_without_one_answer_ends_too(sample_world: Path, tmp_path: Path) -> None:
    server = FakeServer(lambda image, body: "", fault=lambda number, image: (500, b"", {}))
    out = tmp_path / "run"
    words = ["evaluate", "--benchmark", "greval_bench", "--data", sample_world / "bench/test"]
    words += ["--model", "openai:none", "--base-url", server.url, "--attempts", 1, "--out", out]
    try:
        assert call_gre(*words) == 3
    finally:
        server.close()
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["n"], summary["n_errors"]) == (0, 10)
    assert summary["bounds"]["no_image"]["n"] == 0


def test_choosing_a_model_needs_no_torch() -> None:
    code = (
        "import sys, gre.evaluation.predictors.choice, gre.models.chat_api\n"
        "import gre.evaluation.runs.run, gre.evaluation.runs.calibration\n"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=200
    )
    assert done.stdout.strip() == "[]"
