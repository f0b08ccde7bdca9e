"""Numbers with the name of their coordinate beside them: "lat: 40.7", "33.87 longitude"."""

import math
from dataclasses import dataclass, replace

from gre.answers.angles import Angle, join_dms
from gre.answers.failures import FailureReason, ParseFailure
from gre.answers.items import Item, Link, Name, Region
from gre.answers.vocabulary import Axis


@dataclass(frozen=True, slots=True)
class Named:
    """A number with the name that stands beside it.

    Attributes:
        axis: What the name says.
        angle: The number.
        is_name_first: Whether the name stands before the number, or both names before both.
    """

    axis: Axis
    angle: Angle
    is_name_first: bool


def named_values(region: Region) -> list[Named]:
    """All numbers that have a name, in order."""
    named: list[Named] = []
    position = 0
    while position < len(region.items):
        found, position = _named_at(region, position)
        named.extend(found)
    return named


def _named_at(region: Region, position: int) -> tuple[list[Named], int]:
    """The named numbers that begin at an item, and the position after them."""
    match region.items[position : position + 2]:
        case [Name() as first, Name() as second] if region.is_header(first, second):
            return _listed_after(region, first, second, position + 2)
        case [Name() as name, Angle() as angle] if region.is_value_of(name, angle):
            value, end = _whole_value(region, angle, position + 1)
            return [Named(name.axis, value, True)], end
        case [Angle(), Angle()]:
            return _listed_before(region, position)
        case [Angle() as angle, Name() as name] if region.is_named_after(angle, name):
            return [Named(name.axis, angle, False)], position + 2
    return [], position + 1


def _listed_after(
    region: Region, first: Name, second: Name, position: int
) -> tuple[list[Named], int]:
    """Pairs under a header: "lat, lon: 40.7, -74.0", a table, a CSV. It may stand alone."""
    named: list[Named] = []
    last: Item = second
    while True:
        match region.items[position : position + 2]:
            case [Angle() as a, Angle() as b] if region.is_listed_under(last, a):
                if region.link(a, b) not in {Link.TIGHT, Link.LOOSE}:
                    return named, position
                named += [Named(first.axis, a, True), Named(second.axis, b, True)]
                position, last = position + 2, b
            case _:
                return named, position


def _listed_before(region: Region, position: int) -> tuple[list[Named], int]:
    """A pair with its names after it: "-74.0, 40.7 (lon, lat)"."""
    match region.items[position : position + 4]:
        case [Angle() as a, Angle() as b, Name() as first, Name() as second] if (
            region.is_header(first, second)
            and region.link(a, b) is Link.TIGHT
            and region.closes_list(b, first, second)
        ):
            return [Named(first.axis, a, False), Named(second.axis, b, False)], position + 4
    return [], position + 1


def _whole_value(region: Region, angle: Angle, position: int) -> tuple[Angle, int]:
    """The value whose first number is at `position`, and the position after it.

    "latitude: 45, 32, 12" is degrees, minutes and seconds if nothing else follows. A whole number
    and something that may be minutes, but not exactly this, cannot be told apart from "45".
    """
    run = [angle]
    for item in region.items[position + 1 : position + 4]:
        if not isinstance(item, Angle) or region.link(run[-1], item) is not Link.TIGHT:
            break
        run.append(item)
    if len(run) == 1 or run[1].is_signed or run[1].is_marked or not angle.degrees.is_integer():
        return angle, position + 1
    if len(run) == 3 and (joined := join_dms(run)) is not None:
        return joined, position + 3
    if angle.is_marked or not 0 <= run[1].degrees < 60 or not run[1].degrees.is_integer():
        return angle, position + 1
    failure = ParseFailure(FailureReason.AMBIGUOUS, "numbers that may be degrees and minutes")
    return replace(angle, degrees=math.nan, failure=failure), position + 1
