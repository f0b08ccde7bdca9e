"""Refuses a wrong config before any large library is imported: in a second, not in twenty.

TRL's keys are read from the source of its config classes, which is parsed and not run. Types that
are written plainly there are checked; the rest waits until the classes themselves are here.
"""

import ast
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gre.train.config import PackingOptions, ReasoningOptions, Trainer
from gre.train.flat_yaml import read_flags, read_yaml
from gre.train.loader import read_settings
from gre.train.objective import check_objective
from gre.train.scale import ScaleOptions
from gre.train.values import Field

REASONING_KEYS = ("stage", "rewards", "num_generations", "beta", "max_completion_length")
"""A config with one of these is one of GRPO."""

SOURCES: Mapping[Trainer, tuple[tuple[str, str], ...]] = {
    Trainer.SFT: (
        ("transformers", "training_args.py"),
        ("trl", "trainer/base_config.py"),
        ("trl", "trainer/sft_config.py"),
    ),
    Trainer.GRPO: (
        ("transformers", "training_args.py"),
        ("trl", "trainer/base_config.py"),
        ("trl", "trainer/grpo_config.py"),
    ),
}
"""Where TRL's config classes stand, parents first. Source: TRL 1.16, transformers 5.17."""

CLASSES = ("TrainingArguments", "_BaseConfig", "SFTConfig", "GRPOConfig")

PLAIN = {kind.__name__: kind for kind in (bool, int, float, str)}
PLAIN_TYPES: Mapping[str, Any] = {  # Any: type expressions
    **PLAIN,
    **{f"{name} | None": kind | None for name, kind in PLAIN.items()},
}

OPTIONS: Mapping[Trainer, tuple[type, ...]] = {
    Trainer.SFT: (PackingOptions,),
    Trainer.GRPO: (ReasoningOptions, ScaleOptions),
}
"""Our further options of each trainer."""


def trainer_of(config: Path, arguments: Sequence[str]) -> Trainer:
    """Tell by its keys which trainer a config is for.

    Raises:
        InputError: Config or flags cannot be read.
    """
    named = {**read_yaml(config), **read_flags(arguments)}
    return Trainer.GRPO if any(key in named for key in REASONING_KEYS) else Trainer.SFT


def refuse_early(
    config: Path, arguments: Sequence[str], *, trainer: Trainer, world_size: int
) -> None:
    """Check config and flags as far as no large library is needed.

    Whatever is refused here the loader of the run refuses too; it is only earlier.

    Raises:
        InputError: The first thing that is wrong.
    """
    fields = trainer_fields(trainer)
    if fields:
        settings = read_settings(
            config,
            arguments,
            trainer_fields=fields,
            defaults={},
            world_size=world_size,
            more=OPTIONS[trainer],
        )
        if trainer is Trainer.GRPO:
            check_objective(settings.values)


def trainer_fields(trainer: Trainer) -> dict[str, Field]:
    """Keys of TRL's config class by its source; none where the libraries are not installed."""
    fields: dict[str, Field] = {}
    for package, file in SOURCES[trainer]:
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            return {}
        path = Path(found.submodule_search_locations[0]) / file
        if not path.is_file():
            return {}
        fields |= _annotated(ast.parse(path.read_text(encoding="utf-8")))
    return fields


def _annotated(module: ast.Module) -> dict[str, Field]:
    return {
        line.target.id: Field(PLAIN_TYPES.get(ast.unparse(line.annotation), Any), None)
        for node in module.body
        if isinstance(node, ast.ClassDef) and node.name in CLASSES
        for line in node.body
        if isinstance(line, ast.AnnAssign)
        and isinstance(line.target, ast.Name)
        and not line.target.id.startswith("_")
    }
