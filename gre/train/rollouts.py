"""Every completion of a reinforcement run, one JSON line each, and the metrics made of them.

`rollouts.jsonl` lies beside the checkpoints; `gre rollouts` makes a page of it. No torch here.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gre.rewards import RewardReason, is_flat
from gre.train.reward_functions import REASON_COLUMN

ROLLOUTS_FILE = "rollouts.jsonl"

FLAT_SHARE = "frac_reward_zero_std"
"""TRL's name for the share of groups whose completions all earn the same, so that none teaches."""

ANSWERS_STEP = "answers_step"
"""Metric: the optimizer step that the answers were generated in which this one trains on."""

Line = dict[str, Any]  # Any: JSON values


def rollout_lines(
    extra: Mapping[str, Sequence[Any]],
    *,
    completions: Sequence[str],
    rewards: Mapping[str, Sequence[float]],
    weights: Sequence[float],
    advantages: Sequence[float],
    num_generations: int,
    step: int,
    scale_km: float | None,
) -> list[Line]:
    """One line per completion of a generation, from columns gathered over all ranks.

    Args:
        extra: Columns logged beside the rewards: rows of the data, readings, reasons.
        completions: Texts, groups one after the other.
        rewards: Values by function; NaN where a function did not apply.
        weights: Weight of each function, in the order of `rewards`.
        advantages: One per completion.
        num_generations: Completions per group.
        step: Optimizer step that they were generated for, from 1.
        scale_km: Scale they were scored with; None where there is none.
    """
    names = list(rewards)
    lines = []
    for i, completion in enumerate(completions):
        earned = {name: _finite(rewards[name][i]) for name in names}
        total = sum(w * (earned[n] or 0.0) for w, n in zip(weights, names, strict=True))
        lines.append(
            {
                "step": step,
                "group": i // num_generations,
                "index": i % num_generations,
                "id": extra["record_id"][i],
                "image": extra["image_path"][i],
                "prompt": extra["question"][i],
                "completion": completion,
                "tokens": extra["tokens"][i],
                "truncated": extra["truncated"][i],
                "rewards": earned,
                "reasons": {name: extra[REASON_COLUMN + name][i] for name in names},
                "reward": total,
                "advantage": _finite(advantages[i]),
                "truth": extra["truth"][i],
                "point": extra["point"][i],
                "distance_km": extra["distance_km"][i],
                "scale_km": scale_km,
                "label": extra["label"][i],
                "verdict": extra["verdict"][i],
            }
        )
    return lines


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def rollout_metrics(lines: Sequence[Line], *, reads_points: bool) -> dict[str, float]:
    """Metrics of one generation: readable share, median error and the histogram of reasons.

    Returns:
        readable (share of the completions), `FLAT_SHARE`, median_km (over the readable ones, NaN
        without one; point stages only) and reasons/REWARD/REASON (share) for every reason there
        is, zeros included, so that every step has the same columns.
    """
    field = "point" if reads_points else "verdict"
    metrics = {"readable": sum(line[field] is not None for line in lines) / len(lines)}
    totals: dict[int, list[float]] = {}
    for line in lines:
        totals.setdefault(line["group"], []).append(line["reward"])
    metrics[FLAT_SHARE] = sum(map(is_flat, totals.values())) / len(totals)
    if reads_points:
        errors_km = [line["distance_km"] for line in lines if line["distance_km"] is not None]
        metrics["median_km"] = float(np.median(errors_km)) if errors_km else math.nan
    for name in lines[0]["reasons"]:
        counts = Counter(line["reasons"][name] for line in lines)
        for reason in RewardReason:
            metrics[f"reasons/{name}/{reason.value}"] = counts[reason.value] / len(lines)
    return metrics


class RolloutLog:
    """Appends rollouts to a file, on the main process alone.

    Args:
        output_dir: Folder of the run.
        resume_step: Optimizer steps that are done; lines of later steps are dropped, since they
            will be written again.
    """

    def __init__(self, output_dir: Path, *, resume_step: int = 0) -> None:
        self.path = output_dir / ROLLOUTS_FILE
        if self.path.exists():
            self._drop_after(resume_step)

    def write(self, lines: Sequence[Line]) -> None:
        """Append the lines of one generation."""
        with self.path.open("a", encoding="utf-8") as sink:
            sink.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)

    def _drop_after(self, step: int) -> None:
        partial = self.path.with_suffix(".partial")
        with (
            self.path.open(encoding="utf-8", errors="replace") as source,
            partial.open("w", encoding="utf-8") as sink,
        ):
            for line in source:
                if line.endswith("}\n") and json.loads(line)["step"] <= step:
                    sink.write(line)
        partial.replace(self.path)
