"""`gre curate rationales`: a teacher's raw replies, each asked for once and kept for ever.

Replies are appended to a JSON-lines file as they come. A reply that stands in it is not asked for
again; one that came while the program was stopped lies in the client's cache. So a run may be
interrupted at any point and started again. What errors cost is noted as well, so that a limit of
cost holds over all runs.
"""

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gre.curation.files import json_line
from gre.curation.replies import Rationale, check_facts, opened_log, read_rationales
from gre.curation.teachers import Teacher
from gre.data.images import ImageError
from gre.data.records import SeedRecord
from gre.models.chat_api import ChatError, ChatReply, ChatUsage

logger = logging.getLogger(__name__)

OVER_BUDGET, EMPTY = "over_budget", "empty"
UNREADABLE_PHOTO = "unreadable_photo"

Reply = ChatReply | ChatError | ImageError
Keep = Callable[[SeedRecord, Reply], Rationale]


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
    with opened_log(out) as log:
        said = {one.id: one for one in read_rationales(out)}
        done = {seed.id for seed in seeds if (one := said.get(seed.id)) and one.text is not None}
        tell(len(done), teacher.usage)
        is_over_budget = False

        def keep(seed: SeedRecord, reply: Reply) -> Rationale:
            one = _rationale(seed, reply)
            if one.reason != OVER_BUDGET or one.prompt_tokens:  # attempts before the last cost
                log.write(json_line(vars(one)))
                log.flush()
                said[seed.id] = one
            return one

        waiting = (seed for seed in seeds if seed.id not in done)
        with closing(_replies(waiting, teacher, question, keep)) as replies:
            for rationale in replies:
                if rationale.reason == OVER_BUDGET:
                    is_over_budget = True
                    break
                tell(1, teacher.usage)
    return _summary(seeds, said, out, len(done), teacher.usage, is_over_budget)


def _replies(
    seeds: Iterator[SeedRecord], teacher: Teacher, question: str, keep: Keep
) -> Generator[Rationale, None, None]:
    """Replies as they come, kept; `max_parallel` calls and only their photos are in flight."""

    def attempt(seed: SeedRecord) -> Reply:
        try:
            return teacher.ask(seed, question)
        except (ChatError, ImageError) as error:
            return error

    pool = ThreadPoolExecutor(teacher.max_parallel)
    flying: dict[Future[Reply], SeedRecord] = {}
    try:
        while True:
            free = teacher.max_parallel - len(flying)
            flying |= {pool.submit(attempt, seed): seed for seed in islice(seeds, free)}
            if not flying:
                return
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                yield keep(flying.pop(future), future.result())
    finally:  # stopped early: calls in flight end, and what they cost is kept too
        if flying:
            teacher.stop()
        pool.shutdown(wait=True, cancel_futures=True)
        for future, seed in flying.items():
            if not future.cancelled() and future.exception() is None:
                keep(seed, future.result())


def _rationale(seed: SeedRecord, reply: Reply) -> Rationale:
    if isinstance(reply, ImageError):
        logger.warning("%s: %s", seed.id, reply)
        return Rationale(seed.id, None, UNREADABLE_PHOTO, str(reply))
    spent = reply.spent
    if isinstance(reply, ChatReply):
        return Rationale(
            seed.id,
            reply.text,
            finish_reason=reply.finish_reason,
            prompt_tokens=spent.prompt_tokens,
            completion_tokens=spent.completion_tokens,
            is_cached=reply.is_cached,
            usd=spent.usd,
        )
    logger.warning("%s: %s", seed.id, reply)
    return Rationale(
        seed.id,
        None,
        reply.reason,
        str(reply),
        prompt_tokens=spent.prompt_tokens,
        completion_tokens=spent.completion_tokens,
        usd=spent.usd,
    )


def _summary(
    seeds: Sequence[SeedRecord],
    said: Mapping[str, Rationale],
    out: Path,
    num_before: int,
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
    num_new = num_texts - num_before
    return RationalesSummary(out, len(seeds), num_texts, num_new, errors, usage, is_over_budget)
