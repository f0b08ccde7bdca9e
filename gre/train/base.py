"""What the trainers of all stages share: resume that restores, held-out evaluation, run files."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from safetensors import SafetensorError
from torch import nn
from transformers.trainer_utils import rotate_checkpoints

from gre.errors import GreError
from gre.models.qwen_vl import write_instruction
from gre.train.checkpoints import is_disk_full, restore_full_weights, seal_checkpoint
from gre.train.guards import GuardedSteps
from gre.train.heldout import HeldoutSet, heldout_outcomes
from gre.train.sampling import LengthBuckets

logger = logging.getLogger(__name__)


class StageTrainer(GuardedSteps):
    """Mixin over a TRL trainer, from which it differs in a few ways.

    - a resumed run really starts from the checkpoint's weights, and makes no step past the last;
    - `evaluate` locates a fixed held-out set greedily instead of computing a loss;
    - a loss or gradient that is not finite ends the run;
    - rows of like length share a batch, where `row_lengths` says how long they are;
    - no model card is written while it trains: `gre.train.model_card` writes it at the end;
    - a checkpoint carries the question it was trained on, and is checked and marked before older
      ones give way.
    """

    heldout: HeldoutSet | None = None
    heldout_max_new_tokens: int = 512
    question: str = ""
    row_lengths: Sequence[int] = ()
    _num_kept: int | None = None
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
            folder = Path(output_dir or self.args.output_dir)
            write_instruction(folder, self.question)
            (folder / "README.md").unlink(missing_ok=True)  # PEFT's, a form that nobody filled in

    def train(self, *args: Any, **kwargs: Any) -> Any:  # Any: as the library's
        """Train; older checkpoints give way by our rule, not by the library's.

        That one deletes before the new checkpoint is checked, and with a limit of 1 takes the last
        one away at the end of training, before the model is exported.
        """
        self._num_kept, self.args.save_total_limit = self.args.save_total_limit, None
        try:
            return super().train(*args, **kwargs)
        finally:
            self.args.save_total_limit = self._num_kept

    def _run_epoch(self, **kwargs: Any) -> None:  # Any: the library's own
        """Pass over the data once; not at all where a resumed run has made its last step.

        The library asks whether that was the last step only after a step: a run killed between its
        last checkpoint and its end would make one more.
        """
        if self.state.global_step >= self.state.max_steps:
            self.control.should_training_stop = True
            return
        super()._run_epoch(**kwargs)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:  # Any: unused by us
        """Write, check and mark a checkpoint; only then older ones give way.

        Raises:
            GreError: The disk is full; what was half written is removed.
        """
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        try:
            super()._save_checkpoint(model, trial)
            self._save_stage_state(folder)
        except (OSError, RuntimeError, SafetensorError) as error:
            if not is_disk_full(error):
                raise
            shutil.rmtree(folder, ignore_errors=True)
            raise GreError(
                f"{folder}: the disk is full; checkpoints before it are whole: free some space and"
                " give the same command to go on"
            ) from error
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            seal_checkpoint(folder, step=self.state.global_step)
            rotate_checkpoints(
                output_dir=str(folder.parent),
                save_total_limit=self._num_kept,
                best_model_checkpoint=self.state.best_model_checkpoint,
            )

    def create_model_card(self, *_: object, **__: object) -> None:
        """Write nothing: TRL's card, made at every checkpoint, knows neither stage nor data."""

    def _save_stage_state(self, folder: Path) -> None:
        """Write what a stage needs beyond the library's checkpoint; called on every rank."""

    def evaluate(
        self, *_: object, metric_key_prefix: str = "eval", **__: object
    ) -> dict[str, float]:
        """Answer the held-out items, share by share on every rank, and log the metrics."""
        from trl.models import unwrap_model_for_generation

        if self.heldout is None:
            return {}
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        share = range(rank, len(self.heldout), world)
        was_training = self.model.training
        with (
            unwrap_model_for_generation(self.model_wrapped, self.accelerator) as model,
            torch.inference_mode(),
        ):
            model.eval()
            outcomes = heldout_outcomes(
                model,
                self.processing_class,
                self.heldout,
                share,
                batch_size=self.args.per_device_eval_batch_size,
                max_new_tokens=self.heldout_max_new_tokens,
            )
        found = self.heldout.metrics(gather_object(outcomes))
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in found.items()}
        self.log(dict(metrics))  # still in evaluation mode: TRL keeps its training metrics apart
        self.model.train(was_training)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics
