"""Names of a coordinate, and sides that stand beside a name: "South latitude", "lat_ref": "S"."""

from collections.abc import Sequence
from dataclasses import dataclass

from gre.answers.signs import starts_number
from gre.answers.tokens import NUMBER_KINDS, Token
from gre.answers.vocabulary import (
    HEADERS,
    SIDE_LABELS,
    Axis,
    Hemisphere,
    axis_name,
    hemisphere,
    side_adjective,
)

_LABEL_PUNCTUATION = frozenset({"min", "sec", ":", "="})
_MAX_LABEL_TOKENS = 4


@dataclass(frozen=True, slots=True)
class Name:
    """A word that names one coordinate: "lat", "Longitude", "South latitude".

    Attributes:
        start: Index of its first token.
        end: Index after its last token.
        axis: The coordinate.
        side: The hemisphere that is part of the name, or None.
    """

    start: int
    end: int
    axis: Axis
    side: Hemisphere | None = None


@dataclass(frozen=True, slots=True)
class SideLabel:
    """A side as the value of a label: "lat_ref": "S", "Hemisphere: South".

    Attributes:
        start: Index of its first token.
        end: Index after its last token.
        axis: The coordinate that the label names, or None.
        side: The hemisphere.
    """

    start: int
    end: int
    axis: Axis | None
    side: Hemisphere


def name_at(tokens: Sequence[Token], position: int) -> Name | SideLabel | None:
    """The name or label whose first token is `tokens[position]`, or None."""
    token = tokens[position]
    if token.kind != "word":
        return None
    label = _label_at(tokens, position)
    if label is not None:
        return label
    axis = axis_name(token.text)
    if axis is not None:
        return Name(position, position + 1, axis)
    side = side_word(token)
    name = position + 1
    if side is not None and len(token.text) == 1 and name < len(tokens):
        name += tokens[name].kind == "."
    if side is None or name >= len(tokens) or axis_name(tokens[name].text) is not side.axis:
        return None
    if position > 0 and tokens[position - 1].kind in NUMBER_KINDS:
        return None
    return Name(position, name + 1, side.axis, side)


def side_word(token: Token) -> Hemisphere | None:
    """The hemisphere that a token names, as a noun, a letter or an adjective."""
    if token.kind != "word":
        return None
    return hemisphere(token.text) or side_adjective(token.text)


def with_headers_spelled_out(tokens: list[Token]) -> list[Token]:
    """Write "LngLat" as two names and "longitude first" as "longitude latitude"."""
    spelled: list[Token] = []
    for token in tokens:
        word = token.text.lower() if token.kind == "word" else ""
        if word in HEADERS:
            first, second = HEADERS[word]
            spelled += [Token("word", first, token.is_spaced), Token("word", second, False)]
            continue
        axis = axis_name(spelled[-1].text) if word == "first" and spelled else None
        if axis is not None:
            other = Axis.LON if axis is Axis.LAT else Axis.LAT
            token = Token("word", str(other), token.is_spaced)
        spelled.append(token)
    return spelled


def _label_at(tokens: Sequence[Token], position: int) -> SideLabel | None:
    word = tokens[position].text.lower()
    axis, label = axis_name(word), position
    if axis is not None:
        label += 1
    elif word.endswith("ref"):
        axis = axis_name(word.removesuffix("ref"))
    is_whole_label = axis is not None and label == position
    if label >= len(tokens):
        return None
    if not is_whole_label and tokens[label].text.lower() not in SIDE_LABELS:
        return None
    end = label + 1
    while end < min(label + 1 + _MAX_LABEL_TOKENS, len(tokens) - 1):
        if tokens[end].kind not in _LABEL_PUNCTUATION:
            break
        end += 1
    if end >= len(tokens) or not {":", "="} & {token.kind for token in tokens[label + 1 : end]}:
        return None
    side = side_word(tokens[end])
    if side is None or starts_number(tokens, end + 1):
        return None
    return SideLabel(position, end + 1, axis, side)
