"""From a YAML file and flags to checked dataclasses: ours and TRL's, one flat set of keys."""

import dataclasses
import json
import os
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from gre.errors import InputError
from gre.models.options import ModelOptions
from gre.train.config import BatchOptions, DataOptions, accumulation_steps
from gre.train.flat_yaml import check_known, read_flags, read_yaml

POSITIVE = (
    "learning_rate",
    "num_train_epochs",
    "per_device_train_batch_size",
    "per_device_eval_batch_size",
    "gradient_accumulation_steps",
    "save_steps",
    "logging_steps",
)
REPORTERS = ("none", "all", "trackio", "tensorboard", "wandb")
NOT_NEGATIVE = ("warmup_steps", "weight_decay", "max_grad_norm", "dataloader_num_workers")
SECRETS = ("hub_token",)
REFUSED = {
    "trust_remote_code": "code from a model folder is never run",
    "max_length": "rows are never cut; set max_row_tokens",
    "packing": "TRL cannot pack rows with images",
    "padding_free": "TRL cannot flatten rows with images",
    "eval_strategy": "set heldout_path and heldout_steps",
    "eval_steps": "set heldout_steps",
    "eval_on_start": "gre evaluate scores the model before training",
    "load_best_model_at_end": "the best checkpoint is kept as OUTPUT/best",
    "remove_unused_columns": "the data loader decides its columns",
}
"""TRL arguments that would contradict what a run of ours promises, and what to do instead."""


@dataclass(frozen=True)
class Run:
    """Everything a training run was told, checked."""

    model: ModelOptions
    data: DataOptions
    trainer: Any  # Any: SFTConfig or GRPOConfig of TRL, which no type checker follows
    values: Mapping[str, object]

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
    launch: bool = True,
) -> Run:
    """Read a run from its YAML file and flags; flags win over the file, the file over defaults.

    Args:
        config: YAML file.
        arguments: Flags after it, e.g. ["--learning_rate", "1e-5"].
        trainer_class: TRL's config class of the stage.
        defaults: Our defaults for fields of that class.
        world_size: Number of processes that train.
        launch: False only checks: the process group that DeepSpeed needs is not started.

    Raises:
        InputError: Anything wrong, before a model loads.
    """
    hints = _known_fields((ModelOptions, DataOptions, BatchOptions, trainer_class))
    file_values = read_yaml(config)
    flags = read_flags(arguments)
    values: dict[str, object] = dict(defaults)
    for source, where in ((file_values, f"config {config}"), (flags, "command line")):
        check_known(source, hints, where=where)
        for key, value in source.items():
            values[key] = _checked(key, value, hints[key], where=where, is_text=source is flags)
    _check_ranges(values)
    model = _build(ModelOptions, values)
    data = _build(DataOptions, values)
    batch = _build(BatchOptions, values)
    trainer_values = {key: values[key] for key in values if key in _names(trainer_class)}
    trainer_values |= _batch_values(batch, values, world_size)
    trainer_values |= _heldout_values(data, values)
    _check_deepspeed_file(trainer_values)
    if not launch:
        trainer_values.pop("deepspeed", None)
    trainer = _build_trainer(trainer_class, trainer_values)
    return Run(model, data, trainer, values)


@dataclass(frozen=True)
class _Field:
    hint: Any  # Any: a type expression
    choices: tuple[object, ...] | None


def _names(cls: type) -> set[str]:
    return {field.name for field in dataclasses.fields(cls) if field.init}


def _known_fields(classes: Sequence[type]) -> dict[str, _Field]:
    fields: dict[str, _Field] = {}
    for cls in classes:
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            choices = field.metadata.get("choices")
            if field.init:
                fields[field.name] = _Field(hints[field.name], tuple(choices) if choices else None)
    return fields


def _checked(key: str, value: object, field: _Field, *, where: str, is_text: bool) -> object:
    """Check one value against its type and choices; texts of the command line are read as YAML."""
    if key in SECRETS:
        raise InputError(f"{where}: {key} is a secret; set HF_TOKEN in the environment instead")
    if key in REFUSED:
        raise InputError(f"{where}: {key} cannot be set: {REFUSED[key]}")
    candidates = [value]
    if is_text:
        candidates.insert(0, _yaml_or_text(str(value)))
    last = "is not of its type"
    for candidate in candidates:
        try:
            checked = _validate(candidate, field.hint)
        except ValidationError as error:
            last = error.errors()[0]["msg"]
            continue
        if field.choices and checked is not None and checked not in field.choices:
            allowed = ", ".join(str(choice) for choice in field.choices)
            raise InputError(f"{where}: {key}: got {checked!r}, must be one of {allowed}")
        return checked
    raise InputError(f"{where}: {key}: got {value!r}; {last[0].lower()}{last[1:]}")


def _validate(value: object, hint: Any) -> object:  # Any: a type expression
    if isinstance(value, bool) and "bool" not in str(hint):
        # YAML reads the word no as a truth value; a truth value is no number either.
        value = "yes" if value else "no"
    try:
        adapter = TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:  # a dataclass or model brings its own config
        adapter = TypeAdapter(hint)
    return adapter.validate_python(value)


def _yaml_or_text(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _check_ranges(values: Mapping[str, object]) -> None:
    for key in POSITIVE:
        value = values.get(key)
        if isinstance(value, int | float) and not value > 0:
            raise InputError(f"{key} must be > 0, got {value}")
    for key in NOT_NEGATIVE:
        value = values.get(key)
        if isinstance(value, int | float) and not value >= 0:
            raise InputError(f"{key} must be >= 0, got {value}")

    asked = values.get("report_to") or "none"
    for name in asked if isinstance(asked, list) else [asked]:
        if name not in REPORTERS:
            raise InputError(f"report_to: got {name!r}, must be one of {', '.join(REPORTERS)}")


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


def _build_trainer(trainer_class: type, values: dict[str, object]) -> Any:  # Any: TRL's config
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

    deepspeed.init_distributed("gloo")
