"""Numbers with the name of their coordinate beside them: "lat: 40.7", "33.87 longitude"."""

import math
from dataclasses import dataclass, replace

from gre.answers.angles import Angle, join_dms, with_side
from gre.answers.failures import FailureReason, ParseFailure
from gre.answers.items import Item, Link, Region
from gre.answers.names import Name, SideLabel
from gre.answers.vocabulary import DEGREE_WORDS, MINUTE_WORDS, SECOND_WORDS, Axis

_PART_PUNCTUATION = frozenset({"min", "sec", ",", ":", "="})


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
    labels = {(each.axis, each.side) for each in region.items if isinstance(each, SideLabel)}
    for axis, side in labels:
        named = [
            replace(each, angle=with_side(each.angle, side)) if each.axis is axis else each
            for each in named
        ]
    return named


def _named_at(region: Region, position: int) -> tuple[list[Named], int]:
    """The named numbers that begin at an item, and the position after them."""
    match region.items[position : position + 2]:
        case [Name() as first, Name() as second] if region.is_header(first, second):
            return _listed_after(region, first, second, position + 2)
        case [Name() as name, Angle() as angle] if region.is_value_of(name, angle):
            value, end = _whole_value(region, angle, position + 1)
            if region.is_bound(name, angle) or region.is_index(angle):
                value = _unclear(value, "a bound or a running number, not a value")
            return [Named(name.axis, with_side(value, name.side), True)], end
        case [Angle(), Angle()]:
            return _listed_before(region, position)
        case [Angle() as angle, Name() as name] if region.is_named_after(angle, name):
            return [Named(name.axis, with_side(angle, name.side), False)], position + 2
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
                named += [
                    Named(first.axis, with_side(a, first.side), True),
                    Named(second.axis, with_side(b, second.side), True),
                ]
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
            values = [
                Named(first.axis, with_side(a, first.side), False),
                Named(second.axis, with_side(b, second.side), False),
            ]
            return values, position + 4
    return [], position + 1


def _whole_value(region: Region, angle: Angle, position: int) -> tuple[Angle, int]:
    """The value whose first number is at `position`, and the position after it.

    "latitude: 45, 32, 12" is degrees, minutes and seconds if nothing else follows. A whole number
    and something that may be minutes, but not exactly this, cannot be told apart from "45".
    """
    labelled = _labelled_value(region, angle, position)
    if labelled is not None:
        return labelled
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
    return _unclear(angle, "numbers that may be degrees and minutes"), position + 1


def _labelled_value(region: Region, angle: Angle, position: int) -> tuple[Angle, int] | None:
    """The value of {"degrees": 33, "minutes": 51, "direction": "S"}, and the position after it.

    None where no label parts the numbers. Labelled parts that are no angle fail.
    """
    run = [angle]
    for words in (MINUTE_WORDS, SECOND_WORDS):
        match region.items[position + len(run) : position + len(run) + 1]:
            case [Angle() as part] if _is_labelled(region, run[-1], part, words):
                run.append(part)
            case _:
                break
    before = region.tokens[max(angle.start - 3, 0) : angle.start]
    if len(run) == 1 and not any(token.text.lower() in DEGREE_WORDS for token in before):
        return None
    value = _joined(run)
    end = position + len(run)
    match region.items[end : end + 1]:
        case [SideLabel(axis=None) as label] if _touches(region, run[-1], label):
            return with_side(value, label.side), end + 1
    return (value, end) if len(run) > 1 else None


def _joined(run: list[Angle]) -> Angle:
    """One, two or three labelled parts as one angle."""
    if len(run) == 1:
        return run[0]
    whole = run if len(run) == 3 else [*run, replace(run[1], degrees=0.0)]
    if len(run) == 2 and run[1].num_decimals and run[1].failure is None:
        minutes = math.floor(run[1].degrees)
        seconds = replace(run[1], degrees=(run[1].degrees - minutes) * 60)
        whole = [run[0], replace(run[1], degrees=float(minutes)), seconds]
    joined = join_dms(whole)
    return joined or _unclear(replace(run[0], end=run[-1].end), "labelled parts that are no angle")


def _is_labelled(region: Region, left: Angle, right: Angle, words: frozenset[str]) -> bool:
    """Whether only "minutes": or the like parts two numbers."""
    gap = region.between(left, right)
    labels = [token.text.lower() for token in gap if token.kind == "word"]
    is_layout = all(token.kind in _PART_PUNCTUATION for token in gap if token.kind != "word")
    is_label = bool(gap) and any(token.kind in {":", "="} for token in gap[-2:])
    return len(labels) == 1 and labels[0] in words and is_layout and is_label


def _touches(region: Region, angle: Angle, label: SideLabel) -> bool:
    """Whether only layout stands between a number and a label."""
    return all(token.kind in _PART_PUNCTUATION for token in region.between(angle, label))


def _unclear(angle: Angle, detail: str) -> Angle:
    failure = ParseFailure(FailureReason.AMBIGUOUS, detail)
    return replace(angle, degrees=math.nan, failure=failure)
