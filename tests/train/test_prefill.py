"""Reading prompts once changes no answer."""

from pathlib import Path
from typing import Any

import pytest
import torch
from trl import GRPOTrainer
from trl.data_utils import prepare_multimodal_messages

from gre.train import prefill

from .sharing import Ours, generation, rows, trainer


def prompts_of(made: Any) -> list[Any]:
    return [
        prepare_multimodal_messages(row["prompt"], images=row["images"]) for row in generation(made)
    ]


def answers(made: Any, *, stock: bool, seed: int = 0) -> list[list[int]]:
    torch.manual_seed(seed)
    if stock:
        ids, images, fields = GRPOTrainer._tokenize_prompts(made, prompts_of(made))
        turn = GRPOTrainer._generate_single_turn.__get__(made)
    else:
        ids, images, fields = made._tokenize_prompts(prompts_of(made))
        turn = made._generate_single_turn
    found, logps = turn(ids, images, fields, made.num_generations)
    assert logps is None
    return found


def made_to_end(made: Any) -> None:
    """Let many tokens end an answer, so that lengths differ."""
    said = [token for answer in answers(made, stock=True) for token in answer[3:]]
    common = sorted(set(said), key=said.count)[-3:]
    ends = sorted({*made.eos_token_ids, *common, *range(300, 1500, 12)})
    made.eos_token_ids = made.generation_config.eos_token_id = ends
    made.generation_kwargs["eos_token_id"] = ends


@pytest.fixture
def made(tiny_model: Path, tmp_path: Path) -> Any:
    made = trainer(
        Ours, tiny_model, tmp_path, dataset=rows(words=(3, 9, 9)), max_completion_length=24
    )
    made.shared_prefix = "on"
    return made


@pytest.mark.parametrize("segment", [64, 5])
def test_greedy_answers_are_stocks(
    made: Any, monkeypatch: pytest.MonkeyPatch, segment: int
) -> None:
    monkeypatch.setattr(prefill, "SEGMENT_TOKENS", segment)
    made.generation_config.do_sample = False
    made_to_end(made)
    stock = answers(made, stock=True)
    assert len({len(answer) for answer in stock}) > 1
    assert answers(made, stock=False) == stock


def test_sampled_answers_are_stocks_while_no_row_leaves(made: Any) -> None:
    stock = answers(made, stock=True, seed=3)
    assert len({tuple(answer) for answer in stock}) == len(stock)
    assert answers(made, stock=False, seed=3) == stock


def test_prompts_are_read_in_the_precision_of_the_answers(tiny_model: Path, tmp_path: Path) -> None:
    """Weights in float32, everything computed in bfloat16: as without DeepSpeed on a GPU."""
    made = trainer(Ours, tiny_model, tmp_path, dataset=rows(), bf16=True)
    made.shared_prefix = "on"
    made.model_wrapped = made.accelerator.prepare_model(made.model)
    seen = []

    def note(_module: object, given: tuple[torch.Tensor, ...], keys: torch.Tensor) -> None:
        seen.append((given[0].shape[1], keys.dtype))

    made.model.model.language_model.layers[0].self_attn.k_proj.register_forward_hook(note)
    answers(made, stock=False)
    lengths, dtypes = zip(*seen, strict=True)
    assert lengths[0] > 1  # the prompts
    assert set(lengths[1:]) == {1}
    assert set(dtypes) == {torch.bfloat16}


def test_rows_that_have_ended_leave_the_batch(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefill, "SEGMENT_TOKENS", 4)
    made_to_end(made)
    sizes: list[tuple[int, int]] = []

    def note(_module: object, _args: object, kwargs: dict[str, Any]) -> None:
        ids = kwargs.get("input_ids")
        sizes.append(tuple(ids.shape))

    made.model.model.register_forward_pre_hook(note, with_kwargs=True)
    said = answers(made, stock=False, seed=5)
    assert sizes[0][0] == 3  # the prompts that differ
    assert sizes[1] == (12, 1)
    lengths = [len(answer) for answer in said]
    assert min(lengths) < max(lengths)
    # A segment of four tokens takes four passes; a row is in it if it had not ended before.
    expected = [sum(length > 4 * (step // 4) for length in lengths) for step in range(max(lengths))]
    found = [size for size, _ in sizes[1:]]
    assert found[: len(expected)] == expected
    assert all(width == 1 for _, width in sizes[1:])


def test_the_vision_tower_sees_each_photo_once(made: Any) -> None:
    patches: list[int] = []
    made.model.model.visual.register_forward_pre_hook(
        lambda _module, args: patches.append(len(args[0]))
    )
    answers(made, stock=False)
    assert len(patches) == 1
    alone = patches[0]
    patches.clear()
    made.shared_prefix = "off"
    made._prepared = False
    answers(made, stock=False)
    assert patches == [alone * made.num_generations]


@pytest.mark.parametrize(
    "changes",
    [{"min_new_tokens": 3}, {"no_repeat_ngram_size": 2}, {"cache_implementation": "static"}],
)
def test_what_counts_from_the_prompt_takes_the_stock_way(
    made: Any, changes: dict[str, Any]
) -> None:
    assert made._can_prefill_once
    made.generation_kwargs |= changes
    assert not made._can_prefill_once


def test_stock_generation_gets_every_rows_images(made: Any) -> None:
    """Equal rows were processed once; a backend that needs them all gets them all."""
    made.generation_config.do_sample = False
    expected = answers(made, stock=True)
    made.generation_kwargs["min_new_tokens"] = 0
    assert not made._can_prefill_once
    assert answers(made, stock=False) == expected


def test_prompts_that_all_differ_are_left_to_stock(tiny_model: Path, tmp_path: Path) -> None:
    made = trainer(
        Ours, tiny_model, tmp_path, dataset=rows(words=(3, 9, 9, 2)), num_generations_eval=1
    )
    made.shared_prefix = "on"
    made.num_generations = 1
    made.generation_config.do_sample = False
    assert answers(made, stock=False) == answers(made, stock=True)
