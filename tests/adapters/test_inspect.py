"""The inspect_ai task, where GRE_INSPECT_PYTHON names a Python that has inspect_ai."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from gre.models.chat_api import ChatEndpoint
from tests.evaluation.predictors.test_transformers_serve import (  # noqa: F401 - fixtures
    endpoint,
    served_model,
)

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
POINTS = ((48.8566, 2.3522), (0.0, 10.0), (10.0, 20.0), (35.0, 139.0))
TEXTS = ("<answer>48.8566, 2.3522</answer>", "<answer>0.0, 11.0</answer>", "no idea")
MOCK = """
import json, sys
from inspect_ai import eval
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from gre.adapters.inspect_task import gre_locate
def said(text):
    output = ModelOutput.from_content("mockllm/model", text)
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output
texts = json.loads(sys.argv[2])
model = get_model("mockllm/model", custom_outputs=[said(text) for text in texts])
task = gre_locate("greval_bench", sys.argv[1])
log = eval(task, model=model, max_samples=1, max_connections=1, log_dir="logs", display="none")[0]
assert log.status == "success", log.error
print(json.dumps({name: m.value for name, m in log.results.scores[0].metrics.items()}))
"""
SERVED = """
import json, sys
from inspect_ai import eval
from gre.adapters.inspect_task import gre_locate
task = gre_locate("greval_bench", sys.argv[1])
log = eval(task, model="openai-api/gre/" + sys.argv[2], limit=3, max_tokens=16, temperature=0.0,
           max_connections=1, log_dir="logs", display="none")[0]
assert log.status == "success", log.error
print(json.dumps([[s.id, s.output.completion] for s in log.samples]))
print(json.dumps({name: m.value for name, m in log.results.scores[0].metrics.items()}))
"""


@pytest.fixture(scope="module")
def python() -> str:
    """A Python that has inspect_ai."""
    named = os.environ.get("GRE_INSPECT_PYTHON", "")
    if named:
        return named
    if importlib.util.find_spec("inspect_ai") is None:
        pytest.skip("inspect_ai needs an environment of its own; GRE_INSPECT_PYTHON names none")
    return sys.executable


def run(python: str, code: str, *words: str, folder: Path, **changes: str) -> list[object]:
    """Run code that prints JSON lines; give them."""
    done = subprocess.run(
        [python, "-c", code, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **changes},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line[:1] in "[{"]


def test_numbers_are_those_of_gre_score(python: str, tmp_path: Path) -> None:
    """As worked out in test_lmms_eval.py: two exact, one 111.19 km off, one unreadable."""
    (tmp_path / "imgs").mkdir()
    records = []
    for number, (lat, lon) in enumerate(POINTS):
        Image.new("RGB", (64, 64), (40 * number, 10, 10)).save(tmp_path / f"imgs/{number}.jpg")
        record = {"sample_id": f"s{number}", "image_path": f"imgs/{number}.jpg"}
        records.append(record | {"gt_cot": "1. a // 2. b", "gt_lat": lat, "gt_lon": lon})
    (tmp_path / "greval_bench.json").write_text(json.dumps(records))
    texts = [*TEXTS, "<answer>35.0, 139.0</answer>"]
    (found,) = run(python, MOCK, str(tmp_path), json.dumps(texts), folder=tmp_path)
    assert found == {
        **{"within_1_km": 50.0, "within_25_km": 50.0, "within_200_km": 75.0},
        **{"within_750_km": 75.0, "within_2500_km": 75.0, "n_readable": 3.0},
        "median_km": pytest.approx(0.0, abs=1e-6),
        "geoscore": (5000 + 5000 + 4641) / 4,
    }


def test_a_real_server_answers_it(
    python: str,
    endpoint: ChatEndpoint,  # noqa: F811 - the fixture
    sample_world: Path,
    tmp_path: Path,
) -> None:
    """`transformers serve` with the tiny model, which is random: it is asked and answers."""
    samples, found = run(
        python,
        SERVED,
        str(sample_world / "bench/test"),
        endpoint.model,
        folder=tmp_path,
        GRE_BASE_URL=endpoint.base_url,
        GRE_API_KEY="none",
    )
    assert len(samples) == 3
    assert all(text for _, text in samples)
    assert found["n_readable"] <= 3
    assert 0 <= found["within_2500_km"] <= 100
