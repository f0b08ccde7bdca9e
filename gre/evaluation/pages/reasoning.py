"""A model's text cut into the parts that a page shows."""

import re
from dataclasses import dataclass

from gre.answers import read_response
from gre.data.records import split_steps

_NUMBER = re.compile(r"^\d{1,2}[.)]\s+")
"""A step's own number; a page's list numbers the steps."""
_TAGS = ("<think>", "</think>", "<answer>", "</answer>")


@dataclass(frozen=True)
class Told:
    """What a model said.

    Attributes:
        steps: The reasoning, step by step; empty where there is none.
        answer: What stands in the answer, or None.
        raw: The whole text where the parts do not say it all, or None.
    """

    steps: tuple[str, ...]
    answer: str | None
    raw: str | None


def reasoning_steps(reasoning: str) -> tuple[str, ...]:
    """The steps of a chain, without the numbers they bring along."""
    return tuple(_NUMBER.sub("", step) for step in split_steps(reasoning))


def tell(text: str) -> Told:
    """Split a model's text into reasoning and answer, and keep whatever else there is."""
    response = read_response(text)
    rest = text
    for part in (response.think, response.answer, *_TAGS):
        rest = rest.replace(part, "", 1) if part else rest
    is_whole = response.answer is not None and not rest.strip()
    steps = reasoning_steps(response.think) if response.think else ()
    return Told(steps, response.answer, None if is_whole else text)
