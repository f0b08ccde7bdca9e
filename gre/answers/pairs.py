"""The one pair of coordinates in a region of text, or why there is not exactly one.

First named pairs ("lat: 40.7, lon: -74.0", "40.7 latitude", "lat, lon: 40.7, -74.0"), then bare
ones ("40.7, -74.0", "40.7°N 74.0°W"). Of the first kind that occurs there must be one pair, perhaps
repeated, and nothing beside it may contradict it (`choices`, `strays`). A bare pair is latitude
first unless hemispheres say otherwise on both numbers; nothing is swapped to make it fit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gre.answers.angles import Angle
from gre.answers.choices import SAME_POINT_DEG, leaves_a_number, second_value
from gre.answers.failures import FailureReason, ParseFailure
from gre.answers.items import MAX_NUMBERS, Item, Link, Region
from gre.answers.named import Named, named_values
from gre.answers.names import Name
from gre.answers.strays import stray_side
from gre.answers.vocabulary import REFUSALS, Axis
from gre.geo.latlon import LatLon, LatLonError

Outcome = LatLon | ParseFailure


@dataclass
class _Run:
    """Angles that hang together: a pair if there are two of them.

    Attributes:
        angles: At least one.
        is_choice: Whether words say that they are choices ("40 or 41", "between 40 and 41").
        is_chain: Whether they are lone numbers in a column rather than numbers in a row.
    """

    angles: list[Angle]
    is_choice: bool = False
    is_chain: bool = False


def read_pair(region: Region, *, is_answer: bool) -> Outcome:
    """The point that a region gives.

    Args:
        region: The stretch of text.
        is_answer: Whether the model marked it as its answer. Outside of such marks, between words
            of prose, two numbers must look like coordinates to be a pair.
    """
    if region.is_overfull:
        return _ambiguous(f"more than {MAX_NUMBERS} numbers")
    named = named_values(region)
    outcome = _named_pair(region, named)
    if isinstance(outcome, LatLon):
        return second_value(region, named, outcome) or stray_side(region, outcome) or outcome
    if outcome is None:
        outcome = _bare_pair(region, named, is_answer=is_answer)
    if isinstance(outcome, LatLon):
        return stray_side(region, outcome) or outcome
    return outcome if outcome is not None else _why_none(region, named, is_answer=is_answer)


def _ambiguous(detail: str) -> ParseFailure:
    return ParseFailure(FailureReason.AMBIGUOUS, detail)


def _point(lat: Angle, lon: Angle) -> Outcome:
    """The point of two angles, whose axes are settled."""
    failure = lat.failure or lon.failure
    if failure is not None:
        return failure
    if lat.axis is Axis.LON or lon.axis is Axis.LAT:
        return _ambiguous("name or place of a number and its hemisphere contradict each other")
    try:
        return LatLon(lat.degrees, lon.degrees)
    except LatLonError as error:
        return ParseFailure(FailureReason.OUT_OF_RANGE, str(error))


def _one(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The only outcome, perhaps repeated; None where there is none."""
    if not outcomes:
        return None
    first = outcomes[0]
    if all(_is_same(first, other) for other in outcomes[1:]):
        return first
    return _ambiguous(f"{len(outcomes)} pairs of coordinates that differ")


def _is_same(a: Outcome, b: Outcome) -> bool:
    if isinstance(a, LatLon) and isinstance(b, LatLon):
        return abs(a.lat - b.lat) <= SAME_POINT_DEG and abs(a.lon - b.lon) <= SAME_POINT_DEG
    return a == b


def _is_same_angle(a: Angle, b: Angle) -> bool:
    if a.failure is not None or b.failure is not None:
        return a.failure == b.failure
    return a.axis in {None, b.axis, b.axis or a.axis} and abs(a.degrees - b.degrees) <= (
        SAME_POINT_DEG
    )


def _named_pair(region: Region, named: Sequence[Named]) -> Outcome | None:
    """The point of the named numbers; None where one of the two coordinates has none.

    Where a coordinate has several values, only neighbours without prose between them are pairs:
    "latitude 40 would fit. Latitude: 41.9, Longitude: 12.5".
    """
    lats = [each for each in named if each.axis is Axis.LAT]
    lons = [each for each in named if each.axis is Axis.LON]
    if not lats or not lons:
        return None
    if all(
        _is_same_angle(values[0].angle, other.angle) for values in (lats, lons) for other in values
    ):
        return _named_point(lats[0], lons[0])
    if any(_is_corrected(region, a, b) for a, b in pairwise(named)):
        return _ambiguous("two values for one coordinate in one sentence")
    pairs = [
        _named_point(a, b) if a.axis is Axis.LAT else _named_point(b, a)
        for a, b in pairwise(named)
        if a.axis is not b.axis and region.is_close(a.angle, b.angle)
    ]
    return _one(pairs) or _ambiguous("several latitudes or longitudes, none of them beside another")


def _is_corrected(region: Region, a: Named, b: Named) -> bool:
    """Whether two neighbours give one coordinate two values: "lat: 33.86, lat: 34.0"."""
    if a.axis is not b.axis or _is_same_angle(a.angle, b.angle):
        return False
    gap = region.between(a.angle, b.angle)
    return region.is_close(a.angle, b.angle) or not any(token.kind in {".", "nl"} for token in gap)


def _named_point(lat: Named, lon: Named) -> Outcome:
    if lat.is_name_first is not lon.is_name_first:
        return _ambiguous("one name stands before its number and one after")
    return _point(lat.angle, lon.angle)


def _bare_pair(region: Region, named: Sequence[Named], *, is_answer: bool) -> Outcome | None:
    """The point of the bare pairs; None where no two numbers are one."""
    axes = {each.angle.start: each.axis for each in named}
    outcomes: list[Outcome] = []
    num_unclear = 0
    runs = _runs(region)
    if is_answer or not region.has_prose:
        num_unclear = sum(
            len(left.angles) == 1
            and len(right.angles) == 2
            and leaves_a_number(region, left.angles[0], right.angles[0])
            for left, right in pairwise(runs)
        )
    for run in runs:
        is_outside = bool(axes) and not any(angle.start in axes for angle in run.angles)
        if not _looks_like_coordinates(region, run, is_answer=is_answer and not is_outside):
            continue
        if len(run.angles) == 2 and not run.is_choice:
            outcomes.append(_bare_point(region, *run.angles, axes=axes))
        elif len(run.angles) > 2 or run.is_choice:
            num_unclear += 1
    if num_unclear and (is_answer or not region.has_prose or not outcomes):
        return _ambiguous("numbers in a row that are not one pair")
    outcome = _one(outcomes)
    if isinstance(outcome, LatLon) and _has_longitude_first_format(region):
        return _ambiguous("the text says longitude first, the numbers do not")
    return outcome


def _runs(region: Region) -> list[_Run]:
    """All angles in runs: by tight links; lone ones that follow each other also by loose links."""
    runs: list[_Run] = []
    before: Item | None = None
    for item in region.items:
        if isinstance(item, Angle):
            link = region.link(before, item) if isinstance(before, Angle) else Link.NONE
            _add_to_runs(runs, item, link)
            runs[-1].is_choice |= len(runs[-1].angles) == 1 and region.opens_choice(item)
        before = item
    return runs


def _add_to_runs(runs: list[_Run], angle: Angle, link: Link) -> None:
    last = runs[-1] if runs else _Run([])
    if link is Link.TIGHT and not last.is_chain:
        last.angles.append(angle)
    elif link is Link.TIGHT:
        # What looked like the last of a column of lone numbers opens a row of its own.
        runs.append(_Run([last.angles.pop(), angle]))
    elif link is Link.LOOSE and (last.is_chain or len(last.angles) == 1):
        last.angles.append(angle)
        last.is_chain = True
    else:
        last.is_choice |= link is Link.CHOICE
        runs.append(_Run([angle], is_choice=link is Link.CHOICE))


def _looks_like_coordinates(region: Region, run: _Run, *, is_answer: bool) -> bool:
    """Whether the numbers are written, or announced, as coordinates are.

    Without words of prose around them anything is. In an answer one number must show a fraction,
    a sign or a mark; in prose both must have a mark or two decimals, for "4.5, 3.2" may be stars.
    """
    if not region.has_prose or region.is_introduced(run.angles[0]):
        return True
    if is_answer:
        return any(angle.is_marked or angle.is_signed or angle.num_decimals for angle in run.angles)
    return all(angle.is_marked or angle.num_decimals >= 2 for angle in run.angles)


def _bare_point(region: Region, a: Angle, b: Angle, *, axes: Mapping[int, Axis]) -> Outcome:
    """The point of a bare pair: latitude first, unless both numbers say the contrary."""
    sides = (axes.get(a.start, a.axis), axes.get(b.start, b.axis))
    if _is_comma_unclear(region, a, b):
        return _ambiguous("commas that may be decimal commas or part two numbers")
    if (a.has_word_before or b.has_word_before) and None in sides:
        return _ambiguous("a compass word before one number only")
    if sides == (Axis.LON, Axis.LAT):
        return _point(b, a)
    if sides[0] is Axis.LON or sides[1] is Axis.LAT:
        return (
            a.failure or b.failure or _ambiguous("names or hemispheres do not tell which is which")
        )
    return _point(a, b)


def _is_comma_unclear(region: Region, a: Angle, b: Angle) -> bool:
    """Whether "23,43" beside another number could be two numbers rather than 23.43."""
    if not (a.has_comma or b.has_comma):
        return False
    if (a.is_whole and not a.is_signed) or (b.is_whole and not b.is_signed):
        return True
    separators = [token.kind for token in region.between(a, b)]
    return separators == [","] and not region.tokens[b.start].is_spaced


def _has_longitude_first_format(region: Region) -> bool:
    """Whether the text is GeoJSON or WKT, or has a header that says longitude first.

    Source: RFC 7946, section 3.1.1; OGC Simple Feature Access, section 7.
    """
    for a, b in pairwise(region.items):
        if isinstance(a, Name) and a.axis is Axis.LON and region.is_header(a, b):
            return True
    tokens = region.tokens
    for position, token in enumerate(tokens):
        if token.kind == "word" and token.text.lower() == "point":
            around = tokens[max(position - 2, 0) : position + 2]
            if {each.kind for each in around} & {"(", ":"}:
                return True
    return False


def _why_none(region: Region, named: Sequence[Named], *, is_answer: bool) -> ParseFailure:
    """The reason why a region without any pair holds no answer."""
    angles = [item for item in region.items if isinstance(item, Angle)]
    is_prose = region.has_prose and not is_answer
    if is_prose:
        starts = {each.angle.start for each in named}
        angles = [
            angle
            for angle in angles
            if angle.start in starts or angle.is_marked or angle.num_decimals >= 2
        ]
    words = {token.text.lower() for token in region.tokens if token.kind == "word"}
    if words & REFUSALS and (is_prose or not angles):
        return ParseFailure(FailureReason.REFUSAL, "the text declines to name a place")
    if not angles:
        return ParseFailure(FailureReason.NO_ANSWER, "no coordinates")
    failures = [angle.failure for angle in angles if angle.failure is not None]
    if failures and not is_prose:
        return failures[0]
    if len(angles) > 1:
        return _ambiguous("several numbers, none of them a pair")
    if angles[0].has_comma:
        return _ambiguous("digits with a comma: one number or two")
    return ParseFailure(FailureReason.ONE_NUMBER, "one number; two are needed")
