"""Score the completion alone on CPU too.

TRL's fused head skips prompt positions on devices with Triton; elsewhere it scores every position
and masks the prompt afterwards, which on a small model is a fifth of a step. The loss is the same:
masked positions count zero either way.
"""

import logging

import torch
import trl
from trl.trainer import utils as trl_utils

logger = logging.getLogger(__name__)

SWITCH = "_use_triton"
"""Name in `trl.trainer.utils` of the function that decides it; TRL 1.16 reads it nowhere else."""


def compact_head_on_cpu() -> bool:
    """Let the fused head skip masked positions on the CPU; tell whether this TRL allows it."""
    decide = getattr(trl_utils, SWITCH, None)
    if decide is None or not trl.__version__.startswith("1.16."):
        logger.warning("TRL %s: the head scores prompt positions too, only slower", trl.__version__)
        return False

    def compact(device: torch.device) -> bool:
        return device.type == "cpu" or bool(decide(device))

    if not getattr(decide, "is_compact", False):
        compact.is_compact = True  # type: ignore[attr-defined]
        setattr(trl_utils, SWITCH, compact)
    return True
