"""Why a text holds no readable answer."""

from dataclasses import dataclass
from enum import StrEnum

_EXCERPT_CHARS = 60


class FailureReason(StrEnum):
    """The kinds of unreadable answers; the values are what `gre parse` prints."""

    NO_ANSWER = "no_answer"
    REFUSAL = "refusal"
    ONE_NUMBER = "one_number"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_NUMBER = "not_a_number"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True)
class ParseFailure:
    """An answer that could not be read. It is no score and no place.

    Attributes:
        reason: The kind, to count by.
        detail: One line for a person: what was found.
    """

    reason: FailureReason
    detail: str


def excerpt(text: str) -> str:
    """The start of a text on one line, quoted, for use in a `ParseFailure.detail`."""
    line = " ".join(text[: 2 * _EXCERPT_CHARS].split())
    return repr(line[:_EXCERPT_CHARS] + ("…" if len(line) > _EXCERPT_CHARS else ""))
