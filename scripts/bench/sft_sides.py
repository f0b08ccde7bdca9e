"""The sides of the fine-tuning benchmark: stock TRL, and ours padded and packed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from limits import Work
from PIL import Image
from running import CLOCKS
from transformers import AutoModelForImageTextToText, AutoProcessor
from trl import SFTConfig, SFTTrainer
from trl.trainer import utils as trl_utils
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

from gre.models.attention import PrefixLayout, chooses_blocks
from gre.models.chat import ask, reply
from gre.models.qwen_vl import resolve_attention
from gre.sample.chains import LOCATE_QUESTION
from gre.sample.texts import tokenizer_texts
from gre.sample.tiny_model import write_tiny_model
from gre.train.compact_head import SWITCH, compact_head_on_cpu
from gre.train.packed_rows import LENGTHS, ROWS
from gre.train.packing import PackedRows

STOCK, PADDED, PACKED = "stock", "padded", "packed"
SIDES = (STOCK, PADDED, PACKED)
PHASES = ("collate", "update")

Batch = dict[str, Any]


@dataclass(frozen=True)
class Preset:
    """One size of the benchmark.

    Attributes:
        shape: Of `write_tiny_model`: "tiny" or a published one.
        num_layers: Text layers and vision blocks of a published shape; fewer than published.
        photos: Width and height of the photos that samples show in turn, pixels.
        words: Fewest and most words of an answer; drawn in between.
        num_samples: Samples of an optimizer step.
        per_device: Rows of a padded micro-batch.
        packed_tokens: Tokens of a packed row at most.
    """

    shape: str
    num_layers: int
    photos: tuple[tuple[int, int], ...]
    words: tuple[int, int]
    num_samples: int
    per_device: int
    packed_tokens: int


PRESETS = {
    "tiny": Preset(
        *("tiny", 0, ((448, 448), (336, 252), (112, 84), (448, 252), (224, 224), (84, 112))),
        *((20, 120), 16, 8, 2048),
    ),
    "7b-shape": Preset(
        *("7b", 4, ((1008, 980), (980, 644), (448, 336), (1204, 812), (644, 644), (336, 448))),
        *((80, 400), 32, 4, 8192),
    ),
}
"""Photos of a data set differ in size and shape below the pixel budget. Four of 28 layers (and of
32 blocks of the vision tower) fit one card with the optimizer."""


class Ours(PackedRows, SFTTrainer):
    """TRL's trainer with packed rows, and nothing else of a GRE stage."""


def write_model(folder: Path, preset: Preset) -> Path:
    """Write the preset's model with random weights."""
    options = {} if preset.shape == "tiny" else {"num_layers": preset.num_layers}
    return write_tiny_model(folder, texts=tokenizer_texts(), shape=preset.shape, **options)


def build(side: str, folder: Path, preset: Preset, *, seed: int, device: torch.device) -> Any:
    """Build the trainer of one side over the model in a folder."""
    on_gpu = device.type == "cuda"
    args = SFTConfig(
        output_dir=str(folder / "unused"),
        per_device_train_batch_size=preset.per_device,
        gradient_accumulation_steps=preset.num_samples // preset.per_device,
        max_length=None,
        completion_only_loss=True,
        learning_rate=1e-6,
        report_to="none",
        save_strategy="no",
        use_cpu=not on_gpu,
        bf16=on_gpu,
        gradient_checkpointing=on_gpu,
        remove_unused_columns=False,
        disable_tqdm=True,
        seed=seed,
    )
    processor = AutoProcessor.from_pretrained(folder)
    largest = max(width * height for width, height in preset.photos)
    processor.image_processor.size = {"shortest_edge": 56 * 56, "longest_edge": largest}
    trainer = (SFTTrainer if side == STOCK else Ours)(
        model=AutoModelForImageTextToText.from_pretrained(
            folder,
            dtype=torch.bfloat16 if on_gpu else torch.float32,
            attn_implementation=resolve_attention(device=device.type),
        ),
        args=args,
        data_collator=DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True),
        train_dataset=samples(preset, seed),
        processing_class=processor,
    )
    if side == PACKED:
        trainer.packed_tokens = preset.packed_tokens
    trainer.create_optimizer()
    trainer.current_gradient_accumulation_steps = args.gradient_accumulation_steps
    trainer.model.train()
    return trainer


def samples(preset: Preset, seed: int) -> Dataset:
    """Draw the samples of one step: photos of all sizes, answers of all lengths."""
    rng = np.random.default_rng(seed)
    vocabulary = " ".join(list(tokenizer_texts())[:50]).split()
    rows = []
    for i in range(preset.num_samples):
        width, height = preset.photos[i % len(preset.photos)]
        count = rng.integers(preset.words[0], preset.words[1] + 1)
        pixels = rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
        rows.append(
            {
                "images": [Image.fromarray(pixels)],
                "prompt": ask(LOCATE_QUESTION),
                "completion": reply(" ".join(rng.choice(vocabulary, count))),
            }
        )
    return Dataset.from_list([rows[i] for i in rng.permutation(len(rows))])


class Bench:
    """Runs steps of one side and keeps their seconds by both clocks.

    Attributes:
        side: Stock, padded or packed.
        trainer: Its trainer.
        seconds: Of each clock and phase, one entry a step.
    """

    def __init__(self, side: str, trainer: Any, device: torch.device) -> None:
        self.side, self.trainer, self.device = side, trainer, device
        self.clear()

    def clear(self) -> None:
        """Forget the seconds."""
        self.seconds: dict[str, dict[str, list[float]]] = {
            clock: {phase: [] for phase in PHASES} for clock in CLOCKS
        }

    def collate(self) -> list[Batch]:
        """Make the padded micro-batches of a step: photos and texts to tensors."""
        size = self.trainer.args.per_device_train_batch_size
        rows = list(self.trainer.train_dataset)
        with self._timed("collate"):
            parts = [rows[i : i + size] for i in range(0, len(rows), size)]
            batches = [self.trainer.data_collator(part) for part in parts]
        return [{key: value.to(self.device) for key, value in b.items()} for b in batches]

    def update(self, batches: list[Batch], *, moves: bool = True) -> float:
        """One optimizer step from padded micro-batches, packing included; the loss."""
        trainer = self.trainer
        trainer.model.zero_grad(set_to_none=True)
        loss = 0.0
        with self._head(), self._timed("update"):
            found, count = trainer.get_batch_samples(iter(batches), len(batches), self.device)
            for batch in found:
                loss += float(trainer.training_step(trainer.model, batch, count))
            if moves:
                trainer.optimizer.step()
        return loss

    def padding(self, batches: list[Batch]) -> dict[str, float]:
        """Share of padding among the tokens of rows, and among those of attention's batches."""
        found, _ = self.trainer.get_batch_samples(iter(batches), len(batches), self.device)
        if self.side != PACKED:
            tokens = sum(int(batch["attention_mask"].sum()) for batch in found)
            places = sum(batch["attention_mask"].numel() for batch in found)
            return {"rows": 1 - tokens / places, "attention": 1 - tokens / places}
        rows = [row for batch in found for row in batch[ROWS]]
        tokens = sum(sum(row[LENGTHS]) for row in rows)
        places = sum(row["input_ids"].numel() for row in rows)
        attended = 0
        for row in rows:
            layout = PrefixLayout(row[LENGTHS], (), (), self.device)
            padded = layout.prompts.count * layout.prompts.width
            attended += layout.num_tokens if chooses_blocks(layout) else padded
        return {"rows": 1 - tokens / places, "attention": 1 - tokens / attended}

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        self._synchronize()
        starts = {name: clock() for name, clock in CLOCKS.items()}
        yield
        self._synchronize()
        for name, clock in CLOCKS.items():
            self.seconds[name][phase].append(clock() - starts[name])

    def _synchronize(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    @contextmanager
    def _head(self) -> Iterator[None]:
        """Ours skips masked positions of the head on the CPU; stock does as TRL does."""
        before = getattr(trl_utils, SWITCH)
        if self.side != STOCK:
            compact_head_on_cpu()
        try:
            yield
        finally:
            setattr(trl_utils, SWITCH, before)


def work_of(batches: list[Batch]) -> list[Work]:
    """Sizes of every sample: prompt, answer and patches."""
    found = []
    for batch in batches:
        lengths = batch["attention_mask"].sum(dim=1).tolist()
        answers = (batch["labels"] != -100).sum(dim=1).tolist()
        patches = batch["image_grid_thw"].prod(dim=-1).tolist()
        for length, answer, patch in zip(lengths, answers, patches, strict=True):
            found.append(Work((length - answer,), (answer,), patch))
    return found
