"""Ends that lose nothing: SIGTERM saves and stops; a rank that hangs tells where, and leaves."""

import faulthandler
import logging
import signal
import threading
from types import FrameType
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from gre.errors import GreError

logger = logging.getLogger(__name__)

STDERR = 2
"""File descriptor of the process's own standard error."""

EXIT_TERMINATED = 128 + signal.SIGTERM
"""Exit code of a run that was told to stop and did: what a shell reports of SIGTERM."""


class StoppedError(GreError):
    """The run was told to stop; its checkpoint is whole and the same command goes on."""

    exit_code = EXIT_TERMINATED


class StopOnSignal(TrainerCallback):
    """Saves and stops after the step in which any rank received SIGTERM.

    Ranks agree at the end of every step, so all save the same step.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self.has_stopped = False
        self._before: Any = None  # Any: whatever handler was there

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Listen for SIGTERM; only the main thread of a process may."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.is_asked = True

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """Ask for a checkpoint and the end, where a rank was told to stop before the last step."""
        if _any_rank(self.is_asked, args.device) and state.global_step < state.max_steps:
            self.has_stopped = True
            control.should_save = True
            control.should_training_stop = True
        return control

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Give the signal back."""
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
            self._before = None


def _any_rank(asked: bool, device: torch.device) -> bool:
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return asked
    flag = torch.tensor([int(asked)], device=device)
    torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
    return bool(flag.item())


def train_to_end(trainer: Any, *, resume: str | None, hang_timeout_s: int) -> None:  # Any: TRL's
    """Train, or end in an orderly way where the run is told to stop.

    Args:
        trainer: A StageTrainer before training.
        resume: Checkpoint to go on from.
        hang_timeout_s: As in `HangWatch`; 0 watches nothing.

    Raises:
        StoppedError: After SIGTERM, once the checkpoint is whole.
    """
    stop = StopOnSignal()
    trainer.add_callback(stop)
    if hang_timeout_s:
        trainer.add_callback(HangWatch(hang_timeout_s))
    trainer.train(resume_from_checkpoint=resume)
    if stop.has_stopped:
        step = trainer.state.global_step
        trainer.accelerator.wait_for_everyone()
        trainer.accelerator.end_training()
        raise StoppedError(
            f"told to stop: step {step} of {trainer.state.max_steps} is saved in"
            f" {trainer.args.output_dir}/checkpoint-{step}; give the same command to go on"
        )


class HangWatch(TrainerCallback):
    """Ends the process, with the stack of every thread on stderr, where nothing moves any more.

    One rank that hangs keeps all others waiting; each of them tells where, and torchrun ends the
    rest as soon as the first one leaves.

    Args:
        timeout_s: Seconds without the end of a micro-step, evaluation, log or checkpoint.
    """

    def __init__(self, timeout_s: int) -> None:
        self.timeout_s = timeout_s

    def _rearm(self, *_: Any, **__: Any) -> None:  # Any: arguments of any callback
        # To the process's own stderr, not to a stream that a test or notebook put in its place.
        faulthandler.dump_traceback_later(self.timeout_s, exit=True, file=STDERR)

    on_train_begin = on_step_begin = on_substep_end = on_step_end = _rearm
    on_evaluate = on_save = on_log = _rearm

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Stop watching."""
        faulthandler.cancel_dump_traceback_later()
