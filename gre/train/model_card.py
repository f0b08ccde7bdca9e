"""The README.md of a trained model, filled from the run that made it; nothing of the hub is asked.

Local paths lose all but their last part and secrets are left out: a card is made to be published.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from gre.environment import describe, describe_hardware
from gre.train.callbacks import METRICS_FILE
from gre.train.loader import Run
from gre.train.model_base import find_license, find_published_base


@dataclass(frozen=True)
class Stage:
    """What a card says of a training stage.

    Attributes:
        name: The model's name where the run gives none.
        title: In the training table.
        text: What was done, one sentence.
        method: Tag on the hub.
        limit: What follows from it for the user, or nothing.
    """

    name: str
    title: str
    text: str
    method: str
    limit: str = ""


STAGES: dict[str, Stage] = {
    "sft": Stage(
        name="GRE-CI",
        title="1, cold start",
        text="This is the model after the cold start: supervised fine-tuning on chains of thought"
        " that end in coordinates.",
        method="sft",
        limit="It is the first of three stages and imitates chains of thought; nothing rewarded it"
        " for being right.",
    ),
    "judge": Stage(
        name="GRE-RL-I",
        title="2, RL stage I",
        text="This is the model after RL stage I: GRPO on judging whether somebody's chain of"
        " thought about a photo reached the right place.",
        method="grpo",
        limit="This stage rewarded verdicts, True or False; coordinates were not rewarded.",
    ),
    "geodesic": Stage(
        name="GRE",
        title="3, RL stage II",
        text="This is the model after RL stage II: GRPO with a reward that falls with the"
        " great-circle distance between guess and truth.",
        method="grpo",
    ),
}
"""Stages by the name that `gre.train.export.finish` gets. Names: upstream README, without size."""

SECRET = re.compile(r"(^|_)(secret|password|api_key|hub_token|access_token)$|^token$")
"""Keys whose values never reach a card."""

HUB_CACHE = re.compile(r"datasets--([^/]+?)--([^/]+)")
"""A dataset in the hub's cache: its folder's name says which it is."""


def write_model_card(trainer: Any, run: Run, *, stage: str, output_dir: Path) -> None:
    """Write README.md of a finished run into its folder; for the main process alone.

    Args:
        trainer: After training, a StageTrainer over TRL's.
        run: What the run was told.
        stage: A key of `STAGES`.
        output_dir: Folder of the run, with its `metrics.jsonl`.
    """
    heldout = _heldout_results(trainer, run, output_dir)
    best = trainer.state.best_model_checkpoint
    front = _front_matter(run, STAGES[stage])
    text = _template().render(
        front_matter=front.to_yaml(),
        name=run.data.model_name or STAGES[stage].name,
        stage=STAGES[stage],
        is_sample_world=_is_sample_world(Path(run.data.data_path)),
        training=_training_facts(trainer, run, STAGES[stage]),
        question=trainer.question,
        values=public_values(run.values),
        heldout=heldout,
        best_folder=Path(best).name if best else None,
        is_lora=run.model.lora_r > 0,
        licence=front.license_name or front.license,
        made_with=_made_with(trainer),
    )
    (output_dir / "README.md").write_text(text, encoding="utf-8")


def _front_matter(run: Run, stage: Stage) -> Any:  # Any: a ModelCardData
    from huggingface_hub import ModelCardData

    name = run.model.model_name_or_path
    terms = find_license(name)
    cached = HUB_CACHE.search(run.data.data_path)
    return ModelCardData(
        base_model=find_published_base(name),
        datasets=["/".join(cached.groups())] if cached else None,
        library_name="transformers",
        pipeline_tag="image-text-to-text",
        tags=[
            "geo-localization",
            "gre-suite",
            stage.method,
            *(["lora"] if run.model.lora_r else []),
        ],
        license=terms["license"],
        license_name=terms.get("license_name"),
        license_link=terms.get("license_link"),
    )


def _training_facts(trainer: Any, run: Run, stage: Stage) -> dict[str, str]:
    with Path(run.data.data_path).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    name, model, state = run.model.model_name_or_path, run.model, trainer.state
    how = "full weights"
    if model.lora_r:
        how = f"LoRA: rank {model.lora_r}, alpha {model.lora_alpha}, dropout {model.lora_dropout}"
    frozen = f"; frozen: {', '.join(model.freeze)}" if model.freeze and not model.lora_r else ""
    return {
        "stage": stage.title,
        "started from": find_published_base(name) or f"local folder {Path(name).name}",
        "record file": Path(run.data.data_path).name,
        "records used": f"{len(trainer.train_dataset):,}",
        "sha256 of the record file": sha256,
        "trained": how + frozen,
        "optimizer steps": f"{state.global_step:,} ({state.epoch or 0.0:.2f} epochs)",
    }


def _made_with(trainer: Any) -> dict[str, str]:
    facts, hardware = describe(), describe_hardware()
    gpus = Counter(str(hardware["gpus"]).split(", "))
    named = ", ".join(f"{count} x {gpu}" if count > 1 else gpu for gpu, count in gpus.items())
    versions: Any = facts["versions"]
    return {
        "GRE Suite": f"{facts['gre']}, commit {facts['commit'] or 'unknown'}",
        "processes": str(trainer.args.world_size),
        "GPUs of the first node": named,
        "CUDA": str(hardware["cuda"] or "none"),
        "CPU cores": str(hardware["cpu_cores"]),
        **{package: version for package, version in versions.items() if version},
    }


def _heldout_results(trainer: Any, run: Run, output_dir: Path) -> dict[str, Any] | None:
    """The last held-out line of the log and the best one, metric by metric."""
    path = output_dir / METRICS_FILE
    if not run.data.heldout_path or not path.is_file():
        return None
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    tried = [line for line in lines if any(key.startswith("eval_") for key in line)]
    if not tried:
        return None
    last = tried[-1]
    best = next((line for line in tried if line["step"] == trainer.state.best_global_step), None)
    names = [key for key in last if key.startswith("eval_")]
    return {
        "count": len(trainer.heldout or ()),
        "file": Path(run.data.heldout_path).name,
        "last_step": last["step"],
        "best_step": best["step"] if best else None,
        "rows": [
            (name.removeprefix("eval_"), _number(last[name]), _number((best or {}).get(name)))
            for name in names
        ],
    }


def _number(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, int | float) else ""


def public_values(values: Mapping[str, object]) -> dict[str, str]:
    """Give the values of a run as texts to publish: no secrets, no folders of the machine."""
    return {
        key: _public_text(value) for key, value in sorted(values.items()) if not SECRET.search(key)
    }


def _public_text(value: object) -> str:
    if isinstance(value, str):
        return _public_word(value)
    return json.dumps(_public_part(value), ensure_ascii=False, default=str)


def _public_part(value: object) -> object:
    if isinstance(value, Mapping):
        kept = {key: part for key, part in value.items() if not SECRET.search(str(key))}
        return {key: _public_part(part) for key, part in kept.items()}
    if isinstance(value, list | tuple):
        return [_public_part(part) for part in value]
    return _public_word(value) if isinstance(value, str) else value


def _public_word(word: str) -> str:
    if word.startswith(("/", "~")):
        return Path(word).name
    return re.sub(r"//[^/@\s]+@", "//", word)  # a user and password in an address


def _is_sample_world(data_path: Path) -> bool:
    """Whether the records lie in a folder that `gre sample-world` made."""
    marks = (parent / "world.json" for parent in data_path.resolve().parents[:3])
    return any(mark.is_file() and "gre-sample-world" in mark.read_text("utf-8") for mark in marks)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 - Markdown, with filters of its own
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    environment.filters["quoted"] = lambda text: "\n> ".join(str(text).strip().splitlines())
    source = files("gre.train").joinpath("templates", "model_card.md").read_text(encoding="utf-8")
    return environment.from_string(source)


def _cell(value: object) -> str:
    """A text that neither ends its cell of a Markdown table nor its code marks."""
    return " ".join(str(value).split()).replace("|", "\\|").replace("`", "'")
