"""Leaks and contradictions in chains, and the honest chains that must pass."""

import pytest

from gre.curation.filters import find_contradiction, find_leak
from gre.geo.latlon import LatLon
from tests.timing import is_linear

PARIS = LatLon(48.8566, 2.3522)


@pytest.mark.parametrize(
    "text",
    [
        "The exact GPS says 48.85, 2.35.",
        "The EXIF names the place.",
        "According to the metadata it was taken in Paris.",
        "Going by the geotag, Paris.",
        "The file name is telling.",
        "The image IMG_2041.jpg suggests a holiday.",
        "Since the ground truth is near Paris,",
        "The provided coordinates fit.",
        "I was told that this is Paris.",
        "It says louvre_front on the label.",
        "Called -IMG-2041.tiff by the camera.",
    ],
)
def test_leaks(text: str) -> None:
    assert find_leak(text, source="trip/louvre_front.jpg")


@pytest.mark.parametrize(
    "text",
    [
        "1. Haussmann facades // 2. A French plate // 3. This is Paris, France.",
        "The coordinates are about 48.9 north.",
        "A sign with a GPS symbol for parking.",  # a thing in the picture
        "The photo was given a blue cast by the evening.",
        "She is exact about the location of the lamp posts.",
        "a12 stands on the wall",
    ],
)
def test_honest_chains(text: str) -> None:
    assert find_leak(text, source="a12.jpg") is None


@pytest.mark.parametrize(
    ("text", "point", "is_contradiction"),
    [
        ("This is Paris, France.", PARIS, False),
        ("This is Berlin, Germany.", PARIS, True),
        ("Not Spain; all speaks for France.", PARIS, False),
        ("Lyon, France.", PARIS, True),  # 392 km away
        ("Versailles, France.", PARIS, False),
        ("Perhaps Lyon, France, but rather Paris, France.", PARIS, False),
        ("Typical of the USA.", LatLon(40.7128, -74.0060), False),
        ("London, UK.", LatLon(51.5074, -0.1278), False),
        ("Somewhere in Europe.", PARIS, False),  # no country named: nothing to hold against it
        ("Strasbourg, France.", LatLon(48.57, 7.82), False),  # Kehl in Germany, 5 km off
        ("Guinea-Bissau it is.", LatLon(11.86, -15.58), False),
        ("Guinea it is.", LatLon(11.86, -15.58), True),
        ("A NIGERIAN plate from Niger.", LatLon(6.52, 3.38), True),  # Lagos
        ("'Lyon, France'.", PARIS, True),  # quoted
        ("Mexico City, Mexico.", LatLon(19.43, -99.13), False),
    ],
)
def test_contradictions(text: str, point: LatLon, is_contradiction: bool) -> None:
    assert (find_contradiction(text, point) is not None) is is_contradiction


UNITS = [
    "A-", "a-", "A", "A.", "-", "A ", "A, ", "É'", "A A A A, ", "Ab de la ", "gps ", "gps\t\n",
    "coordinates are ", "I ", "geo-", "geo-tag", ".jp", "a.jp ", "France", "Guinea-",
    "United States ", "Paris, France ",
]  # fmt: skip


def find_both(text: str) -> None:
    find_leak(text, source="a12.jpg")
    find_contradiction(text + " France.", PARIS)


@pytest.mark.parametrize("unit", UNITS)
def test_time_is_linear(unit: str) -> None:
    """A chain is a model's text, and may be anything."""
    assert is_linear(find_both, unit, num_chars=32_000)


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_time_is_linear_to_a_megabyte(unit: str) -> None:
    assert is_linear(find_both, unit, num_chars=1_000_000)
