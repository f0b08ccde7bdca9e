"""Stage 1 on the tiny model: it learns, stops short of nothing, and goes on where it was."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from gre.errors import InputError
from gre.models.options import ModelOptions
from gre.models.qwen_vl import load_model, read_instruction
from gre.sample.chains import LOCATE_QUESTION
from gre.train.checkpoints import is_complete, restore_full_weights
from gre.train.sft import check_sft, run_sft

CONFIG = Path(__file__).resolve().parents[2] / "configs/tiny/stage1_sft.yaml"


def flags(world: Path, model: Path, output: Path, **more: object) -> list[str]:
    values: dict[str, object] = {
        "model_name_or_path": model,
        "data_path": world / "dataset/gre_cot/gre_cot.json",
        "heldout_path": world / "bench/val/greval_bench.json",
        "heldout_max_new_tokens": 4,
        "output_dir": output,
        "max_steps": 4,
        "save_steps": 2,
        "heldout_steps": 2,
        "logging_steps": 1,
        "warmup_steps": 0,
        "global_batch_size": 8,
        "per_device_train_batch_size": 4,
        **more,
    }
    return [word for key, value in values.items() for word in (f"--{key}", str(value))]


@pytest.fixture(scope="module")
def trained(sample_world: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("stage1") / "run"
    return run_sft(CONFIG, flags(sample_world, tiny_model, output))


def test_a_run_leaves_a_model_folder_that_says_what_it_is(trained: Path) -> None:
    assert is_complete(trained)
    assert read_instruction(str(trained)) == LOCATE_QUESTION
    assert (trained / "resolved.yaml").exists()
    assert json.loads((trained / "environment.json").read_text())["versions"]["trl"]
    for name in ("config.json", "model.safetensors", "processor_config.json", "tokenizer.json"):
        assert (trained / name).exists()


def test_the_log_holds_loss_and_heldout_metrics(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert len(losses) == 4
    assert losses[-1] < losses[0]
    heldout = [line for line in lines if "eval_median_km" in line]
    assert [line["step"] for line in heldout] == [2, 4]
    for radius in (1, 25, 200, 750, 2500):
        assert 0 <= heldout[0][f"eval_acc_{radius}km"] <= 100


def test_the_best_checkpoint_is_kept_as_a_model(trained: Path) -> None:
    best = trained / "best"
    assert best.resolve().name in {"checkpoint-2", "checkpoint-4"}
    assert (best / "processor_config.json").exists()
    assert read_instruction(str(best)) == LOCATE_QUESTION
    assert load_model(ModelOptions(model_name_or_path=str(best))).num_parameters() > 0


def test_a_resumed_run_ends_in_the_same_weights_bit_for_bit(
    trained: Path, sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    interrupted = tmp_path / "run"
    interrupted.mkdir()
    for name in ("checkpoint-2", "resolved.yaml", "metrics.jsonl"):
        source = trained / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, interrupted / name)
    half_written = interrupted / "checkpoint-3"
    half_written.mkdir()
    (half_written / "model.safetensors").write_bytes(b"cut")
    run_sft(CONFIG, flags(sample_world, tiny_model, interrupted))
    whole, resumed = (load_file(run / "model.safetensors") for run in (trained, interrupted))
    assert whole.keys() == resumed.keys()
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name
    lines = (interrupted / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines if '"loss"' in line]
    assert steps == [1, 2, 3, 4]
    assert not half_written.exists()


def test_restoring_moves_every_tensor(trained: Path, tiny_model: Path) -> None:
    model = load_model(ModelOptions(model_name_or_path=str(tiny_model)))
    target = load_model(ModelOptions(model_name_or_path=str(trained))).state_dict()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    restore_full_weights(model, trained)
    moved = [name for name, tensor in target.items() if not torch.equal(tensor, before[name])]
    assert len(moved) > 0.9 * len(target)  # every tensor with a gradient differs after four steps
    for name, tensor in target.items():
        assert torch.equal(model.state_dict()[name], tensor), name


def test_a_checkpoint_that_lacks_a_tensor_is_refused(
    trained: Path, tiny_model: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "checkpoint"
    shutil.copytree(trained / "checkpoint-4", damaged)
    weights = load_file(damaged / "model.safetensors")
    with safe_open(damaged / "model.safetensors", framework="pt") as file:
        metadata = file.metadata()
    gone = next(name for name in weights if "q_proj.weight" in name)
    del weights[gone]
    save_file(weights, damaged / "model.safetensors", metadata=metadata)
    model = load_model(ModelOptions(model_name_or_path=str(tiny_model)))
    with pytest.raises(InputError, match="1 missing keys"):
        restore_full_weights(model, damaged)


def test_a_finished_run_is_not_trained_over(
    trained: Path, sample_world: Path, tiny_model: Path
) -> None:
    with pytest.raises(InputError, match="holds a finished run"):
        run_sft(CONFIG, flags(sample_world, tiny_model, trained))


def test_a_row_over_the_budget_stops_the_run_by_name(
    sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    arguments = flags(sample_world, tiny_model, tmp_path / "run", max_row_tokens=100)
    with pytest.raises(InputError, match=r"imgs/.*jpg: its row has \d+ tokens, max_row_tokens"):
        run_sft(CONFIG, arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_name_or_path": "/none/there"}, "no such folder"),
        ({"data_path": "/none.json"}, "none.json"),
        ({"heldout_path": "/none.json"}, "none.json"),
        ({"global_batch_size": 6}, "global_batch_size 6 is not a multiple"),
    ],
)
def test_the_dry_run_finds_what_would_stop_a_run(
    sample_world: Path,
    tiny_model: Path,
    tmp_path: Path,
    changes: dict[str, object],
    message: str,
) -> None:
    arguments = flags(sample_world, tiny_model, tmp_path / "run", **changes)
    with pytest.raises(InputError, match=message) as caught:
        check_sft(CONFIG, arguments, world_size=1)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "world_size", "message"),
    [
        ({"learning_rate": 1e-5}, 1, "learning_rate: the run in .* was begun with 0.003"),
        ({}, 2, "was begun by 1 processes, this run has 2"),
    ],
)
def test_the_dry_run_knows_another_run(
    trained: Path,
    sample_world: Path,
    tiny_model: Path,
    tmp_path: Path,
    changes: dict[str, object],
    world_size: int,
    message: str,
) -> None:
    run, half_written = tmp_path / "run", tmp_path / "run/checkpoint-9"
    kept = ("resolved.yaml", "run.json", "checkpoint-2/complete.json")
    half_written.mkdir(parents=True)
    (run / "checkpoint-2").mkdir()
    for name in kept:
        shutil.copy(trained / name, run / name)
    check_sft(CONFIG, flags(sample_world, tiny_model, run), world_size=1)  # the same goes on
    arguments = flags(sample_world, tiny_model, run, **changes)
    with pytest.raises(InputError, match=message):
        check_sft(CONFIG, arguments, world_size=world_size)
    assert half_written.is_dir()  # a check removes nothing


def test_only_the_completion_is_learnt(sample_world: Path, tiny_model: Path) -> None:
    from gre.data.datasets import sft_dataset
    from gre.data.records import read_cot
    from gre.models.chat import ask, reply
    from gre.models.qwen_vl import load_processor
    from gre.train.sft import WholeRowCollator

    records = read_cot(sample_world / "dataset/gre_cot/gre_cot.json")[:3]
    processor = load_processor(ModelOptions(model_name_or_path=str(tiny_model)))
    collate = WholeRowCollator(processor=processor, completion_only_loss=True)
    rows = sft_dataset(records, ask=ask, reply=reply)
    batch = collate([rows[i] for i in range(3)])
    for record, ids, labels in zip(records, batch["input_ids"], batch["labels"], strict=True):
        learnt = processor.tokenizer.decode(labels[labels != -100])
        assert learnt == record.answer + "<|im_end|>\n"
        image_tokens = int((ids == processor.image_token_id).sum())
        assert image_tokens in (9, 12)  # 84 x 84, or 112 x 84 either way up; 28 x 28 a token


def test_lora_trains_and_resumes(sample_world: Path, tiny_model: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    lora = {"lora_r": 4, "lora_dropout": 0.0, "heldout_path": "null"}
    run_sft(CONFIG, flags(sample_world, tiny_model, output, **lora))
    whole = load_file(output / "adapter/adapter_model.safetensors")
    assert any(tensor.abs().sum() > 0 for name, tensor in whole.items() if "lora_B" in name)
    (output / "complete.json").unlink()
    shutil.rmtree(output / "checkpoint-4")
    run_sft(CONFIG, flags(sample_world, tiny_model, output, **lora))
    for name, tensor in load_file(output / "adapter/adapter_model.safetensors").items():
        assert torch.equal(tensor, whole[name]), name
