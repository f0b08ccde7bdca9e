"""The digits of an angle: degrees, minutes and seconds with their marks."""

from collections.abc import Sequence
from dataclasses import dataclass

from gre.answers.failures import FailureReason, ParseFailure
from gre.answers.tokens import NUMBER_KINDS, Token
from gre.answers.vocabulary import DEGREE_WORDS, MEASURES, MINUTE_WORDS, SECOND_WORDS

_MAX_NUMBER_CHARS = 400  # No coordinate is longer; float() of a megabyte of digits takes its time.
_UNITS = "dms"


@dataclass(frozen=True, slots=True)
class Part:
    """Degrees, minutes or seconds as written.

    Attributes:
        text: The digits, with a decimal point.
        is_number: Whether the digits are a number at all ("1.2.3" is none).
        joint: What ties it to the part before: a space, "-", ":" or, in front, nothing.
        mark: "d", "m" or "s" where the unit is written, else empty.
        unit_is_word: Whether the unit is a word or letter, as in "20s".
        is_unclear: Whether the mark after it contradicts its place: seconds without minutes.
    """

    text: str
    is_number: bool
    joint: str
    mark: str
    unit_is_word: bool
    is_unclear: bool

    @property
    def value(self) -> float:
        """The number as written, without unit."""
        return float(self.text)


def read_parts(tokens: Sequence[Token], start: int) -> tuple[list[Part], int]:
    """The parts of the angle whose digits begin at `start`, and the index after them.

    A fourth number tied to three others is taken too, for `check_parts` to refuse.
    """
    parts: list[Part] = []
    joint, position, end = "", start, start
    while True:
        part, end = _read_part(tokens, position, joint, parts)
        parts.append(part)
        if len(parts) > len(_UNITS):
            return parts, end
        joint, position = _next_part(tokens, end, parts)
        if not joint:
            return parts, end


def check_parts(parts: Sequence[Part]) -> ParseFailure | None:
    """Why the parts are no angle, or None."""
    written = " ".join(part.text[:20] for part in parts)
    is_marked = any(part.mark for part in parts)
    if any("," in part.text for part in parts):
        return ParseFailure(FailureReason.AMBIGUOUS, f"numbers tied by commas: {written}")
    if not all(part.is_number for part in parts):
        return ParseFailure(FailureReason.NOT_A_NUMBER, f"not a number: {written}")
    if any(part.is_unclear for part in parts):
        return ParseFailure(FailureReason.AMBIGUOUS, f"seconds without minutes: {written}")
    if len(parts) > len(_UNITS):
        return ParseFailure(FailureReason.AMBIGUOUS, f"more than three numbers in a row: {written}")
    if len(parts) == 2 and parts[1].joint == "-" and not is_marked:
        return ParseFailure(FailureReason.AMBIGUOUS, f"a range or a hyphen: {written}")
    if not all(part.text.isdigit() for part in parts[:-1]):
        reason = FailureReason.NOT_A_NUMBER if is_marked else FailureReason.AMBIGUOUS
        return ParseFailure(reason, f"a fraction before the last part: {written}")
    if any(part.value >= 60.0 for part in parts[1:]):
        return ParseFailure(
            FailureReason.OUT_OF_RANGE, f"minutes and seconds must be below 60: {written}"
        )
    return None


def _read_part(
    tokens: Sequence[Token], position: int, joint: str, before: Sequence[Part]
) -> tuple[Part, int]:
    token, end = tokens[position], position + 1
    rank = len(before)
    mark, unit_is_word, is_unclear = "", False, False
    if rank < len(_UNITS):
        mark, end, unit_is_word = _read_mark(tokens, end, rank, before)
        is_unclear = rank == 1 and not mark and _is_seconds_mark(tokens, position)
    is_number = token.kind != "bad_num" and len(token.text) <= _MAX_NUMBER_CHARS
    is_number = is_number and float(token.text) != float("inf")
    return Part(token.text, is_number, joint, mark, unit_is_word, is_unclear), end


def _read_mark(
    tokens: Sequence[Token], position: int, rank: int, before: Sequence[Part]
) -> tuple[str, int, bool]:
    """The unit after the digits ("d", "m", "s" or empty), the index after it, if it is a word."""
    if position >= len(tokens):
        return "", position, False
    token = tokens[position]
    word = token.text.lower() if token.kind == "word" else ""
    if rank == 0:
        is_mark = token.kind == "deg" or word in DEGREE_WORDS
    elif rank == 1:
        if _is_double_minute(tokens, position):
            return "", position, False
        is_mark = token.kind == "min" or word in MINUTE_WORDS
    else:
        if _is_double_minute(tokens, position):
            return "s", position + 2, False
        # "20s" after minutes in letters are seconds; "36S" after anything else is south.
        is_seconds = word in SECOND_WORDS and (word != "s" or _is_letter_s(token, before))
        is_mark = token.kind in {"min", "sec"} or is_seconds
    return (_UNITS[rank], position + 1, bool(word)) if is_mark else ("", position, False)


def _is_letter_s(token: Token, before: Sequence[Part]) -> bool:
    return before[-1].unit_is_word and not token.is_spaced


def _is_double_minute(tokens: Sequence[Token], position: int) -> bool:
    """Whether two single quotes stand for a seconds mark."""
    return (
        position + 1 < len(tokens)
        and tokens[position].kind == "min"
        and tokens[position + 1].kind == "min"
        and not tokens[position + 1].is_spaced
    )


def _is_seconds_mark(tokens: Sequence[Token], position: int) -> bool:
    """Whether a seconds mark follows the minutes, and is not the quote that closes the value."""
    after = position + 1
    if after >= len(tokens):
        return False
    is_mark = tokens[after].kind == "sec" or _is_double_minute(tokens, after)
    opening = "sec" if tokens[after].kind == "sec" else "min"
    # The value's opening quote stands before degrees, mark, sign and side: at most six tokens back.
    first = max(position - 6, 0)
    return is_mark and not any(token.kind == opening for token in tokens[first:position])


def _next_part(tokens: Sequence[Token], end: int, parts: Sequence[Part]) -> tuple[str, int]:
    """What ties the next number to the parts so far, and its index; "" where nothing does."""
    if end >= len(tokens):
        return "", end
    token, last = tokens[end], parts[-1]
    if token.kind in NUMBER_KINDS:
        is_tied = token.is_spaced or bool(last.mark)
        is_open = len(parts) < len(_UNITS) or not any(part.mark for part in parts)
        is_one_style = last.joint in {"", " "}
        return (
            (" ", end)
            if is_tied and is_open and is_one_style and _can_be_part(tokens, end)
            else ("", end)
        )
    if end + 1 >= len(tokens) or tokens[end + 1].kind not in NUMBER_KINDS:
        return "", end
    is_tight = not token.is_spaced and not tokens[end + 1].is_spaced
    if token.kind == "dash":
        is_tied = _has_small_mark(tokens, end + 2) if last.mark else is_tight
        return ("-", end + 1) if is_tied and last.joint in {"", "-"} else ("", end)
    if token.kind == ":" and is_tight and not last.mark:
        is_triple = last.joint == ":" or _is_tight_colon(tokens, end + 2)
        return (":", end + 1) if is_triple else ("", end)
    return "", end


def _can_be_part(tokens: Sequence[Token], position: int) -> bool:
    """Whether the number at `position` is not the degrees of a new angle or a measure."""
    if position + 1 >= len(tokens):
        return True
    after = tokens[position + 1]
    word = after.text.lower() if after.kind == "word" else ""
    if after.kind == "deg" or word in DEGREE_WORDS:
        return False
    return word not in MEASURES or word in MINUTE_WORDS


def _has_small_mark(tokens: Sequence[Token], position: int) -> bool:
    """Whether a minutes or seconds mark stands at `position`."""
    if position >= len(tokens):
        return False
    token = tokens[position]
    return token.kind in {"min", "sec"} or token.text.lower() in MINUTE_WORDS | SECOND_WORDS


def _is_tight_colon(tokens: Sequence[Token], position: int) -> bool:
    return (
        position + 1 < len(tokens)
        and tokens[position].kind == ":"
        and not tokens[position].is_spaced
        and tokens[position + 1].kind in NUMBER_KINDS
        and not tokens[position + 1].is_spaced
    )
