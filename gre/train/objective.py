"""What the objective and the sampling of stages 2 and 3 may be set to; TRL tells too late.

TRL 1.16 looks at these values where it uses them: after the first answers were generated. No torch
here.
"""

import math
from collections.abc import Callable, Mapping

from gre.errors import InputError

CHOICES: Mapping[str, tuple[str, ...]] = {
    "loss_type": ("grpo", "bnpo", "dr_grpo", "dapo", "cispo", "luspo", "sapo", "vespo"),
    "scale_rewards": ("group", "batch", "none"),
    "importance_sampling_level": ("token", "sequence"),
    "multi_objective_aggregation": ("sum_then_normalize", "normalize_then_sum"),
    "vllm_mode": ("server", "colocate"),
    "vllm_importance_sampling_mode": (
        "token_truncate",
        "token_mask",
        "sequence_truncate",
        "sequence_mask",
    ),
}
"""Source: `grpo_trainer.py` of TRL 1.16, `_compute_loss` and `_compute_advantages`."""

RANGES: Mapping[str, tuple[str, Callable[[float], bool]]] = {
    **dict.fromkeys(
        (
            "temperature",
            "epsilon",
            "epsilon_high",
            "delta",
            "repetition_penalty",
            "sapo_temperature_neg",
            "sapo_temperature_pos",
            "off_policy_mask_threshold",
        ),
        ("> 0", lambda value: 0 < value < math.inf),
    ),
    **dict.fromkeys(("beta", "top_k"), (">= 0", lambda value: 0 <= value < math.inf)),
    **dict.fromkeys(
        ("top_p", "min_p", "top_entropy_quantile", "vllm_gpu_memory_utilization"),
        ("in [0, 1]", lambda value: 0 <= value <= 1),
    ),
    **dict.fromkeys(
        (
            "max_completion_length",
            "num_iterations",
            "steps_per_generation",
            "generation_batch_size",
        ),
        (">= 1", lambda value: value >= 1),
    ),
    "num_generations": (">= 2", lambda value: value >= 2),
}
"""How a message says what a number may be, and the same as a condition."""


def check_objective(values: Mapping[str, object]) -> None:
    """Refuse names that TRL does not know and numbers out of their range.

    Args:
        values: Values of a run; those that are not set or None are left to TRL.

    Raises:
        InputError: The first that is wrong.
    """
    for key, choices in CHOICES.items():
        value = values.get(key)
        if value is not None and value not in choices:
            raise InputError(f"{key}: got {value!r}, must be one of {', '.join(choices)}")
    for key, (allowed, is_allowed) in RANGES.items():
        value = values.get(key)
        if isinstance(value, int | float) and not is_allowed(value):
            raise InputError(f"{key} must be {allowed}, got {value}")
