"""Reads the fields of one record strictly and remembers which were read."""

import math
import re
from collections.abc import Iterable, Mapping

from gre.data.jsonio import RawRecord, RecordError, describe

IMAGE_PLACEHOLDER = "<image>"
"""Stands where the image goes in published questions ("<image>\\n{CoT Instruction}?")."""

_TURN_VALUES = ("conversations[0].value", "conversations[1].value")
MAX_TEXT_CHARS = 1_000_000
"""Longest text of a field: a hundred times the longest chain of thought. Ours."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)

_CONTROL_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Characters that stand for no sign; tab and line breaks are text."""

_CONTROL_TOKEN = re.compile(r"<\|[a-z_]+\|>")


def text_fault(value: str) -> str | None:
    """What makes a text unfit for a model, what it must be and what to do; None where it is fit.

    The rule of every reader; blank is no fault here.
    """
    if len(value) > MAX_TEXT_CHARS:
        allowed = f"must be at most {MAX_TEXT_CHARS:,}; shorten the text"
        return f"got {len(value):,} characters, {allowed}"
    control = _CONTROL_CHARACTER.search(value)
    if control:
        return f"holds control character U+{ord(control.group()):04X}, must be text; remove it"
    token = _CONTROL_TOKEN.search(value) if "<|" in value else None
    if token:
        return (
            f"holds {describe(token.group())}, must be text without the model's control tokens"
            " (they would break the image's place); remove it"
        )
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            broken = f"\\u{ord(value[error.start]):04x}"
            return f"holds half a character ({broken}), must be sound Unicode; fix the text"
    return None


def new_text_fault(value: str) -> str | None:
    """What makes a text unfit to be written into a record: `text_fault`, or a second image."""
    if IMAGE_PLACEHOLDER in value:
        return f"holds {IMAGE_PLACEHOLDER}, which stands for the photo; remove it"
    return text_fault(value)


class Fields:
    """The fields of one record. Every reader raises `RecordError` naming file, record and field.

    Types are strict: true is not a number and "40.7" is not one either, as published records write
    coordinates without quotes.
    """

    def __init__(self, raw: RawRecord) -> None:
        self.place = raw.place
        if not isinstance(raw.value, dict):
            raise RecordError(
                raw.place,
                f"got {describe(raw.value)}, must be an object with named fields; correct it",
            )
        self._values: dict[str, object] = raw.value
        self._read: set[str] = set()

    def fault(self, field: str, detail: str) -> RecordError:
        """An error about one field, for the caller to raise."""
        return RecordError(self.place, detail, field=field)

    def has(self, field: str) -> bool:
        """Whether the record holds the field with a value other than null."""
        return self._values.get(field) is not None

    def value(self, field: str, allowed: str) -> object:
        """The field's value as it stands; `allowed` tells what it must be where it is missing."""
        self._read.add(field)
        try:
            return self._values[field]
        except KeyError as error:
            raise self.fault(field, f"is missing, must be {allowed}; add it") from error

    def number(self, field: str, limit: float) -> float:
        """A finite number in [-limit, limit]."""
        value = self._values.get(field)
        if type(value) is float and -limit <= value <= limit:
            self._read.add(field)
            return value
        allowed = f"in [-{limit:g}, {limit:g}]"
        value = self.value(field, f"a number {allowed}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            is_number = isinstance(value, str) and _NUMBER.fullmatch(value.strip())
            quoted = "; write it without quotes" if is_number else "; fix the record"
            raise self.fault(field, f"got {describe(value)}, must be a number {allowed}{quoted}")
        if isinstance(value, float) and not math.isfinite(value):
            allowed = f"a finite number {allowed}"
            raise self.fault(field, f"got {describe(value)}, must be {allowed}; fix the record")
        if not -limit <= value <= limit:
            raise self.fault(field, f"got {describe(value)}, must be {allowed}; fix the record")
        return float(value)

    def text(self, field: str, *, may_be_empty: bool = False) -> str:
        """A text that a model may be given: not blank, no control token, sound Unicode."""
        value = self.value(field, "text")
        return self.checked_text(field, value, may_be_empty=may_be_empty)

    def checked_text(self, field: str, value: object, *, may_be_empty: bool = False) -> str:
        """`value` as text by the rules of `text`; for values inside lists and objects."""
        if not isinstance(value, str):
            raise self.fault(field, f"got {describe(value)}, must be text; fix the record")
        if not may_be_empty and not value.strip():
            raise self.fault(field, f"got {describe(value)}, must not be empty; write the text")
        detail = text_fault(value)
        if detail:
            raise self.fault(field, detail)
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.value(field, "a list of texts")
        if not isinstance(value, list):
            raise self.fault(
                field, f"got {describe(value)}, must be a list of texts; fix the record"
            )
        return tuple(self.checked_text(f"{field}[{i}]", item) for i, item in enumerate(value))

    def sorted_texts(self, field: str) -> tuple[str, ...]:
        """A list of texts, or lists by kind: {"explicit": ["sign"]} is "explicit: sign"."""
        value = self.value(field, "a list of texts")
        if not isinstance(value, dict):
            return self.texts(field)
        return tuple(
            f"{self.checked_text(field, kind)}: {self.checked_text(f'{field}.{kind}[{i}]', item)}"
            for kind, items in value.items()
            for i, item in enumerate(items if isinstance(items, list) else [items])
        )

    def identity(self, fields: Iterable[str]) -> str:
        """The first of `fields` that is present, else the record's index, as text."""
        for field in fields:
            if not self.has(field):
                continue
            value = self.value(field, "text or a whole number")
            if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
                raise self.fault(
                    field, f"got {describe(value)}, must be text or a whole number; fix the record"
                )
            return self.checked_text(field, str(value))
        return str(self.place.index)

    def conversation(self) -> tuple[str, str]:
        """The question (without the image's placeholder) and the answer of `conversations`."""
        field = "conversations"
        turns = self.value(field, "one human and one gpt turn")
        if not isinstance(turns, list) or len(turns) != 2:
            got = describe(turns)
            raise self.fault(
                field, f"got {got}, must be one human and one gpt turn; fix the record"
            )
        human, gpt = self._turn(0, "human"), self._turn(1, "gpt")
        where = _TURN_VALUES[0]
        if not human.startswith(IMAGE_PLACEHOLDER) or human.count(IMAGE_PLACEHOLDER) != 1:
            raise self.fault(
                where,
                f"got {describe(human)}, must begin with one {IMAGE_PLACEHOLDER}; fix the text",
            )
        question = human.removeprefix(IMAGE_PLACEHOLDER).strip()
        return self.checked_text(where, question), gpt

    def _turn(self, index: int, role: str) -> str:
        turn = self._values["conversations"][index]  # type: ignore[index]
        if not isinstance(turn, dict) or "from" not in turn or "value" not in turn:
            allowed = f'{{"from": "{role}", "value": text}}'
            raise self.fault(
                f"conversations[{index}]", f"got {describe(turn)}, must be {allowed}; fix it"
            )
        if turn["from"] != role:
            got = describe(turn["from"])
            field = f"conversations[{index}].from"
            raise self.fault(field, f'got {got}, must be "{role}"; fix the record')
        return self.checked_text(_TURN_VALUES[index], turn["value"])

    def rest(self) -> Mapping[str, object]:
        """The fields nobody has read."""
        return {name: value for name, value in self._values.items() if name not in self._read}
