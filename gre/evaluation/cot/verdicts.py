"""What a judge is asked about one chain, and what it says: typed, aligned by id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gre.evaluation.cot.chains import Statement

BACKGROUND, CAPTION, INFERENCE = "background", "caption", "inference"
SORTS = (BACKGROUND, CAPTION, INFERENCE)
"""What a statement is. Source: GRE paper, CoT quality."""

MATCHED, MISSING = "matched", "missing"
KEY_LABELS = (MATCHED, MISSING)
"""Whether a chain holds a key step."""

MATCH, REASONABLE, WRONG, REDUNDANT, GENERAL = (
    "match",
    "reasonable",
    "wrong",
    "redundant",
    "general",
)
STEP_LABELS = (MATCH, REASONABLE, WRONG, REDUNDANT, GENERAL)
"""What a step is worth: says what a key step says; may well be so; does not fit; repeats an
earlier one; claims nothing about this photo."""

NAMED = "named"
INDICATOR_LABELS = (NAMED, MISSING)
"""Whether the background of a chain names an indicator."""


@dataclass(frozen=True)
class Item:
    """One chain and what it is held against.

    Attributes:
        id: Of the sample.
        question: What the model was asked.
        steps: Its chain; not empty.
        key_steps: The reference; not empty.
        indicators: Geographic indicators of the photo; may be empty.
    """

    id: str
    question: str
    steps: tuple[str, ...]
    key_steps: tuple[str, ...]
    indicators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One label.

    Attributes:
        label: From the list of its question.
        reason: One sentence.
        step: Number of the chain's step that is meant, from 1, where the question asks for one.
    """

    label: str
    reason: str
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Unscored:
    """Why a question has no verdict: never a score of 0.

    Attributes:
        reason: One word, e.g. "timeout" or "wrong_ids".
        detail: One line.
    """

    reason: str
    detail: str


Verdicts = tuple[Verdict, ...]


@dataclass(frozen=True)
class Judgment:
    """All that a judge says about one item; each part stands or fails alone.

    Attributes:
        key_steps: One verdict of `KEY_LABELS` per key step.
        steps: One verdict of `STEP_LABELS` per step.
        sorts: One verdict of `SORTS` per statement of the chain.
        reference_sorts: The same of the reference chain.
        indicators: One verdict of `INDICATOR_LABELS` per indicator; None where the item has none,
            or where the statements could not be sorted.
    """

    key_steps: Verdicts | Unscored
    steps: Verdicts | Unscored
    sorts: Verdicts | Unscored
    reference_sorts: Verdicts | Unscored
    indicators: Verdicts | Unscored | None


class Judge(Protocol):
    """Compares chains; safe to ask from several threads."""

    @property
    def max_parallel(self) -> int:
        """How many items it likes to judge at once."""

    def describe(self) -> Mapping[str, object]:
        """Everything that can change a verdict, ready for JSON."""

    def usage(self) -> Mapping[str, object]:
        """What it has spent so far, ready for JSON."""

    def sort(self, question: str, said: Sequence[Statement]) -> Verdicts | Unscored:
        """Sort statements into `SORTS`."""

    def find_key_steps(self, item: Item) -> Verdicts | Unscored:
        """For each key step: does the chain hold it, and in which step."""

    def rate_steps(self, item: Item) -> Verdicts | Unscored:
        """For each step: what it is worth."""

    def find_indicators(self, item: Item, background: Sequence[str]) -> Verdicts | Unscored:
        """For each indicator: do some statements name it."""
