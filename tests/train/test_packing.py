"""Packed rows give the losses and gradients of TRL's padded batches."""

import inspect
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import trl
from datasets import Dataset
from peft import LoraConfig
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor
from trl import SFTConfig, SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

from gre.models.chat import ask, reply
from gre.train import packing
from gre.train.packed_rows import LENGTHS, ROWS
from gre.train.packing import PackedRows

BUDGET = 130

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "checkpointed": {
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
    },
    "frozen vision": {},
    "lora": {},
}


class Packed(PackedRows, SFTTrainer):
    """The overrides alone, without the rest of a GRE stage."""

    packed_tokens = BUDGET


def samples() -> Dataset:
    """Six samples: photos of three shapes (9 to 20 image tokens), answers of 1 to 30 words."""
    rng = np.random.default_rng(5)
    rows = []
    for i, words in enumerate((4, 30, 1, 12, 25, 7)):
        shape = (84 + 28 * (i % 3), 84 + 28 * (i % 2), 3)
        rows.append(
            {
                "images": [Image.fromarray(rng.integers(0, 255, shape, dtype=np.uint8))],
                "prompt": ask("Where is " + "this " * (i + 1)),
                "completion": reply("here " * words),
            }
        )
    return Dataset.from_list(rows)


def trainer(cls: type, folder: Path, output: Path, *, peft: Any = None, **options: Any) -> Any:
    """A trainer whose step has three micro-batches of two samples."""
    args = SFTConfig(
        **{
            "output_dir": str(output),
            "per_device_train_batch_size": 2,
            "gradient_accumulation_steps": 3,
            "max_length": None,
            "completion_only_loss": True,
            "report_to": "none",
            "save_strategy": "no",
            "use_cpu": True,
            "bf16": False,
            "gradient_checkpointing": False,
            "remove_unused_columns": False,
            "disable_tqdm": True,
            "seed": 7,
            **options,
        }
    )
    processor = AutoProcessor.from_pretrained(folder)
    processor.image_processor.size = {"shortest_edge": 56 * 56, "longest_edge": 448 * 448}
    made = cls(
        model=AutoModelForImageTextToText.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="sdpa"
        ),
        args=args,
        data_collator=DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True),
        train_dataset=samples(),
        processing_class=processor,
        peft_config=peft,
    )
    made.current_gradient_accumulation_steps = args.gradient_accumulation_steps
    made.model.train()
    return made


def step_batches(made: Any) -> tuple[list[Any], Any]:
    """The micro-batches of one step, as the training loop gets them."""
    rows = list(made.train_dataset)
    batches = [made.data_collator(rows[i : i + 2]) for i in range(0, len(rows), 2)]
    return made.get_batch_samples(iter(batches), len(batches), torch.device("cpu"))


def step(made: Any) -> tuple[float, dict[str, torch.Tensor]]:
    batches, num_items = step_batches(made)
    losses = [made.training_step(made.model, batch, num_items) for batch in batches]
    gradients = {n: p.grad for n, p in made.model.named_parameters() if p.grad is not None}
    return float(sum(losses)), gradients


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradients_are_stocks(tiny_model: Path, tmp_path: Path, kind: str) -> None:
    found = []
    for cls in (SFTTrainer, Packed):
        torch.manual_seed(0)
        lora = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
        peft = lora if kind == "lora" else None
        made = trainer(cls, tiny_model, tmp_path, peft=peft, **KINDS[kind])
        if kind == "frozen vision":
            made.model.model.visual.requires_grad_(False)
        found.append(step(made))
    assert made._is_packing
    (stock_loss, stock), (loss, ours) = found
    assert loss == pytest.approx(stock_loss, abs=1e-5)
    assert ours.keys() == stock.keys()
    assert any("visual" in n for n in stock) is (kind not in ("frozen vision", "lora"))
    for name, gradient in stock.items():
        assert (ours[name] - gradient).norm() <= 1e-4 * gradient.norm() + 1e-9, name


def test_a_count_of_labels_divides_all_samples_alike(tiny_model: Path, tmp_path: Path) -> None:
    """As with models that take one: then stock's loss is a mean over the labels of the step."""
    found = []
    for cls in (SFTTrainer, Packed):
        made = trainer(cls, tiny_model, tmp_path)
        made.model_accepts_loss_kwargs = True
        assert step_batches(made)[1] is not None
        found.append(step(made)[0])
    assert found[1] == pytest.approx(found[0], abs=1e-5)
    averaged = trainer(Packed, tiny_model, tmp_path)
    assert abs(step(averaged)[0] - found[1]) > 1e-3  # a mean of means is something else


def test_rows_keep_the_budget_hold_every_sample_and_pad_nothing(
    tiny_model: Path, tmp_path: Path
) -> None:
    plain = trainer(SFTTrainer, tiny_model, tmp_path)
    padded, _ = step_batches(plain)
    lengths = [n for batch in padded for n in batch["attention_mask"].sum(dim=1).tolist()]
    made = trainer(Packed, tiny_model, tmp_path)
    batches, _ = step_batches(made)
    assert len(batches) == 3
    rows = [row for batch in batches for row in batch[ROWS]]
    assert sorted(n for row in rows for n in row[LENGTHS]) == sorted(lengths)
    assert 1 < len(rows) < len(lengths)
    for row in rows:
        assert sum(row[LENGTHS]) == row["input_ids"].numel() <= BUDGET
    calls: list[object] = []
    made.model.register_forward_pre_hook(lambda *_: calls.append(1))
    for batch in batches:
        made.training_step(made.model, batch, None)
    assert len(calls) == len(rows)


def test_ranks_make_as_many_calls_as_the_one_with_most_rows(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trainer(Packed, tiny_model, tmp_path)
    monkeypatch.setattr(made.accelerator, "gather", lambda own: torch.tensor([int(own), 6]))
    batches, _ = step_batches(made)
    assert [len(batch[ROWS]) for batch in batches] == [2, 2, 2]


def test_gradients_are_exchanged_after_the_last_row_alone(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trainer(Packed, tiny_model, tmp_path)
    batches, _ = step_batches(made)
    rows = [row for batch in batches for row in batch[ROWS]]
    seen: list[bool] = []
    monkeypatch.setattr(
        SFTTrainer,
        "training_step",
        lambda *_: seen.append(made.accelerator.gradient_state.sync_gradients) or torch.tensor(1.0),
    )
    made.accelerator.gradient_state._set_sync_gradients(True)
    total = made.training_step(made.model, {ROWS: rows}, None)
    assert float(total) == len(rows)
    assert seen == [False] * (len(rows) - 1) + [True]
    assert made.accelerator.gradient_state.sync_gradients


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": "1.17.0"}, "tested with TRL 1.16.*, this is 1.17.0"),
        ({"attention": "eager"}, "attention eager takes no shared rows"),
        ({"loss_type": "dft"}, "loss_type works on padded batches, only nll on rows"),
        ({"neftune_noise_alpha": 5}, "neftune_noise_alpha works on padded batches"),
    ],
)
def test_what_cannot_be_packed_warns_and_is_padded(
    tiny_model: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    message: str,
) -> None:
    made = trainer(Packed, tiny_model, tmp_path)
    monkeypatch.setattr(trl, "__version__", changes.get("version", trl.__version__))
    made.model.config.text_config._attn_implementation = changes.get("attention", "sdpa")
    for name in ("loss_type", "neftune_noise_alpha"):
        setattr(made.args, name, changes.get(name, packing.NEEDED[name]))
    with caplog.at_level(logging.WARNING, logger=packing.__name__):
        batches, _ = step_batches(made)
    assert f"packed_tokens {BUDGET}: padded batches, {message}" in caplog.text
    assert all(ROWS not in batch for batch in batches)


# Upstream

TRL_METHODS = {
    "get_batch_samples": "epoch_iterator num_batches device",
    "training_step": "args kwargs",
    "compute_loss": "model inputs return_outputs num_items_in_batch",
}


@pytest.mark.parametrize("name", TRL_METHODS)
def test_trl_still_has_the_methods_that_are_overridden(name: str) -> None:
    """It failed: read the library's method again, bring ours up to it, then this list."""
    parameters = list(inspect.signature(getattr(SFTTrainer, name)).parameters)
    assert parameters == ["self", *TRL_METHODS[name].split()]


def test_every_override_is_in_the_list() -> None:
    own = {n for n in vars(PackedRows) if not n.startswith("__") and hasattr(SFTTrainer, n)}
    assert own == set(TRL_METHODS)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("compute_loss", "outputs = model(**inputs, fused_lm_head=True)"),
        ("compute_loss", "num_tokens = outputs.label_mask.sum() if num_items_in_batch is None"),
        ("compute_loss", 'inputs["attention_mask"].sum()'),
        ("_run_epoch", "self.get_batch_samples("),
        ("_run_epoch", "for i, inputs in enumerate(batch_samples):"),
        ("_run_epoch", "self.accelerator.gradient_state._set_sync_gradients(do_sync_step)"),
    ],
)
def test_trl_still_works_the_way_that_is_counted_on(name: str, line: str) -> None:
    assert line in inspect.getsource(getattr(SFTTrainer, name))
