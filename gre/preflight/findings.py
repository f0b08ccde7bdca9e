"""What a check found: one line each, with its severity, count and a few examples."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from gre.errors import InputError

Severity = Literal["error", "warning", "note", "ok"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note", "ok")
"""Worst first. error: the run would stop or learn something wrong. warning: worth a look before a
GPU is paid for. note: a fact to know. ok: looked at and sound."""

MAX_EXAMPLES = 5


def printable(text: str) -> str:
    """One line of characters that do nothing to a terminal: names in data may hold escape codes."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


@dataclass(frozen=True)
class Finding:
    """One line of the result.

    Attributes:
        severity: How bad it is.
        area: What was looked at: config, model, records, images, tokens, ...
        text: What was found, and what to do where something is to be done.
        examples: The first few places, one line each.
    """

    severity: Severity
    area: str
    text: str
    examples: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain values, ready for JSON."""
        return {
            "severity": self.severity,
            "area": self.area,
            "text": self.text,
            "examples": list(self.examples),
        }


@dataclass
class Findings:
    """The list that all checks write to, in the order they ran."""

    items: list[Finding] = field(default_factory=list)

    def add(self, severity: Severity, area: str, text: str, examples: Sequence[str] = ()) -> None:
        """Write one line; of the examples the first few are kept."""
        shown = tuple(printable(example) for example in examples[:MAX_EXAMPLES])
        self.items.append(Finding(severity, area, printable(text), shown))

    @contextmanager
    def guarding(self, area: str) -> Iterator[None]:
        """Turn an `InputError` inside the block into an error line, and go on after it."""
        try:
            yield
        except InputError as error:
            self.add("error", area, str(error))

    def worst_first(self) -> list[Finding]:
        """By severity, and within it in the order of the checks."""
        return sorted(self.items, key=lambda item: SEVERITIES.index(item.severity))

    def counts(self) -> dict[str, int]:
        """How many lines of each severity there are."""
        found = Counter(item.severity for item in self.items)
        return {severity: found[severity] for severity in SEVERITIES}

    @property
    def has_errors(self) -> bool:
        """Whether the run should not be launched."""
        return any(item.severity == "error" for item in self.items)
