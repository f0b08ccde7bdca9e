"""One value of a run against its type, its choices and its range. No torch here."""

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from gre.errors import InputError

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
    "sync_ref_model": "the reference is the model that a stage begins with; no checkpoint holds"
    " another",
    "cast_lm_head_to_fp32": "TRL looks for the embeddings where Qwen2.5-VL has none",
    "use_transformers_continuous_batching": "it cannot show a model images",
    "num_generations_eval": "the held-out set is answered greedily, once each",
}
"""TRL arguments that would contradict what a run of ours promises, and what to do instead."""


@dataclass(frozen=True)
class Field:
    """What a key may be set to."""

    hint: Any  # Any: a type expression
    choices: tuple[object, ...] | None


def known_fields(classes: Sequence[type]) -> dict[str, Field]:
    """Every key that the fields of some dataclasses make, and what it may be."""
    fields: dict[str, Field] = {}
    for cls in classes:
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            choices = field.metadata.get("choices")
            if field.init:
                fields[field.name] = Field(hints[field.name], tuple(choices) if choices else None)
    return fields


def checked(key: str, value: object, field: Field, *, where: str, is_text: bool) -> object:
    """Check one value against its type and choices; texts of the command line are read as YAML.

    Raises:
        InputError: It is of another type, none of the choices, a secret, or cannot be set at all.
    """
    if key in SECRETS:
        raise InputError(f"{where}: {key} is a secret; set HF_TOKEN in the environment instead")
    if key in REFUSED:
        raise InputError(f"{where}: {key} cannot be set: {REFUSED[key]}")
    candidates = [value]
    if is_text:
        candidates.insert(0, _yaml_or_text(str(value)))
    last = "is not of its type"
    for candidate in candidates:
        if isinstance(candidate, bool) and "off" in (field.choices or ()):
            candidate = "on" if candidate else "off"  # YAML reads the words as truth values
        try:
            found = _validate(candidate, field.hint)
        except ValidationError as error:
            last = error.errors()[0]["msg"]
            continue
        if field.choices and found is not None and found not in field.choices:
            allowed = ", ".join(str(choice) for choice in field.choices)
            raise InputError(f"{where}: {key}: got {found!r}, must be one of {allowed}")
        return found
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


def check_ranges(values: Mapping[str, object]) -> None:
    """Refuse numbers out of their range and reporters that nobody knows.

    Raises:
        InputError: The first.
    """
    for key in POSITIVE:
        value = values.get(key)
        if isinstance(value, int | float) and not value > 0:
            raise InputError(f"{key} must be > 0, got {value}; raise it")
    for key in NOT_NEGATIVE:
        value = values.get(key)
        if isinstance(value, int | float) and not value >= 0:
            raise InputError(f"{key} must be >= 0, got {value}; raise it")

    asked = values.get("report_to") or "none"
    for name in asked if isinstance(asked, list) else [asked]:
        if name not in REPORTERS:
            raise InputError(f"report_to: got {name!r}, must be one of {', '.join(REPORTERS)}")
