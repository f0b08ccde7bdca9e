"""A whole evaluation with the tiny model: resumable, one bad photo isolated, bounds beside it."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from PIL.Image import Image

from gre.errors import InputError
from gre.evaluation.asking.draws import Draws
from gre.evaluation.benchmarks.loading import Benchmark, load_benchmark
from gre.evaluation.predictors.base import TransformersPredictor
from gre.evaluation.runs.run import evaluate
from gre.evaluation.score import score_file
from gre.metrics import with_radii
from gre.models.localizer import Decoding


class Counting(TransformersPredictor):
    """The real predictor, counting what it was asked; it stops where told, as if killed."""

    asked = 0
    stop_after: int | None = None

    def answer(self, images: Sequence[Image]) -> list[str]:
        if self.stop_after is not None and self.asked >= self.stop_after:
            raise KeyboardInterrupt
        self.asked += len(images)
        return super().answer(images)


@pytest.fixture
def predictor(tiny_model: Path) -> Counting:
    return Counting(tiny_model, decoding=Decoding(max_new_tokens=6))


@pytest.fixture
def bench(sample_world: Path) -> Benchmark:
    return load_benchmark("greval_bench", sample_world / "bench/test")


SCHEMAS = Path(__file__).resolve().parents[3] / "docs/schemas"


def faults(name: str, value: object) -> list[str]:
    """What a published schema has against a value."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    validator = Draft202012Validator(schema)
    Draft202012Validator.check_schema(schema)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def rows(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]


def test_a_run_writes_rows_in_order_and_a_summary_with_bounds(
    bench: Benchmark, predictor: Counting, tmp_path: Path
) -> None:
    result = evaluate(bench, predictor, tmp_path / "run", batch_size=4)
    assert [row["id"] for row in rows(result.folder)] == [sample.id for sample in bench.samples]
    summary = json.loads((result.folder / "summary.json").read_text())
    assert summary["n"] == len(bench.samples)
    assert set(summary["bounds"]) == {"oracle", "no_image"}
    assert summary["bounds"]["oracle"]["n_readable"] == len(bench.samples)
    assert set(summary["groups"]["seen"]) == {"yes", "no"}
    assert summary["data_sha256"] == bench.data_sha256
    assert score_file(result.folder).to_json() == result.summary.to_json()
    assert summary["data"]["num_total"] == len(bench.samples)
    assert sum(summary["by_reason"].values()) == summary["n"] - summary["n_readable"]


def test_a_run_is_as_its_schemas_say(
    sample_world: Path, predictor: Counting, tmp_path: Path
) -> None:
    data = tmp_path / "test"
    shutil.copytree(sample_world / "bench/test", data)
    sorted((data / "imgs").iterdir())[0].unlink()
    bench = load_benchmark("greval_bench", data)
    replies = iter(["<answer> 48.9, 2.4 </answer>", "48.9, 2.4", "no idea"] * 4)
    predictor.answer = lambda images: [next(replies) for _ in images]  # type: ignore[method-assign]
    out = tmp_path / "run"
    evaluate(bench, predictor, out, batch_size=4, radii_km=with_radii([5]))
    for name in ("summary", "config"):
        assert faults(name, json.loads((out / f"{name}.json").read_text())) == []
    written = rows(out)
    assert {row["status"] for row in written} == {"ok", "failed", "error"}
    for row in (*written, *map(json.loads, (out / "no_image.jsonl").read_text().splitlines())):
        assert faults("predictions", row) == []
    summary = json.loads((out / "summary.json").read_text())
    assert "5" in summary["ci95"] and "5" in summary["groups"]["seen"]["yes"]["ci95"]
    assert set(summary["groups"]) >= {"scene", "continent", "indicator", "indicator type"}
    assert summary["strict"]["n_readable"] < summary["n_readable"]
    assert summary["errors_by_reason"] == {"not_asked": 1}
    assert score_file(out, radii_km=with_radii([5])).hits == summary["hits"]
    assert faults("predictions", written[0] | {"lat": 91.0}) != []
    assert faults("summary", {k: v for k, v in summary.items() if k != "protocol"}) != []


def test_a_run_with_several_answers_is_as_its_schemas_say(
    bench: Benchmark, predictor: Counting, tmp_path: Path
) -> None:
    said = iter([("48.9, 2.4", "no idea", "48.8, 2.3"), ("no idea", "none")] * len(bench.samples))
    predictor.answer = lambda images: [Draws(next(said)) for _ in images]  # type: ignore[method-assign]
    out = tmp_path / "run"
    evaluate(bench, predictor, out, batch_size=4, with_no_image=False)
    summary = json.loads((out / "summary.json").read_text())
    assert faults("summary", summary) == []
    assert summary["calibration"]["n"] == summary["calibration"]["num_unreadable"] == 5
    written = rows(out)
    assert {row["num_readable"] for row in written} == {2, 0}
    for row in written:
        assert faults("predictions", row) == []
    assert faults("predictions", written[0] | {"radius_share": 1.5}) != []


def test_an_interrupted_run_asks_nothing_twice(
    bench: Benchmark, predictor: Counting, tiny_model: Path, tmp_path: Path
) -> None:
    predictor.stop_after = 4
    with pytest.raises(KeyboardInterrupt):
        evaluate(bench, predictor, tmp_path / "run", batch_size=4, with_no_image=False)
    with (tmp_path / "run/answers.jsonl").open("a") as sink:
        sink.write('{"id": "test-0')  # cut while writing
    second = Counting(tiny_model, decoding=Decoding(max_new_tokens=6))
    resumed = evaluate(bench, second, tmp_path / "run", batch_size=4, with_no_image=False)
    assert predictor.asked == 4
    assert second.asked == len(bench.samples) - 4
    whole = evaluate(bench, second, tmp_path / "whole", batch_size=4, with_no_image=False)
    assert rows(resumed.folder) == rows(whole.folder)


def test_a_bad_photo_is_counted_apart_and_the_rest_goes_on(
    sample_world: Path, predictor: Counting, tmp_path: Path
) -> None:
    data = tmp_path / "test"
    shutil.copytree(sample_world / "bench/test", data)
    photos = sorted((data / "imgs").iterdir())
    photos[0].write_bytes(photos[0].read_bytes()[:3000])
    photos[1].unlink()
    bench = load_benchmark("greval_bench", data)
    result = evaluate(bench, predictor, tmp_path / "run", batch_size=4)
    assert result.summary.n_errors == 2
    assert result.summary.n == len(bench.samples) - 2
    errors = [row for row in rows(result.folder) if row["status"] == "error"]
    assert len(errors) == 2
    for row, photo in zip(errors, photos[:2], strict=True):
        assert photo.name in str(row["detail"])
        assert row["error_km"] is None


def test_a_folder_of_another_evaluation_is_refused(
    bench: Benchmark, predictor: Counting, sample_world: Path, tmp_path: Path
) -> None:
    evaluate(bench, predictor, tmp_path / "run", batch_size=8, with_no_image=False)
    limited = load_benchmark("greval_bench", sample_world / "bench/test", limit=3)
    with pytest.raises(InputError, match="holds another evaluation"):
        evaluate(limited, predictor, tmp_path / "run", batch_size=8, with_no_image=False)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/notes.txt").write_text("x")
    with pytest.raises(InputError, match="not empty and holds no evaluation"):
        evaluate(bench, predictor, tmp_path / "other", batch_size=8, with_no_image=False)


def test_another_pixel_budget_is_another_evaluation(
    bench: Benchmark, predictor: Counting, tiny_model: Path, tmp_path: Path
) -> None:
    evaluate(bench, predictor, tmp_path / "run", batch_size=8, with_no_image=False)
    config = json.loads((tmp_path / "run/config.json").read_text())
    assert config["run"].pop("max_pixels") is None
    (tmp_path / "run/config.json").write_text(json.dumps(config))  # as older runs wrote it
    evaluate(bench, predictor, tmp_path / "run", batch_size=8, with_no_image=False)
    smaller = Counting(tiny_model, decoding=Decoding(max_new_tokens=6), max_pixels=28 * 28 * 16)
    with pytest.raises(InputError, match="max_pixels was None, is 12544"):
        evaluate(bench, smaller, tmp_path / "run", batch_size=8, with_no_image=False)


def test_greedy_answers_do_not_depend_on_the_batch(
    bench: Benchmark, predictor: Counting, tmp_path: Path
) -> None:
    one = evaluate(bench, predictor, tmp_path / "one", batch_size=1, with_no_image=False)
    many = evaluate(bench, predictor, tmp_path / "many", batch_size=10, with_no_image=False)
    assert [row["text"] for row in rows(one.folder)] == [row["text"] for row in rows(many.folder)]


def test_an_end_without_grey_pictures_leaves_none_of_an_earlier_end(
    bench: Benchmark, predictor: Counting, tmp_path: Path
) -> None:
    evaluate(bench, predictor, tmp_path / "run", batch_size=10)
    assert (tmp_path / "run/no_image.jsonl").exists()
    evaluate(bench, predictor, tmp_path / "run", batch_size=10, with_no_image=False)
    assert not (tmp_path / "run/no_image.jsonl").exists()
    asked = predictor.asked
    again = evaluate(bench, predictor, tmp_path / "run", batch_size=10)
    assert predictor.asked == asked
    assert "no_image" in again.bounds
