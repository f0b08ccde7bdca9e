"""What a run writes while it goes: every log line as JSON, one line per step on the console."""

import json
import sys
import time
from collections.abc import Mapping
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
        aside = path.with_name(METRICS_FILE + ".partial")  # a kill here must not lose the log
        aside.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
        aside.replace(path)

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


class StepLines(TrainerCallback):
    """Prints one line per log of a reinforcement run, with the time left, on the main process."""

    def __init__(self) -> None:
        self._started_s = 0.0
        self._first_step = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock."""
        self._started_s = time.monotonic()
        self._first_step = state.global_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,  # Any: numbers and, from TRL, None
        **kwargs: Any,
    ) -> None:
        """Print the line."""
        if not state.is_world_process_zero or not logs:
            return
        done = state.global_step - self._first_step
        left_s = None
        if done > 0:
            pace_s = (time.monotonic() - self._started_s) / done
            left_s = pace_s * (state.max_steps - state.global_step)
        line = step_line(logs, step=state.global_step, max_steps=state.max_steps, left_s=left_s)
        if line:
            # Standard error, like the progress bar it stands for; flushed so that pipes show it.
            print(line, file=sys.stderr, flush=True)  # noqa: T201


_STEP_PARTS = (
    ("reward", "reward {:.3f}", 1.0),
    ("frac_reward_zero_std", "flat {:.0f}%", 100.0),
    ("readable", "readable {:.0f}%", 100.0),
    ("median_km", "median {:.0f} km", 1.0),
    ("scale_km", "theta {:g} km", 1.0),
    ("kl", "kl {:.4f}", 1.0),
    ("entropy", "entropy {:.2f}", 1.0),
    ("clip_ratio/region_mean", "clip {:.1f}%", 100.0),
    ("completions/mean_length", "len {:.0f}", 1.0),
    ("completions/clipped_ratio", "cut {:.0f}%", 100.0),
)
_TIME_PARTS = (
    ("time/generate_s", "gen {:.1f}"),
    ("time/score_s", "score {:.1f}"),
    ("time/update_s", "update {:.1f}"),
    ("time/data_wait_s", "wait {:.1f}"),
)


def step_line(
    logs: Mapping[str, Any],  # Any: numbers and, from TRL, None
    *,
    step: int,
    max_steps: int,
    left_s: float | None,
) -> str:
    """One line of a training or held-out log; empty for a log that has neither.

    Args:
        logs: What the trainer logged.
        step: Optimizer steps done.
        max_steps: Optimizer steps of the run.
        left_s: Expected seconds to its end, where known.
    """
    head = f"[{step}/{max_steps}]"
    heldout = [f"{k.removeprefix('eval_')} {v:.4g}" for k, v in logs.items() if k[:5] == "eval_"]
    if heldout:
        return f"{head} held-out  " + "  ".join(heldout)
    if "reward" not in logs:
        return ""
    parts = [
        text.format(scale * logs[name])
        for name, text, scale in _STEP_PARTS
        if logs.get(name) is not None
    ]
    each = [
        f"{name.split('/')[1]} {value:.2f}"
        for name, value in logs.items()
        if name.startswith("rewards/") and name.endswith("/mean") and value is not None
    ]
    times = [text.format(logs[name]) for name, text in _TIME_PARTS if logs.get(name) is not None]
    if each:
        parts.insert(1, f"({', '.join(each)})")
    if times:
        parts.append(f"| {' '.join(times)} s")
    if logs.get("memory_gib") is not None:
        parts.append(f"{logs['memory_gib']:.1f} GiB")
    if left_s is not None:
        parts.append(f"| {left_s // 60:.0f}:{left_s % 60:02.0f} left")
    return f"{head} " + "  ".join(parts)
