"""What disqualifies a chain of thought: it was told the place, or it names another than it answers.

Both are cautious: a chain that names no place, or a place the gazetteer does not know, passes.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from gre.geo.distance import destination, great_circle_km
from gre.geo.latlon import LatLon
from gre.geo.places import iter_towns, nearest_places

BORDER_KM = 50.0
"""So close to a border the country beyond it counts as named rightly. Ours."""
TOWN_KM = 200.0
"""A town named at the end must lie so close to the coordinates. Ours."""
MAX_WORD_CHARS = 60
"""Longest word of a town's name that is read: Llanfairpwllgwyngyll's long form has 58. Ours."""
MIN_STEM_CHARS = 6
"""Shorter file names turn up in honest sentences."""

_LEAKS = re.compile(
    r"\b(?:exif|meta-?data|geo-?tag\w*|file ?name|ground[- ]truth)\b"
    r"|(?<![\w-])[\w-]+\.(?:jpe?g|png|webp|heic|heif|tiff?)\b"
    r"|\bgps\s+(?:says|shows|tells|gives|data|coordinates?|position|location|tags?|reading)\b"
    r"|\b(?:exact|given|provided|supplied|embedded|known|true)\s+(?:gps|coordinates)\b"
    r"|\bcoordinates\s+(?:are|were)\s+(?:given|provided|supplied|known)\b"
    r"|\bI\s+(?:was|am|have been)\s+(?:told|given)\b",
    re.IGNORECASE,
)

_OTHER_NAMES = {
    "USA": "US",
    "U.S.": "US",
    "United States of America": "US",
    "America": "US",
    "UK": "GB",
    "Great Britain": "GB",
    "Britain": "GB",
    "England": "GB",
    "Scotland": "GB",
    "Wales": "GB",
    "UAE": "AE",
    "Holland": "NL",
    "Burma": "MM",
    "Czech Republic": "CZ",
    "Türkiye": "TR",
    "Ivory Coast": "CI",
    "Hong Kong": "HK",
}


def find_leak(text: str, *, source: str) -> str | None:
    """The words by which a chain gives away that it was told the place; None for an honest one.

    Args:
        text: The reasoning.
        source: The photo's name in its source.
    """
    match = _LEAKS.search(text)
    if match:
        return match.group()
    stem = source.rpartition("/")[2].rpartition(".")[0]
    return stem if len(stem) >= MIN_STEM_CHARS and stem in text else None


def find_contradiction(text: str, point: LatLon) -> str | None:
    """How the places that a chain names contradict its coordinates; None where they agree.

    The country at the coordinates, or one within 50 km, must be among the countries named; the
    last "Town, Country" must lie within 200 km of the coordinates.
    """
    named = [_countries()[match] for match in _country_pattern().findall(text)]
    if not named:
        return None
    here = _countries_near(point)
    if not here.intersection(named):
        codes = ", ".join(dict.fromkeys(named))
        return f"names {codes}, the coordinates lie in {', '.join(sorted(here))}"
    pairs = _town_pattern().findall(text)
    if not pairs:
        return None
    town, country = pairs[-1]
    towns = _towns().get((town.lower(), _countries()[country]), ())
    away_km = min((great_circle_km(point, there) for there in towns), default=0.0)
    if away_km > TOWN_KM:
        return f"names {town}, {country}, which is {away_km:,.0f} km from the coordinates"
    return None


def _countries_near(point: LatLon) -> set[str]:
    around = [
        destination(point, bearing_deg=bearing, distance_km=BORDER_KM)
        for bearing in range(0, 360, 45)
    ]
    return {place.country_code for place in nearest_places([point, *around])}


@cache
def _countries() -> dict[str, str]:
    """Code by name."""
    return {place.country: place.country_code for place, _ in iter_towns()} | _OTHER_NAMES


@cache
def _country_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)({_alternatives()})(?!\w)")


@cache
def _town_pattern() -> re.Pattern[str]:
    # Bounded: a word may begin after each of its dots and dashes, and then be read to its end.
    word = rf"[^\W\d_a-z][\w'’.-]{{0,{MAX_WORD_CHARS - 1}}}"
    town = rf"(?<!\w)({word}(?: (?:de|del|do|da|la|le|of|al|{word})){{0,3}})"
    return re.compile(rf"{town}, ({_alternatives()})(?!\w)")


def _alternatives() -> str:
    longest_first = sorted(_countries(), key=len, reverse=True)
    return "|".join(map(re.escape, longest_first))


@cache
def _towns() -> dict[tuple[str, str], Sequence[LatLon]]:
    """Where the towns of a name and country lie."""
    towns: defaultdict[tuple[str, str], list[LatLon]] = defaultdict(list)
    for place, point in iter_towns():
        towns[place.city.lower(), place.country_code].append(point)
    return dict(towns)
