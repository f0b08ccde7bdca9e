"""The words that mean something beside a coordinate, in lower case.

Words of other languages are here where leaving them out would misread a sign: "33.45 sur" must not
become +33.45. A word that is not here simply parts what stands on its two sides.
"""

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Axis(StrEnum):
    """Which of the two coordinates a number is."""

    LAT = "latitude"
    LON = "longitude"


class Hemisphere(NamedTuple):
    """What a compass word says of the number beside it."""

    axis: Axis
    sign: int


_NORTH = Hemisphere(Axis.LAT, +1)
_SOUTH = Hemisphere(Axis.LAT, -1)
_EAST = Hemisphere(Axis.LON, +1)
_WEST = Hemisphere(Axis.LON, -1)

_HEMISPHERE_WORDS = {
    _NORTH: "n north norte nord север с 北",
    _SOUTH: "s south sur sud süd sul юг ю 南",
    _EAST: "e east este est leste ost восток в 东 東",
    _WEST: "w west oeste ouest ovest запад з 西",
}
_HEMISPHERES = {word: side for side, words in _HEMISPHERE_WORDS.items() for word in words.split()}
# Russian adjectives by their stem; Chinese, Japanese and Korean words by their end, as no space
# parts them from the word before.
_HEMISPHERE_STEMS = {
    "северн": _NORTH, "южн": _SOUTH, "восточн": _EAST, "западн": _WEST,
}  # fmt: skip
_HEMISPHERE_ENDS = {
    "北纬": _NORTH, "北緯": _NORTH, "南纬": _SOUTH, "南緯": _SOUTH, "东经": _EAST, "東經": _EAST,
    "東経": _EAST, "西经": _WEST, "西經": _WEST, "西経": _WEST,
    "북위": _NORTH, "남위": _SOUTH, "동경": _EAST, "서경": _WEST,
}  # fmt: skip

CYRILLIC_LETTERS = frozenset("сювз")
"""One-letter hemispheres that are also Russian prepositions."""

UNCLEAR_HEMISPHERES = frozenset({"o"})
"""O is Ost (east) in German and oeste, ouest, ovest (west) in Spanish, French and Italian."""

_AXIS_WORDS = {
    Axis.LAT: "lat latitude latitud latitudine breitengrad gpslatitude φ широта широты",
    Axis.LON: "lon lng long longitude longitud longitudine längengrad gpslongitude λ"
    " долгота долготы",
}
_AXES = {word: axis for axis, words in _AXIS_WORDS.items() for word in words.split()}
_AXIS_PARTS = {
    "纬度": Axis.LAT, "緯度": Axis.LAT, "经度": Axis.LON, "經度": Axis.LON, "経度": Axis.LON,
}  # fmt: skip

HEADERS = {
    "lonlat": ("lon", "lat"),
    "lnglat": ("lng", "lat"),
    "longlat": ("long", "lat"),
}
"""Words that are the head of a list: both names in one, longitude first."""

_SIDE_ADJECTIVES = {
    "southern": _SOUTH, "northern": _NORTH, "eastern": _EAST, "western": _WEST,
    "südlich": _SOUTH, "nördlich": _NORTH, "östlich": _EAST, "westlich": _WEST,
}  # fmt: skip
"""Adjectives: alone they are part of a place's name more often than of a number."""

_GERMAN_ENDS = ("er", "en", "es", "em", "e")

HEMISPHERE_WORDS = frozenset(
    "hemisphere hemi hémisphère hemisferio hemisfério emisfero halbkugel".split()
)
SIDE_LABELS = HEMISPHERE_WORDS | {"ref", "reference", "dir", "direction", "cardinal", "ns", "ew"}
"""Words after which a side may stand as a value: "lat_ref": "S", "Hemisphere: South"."""

MINUS_WORDS = frozenset("minus negative neg menos moins negativo negativa négatif минус 负".split())
"""Words for a minus sign."""

DEGREE_WORDS = frozenset({"d", "deg", "degs", "degree", "degrees", "度"})
MINUTE_WORDS = frozenset({"m", "min", "mins", "minute", "minutes", "分"})
SECOND_WORDS = frozenset({"s", "sec", "secs", "second", "seconds", "秒"})

NOT_NUMBERS = frozenset({"nan", "NaN", "NAN", "inf", "Inf", "INF", "infinity", "Infinity"})
"""As written by float printers. "Nan" is left out: it is a province of Thailand."""

MEASURES = frozenset(
    "km kms kilometer kilometers kilometre kilometres m meter meters metre metres mi mile miles ft"
    " feet foot cm mm mph kmh kph year years yr yrs hour hours h am pm percent pct px st nd rd th"
    " times people century centuries story stories storey storeys floor floors lane lanes".split()
)
"""After a number, these say that it is no coordinate."""

FILLERS = frozenset(
    "is are was were be of at about approx approximately around roughly circa ca near nearly"
    " estimated estimate likely probably possibly value values coordinate coordinates degree"
    " degrees deg decimal the my a respectively in positive".split()
)
"""Words that may stand between a name and its value, or between two values, changing nothing."""

INTRODUCERS = frozenset(
    "coordinate coordinates coords coord location position gps gt geolocation latlon latlong latlng"
    " answer guess prediction".split()
)
"""Words that announce a pair of coordinates."""

JOINERS = frozenset({"and", "&"})
"""Between the two values of a pair."""

ALTERNATIVES = frozenset("or to through versus vs between".split())
"""Between two numbers, these say that they are two choices for one value."""

CHOICE_WORDS = ALTERNATIVES | frozenset(
    "till until maybe perhaps but not x bis oder hasta al ou à или до 至 到 から".split()
)
"""The same, and words that outside of a row of numbers are prose like any other."""

_LAYOUT = frozenset({"json", "latlon", "ш", "д", "dms"})

REFUSALS = frozenset(
    "cannot can't cant can’t unable impossible sorry unknown undetermined insufficient"
    " indeterminate unidentifiable refuse decline couldn't couldn’t don't don’t".split()
)
"""Words that mark a text without coordinates as a refusal."""


@lru_cache(maxsize=4096)
def axis_name(word: str) -> Axis | None:
    """The coordinate that a word is the name of, or None."""
    word = word.lower()
    if word.isascii():
        return _AXES.get(word)
    parts = {axis for part, axis in _AXIS_PARTS.items() if part in word[:16]}
    return _AXES.get(word) or (parts.pop() if len(parts) == 1 and "经纬" not in word else None)


@lru_cache(maxsize=4096)
def hemisphere(word: str) -> Hemisphere | None:
    """The hemisphere that a word names, or None."""
    word = word.lower()
    found = _HEMISPHERES.get(word) or _HEMISPHERE_ENDS.get(word[-2:])
    if found is None and not word.isascii():
        return next(
            (side for stem, side in _HEMISPHERE_STEMS.items() if word.startswith(stem)), None
        )
    return found


@lru_cache(maxsize=4096)
def side_adjective(word: str) -> Hemisphere | None:
    """The hemisphere that an adjective names ("southern", "westlicher"), or None."""
    word = word.lower()
    stem = next((word.removesuffix(end) for end in _GERMAN_ENDS if word.endswith(end)), word)
    return _SIDE_ADJECTIVES.get(word) or _SIDE_ADJECTIVES.get(stem)


@lru_cache(maxsize=4096)
def is_known(word: str) -> bool:
    """Whether a word belongs to the language of coordinates."""
    lower = word.lower()
    return (
        lower in FILLERS
        or lower in INTRODUCERS
        or lower in JOINERS
        or lower in ALTERNATIVES
        or axis_name(lower) is not None
        or lower in DEGREE_WORDS
        or lower in MINUTE_WORDS
        or lower in SECOND_WORDS
        or lower in _LAYOUT
        or word in NOT_NUMBERS
        or hemisphere(lower) is not None
    )
