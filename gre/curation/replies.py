"""The log of a teacher's replies: JSON lines to append to, and the facts of what was asked.

Errors stand in it as well: what they cost counts towards the limit of every later run.
"""

import fcntl
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gre.curation.files import write_json
from gre.errors import InputError
from gre.models.chat_api import ChatEndpoint, Spent
from gre.models.chat_cost import paid_usd

META_SUFFIX = ".meta.json"
MAX_TOKENS, EARLIER_MAX_TOKENS = "max_tokens", "earlier_max_tokens"


@dataclass(frozen=True)
class Rationale:
    """What a teacher said about a seed, or why it said nothing.

    Attributes:
        id: The seed's.
        text: As it came; None for an error.
        reason: One word for an error: a `ChatError`'s reason or "unreadable_photo".
        error: One line for an error.
        finish_reason: The server's: "stop", "length", ...
        prompt_tokens: Of all attempts, as the server counted them; the most that there can be
            where it did not.
        completion_tokens: The same.
        is_cached: Whether the reply was paid for in a run before.
        usd: Price of those tokens, US dollars; None where no price was known.
    """

    id: str
    text: str | None
    reason: str | None = None
    error: str | None = None
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_cached: bool = False
    usd: float | None = None


def check_facts(out: Path, facts: Mapping[str, object]) -> None:
    """Note what a log holds beside it, or compare it with what is noted.

    The longest reply may grow: seeds without a text are then asked about under the new limit.

    Raises:
        InputError: They differ.
    """
    path = meta_path(out)
    if not path.exists():
        if out.exists() and out.stat().st_size:
            raise InputError(f"{out}: is there without {path.name}; name another --out")
        write_json(path, facts)
        return
    found = read_facts(out)
    others = [key for key in facts if found.get(key) != facts[key]]
    if others == [MAX_TOKENS] and _token_limit(facts) > _token_limit(found) > 0:
        limits = lower_token_limits(out, _token_limit(facts))
        write_json(path, found | {MAX_TOKENS: facts[MAX_TOKENS], EARLIER_MAX_TOKENS: limits})
    elif others:
        key = others[0]
        hint = "raise --max-tokens or " if others == [MAX_TOKENS] else ""
        raise InputError(
            f"{out}: holds replies to another question ({key} was {found.get(key)!r}, is"
            f" {facts[key]!r}); {hint}name another --out"
        )


def lower_token_limits(out: Path, limit: int) -> list[int]:
    """Limits below `limit` under which replies of a log were asked for, tokens."""
    found = read_facts(out) if meta_path(out).exists() else {}
    earlier = found.get(EARLIER_MAX_TOKENS)
    limits = [*(earlier if isinstance(earlier, list) else []), found.get(MAX_TOKENS)]
    return [one for one in limits if isinstance(one, int) and one < limit]


def _token_limit(facts: Mapping[str, object]) -> int:
    limit = facts.get(MAX_TOKENS)
    return limit if isinstance(limit, int) else 0


def meta_path(out: Path) -> Path:
    """Where the facts of a log stand."""
    return out.with_name(out.name + META_SUFFIX)


def read_facts(out: Path) -> dict[str, object]:
    """The facts of a log.

    Raises:
        InputError: They are missing or damaged.
    """
    path = meta_path(out)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; {out} was not made by gre curate rationales"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is damaged ({error}); name another --out") from error
    return dict(found)


@contextmanager
def opened_log(out: Path) -> Iterator[BinaryIO]:
    """Open a log to append, for this process alone, without a last line that was cut short."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("a+b") as log:
            try:
                fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(
                    f"{out}: another process writes to it; wait for it, or name another --out"
                ) from None
            log.seek(0)
            whole = sum(len(line) for line in log if line.endswith(b"\n"))
            log.truncate(whole)
            yield log
    except OSError as error:
        raise InputError(
            f"{out}: cannot be written ({error.strerror or error}); name another --out"
        ) from error


def read_rationales(path: Path) -> list[Rationale]:
    """What a log holds: for each seed its first text, or its last error.

    Raises:
        InputError: The file is missing or a line is damaged.
    """
    said: dict[str, Rationale] = {}
    for one in _iter_log(path):
        if one.id not in said or said[one.id].text is None:
            said[one.id] = one
    return list(said.values())


def read_spent_usd(path: Path, endpoint: ChatEndpoint) -> float:
    """What all replies and errors of a log cost, US dollars; 0 where there is no log.

    Raises:
        InputError: The file cannot be read or a line is damaged.
    """
    if not path.exists():
        return 0.0
    spent = (Spent(one.prompt_tokens, one.completion_tokens, one.usd) for one in _iter_log(path))
    return sum(paid_usd(endpoint, one) for one in spent)


def _iter_log(path: Path) -> Iterator[Rationale]:
    """All lines of a log; the last one is passed over where it was cut short."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):
                    yield _read_line(line, f"{path}:{number}")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error


def _read_line(line: bytes, where: str) -> Rationale:
    try:
        one = Rationale(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise InputError(f"{where}: is damaged ({error}); delete the line") from error
    if not isinstance(one.id, str) or not isinstance(one.text, str | None):
        raise InputError(f"{where}: must hold an id and a text; delete the line")
    counts = (one.prompt_tokens, one.completion_tokens, one.usd or 0.0)
    if not all(isinstance(count, int | float) and 0 <= count < math.inf for count in counts):
        raise InputError(f"{where}: tokens and dollars must be numbers >= 0; correct the line")
    return one
