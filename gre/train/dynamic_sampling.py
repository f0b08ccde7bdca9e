"""Dynamic sampling: prompts whose answers all earn the same are replaced within a generation.

Such a group has no advantage and teaches nothing. Source: DAPO; the bound on rounds is ours.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from trl.data_utils import prepare_multimodal_messages

from gre.rewards import is_flat
from gre.train.reward_functions import completion_text

Rows = list[dict[str, Any]]  # Any: columns of the rollout dataset
Generated = tuple[Any, ...]  # Any: what TRL's `_generate` gives: lists by row, None or a mapping

TARGET_COLUMNS = ("truth_lat", "truth_lon", "label")


@dataclass(frozen=True)
class AnsweredGroup:
    """One prompt's rows, what was generated for them, and whether the rewards differ."""

    rows: Rows
    generated: Generated
    has_variance: bool


class VariedGroups:
    """Answers a generation batch until its groups have variance, or the rounds are used up.

    Args:
        generate: Answers rows; called equally often, for equally many rows, on every rank.
        reward_functions: TRL reward functions.
        weights: Weight of each.
        group_size: Completions per prompt.
        gather: Gives the lists of all ranks joined; every rank calls it.
    """

    def __init__(
        self,
        generate: Callable[[Rows], Generated],
        reward_functions: Sequence[Callable[..., Sequence[float]]],
        weights: Sequence[float],
        *,
        group_size: int,
        gather: Callable[[list[int]], list[int]],
    ) -> None:
        self.generate = generate
        self.reward_functions = reward_functions
        self.weights = weights
        self.group_size = group_size
        self.gather = gather

    def fill(
        self, inputs: Rows, *, rounds: int, draw: Callable[[], dict[str, Any]]
    ) -> tuple[Rows, Generated, float]:
        """Answer a batch; groups without variance give way to drawn prompts, `rounds` times.

        A group that stays flat is kept, so the batch keeps its size.

        Args:
            inputs: Rows of whole groups, one after the other.
            rounds: How often groups are replaced at most.
            draw: Gives the row of another prompt.

        Returns:
            The rows, what was generated for them, and replacements per group over all ranks.
        """
        size = self.group_size
        groups = [inputs[i : i + size] for i in range(0, len(inputs), size)]
        kept = self._answer(groups)
        num_replaced = 0
        for _ in range(rounds):
            flat = [i for i, group in enumerate(kept) if not group.has_variance]
            # Ranks answer equally many groups, whatever they need: TRL gathers over them.
            num_asked = max(self.gather([len(flat)]))
            if num_asked == 0:
                break
            drawn = [[draw()] * size for _ in flat]
            spare = [kept[0].rows] * (num_asked - len(flat))
            for i, group in zip(flat, self._answer(drawn + spare), strict=False):
                kept[i] = group
            num_replaced += len(flat)
        share = sum(self.gather([num_replaced])) / sum(self.gather([len(groups)]))
        rows = [row for group in kept for row in group.rows]
        return rows, _joined([group.generated for group in kept]), share

    def _answer(self, groups: Sequence[Rows]) -> list[AnsweredGroup]:
        rows = [row for group in groups for row in group]
        generated = self.generate(rows)
        totals = self._totals(rows, [completion_text(one) for one in generated[3]])
        size = self.group_size
        return [
            AnsweredGroup(
                group,
                _sliced(generated, i * size, (i + 1) * size),
                not is_flat(totals[i * size : (i + 1) * size].tolist()),
            )
            for i, group in enumerate(groups)
        ]

    def _totals(self, rows: Rows, texts: list[str]) -> np.ndarray:
        columns = {name: [row[name] for row in rows] for name in TARGET_COLUMNS}
        totals = np.zeros(len(rows))
        for weight, function in zip(self.weights, self.reward_functions, strict=True):
            values = function(completions=texts, log_extra=_no_log, **columns)
            totals += weight * np.asarray(values, dtype=np.float64)
        return totals


def length_metrics(lengths: Sequence[int], cut: Sequence[bool]) -> dict[str, float]:
    """TRL's metrics of how long answers are, of those that a batch ended with.

    Args:
        lengths: Tokens of each answer, over all ranks.
        cut: Whether it was cut at the longest length instead of ending.

    Source: `_generate` of TRL 1.16; without an answer that ended, its lengths count as 0.
    """
    ended = [length for length, is_cut in zip(lengths, cut, strict=True) if not is_cut] or [0]
    return {
        "completions/mean_length": float(np.mean(lengths)),
        "completions/min_length": float(min(lengths)),
        "completions/max_length": float(max(lengths)),
        "completions/clipped_ratio": float(np.mean(cut)),
        "completions/mean_terminated_length": float(np.mean(ended)),
        "completions/min_terminated_length": float(min(ended)),
        "completions/max_terminated_length": float(max(ended)),
    }


def messages_with_images(row: Mapping[str, Any]) -> list[Any]:  # Any: a row, TRL's messages
    """The prompt of a row with its images in their places, as TRL generates from."""
    return list(prepare_multimodal_messages(row["prompt"], images=row["images"]))


def _sliced(generated: Generated, start: int, stop: int) -> Generated:
    return tuple(part[start:stop] if isinstance(part, list) else part for part in generated)


def _joined(parts: Sequence[Generated]) -> Generated:
    columns = zip(*parts, strict=True)
    return tuple(
        [row for part in column for row in part] if isinstance(column[0], list) else column[0]
        for column in columns
    )


def _no_log(column: str, values: Sequence[object]) -> None:
    """Answers that may yet be replaced are scored without being logged."""
