"""Which stage a config trains, and what that stage reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gre.data.datasets import draw_subset
from gre.data.records import Record, RecordKind
from gre.preflight.memory import Workload, lora_parameters
from gre.preflight.model import ModelFacts
from gre.rewards import RewardFunction
from gre.train.config import PackingOptions, ReasoningOptions, Trainer
from gre.train.difficulty import keep_by_difficulty
from gre.train.early import trainer_of
from gre.train.loader import Run
from gre.train.reward_functions import chosen_rewards
from gre.train.scale import ScaleOptions

RECORD_KINDS: Mapping[str, RecordKind] = {"sft": "cot", "judge": "judge", "geodesic": "seed"}


@dataclass(frozen=True)
class Stage:
    """A run, and which of the three stages it is: sft, judge or geodesic."""

    name: str
    run: Run
    world_size: int

    @property
    def kind(self) -> RecordKind:
        """Format of its records."""
        return RECORD_KINDS[self.name]

    @property
    def heldout_kind(self) -> RecordKind:
        """Format of its held-out items."""
        return "judge" if self.name == "judge" else "bench"

    @property
    def num_generations(self) -> int:
        """Answers to each prompt; 1 in supervised training."""
        return 1 if self.name == "sft" else int(self.run.trainer.num_generations)

    @property
    def answer_tokens(self) -> int:
        """Longest answer that rollouts write; 0 in supervised training."""
        return 0 if self.name == "sft" else int(self.run.trainer.max_completion_length)

    @property
    def rows_per_device(self) -> int:
        """Rows of one process in one optimizer step."""
        trainer = self.run.trainer
        return int(trainer.per_device_train_batch_size * trainer.gradient_accumulation_steps)

    @property
    def rows_per_step(self) -> int:
        """Rows of one optimizer step over all processes."""
        return self.rows_per_device * self.world_size

    @property
    def has_reference(self) -> bool:
        """Whether a second model scores the completions."""
        return self.name != "sft" and self.run.trainer.beta != 0 and not self.run.model.lora_r

    def rewards(self) -> dict[str, RewardFunction]:
        """The rewards of a reinforcement stage."""
        options = self.run.options(ReasoningOptions)
        return chosen_rewards(options.reward_names, multiply_by_format=options.multiply_by_format)

    def finest_scale_km(self) -> float:
        """The scale at which a gold answer is hardest to earn."""
        return min(self.run.options(ScaleOptions).scale_levels_km)

    def drawn(self, records: Sequence[Record]) -> list[Record]:
        """The records that the run trains on: by difficulty, then drawn by its seed.

        Raises:
            InputError: A record has no difficulty, or none is left.
        """
        kept: Any = list(records)  # Any: difficulty takes one kind of record or the other
        if self.name != "sft" and (options := self.run.options(ReasoningOptions)).difficulty_path:
            kept = keep_by_difficulty(
                kept,
                Path(options.difficulty_path),
                least=options.difficulty_min,
                most=options.difficulty_max,
            )
        return draw_subset(kept, size=self.run.data.max_records, seed=self.run.trainer.data_seed)

    def zero(self) -> str:
        """The ZeRO stage that the run names: none, zero2 or zero3."""
        path = self.run.values.get("deepspeed")
        if not isinstance(path, str):
            return "none"
        config = json.loads(Path(path).read_text(encoding="utf-8"))  # the loader has read it
        zero = config.get("zero_optimization", {}) if isinstance(config, dict) else {}
        return {2: "zero2", 3: "zero3"}.get(zero.get("stage", 0), "none")

    def _rows_at_once(self, row_tokens: int) -> int:
        """Rows of `row_tokens` that one forward pass holds at most."""
        packed = self.run.options(PackingOptions).packed_tokens if self.name == "sft" else None
        if packed is None:
            return int(self.run.trainer.per_device_train_batch_size)
        return max(1, -(-packed // row_tokens))

    def workload(self, model: ModelFacts, *, row_tokens: int, image_tokens: int) -> Workload:
        """What one GPU holds: `row_tokens` of the longest row, its answer included."""
        trainer, options = self.run.trainer, self.run.model
        rolls_out = self.name != "sft" and not trainer.use_vllm
        per_generation = getattr(trainer, "steps_per_generation", None) or 1
        shape = model.shape
        adapter = (
            lora_parameters(shape, options.lora_r, tuple(options.lora_targets)) if shape else 0
        )
        return Workload(
            rows=self._rows_at_once(row_tokens),
            row_tokens=row_tokens,
            image_tokens=image_tokens,
            generated_rows=trainer.per_device_train_batch_size * per_generation * rolls_out,
            generated_tokens=row_tokens,
            has_reference=self.has_reference,
            checkpointing=bool(trainer.gradient_checkpointing),
            frozen=tuple(options.freeze),
            adapter_parameters=adapter,
            mixed=options.dtype == "bfloat16" or self.zero() != "none",
        )


def load_stage(
    config: Path, arguments: Sequence[str], *, world_size: int, trainer: Trainer | None = None
) -> Stage:
    """Read a config and flags as the stage that it trains.

    Args:
        config: YAML of the run.
        arguments: Flags that override it.
        world_size: Processes that would train.
        trainer: What the config is for; told by its keys if None.

    Raises:
        InputError: Anything wrong with them.
    """
    if (trainer or trainer_of(config, arguments)) is Trainer.GRPO:
        from gre.train.grpo import load_grpo

        run = load_grpo(config, arguments, world_size=world_size, launch=False)
        return Stage(run.options(ReasoningOptions).stage, run, world_size)
    from gre.train.sft import load_sft

    run = load_sft(config, arguments, world_size=world_size, launch=False)
    return Stage("sft", run, world_size)
