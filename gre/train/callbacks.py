"""What a run writes while it goes: every log line as JSON, one progress bar."""

import json
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

METRICS_FILE = "metrics.jsonl"


class MetricsLog(TrainerCallback):
    """Append every log of the main process to `metrics.jsonl` beside the checkpoints."""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Drop lines past the step that a resumed run goes on from: they will be written again."""
        path = Path(args.output_dir) / METRICS_FILE
        if not state.is_world_process_zero or not path.exists():
            return
        kept = [
            line
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.endswith("}") and json.loads(line)["step"] <= state.global_step
        ]
        path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Write one line: step, epoch and whatever was logged."""
        if not state.is_world_process_zero or not logs:
            return
        line = {"step": state.global_step, "epoch": state.epoch, **logs}
        path = Path(args.output_dir) / METRICS_FILE
        with path.open("a", encoding="utf-8") as sink:
            sink.write(json.dumps(line) + "\n")


class EvaluateAtEnd(TrainerCallback):
    """Locate the held-out set after the last step too, whatever the interval."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """Ask for the evaluation on the last step."""
        if state.global_step >= state.max_steps and args.eval_strategy != "no":
            control.should_evaluate = True
        return control
