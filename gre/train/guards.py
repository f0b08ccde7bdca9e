"""What stops a run, or raises an alarm, before GPU days are spent on nothing."""

import logging
import math
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from gre.errors import GreError

if TYPE_CHECKING:
    from transformers import Trainer as _TrainerBase
else:
    _TrainerBase = object

logger = logging.getLogger(__name__)

ALARM_WINDOW = 10
"""Log lines in a row after which a collapse is no accident. Ours."""

READABLE_FLOOR = 0.5
"""Share of readable answers under which a policy has collapsed. Ours."""


class GuardedSteps(_TrainerBase):
    """Mixin over a trainer: a step that cannot be right ends the run, with what it was fed.

    - a loss or gradient that is not finite stops the run before the weights move (DeepSpeed moves
      them within backward: there the last checkpoint is the way back), the batch kept in a file;
    - out of GPU memory is one line that names the shape and what to lower.
    """

    def training_step(self, model: nn.Module, inputs: Any, *rest: Any) -> torch.Tensor:
        """One forward and backward pass; the loss is checked before anything is updated."""
        self._fed = inputs
        try:
            loss = super().training_step(model, inputs, *rest)
        except torch.OutOfMemoryError as error:
            raise GreError(out_of_memory_line(self._shapes(), error)) from error
        if not bool(torch.isfinite(loss).all()):
            self._stop_not_finite("loss", float(loss))
        return loss

    def _prepare_inputs(self, inputs: Any) -> Any:  # Any: a batch as TRL hands it over
        prepared = super()._prepare_inputs(inputs)
        self._fed = prepared
        return prepared

    def _get_grad_norm(self, model: nn.Module, grad_norm: Any = None) -> Any:  # Any: tensor, float
        found = super()._get_grad_norm(model, grad_norm=grad_norm)
        # Half precision finds its loss scale by gradients that overflow now and then.
        if found is not None and not self.args.fp16 and not math.isfinite(float(found)):
            self._stop_not_finite("gradient norm", float(found))
        return found

    def _shapes(self) -> str:
        fed = self._fed if isinstance(self._fed, Mapping) else {}
        shapes = {
            name: "x".join(map(str, value.shape))
            for name, value in fed.items()
            if name in ("input_ids", "prompt_ids", "completion_ids", "pixel_values")
        }
        named = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        return named or f"{self.args.per_device_train_batch_size} rows per GPU, while generating"

    def _stop_not_finite(self, what: str, value: float) -> None:
        rank, step = self.args.process_index, self.state.global_step + 1
        path = Path(self.args.output_dir) / f"not-finite-step{step}-rank{rank}.pt"
        kept = dict(self._fed) if isinstance(self._fed, Mapping) else {"batch": repr(self._fed)}
        torch.save(kept, path)
        raise GreError(
            f"step {step}: {what} is {value}, must be finite; its batch is kept in {path}; lower"
            " learning_rate or look at that batch, then start again from the last checkpoint"
        )


def out_of_memory_line(shapes: str, error: BaseException) -> str:
    """Say in one line what did not fit and which knobs make it smaller."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else "out of memory"
    return (
        f"out of GPU memory at {shapes}: {first} Lower per_device_train_batch_size"
        " or packed_tokens (global_batch_size keeps the step the same), max_pixels or"
        " max_completion_length, set"
        " gradient_checkpointing true, or launch with DEEPSPEED=zero3"
    )


class CollapseAlarm(TrainerCallback):
    """Warns when answers stop being readable, or when no group has any variance to learn from."""

    def __init__(self) -> None:
        self._readable: deque[float] = deque(maxlen=ALARM_WINDOW)
        self._flat: deque[float] = deque(maxlen=ALARM_WINDOW)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,  # Any: numbers and, from TRL, None
        **kwargs: Any,
    ) -> None:
        """Look at one log line; a warning is given once per `ALARM_WINDOW` lines."""
        logs = logs or {}
        for name, seen in (("readable", self._readable), ("frac_reward_zero_std", self._flat)):
            if logs.get(name) is not None:
                seen.append(float(logs[name]))
        for message in self._alarms():
            if state.is_world_process_zero:
                logger.warning("ALARM step %d: %s", state.global_step, message)

    def _alarms(self) -> list[str]:
        messages = []
        if len(self._readable) == ALARM_WINDOW and max(self._readable) < READABLE_FLOOR:
            messages.append(
                f"under {READABLE_FLOOR:.0%} of the answers could be read {ALARM_WINDOW} times in"
                " a row: the policy has collapsed; go back to a checkpoint, lower learning_rate or"
                " raise beta"
            )
            self._readable.clear()
        if len(self._flat) == ALARM_WINDOW and min(self._flat) == 1.0:
            messages.append(
                f"no group had differing rewards {ALARM_WINDOW} times in a row, so nothing is"
                " learned; check the rewards' reasons, raise temperature or num_generations, or"
                " filter seeds by difficulty"
            )
            self._flat.clear()
        return messages
