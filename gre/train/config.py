"""What a training run can say, beyond TRL's own arguments. No torch here.

A run is one flat YAML file. Its keys are the fields of these classes, of
`gre.models.options.ModelOptions` and of TRL's config of the stage; `gre.train.loader` joins them.
"""

from dataclasses import dataclass, field

from gre.errors import InputError

MAX_LISTED_WORLDS = 1024
"""Largest number of GPUs that is searched for a size that divides the batch."""


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Which records a stage trains on, and what it is tried on while it trains."""

    data_path: str = field(default="", metadata={"help": "Record file of the stage; required."})
    image_root: str | None = field(
        default=None, metadata={"help": "Where images lie that are not beside the record file."}
    )
    max_records: int | None = field(
        default=None,
        metadata={"help": "Train on a random subset of this many records, drawn by data_seed."},
    )
    max_row_tokens: int = field(
        default=8192,
        metadata={
            "help": "Token budget of one row, image tokens included. A longer row stops the run"
            " with its record's name: rows are never cut."
        },
    )
    heldout_path: str | None = field(
        default=None,
        metadata={"help": "GREval-format file that is located greedily while training."},
    )
    heldout_limit: int = field(default=256, metadata={"help": "First so many held-out items."})
    heldout_steps: int = field(
        default=50, metadata={"help": "Locate the held-out items every so many optimizer steps."}
    )
    heldout_max_new_tokens: int = field(
        default=512, metadata={"help": "Longest held-out answer, tokens."}
    )
    overwrite: bool = field(
        default=False, metadata={"help": "Start anew in an output_dir that holds a finished run."}
    )

    def __post_init__(self) -> None:
        if not self.data_path:
            raise InputError(
                "data_path is empty; set it in the config or pass --data_path FILE"
                " (training.md says how to fetch the published records)"
            )
        for name in ("max_records", "max_row_tokens", "heldout_limit", "heldout_steps"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} must be >= 1, got {value}")


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """How large one optimizer step is, whatever the number of GPUs."""

    global_batch_size: int | None = field(
        default=None,
        metadata={
            "help": "Rows per optimizer step over all GPUs; accumulation follows from it. Unset:"
            " per_device_train_batch_size x GPUs x gradient_accumulation_steps."
        },
    )


def accumulation_steps(*, global_batch_size: int, per_device: int, world_size: int) -> int:
    """Give the accumulation that reaches a global batch exactly.

    Args:
        global_batch_size: Rows per optimizer step.
        per_device: Rows per process and forward pass.
        world_size: Number of processes.

    Raises:
        InputError: The batch does not divide; the message names the nearest sizes that do.
    """
    if global_batch_size < 1:
        raise InputError(f"global_batch_size must be >= 1, got {global_batch_size}")
    rows = per_device * world_size
    if global_batch_size % rows == 0:
        return global_batch_size // rows
    fitting = [
        world
        for world in range(1, min(global_batch_size, MAX_LISTED_WORLDS) + 1)
        if global_batch_size % (per_device * world) == 0
    ]
    below = max((world for world in fitting if world < world_size), default=None)
    above = min((world for world in fitting if world > world_size), default=None)
    nearest = " or ".join(str(world) for world in (below, above) if world is not None)
    advice = (
        f"use {nearest} GPUs, or change per_device_train_batch_size or global_batch_size"
        if nearest
        else f"set per_device_train_batch_size to a divisor of {global_batch_size}"
    )
    raise InputError(
        f"global_batch_size {global_batch_size} is not a multiple of {world_size} GPUs x"
        f" per_device_train_batch_size {per_device} = {rows}; {advice}"
    )
