"""What reviewers decided: one append-only file each, every line on the disk before it counts.

A line is never changed. An undo is a line of its own that takes back the last decision that still
stands, so a file read from its start always gives the same state.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Self

from gre.curation.files import json_line
from gre.curation.review.steps import check_steps
from gre.data.jsonio import describe
from gre.errors import GreError, InputError

STEPS, QUESTION, UNDO = "steps", "question", "undo"
KEEP, EDIT, DROP = "keep", "edit", "drop"
YES, NO = "yes", "no"
VALUES: Mapping[str, Sequence[str]] = {STEPS: (KEEP, EDIT, DROP), QUESTION: (YES, NO)}
REASONS = ("hallucinated description", "inconsistent reasoning", "format")
"""What annotators look for. Source: GRE paper, construction of GRE30K-CoT."""

SUFFIX = ".reviews"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One line of a file.

    Attributes:
        key: Unique; a line that is sent twice is written once.
        reviewer: Who decided.
        item: Record id.
        shown_sha256: Of the text that was decided on.
        kind: What about: "steps", "question", or "undo" for taking the last one back.
        value: One of `VALUES[kind]`; for an undo, the key that is taken back.
        steps: The corrected steps of an edit.
        reasons: Of `REASONS`, for an edit or a drop.
        at: When, UTC.
    """

    key: str
    reviewer: str
    item: str
    shown_sha256: str
    kind: str
    value: str
    steps: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    at: str = ""


def reviews_folder(records: Path) -> Path:
    """Where the decisions on a record file lie: beside it."""
    return records.with_name(records.name + SUFFIX)


def check_reviewer(name: str) -> str:
    """A reviewer's name, which names a file too.

    Raises:
        InputError: It has other characters, or too many.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"--reviewer: got {name!r}, must be 1 to 40 letters, digits, '_', '.' or '-'; correct"
            " it"
        )
    return name


def stack(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that stand, in order: those taken back are gone."""
    standing: list[Decision] = []
    for decision in decisions:
        if decision.kind != UNDO:
            standing.append(decision)
        elif standing:
            standing.pop()
    return standing


def standing(decisions: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """The last decision that stands, by item and kind."""
    return {(one.item, one.kind): one for one in stack(decisions)}


def read_decisions(path: Path) -> list[Decision]:
    """All whole lines of a file; one that was cut short by a crash was never confirmed.

    Raises:
        InputError: The file is missing or a line is damaged.
    """
    try:
        with path.open("rb") as file:
            return list(_whole_lines(file, path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error


def read_reviews(folder: Path) -> dict[str, dict[tuple[str, str], Decision]]:
    """What stands, by reviewer.

    Raises:
        InputError: There are no decisions, or a file is damaged.
    """
    paths = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    if not paths:
        raise InputError(
            f"{folder}: holds no decisions; review first: gre curate review RECORDS --reviewer NAME"
        )
    return {path.stem: standing(read_decisions(path)) for path in paths}


class DecisionLog:
    """One reviewer's file, open to append. For one process and one thread at a time.

    Args:
        folder: Made where it is missing.
        reviewer: Whose file.

    Raises:
        InputError: The name is no name, the file is damaged or in use.
    """

    def __init__(self, folder: Path, reviewer: str) -> None:
        self.reviewer = check_reviewer(reviewer)
        self.path = folder / f"{reviewer}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be written ({error.strerror}); name another --reviews"
            ) from error
        try:
            self._lock()
            self._sync_folder(folder)
            self._all = self._read()
        except InputError:
            self._file.close()
            raise
        self._stack = stack(self._all)
        self._standing = {(one.item, one.kind): one for one in self._stack}
        self._keys = {one.key: one for one in self._all}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def last(self, item: str, kind: str) -> Decision | None:
        """The last decision on an item that stands."""
        return self._standing.get((item, kind))

    def decide(self, decision: Decision) -> Decision:
        """Write a decision; when this returns it is on the disk. The same key is written once.

        Raises:
            GreError: The disk refuses; then nothing was decided.
        """
        if decision.key in self._keys:
            return self._keys[decision.key]
        written = replace(decision, reviewer=self.reviewer, at=_now())
        self._append(written)
        self._stack.append(written)
        self._standing[written.item, written.kind] = written
        return written

    def undo(self, key: str) -> Decision | None:
        """Take back the last decision that stands and give it; None where there is none.

        Raises:
            GreError: The disk refuses; then nothing was taken back.
        """
        if key in self._keys:
            return next((o for o in self._all if o.key == self._keys[key].value), None)
        if not self._stack:
            return None
        last = self._stack[-1]
        self._append(
            Decision(
                key=key,
                reviewer=self.reviewer,
                item=last.item,
                shown_sha256=last.shown_sha256,
                kind=UNDO,
                value=last.key,
                at=_now(),
            )
        )
        undone = self._stack.pop()
        self._standing = {(one.item, one.kind): one for one in self._stack}
        return undone

    def _append(self, decision: Decision) -> None:
        end = self._file.seek(0, os.SEEK_END)
        try:
            self._file.write(json_line(asdict(decision)))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(end)
            raise GreError(
                f"{self.path}: cannot be written ({error.strerror}); make room and decide again"
            ) from error
        self._all.append(decision)
        self._keys[decision.key] = decision

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{self.path}: another review of {self.reviewer!r} is open; end it, or name another"
                " --reviewer"
            ) from None

    def _read(self) -> list[Decision]:
        self._file.seek(0)
        whole = sum(len(line) for line in self._file if line.endswith(b"\n"))
        self._file.truncate(whole)
        self._file.seek(0)
        return list(_whole_lines(self._file, self.path))

    @staticmethod
    def _sync_folder(folder: Path) -> None:
        """Make a new file's name last, too."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _whole_lines(file: BinaryIO, path: Path) -> Iterator[Decision]:
    for number, line in enumerate(file, 1):
        if line.endswith(b"\n"):
            yield _read_line(line, f"{path}:{number}")


def _read_line(line: bytes, where: str) -> Decision:
    """A line by the rules of the page: it may come from another machine, or out of an editor."""
    try:
        fields = json.loads(line)
        for name, value in fields.items():
            _check_type(name, value)
        for name in ("steps", "reasons"):
            fields[name] = tuple(fields[name])
        decision = Decision(**fields)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{where}: is no decision ({error}); restore the file") from error
    if decision.kind != UNDO and decision.value not in VALUES.get(decision.kind, ()):
        raise InputError(
            f"{where}: {describe(decision.kind)} {describe(decision.value)} is no decision, must be"
            f" {_allowed_decisions()}; restore the file"
        )
    if decision.value != EDIT:
        return decision
    try:
        return replace(decision, steps=check_steps(list(decision.steps)))
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _check_type(name: str, value: object) -> None:
    if name not in {"steps", "reasons"}:
        if not isinstance(value, str):
            raise TypeError(f"{name} must be text")
    elif not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{name} must be a list of texts")


def _allowed_decisions() -> str:
    """What a line may decide, for a message."""
    return ", ".join(f"{kind} {' or '.join(values)}" for kind, values in VALUES.items()) + ", undo"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
