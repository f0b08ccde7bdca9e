"""What the trainers of all stages share: resume that restores, held-out evaluation, run files."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import gather_object
from torch import nn

from gre.data.records import BenchRecord
from gre.models.qwen_vl import write_instruction
from gre.train.checkpoints import mark_complete, restore_full_weights
from gre.train.heldout import heldout_metrics, locate_errors
from gre.train.sampling import LengthBuckets

if TYPE_CHECKING:
    from transformers import Trainer as _TrainerBase
else:
    _TrainerBase = object

logger = logging.getLogger(__name__)


class StageTrainer(_TrainerBase):
    """Mixin over a TRL trainer, from which it differs in three ways.

    - a resumed run really starts from the checkpoint's weights;
    - `evaluate` locates a fixed held-out set greedily instead of computing a loss;
    - rows of like length share a batch, where `row_lengths` says how long they are;
    - a checkpoint carries the question it was trained on, and a mark written last.
    """

    heldout: Sequence[BenchRecord] = ()
    heldout_max_new_tokens: int = 512
    question: str = ""
    row_lengths: Sequence[int] = ()
    control: Any  # Any: TrainerControl of a library that is not followed

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:  # Any: a torch Sampler
        if not self.row_lengths or self.args.train_sampling_strategy != "random":
            return super()._get_train_sampler(train_dataset)
        seed = self.args.data_seed if self.args.data_seed is not None else self.args.seed
        return LengthBuckets(
            self.row_lengths, batch_size=self.args.per_device_train_batch_size, seed=seed
        )

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: nn.Module | None = None
    ) -> None:
        target = self.model if model is None else model
        if hasattr(target, "active_adapters") and hasattr(target, "load_adapter"):
            from peft import PeftModel

            if isinstance(target, PeftModel):
                super()._load_from_checkpoint(resume_from_checkpoint, model)
                return
        restore_full_weights(target, Path(resume_from_checkpoint))

    def _save(
        self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None
    ) -> None:
        if state_dict is not None and getattr(self.model.config, "tie_word_embeddings", False):
            # DeepSpeed hands over both names of the one tied tensor.
            state_dict = {key: t for key, t in state_dict.items() if key != "lm_head.weight"}
        super()._save(output_dir, state_dict)
        if self.args.should_save:
            write_instruction(Path(output_dir or self.args.output_dir), self.question)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:  # Any: unused by us
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            mark_complete(folder, step=self.state.global_step)

    def evaluate(
        self, *_: object, metric_key_prefix: str = "eval", **__: object
    ) -> dict[str, float]:
        """Locate the held-out records, share by share on every rank, and log the metrics."""
        from trl.models import unwrap_model_for_generation

        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        share = list(self.heldout)[rank::world]
        was_training = self.model.training
        with (
            unwrap_model_for_generation(self.model_wrapped, self.accelerator) as model,
            torch.inference_mode(),
        ):
            model.eval()
            errors_km = locate_errors(
                model,
                self.processing_class,
                share,
                question=self.question,
                batch_size=self.args.per_device_eval_batch_size,
                max_new_tokens=self.heldout_max_new_tokens,
            )
        self.model.train(was_training)
        found = heldout_metrics(gather_object(errors_km))
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in found.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics
