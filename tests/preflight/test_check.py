"""The whole check on the sample world and the tiny model, and what it must find."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gre.errors import InputError
from gre.preflight.check import CheckResult, Request, run_check
from gre.preflight.page import write_check_page
from gre.preflight.photos import OnDone

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@contextmanager
def no_bar(title: str, total: int) -> Iterator[OnDone]:
    yield lambda count: None


def flags(**values: object) -> list[str]:
    return [word for key, value in values.items() for word in (f"--{key}", str(value))]


def checked(config: str, world_size: int = 1, **request: Any) -> CheckResult:
    path = ROOT / "configs/tiny" / config
    return run_check(Request(config=path, world_size=world_size, **request), no_bar)


def texts(result: CheckResult, severity: str) -> str:
    return "\n".join(i.text for i in result.findings.items if i.severity == severity)


@pytest.fixture(scope="module")
def world(sample_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that tests may damage."""
    copy = tmp_path_factory.mktemp("damaged") / "world"
    shutil.copytree(sample_world, copy)
    return copy


@pytest.mark.parametrize(
    ("config", "data", "heldout", "stage"),
    [
        ("stage1_sft", "gre_cot/gre_cot.json", "val/greval_bench.json", "sft"),
        ("stage2_judge", "gre_judge/gre_judge.json", "judge_val/gre_judge.json", "judge"),
        ("stage3_geodesic", "gre_seed/gre_seed.jsonl", "val/greval_bench.json", "geodesic"),
    ],
)
def test_sound_data_of_each_stage(sample_world, tiny_model, tmp_path, config, data, heldout, stage):
    arguments = flags(
        model_name_or_path=tiny_model,
        data_path=sample_world / "dataset" / data,
        heldout_path=sample_world / "bench" / heldout,
        output_dir=tmp_path / "out",
    )
    bench = {"greval_bench": sample_world / "bench/test"}
    result = checked(f"{config}.yaml", arguments=arguments, benchmarks=bench)
    assert result.stage == stage
    assert texts(result, "error") == ""
    assert "decode whole" in texts(result, "ok")
    assert "the shapes of config.json" in texts(result, "ok")
    assert "the chat template renders a row" in texts(result, "ok")
    assert [table.title for table in result.tables] == [
        "Row lengths",
        "Memory of a GPU, 1 in all, GB",
    ]
    assert not (tmp_path / "out").exists()
    out = tmp_path / "check.html"
    write_check_page(result, out)
    page = out.read_text()
    assert "Nothing stands in the way" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    json.dumps(result.to_json())


def test_row_lengths_are_those_of_the_collator(sample_world, tiny_model):
    from gre.data.datasets import sft_dataset
    from gre.data.images import image_size
    from gre.data.records import read_cot
    from gre.models.chat import ask, reply
    from gre.models.options import ModelOptions
    from gre.models.qwen_vl import load_processor
    from gre.preflight.tokens import PixelBudget, image_tokens, text_tokens
    from gre.train.sft import WholeRowCollator

    records = read_cot(sample_world / "dataset/gre_cot/gre_cot.json")[:8]
    processor = load_processor(ModelOptions(model_name_or_path=str(tiny_model)))
    size = processor.image_processor.size
    budget = PixelBudget(size["shortest_edge"], size["longest_edge"])
    images = [image_tokens(*image_size(record.image_path), budget) for record in records]
    counted = (text_tokens(records, processor) + images).tolist()
    collator = WholeRowCollator(processor=processor, completion_only_loss=True)
    rows = list(sft_dataset(records, ask=ask, reply=reply))
    assert counted == [int(collator([row])["attention_mask"].sum()) for row in rows]


def test_damage_is_found_and_quarantined(world, tiny_model, tmp_path):
    folder = world / "dataset/gre_cot"
    records = json.loads((folder / "gre_cot.json").read_text())
    photo = folder / "imgs" / Path(records[0]["image"]).name
    photo.write_bytes(photo.read_bytes()[:-200])
    records[3]["gt_lat"] = 99.0
    records[5]["gt_lat"] = records[5]["gt_lon"] = 0
    leaked = next((world / "bench/test/imgs").iterdir())
    copied = folder / "imgs" / Path(records[7]["image"]).name
    copied.write_bytes(leaked.read_bytes())
    (folder / "gre_cot.json").write_text(json.dumps(records))
    model = tmp_path / "model"
    shutil.copytree(tiny_model, model)
    weights = next(model.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-8])
    arguments = flags(
        model_name_or_path=model,
        data_path=folder / "gre_cot.json",
        heldout_path=world / "bench/val/greval_bench.json",
        output_dir=tmp_path / "out",
    )
    bench = {"greval_bench": world / "bench/test"}
    result = checked(
        "stage1_sft.yaml", arguments=arguments, benchmarks=bench, quarantine=tmp_path / "clean"
    )
    errors, warnings = texts(result, "error"), texts(result, "warning")
    assert "images cannot be used: damaged" in errors
    assert "records cannot be used: gt_lat" in errors
    assert "download it again" in errors
    assert "exactly (0, 0)" in warnings
    assert "1 training images are in greval_bench too, byte for byte" in warnings
    reasons = (tmp_path / "clean/left_out.jsonl").read_text()
    for word in ("damaged", "gt_lat", "(0, 0)", "of greval_bench"):
        assert word in reasons
    root = next(text for text in texts(result, "note").split() if str(folder) in text)
    again = flags(
        model_name_or_path=tiny_model,
        data_path=tmp_path / "clean/gre_cot.json",
        image_root=root,
        heldout_path=world / "bench/val/greval_bench.json",
        output_dir=tmp_path / "out",
    )
    clean = checked("stage1_sft.yaml", arguments=again, benchmarks=bench)
    assert texts(clean, "error") == ""
    assert "too, byte for byte" not in texts(clean, "warning")


def test_a_checkpoint_of_another_world_is_refused(sample_world, tiny_model, tmp_path):
    out = tmp_path / "out"
    (out / "checkpoint-5").mkdir(parents=True)
    (out / "checkpoint-5/complete.json").write_text('{"step": 5}')
    (out / "resolved.yaml").write_text("a: 1\n")
    (out / "environment.json").write_text('{"world_size": 4}')
    arguments = flags(
        model_name_or_path=tiny_model,
        data_path=sample_world / "dataset/gre_seed/gre_seed.jsonl",
        heldout_path=sample_world / "bench/val/greval_bench.json",
        output_dir=out,
    )
    result = checked("stage3_geodesic.yaml", arguments=arguments)
    assert "written by 4 processes, but 1 would start" in texts(result, "error")
    assert (out / "checkpoint-5").is_dir()


def test_a_wrong_config_is_no_finding(tmp_path):
    with pytest.raises(InputError, match="unknown key"):
        checked("stage1_sft.yaml", arguments=["--learning_rat", "1"])


def test_a_taken_folder_is_refused_before_any_work(tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        checked("stage1_sft.yaml", quarantine=tmp_path)
