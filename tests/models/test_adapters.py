"""Adapter folders: which are used, and what is said of the others."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gre.errors import InputError
from gre.models.adapters import base_of_adapter, is_adapter_folder, refuse_adapter
from gre.models.options import ModelOptions
from gre.models.qwen_vl import (
    apply_training_options,
    check_model_folder,
    load_model,
    load_processor,
)


@pytest.fixture(scope="module")
def adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter whose matrices are random, beside the processor; tests must not write to it."""
    folder = tmp_path_factory.mktemp("adapter") / "checkpoint-2"
    options = ModelOptions(
        model_name_or_path=str(tiny_model), dtype="float32", lora_r=4, lora_alpha=8
    )
    model = apply_training_options(load_model(options), options)
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    model.save_pretrained(folder)
    load_processor(options).save_pretrained(folder)
    return folder


def copy_with(adapter: Path, folder: Path, **changes: object) -> Path:
    folder.mkdir()
    for path in adapter.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(config | changes))
    return folder


def test_an_adapter_folder_loads_as_base_plus_scaled_product(
    adapter: Path, tiny_model: Path
) -> None:
    assert is_adapter_folder(str(adapter))
    assert not is_adapter_folder(str(tiny_model))
    merged = load_model(ModelOptions(model_name_or_path=str(adapter))).state_dict()
    base = load_model(ModelOptions(model_name_or_path=str(tiny_model))).state_dict()
    factors = load_file(adapter / "adapter_model.safetensors")
    changed = {
        name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        for name in factors
        if "lora_A" in name
    }
    assert len(changed) == 3 * 7  # layers x targets of the tiny model
    assert merged.keys() == base.keys()
    for name, tensor in base.items():
        module = name.removesuffix(".weight")
        if module in changed:
            a, b = (
                factors[f"base_model.model.{module}.lora_{letter}.weight"] for letter in ("A", "B")
            )
            # LoRA: W + alpha / r B A, here 8 / 4.
            torch.testing.assert_close(merged[name], tensor + 2.0 * (b @ a), rtol=0, atol=1e-5)
        else:
            assert torch.equal(merged[name], tensor), name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"peft_type": "IA3"}, "peft_type must be LORA, got 'IA3'"),
        ({"base_model_name_or_path": None}, "must name a folder or hub id, got None"),
        ({"base_model_name_or_path": "/none/there"}, "adapter .*model /none/there: no such folder"),
        ({"base_model_name_or_path": "https://x.org/a/b"}, "no such folder"),
    ],
)
def test_a_config_that_cannot_be_used_is_one_line(
    adapter: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    folder = copy_with(adapter, tmp_path / "adapter", **changes)
    with pytest.raises(InputError, match=message) as caught:
        check_model_folder(str(folder))
    assert "\n" not in str(caught.value)


def test_an_adapter_on_an_adapter_is_refused(adapter: Path, tmp_path: Path) -> None:
    folder = copy_with(adapter, tmp_path / "second", base_model_name_or_path=str(adapter))
    with pytest.raises(InputError, match="is an adapter too"):
        base_of_adapter(str(folder))


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("adapter_model.safetensors", "no adapter_model.safetensors in it"),
        ("processor_config.json", "processor_config.json is missing"),
    ],
)
def test_an_incomplete_adapter_folder_is_named(
    adapter: Path, tmp_path: Path, missing: str, message: str
) -> None:
    folder = copy_with(adapter, tmp_path / "adapter")
    (folder / missing).unlink()
    with pytest.raises(InputError, match=message):
        check_model_folder(str(folder))


def test_a_damaged_config_is_one_line(adapter: Path, tmp_path: Path) -> None:
    folder = copy_with(adapter, tmp_path / "adapter")
    (folder / "adapter_config.json").write_text("{")
    with pytest.raises(InputError, match=r"adapter_config\.json: is not readable JSON"):
        check_model_folder(str(folder))


def test_weights_that_do_not_fit_are_one_line(adapter: Path, tmp_path: Path) -> None:
    folder = copy_with(adapter, tmp_path / "adapter")
    path = folder / "adapter_model.safetensors"
    weights = load_file(path)
    gone = min(name for name in weights if "lora_B" in name)
    options = ModelOptions(model_name_or_path=str(folder))
    save_file({name: tensor for name, tensor in weights.items() if name != gone}, path)
    with pytest.raises(InputError, match=f"1 missing tensors, the first {gone}"):
        load_model(options)
    save_file(weights | {gone: torch.zeros(3, 3)}, path)
    with pytest.raises(InputError, match="does not fit its base model") as caught:
        load_model(options)
    assert "\n" not in str(caught.value)
    path.write_bytes(b"cut")
    with pytest.raises(InputError, match="does not fit its base model"):
        load_model(options)


def test_without_peft_the_way_out_is_named(adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "peft" else find(name)
    )
    with pytest.raises(InputError, match="needs peft: pip install peft, or name its run's folder"):
        check_model_folder(str(adapter))


def test_training_does_not_start_from_an_adapter(adapter: Path, tiny_model: Path) -> None:
    refuse_adapter(str(tiny_model))
    refuse_adapter("Qwen/Qwen2.5-VL-7B-Instruct")
    with pytest.raises(InputError, match="training starts from a whole model"):
        refuse_adapter(str(adapter))
