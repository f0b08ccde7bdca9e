"""What a campaign of killed runs writes down, and how two runs are compared."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import safe_open

from gre.train.checkpoints import is_complete, list_checkpoints


@dataclass
class Kill:
    """One SIGKILL.

    Attributes:
        after_s: Processor seconds that the process had used.
        step: Step of the newest whole checkpoint then; 0 where there was none.
        moment: starting, training, writing a checkpoint, or exporting.
    """

    after_s: float
    step: int
    moment: str


@dataclass
class Outcome:
    """One run of the campaign."""

    number: int
    starts: int = 0
    kills: list[Kill] = field(default_factory=list)
    sha256: str = ""
    same_weights: bool = False
    same_losses: bool = False
    seconds: float = 0.0


def weights_digest(folder: Path) -> str:
    """SHA-256 of the tensors of a finished run: names, kinds, shapes and bytes."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as file:
            for name in sorted(file.keys()):
                value = file.get_tensor(name)
                digest.update(f"{name} {value.dtype} {value.shape}".encode())
                digest.update(value.tobytes())
    return digest.hexdigest()


def losses(folder: Path) -> list[tuple[int, float]]:
    """Step and loss of every training line of a run."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], line["loss"]) for line in lines if "loss" in line]


def place(run: Path, steps: int) -> tuple[int, str]:
    """Where a killed run stood: step of its newest whole checkpoint, and what it was doing."""
    found = list_checkpoints(run) if run.exists() else []
    whole = [int(path.name[11:]) for path in found if is_complete(path)]
    step = max(whole, default=0)
    if is_complete(run):
        return step, "after the end"
    if len(whole) < len(found):
        return step, "writing a checkpoint"
    if not (run / "metrics.jsonl").exists():
        return step, "starting"
    return step, "exporting" if step == steps else "training or going on"


def report(folder: Path) -> str:
    """The campaign's table in Markdown, from the lines of every stage."""
    heads = ("stage", "killed runs", "same weights", "same losses", "kills", "killed while")
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for path in sorted(folder.glob("stage*.jsonl")):
        runs = [json.loads(line) for line in path.read_text().splitlines()]
        runs = [run for run in runs if run["kills"]]  # a few reach their end before the moment
        kills = [kill for run in runs for kill in run["kills"]]
        moments = Counter(kill["moment"] for kill in kills)
        told = ", ".join(f"{moment} {count}" for moment, count in sorted(moments.items()))
        same, alike = (sum(run[name] for run in runs) for name in ("same_weights", "same_losses"))
        cells = (path.stem, len(runs), same, alike, len(kills), told)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"
