"""Disk for checkpoints, and whether the checkpoint that a run would go on from fits it."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from gre.errors import InputError
from gre.preflight.findings import Findings
from gre.train.checkpoints import check_output_dir, find_resume

SPARE = 1.1
"""What is asked for beyond the forecast: logs, tokenizer, the file system's own. Ours."""


def existing_parent(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def checkpoint_bytes(total: int, trained: int, *, width: int) -> float:
    """One checkpoint: weights at so many bytes each, and 12 more for each that trains (Adam)."""
    return float(width * total + 12 * trained)


def kept_checkpoints(save_total_limit: int | None, num_saves: int) -> int:
    """Checkpoints on disk at once: those kept, the best one, and the one being written."""
    kept = num_saves if save_total_limit is None else min(save_total_limit + 1, num_saves)
    return kept + 1


@dataclass(frozen=True)
class DiskForecast:
    """What a run puts on the disk.

    Attributes:
        num_checkpoints: On disk at once, at most.
        checkpoint: Bytes of one.
        result: Bytes of the model that the run leaves.
    """

    num_checkpoints: int
    checkpoint: float
    result: float

    @property
    def peak(self) -> float:
        """Bytes at most while the run trains and saves its model."""
        return self.num_checkpoints * self.checkpoint + self.result

    @property
    def left(self) -> float:
        """Bytes at most once the run has ended: nothing removes the checkpoints it kept."""
        return max(self.num_checkpoints - 1, 0) * self.checkpoint + self.result


def report_disk(output_dir: Path, forecast: DiskForecast, findings: Findings) -> None:
    """Write whether the disk takes the run's checkpoints."""
    parent = existing_parent(output_dir)
    free, needed = shutil.disk_usage(parent).free, forecast.peak
    text = (
        f"{forecast.num_checkpoints} checkpoints and the result need about {needed / 1e9:,.1f} GB,"
        f" {free / 1e9:,.1f} GB are free at {parent}"
    )
    if free < needed * SPARE:
        advice = "; free some, lower save_total_limit, or name another output_dir"
        findings.add("error", "disk", text + advice)
    else:
        findings.add("ok", "disk", text)


def report_output(
    output_dir: Path, findings: Findings, *, overwrite: bool, world_size: int
) -> Path | None:
    """Write whether the output folder takes the run, and what it would go on from.

    Returns:
        The checkpoint, or None for a fresh start.
    """
    try:
        check_output_dir(output_dir, overwrite=overwrite, remove=False)
    except InputError as error:
        findings.add("error", "output", str(error))
        return None
    checkpoint = find_resume(output_dir, is_main=False)
    if checkpoint is None:
        findings.add("ok", "output", f"a fresh start in {output_dir}")
        return None
    before = _world_size_before(output_dir)
    text = f"the run would go on from {checkpoint}"
    if before is not None and before != world_size:
        findings.add(
            "error",
            "output",
            f"{text}, written by {before} processes, but {world_size} would start; start {before},"
            " or name a new output_dir",
        )
    else:
        known = f"written by {before} processes" if before else "world size not written down"
        findings.add("note", "output", f"{text} ({known})")
    return checkpoint


def _world_size_before(output_dir: Path) -> int | None:
    try:
        facts = json.loads((output_dir / "environment.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    size = facts.get("world_size") if isinstance(facts, dict) else None
    return size if isinstance(size, int) else None
