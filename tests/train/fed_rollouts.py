"""Stage 3 on completions from a file in place of the model's own; several runs in one launch.

    torchrun --nproc_per_node N tests/train/fed_rollouts.py CONFIG FEED.json RUNS.json

FEED.json holds, by record id, as many texts as a group has completions; RUNS.json the flags of each
run, which follow each other. Everything but sampling is the real thing, so losses of different
numbers of processes can be compared.
"""

import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState
from trl.data_utils import prepare_multimodal_messages

from gre.train.export import finish
from gre.train.grpo import build_trainer, load_grpo
from gre.train.reasoning import ReasoningTrainer
from gre.train.sft import prepare_output


def feed(trainer: ReasoningTrainer, texts_by_id: dict[str, list[str]]) -> None:
    """Let a trainer take its completions from the texts."""
    tokenizer = trainer.processing_class.tokenizer
    score = trainer._generate_and_score_completions

    def scored(inputs: list[dict[str, Any]]) -> dict[str, Any]:
        seen: dict[str, int] = {}
        texts = []
        for row in inputs:
            place = seen.setdefault(row["record_id"], 0)
            seen[row["record_id"]] += 1
            texts.append(texts_by_id[row["record_id"]][place])
        prompts = [
            prepare_multimodal_messages(row["prompt"], images=row["images"]) for row in inputs
        ]
        prompt_ids, images, _ = trainer._tokenize_prompts(prompts)
        completion_ids = [[*tokenizer.encode(text), tokenizer.eos_token_id] for text in texts]
        completions = [[{"role": "assistant", "content": text}] for text in texts]
        trainer._stash = (prompt_ids, completion_ids, None, completions, None, {}, images, [])
        return score(inputs)

    trainer._generate_and_score_completions = scored  # type: ignore[method-assign]


def train_fed(config: Path, feed_path: Path, flags: Sequence[str]) -> None:
    """Train as a config and flags say, on the texts of a file."""
    run = load_grpo(config, flags, world_size=int(os.environ.get("WORLD_SIZE", "1")))
    prepare_output(run, Path(run.trainer.output_dir))
    trainer = build_trainer(run)
    feed(trainer, json.loads(feed_path.read_text()))
    trainer.train()
    finish(trainer, run, stage="geodesic")


def main() -> None:
    """Train run after run as the command line says, each as if it were the first."""
    config, feed_path, runs = map(Path, sys.argv[1:])
    Accelerator.end_training = lambda self: None  # the group of processes serves the next run, too
    for flags in json.loads(runs.read_text()):
        train_fed(config, feed_path, flags)
        gc.collect()
        AcceleratorState._reset_state(reset_partial_state=True)  # it would keep the first DeepSpeed
        GradientState._reset_state()


if __name__ == "__main__":
    main()
