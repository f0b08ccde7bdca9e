"""A region of text as a row of angles, names and other numbers, and what stands between them."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from gre.answers.angles import Angle, angle_at, is_no_coordinate
from gre.answers.failures import FailureReason, ParseFailure
from gre.answers.names import Name, SideLabel, name_at, with_headers_spelled_out
from gre.answers.tokens import Token, tokenize
from gre.answers.vocabulary import (
    CHOICE_WORDS,
    FILLERS,
    INTRODUCERS,
    JOINERS,
    is_known,
)

_QUOTES = frozenset({"min", "sec"})
_OPENING = frozenset("([")
_CLOSING = frozenset(")]")
_NAME_OPENING = _QUOTES | _OPENING
_VALUE_PUNCTUATION = (
    _QUOTES | _OPENING | _CLOSING | frozenset({":", "=", ".", "<", ">", "→", "deg", "nl"})
)
_INEQUALITIES = frozenset("≤≥⩽⩾")
_HEADER_PUNCTUATION = _QUOTES | _OPENING | _CLOSING | frozenset({",", "/", "|", "deg", ">"})
_LIST_PUNCTUATION = _HEADER_PUNCTUATION | frozenset({":", "=", ".", "nl", "dash", ";", "+"})


@dataclass(frozen=True, slots=True)
class OtherNumber:
    """A number that is no coordinate: "60 km". It parts what stands on its two sides."""

    start: int
    end: int


Item = Angle | Name | SideLabel | OtherNumber


class Link(Enum):
    """How two neighbouring angles hang together."""

    NONE = auto()
    """Not at all."""
    TIGHT = auto()
    """Like the two values of a pair: by a comma, a slash, "and", or signs that part them."""
    LOOSE = auto()
    """By a line break, a semicolon or brackets: two values, or two pairs."""
    CHOICE = auto()
    """As two choices for one value: by "or", "to"."""


_NUMBER_SIGN = re.compile(r"\d|nan|inf|\\u00", re.IGNORECASE)

MAX_NUMBERS = 2000
"""A region with more numbers than this is no answer, and is not taken apart further."""


@dataclass(frozen=True)
class Region:
    """One stretch of text, taken apart once.

    Attributes:
        tokens: Its tokens.
        items: Angles, names and other numbers, in order.
        is_overfull: Whether it holds more than `MAX_NUMBERS` numbers; `items` are then the first.
        has_prose: Whether it holds words that have nothing to do with coordinates, or no number.
    """

    tokens: list[Token]
    items: list[Item]
    has_prose: bool
    is_overfull: bool = False

    def between(self, left: Item, right: Item) -> Sequence[Token]:
        """The tokens between two items."""
        return self.tokens[left.end : right.start]

    def link(self, left: Angle, right: Angle) -> Link:
        """How two angles that follow each other hang together."""
        gap = self.between(left, right)
        words = {token.text.lower() for token in gap if token.kind == "word"}
        if words & CHOICE_WORDS or any(token.kind == "range" for token in gap):
            return Link.CHOICE
        kinds = {"//" if token.text == "//" else token.kind for token in gap} - {"word"}
        has_both_sides = left.axis is not None and right.axis is not None
        allowed = (
            _HEADER_PUNCTUATION | {";", "//", "nl", "&"} | ({"dash"} if has_both_sides else set())
        )
        if not words <= JOINERS | FILLERS or not kinds <= allowed | {"."}:
            return Link.NONE
        if "." in kinds and not _is_trailing_point(gap):
            return Link.NONE
        if kinds & {"nl", ";", "//"} or (kinds & _OPENING and kinds & _CLOSING):
            return Link.LOOSE
        if words & JOINERS or kinds & {",", "/", "|", "&", "dash"}:
            return Link.TIGHT
        is_parted = right.is_signed or left.axis or right.axis or kinds & _QUOTES
        return Link.TIGHT if is_parted or (left.is_marked and right.is_marked) else Link.NONE

    def is_value_of(self, name: Name, angle: Angle) -> bool:
        """Whether only "is about", a colon or the like stands between a name and a number."""
        return _holds_only(self.between(name, angle), _VALUE_PUNCTUATION | _INEQUALITIES)

    def is_bound(self, name: Name, angle: Angle) -> bool:
        """Whether the number bounds the coordinate, as in "lat < 34" and "lat: >33".

        The marks of "<lat> 34", "lat: <34>" and "lat => 34" bound nothing.
        """
        gap = self.between(name, angle)
        marks = [token for token in gap if token.kind in {"<", ">"}]
        if any(token.kind in _INEQUALITIES for token in gap):
            return True
        if not marks:
            return False
        if any(token.kind in {":", "="} for token in gap):
            is_arrow = [token.kind for token in gap if token.kind in "=<>"] == ["=", ">"]
            return not is_arrow and not self._is_kind(angle.end, ">")
        return marks[0].is_spaced or not self._is_kind(name.start - 1, "<")

    def is_index(self, angle: Angle) -> bool:
        """Whether the number after a name counts it, "Latitude 1: 33.86"."""
        return angle.is_whole and (self._is_kind(angle.end, ":") or self._is_kind(angle.end, "="))

    def _is_kind(self, position: int, kind: str) -> bool:
        return 0 <= position < len(self.tokens) and self.tokens[position].kind == kind

    def is_named_after(self, angle: Angle, name: Name) -> bool:
        """Whether the name follows its number: "-2.19 latitude", "33.87 (longitude)"."""
        gap = self.between(angle, name)
        after = self.tokens[name.end].kind if name.end < len(self.tokens) else ""
        if after in {":", "="} or not _holds_only(gap, _NAME_OPENING):
            return False
        return after in _CLOSING or not any(token.kind in _OPENING for token in gap)

    def is_header(self, first: Item, second: Item) -> bool:
        """Whether two items are the names at the head of a list: "lat, lon", "Latitude | ..."."""
        if not (isinstance(first, Name) and isinstance(second, Name)):
            return False
        gap = self.between(first, second)
        words = {token.text.lower() for token in gap if token.kind == "word"}
        kinds = {token.kind for token in gap if token.kind != "word"}
        return (
            first.axis is not second.axis
            and words <= JOINERS | {"deg", "degrees", "degree", "in"}
            and kinds <= _HEADER_PUNCTUATION | {"&", "-", "dash"}
        )

    def closes_list(self, angle: Angle, first: Name, second: Name) -> bool:
        """Whether the names of a list stand after it: "… 40.7 (lon, lat)", not "lat, lon: …"."""
        after = self.tokens[second.end].kind if second.end < len(self.tokens) else ""
        return after not in {":", "="} and _holds_only(self.between(angle, first), _NAME_OPENING)

    def is_listed_under(self, header_end: Item, angle: Angle) -> bool:
        """Whether nothing but layout and words of coordinates parts a header from a number."""
        return _holds_only(self.between(header_end, angle), _LIST_PUNCTUATION | {"|"})

    def is_close(self, left: Item, right: Item) -> bool:
        """Whether no word of prose stands between two items."""
        return all(
            is_known(token.text) for token in self.between(left, right) if token.kind == "word"
        )

    def is_introduced(self, angle: Angle) -> bool:
        """Whether a word like "coordinates" announces the number, at most eight tokens before."""
        for token in reversed(self.tokens[max(angle.start - 8, 0) : angle.start]):
            if token.kind == "word":
                word = token.text.lower()
                if word in INTRODUCERS:
                    return True
                if not is_known(word):
                    return False
            elif token.kind not in _LIST_PUNCTUATION:
                return False
        return False

    def opens_choice(self, angle: Angle) -> bool:
        """Whether "between" or "from" opens a range at this number."""
        for token in reversed(self.tokens[max(angle.start - 4, 0) : angle.start]):
            if token.kind == "word":
                word = token.text.lower()
                if word in {"between", "from", "either"}:
                    return True
                if word not in FILLERS:
                    return False
        return False


def read_region(text: str) -> Region:
    """Take a stretch of text apart. One pass: each token is looked at a bounded number of times."""
    tokens = with_headers_spelled_out(tokenize(text))
    if _NUMBER_SIGN.search(text) is None:
        return Region(tokens, [], has_prose=True)
    items: list[Item] = []
    has_prose = False
    position = num_numbers = 0
    while position < len(tokens) and num_numbers <= MAX_NUMBERS:
        item = _item_at(tokens, position)
        last = items[-1] if items else None
        num_numbers += item is not None
        if isinstance(last, Angle) and last.end == position and tokens[position].kind == "±":
            items[-1] = _with_uncertainty(last, item, position)
            end = items[-1].end
        elif item is not None:
            items.append(item)
            end = item.end
        else:
            token = tokens[position]
            has_prose = has_prose or (token.kind == "word" and not is_known(token.text))
            end = position + 1
        position = end
    return Region(tokens, items, has_prose, is_overfull=num_numbers > MAX_NUMBERS)


def _item_at(tokens: Sequence[Token], position: int) -> Item | None:
    angle = angle_at(tokens, position)
    if angle is None:
        return name_at(tokens, position)
    if is_no_coordinate(tokens, angle):
        return OtherNumber(angle.start, angle.end)
    return angle


def _with_uncertainty(angle: Angle, item: Item | None, position: int) -> Angle:
    """A number with the "± 0.1" after it, which changes nothing unless a side ends it."""
    if not isinstance(item, Angle):
        return replace(angle, end=item.end if item is not None else position + 1)
    if item.axis is None:
        return replace(angle, end=item.end)
    failure = ParseFailure(FailureReason.AMBIGUOUS, "a hemisphere after an uncertainty")
    return replace(angle, end=item.end, degrees=math.nan, failure=failure)


def _holds_only(gap: Sequence[Token], kinds: frozenset[str]) -> bool:
    """Whether a gap holds only these kinds and words of the language of coordinates."""
    for token in gap:
        if token.kind == "word":
            word = token.text.lower()
            if word not in FILLERS and word not in INTRODUCERS and word not in JOINERS:
                return False
        elif token.kind not in kinds:
            return False
    return True


def _is_trailing_point(gap: Sequence[Token]) -> bool:
    """Whether the only point is tied to the number before and a separator follows: "40., -74"."""
    points = [token for token in gap if token.kind == "."]
    return len(points) == 1 and gap[0] is points[0] and len(gap) > 1 and not gap[0].is_spaced
