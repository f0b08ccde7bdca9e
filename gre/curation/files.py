"""Files of a data set: written aside and renamed, so that they appear whole or not at all."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import IO

from gre.errors import GreError, InputError


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes its name when the block ends well.

    Raises:
        GreError: The disk refuses.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise GreError(
            f"{path}: cannot be written ({error.strerror or error}); make room or name another"
            " --out"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def refuse_filled_folder(out: Path, *, option: str) -> None:
    """Refuse to write into a folder that holds something.

    Raises:
        InputError: It does, or is no folder.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is not empty; name another {option} or delete it")


@contextmanager
def folder_written_whole(out: Path, *, option: str) -> Iterator[Path]:
    """A folder to write in, which takes the place of the empty or missing `out` when all went well.

    Raises:
        GreError: The disk refuses.
    """
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        yield partial
        if out.is_dir():
            out.rmdir()
        partial.replace(out)
    except OSError as error:
        raise GreError(
            f"{out}: cannot be written ({error.strerror}); name another {option}"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole."""
    with written_whole(path) as file:
        file.write(data)


def write_jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write one JSON object a line; gives how many."""
    count = 0
    with written_whole(path) as file:
        for row in rows:
            file.write(json_line(row))
            count += 1
    return count


def write_json_array(path: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write objects as a JSON array, one a line, as the published files; gives how many."""
    count = 0
    with written_whole(path) as file:
        file.write(b"[")
        for row in rows:
            file.write((b",\n" if count else b"\n") + json_line(row).rstrip(b"\n"))
            count += 1
        file.write(b"\n]\n")
    return count


def json_line(row: Mapping[str, object]) -> bytes:
    """One object as a line. Half a surrogate pair, which UTF-8 cannot hold, becomes "?"."""
    return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Write one JSON object, indented."""
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    write_bytes(path, text.encode("utf-8", "replace"))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def claim_folder(folder: Path, mark: str) -> None:
    """Make a folder, or accept an empty one or one that holds `mark`.

    Raises:
        InputError: It holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, must be a folder; name another --out")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / mark).exists():
        raise InputError(f"{folder}: is not empty and holds no such build; name another --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made ({error.strerror}); name another --out"
        ) from error
