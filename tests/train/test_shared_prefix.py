"""Shared rows give the log-probabilities and gradients of stock TRL."""

import inspect
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
import trl
from peft import LoraConfig
from trl import GRPOTrainer

from gre.train import shared_prefix, sharing
from gre.train.prefill import PrefillOnce
from gre.train.shared_prefix import SharedPrefixScoring

from .sharing import GROUP, Ours, as_stock, feed, generation, rows, scoring_arguments, trainer

LENGTHS = (12, 5, 8, 1, 12, 12, 3, 7)
"""Tokens of the completions of two groups."""

KINDS: dict[str, dict[str, Any]] = {
    "ragged": {},
    "truncated, masked": {"mask_truncated_completions": True},
    "checkpointed": {
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
    },
    "checkpointed, reentrant": {
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": True},
    },
    "frozen vision": {},
    "lora": {},
}


def weighted(logps: torch.Tensor, entropies: torch.Tensor) -> torch.Tensor:
    """A loss that no symmetry hides a swapped row from."""
    weights = torch.linspace(-1, 2, logps.numel()).view_as(logps)
    return (weights * logps).sum() + 0.1 * (weights * entropies).sum()


def scored_both_ways(made: Any, scored: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for method, batch in (
        (made._get_per_token_logps_and_entropies, scored),
        (GRPOTrainer._get_per_token_logps_and_entropies.__get__(made), as_stock(scored)),
    ):
        arguments, fields = scoring_arguments(batch)
        made.model.zero_grad()
        logps, entropies, aux = method(made.model, *arguments, compute_entropy=True, **fields)
        assert aux is None
        weighted(logps, entropies).backward()
        gradients = {n: p.grad for n, p in made.model.named_parameters() if p.grad is not None}
        found.append({"logps": logps, "entropies": entropies, "gradients": gradients})
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_log_probabilities_and_gradients_are_stocks(
    tiny_model: Path, tmp_path: Path, kind: str
) -> None:
    """Prompts of two lengths; photos of two shapes; completions of 1 to 12 tokens, one cut off."""
    peft = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    made = trainer(
        Ours,
        tiny_model,
        tmp_path,
        dataset=rows(),
        peft=peft if kind == "lora" else None,
        **KINDS[kind],
    )
    made.shared_prefix = "on"
    if kind == "frozen vision":
        made.model.model.visual.requires_grad_(False)
    feed(made, LENGTHS, cut=[2])
    scored = made._generate_and_score_completions(generation(made))
    assert scored["num_images"] == [1, 0, 0, 0, 1, 0, 0, 0]
    assert scored["completion_mask"].sum() == sum(LENGTHS) - (8 if "masked" in kind else 0)
    ours, stock = scored_both_ways(made, scored)
    assert made._choice.shares
    torch.testing.assert_close(ours["logps"], stock["logps"], rtol=0, atol=1e-5)
    torch.testing.assert_close(ours["entropies"], stock["entropies"], rtol=0, atol=1e-5)
    assert ours["gradients"].keys() == stock["gradients"].keys()
    assert any("visual" in n for n in stock["gradients"]) is (kind not in ("frozen vision", "lora"))
    for name, gradient in stock["gradients"].items():
        error = (ours["gradients"][name] - gradient).norm()
        assert error <= 1e-4 * gradient.norm() + 1e-9, name


def test_reference_and_old_log_probabilities_are_stocks(tiny_model: Path, tmp_path: Path) -> None:
    """The adapter is off in the reference; old ones are scored since windows overlap updates."""
    found = []
    for choice in ("on", "off"):
        peft = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
        torch.manual_seed(0)
        made = trainer(
            Ours,
            tiny_model,
            tmp_path,
            dataset=rows(),
            peft=peft,
            per_device_train_batch_size=GROUP,
            steps_per_generation=2,
        )
        made.shared_prefix = choice
        feed(made, LENGTHS)
        found.append(made._generate_and_score_completions(generation(made)))
    ours, stock = found
    assert (stock["ref_per_token_logps"] - stock["old_per_token_logps"]).abs().max() > 1e-3
    for name in ("ref_per_token_logps", "old_per_token_logps", "advantages"):
        torch.testing.assert_close(ours[name], stock[name], rtol=0, atol=1e-5)


def test_prompts_of_one_photo_are_kept_apart(tiny_model: Path, tmp_path: Path) -> None:
    """Stage 2 asks about several chains of thought of one photo, maybe next to each other."""
    made = trainer(Ours, tiny_model, tmp_path, dataset=rows(words=(4, 4, 6), same_photo=True))
    made.shared_prefix = "on"
    feed(made, LENGTHS)
    scored = made._generate_and_score_completions(generation(made))
    ours, stock = scored_both_ways(made, scored)
    torch.testing.assert_close(ours["logps"], stock["logps"], rtol=0, atol=1e-5)


def test_in_evaluation_too(tiny_model: Path, tmp_path: Path) -> None:
    losses = []
    for choice in ("on", "off"):
        made = trainer(
            Ours,
            tiny_model,
            tmp_path,
            dataset=rows(),
            num_generations_eval=GROUP,
            per_device_eval_batch_size=2 * GROUP,
        )
        made.shared_prefix = choice
        feed(made, LENGTHS)
        made.model.eval()
        loss, _, _ = made.prediction_step(made.model, generation(made), True)
        losses.append(float(loss))
        assert (made._choice is not None and made._choice.shares) is (choice == "on")
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


# Choosing


def choice_of(
    made: Any, caplog: pytest.LogCaptureFixture, lengths: tuple[int, ...] = LENGTHS
) -> tuple[bool, str]:
    feed(made, lengths)
    with caplog.at_level(logging.INFO, logger=shared_prefix.__name__):
        made._generate_and_score_completions(generation(made))
    return made._choice is not None and made._choice.shares, caplog.text


def test_auto_compares_with_stock_once_and_says_so(
    tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = trainer(Ours, tiny_model, tmp_path, dataset=rows())
    made.shared_prefix = "auto"
    shares, text = choice_of(made, caplog)
    assert shares
    assert "differs from stock by" in text
    assert "shared_prefix auto: shared rows," in text
    assert made._metrics["train"]["shared_prefix/token_ratio"][0] > sharing.MIN_TOKEN_RATIO
    caplog.clear()
    assert choice_of(made, caplog) == (True, "")


@pytest.mark.parametrize("error", [1e-4, float("nan")])
def test_auto_keeps_stock_where_it_differs(
    tiny_model: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: float,
) -> None:
    monkeypatch.setattr(shared_prefix, "rounding_error", lambda *_, **__: torch.tensor(error))
    made = trainer(Ours, tiny_model, tmp_path, dataset=rows())
    made.shared_prefix = "auto"
    shares, text = choice_of(made, caplog)
    assert not shares
    assert "stock path, differs from stock" in text


def test_auto_keeps_stock_where_little_is_shared(
    tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = trainer(Ours, tiny_model, tmp_path, dataset=rows(), max_completion_length=256)
    made.shared_prefix = "auto"
    shares, text = choice_of(made, caplog, lengths=(256,))
    assert not shares
    assert "times fewer tokens, under 1.3" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": "1.17.0"}, "tested with TRL 1.16.*, this is 1.17.0"),
        ({"attention": "eager"}, "attention eager takes no shared rows"),
        ({"rows": 2}, "groups of 4 are split over GPUs: 2 completions per GPU"),
    ],
)
def test_what_cannot_share_warns_and_runs_stock(
    tiny_model: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    message: str,
) -> None:
    made = trainer(Ours, tiny_model, tmp_path, dataset=rows())
    made.shared_prefix = "auto"
    monkeypatch.setattr(trl, "__version__", changes.get("version", trl.__version__))
    made.model.config.text_config._attn_implementation = changes.get("attention", "sdpa")
    made.args.per_device_train_batch_size = changes.get("rows", 8)
    shares, text = choice_of(made, caplog)
    assert not shares
    assert f"shared_prefix auto: stock path, {message}" in text


def test_the_number_of_model_calls_depends_on_rows_alone(tiny_model: Path, tmp_path: Path) -> None:
    """Whatever the lengths, so that ranks never wait for each other in vain."""
    counts = []
    for lengths in (LENGTHS, (1,), (12,)):
        made = trainer(
            Ours,
            tiny_model,
            tmp_path,
            dataset=rows(words=(3, 9, 5)),
            per_device_train_batch_size=GROUP,
            steps_per_generation=3,
        )
        made.shared_prefix = "on"
        feed(made, lengths)
        calls: list[object] = []
        made.ref_model.register_forward_pre_hook(lambda *_, calls=calls: calls.append(1))
        made._generate_and_score_completions(generation(made))
        counts.append(len(calls))
    assert counts == [3, 3, 3]


# Training


@pytest.mark.slow
@pytest.mark.parametrize("loss_type", ["grpo", "dapo"])
def test_twenty_steps_follow_the_loss_of_stock(
    tiny_model: Path, tmp_path: Path, loss_type: str
) -> None:
    curves = {}
    for choice in ("off", "on"):
        made = trainer(
            Ours,
            tiny_model,
            tmp_path,
            dataset=rows(words=(3, 9, 5, 7)),
            max_steps=20,
            learning_rate=1e-3,
            loss_type=loss_type,
            per_device_train_batch_size=2 * GROUP,
        )
        made.shared_prefix = choice
        feed(made, LENGTHS)
        made.train()
        steps = [line for line in made.state.log_history if "loss" in line]
        curves[choice] = [(line["loss"], line["kl"], line["grad_norm"]) for line in steps]
    assert len(curves["on"]) == 20
    assert curves["off"][-1][1] > 1e-3  # the policy has moved
    for ours, stock in zip(curves["on"], curves["off"], strict=True):
        assert ours == pytest.approx(stock, rel=2e-3, abs=2e-5)


# Upstream

TRL_METHODS = {
    "_get_per_token_logps_and_entropies": (
        "model input_ids attention_mask logits_to_keep batch_size compute_entropy"
        " compute_aux_loss pixel_values image_grid_thw num_images pixel_attention_mask"
        " spatial_shapes num_tiles image_sizes token_type_ids mm_token_type_ids image_position_ids"
    ),
    "_prepare_inputs": "generation_batch",
    "_generate_and_score_completions": "inputs",
    "_tokenize_prompts": "prompts",
    "_generate_single_turn": (
        "prompt_ids images multimodal_fields num_generations has_tool_images"
    ),
}


@pytest.mark.parametrize("name", TRL_METHODS)
def test_trl_still_has_the_methods_that_are_overridden(name: str) -> None:
    """It failed: read TRL's method again, bring ours up to it, then this list."""
    parameters = list(inspect.signature(getattr(GRPOTrainer, name)).parameters)
    assert parameters == ["self", *TRL_METHODS[name].split()]


def test_every_override_is_in_the_list() -> None:
    own = {
        name
        for cls in (PrefillOnce, SharedPrefixScoring)
        for name in vars(cls)
        if not name.startswith("__") and hasattr(GRPOTrainer, name)
    }
    assert own == set(TRL_METHODS)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("_prepare_inputs", "self._step % generate_every == 0 or self._buffered_inputs is None"),
        ("_prepare_inputs", "self._buffered_inputs[self._step % self.args.steps_per_generation]"),
        ("_get_per_token_logps_and_entropies", "labels=labels, fused_lm_head=True"),
        ("_generate_and_score_completions", "images=images, text=prompts_text, padding=True"),
    ],
)
def test_trl_still_works_the_way_that_is_counted_on(name: str, line: str) -> None:
    assert line in inspect.getsource(getattr(GRPOTrainer, name))
