"""The GRPO trainer of stages 2 and 3, on TRL's GRPOTrainer.

How it departs from stock:

- the scale of the reward follows a schedule that is fed with gathered rewards;
- every completion, its rewards and their reasons go to `rollouts.jsonl`;
- groups whose answers all earn the same may be replaced by other prompts (dynamic sampling);
- a checkpoint inside a generation window keeps the window, so that resuming is exact;
- each log line tells where the time went.

Every override of a TRL method stands in this module, in `base.py`, and, for what is computed once,
in `photos_once.py`, `shared_prefix.py` and `prefill.py`. Written against TRL 1.16.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import gather_object, send_to_device
from torch import nn
from trl import GRPOTrainer

from gre.errors import GreError, InputError
from gre.geo.latlon import LatLon
from gre.models.localizer import VISION_TOKENS
from gre.rewards import SCALED_REWARDS
from gre.train.base import StageTrainer
from gre.train.dynamic_sampling import VariedGroups, length_metrics, messages_with_images
from gre.train.photos_once import PhotosOnce
from gre.train.prefill import PrefillOnce
from gre.train.reward_functions import completion_text, reading_columns
from gre.train.rollouts import ANSWERS_STEP, FLAT_SHARE, RolloutLog, rollout_lines, rollout_metrics
from gre.train.scale import ScaleSchedule

STATE_FILE = "gre_state.json"
"""In a checkpoint: the state of the scale and the place inside the generation window."""

BYTES_PER_GIB = 2**30


class ReasoningTrainer(StageTrainer, PhotosOnce, PrefillOnce, GRPOTrainer):
    """GRPOTrainer whose rewards, prompts and logs are those of a GRE stage.

    Set after construction, before `train`:

    Attributes:
        schedule: Scale of the rewards; shared with the reward functions.
        rollout_log: Where completions are written; None writes none.
        reads_points: Whether answers are coordinates (else verdicts).
        dynamic_rounds: How often groups without variance are replaced within a generation.
    """

    schedule: ScaleSchedule
    rollout_log: RolloutLog | None = None
    reads_points: bool = True
    dynamic_rounds: int = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: TRL's own arguments
        super().__init__(*args, **kwargs)
        self._spent_s: dict[str, float] = dict.fromkeys(_TIMES, 0.0)
        self._steps_timed = 0
        self._answers: dict[str, list[float]] = {}  # metrics of the answers that are trained on
        self._stash: Any = None  # generated ahead by dynamic sampling, as `_generate` returns it
        tokenizer = self.processing_class.tokenizer
        self._vision_ids = set(tokenizer.convert_tokens_to_ids(list(VISION_TOKENS)))

    # Generation and scoring

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Answer a generation batch and score it; then log what was said and what it earned."""
        with self._timed("score"):
            before_s = self._spent_s["generate"]
            self.schedule.start_generation(self.state.global_step / max(self.state.max_steps, 1))
            scale_km = self.schedule.scale_km
            inputs = self.read_rows(inputs)
            if self.dynamic_rounds and self.model.training:
                inputs = self._sample_until_varied(inputs)
            scored = super()._generate_and_score_completions(inputs)
            self._record_rollouts(scale_km)
            generated_s = self._spent_s["generate"] - before_s
        self._spent_s["score"] -= generated_s
        return scored

    def _generate(self, prompts: list[Any]) -> Any:  # Any: TRL's eight results
        if self._stash is not None:
            ready, self._stash = self._stash, None
            return ready
        with self._timed("generate"):
            generated = super()._generate(prompts)
        for ids in generated[1]:
            if not self._vision_ids.isdisjoint(ids):
                raise GreError(
                    f"step {self.state.global_step + 1}: a completion holds a vision token, which"
                    " scoring would take for an image; the generation backend ignored the"
                    " suppressed tokens: check generation_kwargs"
                )
        return generated

    def _calculate_rewards(
        self,
        inputs: list[dict[str, Any]],
        prompts: list[Any],
        completions: list[Any],
        completion_ids_list: list[list[int]],
    ) -> torch.Tensor:
        """Rewards (samples of all ranks, functions), float32; also moves the scale."""
        truths = [LatLon(row["truth_lat"], row["truth_lon"]) for row in inputs]
        texts = [completion_text(completion) for completion in completions]
        columns = reading_columns(texts, truths, reads_points=self.reads_points)
        columns |= {name: [row[name] for row in inputs] for name in _ROW_COLUMNS}
        columns["truth"] = [list(truth.as_tuple()) for truth in truths]
        columns["tokens"] = [len(ids) for ids in completion_ids_list]
        columns["truncated"] = [self._is_cut(ids) for ids in completion_ids_list]
        for name, values in columns.items():
            self._log_completion_extra(name, values)
        rewards = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        if self._scaled and self.model.training:
            # Gathered, so the same on every rank.
            self.schedule.observe(float(rewards[:, self._scaled[0]].nanmean()))
        return rewards

    @property
    def _scaled(self) -> list[int]:
        """Which reward functions look at the scale."""
        return [i for i, name in enumerate(self.reward_func_names) if name in SCALED_REWARDS]

    def _record_rollouts(self, scale_km: float) -> None:
        if not self.model.training:
            return
        logs = self._logs
        lines = rollout_lines(
            {name: list(values) for name, values in logs["extra"].items()},
            completions=[completion_text(completion) for completion in logs["completion"]],
            rewards={name: list(values) for name, values in logs["rewards"].items()},
            weights=self.reward_weights.tolist(),
            advantages=list(logs["advantages"]),
            num_generations=self.num_generations,
            step=self.state.global_step + 1,
            scale_km=scale_km if self.reads_points else None,
        )
        self._metrics["train"][FLAT_SHARE].pop()  # of the whole batch, if rewards are scaled by it
        for name, value in rollout_metrics(lines, reads_points=self.reads_points).items():
            self._metrics["train"][name].append(value)
        if self._scaled:
            self._metrics["train"]["scale_km"].append(scale_km)
        if self.rollout_log is not None and self.accelerator.is_main_process:
            self.rollout_log.write(lines)

    def _sample_until_varied(self, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answer a batch by dynamic sampling, and keep the answers for `_generate` to hand over.

        The replacement prompts depend on seed, step and rank alone, so a resumed run draws the
        same ones.
        """
        rng = np.random.default_rng(
            [self.args.seed, self.state.global_step, self.accelerator.process_index, 77]
        )
        metrics = self._metrics["train"]
        num_logged = len(metrics["completions/mean_length"])
        groups = VariedGroups(
            lambda rows: self._generate([messages_with_images(row) for row in rows]),
            self.reward_funcs,
            self.reward_weights.tolist(),
            group_size=self.num_generations,
            gather=gather_object,
        )
        rows, self._stash, replaced = groups.fill(
            inputs,
            rounds=self.dynamic_rounds,
            draw=lambda: self.train_dataset[int(rng.integers(len(self.train_dataset)))],
        )
        metrics["groups_replaced"].append(replaced)
        # TRL counted every answer that was generated, those that gave way too.
        answers = self._stash[1]
        lengths = gather_object([len(ids) for ids in answers])
        cut = gather_object([self._is_cut(ids) for ids in answers])
        for name, value in length_metrics(lengths, cut).items():
            metrics[name] = [*metrics[name][:num_logged], value]
        return rows

    def _is_cut(self, completion_ids: list[int]) -> bool:
        return not completion_ids or completion_ids[-1] not in self.eos_token_ids

    # Checkpoints

    def _save_stage_state(self, folder: Path) -> None:
        window = self.args.steps_per_generation * self.num_iterations
        inside = self._step % window != 0 and self._buffered_inputs is not None
        if inside:
            torch.save(self._buffered_inputs, folder / _window_file(self.accelerator.process_index))
        if self.args.should_save:
            state = {
                "scale": self.schedule.state(),
                "micro_step": self._step,
                "inside_window": inside,
                "world_size": self.accelerator.num_processes,
                "sharing": self.sharing_state(),
                "answers": self._answers,
            }
            (folder / STATE_FILE).write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is not None:
            self._restore_stage_state(Path(checkpoint))

    def _restore_stage_state(self, folder: Path) -> None:
        state = read_stage_state(folder)
        world_size = self.accelerator.num_processes
        if state["world_size"] != world_size:
            raise InputError(
                f"{folder}: was saved by {state['world_size']} processes, this run has"
                f" {world_size}; launch with as many, or start in a new output_dir"
            )
        self.schedule.restore(state["scale"])
        self._step = state["micro_step"]
        self.restore_sharing(state["sharing"])
        self._answers = state["answers"]
        if state["inside_window"]:
            path = folder / _window_file(self.accelerator.process_index)
            if not path.is_file():
                raise InputError(
                    f"{path}: is missing; delete {folder} to go on from the one before"
                )
            # Through "cpu": torch.load knows no location of the name "cpu:0".
            window = torch.load(path, map_location="cpu", weights_only=True)
            self._buffered_inputs = send_to_device(window, self.accelerator.device)

    # Time and memory

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> Any:  # Any: the library's batches
        """Fetch the batches of one step; the wait is logged as data_wait."""
        with self._timed("data_wait"):
            return super().get_batch_samples(*args, **kwargs)

    def training_step(self, model: nn.Module, inputs: Any, *rest: Any) -> torch.Tensor:
        """One forward and backward pass; what is not generating or scoring counts as update."""
        before_s = self._spent_s["generate"] + self._spent_s["score"]
        with self._timed("update"):
            loss = super().training_step(model, inputs, *rest)
        self._spent_s["update"] -= self._spent_s["generate"] + self._spent_s["score"] - before_s
        self._steps_timed += 1
        return loss

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        start_s = time.perf_counter()
        try:
            yield
        finally:
            self._spent_s[name] += time.perf_counter() - start_s

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log a line; training lines also tell time per optimizer step and the memory peak."""
        if self.model.training and "loss" in logs and self._steps_timed:
            steps = self._steps_timed / self.current_gradient_accumulation_steps
            for name, seconds in self._spent_s.items():
                logs[f"time/{name}_s"] = seconds / steps
            logs["memory_gib"] = memory_peak_gib()
            self._spent_s = dict.fromkeys(_TIMES, 0.0)
            self._steps_timed = 0
            self._keep_metrics_of_answers()
        super().log(logs, start_time)

    def _keep_metrics_of_answers(self) -> None:
        """Log what a step's answers are like, also where they were made in a step before."""
        metrics = self._metrics["train"]
        if "reward" in metrics:
            kept = {k: list(v) for k, v in metrics.items() if k.startswith(_OF_ANSWERS)}
            self._answers = kept | {ANSWERS_STEP: [float(self.state.global_step)]}
        metrics.update({name: list(values) for name, values in self._answers.items()})


_OF_ANSWERS = (
    "reward",
    "reasons/",
    "readable",
    "median_km",
    "scale_km",
    "completions/",
    "groups_replaced",
    FLAT_SHARE,
)
"""How the names of metrics begin that are taken when answers are generated."""

_TIMES = ("generate", "score", "update", "data_wait")
_STATE_KEYS = ("scale", "micro_step", "inside_window", "world_size", "sharing", "answers")
_ROW_COLUMNS = ("record_id", "image_path", "question", "label")


def _window_file(rank: int) -> str:
    return f"generation-window-rank{rank}.pt"


def read_stage_state(folder: Path) -> dict[str, Any]:
    """What a reinforcement stage keeps in a checkpoint.

    Raises:
        InputError: It is missing or damaged.
    """
    path = folder / STATE_FILE
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        return {key: state[key] for key in _STATE_KEYS}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path}: is missing or damaged ({error}); delete {folder} to go on from the one before"
        ) from error


def memory_peak_gib() -> float:
    """Highest memory of this process so far: of its GPU where there is one, else of the host."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / BYTES_PER_GIB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (BYTES_PER_GIB if sys.platform == "darwin" else BYTES_PER_GIB / 1024)
