"""Signs and hemispheres around the digits of an angle, and what about them is unclear."""

from collections.abc import Sequence

from gre.answers.failures import FailureReason, ParseFailure
from gre.answers.tokens import NUMBER_KINDS, Token
from gre.answers.vocabulary import (
    CYRILLIC_LETTERS,
    DEGREE_WORDS,
    HEMISPHERE_WORDS,
    MINUS_WORDS,
    UNCLEAR_HEMISPHERES,
    Axis,
    Hemisphere,
    axis_name,
    hemisphere,
    is_known,
    side_adjective,
)

_QUOTES = frozenset({"min", "sec"})
_BRACKETS = frozenset({"(", "["})
SIGNS = frozenset({"dash", "+", "—", "±"})
"""Kinds of tokens that may be a sign, or look like one."""

_AFTER_PREFIX = frozenset({":", "=", ")", "]", ".", "min", "sec", "deg"})
_MAX_PUNCTUATION = 4


def read_prefix(tokens: Sequence[Token], start: int) -> tuple[int, Hemisphere | None]:
    """A hemisphere before a number: the index where sign or digits begin, and the side.

    "N 40", "N: 40", "(W) 74". Where there is none the index is `start`.
    """
    token = tokens[start]
    side = hemisphere(token.text) if token.kind == "word" else None
    if side is None or token.text.lower() in CYRILLIC_LETTERS:
        return start, None
    position = start + 1
    last = min(position + _MAX_PUNCTUATION, len(tokens) - 1)
    while position < last and tokens[position].kind in _AFTER_PREFIX:
        if tokens[position].kind == "." and len(token.text) > 1:
            return start, None  # "facing west. 40.7": the word ends a sentence
        position += 1
    return (position, side) if starts_number(tokens, position) else (start, None)


def starts_number(tokens: Sequence[Token], position: int) -> bool:
    """Whether digits, or one sign and digits, begin at `position`."""
    if position < len(tokens) and tokens[position].kind in {"dash", "+"}:
        position += 1
    return position < len(tokens) and tokens[position].kind in NUMBER_KINDS


def read_sign(tokens: Sequence[Token], start: int) -> tuple[int, int, ParseFailure | None]:
    """Signs before digits: the index of the digits; -1, 0 (none) or +1; what is unclear."""
    if is_minus_word(tokens, start):
        is_apart = start == 0 or tokens[start - 1].kind not in SIGNS | NUMBER_KINDS
        return start + 1, -1, None if is_apart else _ambiguous("a word for minus after a number")
    position = start
    while position < min(start + 3, len(tokens)) and tokens[position].kind in SIGNS:
        position += 1
    signs = [token.kind for token in tokens[start:position]]
    if position >= len(tokens):
        return position, 0, None
    if not signs:
        return position, 0, _detached_minus(tokens, start)
    if len(signs) > 1 or signs[0] in {"—", "±"}:
        written = "".join(token.text for token in tokens[start:position])
        return position, 0, _ambiguous(f"unclear sign {written!r}")
    if _is_sign_unclear(tokens, start):
        return position, 0, _ambiguous("a dash or plus that may be a sign or punctuation")
    return position, (-1 if signs[0] == "dash" else +1), None


def is_minus_word(tokens: Sequence[Token], position: int) -> bool:
    """Whether "minus" or the like stands directly before digits."""
    if tokens[position].kind != "word" or tokens[position].text.lower() not in MINUS_WORDS:
        return False
    return position + 1 < len(tokens) and tokens[position + 1].kind in NUMBER_KINDS


def read_side(tokens: Sequence[Token], position: int) -> tuple[Hemisphere | None, int]:
    """The side that words at `position` name, "south" or "southern hemisphere", and their end.

    An adjective without "hemisphere" or the name of its coordinate after it is no side.
    """
    if position >= len(tokens) or tokens[position].kind != "word":
        return None, position
    side, end = hemisphere(tokens[position].text), position + 1
    following = tokens[end].text.lower() if end < len(tokens) else ""
    if following in HEMISPHERE_WORDS and tokens[position].text.isalpha():
        return side or side_adjective(tokens[position].text), end + 1
    adjective = side_adjective(tokens[position].text)
    if side is None and adjective is not None and axis_name(following) is adjective.axis:
        return adjective, end
    return side, end


def read_suffix(
    tokens: Sequence[Token], end: int, *, has_prefix: bool
) -> tuple[Hemisphere | None, int, ParseFailure | None]:
    """A hemisphere after a number: the side, the index after it, what is unclear.

    "40 N", "40° (N)", "40 deg. N", "40-N". In "N 40 W 74" the W belongs to what follows.
    """
    position = end
    while position < min(end + _MAX_PUNCTUATION, len(tokens)) and _leads_to_suffix(
        tokens, position
    ):
        position += 1
    if position >= len(tokens) or tokens[position].kind != "word":
        return None, end, _stray_side(tokens, end)
    word = tokens[position].text
    if word.lower() in UNCLEAR_HEMISPHERES:
        return None, end, _ambiguous(f"{word!r} is east in some languages and west in others")
    side, after = read_side(tokens, position)
    if side is None or (has_prefix and starts_number(tokens, after)):
        return None, end, None
    following = tokens[after] if after < len(tokens) else None
    if word.lower() in CYRILLIC_LETTERS:
        return _read_cyrillic(tokens, position, end, side)
    if any(token.kind in _BRACKETS for token in tokens[end:position]):
        if following is None or following.kind not in {")", "]"}:
            return None, end, None
        return side, after + 1, None
    has_mark = tokens[end - 1].kind == "deg" or tokens[end - 1].text.lower() in DEGREE_WORDS
    if len(word) > 1 and following is not None and _begins_name(following, has_mark=has_mark):
        return None, end, _ambiguous(f"{word!r} may belong to the number or to what follows")
    return side, after, None


def check_sides(
    before: Hemisphere | None, after: Hemisphere | None, sign: int
) -> ParseFailure | None:
    """What contradicts itself in a sign and the sides before and after, or None."""
    if before is not None and after is not None and before != after:
        return _ambiguous("two different hemispheres on one number")
    side = before or after
    if side is None or sign in {0, side.sign}:
        return None
    return _ambiguous("sign and hemisphere contradict each other")


def axis_of(before: Hemisphere | None, after: Hemisphere | None) -> Axis | None:
    """The axis that the sides say, or None where none is written."""
    side = before or after
    return side.axis if side is not None else None


def _ambiguous(detail: str) -> ParseFailure:
    return ParseFailure(FailureReason.AMBIGUOUS, detail)


def _is_sign_unclear(tokens: Sequence[Token], sign: int) -> bool:
    r"""Whether a dash or plus before digits may be punctuation.

    It is a sign at the very start, after punctuation, and with space before but none after.
    It is unclear after a word or number with spaces on both sides or on neither ("lat - 5",
    "lat-5", "40-73"), and as a list bullet ("\n- 5").
    """
    if sign == 0:
        return False
    before, is_apart = tokens[sign - 1], tokens[sign + 1].is_spaced
    if before.kind == "nl":
        return is_apart and tokens[sign].kind == "dash"
    is_mark = before.kind in _QUOTES and sign > 1 and tokens[sign - 2].kind in NUMBER_KINDS
    if is_mark or before.kind in NUMBER_KINDS or before.kind in {"word", "deg", ")", "]"}:
        return is_apart or not tokens[sign].is_spaced
    return False


def _detached_minus(tokens: Sequence[Token], start: int) -> ParseFailure | None:
    """A minus sign parted from its digits by a bracket, a quote or a letter: -(40), -N40."""
    position, is_tied = start, True
    while position > max(start - 2, 0) and tokens[position - 1].kind in _BRACKETS | _QUOTES | {
        "word"
    }:
        is_tied = is_tied and not tokens[position].is_spaced
        position -= 1
    if position in {start, 0} or tokens[position - 1].kind != "dash":
        return None
    begins = position == 1 or tokens[position - 1].is_spaced or tokens[position - 2].kind == "nl"
    if is_tied and begins and not tokens[position].is_spaced:
        return _ambiguous("a minus sign parted from its number")
    return None


def _leads_to_suffix(tokens: Sequence[Token], position: int) -> bool:
    """Whether a token may stand between digits and their hemisphere."""
    token = tokens[position]
    if token.kind in _QUOTES | _BRACKETS:
        return True
    if token.kind == ".":
        return position > 0 and tokens[position - 1].text.lower() in DEGREE_WORDS
    is_tied_dash = token.kind == "dash" and not token.is_spaced
    return is_tied_dash and not starts_number(tokens, position + 2)


def _begins_name(token: Token, *, has_mark: bool) -> bool:
    """Whether the word after "west" makes it part of something else: west of, West Village."""
    if token.kind != "word" or token.text.lower() == "and":
        return False
    if token.text.lower() == "of":
        return not has_mark
    return not has_mark and token.text[0].isupper() and not is_known(token.text)


def _stray_side(tokens: Sequence[Token], end: int) -> ParseFailure | None:
    """A one-letter hemisphere that a comma parts from the number: "73.985, W"."""
    position, num_commas = end, 0
    while position < min(end + _MAX_PUNCTUATION, len(tokens)) and tokens[position].kind in (
        _QUOTES | {","}
    ):
        num_commas += tokens[position].kind == ","
        position += 1
    if num_commas == 0 or position >= len(tokens) or tokens[position].kind != "word":
        return None
    letter, after = tokens[position].text, position + 1
    while after < min(position + _MAX_PUNCTUATION, len(tokens)) and tokens[after].kind in _QUOTES:
        after += 1
    if len(letter) > 1 or hemisphere(letter) is None or read_prefix(tokens, position)[1]:
        return None
    if after < len(tokens) and tokens[after].kind in {":", "=", "word"}:
        return None
    return _ambiguous(f"a comma parts {letter!r} from its number")


def _read_cyrillic(
    tokens: Sequence[Token], position: int, end: int, side: Hemisphere
) -> tuple[Hemisphere | None, int, ParseFailure | None]:
    """One of С Ю В З, alone or as "с. ш.", "в. д.".

    Before another Russian or Ukrainian word a small letter may be a preposition: "в", "с" are then
    passed over, as they turn no sign, and "з", "ю" are unclear.
    """
    after = position + 1
    if after < len(tokens) and tokens[after].kind == ".":
        after += 1
    following = tokens[after] if after < len(tokens) else None
    if following is None or following.kind != "word":
        return side, position + 1, None
    if following.text.lower() in {"ш", "д"}:
        if (following.text.lower() == "ш") == (side.axis is Axis.LAT):
            return side, after + 1, None
        return None, end, _ambiguous("letters of two different axes on one number")
    letter = tokens[position].text
    is_clear = letter.isupper() or following.text.isascii() or axis_name(following.text)
    if is_clear or side.sign > 0:
        return (side, position + 1, None) if is_clear else (None, end, None)
    return None, end, _ambiguous(f"{letter!r} may be a hemisphere or a preposition")
