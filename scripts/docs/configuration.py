#!/usr/bin/env python3
"""Write docs/configuration.md from the dataclasses and the YAML files. No torch is imported.

Example: python scripts/docs/configuration.py            # write the page
Example: python scripts/docs/configuration.py --check    # exit code 1 where it is out of date
"""

import argparse
import ast
import re
import sys
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gre.evaluation.cot.settings import CotSettings
from gre.models.options import ModelOptions
from gre.train import config as train_config
from gre.train.config import BatchOptions, DataOptions, ReasoningOptions
from gre.train.scale import ScaleOptions

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "configuration.md"
CONFIGS = tuple(
    ROOT / "configs" / name
    for name in ("stage1_sft.yaml", "stage2_judge.yaml", "stage3_geodesic.yaml")
)


class Group(NamedTuple):
    """One class of options, and what the page says of it."""

    title: str
    cls: type
    stages: str


GROUPS = (
    Group("Model", ModelOptions, "All stages."),
    Group("Data and held-out set", DataOptions, "All stages."),
    Group("Batch", BatchOptions, "All stages."),
    Group("Reinforcement", ReasoningOptions, "Stages 2 and 3."),
    Group("Reward scale", ScaleOptions, "Stage 3, the paper's theta."),
)
"""Our own keys, in the page's order. TRL's stand in tables of their own."""


def list_groups() -> tuple[Group, ...]:
    """Give GROUPS and, under the name of its class, what else gre.train.config offers."""
    known = {group.cls for group in GROUPS}
    further = [
        Group(name.removesuffix("Options"), cls, (cls.__doc__ or "").splitlines()[0])
        for name, cls in vars(train_config).items()
        if isinstance(cls, type) and is_dataclass(cls) and cls not in known
    ]
    return (*GROUPS, *further)


HEAD = """\
# Configuration

This page is made by `python scripts/docs/configuration.py` from the dataclasses and the files in
`configs/`; a test holds that it is up to date.

A run is one flat YAML file. Its keys are ours, listed here, and those of TRL's `SFTConfig`
(stage 1) or `GRPOConfig` (stages 2 and 3), which include transformers' `TrainingArguments`. Every
key is also a flag: `--learning_rate 5e-7`. A flag wins over the file, the file over the default. An
unknown key, a key given twice, a wrong type and a contradiction are refused in one line before a
model loads. The values of a run are kept beside its result, in `resolved.yaml`.

```bash
gre check --config configs/stage1_sft.yaml --per_device_train_batch_size 4   # reads data and model
```
"""

TAIL = """\
## Environment variables

They launch; no number depends on them.

| variable | meaning |
|---|---|
| `NPROC_PER_NODE` | processes on this node; the visible GPUs, or 1 |
| `NNODES`, `NODE_RANK`, `MASTER_ADDR`, `MASTER_PORT` | [several nodes](multi_node.md) |
| `DEEPSPEED` | `zero2` (on GPUs), `zero3` (the paper's) or `none` (on CPU) |
| `CUDA_VISIBLE_DEVICES` | which GPUs train and evaluate |
| `OPENAI_API_KEY`, or what `--api-key-env` names | key of a server; never written anywhere |
| `HF_HOME`, `HF_TOKEN`, `HF_HUB_OFFLINE` | the hub's cache, key and offline switch |
"""


def render() -> str:
    """Give the whole page."""
    parts = [HEAD]
    for group in list_groups():
        parts.append(f"## {group.title}\n\n{group.stages}\n\n{_field_table(fields(group.cls))}")
    parts.append(_stage_section())
    parts.append(_defaults_section())
    parts.append(_refused_section())
    parts.append(_judge_section())
    parts.append(TAIL)
    return "\n".join(parts)


def _field_table(options: tuple[Field[Any], ...]) -> str:  # Any: fields of every type
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for option in options:
        meaning = str(option.metadata["help"])
        choices = option.metadata.get("choices")
        if choices:
            meaning += " One of " + ", ".join(f"`{choice}`" for choice in choices) + "."
        lines.append(f"| `{option.name}` | {_type(option)} | {_default(option)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _type(option: Field[Any]) -> str:  # Any: fields of every type
    return _type_words(option.type)


def _type_words(hint: object) -> str:
    words: dict[object, str] = {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
    }
    if hint in words:
        return words[hint]
    inner = typing.get_args(hint)
    if typing.get_origin(hint) is list:
        return f"list of {_type_words(inner[0])}s"
    return _type_words(next(part for part in inner if part is not type(None)))


def _default(option: Field[Any]) -> str:  # Any: fields of every type
    value = option.default
    if value is MISSING and option.default_factory is not MISSING:
        value = option.default_factory()
    return _shown(value)


def _shown(value: object) -> str:
    if value is None or value in ("", []):
        return "–"
    if isinstance(value, list):
        return "`[" + ", ".join(_shown(item).strip("`") for item in value) + "]`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:g}`".replace("e-0", "e-")
    return f"`{value}`"


@dataclass(frozen=True)
class _Setting:
    value: object
    comment: str


def _read_settings(path: Path) -> dict[str, _Setting]:
    """Give each key of a config with its value and the remark that stands behind it."""
    text = path.read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    comments = dict(re.findall(r"^(\w+):[^#\n]*#\s*(.+)$", text, flags=re.MULTILINE))
    return {key: _Setting(value, comments.get(key, "")) for key, value in values.items()}


def _stage_section() -> str:
    settings = [_read_settings(path) for path in CONFIGS]
    keys = list(dict.fromkeys(key for found in settings for key in found))
    lines = [
        "## What the configs of the stages say",
        "",
        "The files in `configs/`, side by side. The last column says whose value it is.",
        "",
        "| key | stage 1 | stage 2 | stage 3 | source and effect |",
        "|---|---|---|---|---|",
    ]
    for key in keys:
        cells = [_shown(found[key].value) if key in found else "–" for found in settings]
        lines.append(f"| `{key}` | {' | '.join(cells)} | {_remarks(key, settings)} |")
    return "\n".join(lines) + "\n"


def _remarks(key: str, settings: list[dict[str, _Setting]]) -> str:
    """Join what the files say of a key; the stages are named where they say different things."""
    said: dict[str, list[str]] = {}
    for number, found in enumerate(settings, start=1):
        if key in found and found[key].comment:
            said.setdefault(found[key].comment, []).append(str(number))
    if len(said) == 1:
        return next(iter(said)).replace("|", "\\|")
    told = (f"stage {' and '.join(stages)}: {text}" for text, stages in said.items())
    return ". ".join(told).replace("|", "\\|")


def _literal(name: str) -> Mapping[str, object]:
    """Read a constant of gre/train without importing it (and torch with it)."""
    for path in sorted((ROOT / "gre" / "train").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            one = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
            if any(isinstance(target, ast.Name) and target.id == name for target in one):
                value = typing.cast(ast.Assign, node).value
                return typing.cast(Mapping[str, object], ast.literal_eval(value))
    raise KeyError(f"gre/train has no constant {name}")


def _defaults_section() -> str:
    first, later = _literal("SFT_DEFAULTS"), _literal("GRPO_DEFAULTS")
    lines = [
        "## Where our defaults differ from TRL's",
        "",
        "They hold where neither file nor flag says otherwise.",
        "",
        "| key | stage 1 | stages 2 and 3 |",
        "|---|---|---|",
    ]
    for key in dict.fromkeys([*first, *later]):
        shown = [_shown(found[key]) if key in found else "TRL's" for found in (first, later)]
        cells = ["unset" if cell == "–" else cell for cell in shown]
        lines.append(f"| `{key}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _refused_section() -> str:
    lines = [
        "## Keys of TRL that are refused",
        "",
        "They would contradict what a run promises. The message says what to do instead.",
        "",
        "| key | instead |",
        "|---|---|",
    ]
    lines += [f"| `{key}` | {reason} |" for key, reason in _literal("REFUSED").items()]
    return "\n".join(lines) + "\n"


def _judge_section() -> str:
    meanings = dict(re.findall(r"^\s+(\w+): (.+?)$", CotSettings.__doc__ or "", flags=re.MULTILINE))
    lines = [
        "## Judging reasoning: `gre judge --config`",
        "",
        "Settings of `configs/eval/cot_quality.yaml`, for [GREval-Bench](../benchmark/README.md).",
        "",
        "| key | default | meaning |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{option.name}` | {_default(option)} | {meanings[option.name]} |"
        for option in fields(CotSettings)
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Parse the command line, write or compare, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where out of date")
    options = parser.parse_args()
    page = render()
    if not options.check:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page:
        return 0
    print(f"{PAGE.name} is out of date; run: python scripts/docs/configuration.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
