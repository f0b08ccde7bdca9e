"""A completion cut into what a page shows apart: reasoning, answer, and text outside the tags."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_TAG = re.compile(r"<(/?)(think|answer)>", re.IGNORECASE)


class Part(NamedTuple):
    """A stretch of a completion.

    Attributes:
        kind: "think", "answer" or "outside".
        text: As written, without the tags and the space around it.
    """

    kind: str
    text: str


def parts_of(completion: str) -> tuple[Part, ...]:
    """All of a completion's text in order; a tag that is never closed runs to the end.

    For a reader's eye alone: what counts as the answer is `gre.answers`'s to say.
    """
    tags = list(_TAG.finditer(completion))
    # A chat template may have opened the reasoning before the completion begins.
    kind = "think" if tags and tags[0][0].lower() == "</think>" else "outside"
    parts, start = [], 0
    for tag in tags:
        parts.append(Part(kind, completion[start : tag.start()].strip()))
        kind, start = ("outside" if tag[1] else tag[2].lower()), tag.end()
    parts.append(Part(kind, completion[start:].strip()))
    return tuple(part for part in parts if part.text)


def longest_allowed(lengths: Sequence[int], budget: int) -> int:
    """The length to which the longest texts must be cut for all to fit into a budget together."""
    left = budget
    for place, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - place)
        if length > share:
            return share
        left -= length
    return max(lengths, default=0)
