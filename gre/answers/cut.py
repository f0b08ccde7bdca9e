"""Answers that the token limit may have cut in the middle of a number."""

import re

from gre.answers.angles import Angle
from gre.answers.failures import FailureReason, ParseFailure
from gre.answers.items import Region
from gre.answers.names import Name, SideLabel
from gre.geo.latlon import LatLon

_BRACKET = re.compile(r"[()\[\]{}]")
_CLOSING = "}*$"
"""Marks that close a value and are no tokens."""
_ANSWER_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)


def is_answer_open(text: str) -> bool:
    """Whether the last <answer> of a text is not closed."""
    tags = _ANSWER_TAG.findall(text)
    return bool(tags) and not tags[-1]


def is_bracket_open(text: str) -> bool:
    """Whether a text ends inside of a JSON object, a list or another bracket."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth = depth + 1 if bracket[0] in "([{" else max(depth - 1, 0)
    return depth > 0


def cut_short(region: Region, written: str, point: LatLon) -> ParseFailure | None:
    """Why the last number of a text that ends open may lack its end; None where it is whole.

    "<answer> 13.711, 1" may have been 13.711, 100.5. A number that touches the very end is taken
    for whole only where it has at least one decimal and as many as its partner, as in
    '{"lat": 1.5, "lon": 2.5': a cut one almost never has. Where one of the two numbers has a
    hemisphere, the other may have lost it: '{"lat": 33.86, "lat_ref": "S", "lon": 70.65, "lon_r'.

    Args:
        region: The text, taken apart.
        written: The same text as it was written, with the white space at its end.
        point: What was read from it.
    """
    angles = [item for item in region.items if isinstance(item, Angle)]
    if _has_lost_side(region, angles[-1], written) or _is_short(region, angles, written, point):
        return ParseFailure(FailureReason.ONE_NUMBER, "the second number may be cut short")
    return None


def _has_lost_side(region: Region, last: Angle, written: str) -> bool:
    """Whether a side is written once and may have been meant twice."""
    num_sides = sum(
        isinstance(item, SideLabel)
        or (isinstance(item, Angle) and item.axis is not None)
        or (isinstance(item, Name) and item.side is not None)
        for item in region.items
    )
    is_closed = written.rstrip().endswith(tuple(_CLOSING))
    return num_sides % 2 == 1 and not last.is_signed and not is_closed


def _is_short(region: Region, angles: list[Angle], written: str, point: LatLon) -> bool:
    """Whether the last number is one of the pair, touches the end and looks cut."""
    last, earlier = angles[-1], angles[:-1]
    rest = region.tokens[last.end :]
    is_touching = written[-1:].isdigit() or written.endswith(".")
    if not is_touching or any(token.kind != "." for token in rest) or _holds_both(earlier, point):
        return False
    decimals = max((angle.num_decimals for angle in earlier), default=0)
    return bool(rest) or not last.num_decimals or last.num_decimals < decimals


def _holds_both(angles: list[Angle], point: LatLon) -> bool:
    """Whether both coordinates stand among the numbers before the last one."""
    sizes = [abs(angle.degrees) for angle in angles]
    for value in (abs(point.lat), abs(point.lon)):
        if value not in sizes:
            return False
        sizes.remove(value)
    return True
