"""The lmms-eval task folder: its YAML loads, its functions score as `gre score`."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from gre.evaluation.score import score_file

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmark" / "lmms_eval"
SETS = ("im2gps3k", "gws15k", "google_streetview", "greval_bench")
ANSWERS = (
    ("a", (48.8566, 2.3522), "<answer>48.8566, 2.3522</answer>"),
    ("b", (0.0, 10.0), "<answer>0.0, 11.0</answer>"),
    ("c", (10.0, 20.0), "no idea"),
    ("d", (35.0, 139.0), "<think> Tokyo </think> <answer> 35.0, 139.0 </answer>"),
)


@pytest.fixture(scope="module")
def functions() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gre_locate", FOLDER / "gre_locate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_task(name: str, functions: ModuleType) -> dict[str, object]:
    """A task's YAML as lmms-eval reads it: `!function module.name`, then what it includes."""

    class Loader(yaml.SafeLoader):
        pass

    def function(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
        module, _, attribute = loader.construct_scalar(node).partition(".")
        assert module == "gre_locate"
        return getattr(functions, attribute)

    Loader.add_constructor("!function", function)
    task = yaml.load((FOLDER / name).read_text(), Loader)
    below = load_task(task.pop("include"), functions) if "include" in task else {}
    return {**below, **task}


@pytest.mark.parametrize("name", SETS)
def test_each_task_loads_with_all_its_functions(functions: ModuleType, name: str) -> None:
    task = load_task(f"gre_{name}.yaml", functions)
    assert task["task"] == f"gre_{name}"
    assert task["dataset_kwargs"]["data_files"]["test"].endswith(f"rows/{name}.jsonl")
    assert {m["metric"] for m in task["metric_list"]} == set(functions.METRICS)
    assert all(m["aggregation"].__name__ == m["metric"] for m in task["metric_list"])


def test_its_numbers_are_those_of_gre_score(functions: ModuleType, tmp_path: Path) -> None:
    rows = [{"id": i, "gt_lat": lat, "gt_lon": lon} for i, (lat, lon), _ in ANSWERS]
    texts = [text for *_, text in ANSWERS]
    task = load_task("gre_greval_bench.yaml", functions)
    done = [task["process_results"](row, [text]) for row, text in zip(rows, texts, strict=True)]
    found = {
        m["metric"]: m["aggregation"]([result[m["metric"]] for result in done])
        for m in task["metric_list"]
    }
    # Two exact, one a degree of longitude off on the equator (6371.0 km * pi / 180 = 111.19 km),
    # one unreadable: 2 of 4 within 1 and 25 km, 3 of 4 from 200 km on, the median of three is 0.
    # Scores 5000, 5000, floor(5000 * exp(-111.19 / 1492.7)) = 4641 and 0.
    assert found == {
        "within_1_km": 50.0,
        "within_25_km": 50.0,
        "within_200_km": 75.0,
        "within_750_km": 75.0,
        "within_2500_km": 75.0,
        "median_km": pytest.approx(0.0, abs=1e-6),
        "geoscore": (5000 + 5000 + 4641) / 4,
    }
    table = tmp_path / "predictions.csv"
    table.write_text(
        "id,gt_lat,gt_lon,pred_lat,pred_lon\n"
        "a,48.8566,2.3522,48.8566,2.3522\nb,0.0,10.0,0.0,11.0\nc,10.0,20.0,,\nd,35,139,35,139\n"
    )
    scored = score_file(table)
    for radius, value in scored.accuracy.items():
        assert found[f"within_{radius}_km"] == value
    assert found["geoscore"] == scored.geoscore


def test_prepared_rows_feed_the_tasks(
    functions: ModuleType, sample_world: Path, tmp_path: Path
) -> None:
    spec = importlib.util.spec_from_file_location("prepare", FOLDER / "prepare.py")
    prepare = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(prepare)
    path = prepare.write_rows("greval_bench", sample_world / "bench/test", tmp_path / "rows")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == 10  # photos of the small world's test set
    (image,) = functions.to_visual(rows[0])
    assert image.mode == "RGB"
    assert functions.to_text(rows[0], {"pre_prompt": "A ", "post_prompt": " Z"})[:2] == "A "
    truth = f"<answer>{functions.to_target(rows[0])}</answer>"
    result = functions.process_results(rows[0], [truth])
    assert result["median_km"]["error_km"] == pytest.approx(0.0, abs=1e-6)


def test_a_wrong_folder_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / "prepare.py"), "im2gps3k", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_adapters_stay_short() -> None:
    for path in (*FOLDER.glob("*.py"), *(ROOT / "gre/adapters").glob("*.py")):
        assert len(path.read_text().splitlines()) <= 100, path
