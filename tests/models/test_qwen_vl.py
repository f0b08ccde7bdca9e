"""Loading, attention, freezing, LoRA and the report of what trains."""

import shutil
from pathlib import Path

import pytest
import torch

from gre.errors import InputError
from gre.models.options import ModelOptions
from gre.models.qwen_vl import (
    apply_training_options,
    assert_trainable,
    check_model_folder,
    count_parameters,
    format_parameters,
    load_model,
    load_processor,
    read_instruction,
    resolve_attention,
    resolve_dtype,
    write_instruction,
)


def options(folder: Path, **changes: object) -> ModelOptions:
    return ModelOptions(model_name_or_path=str(folder), **changes)  # type: ignore[arg-type]


def test_auto_is_sdpa_and_float32_without_a_gpu() -> None:
    assert resolve_attention("auto", device="cpu") == "sdpa"
    assert resolve_dtype("auto", device="cpu") is torch.float32


def test_flash_attention_asked_for_without_a_gpu_is_refused() -> None:
    with pytest.raises(InputError, match="needs a GPU of capability"):
        resolve_attention("flash_attention_2", device="cpu")


@pytest.mark.parametrize(
    ("freeze", "trains"),
    [
        ([], {"vision", "projector", "language"}),
        (["vision"], {"projector", "language"}),
        (["vision", "projector"], {"language"}),
        (["language"], {"vision", "projector"}),
    ],
)
def test_freezing_is_counted_by_part(tiny_model: Path, freeze: list[str], trains: set[str]) -> None:
    chosen = options(tiny_model, freeze=freeze)
    counts = count_parameters(apply_training_options(load_model(chosen), chosen))
    for part in ("vision", "projector", "language"):
        assert counts[part].trainable == (counts[part].total if part in trains else 0)
    assert "trainable" in format_parameters(counts)


def test_lora_trains_adapters_of_the_language_model_alone(tiny_model: Path) -> None:
    chosen = options(tiny_model, lora_r=4, lora_alpha=8)
    counts = count_parameters(apply_training_options(load_model(chosen), chosen))
    assert counts["language"].trainable == counts["vision"].trainable == 0
    # Per layer and target with shapes (in, out): r (in + out). The tiny model has 3 layers,
    # hidden 128, 4 heads and 2 key-value heads of 32, intermediate 256.
    pairs = [(128, 128), (128, 64), (128, 64), (128, 128), (128, 256), (128, 256), (256, 128)]
    assert counts["adapter"].trainable == 3 * sum(4 * (i + o) for i, o in pairs)


def test_a_part_that_should_not_train_is_caught(tiny_model: Path) -> None:
    chosen = options(tiny_model, freeze=["vision"])
    with pytest.raises(InputError, match=r"vision: .* would train, 0 should"):
        assert_trainable(load_model(chosen), chosen)


def test_the_pixel_budget_reaches_the_processor(tiny_model: Path) -> None:
    from PIL import Image

    processor = load_processor(options(tiny_model, max_pixels=56 * 56, min_pixels=28 * 28))
    grid = processor.image_processor(images=[Image.new("RGB", (500, 500))], return_tensors="pt")
    assert grid["image_grid_thw"].tolist() == [[1, 4, 4]]
    assert processor.tokenizer.padding_side == "left"


@pytest.mark.parametrize(
    "name", ["./none", "/none/at/all", "none", "a/b/c", "outputs/nowhere", "models/GRE"]
)
def test_a_missing_folder_is_one_line(name: str) -> None:
    with pytest.raises(InputError, match="no such folder; gre pull NAME fetches") as caught:
        check_model_folder(name)
    assert "\n" not in str(caught.value)


def test_a_hub_id_is_left_to_the_hub() -> None:
    check_model_folder("Qwen/Qwen2.5-VL-7B-Instruct")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", "config.json is missing"),
        ("processor_config.json", "processor_config.json is missing"),
        ("model.safetensors", "no \\*.safetensors"),
    ],
)
def test_an_incomplete_folder_is_named(
    tiny_model: Path, tmp_path: Path, missing: str, message: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    (folder / missing).unlink()
    with pytest.raises(InputError, match=message):
        check_model_folder(str(folder))


def test_damaged_weights_are_one_line(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot be loaded") as caught:
        load_model(options(folder))
    assert "\n" not in str(caught.value)


def test_the_question_travels_with_the_weights(tmp_path: Path) -> None:
    assert read_instruction(str(tmp_path)) is None
    write_instruction(tmp_path, "Wo ist das? “Zürich”")
    assert read_instruction(str(tmp_path)) == "Wo ist das? “Zürich”"


@pytest.mark.parametrize("text", ["{", "[]", '{"instruction": 3}', '{"instruction": " "}', "{}"])
def test_a_damaged_question_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "gre.json").write_text(text)
    with pytest.raises(InputError, match=r"gre\.json"):
        read_instruction(str(tmp_path))
