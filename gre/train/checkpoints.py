"""Which checkpoint a run goes on from, and how its weights are put back."""

import errno
import hashlib
import json
import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from gre.data.outputs import check_new_folder
from gre.errors import GreError, InputError

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


def seal_checkpoint(folder: Path, *, step: int) -> None:
    """Check what was written, note the hash of every file, and mark the checkpoint complete.

    Raises:
        GreError: Weights that cannot be reopened or are not finite; the folder stays unmarked.
    """
    for path in sorted(folder.glob("*.safetensors")):
        check_weights_finite(path)
    mark_complete(folder, step=step, sha256=_file_hashes(folder))


def check_weights_finite(path: Path) -> None:
    """Reopen a safetensors file and look at every value.

    Raises:
        GreError: It cannot be read, or a tensor has a value that is not finite.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118  (not a mapping)
                bad = int((~torch.isfinite(file.get_tensor(name))).sum())
                if bad:
                    raise GreError(
                        f"{path}: tensor {name} has {bad} values that are not finite; lower"
                        " learning_rate and go on from the checkpoint before"
                    )
    except SafetensorError as error:
        raise GreError(f"{path}: cannot be read back: {error}; check the disk") from error


def check_manifest(folder: Path) -> None:
    """Compare the files of a checkpoint with the hashes noted when it was written.

    Optimizer and random states are pickles: they are opened only when they are this run's own.

    Raises:
        InputError: A file is missing, was added or has changed, or there are no hashes.
    """
    mark = folder / COMPLETE_MARK
    try:
        noted = json.loads(mark.read_text(encoding="utf-8"))["sha256"]
        expected = {str(name): str(digest) for name, digest in noted.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{mark}: has no hashes ({error}); delete {folder} to go on from the one before"
        ) from error
    found = _file_hashes(folder)
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            what = "is missing" if name not in found else "is not as this run wrote it"
            raise InputError(
                f"{folder / name}: {what}; delete {folder} to go on from the one before"
            )


def _file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a checkpoint but its mark, several at once."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    paths = [path for path in paths if not path.name.startswith(COMPLETE_MARK)]
    with ThreadPoolExecutor() as pool:
        digests = list(pool.map(_sha256, paths))
    return {str(p.relative_to(folder)): d for p, d in zip(paths, digests, strict=True)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_disk_full(error: BaseException) -> bool:
    """Whether an error of saving says that there is no space: each library has its own way."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    words = ("No space left", "Disk quota exceeded", "inline_container.cc", "PytorchStreamWriter")
    return any(word in str(error) for word in words)


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
    check_new_folder(output_dir, "output_dir")
    if not output_dir.exists():
        return
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
