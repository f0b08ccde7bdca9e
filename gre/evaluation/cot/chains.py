"""A chain of thought as judges see it: its steps and, for sorting, the statements in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gre.answers import read_response
from gre.data.records import split_steps

MAX_STEPS = 64
"""Steps that are judged; a text that repeats itself without end has more. Ours."""

_ANSWER = re.compile(r"<answer>.*?(?:</answer>|$)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?(?:think|answer)>", re.IGNORECASE)
_BULLET = re.compile(r"^(?:[-*•#>]+\s+|\**(?:step\s+)?\d{1,2}\s*[.):]\**\s+)+", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\bSt\.)(?<!\bMt\.)(?<!\be\.g\.)\s+(?=[\"'“(]?[A-Z0-9])")
_JOINT = re.compile(
    r"[,;]\s+(?=so\b(?!\s+(?:that|far|many|much)\b))"
    r"|[,;]\s+(?=(?:and\s+)?(?:therefore|thus|hence|consequently)\b)"
    r"|,\s+(?=(?:which\s+)?(?:suggest|indicat|impl|point)(?:s|es|ing|ies|ying)\b)"
    r"|:\s+(?=(?:so\b|this is\b|an?\s+[\w -]{1,30}\bclimate\b))",
    re.IGNORECASE,
)
"""Where a conclusion begins inside a sentence."""
_POSITION_WORDS = re.compile(
    r"\b(?:latitude|longitude|lat|lon|lng|coordinates?|approximate(?:ly)?|answer|final|and"
    r"|north|south|east|west|[nsew])\b|[\d\W_]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing said.

    Attributes:
        step: Number of its step, from 1.
        text: Its words.
    """

    step: int
    text: str


def reasoning_text(text: str) -> str:
    """The reasoning in a model's text: what it thinks, else all that is not its answer."""
    think = read_response(text).think
    if think is not None:
        return think
    return _TAG.sub(" ", _ANSWER.sub(" ", text)).strip()


def chain_steps(text: str) -> tuple[str, ...]:
    """Steps of a model's text without their numbers; empty where it does not reason.

    Steps are numbered, joined with " // " or on lines of their own; reasoning in one piece is cut
    into sentences. Lines that hold coordinates alone are no reasoning.
    """
    steps = clean_steps(split_steps(reasoning_text(text)))
    if len(steps) == 1:
        steps = clean_steps(_SENTENCE_END.split(steps[0]))
    return steps


def clean_steps(steps: Sequence[str]) -> tuple[str, ...]:
    """Steps without numbers and bullets; those that say nothing are left out."""
    bare = (" ".join(_BULLET.sub("", step.strip()).split()) for step in steps)
    return tuple(step for step in bare if _POSITION_WORDS.sub("", step))


def statements(steps: Sequence[str]) -> tuple[Statement, ...]:
    """The statements of each step: its sentences, cut once more where a conclusion begins."""
    return tuple(
        Statement(number, part.strip())
        for number, step in enumerate(steps, start=1)
        for sentence in _SENTENCE_END.split(step)
        for part in _JOINT.split(sentence)
        if part.strip(" .,;:")
    )
