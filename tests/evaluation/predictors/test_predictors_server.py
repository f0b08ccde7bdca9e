"""A server as a model: its failures are listed and never scored, and an evaluation always ends."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from gre.data.images import grey_image, load_image
from gre.errors import GreError, InputError
from gre.evaluation.asking.draws import Draws
from gre.evaluation.asking.once import AnswerError
from gre.evaluation.benchmarks.loading import load_benchmark
from gre.evaluation.predictors.base import Drawing
from gre.evaluation.predictors.server import ServerPredictor
from gre.models.chat_api import ChatEndpoint
from gre.models.decoding import Decoding
from tests.command_line import call_gre
from tests.evaluation.fake_server import FakeServer, Reply, completion

GOOD = "<think> a sign </think> <answer> 48.0, 2.0 </answer>"
FAULTS: dict[str, Reply | str] = {
    "timeout": "timeout",
    "http_status": (500, b"oops", {}),
    "not_json": (200, b"<html>garbage</html>", {}),
    "cut_short": (200, completion(GOOD)[:50], {"Content-Length": "5000"}),
    "empty": (200, completion(""), {}),
}


@pytest.fixture
def serve() -> Iterator[Callable[..., FakeServer]]:
    servers: list[FakeServer] = []

    def start(*args: object, **kwargs: object) -> FakeServer:
        servers.append(FakeServer(*args, **kwargs))  # type: ignore[arg-type]
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def predictor(server: FakeServer, **more: object) -> ServerPredictor:
    endpoint = ChatEndpoint(server.url, "fake", timeout_s=2, max_attempts=1, first_wait_s=0.01)
    return ServerPredictor(endpoint, **more)  # type: ignore[arg-type]


def rows_of(folder: Path, name: str = "predictions.jsonl") -> list[dict]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def test_a_quarter_of_faulty_calls_leaves_every_other_sample_scored_once(
    serve: Callable[..., FakeServer],
    sample_world: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kinds = list(FAULTS.values())
    server = serve(
        lambda image, body: GOOD,
        fault=lambda number, image: kinds[number // 4 % len(kinds)] if number % 4 == 3 else None,
    )
    server.sleep_s = 1.5
    data = tmp_path / "photos"
    data.mkdir()
    photos = sorted(sample_world.rglob("*.jpg"))[:40]
    assert len(photos) == 40
    table = ["file,lat,lon"]
    for index, photo in enumerate(photos):
        (data / f"{index:02d}.jpg").write_bytes(photo.read_bytes())
        table.append(f"{index:02d}.jpg,48.0,2.0")
    (data / "truth.csv").write_text("\n".join(table) + "\n")
    words = (
        *("evaluate", "--benchmark", "folder", "--data", data, "--model", "openai:fake"),
        *("--base-url", server.url, "--out", tmp_path / "run", "--attempts", 1),
        *("--timeout", 0.5, "--parallel", 4, "--no-no-image"),
    )
    assert call_gre(*words) == 3
    rows = rows_of(tmp_path / "run")
    assert len(rows) == len({row["id"] for row in rows}) == 40
    statuses = Counter(row["status"] for row in rows)
    assert statuses == {"ok": 30, "error": 10}
    reasons = Counter(row["reason"] for row in rows if row["status"] == "error")
    assert reasons == dict.fromkeys(FAULTS, 2)
    assert all(
        row["detail"] and row["error_km"] is None for row in rows if row["status"] == "error"
    )
    summary = json.loads((tmp_path / "run/summary.json").read_text())
    assert (summary["n"], summary["n_errors"], summary["hits"]["1"]) == (30, 10, 30)
    assert summary["errors_by_reason"] == dict.fromkeys(sorted(FAULTS), 2)
    assert len(server.bodies) == 40
    assert "10 of 40 samples could not be asked" in capsys.readouterr().err
    # Given again, the command asks the failed ones alone.
    call_gre(*words)
    assert len(server.bodies) == 50
    again = Counter(row["status"] for row in rows_of(tmp_path / "run"))
    assert again == {"ok": 38, "error": 2}  # calls 43 and 47 fail


def test_retries_mend_what_passes(serve: Callable[..., FakeServer]) -> None:
    kinds = [kind for kind in FAULTS.values() if kind != "timeout"]
    server = serve(lambda image, body: GOOD, fault=lambda n, image: kinds[n] if n < 4 else None)
    endpoint = ChatEndpoint(server.url, "fake", max_attempts=5, first_wait_s=0.01)
    given = ServerPredictor(endpoint).answer([Image.new("RGB", (8, 8))])
    assert list(given) == [GOOD]
    assert len(server.bodies) == 5


def test_the_photo_and_the_question_arrive(
    serve: Callable[..., FakeServer], sample_world: Path
) -> None:
    bench = load_benchmark("greval_bench", sample_world / "bench/test", limit=3)
    photos = [load_image(sample.image_path) for sample in bench.samples]
    server = serve(lambda image, body: f"{image.tobytes().hex()[:60]} {image.size}")
    given = predictor(server, instruction="Where?").answer(photos)
    assert list(given) == [f"{photo.tobytes().hex()[:60]} {photo.size}" for photo in photos]
    assert {body["messages"][0]["content"][1]["text"] for body in server.bodies} == {"Where?"}
    asked = predictor(server).answer_questions(photos[:2], ["One?", "Two?"])
    assert len(asked) == 2
    texts = {body["messages"][0]["content"][1]["text"] for body in server.bodies[3:]}
    assert texts == {"One?", "Two?"}


def test_several_samples_are_draws_with_seeds_of_their_own(
    serve: Callable[..., FakeServer],
) -> None:
    server = serve(
        lambda image, body: f"<answer> {image.getpixel((0, 0))[0]}, {body['seed'] % 7} </answer>",
        fault=lambda number, image: (500, b"", {}) if image.getpixel((0, 0))[0] == 3 else None,
    )
    images = [Image.new("RGB", (4, 4), (level, 0, 0)) for level in (1, 2, 3)]
    drawing = Drawing(5, share=0.8, seed=0)
    decoding = Decoding(temperature=0.7)
    first, second, third = predictor(server, drawing=drawing, decoding=decoding).answer(images)
    assert isinstance(first, Draws)
    assert isinstance(second, Draws)
    assert first.texts == tuple(f"<answer> 1, {draw} </answer>" for draw in range(5))
    assert first.text == "<answer> 1, 2 </answer>"
    assert first.share == 0.8
    assert third == AnswerError("http_status", third.detail)  # type: ignore[union-attr]
    assert {body["temperature"] for body in server.bodies} == {0.7}


def test_draws_that_fail_leave_the_others_standing(serve: Callable[..., FakeServer]) -> None:
    server = serve(
        lambda image, body: GOOD,
        fault=lambda number, image: (500, b"", {}) if number == 1 else None,
    )
    decoding = Decoding(temperature=1.0)
    (given,) = predictor(server, drawing=Drawing(3), decoding=decoding).answer(
        [Image.new("RGB", (4, 4))]
    )
    assert given == Draws((GOOD, GOOD))


def test_a_sampled_run_keeps_all_texts_and_reports_calibration(
    serve: Callable[..., FakeServer],
    sample_world: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = serve(lambda image, body: f"<answer> 10, {body['seed'] % 4} </answer>")
    out = tmp_path / "run"
    code = call_gre(
        *("evaluate", "--benchmark", "greval_bench", "--data", sample_world / "bench/test"),
        *("--model", "openai:fake", "--base-url", server.url, "--out", out, "--limit", 4),
        *("--samples", 3, "--share", 0.5),
    )
    assert code == 0
    rows = rows_of(out)
    for row in rows:
        assert row["texts"] == [f"<answer> 10, {draw} </answer>" for draw in range(3)]
        assert (row["lat"], row["lon"], row["num_readable"]) == (10.0, 1.0, 3)
        # Half of three answers are two: the medoid and a neighbour one degree along 10° N.
        assert row["radius_km"] == pytest.approx(111.19 * 0.98481, abs=0.05)
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["samples"], summary["temperature"], summary["seed"]) == (3, 0.7, 0)
    calibration = summary["calibration"]
    assert (calibration["n"], calibration["radius_share"]) == (4, 0.5)
    assert [one["share"] for one in calibration["by_share"]] == [0.5, 0.8, 0.9, 0.95]
    assert "radius around the medoid" in capsys.readouterr().out


def test_an_interrupted_run_pays_for_no_reply_twice(
    serve: Callable[..., FakeServer], sample_world: Path, tmp_path: Path
) -> None:
    server = serve(lambda image, body: GOOD)
    cached = predictor(server, cache_dir=tmp_path)
    image = grey_image((8, 8))
    cached.answer([image])
    again = predictor(server, cache_dir=tmp_path)
    again.answer([image])
    assert len(server.bodies) == 1
    assert again.client.usage.cached == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_that_would_meet_every_sample_stops_the_run(
    serve: Callable[..., FakeServer], status: int
) -> None:
    server = serve(lambda image, body: GOOD, fault=lambda number, image: (status, b"no", {}))
    with pytest.raises(InputError, match=str(status)):
        predictor(server).answer([Image.new("RGB", (4, 4))])


def test_no_server_stops_the_run(serve: Callable[..., FakeServer]) -> None:
    server = serve(lambda image, body: GOOD)
    server.close()
    with pytest.raises(GreError, match="same command goes on"):
        predictor(server).answer([Image.new("RGB", (4, 4))] * 2)


def test_a_limit_of_cost_stops_the_run_and_keeps_what_is_paid(
    serve: Callable[..., FakeServer],
    sample_world: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = serve(lambda image, body: GOOD)
    words = (
        *("evaluate", "--benchmark", "greval_bench", "--data", sample_world / "bench/test"),
        *("--model", "openai:fake", "--base-url", server.url, "--out", tmp_path / "run"),
        *("--no-no-image", "--input-price", 0, "--output-price", 1000, "--max-new-tokens", 20),
    )
    # A call costs 10 tokens, 0.01 dollars, and at worst 20 tokens, 0.02: it begins while
    # spent + 0.02 <= 0.055, after 0, 1, 2 and 3 calls.
    assert call_gre(*words, "--max-cost", 0.055) == 1
    assert len(server.bodies) == 4
    assert "raise the limit" in capsys.readouterr().err
    assert call_gre(*words) == 0
    assert len(server.bodies) == 10
    assert "4 replies from the cache" in capsys.readouterr().err
