"""A real server, `transformers serve` with the tiny model: it says what the model itself says."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gre.data.images import image_size, load_image
from gre.evaluation.asking.draws import Draws
from gre.evaluation.benchmarks.loading import load_benchmark
from gre.evaluation.predictors.base import Drawing, TransformersPredictor
from gre.evaluation.predictors.server import ServerPredictor
from gre.evaluation.runs.run import evaluate
from gre.models.chat_api import ChatEndpoint
from gre.models.decoding import Decoding

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
START_S = 600
"""A busy machine imports everything in minutes."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def served_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with `do_sample` in its generation config, as published models have it.

    Without it this server is greedy whatever the temperature of a request.
    """
    folder = tmp_path_factory.mktemp("served") / "tiny"
    shutil.copytree(tiny_model, folder)
    config = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(config | {"do_sample": True}))
    return folder


@pytest.fixture(scope="module")
def endpoint(
    served_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ChatEndpoint]:
    port = free_port()
    log = tmp_path_factory.mktemp("serve") / "log.txt"
    command = Path(sys.executable).with_name("transformers")
    place = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [command, "serve", *place, str(served_model)],
            env={**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""},
            stdout=sink,
            stderr=sink,
        )
    try:
        wait_until_healthy(port, server, log)
        yield ChatEndpoint(f"http://127.0.0.1:{port}/v1", str(served_model), max_parallel=2)
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_until_healthy(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise AssertionError(f"no server after {START_S} s: {log.read_text()}")


def test_a_run_through_the_server_equals_a_run_of_the_model(
    endpoint: ChatEndpoint, tiny_model: Path, sample_world: Path, tmp_path: Path
) -> None:
    bench = load_benchmark("greval_bench", sample_world / "bench/test", limit=5)
    decoding = Decoding(max_new_tokens=24)
    served = ServerPredictor(endpoint, decoding=decoding)
    local = TransformersPredictor(tiny_model, decoding=decoding, device="cpu")
    texts = []
    for name, predictor in (("served", served), ("local", local)):
        evaluate(bench, predictor, tmp_path / name, batch_size=5)
        lines = (tmp_path / name / "predictions.jsonl").read_text().splitlines()
        blind = (tmp_path / name / "no_image.jsonl").read_text().splitlines()
        # The server drops a blank at the start of a text.
        texts.append([json.loads(line)["text"].strip() for line in [*lines, *blind]])
    assert texts[0] == texts[1]
    assert len(set(texts[0])) > 1
    usage = served.client.usage
    num_grey = len({image_size(sample.image_path) for sample in bench.samples})
    assert usage.calls == 5 + num_grey  # one grey picture per size
    assert usage.prompt_tokens > 5 * 12  # 12 image tokens each, and the question


def test_the_server_samples(endpoint: ChatEndpoint, sample_world: Path) -> None:
    photo = load_image(sorted((sample_world / "bench/test/imgs").iterdir())[0])
    decoding = Decoding(max_new_tokens=16, temperature=2.0)
    (given,) = ServerPredictor(endpoint, decoding=decoding, drawing=Drawing(3)).answer([photo])
    assert isinstance(given, Draws)
    assert len(set(given.texts)) > 1
