"""What a training run can say, beyond TRL's own arguments. No torch here.

A run is one flat YAML file. Its keys are the fields of these classes, of
`gre.models.options.ModelOptions` and of TRL's config of the stage; `gre.train.loader` joins them.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from gre.errors import InputError


class Trainer(StrEnum):
    """What a config is for: supervised fine-tuning (stage 1) or GRPO (stages 2 and 3)."""

    SFT = "sft"
    GRPO = "grpo"


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
            "help": "Token budget of one row, image tokens included. A longer row stops stage 1"
            " with its record's name: rows are never cut. Stages 2 and 3 count the longest"
            " answer with it, and gre check warns."
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
    draft_decoding: bool = field(
        default=False,
        metadata={
            "help": "Decode JPEGs far above max_pixels at 1/2, 1/4 or 1/8 of their size: half"
            " the work, other pixels by about one grey level of 255 in the mean."
            " Held-out items and benchmarks are always decoded whole."
        },
    )
    image_cache_dir: str | None = field(
        default=None,
        metadata={"help": "Folder that keeps processed photos between epochs, runs and processes."},
    )
    image_cache_gib: float = field(
        default=20.0,
        metadata={
            "help": "Most that image_cache_dir takes, GiB; what was not used for longest gives way."
            " A photo of a megapixel takes 3 MB."
        },
    )
    model_name: str | None = field(
        default=None,
        metadata={"help": "Name in the model card; GRE-CI, GRE-RL-I or GRE by stage if unset."},
    )
    hang_timeout_s: int = field(
        default=3600,
        metadata={
            "help": "End the run, with the stack of every rank, after so many seconds without a"
            " step, evaluation or checkpoint; 0 waits for ever."
        },
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
        if not self.image_cache_gib > 0:
            raise InputError(f"image_cache_gib must be > 0, got {self.image_cache_gib}")
        if self.hang_timeout_s < 0:
            raise InputError(f"hang_timeout_s must be >= 0, got {self.hang_timeout_s}")


@dataclass(frozen=True, kw_only=True)
class PackingOptions:
    """How stage 1 lays samples into rows."""

    packed_tokens: int | None = field(
        default=None,
        metadata={
            "help": "Lay the samples of an optimizer step end to end in rows of at most this many"
            " tokens instead of padding them, with the same loss; at least max_row_tokens."
            " Unset: padded batches of per_device_train_batch_size rows."
        },
    )

    def __post_init__(self) -> None:
        if self.packed_tokens is not None and self.packed_tokens < 1:
            raise InputError(f"packed_tokens must be >= 1, got {self.packed_tokens}")


STAGES = ("judge", "geodesic")
DEFAULT_REWARDS = {"judge": ("judge", "format"), "geodesic": ("geodesic", "format")}
"""Rewards of each reinforcement stage. Source: GRE paper, section 4."""


@dataclass(frozen=True, kw_only=True)
class ReasoningOptions:
    """What the reinforcement stages reward, and which prompts they spend their time on."""

    stage: str = field(
        default="geodesic",
        metadata={
            "help": "judge: say True or False of a chain of thought (GRE30K-Judge records);"
            " geodesic: name the coordinates (GRE30K-Seed records).",
            "choices": STAGES,
        },
    )
    rewards: list[str] = field(
        default_factory=list,
        metadata={
            "help": "Rewards by name, from gre.rewards.REWARDS; by default the stage's own and"
            " format. reward_weights gives each its weight, 1 where unset."
        },
    )
    multiply_by_format: bool = field(
        default=False,
        metadata={"help": "A text out of format earns nothing at all, as in Geo-R."},
    )
    difficulty_path: str | None = field(
        default=None,
        metadata={"help": "File of `gre rate-seeds`: keep records by the model's own success."},
    )
    difficulty_min: float = field(
        default=0.0, metadata={"help": "Least success rate of a record that is kept, in [0, 1]."}
    )
    difficulty_max: float = field(
        default=1.0, metadata={"help": "Highest success rate of a record that is kept."}
    )
    dynamic_sampling_rounds: int = field(
        default=0,
        metadata={
            "help": "How often prompts whose answers all earn the same are replaced by others and"
            " answered anew within a step, as DAPO does; 0 keeps them."
        },
    )

    shared_prefix: str = field(
        default="auto",
        metadata={
            "help": "Compute the prompt and its image once per group instead of once per"
            " completion, with the same results but for rounding. auto: where it saves 1.3 times"
            " the tokens, after one comparison with stock TRL; on: wherever rows allow it; off:"
            " stock TRL.",
            "choices": ("auto", "on", "off"),
        },
    )

    def __post_init__(self) -> None:
        if not 0.0 <= self.difficulty_min <= self.difficulty_max <= 1.0:
            raise InputError(
                "difficulty_min and difficulty_max must keep 0 <= min <= max <= 1, got"
                f" {self.difficulty_min} and {self.difficulty_max}"
            )
        if self.dynamic_sampling_rounds < 0:
            raise InputError(
                f"dynamic_sampling_rounds must be >= 0, got {self.dynamic_sampling_rounds}"
            )

    @property
    def reward_names(self) -> tuple[str, ...]:
        """The rewards of the run, in the order of their weights."""
        return tuple(self.rewards) or DEFAULT_REWARDS[self.stage]


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
