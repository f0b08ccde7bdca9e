"""The table of cities: places are where they should be, and everything it names can be drawn."""

import pytest

from gre.geo.distance import great_circle_km
from gre.geo.places import nearest_places
from gre.sample.backdrop import _TERRAINS
from gre.sample.buildings import _WALLS, ROOFS
from gre.sample.cities import CITIES, CITY_BY_NAME, SEEN_CITIES, UNSEEN_CITIES
from gre.sample.flags import flag_image
from gre.sample.glyphs import SCRIPTS
from gre.sample.landmark_shapes import SHAPES
from gre.sample.plants import PLANTS
from gre.sample.street import _GROUNDS
from gre.sample.vehicles import PLATES


def test_the_world_is_wide():
    assert len(SEEN_CITIES) >= 60
    assert len({city.country.code for city in SEEN_CITIES}) >= 24
    assert {city.continent for city in SEEN_CITIES} == {
        "Africa",
        "Asia",
        "Europe",
        "North America",
        "Oceania",
        "South America",
    }


def test_names_places_and_landmarks_are_unique():
    assert len({city.name for city in CITIES}) == len(CITIES)
    assert len({city.centre.as_tuple() for city in CITIES}) == len(CITIES)
    assert len({city.landmark for city in CITIES}) == len(CITIES)


def test_every_centre_lies_in_its_country():
    """The offline gazetteer is a source apart from this table."""
    places = nearest_places([city.centre for city in CITIES])
    wrong = [
        (city.name, place.country_code)
        for city, place in zip(CITIES, places, strict=True)
        if place.country_code != city.country.code
    ]
    assert wrong == []


# City centres as printed in Wikipedia's coordinate templates, two decimals.
@pytest.mark.parametrize(
    ("name", "lat", "lon"),
    [
        ("Paris", 48.86, 2.35),
        ("Sydney", -33.87, 151.21),
        ("Rio de Janeiro", -22.91, -43.17),
        ("Nairobi", -1.29, 36.82),
        ("Tokyo", 35.68, 139.65),
        ("Toronto", 43.65, -79.38),
    ],
)
def test_centres_are_where_the_books_say(name, lat, lon):
    centre = CITY_BY_NAME[name].centre
    assert (centre.lat, centre.lon) == (
        pytest.approx(lat, abs=0.02),
        pytest.approx(lon, abs=0.02),
    )


@pytest.mark.parametrize("city", UNSEEN_CITIES, ids=lambda city: city.name)
def test_an_unseen_city_has_a_seen_neighbour_in_its_country(city):
    distances = [
        great_circle_km(city.centre, other.centre)
        for other in SEEN_CITIES
        if other.country == city.country
    ]
    assert min(distances) <= 750.0


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.name)
def test_everything_the_table_names_can_be_drawn(city):
    assert set(city.plants) <= set(PLANTS)
    assert set(city.walls) <= set(_WALLS)
    assert city.ground in _GROUNDS
    assert city.roof in ROOFS
    assert city.terrain in _TERRAINS
    assert city.landmark in SHAPES
    assert city.script in SCRIPTS
    assert city.plate in PLATES
    assert city.country.side in ("left", "right")
    assert city.country.lines in ("yellow", "white", "yellow edges")
    assert flag_image(city.country.code).size == (120, 80)


def test_nothing_is_drawn_that_no_city_has():
    assert set(SHAPES) == {city.landmark for city in CITIES}
    assert set(PLANTS) == {plant for city in CITIES for plant in city.plants}
    assert set(ROOFS) == {city.roof for city in CITIES}
