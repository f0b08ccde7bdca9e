"""Key steps of a benchmark item: a teacher that knows the truth writes how one could find it."""

from collections.abc import Mapping
from dataclasses import dataclass

from gre.curation.filters import find_leak
from gre.curation.replies import Rationale
from gre.curation.teachers import Teacher
from gre.data.fields import new_text_fault
from gre.data.records import SeedRecord
from gre.evaluation.cot.chains import chain_steps
from gre.models.chat_api import ChatReply, ChatUsage

KEY_STEPS_INSTRUCTION = (
    "You see a photo and are told where it was taken. Write the key steps by which somebody who"
    " sees the photo alone could work out that place: 3 to 6 numbered steps, one a line, from what"
    " is visible to what follows from it. Name the evidence exactly (script and language on signs,"
    " flags and plates, landmarks, style of building, plants, landform, side of traffic, climate)"
    " and only what the photo shows. The last step names city and country. Never mention that you"
    " were told the place, and write no coordinates. Write the steps inside <think> </think> and"
    " nothing else."
)
"""Ours: the paper says that o3 is given the truth and writes a rationale, not in which words."""

MAX_STEPS = 12
"""More are no key steps. Ours."""
_PLACE_FIELDS = ("city", "region", "country")


@dataclass(frozen=True)
class Unusable:
    """A reply that gives no key steps: the reason in a word, and a line about it."""

    reason: str
    detail: str


class TruthTeacher:
    """A teacher that is told with every photo where it was taken.

    Args:
        teacher: Who is asked.
    """

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher
        self.name = teacher.name
        self.max_parallel = teacher.max_parallel

    @property
    def usage(self) -> ChatUsage:
        """Of the teacher."""
        return self._teacher.usage

    def ask(self, seed: SeedRecord, question: str) -> ChatReply:
        """The reply about one photo whose place is told."""
        return self._teacher.ask(seed, f"{question}\n\n{told_place(seed)}")

    def stop(self) -> None:
        """Begin no further attempt."""
        self._teacher.stop()


def told_place(seed: SeedRecord) -> str:
    """Where a photo was taken, as the teacher is told."""
    place = ", ".join(str(seed.extra[name]) for name in _PLACE_FIELDS if seed.extra.get(name))
    near = f" (near {place})" if place else ""
    return f"The photo was taken at {seed.truth.lat:.4f}, {seed.truth.lon:.4f}{near}."


def read_key_steps(said: Rationale, extra: Mapping[str, object]) -> tuple[str, ...] | Unusable:
    """The key steps of a reply, or why it has none that can be used."""
    text = said.text or ""
    steps = chain_steps(text)
    if not steps:
        return Unusable("no_steps", "the reply holds no reasoning")
    if len(steps) > MAX_STEPS:
        return Unusable("too_many_steps", f"{len(steps)} steps, at most {MAX_STEPS}")
    fault = new_text_fault(text)
    if fault:
        return Unusable("control_token", f"the reply {fault}")
    leak = find_leak(text, source=str(extra.get("source", "")))
    if leak:
        return Unusable("leak", f"the reply says {leak!r}")
    return steps
