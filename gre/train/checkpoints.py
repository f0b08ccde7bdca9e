"""Which checkpoint a run goes on from, and how its weights are put back."""

import json
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from gre.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

logger = logging.getLogger(__name__)

COMPLETE_MARK = "complete.json"
"""Written last into a checkpoint and into a finished run; without it a folder is half-written."""


def mark_complete(folder: Path, **facts: object) -> None:
    """Say in a folder that everything before this call has been written to it."""
    partial = folder / (COMPLETE_MARK + ".partial")
    partial.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    partial.rename(folder / COMPLETE_MARK)


def is_complete(folder: Path) -> bool:
    """Whether a checkpoint or run was written to its end."""
    return (folder / COMPLETE_MARK).is_file()


def list_checkpoints(output_dir: Path) -> list[Path]:
    """Checkpoint folders of a run by step, complete or not."""
    found = [path for path in output_dir.glob("checkpoint-*") if path.name[11:].isdigit()]
    return sorted(found, key=lambda path: int(path.name[11:]))


def find_resume(output_dir: Path, *, is_main: bool) -> Path | None:
    """Give the newest complete checkpoint, clearing half-written ones (on the main process only).

    Args:
        output_dir: Folder of the run.
        is_main: Whether this process may delete.
    """
    checkpoints = list_checkpoints(output_dir)
    complete = [path for path in checkpoints if is_complete(path)]
    for path in checkpoints:
        if path not in complete and is_main:
            logger.warning("%s is half-written and is removed", path)
            shutil.rmtree(path)
    return complete[-1] if complete else None


def check_output_dir(output_dir: Path, *, overwrite: bool, remove: bool) -> None:
    """Refuse to train into a folder that already holds a finished run or something else.

    With `overwrite` a finished run is allowed, and removed when `remove` is set.

    Raises:
        InputError: The folder cannot take a run.
    """
    if not output_dir.exists():
        return
    if not output_dir.is_dir():
        raise InputError(f"output_dir {output_dir} is a file; name a folder")
    ours = (output_dir / "resolved.yaml").exists() or list_checkpoints(output_dir)
    if not ours and any(output_dir.iterdir()):
        raise InputError(f"output_dir {output_dir} holds other files; name a new folder")
    if is_complete(output_dir):
        if not overwrite:
            raise InputError(
                f"output_dir {output_dir} holds a finished run; name a new --output_dir, or pass"
                " --overwrite true to replace it"
            )
        if remove:
            shutil.rmtree(output_dir)


def restore_full_weights(model: "PreTrainedModel", checkpoint: Path) -> None:
    """Put every weight of a checkpoint back into a model, or fail.

    The stock trainer loads the file's key names into a model with other names, `strict=False`, so
    nearly all tensors of Qwen2.5-VL would stay at their base values. Here the checkpoint goes
    through `from_pretrained`, which knows the names, and is then copied strictly.

    Raises:
        InputError: A tensor is missing, unexpected or of another shape.
    """
    restored, report = type(model).from_pretrained(
        checkpoint, dtype=model.dtype, output_loading_info=True
    )
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report[kind]:
            first = sorted(map(str, report[kind]))[0]
            raise InputError(
                f"{checkpoint}: {len(report[kind])} {kind.replace('_', ' ')}, the first {first};"
                " delete this checkpoint to go on from the one before"
            )
    model.load_state_dict(restored.state_dict(), strict=True)
    model.tie_weights()
