"""A clean copy of a record file, and the list of what was left out of it and why."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gre.data.jsonio import RawRecord, iter_json, read_text
from gre.data.records import Record, iter_records
from gre.errors import InputError
from gre.preflight.records import RecordSet

LEFT_OUT = "left_out.jsonl"


@dataclass(frozen=True)
class Quarantine:
    """What was written.

    Attributes:
        file: The clean record file.
        image_root: What its image names are relative to: pass it as --image_root.
        num_kept: Records in it.
        num_left_out: Lines of `left_out.jsonl` beside it.
    """

    file: Path
    image_root: Path
    num_kept: int
    num_left_out: int


def refuse_taken(directory: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        InputError: It does, or is no folder.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputError(f"--quarantine {directory}: is not empty, must be a new folder; name one")


def write_quarantine(found: RecordSet, reasons: Mapping[int, str], directory: Path) -> Quarantine:
    """Copy the good records of a file; images stay where they are.

    The copy appears whole or not at all, after it was read again: every kept record finds the same
    image under `image_root` as it did in the original.

    Args:
        found: The file as it was read.
        reasons: Why, by index of the records to be left out, beside those with errors.
        directory: New or empty.

    Raises:
        InputError: The folder is taken or cannot be written, or no record is left.
    """
    refuse_taken(directory)
    why = {error.place.index: str(error) for error in found.errors} | dict(reasons)
    images = {
        record.place.index: Path(os.path.realpath(record.image_path))
        for record in found.records
        if record.place.index not in why
    }
    if not images:
        raise InputError(f"--quarantine {directory}: no record of {found.path} is left to keep")
    root = Path(os.path.commonpath([image.parent for image in images.values()]))
    partial = directory.with_name(directory.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        num_left_out = _write(found, why, images, root, partial)
        _read_again(partial / found.path.name, found, images, root)
        if directory.exists():
            directory.rmdir()
        partial.rename(directory)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        reason = error.strerror or type(error).__name__
        raise InputError(f"--quarantine {directory}: cannot be written ({reason})") from error
    except InputError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Quarantine(directory / found.path.name, root, len(images), num_left_out)


def _write(
    found: RecordSet,
    why: Mapping[int, str],
    images: Mapping[int, Path],
    root: Path,
    folder: Path,
) -> int:
    """Write both files; give the number of records left out."""
    field = "image_path" if found.kind == "bench" else "image"
    kept, left = [], []
    for raw in iter_json(found.path):
        index = raw.place.index
        if index in images and isinstance(raw, RawRecord) and isinstance(raw.value, dict):
            name = _name_under(root, str(raw.value[field]), images[index])
            kept.append(_json(raw.value | {field: name}))
        else:
            value = raw.value if isinstance(raw, RawRecord) else None
            image = value.get(field) if isinstance(value, dict) else None
            reason = why.get(index, str(raw))
            line = {"index": index, "line": raw.place.line, "image": image, "reason": reason}
            left.append(_json(line))
    is_array = read_text(found.path).lstrip().startswith("[")
    text = "[\n" + ",\n".join(kept) + "\n]\n" if is_array else "\n".join(kept) + "\n"
    (folder / found.path.name).write_text(text, encoding="utf-8")
    (folder / LEFT_OUT).write_text("".join(f"{line}\n" for line in left), encoding="utf-8")
    return len(left)


def _name_under(root: Path, name: str, image: Path) -> str:
    """The record's own name where it leads to the image from `root`, else the path from there."""
    if os.path.realpath(root / name) == str(image):
        return name
    return image.relative_to(root).as_posix()


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isascii() or _is_sound(text) else json.dumps(value)


def _is_sound(text: str) -> bool:
    """Whether UTF-8 can hold it: half a surrogate pair stays escaped."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _read_again(path: Path, found: RecordSet, images: Mapping[int, Path], root: Path) -> None:
    items = list(iter_records(path, found.kind, image_root=root))
    seen = [os.path.realpath(item.image_path) for item in items if isinstance(item, Record)]
    if seen != [str(image) for image in images.values()]:
        bad = next((str(item) for item in items if not isinstance(item, Record)), "other images")
        raise InputError(f"{found.path}: its clean copy cannot be read back: {bad}")
