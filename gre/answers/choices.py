"""A second value beside a named one: "lat: 33.86 to 34.00", "lat 33.86, 34.0; lon 70.65"."""

from collections.abc import Sequence

from gre.answers.angles import Angle
from gre.answers.failures import FailureReason, ParseFailure
from gre.answers.items import Item, Link, Region
from gre.answers.named import Named
from gre.answers.names import Name
from gre.answers.tokens import NUMBER_KINDS, Token, labelled_token
from gre.answers.vocabulary import (
    CHOICE_WORDS,
    FILLERS,
    JOINERS,
    MINUTE_WORDS,
    SECOND_WORDS,
    is_known,
)
from gre.geo.latlon import LatLon

SAME_POINT_DEG = 1e-6
"""Two values this close are one value repeated (0.1 m)."""

_COARSEST_ROUNDING_DEG = 0.1
"""Above this "33 to 33°20'" would be one value: whole degrees are not rounded minutes."""

_RANGE_MARKS = frozenset({"..", "...", "…", "<", ">"})
_AFTER_RUNNING_NUMBER = frozenset(".:)([\n")


def second_value(region: Region, named: Sequence[Named], point: LatLon) -> ParseFailure | None:
    """A number beside the named ones that is another choice for one of them, or a part of it."""
    has_name = _has_name(region, named)
    for position in range(1, len(region.items)):
        left, right = region.items[position - 1 : position + 1]
        if not (isinstance(left, Angle) and isinstance(right, Angle)):
            continue
        if has_name[position - 1] is has_name[position]:
            continue
        is_before = has_name[position]
        is_same = _repeats(region.items, position, point, is_before=is_before)
        if not is_same and _is_choice(region, left, right, position):
            return ParseFailure(FailureReason.AMBIGUOUS, "a second value beside a named one")
    if _has_labelled_part(region, named):
        return ParseFailure(FailureReason.AMBIGUOUS, "minutes or seconds apart from their degrees")
    return None


def _has_name(region: Region, named: Sequence[Named]) -> list[bool]:
    """Whether each item is a number with a name, or a part of one."""
    spans = iter(sorted((each.angle.start, each.angle.end) for each in named))
    span = next(spans, None)
    has_name: list[bool] = []
    for item in region.items:
        while span is not None and span[1] <= item.start:
            span = next(spans, None)
        has_name.append(span is not None and span[0] <= item.start)
    return has_name


def _is_choice(region: Region, left: Angle, right: Angle, position: int) -> bool:
    """Whether two angles, one of them named, are two choices for one value.

    `position` is the index of the second one. A count, "3 towers", is none.
    """
    following = region.tokens[right.end] if right.end < len(region.tokens) else None
    is_prose = following is not None and following.kind == "word" and not is_known(following.text)
    if is_prose and right.is_whole and not right.is_signed:
        return False
    if _is_uncertainty(region, left, right):
        return False
    if region.link(left, right) in {Link.TIGHT, Link.CHOICE}:
        return True
    if _is_unparted(region.between(left, right)):
        return True
    match region.items[position + 1 : position + 3]:
        case [Name() as name, Angle() as angle] if region.is_value_of(name, angle):
            return region.is_close(left, right)
    return False


def leaves_a_number(region: Region, left: Angle, right: Angle) -> bool:
    """Whether a lone number before a bare pair is another choice for its first value.

    "33.86 -> 34.02, 70.65" and "33.86; 34.02, 70.65"; not the "3" of "Step 3. 48.85, 2.35".
    """
    gap = region.between(left, right)
    if any(token.kind in NUMBER_KINDS for token in gap):
        return False
    words = {token.text.lower() for token in gap if token.kind == "word"}
    if not words <= FILLERS | JOINERS | CHOICE_WORDS:
        return False
    is_plain = left.is_whole and not left.is_signed
    is_running_number = is_plain and {token.text for token in gap} <= _AFTER_RUNNING_NUMBER
    return not is_running_number


def _is_unparted(gap: Sequence[Token]) -> bool:
    """Whether nothing stands between two numbers that would make the second another matter."""
    if any(token.text in _RANGE_MARKS for token in gap):
        return True
    words = {token.text.lower() for token in gap if token.kind == "word"}
    return words <= FILLERS and not any(token.kind in {"(", "[", "nl"} for token in gap)


def _is_uncertainty(region: Region, left: Angle, right: Angle) -> bool:
    """Whether the second number is how far the first may be off: "(± 0.5)", "+/- 0.5"."""
    kinds = {token.kind for token in region.between(left, right)}
    is_plus_minus = region.tokens[right.start].kind == "±" or {"+", "/"} <= kinds
    return is_plus_minus and right.axis is None


def _repeats(items: Sequence[Item], position: int, point: LatLon, *, is_before: bool) -> bool:
    """Whether the nameless value, before or after, is the named one or opens the same pair."""

    def is_near(item: Item, degrees: float) -> bool:
        return isinstance(item, Angle) and abs(item.degrees - degrees) <= SAME_POINT_DEG

    left, right = items[position - 1 : position + 1]
    if isinstance(left, Angle) and isinstance(right, Angle) and _is_same(left, right):
        return True
    pair = items[max(position - 2, 0) : position] if is_before else items[position : position + 2]
    return len(pair) == 2 and is_near(pair[0], point.lat) and is_near(pair[1], point.lon)


def _is_same(a: Angle, b: Angle) -> bool:
    """Whether two numbers are one value: to 0.1 m, or, as "48.85 (48°51' N)", by rounding."""
    tolerance_deg = SAME_POINT_DEG
    step_deg = max(a.step_deg, b.step_deg)
    if a.is_sexagesimal is not b.is_sexagesimal and step_deg <= _COARSEST_ROUNDING_DEG:
        tolerance_deg += step_deg / 2
    return abs(a.degrees - b.degrees) <= tolerance_deg


def _has_labelled_part(region: Region, named: Sequence[Named]) -> bool:
    """Whether "minutes": or "sec": stands before a number that belongs to no named value."""
    spans = iter(sorted((each.angle.start, each.angle.end) for each in named))
    span = next(spans, None)
    for position, token in enumerate(region.tokens):
        while span is not None and span[1] <= position:
            span = next(spans, None)
        is_inside = span is not None and span[0] <= position
        is_unit = token.kind == "word" and token.text.lower() in MINUTE_WORDS | SECOND_WORDS
        if is_unit and not is_inside and len(token.text) > 1 and _labels(region, position):
            return True
    return False


def _labels(region: Region, position: int) -> bool:
    """Whether a word is the label of a number."""
    value = labelled_token(region.tokens, position)
    return value is not None and value.kind in NUMBER_KINDS
