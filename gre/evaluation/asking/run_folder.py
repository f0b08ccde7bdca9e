"""The files of a run: opened once for one evaluation, written whole or not at all."""

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gre.data.outputs import check_new_folder
from gre.environment import describe
from gre.errors import GreError, InputError

CONFIG = "config.json"
FIRST_PROCESS_S = 1800.0
"""How long the other processes wait for the first to load its model and open the folder."""


def check_run(out: Path, facts: Mapping[str, object]) -> None:
    """Refuse a run folder that `open_run` would refuse, as far as is known before a model loads.

    Writes nothing. Not for a process that shares a run: the first may be at work on the folder.

    Args:
        out: As in `open_run`.
        facts: Those of its facts that are known; one that must not be there is None.

    Raises:
        InputError: It is so.
    """
    if (out / CONFIG).exists():
        _refuse_another(out, facts, facts)
    elif out.is_dir() and any(out.iterdir()):
        raise InputError(f"{out}: is not empty and holds no evaluation; name a new --out")
    check_new_folder(out, "--out")


def open_run(out: Path, facts: Mapping[str, object], *, is_first: bool = True) -> None:
    """Make the run folder, or check that the one there belongs to the same evaluation.

    Args:
        out: New or empty folder, or one that an evaluation with the same facts began.
        facts: Everything that can change an answer, as JSON holds it.
        is_first: Of several processes one opens the folder; the others wait for it.

    Raises:
        InputError: The folder holds another evaluation, or something else, or cannot be made.
    """
    config_path = out / CONFIG
    if not is_first:
        _wait_for(config_path)
    if config_path.exists():
        _refuse_another(out, facts, [*facts, *read_run_facts(out)])
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is not empty and holds no evaluation; name a new --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_json(config_path, {"run": dict(facts), "environment": describe()})
    except OSError as error:
        raise InputError(f"{out}: cannot be made ({error.strerror}); name another --out") from None


def _refuse_another(out: Path, facts: Mapping[str, object], keys: Iterable[str]) -> None:
    """Refuse a folder whose evaluation differs in one of some facts."""
    old = read_run_facts(out)
    differing = [key for key in keys if old.get(key) != facts.get(key)]
    if differing:
        key = differing[0]
        raise InputError(
            f"{out}: holds another evaluation ({key} was {old.get(key)!r}, is"
            f" {facts.get(key)!r}); name a new --out"
        )


def read_run_facts(out: Path) -> dict[str, Any]:  # Any: whatever JSON holds
    """The facts that a run folder was opened with.

    Raises:
        InputError: It holds none.
    """
    path = out / CONFIG
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))["run"]
        return dict(facts)
    except FileNotFoundError:
        raise InputError(f"{out}: holds no evaluation (no {CONFIG}); name its folder") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is damaged ({error}); name a new --out") from error


def _wait_for(path: Path) -> None:
    end = time.monotonic() + FIRST_PROCESS_S
    while not path.exists():
        if time.monotonic() > end:
            raise GreError(
                f"{path}: the first process has not made it in {FIRST_PROCESS_S:.0f} s; "
                "see what it says, and start again"
            )
        time.sleep(0.2)


def write_jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write one JSON object per line."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def json_text(value: Mapping[str, object]) -> str:
    """One JSON object, indented."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Write one JSON object."""
    write_text(path, json_text(value))


def write_output(path: Path, text: str) -> None:
    """Write a file that the user named; its folder is made where it is missing.

    Raises:
        InputError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); name another file"
        ) from None


def write_text(path: Path, text: str) -> None:
    """Write aside and rename, so that a file is never half-written."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
