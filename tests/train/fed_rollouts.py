"""Run under torchrun: stage 3 on completions from a file in place of the model's own.

    torchrun --nproc_per_node N tests/train/fed_rollouts.py CONFIG FEED.json --key value ...

FEED.json holds, by record id, as many texts as a group has completions. Everything but sampling is
the real thing, so losses of different numbers of processes can be compared.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

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


def main() -> None:
    """Train as the command line says."""
    config, feed_path, *flags = sys.argv[1:]
    run = load_grpo(Path(config), flags, world_size=int(os.environ["WORLD_SIZE"]))
    prepare_output(run, Path(run.trainer.output_dir))
    trainer = build_trainer(run)
    feed(trainer, json.loads(Path(feed_path).read_text()))
    trainer.train()
    finish(trainer, run, stage="geodesic")


if __name__ == "__main__":
    main()
