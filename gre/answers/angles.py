"""One coordinate in any spelling: decimal, degrees-minutes-seconds, with sign or hemisphere.

    angle   = [side] [sign] degrees [mark] [minutes [mark] [seconds [mark]]] [side]
    sign    = -, + or a word for minus
    side    = N, S, E, W or the word, before or after, perhaps in brackets; after it also
              "southern hemisphere"
    minutes = after a degree mark, a space ("23 25 48") or, all three, "45-32-12", "45:32:12"

What contradicts itself is refused, never repaired: a minus sign on a north or east value, a plus
sign on a south or west one, two different sides, minutes or seconds of 60 and more, a fraction
anywhere but in the last part. A minus sign beside S or W says the same twice and is read once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gre.answers.failures import FailureReason, ParseFailure, excerpt
from gre.answers.parts import Part, check_parts, read_parts
from gre.answers.signs import (
    SIGNS,
    axis_of,
    check_sides,
    is_minus_word,
    read_prefix,
    read_sign,
    read_suffix,
)
from gre.answers.tokens import NUMBER_KINDS, Token, tokenize
from gre.answers.vocabulary import (
    MEASURES,
    NOT_NUMBERS,
    Axis,
    Hemisphere,
    axis_name,
    hemisphere,
)
from gre.geo.latlon import MAX_LAT_DEG, MAX_LON_DEG

_MAX_DECIMALS = 12
"""More decimals than this are below what a float of degrees holds."""


@dataclass(frozen=True, slots=True)
class Angle:
    """One coordinate found in a text.

    Attributes:
        start: Index of its first token.
        end: Index after its last token.
        degrees: Its value; NaN when `failure` says why there is none.
        axis: Latitude or longitude where a hemisphere says so, else None.
        is_signed: Whether a sign is written.
        has_word_before: Whether a compass word, not a letter, stands before it ("south 40.7").
        is_marked: Whether a degree mark, minute mark or hemisphere shows that it is a coordinate.
        is_whole: Whether it is one whole number without mark: it could be one part of DMS.
        has_comma: Whether it is bare digits with one comma, which could also be two numbers.
        num_decimals: Digits after the point of the last part.
        is_sexagesimal: Whether it has minutes.
        step_deg: One unit of its last digit, degrees.
        failure: Why it has no value, or None.
    """

    start: int
    end: int
    degrees: float
    axis: Axis | None = None
    is_signed: bool = False
    has_word_before: bool = False
    is_marked: bool = False
    is_whole: bool = False
    has_comma: bool = False
    num_decimals: int = 0
    is_sexagesimal: bool = False
    step_deg: float = 0.0
    failure: ParseFailure | None = None


def read_angle(text: str) -> float | ParseFailure:
    """The one coordinate that a text holds, in degrees, south and west negative.

    Reads everything the module's grammar says and, since nothing else can be meant here, a decimal
    comma ("23,43") and degrees, minutes, seconds parted by commas ("- 45, 32, 12"). The range is
    [-90, 90] for north and south, otherwise [-180, 180].

    Returns:
        Degrees, or the reason why there is not exactly one coordinate.
    """
    tokens = tokenize(text.strip())
    angles: list[Angle] = []
    position = 0
    while position < len(tokens) and len(angles) <= 3:
        angle = angle_at(tokens, position)
        if angle is not None:
            angles.append(angle)
        elif tokens[position].kind not in {",", ".", "min", "sec", "nl"}:
            failure = angles[-1].failure if angles else None
            return failure or ParseFailure(
                FailureReason.NO_ANSWER, f"not a coordinate alone: {excerpt(text)}"
            )
        position = angle.end if angle is not None else position + 1
    if not angles:
        return ParseFailure(FailureReason.NO_ANSWER, f"no coordinate: {excerpt(text)}")
    found = angles[0] if len(angles) == 1 else join_dms(angles)
    if found is None:
        return ParseFailure(FailureReason.AMBIGUOUS, f"more than one number: {excerpt(text)}")
    if found.failure is not None:
        return found.failure
    limit = MAX_LAT_DEG if found.axis is Axis.LAT else MAX_LON_DEG
    if abs(found.degrees) > limit:
        bounds = f"[-{limit:g}, {limit:g}]"
        return ParseFailure(FailureReason.OUT_OF_RANGE, f"not in {bounds}: {excerpt(text)}")
    return found.degrees


def join_dms(angles: Sequence[Angle]) -> Angle | None:
    """Three plain numbers as degrees, minutes and seconds ("45, 32, 12"), or None if they are not.

    Only the first may have a sign; minutes and seconds are below 60. "45.0, 32.0, 12.0" is fine:
    its fractions are zero.
    """
    if len(angles) != 3 or any(angle.failure or angle.has_comma for angle in angles):
        return None
    degrees, minutes, seconds = angles
    if any(angle.is_marked for angle in angles) or minutes.is_signed or seconds.is_signed:
        return None
    if not (degrees.degrees.is_integer() and minutes.degrees.is_integer()):
        return None
    if minutes.degrees >= 60 or seconds.degrees >= 60:
        return None
    size = abs(degrees.degrees) + minutes.degrees / 60 + seconds.degrees / 3600
    value = math.copysign(size, degrees.degrees)
    return replace(degrees, end=seconds.end, degrees=value, is_marked=True, is_whole=False)


def with_side(angle: Angle, side: Hemisphere | None) -> Angle:
    """A number whose side stands apart from it: "South latitude 33.86", "lat_ref": "S".

    A number that contradicts the side, by its sign or by a side of its own, fails.
    """
    if side is None or angle.failure is not None:
        return angle
    has_own = angle.axis is not None or angle.is_signed
    is_contrary = has_own and angle.degrees * side.sign < 0
    if is_contrary or angle.axis not in {None, side.axis}:
        failure = ParseFailure(FailureReason.AMBIGUOUS, "a number and its side contradict")
        return replace(angle, degrees=math.nan, failure=failure)
    size = abs(angle.degrees)
    return replace(angle, degrees=math.copysign(size, side.sign), axis=side.axis, is_marked=True)


def angle_at(tokens: Sequence[Token], start: int) -> Angle | None:
    """The angle whose first token is `tokens[start]`, or None where none begins."""
    if not _may_start(tokens, start):
        return None
    digits, before = read_prefix(tokens, start)
    signs = digits
    digits, sign, sign_failure = read_sign(tokens, digits)
    if digits >= len(tokens):
        return None
    token = tokens[digits]
    if token.kind == "word" and token.text in NOT_NUMBERS:
        failure = ParseFailure(FailureReason.NOT_A_NUMBER, f"not a number: {token.text}")
        return Angle(start, digits + 1, math.nan, failure=failure)
    if token.kind not in NUMBER_KINDS:
        return None
    parts, end = read_parts(tokens, digits)
    after, end, suffix_failure = read_suffix(tokens, end, has_prefix=before is not None)
    why: ParseFailure | None = (
        sign_failure or check_parts(parts) or suffix_failure or check_sides(before, after, sign)
    )
    side = before or after
    is_marked = side is not None or any(part.mark for part in parts)
    num_decimals = len(parts[-1].text.partition(".")[2])
    is_negative = sign < 0 or (side is not None and side.sign < 0)
    return Angle(
        start=start,
        end=end,
        degrees=math.nan if why else _degrees(parts, is_negative=is_negative),
        axis=axis_of(before, after),
        is_signed=digits > signs,
        has_word_before=before is not None and len(tokens[start].text) > 1,
        is_marked=is_marked,
        is_whole=len(parts) == 1 and not is_marked and token.text.isdigit(),
        has_comma=len(parts) == 1 and not is_marked and token.kind == "comma_num",
        num_decimals=num_decimals,
        is_sexagesimal=len(parts) > 1,
        step_deg=0.1 ** min(num_decimals, _MAX_DECIMALS) / 60.0 ** (len(parts) - 1),
        failure=why,
    )


def _may_start(tokens: Sequence[Token], start: int) -> bool:
    """Whether a look at two tokens leaves it open that an angle begins here."""
    token = tokens[start]
    if token.kind in NUMBER_KINDS:
        return True
    if token.kind == "word":
        is_side = hemisphere(token.text) is not None
        return is_side or token.text in NOT_NUMBERS or is_minus_word(tokens, start)
    if token.kind not in SIGNS or start + 1 >= len(tokens):
        return False
    following = tokens[start + 1]
    return following.kind in NUMBER_KINDS | SIGNS or following.text in NOT_NUMBERS


def is_no_coordinate(tokens: Sequence[Token], angle: Angle) -> bool:
    """Whether the words around a number say that it counts or names something else.

    "60 km", "5th", "221B", "A4", "12:30", "#3", "85 %", "20 °C", and the "2." of a numbered list.
    """
    if angle.is_marked:
        return _is_temperature(tokens, angle)
    before = tokens[angle.start - 1] if angle.start else None
    after = tokens[angle.end] if angle.end < len(tokens) else None
    if before is not None and not tokens[angle.start].is_spaced:
        if before.kind in {"#", "€", "£", "№"}:
            return True
        if before.kind == "word" and axis_name(before.text) is None and not angle.is_signed:
            return True
    if after is None:
        return False
    if after.kind == "word":
        is_tied = not after.is_spaced and axis_name(after.text) is None
        return is_tied or after.text.lower() in MEASURES
    if after.kind == ":" and not after.is_spaced and angle.end + 1 < len(tokens):
        following = tokens[angle.end + 1]
        return following.kind in NUMBER_KINDS and not following.is_spaced
    return after.kind == "%" or _is_list_number(tokens, angle)


def _is_temperature(tokens: Sequence[Token], angle: Angle) -> bool:
    """Whether this is "20 °C"."""
    if angle.end >= len(tokens) or tokens[angle.end - 1].kind != "deg":
        return False
    return tokens[angle.end].text in {"C", "F"} and not tokens[angle.end].is_spaced


def _degrees(parts: Sequence[Part], *, is_negative: bool) -> float:
    size = math.fsum(part.value / 60.0**power for power, part in enumerate(parts))
    return -size if is_negative else size


def _is_list_number(tokens: Sequence[Token], angle: Angle) -> bool:
    """Whether this is the "2." or "2)" that opens a line, with something after it."""
    opens_line = angle.start == 0 or tokens[angle.start - 1].kind in {"nl", "#"}
    if not (opens_line and angle.is_whole and not angle.is_signed):
        return False
    if angle.end + 1 >= len(tokens):
        return False
    mark, following = tokens[angle.end], tokens[angle.end + 1]
    return mark.kind in {".", ")"} and not mark.is_spaced and following.is_spaced
