"""`gre curate rationales`: a teacher's raw replies, each asked for once and kept for ever.

Replies are appended to a JSON-lines file as they come. A reply that stands in it is not asked for
again; one that came while the program was stopped lies in the client's cache. So a run may be
interrupted at any point and started again.
"""

import fcntl
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from gre.curation.files import json_line, write_json
from gre.curation.teachers import Teacher
from gre.data.images import ImageError
from gre.data.records import SeedRecord
from gre.errors import InputError
from gre.models.chat_api import ChatError, ChatReply, ChatUsage

logger = logging.getLogger(__name__)

META_SUFFIX = ".meta.json"
OVER_BUDGET = "over_budget"
UNREADABLE_PHOTO = "unreadable_photo"


@dataclass(frozen=True)
class Rationale:
    """What a teacher said about a seed, or why it said nothing.

    Attributes:
        id: The seed's.
        text: As it came; None for an error.
        reason: One word for an error: a `ChatError`'s reason or "unreadable_photo".
        error: One line for an error.
        finish_reason: The server's: "stop", "length", ...
        prompt_tokens: As the server counted them.
        completion_tokens: The same.
        is_cached: Whether the reply was paid for in a run before.
    """

    id: str
    text: str | None
    reason: str | None = None
    error: str | None = None
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_cached: bool = False


@dataclass(frozen=True)
class RationalesSummary:
    """What a run came to.

    Attributes:
        out: The log.
        num_seeds: Seeds asked about, in this run or before.
        num_texts: Of these, those with a text.
        num_new: Texts of this run.
        errors: Seeds without a text by reason; they are asked again by the next run.
        usage: What this run cost.
        is_over_budget: Whether it ended at the cost limit.
    """

    out: Path
    num_seeds: int
    num_texts: int
    num_new: int
    errors: Mapping[str, int]
    usage: ChatUsage
    is_over_budget: bool

    def describe(self) -> str:
        """One line for the command line."""
        cost = "" if self.usage.usd is None else f", {self.usage.usd:.4f} US dollars"
        failed = ", ".join(f"{count:,} {reason}" for reason, count in self.errors.items())
        return (
            f"{self.out}: {self.num_texts:,} of {self.num_seeds:,} seeds have a text"
            f" ({self.num_new:,} new; {self.usage.calls:,} calls{cost});"
            f" without: {failed or 'none'}"
        )


def collect(
    seeds: Sequence[SeedRecord],
    teacher: Teacher,
    out: Path,
    *,
    question: str,
    facts: Mapping[str, object],
    tell: Callable[[int, ChatUsage], None] = lambda _count, _usage: None,
) -> RationalesSummary:
    """Ask a teacher about every seed that has no text yet.

    Args:
        seeds: In any number.
        teacher: Who is asked.
        out: JSON lines of replies, appended to.
        question: The instruction.
        facts: Everything that decides what is asked; kept beside `out` and compared.
        tell: Called with the number of seeds just done and the cost so far.

    Raises:
        InputError: `out` holds the replies of another run, or is in use.
    """
    check_facts(out, facts)
    with _opened_log(out) as log:
        said = {one.id: one for one in read_rationales(out)}
        done = {seed.id for seed in seeds if (one := said.get(seed.id)) and one.text is not None}
        tell(len(done), teacher.usage)
        num_new, is_over_budget = 0, False
        waiting = (seed for seed in seeds if seed.id not in done)
        for seed, reply in _replies(waiting, teacher, question):
            rationale = _rationale(seed, reply)
            if rationale.reason == OVER_BUDGET:
                is_over_budget = True
                break
            log.write(json_line(vars(rationale)))
            log.flush()
            said[seed.id] = rationale
            num_new += rationale.text is not None
            tell(1, teacher.usage)
    return _summary(seeds, said, out, num_new, teacher.usage, is_over_budget)


def check_facts(out: Path, facts: Mapping[str, object]) -> None:
    """Note what a log holds beside it, or compare it with what is noted.

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
    key = next((key for key in facts if found.get(key) != facts[key]), None)
    if key is not None:
        raise InputError(
            f"{out}: holds replies to another question ({key} was {found.get(key)!r}, is"
            f" {facts[key]!r}); name another --out"
        )


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
def _opened_log(out: Path) -> Iterator[BinaryIO]:
    """Open the log to append, for this process alone, without a last line that was cut short."""
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
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):
                    one = _read_line(line, f"{path}:{number}")
                    if one.id not in said or said[one.id].text is None:
                        said[one.id] = one
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    return list(said.values())


def _read_line(line: bytes, where: str) -> Rationale:
    try:
        one = Rationale(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise InputError(f"{where}: is damaged ({error}); delete the line") from error
    if not isinstance(one.id, str) or not isinstance(one.text, str | None):
        raise InputError(f"{where}: must hold an id and a text; delete the line")
    return one


def _replies(
    seeds: Iterator[SeedRecord], teacher: Teacher, question: str
) -> Iterator[tuple[SeedRecord, ChatReply | ChatError | ImageError]]:
    """Replies as they come; `max_parallel` calls are in flight, and only their photos in memory."""

    def attempt(seed: SeedRecord) -> ChatReply | ChatError | ImageError:
        try:
            return teacher.ask(seed, question)
        except (ChatError, ImageError) as error:
            return error

    pool = ThreadPoolExecutor(teacher.max_parallel)
    flying: dict[Future[ChatReply | ChatError | ImageError], SeedRecord] = {}
    try:
        while True:
            free = teacher.max_parallel - len(flying)
            flying |= {pool.submit(attempt, seed): seed for seed in islice(seeds, free)}
            if not flying:
                return
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                yield flying.pop(future), future.result()
    finally:  # stopped early: calls in flight end, and their replies go to the cache
        if flying:
            teacher.stop()
        pool.shutdown(wait=True, cancel_futures=True)


def _rationale(seed: SeedRecord, reply: ChatReply | ChatError | ImageError) -> Rationale:
    if isinstance(reply, ChatReply):
        return Rationale(
            seed.id,
            reply.text,
            finish_reason=reply.finish_reason,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            is_cached=reply.is_cached,
        )
    logger.warning("%s: %s", seed.id, reply)
    reason = reply.reason if isinstance(reply, ChatError) else UNREADABLE_PHOTO
    return Rationale(seed.id, None, reason, str(reply))


def _summary(
    seeds: Sequence[SeedRecord],
    said: Mapping[str, Rationale],
    out: Path,
    num_new: int,
    usage: ChatUsage,
    is_over_budget: bool,
) -> RationalesSummary:
    errors: dict[str, int] = {}
    num_texts = 0
    for seed in seeds:
        one = said.get(seed.id)
        if one is not None and one.text is not None:
            num_texts += 1
        else:
            reason = (one.reason if one else None) or "not_asked"
            errors[reason] = errors.get(reason, 0) + 1
    return RationalesSummary(out, len(seeds), num_texts, num_new, errors, usage, is_over_budget)
