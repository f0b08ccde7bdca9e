"""From a YAML file and flags to checked dataclasses: ours and TRL's, one flat set of keys.

No torch until the trainer's config is built.
"""

import dataclasses
import json
import os
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gre.data.paths import find_record_file
from gre.errors import InputError
from gre.models.options import ModelOptions
from gre.train.config import BatchOptions, DataOptions, accumulation_steps
from gre.train.flat_yaml import check_known, read_flags, read_yaml
from gre.train.values import Field, check_ranges, checked, known_fields

OptionsT = typing.TypeVar("OptionsT")


@dataclass(frozen=True)
class Run:
    """Everything a training run was told, checked."""

    model: ModelOptions
    data: DataOptions
    trainer: Any  # Any: SFTConfig or GRPOConfig of TRL, which no type checker follows
    values: Mapping[str, object]
    more: Mapping[type, Any]  # Any: one instance of each further class that the stage has

    def options(self, cls: type[OptionsT]) -> OptionsT:
        """The stage's further options of one class."""
        return typing.cast(OptionsT, self.more[cls])

    def to_yaml(self) -> str:
        """The values that were set, by name, for the file kept beside the result."""
        return yaml.safe_dump(dict(self.values), sort_keys=True, allow_unicode=True)


def load_run(
    config: Path,
    arguments: Sequence[str],
    *,
    trainer_class: type,
    defaults: Mapping[str, object],
    world_size: int,
    more: Sequence[type] = (),
    check: Callable[[Mapping[str, Any]], None] | None = None,
    launch: bool = True,
) -> Run:
    """Read a run from its YAML file and flags; flags win over the file, the file over defaults.

    Args:
        config: YAML file.
        arguments: Flags after it, e.g. ["--learning_rate", "1e-5"].
        trainer_class: TRL's config class of the stage.
        defaults: Our defaults for fields of that class.
        world_size: Number of processes that train.
        more: Further dataclasses of options that the stage has.
        check: Called with all values, accumulation included, before TRL's config is made.
        launch: False only checks: the process group that DeepSpeed needs is not started.

    Raises:
        InputError: Anything wrong, before a model loads.
    """
    settings = read_settings(
        config,
        arguments,
        trainer_fields=known_fields((trainer_class,)),
        defaults=defaults,
        world_size=world_size,
        more=more,
    )
    trainer_values = settings.trainer
    if check is not None:
        check({**settings.values, **trainer_values})
    if not launch:
        trainer_values.pop("deepspeed", None)
        trainer_class = _as_if_launched(trainer_class, world_size)
    trainer = _build_trainer(trainer_class, trainer_values)
    return Run(settings.model, settings.data, trainer, settings.values, settings.more)


@dataclass(frozen=True)
class Settings:
    """A run before TRL's config of it is made: every value checked alone, ours also together."""

    model: ModelOptions
    data: DataOptions
    trainer: dict[str, object]
    values: Mapping[str, object]
    more: Mapping[type, Any]  # Any: one instance of each further class that the stage has


def read_settings(
    config: Path,
    arguments: Sequence[str],
    *,
    trainer_fields: Mapping[str, Field],
    defaults: Mapping[str, object],
    world_size: int,
    more: Sequence[type] = (),
) -> Settings:
    """Read and check all that can be without the libraries that train.

    Args:
        config: YAML file.
        arguments: Flags after it.
        trainer_fields: Keys of TRL's config class of the stage.
        defaults: Our defaults for some of them.
        world_size: Number of processes that train.
        more: Further dataclasses of options that the stage has.

    Raises:
        InputError: Anything wrong.
    """
    hints = {**known_fields((ModelOptions, DataOptions, BatchOptions, *more)), **trainer_fields}
    file_values = read_yaml(config)
    flags = read_flags(arguments)
    values: dict[str, object] = dict(defaults)
    for source, where in ((file_values, f"config {config}"), (flags, "command line")):
        check_known(source, hints, where=where)
        for key, value in source.items():
            values[key] = checked(key, value, hints[key], where=where, is_text=source is flags)
    check_ranges(values)
    if values.get("data_path"):
        values["data_path"] = str(find_record_file(Path(str(values["data_path"]))))
    model = _build(ModelOptions, values)
    data = _build(DataOptions, values)
    batch = _build(BatchOptions, values)
    further = {cls: _build(cls, values) for cls in more}
    trainer = {key: values[key] for key in values if key in trainer_fields}
    trainer |= _batch_values(batch, values, world_size)
    trainer |= _heldout_values(data, values)
    _check_deepspeed_file(trainer)
    return Settings(model, data, trainer, values, further)


def _names(cls: type) -> set[str]:
    return {field.name for field in dataclasses.fields(cls) if field.init}


def _build(cls: type, values: Mapping[str, object]) -> Any:  # Any: an instance of cls
    return cls(**{key: values[key] for key in values if key in _names(cls)})


def _batch_values(
    batch: BatchOptions, values: Mapping[str, object], world_size: int
) -> dict[str, object]:
    if batch.global_batch_size is None:
        return {}
    per_device = values.get("per_device_train_batch_size", 8)
    steps = accumulation_steps(
        global_batch_size=batch.global_batch_size,
        per_device=typing.cast(int, per_device),
        world_size=world_size,
    )
    asked = values.get("gradient_accumulation_steps", steps)
    if asked != steps:
        raise InputError(
            f"gradient_accumulation_steps {asked} contradicts global_batch_size"
            f" {batch.global_batch_size}, which needs {steps}; remove one of the two"
        )
    return {"gradient_accumulation_steps": steps}


def _heldout_values(data: DataOptions, values: Mapping[str, object]) -> dict[str, object]:
    if data.heldout_path is None:
        return {"eval_strategy": "no"}
    save_steps = values.get("save_steps", 500)
    if values.get("save_strategy", "steps") == "steps" and data.heldout_steps != save_steps:
        raise InputError(
            f"heldout_steps {data.heldout_steps} and save_steps {save_steps} must be equal, so"
            " that the best model is among the checkpoints; change one"
        )
    return {
        "eval_strategy": "steps",
        "eval_steps": data.heldout_steps,
        "metric_for_best_model": values.get("metric_for_best_model", "median_km"),
        "greater_is_better": values.get("greater_is_better", False),
    }


def _as_if_launched(trainer_class: type, world_size: int) -> type:
    """TRL's config class as it would see a world of so many processes: for checks in one."""
    world = {"world_size": property(lambda self: world_size)}
    return type(trainer_class.__name__, (trainer_class,), world)


def _build_trainer(trainer_class: type, values: dict[str, object]) -> Any:  # Any: TRL's config
    import torch

    if not torch.cuda.is_available():
        values["use_cpu"] = True
        values.setdefault("bf16", False)
        _prepare_deepspeed_on_cpu(values)
    try:
        return trainer_class(**values, remove_unused_columns=False)
    except (ValueError, TypeError, ImportError, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"config: {reason}") from error


def _check_deepspeed_file(values: Mapping[str, object]) -> None:
    path = values.get("deepspeed")
    if not isinstance(path, str):
        return
    try:
        json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"deepspeed {path}: no such file; name one from configs/deepspeed/"
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"deepspeed {path}: is not readable JSON: {error}") from error


def _prepare_deepspeed_on_cpu(values: Mapping[str, object]) -> None:
    """Let DeepSpeed run without a GPU.

    ZeRO-3 builds the model inside `zero.Init`, which sees a world of one process unless the
    process group exists by then.
    """
    if not values.get("deepspeed"):
        return
    os.environ.setdefault("DS_ACCELERATOR", "cpu")
    import deepspeed

    # Compiled at the first launch, for over half a minute of a core; only inference would use it.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed("gloo")
