"""The two sides of the GRPO benchmark: stock TRL and shared prompts, over the same everything."""

import gc
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor
from trl import GRPOConfig, GRPOTrainer
from trl.data_utils import prepare_multimodal_messages
from trl.trainer import utils as trl_utils

from gre.models.qwen_vl import resolve_attention
from gre.sample.chains import LOCATE_QUESTION
from gre.sample.texts import tokenizer_texts
from gre.sample.tiny_model import write_tiny_model
from gre.train.compact_head import SWITCH, compact_head_on_cpu
from gre.train.prefill import PrefillOnce

STOCK, OURS = "stock", "ours"
PHASES = ("generate", "score", "update")


@dataclass(frozen=True)
class Preset:
    """One size of the benchmark.

    Attributes:
        shape: Of `write_tiny_model`: "tiny" or a published one.
        num_layers: Text layers and vision blocks of a published shape; fewer than published.
        side: Side of the photos, pixels.
        num_prompts: Prompts of a generation.
        group_size: Completions of a prompt.
        longest: Longest completion, tokens.
        mean: Mean completion after the cut, tokens; as long as the longest if None.
        num_micro_batches: Parts in which a generation is scored and updated on.
    """

    shape: str
    num_layers: int
    side: int
    num_prompts: int
    group_size: int
    longest: int
    mean: int | None = None
    num_micro_batches: int = 1


PRESETS = {
    "tiny": Preset("tiny", 0, 448, 2, 8, 64),
    "7b-shape": Preset("7b", 4, 952, 2, 8, 2048, mean=350, num_micro_batches=2),
    "7b-shape-long": Preset("7b", 4, 952, 2, 8, 2048, mean=1850, num_micro_batches=2),
}
"""952 px are 1,156 image tokens, about 1,250 with the text. Four of 28 layers (and of 32 blocks of
the vision tower) fit one card with optimizer and reference."""


class Ours(PrefillOnce, GRPOTrainer):
    """TRL's trainer with the overrides that are measured, and nothing else of a GRE stage."""

    shared_prefix = "on"


CLASSES = {STOCK: GRPOTrainer, OURS: Ours}


def write_model(folder: Path, preset: Preset) -> Path:
    """Write the preset's model with random weights."""
    options = {} if preset.shape == "tiny" else {"num_layers": preset.num_layers}
    return write_tiny_model(folder, texts=tokenizer_texts(), shape=preset.shape, **options)


def build(side: str, folder: Path, preset: Preset, *, seed: int, device: torch.device) -> Any:
    """Build the trainer of one side over the model in a folder."""
    rows = preset.num_prompts * preset.group_size
    on_gpu = device.type == "cuda"
    args = GRPOConfig(
        output_dir=str(folder / "unused"),
        per_device_train_batch_size=rows // preset.num_micro_batches,
        steps_per_generation=preset.num_micro_batches,
        gradient_accumulation_steps=preset.num_micro_batches,
        num_generations=preset.group_size,
        max_completion_length=preset.longest,
        beta=0.04,
        loss_type="grpo",
        use_bias_correction_kl=False,
        learning_rate=1e-6,
        report_to="none",
        save_strategy="no",
        use_cpu=not on_gpu,
        bf16=on_gpu,
        gradient_checkpointing=on_gpu,
        disable_tqdm=True,
        seed=seed,
        generation_kwargs=_ending(folder, preset),
    )
    processor = AutoProcessor.from_pretrained(folder, padding_side="left")
    processor.image_processor.size = {
        "shortest_edge": 56 * 56,
        "longest_edge": preset.side**2,
    }
    model = AutoModelForImageTextToText.from_pretrained(
        folder,
        dtype=torch.bfloat16 if on_gpu else torch.float32,
        attn_implementation=resolve_attention(device=device.type),
    )
    trainer = CLASSES[side](
        model=model,
        args=args,
        reward_funcs=[_reward],
        train_dataset=_photos(preset, seed),
        processing_class=processor,
    )
    trainer.create_optimizer()
    trainer.current_gradient_accumulation_steps = args.steps_per_generation
    trainer.model.train()
    return trainer


def _ending(folder: Path, preset: Preset) -> dict[str, Any] | None:
    """A bias that lets random weights, whose words are about equally likely, end as they should."""
    if preset.mean is None:
        return None
    tokenizer = AutoProcessor.from_pretrained(folder).tokenizer
    expected = uncut_mean(preset.mean, preset.longest)
    return {"sequence_bias": [[[tokenizer.eos_token_id], log(len(tokenizer) / expected)]]}


def uncut_mean(mean: float, longest: int) -> float:
    """Mean m of exponential lengths that is `mean` after cutting at `longest`.

    Solves m (1 - exp(-longest / m)) = mean, which grows with m, by halving.
    """
    low, high = mean, 1e3 * longest
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        if middle * (1 - exp(-longest / middle)) < mean:
            low = middle
        else:
            high = middle
    return low


def _photos(preset: Preset, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    shape = (preset.side, preset.side, 3)
    images = [
        [Image.fromarray(rng.integers(0, 255, shape, dtype=np.uint8))]
        for _ in range(preset.num_prompts)
    ]
    prompts = [[{"role": "user", "content": LOCATE_QUESTION}] for _ in images]
    return Dataset.from_dict({"prompt": prompts, "images": images})


def _reward(completions: Sequence[Any], **_: Any) -> list[float]:
    return [float(len(one[0]["content"]) % 7) for one in completions]


class Bench:
    """Runs the phases of one side and keeps their seconds.

    Attributes:
        side: Stock or ours.
        trainer: Its trainer.
        seconds: Of each phase, one entry a run.
        num_generated: Tokens that each run of the phase "generate" sampled.
    """

    def __init__(
        self,
        side: str,
        trainer: Any,
        device: torch.device,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.clock = clock
        self.side = side
        self.trainer = trainer
        self.device = device
        self.start_anew()
        self.rows = [row for row in trainer.train_dataset for _ in range(trainer.num_generations)]
        self._sample = trainer._generate

    def start_anew(self) -> None:
        """Forget the runs so far."""
        self.seconds: dict[str, list[float]] = {phase: [] for phase in PHASES}
        self.num_generated: list[int] = []

    def generate(self, seed: int) -> Any:
        """Sample the generation's answers; timed from messages to tokens."""
        prompts = [
            prepare_multimodal_messages(row["prompt"], images=row["images"]) for row in self.rows
        ]
        torch.manual_seed(seed)
        with self._head(), self._timed("generate"):
            answers = self._sample(prompts)
        self.num_generated.append(sum(len(ids) for ids in answers[1]))
        return answers

    def score(self, answers: Any) -> Any:
        """Score answers that are given: rewards, advantages, reference."""
        self.trainer._generate = lambda _: answers
        self.trainer._step, self.trainer._buffered_inputs = 0, None
        torch.manual_seed(0)
        with self._head(), self._timed("score"):
            return self.trainer._prepare_inputs(self.rows)

    def update(self, *, moves: bool = True) -> float:
        """One optimizer step on what was scored; the loss. Gradients stay."""
        trainer = self.trainer
        trainer.model.zero_grad(set_to_none=True)
        loss = 0.0
        with self._head(), self._timed("update"):
            for _ in range(trainer.args.steps_per_generation):
                loss += float(trainer.training_step(trainer.model, self.rows, None))
            if moves:
                trainer.optimizer.step()
        return loss

    def logps(self) -> torch.Tensor:
        """Log-probabilities of the last scored generation under the policy, (B, C)."""
        found = torch.cat([self._logps_of(batch) for batch in self.trainer._buffered_inputs])
        said = [
            tokens
            for batch in self.trainer._buffered_inputs
            for tokens in batch["completion_ids"].tolist()
        ]
        # Sides shuffle rows differently: sort by the tokens that were answered.
        order = sorted(range(len(said)), key=said.__getitem__)
        return found[order].float().cpu()

    def _logps_of(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
        mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
        names = ("pixel_values", "image_grid_thw", "num_images", "mm_token_type_ids")
        with self._head(), torch.no_grad():
            found, _, _ = self.trainer._get_per_token_logps_and_entropies(
                self.trainer.model,
                ids,
                mask,
                batch["completion_ids"].shape[1],
                **{name: batch[name] for name in names},
            )
        return found

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        _synchronize(self.device)
        start = self.clock()
        yield
        _synchronize(self.device)
        self.seconds[phase].append(self.clock() - start)

    @contextmanager
    def _head(self) -> Iterator[None]:
        """Ours skips masked positions of the head on the CPU; stock does as TRL does."""
        before: Callable[..., bool] = getattr(trl_utils, SWITCH)
        if self.side == OURS:
            compact_head_on_cpu()
        try:
            yield
        finally:
            setattr(trl_utils, SWITCH, before)


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def step_memory_mib(bench: Bench, seed: int) -> tuple[float, float]:
    """Peak memory of one step in this process, MiB: in all, and above what was there before it."""
    gc.collect()
    on_gpu = bench.device.type == "cuda"
    if on_gpu:
        before = torch.cuda.memory_allocated() / 2**20
        torch.cuda.reset_peak_memory_stats()
    else:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        before = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    answers = bench.generate(seed)
    bench.score(answers)
    bench.update()
    if on_gpu:
        peak = torch.cuda.max_memory_allocated() / 2**20
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return peak, peak - before
