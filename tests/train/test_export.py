"""What a finished run leaves behind, full and LoRA, and the faults that keep it from being done."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from gre.errors import GreError, InputError
from gre.models.options import ModelOptions
from gre.models.qwen_vl import load_model, read_instruction
from gre.sample.chains import LOCATE_QUESTION
from gre.train.checkpoints import is_complete
from gre.train.export import check_saved_model, expected_shapes, export_model, finish
from gre.train.loader import Run
from gre.train.sft import build_trainer, check_sft, load_sft, run_sft
from tests.command_line import call_gre

CONFIG = Path(__file__).resolve().parents[2] / "configs/tiny/stage1_sft.yaml"
PUBLISHED_FILES = {
    "README.md",
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "gre.json",
    "model.safetensors",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
}
RUN_FILES = {
    "best",
    "checkpoint-2",
    "complete.json",
    "run.json",
    "environment.json",
    "metrics.jsonl",
    "resolved.yaml",
    "trainer_state.json",
}


def flags(world: Path, model: Path, output: Path, **more: object) -> list[str]:
    values: dict[str, object] = {
        "model_name_or_path": model,
        "data_path": world / "dataset/gre_cot/gre_cot.json",
        "heldout_path": world / "bench/val/greval_bench.json",
        "heldout_limit": 2,
        "heldout_max_new_tokens": 4,
        "output_dir": output,
        "max_steps": 2,
        "save_steps": 2,
        "heldout_steps": 2,
        "warmup_steps": 0,
        "max_records": 8,
        "global_batch_size": 4,
        "per_device_train_batch_size": 4,
        **more,
    }
    return [word for key, value in values.items() for word in (f"--{key}", str(value))]


def make_run(arguments: list[str]) -> Run:
    return load_sft(CONFIG, arguments, world_size=1)


@pytest.fixture(scope="module")
def full(sample_world: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("full") / "run"
    return run_sft(CONFIG, flags(sample_world, tiny_model, output))


@pytest.fixture(scope="module")
def bf16_base(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as the published ones are stored."""
    folder = tmp_path_factory.mktemp("base") / "tiny-bf16"
    shutil.copytree(tiny_model, folder)
    options = ModelOptions(model_name_or_path=str(tiny_model), dtype="bfloat16")
    load_model(options).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def lora(sample_world: Path, bf16_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("lora") / "run"
    return run_sft(CONFIG, flags(sample_world, bf16_base, output, lora_r=4, learning_rate=0.1))


def names_and_shapes(folder: Path) -> dict[str, list[int]]:
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118


def test_a_full_run_leaves_a_plain_folder(full: Path, tiny_model: Path) -> None:
    assert {path.name for path in full.iterdir()} == PUBLISHED_FILES | RUN_FILES
    assert is_complete(full)
    assert read_instruction(str(full)) == LOCATE_QUESTION
    assert names_and_shapes(full) == names_and_shapes(tiny_model)
    assert "model.layers.0.self_attn.q_proj.weight" in names_and_shapes(full)  # as published
    assert "visual.patch_embed.proj.weight" in names_and_shapes(full)
    assert json.loads((full / "config.json").read_text()).get("use_cache", True) is True
    modes = {path.stat().st_mode for path in (full / "model.safetensors", full / "config.json")}
    assert len(modes) == 1  # who may read the config may read the weights


def test_a_lora_run_leaves_the_merged_model_and_the_adapter(lora: Path, bf16_base: Path) -> None:
    assert {path.name for path in lora.iterdir()} == PUBLISHED_FILES | RUN_FILES | {"adapter"}
    assert is_complete(lora)
    assert read_instruction(str(lora)) == read_instruction(str(lora / "adapter")) == LOCATE_QUESTION
    assert not (lora / "adapter/training_args.bin").exists()
    assert names_and_shapes(lora) == names_and_shapes(bf16_base)
    merged, base = (load_file(folder / "model.safetensors") for folder in (lora, bf16_base))
    factors = load_file(lora / "adapter/adapter_model.safetensors")
    name = "layers.1.mlp.up_proj"
    a, b = (
        factors[f"base_model.model.model.language_model.{name}.lora_{letter}.weight"].float()
        for letter in ("A", "B")
    )
    assert b.abs().max() > 0
    before, after = (weights[f"model.{name}.weight"] for weights in (base, merged))
    assert after.dtype == torch.bfloat16  # the base's, though it trained in float32
    # LoRA: W + alpha / r B A with the default alpha 32; bfloat16 keeps 8 bits, so 2^-8 of a value.
    torch.testing.assert_close(after.float(), before.float() + 8.0 * (b @ a), rtol=2**-8, atol=1e-6)
    assert not torch.equal(before, after)
    for kept, tensor in base.items():
        if not any(target in kept for target in ("self_attn", ".mlp.")) or "visual" in kept:
            assert torch.equal(tensor, merged[kept]), kept


@pytest.mark.parametrize("kind", ["full", "lora"])
@pytest.mark.parametrize("part", [".", "best", "checkpoint-2"])
def test_predict_takes_the_run_its_best_and_any_checkpoint(
    request: pytest.FixtureRequest,
    sample_world: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    part: str,
) -> None:
    photo = sorted((sample_world / "bench/test/imgs").iterdir())[0]
    model = request.getfixturevalue(kind) / part
    code = call_gre("predict", photo, "--model", model, "--json", "--max-new-tokens", 4)
    assert code == 3  # answered, but four tokens hold no coordinates
    assert json.loads(capsys.readouterr().out)["text"] is not None


def test_the_last_lora_checkpoint_and_the_merged_model_are_the_same(lora: Path) -> None:
    options = (
        ModelOptions(model_name_or_path=str(p), dtype="bfloat16") for p in (lora / "best", lora)
    )
    checkpoint, merged = (load_model(one).state_dict() for one in options)
    for name, tensor in merged.items():
        assert torch.equal(tensor, checkpoint[name]), name


WITHOUT_NETWORK = """
import socket, sys
def refuse(*address, **_):
    print("ASKED", address)
    raise OSError("no network in this test")
socket.getaddrinfo = refuse
from gre.cli import main
sys.argv[0] = "gre"
main()
"""


@pytest.mark.slow
def test_a_run_asks_no_network(sample_world: Path, tiny_model: Path, tmp_path: Path) -> None:
    words = flags(sample_world, tiny_model, tmp_path / "run", lora_r=2)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NETWORK, "train", "sft", "--config", str(CONFIG), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "ASKED" not in done.stdout
    assert is_complete(tmp_path / "run")


def test_training_on_from_an_adapter_is_refused(
    lora: Path, sample_world: Path, tmp_path: Path
) -> None:
    arguments = flags(sample_world, lora / "best", tmp_path / "run")
    for start in (
        lambda: check_sft(CONFIG, arguments, world_size=1),
        lambda: run_sft(CONFIG, arguments),
    ):
        with pytest.raises(InputError, match="is a LoRA adapter, training starts from a whole"):
            start()
    assert not (tmp_path / "run").exists()


def test_a_start_with_other_names_is_exported_with_the_published_ones(
    sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    """Some trainers save the names that the model has in memory."""
    start = tmp_path / "start"
    shutil.copytree(tiny_model, start)
    renamed = {
        f"model.{name}"
        if name.startswith("visual.")
        else f"model.language_model.{name[6:]}": tensor
        for name, tensor in load_file(tiny_model / "model.safetensors").items()
    }
    save_file(renamed, start / "model.safetensors", metadata={"format": "pt"})
    for more in ({}, {"lora_r": 2}):
        output = tmp_path / f"run{len(more)}"
        run = make_run(flags(sample_world, start, output, heldout_path="null", **more))
        export_model(build_trainer(run), run, stage="sft", output_dir=output)
        assert names_and_shapes(output) == names_and_shapes(tiny_model)


def test_a_model_with_a_value_that_is_not_finite_is_not_complete(
    sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    run = make_run(flags(sample_world, tiny_model, output, heldout_path="null"))
    trainer = build_trainer(run)
    with torch.no_grad():
        trainer.model.lm_head.weight[3, :2] = torch.nan  # tied to the embedding
    with pytest.raises(GreError, match=r"embed_tokens.weight has 2 values that are not") as caught:
        finish(trainer, run, stage="sft")
    assert str(output / "model.safetensors") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not is_complete(output)


def test_the_hub_gets_the_model_after_the_check(
    sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    run = make_run(flags(sample_world, tiny_model, output, heldout_path="null"))
    trainer = build_trainer(run)
    trainer.args.push_to_hub = True
    pushed: list[bool] = []
    trainer.push_to_hub = lambda **_: pushed.append(is_complete(output))
    finish(trainer, run, stage="sft")
    assert pushed == [True]


def edit_json(path: Path, change: Callable[[dict], None]) -> None:  # type: ignore[type-arg]
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def edit_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


NORM = "model.norm.weight"
FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing tensor": (
        lambda folder: edit_weights(folder, lambda weights: weights.pop(NORM)),
        f"tensor {NORM} is in none",
    ),
    "foreign tensor": (
        lambda folder: edit_weights(folder, lambda w: w.update(other=torch.zeros(2))),
        r"model.safetensors: tensor other has shape \[2\], config.json asks for no such tensor",
    ),
    "other shape": (
        lambda folder: edit_weights(folder, lambda w: w.update({NORM: torch.ones(5)})),
        rf"model.safetensors: tensor {NORM} has shape \[5\], config.json asks for \[128\]",
    ),
    "infinite": (
        lambda folder: edit_weights(folder, lambda w: w[NORM].view(-1)[0].fill_(torch.inf)),
        f"model.safetensors: tensor {NORM} has 1 values that are not finite",
    ),
    "cut file": (
        lambda folder: (folder / "model.safetensors").write_bytes(b"cut"),
        "model.safetensors: cannot be read",
    ),
    "no weights": (
        lambda folder: (folder / "model.safetensors").unlink(),
        "no model|no \\*.safetensors",
    ),
    "no generation config": (
        lambda folder: (folder / "generation_config.json").unlink(),
        "generation_config.json: was not written",
    ),
    "no processor": (
        lambda folder: (folder / "processor_config.json").unlink(),
        "processor_config.json is missing",
    ),
    "no template": (
        lambda folder: (folder / "chat_template.jinja").unlink(),
        "has no chat template",
    ),
    "no question": (lambda folder: (folder / "gre.json").unlink(), "gre.json: was not written"),
    "another image token": (
        lambda folder: edit_json(folder / "config.json", lambda c: c.update(image_token_id=5)),
        r"config.json: image_token_id is 5, the tokenizer's <\|image_pad\|> is 1712",
    ),
    "missing token": (
        lambda folder: edit_json(
            folder / "tokenizer.json",
            lambda c: c.update(
                added_tokens=[t for t in c["added_tokens"] if t["content"] != "<|quad_end|>"]
            ),
        ),
        r"token <\|quad_end\|> is missing",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_line_with_file_and_tensor(
    full: Path, tmp_path: Path, fault: str
) -> None:
    damage, message = FAULTS[fault]
    folder = tmp_path / "model"
    folder.mkdir()
    for name in PUBLISHED_FILES:
        shutil.copy(full / name, folder / name)
    check_saved_model(folder)
    damage(folder)
    with pytest.raises(GreError, match=message) as caught:
        check_saved_model(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_a_model_in_several_files_is_held_against_its_index(full: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in PUBLISHED_FILES - {"model.safetensors"}:
        shutil.copy(full / name, folder / name)
    model = load_model(ModelOptions(model_name_or_path=str(full)))
    model.save_pretrained(folder, max_shard_size="1MB")
    assert len(list(folder.glob("model-*.safetensors"))) > 2
    check_saved_model(folder)
    index = folder / "model.safetensors.index.json"
    edit_json(index, lambda content: content["weight_map"].pop(NORM))
    with pytest.raises(GreError, match=f"index.json: tensor {NORM} is in model-.*says None"):
        check_saved_model(folder)
    index.unlink()
    with pytest.raises(GreError, match=r"index\.json: cannot be read"):
        check_saved_model(folder)


def test_the_expected_tensors_are_those_of_the_published_files(tmp_path: Path) -> None:
    """Source: number of tensors in `model.safetensors.index.json` of Qwen2.5-VL-7B and -3B."""
    from gre.models.qwen_vl import build_on_meta

    for size, count in (("7b", 729), ("3b", 824)):
        build_on_meta(size).config.save_pretrained(tmp_path / size)
        shapes = expected_shapes(tmp_path / size)
        assert len(shapes) == count
        assert ("lm_head.weight" in shapes) is (size == "7b")
