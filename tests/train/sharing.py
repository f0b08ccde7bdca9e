"""Trainers for the tests of shared prompts: the tiny model, drawn photos, completions fed in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor
from trl import GRPOConfig, GRPOTrainer

from gre.train.prefill import PrefillOnce

GROUP = 4
PIXEL_FIELDS = ("pixel_values", "image_grid_thw", "num_images", "mm_token_type_ids")

Scored = dict[str, Any]


class Ours(PrefillOnce, GRPOTrainer):
    """The overrides alone, without the rest of a GRE stage."""


def rows(*, words: Sequence[int] = (3, 9), same_photo: bool = False) -> Dataset:
    """Prompts of the given numbers of words, each with a photo of a shape of its own."""
    rng = np.random.default_rng(5)
    photos = [
        Image.fromarray(rng.integers(0, 255, (84 + 28 * (i % 2), 112, 3), dtype=np.uint8))
        for i in range(len(words))
    ]
    prompts = [[{"role": "user", "content": "Where is " + "this " * count}] for count in words]
    images = [[photos[0] if same_photo else photo] for photo in photos]
    return Dataset.from_dict({"prompt": prompts, "images": images})


def lengths_reward(completions: Sequence[Any], **_: Any) -> list[float]:
    """A reward that differs within a group."""
    return [float(len(one[0]["content"]) % 7) for one in completions]


def trainer(
    cls: type, folder: Path, output: Path, *, dataset: Dataset, peft: Any = None, **options: Any
) -> Any:
    """Build a trainer of a class over the model in `folder`."""
    args = GRPOConfig(
        **{
            "output_dir": str(output),
            "per_device_train_batch_size": GROUP * len(dataset),
            "num_generations": GROUP,
            "max_completion_length": 12,
            "beta": 0.04,
            "loss_type": "grpo",
            "use_bias_correction_kl": False,
            "report_to": "none",
            "save_strategy": "no",
            "logging_steps": 1,
            "use_cpu": True,
            "bf16": False,
            "gradient_checkpointing": False,
            "disable_tqdm": True,
            "seed": 7,
            **options,
        }
    )
    model = AutoModelForImageTextToText.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="sdpa"
    )
    made = cls(
        model=model,
        args=args,
        reward_funcs=[lengths_reward],
        train_dataset=dataset,
        processing_class=AutoProcessor.from_pretrained(folder, padding_side="left"),
        peft_config=peft,
    )
    made.model.train()
    return made


def feed(made: Any, lengths: Sequence[int], *, cut: Sequence[int] = ()) -> None:
    """Let a trainer take drawn completions of the given lengths for its own.

    Args:
        made: Trainer.
        lengths: Tokens of each row's completion, cycled; all end, but for the rows in `cut`.
        cut: Rows whose completion was cut at its longest.
    """
    generator = torch.Generator().manual_seed(11)
    end = made.processing_class.tokenizer.eos_token_id

    def generate(prompts: Sequence[Any]) -> Any:
        ids, images, _ = made._tokenize_prompts(list(prompts))
        answers = []
        for row in range(len(prompts)):
            drawn = torch.randint(300, 1500, (lengths[row % len(lengths)],), generator=generator)
            answers.append(drawn.tolist() if row in cut else [*drawn.tolist()[:-1], end])
        texts = made.processing_class.batch_decode(answers)
        completions = [[{"role": "assistant", "content": text}] for text in texts]
        return ids, answers, None, completions, None, {}, images, []

    made._generate = generate


def generation(made: Any) -> list[dict[str, Any]]:
    """The rows of one generation: each prompt of the data, G times."""
    return [row for row in made.train_dataset for _ in range(made.num_generations)]


def scoring_arguments(scored: Scored) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What TRL's loss hands to the scoring method, model aside."""
    ids = torch.cat([scored["prompt_ids"], scored["completion_ids"]], dim=1)
    mask = torch.cat([scored["prompt_mask"], scored["completion_mask"]], dim=1)
    fields = {name: scored[name] for name in PIXEL_FIELDS}
    return (ids, mask, scored["completion_ids"].shape[1]), fields


def as_stock(scored: Scored) -> Scored:
    """A scored batch in stock TRL's form: every row with its own images."""
    from gre.train.row_images import RowImages

    shows = scored["mm_token_type_ids"].bool().any(dim=1).tolist()
    images = RowImages.of(
        scored["pixel_values"], scored["image_grid_thw"], scored["num_images"], shows
    )
    return scored | images.each(range(len(shows)))
