"""A located photo as a row: what is said of its place, by how far the nearest town is."""

from pathlib import Path

import pytest

from gre.geo.latlon import LatLon
from gre.geo.places import whereabouts
from gre.models.decoding import Guess
from gre.models.located import Located, place_words

OCEAN = LatLon(-37.991, 10.973)  # Simon's Town, at 34.19 S 18.43 E: 423 km and 670 km away
NORTH_SEA = LatLon(55.999, 2.3)  # Whitby, at 54.49 N 0.61 W, is 249 km away
OFF_WHITBY = LatLon(55.0, 0.6)  # 57 km north and 78 km east of it
AREZZO = LatLon(43.4633, 11.8797)


def _row(point, *, coarse=False):
    guess = Guess(point, None, None, ("text",))
    return Located(Path("a.jpg"), guess, whereabouts(point)).to_json(coarse=coarse)


@pytest.mark.parametrize(
    ("point", "city", "country", "nearest", "km"),
    [
        (AREZZO, "Arezzo", "Italy", "Arezzo", 0.0),
        (OFF_WHITBY, None, "United Kingdom", "Whitby", 96.0),
        (NORTH_SEA, None, None, "Whitby", 249.0),
        (OCEAN, None, None, "Simon's Town", 792.0),
    ],
)
def test_a_place_is_named_where_it_is_near(point, city, country, nearest, km):
    row = _row(point)
    assert (row["city"], row["country"], row["nearest"]) == (city, country, nearest)
    assert row["place_km"] == pytest.approx(km, abs=3.0)


@pytest.mark.parametrize(
    ("point", "words", "coarse"),
    [
        (AREZZO, "Arezzo, Tuscany, Italy", "Tuscany, Italy"),
        (NORTH_SEA, "250 km from Whitby", "over 200 km from any town"),
        (LatLon(-80.0, 0.0), "Antarctica", "Antarctica"),
    ],
)
def test_words_of_a_place_say_how_far_it_is(point, words, coarse):
    assert place_words(_row(point)) == words
    row = _row(point, coarse=True)
    assert place_words(row, ("region", "country")) == coarse
    assert not {"city", "nearest", "place_km"} & set(row)


def test_a_photo_without_a_guess_has_no_place():
    row = Located(Path("a.jpg"), None, problem="no picture").to_json()
    assert (place_words(row), row["place_km"]) == ("", None)
