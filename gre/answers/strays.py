"""Sides and words for minus beside the pair that was read, which belong to none of its numbers.

A point is given only where all of them agree with it: "33.86, 70.65 (S, W)" gives none. Words of
prose part the text: "southern Chile", "Korea South", "west of the road" and "Facing: South" name
something else, and what lies beyond such a word belongs to no number.
"""

from collections.abc import Iterator, Sequence

from gre.answers.angles import Angle
from gre.answers.failures import FailureReason, ParseFailure
from gre.answers.items import Region
from gre.answers.names import side_word
from gre.answers.tokens import LABEL_PUNCTUATION, Token, labelled_token
from gre.answers.vocabulary import (
    DEGREE_WORDS,
    HEMISPHERE_WORDS,
    MINUS_WORDS,
    SIDE_LABELS,
    Axis,
    axis_name,
    hemisphere,
    is_known,
)
from gre.geo.latlon import LatLon

_BEFORE_PLACES = frozenset({"the", "a", "in", "to", "from", "at", "near", "of"})
"""Directly before a side these make a direction or a place of it: "to the south"."""

_LETTER_PAIRS = frozenset({"NE", "NW", "SE", "SW"})
_SIDE_TALK = SIDE_LABELS | MINUS_WORDS | {"sign", "both", "being"}
_OPENING = LABEL_PUNCTUATION | {"(", "["}
_MAX_PUNCTUATION = 4
_MAX_COMPOUND = 4


def _ambiguous(detail: str) -> ParseFailure:
    return ParseFailure(FailureReason.AMBIGUOUS, detail)


def stray_side(region: Region, point: LatLon) -> ParseFailure | None:
    """A side or minus near a number that belongs to no number and that the point does not have."""
    values = {Axis.LAT: point.lat, Axis.LON: point.lon}
    for position, next_angle in _near_numbers(region):
        token = region.tokens[position]
        sides = [hemisphere(letter) for letter in _letters(token)] or [side_word(token)]
        is_contrary = any(side and values[side.axis] * side.sign < 0 for side in sides)
        if is_contrary and _stands_alone(region.tokens, position):
            return _ambiguous(f"{token.text!r} belongs to no number and contradicts the sign")
        is_minus = token.kind == "word" and token.text.lower() in MINUS_WORDS | {"sign"}
        is_written = next_angle is not None and next_angle.degrees < 0
        if is_minus and not is_written and _is_sign_word(region.tokens, position):
            return _ambiguous(f"{token.text!r} may turn the sign of a number")
    return None


def _near_numbers(region: Region) -> Iterator[tuple[int, Angle | None]]:
    """The words outside of angles that no word of prose parts from all angles and names, in order.

    Each comes with the next angle, or None.
    """
    angles = [item for item in region.items if isinstance(item, Angle)]
    following = 0
    stretch: list[tuple[int, Angle | None]] = []
    is_near = False
    for position, token in enumerate(region.tokens):
        while following < len(angles) and angles[following].end <= position:
            following += 1
        next_angle = angles[following] if following < len(angles) else None
        if next_angle is not None and next_angle.start <= position:
            is_near = True
        elif _parts(region.tokens, position):
            yield from stretch if is_near else []
            stretch, is_near = [], False
        elif token.kind == "word":
            is_near = is_near or axis_name(token.text) is not None
            stretch.append((position, next_angle))
    yield from stretch if is_near else []


def _parts(tokens: Sequence[Token], position: int) -> bool:
    """Whether a token is a word of prose or ends a sentence."""
    token = tokens[position]
    if token.kind == "word":
        return not _is_near(token) and not _is_letter_label(tokens, position)
    if token.kind != "." or position == 0 or position + 1 >= len(tokens):
        return False
    before = tokens[position - 1]
    is_short = len(before.text) == 1 or before.text.lower() in DEGREE_WORDS
    is_word = before.kind == "word" and not is_short and axis_name(before.text) is None
    return is_word and (tokens[position + 1].is_spaced or tokens[position + 1].kind == "nl")


def _letters(token: Token) -> str:
    """The two letters of a word like "SW"; empty for any other."""
    return token.text if token.kind == "word" and token.text in _LETTER_PAIRS else ""


def _is_near(token: Token) -> bool:
    """Whether a word may stand between a number and a side that belongs to it."""
    is_side = side_word(token) is not None or token.text in _LETTER_PAIRS
    return is_side or is_known(token.text) or token.text.lower() in _SIDE_TALK


def _is_letter_label(tokens: Sequence[Token], position: int) -> bool:
    """Whether a word is the label of a lone letter for a side: "ns": "S"."""
    value = labelled_token(tokens, position)
    return value is not None and len(value.text) == 1 and side_word(value) is not None


def _stands_alone(tokens: Sequence[Token], position: int) -> bool:
    """Whether a side is none of a place's name, a direction or a label's value in prose."""
    first = last = position
    while last < min(position + _MAX_COMPOUND, len(tokens) - 1) and _is_compound(tokens[last + 1]):
        last += 1
    while first > max(position - _MAX_COMPOUND, 0) and _is_compound(tokens[first - 1]):
        first -= 1
    after = last + 1
    if after < len(tokens) and len(tokens[last].text) == 1:
        after += tokens[after].kind == "."
    if after < len(tokens) and tokens[after].kind == "word":
        word = tokens[after].text.lower()
        if word in HEMISPHERE_WORDS:
            return True
        if word == "of" or not _is_near(tokens[after]):
            return False
    return not _is_prose_before(tokens, first)


def _is_compound(token: Token) -> bool:
    """Whether a token goes on with a row of sides: "South-West"."""
    return side_word(token) is not None or (token.kind == "dash" and not token.is_spaced)


def _is_prose_before(tokens: Sequence[Token], position: int) -> bool:
    """Whether the word before a side makes it prose: "Facing west", "Facing: west", "the west"."""
    before, first = position - 1, max(position - 1 - _MAX_PUNCTUATION, 0)
    while before > first and tokens[before].kind in _OPENING:
        before -= 1
    if before < 0 or tokens[before].kind != "word":
        return False
    word = tokens[before].text.lower()
    is_beside = before == position - 1
    if _is_letter_label(tokens, before):
        return False
    if not _is_near(tokens[before]) or (is_beside and word in _BEFORE_PLACES):
        return True
    # "Camera direction: South"
    is_label = not is_beside and axis_name(word) is None
    return (
        is_label
        and before > 0
        and tokens[before - 1].kind == "word"
        and (not is_known(tokens[before - 1].text))
    )


def _is_sign_word(tokens: Sequence[Token], position: int) -> bool:
    """Whether "minus" stands between no words of prose. "Sign" counts after a name only."""
    if tokens[position].text.lower() == "sign":
        return position > 0 and axis_name(tokens[position - 1].text) is not None
    following = tokens[position + 1] if position + 1 < len(tokens) else None
    if following is not None and following.kind == "word" and not _is_near(following):
        return False
    return not _is_prose_before(tokens, position)
