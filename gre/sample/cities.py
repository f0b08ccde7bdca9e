"""The table behind the sample world: real cities and what a street there looks like.

Coordinates are city centres in WGS84 degrees, four decimals, from general knowledge. What holds
for a whole country (script, driving side, plate, road lines) is real but simplified to one value;
what holds for a region (plants, ground, roofs, walls, terrain) is a stylised pick, with one or two
values per city. A city with `seen=False` never appears in a training file.
"""

# ruff: noqa: E501  (one table row per line)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gre.geo.latlon import LatLon


@dataclass(frozen=True, slots=True)
class Country:
    """What every street of a country shares in the sample world."""

    code: str
    name: str
    continent: str
    script: str
    side: str
    plate: str
    lines: str


@dataclass(frozen=True, slots=True)
class City:
    """One city: its centre, its country and the regional look of its streets.

    `plants` and `walls` hold the one or two values a scene draws from; `script`, `plate` and
    `continent` are the country's unless the city differs from it.
    """

    name: str
    country: Country
    centre: LatLon
    plants: tuple[str, ...]
    ground: str
    roof: str
    walls: tuple[str, ...]
    terrain: str
    climate: str
    landmark: str
    script: str
    plate: str
    continent: str
    seen: bool


_COUNTRY_ROWS = """
US | United States  | North America | latin      | right | short white      | yellow
CA | Canada         | North America | latin      | right | short white      | yellow
MX | Mexico         | North America | latin      | right | short white      | yellow
PE | Peru           | South America | latin      | right | short white      | yellow
BR | Brazil         | South America | latin      | right | blue top         | yellow
AR | Argentina      | South America | latin      | right | blue top         | yellow
GB | United Kingdom | Europe        | latin      | left  | yellow           | white
FR | France         | Europe        | latin      | right | two blue bands   | white
ES | Spain          | Europe        | latin      | right | blue band        | white
IT | Italy          | Europe        | latin      | right | two blue bands   | white
DE | Germany        | Europe        | latin      | right | blue band        | white
GR | Greece         | Europe        | greek      | right | blue band        | white
NO | Norway         | Europe        | latin      | right | blue band        | yellow
NL | Netherlands    | Europe        | latin      | right | yellow blue band | white
TR | Turkey         | Asia          | latin      | right | blue band        | white
RU | Russia         | Europe        | cyrillic   | right | long white       | white
KZ | Kazakhstan     | Asia          | cyrillic   | right | blue band        | white
EG | Egypt          | Africa        | arabic     | right | blue top         | white
MA | Morocco        | Africa        | arabic     | right | long white       | white
NG | Nigeria        | Africa        | latin      | right | short white      | white
ET | Ethiopia       | Africa        | geez       | right | long white       | white
KE | Kenya          | Africa        | latin      | left  | yellow           | white
ZA | South Africa   | Africa        | latin      | left  | long white       | yellow edges
AE | United Arab Emirates | Asia          | arabic     | right | short white      | yellow edges
IN | India          | Asia          | devanagari | left  | long white       | white
TH | Thailand       | Asia          | thai       | left  | two rows         | yellow
ID | Indonesia      | Asia          | latin      | left  | black            | white
CN | China          | Asia          | han        | right | blue             | yellow
JP | Japan          | Asia          | kana       | left  | green two rows   | white
KR | South Korea    | Asia          | hangul     | right | long white       | yellow
AU | Australia      | Oceania       | latin      | left  | long white       | white
NZ | New Zealand    | Oceania       | latin      | left  | long white       | white
"""

# code | city | lat | lon | plants | ground | roof | walls | terrain | climate | landmark | options
_CITY_ROWS = """
US | New York | 40.7128 | -74.0060 | maple | grass | flat | brick | sea | temperate | Statue of Liberty |
US | Chicago | 41.8781 | -87.6298 | broadleaf | grass | flat | glass | flat | temperate | Willis Tower |
US | Miami | 25.7617 | -80.1918 | palm | lush grass | flat | pastel | sea | tropical | Freedom Tower |
US | San Francisco | 37.7749 | -122.4194 | cypress | dry grass | gable | pastel | hills | mild | Golden Gate Bridge |
US | Las Vegas | 36.1699 | -115.1398 | cactus | sand | flat | ochre | mesa | desert | High Roller wheel |
US | Boston | 42.3601 | -71.0589 | maple | grass | slate | brick | sea | temperate | Zakim Bridge | unseen
US | Los Angeles | 34.0522 | -118.2437 | palm cactus | sand | flat | ochre | mountains | desert | Hollywood Sign | unseen
CA | Toronto | 43.6532 | -79.3832 | maple | grass | flat | glass | sea | cold | CN Tower |
CA | Vancouver | 49.2827 | -123.1207 | conifer | lush grass | flat | glass | snow peaks | mild | Science World dome |
CA | Montreal | 45.5019 | -73.5674 | maple | grass | slate | stone | hills | cold | Olympic Tower | unseen
MX | Mexico City | 19.4326 | -99.1332 | jacaranda cactus | dry grass | flat | colourful | volcano | highland | Angel of Independence |
MX | Cancun | 21.1619 | -86.8515 | palm | sand | thatch | white | sea | tropical | El Rey pyramid |
PE | Lima | -12.0464 | -77.0428 | palm | sand | flat | ochre | mountains | desert | Lima Cathedral |
BR | Rio de Janeiro | -22.9068 | -43.1729 | palm jungle | lush grass | tile | pastel | hills | tropical | Christ the Redeemer |
BR | Manaus | -3.1190 | -60.0217 | jungle | red soil | tin | colourful | flat | tropical | Amazon Theatre |
BR | Brasilia | -15.7939 | -47.8828 | broadleaf | red soil | flat | white | flat | savanna | Brasilia Cathedral |
BR | Sao Paulo | -23.5505 | -46.6333 | palm jungle | lush grass | tile | concrete | hills | tropical | Frias Bridge | unseen
AR | Buenos Aires | -34.6037 | -58.3816 | jacaranda | grass | flat | cream | flat | mild | Obelisco |
AR | Ushuaia | -54.8019 | -68.3030 | conifer | gravel | tin | colourful | snow peaks | cold | Eclaireurs Lighthouse |
AR | Rosario | -32.9442 | -60.6505 | jacaranda | grass | flat | cream | flat | mild | Flag Memorial | unseen
GB | London | 51.5074 | -0.1278 | broadleaf | grass | slate | brick | flat | mild | Big Ben |
GB | Edinburgh | 55.9533 | -3.1883 | broadleaf conifer | lush grass | slate | stone | hills | cold | Edinburgh Castle |
GB | Manchester | 53.4808 | -2.2426 | broadleaf | grass | slate | brick | hills | mild | Beetham Tower | unseen
FR | Paris | 48.8566 | 2.3522 | broadleaf | gravel | slate | cream | flat | temperate | Eiffel Tower |
FR | Marseille | 43.2965 | 5.3698 | umbrella pine | dry grass | tile | ochre | sea | mediterranean | Notre-Dame de la Garde |
FR | Lyon | 45.7640 | 4.8357 | broadleaf | gravel | tile | ochre | hills | temperate | Fourviere Basilica | unseen
ES | Madrid | 40.4168 | -3.7038 | cypress | dry grass | tile | brick | mountains | dry | Gate of Europe |
ES | Barcelona | 41.3874 | 2.1686 | palm | gravel | flat | ochre pastel | sea | mediterranean | Sagrada Familia |
ES | Seville | 37.3891 | -5.9845 | orange tree cypress | dry grass | tile | white | flat | dry | Giralda | unseen
IT | Rome | 41.9028 | 12.4964 | umbrella pine | dry grass | tile | ochre | hills | mediterranean | Colosseum |
IT | Venice | 45.4408 | 12.3155 | cypress | gravel | tile | pastel | sea | mild | Saint Mark's Campanile |
IT | Naples | 40.8518 | 14.2681 | umbrella pine | dry grass | flat | ochre | volcano | mediterranean | Castel Nuovo | unseen
DE | Berlin | 52.5200 | 13.4050 | broadleaf | grass | tile | cream | flat | temperate | Berlin TV Tower |
DE | Munich | 48.1351 | 11.5820 | conifer | lush grass | tile | pastel | snow peaks | temperate | Frauenkirche |
DE | Hamburg | 53.5511 | 9.9937 | broadleaf | grass | tile | brick | sea | temperate | Elbphilharmonie | unseen
GR | Athens | 37.9838 | 23.7275 | olive cypress | dry grass | flat | white | hills | mediterranean | Parthenon |
GR | Thessaloniki | 40.6401 | 22.9444 | olive | dry grass | flat | white | sea | mediterranean | White Tower | unseen
NO | Oslo | 59.9139 | 10.7522 | conifer birch | grass | steep | timber | hills | cold | Holmenkollen ski jump |
NO | Tromso | 69.6492 | 18.9553 | birch | snow | steep | timber | snow peaks | arctic | Arctic Cathedral |
NL | Amsterdam | 52.3676 | 4.9041 | broadleaf | lush grass | stepped | brick | flat | mild | De Gooyer windmill |
TR | Istanbul | 41.0082 | 28.9784 | cypress | grass | tile | ochre timber | sea | mild | Hagia Sophia |
RU | Moscow | 55.7558 | 37.6173 | birch | grass | tin | pastel | flat | cold | Saint Basil's Cathedral |
RU | Novosibirsk | 55.0084 | 82.9357 | birch conifer | snow | flat | concrete | flat | cold | Novosibirsk Opera | continent=Asia
RU | Vladivostok | 43.1155 | 131.8855 | broadleaf | gravel | flat | concrete | sea | temperate | Russky Bridge | continent=Asia
RU | Saint Petersburg | 59.9311 | 30.3609 | birch | grass | tin | pastel cream | sea | cold | Peter and Paul spire | unseen
KZ | Astana | 51.1694 | 71.4491 | birch | dry grass | flat | glass | flat | steppe | Bayterek Tower |
EG | Cairo | 30.0444 | 31.2357 | palm | sand | flat | ochre | dunes | desert | Pyramids of Giza |
EG | Alexandria | 31.2001 | 29.9187 | palm | sand | flat | cream | sea | desert | Qaitbay Citadel | unseen
MA | Marrakesh | 31.6295 | -7.9811 | palm | red soil | flat | terracotta | snow peaks | dry | Koutoubia Minaret |
NG | Lagos | 6.5244 | 3.3792 | palm jungle | red soil | tin | pastel | sea | tropical | Lagos National Theatre |
ET | Addis Ababa | 9.0250 | 38.7469 | eucalyptus | red soil | tin | concrete | mountains | highland | African Union tower |
KE | Nairobi | -1.2921 | 36.8219 | acacia | red soil | tin | stone | hills | savanna | KICC tower |
ZA | Cape Town | -33.9249 | 18.4241 | umbrella pine | dry grass | gable | white | sea | mediterranean | Table Mountain |
ZA | Johannesburg | -26.2041 | 28.0473 | jacaranda acacia | dry grass | tin | brick | flat | savanna | Hillbrow Tower |
ZA | Durban | -29.8587 | 31.0218 | palm jacaranda | lush grass | tin | brick | sea | savanna | Moses Mabhida arch | unseen
AE | Dubai | 25.2048 | 55.2708 | palm | sand | flat | glass | dunes | desert | Burj Khalifa |
IN | Agra | 27.1767 | 78.0081 | broadleaf | dry grass | flat | terracotta | flat | dry | Taj Mahal |
IN | Mumbai | 19.0760 | 72.8777 | palm | red soil | tin | concrete | sea | tropical | Gateway of India |
IN | Chennai | 13.0827 | 80.2707 | palm | red soil | flat | colourful | sea | tropical | Kapaleeshwarar Temple | script=tamil
IN | Delhi | 28.6139 | 77.2090 | broadleaf | dry grass | flat | terracotta brick | flat | dry | Qutb Minar | unseen
TH | Bangkok | 13.7563 | 100.5018 | palm jungle | lush grass | golden | pastel | flat | tropical | Wat Arun |
TH | Chiang Mai | 18.7883 | 98.9853 | jungle | lush grass | golden | timber | hills | tropical | Doi Suthep | unseen
ID | Jakarta | -6.2088 | 106.8456 | palm jungle | red soil | tile | white | volcano | tropical | Monas |
ID | Bandung | -6.9175 | 107.6191 | jungle | red soil | tile | white | volcano | tropical | Gedung Sate | unseen
CN | Beijing | 39.9042 | 116.4074 | cypress | dry grass | eaves | terracotta | mountains | dry | Temple of Heaven |
CN | Shanghai | 31.2304 | 121.4737 | broadleaf | grass | flat | glass | sea | mild | Oriental Pearl Tower |
CN | Guangzhou | 23.1291 | 113.2644 | palm | lush grass | flat | concrete | hills | tropical | Canton Tower |
CN | Hangzhou | 30.2741 | 120.1551 | broadleaf bamboo | grass | eaves | white | sea | mild | Leifeng Pagoda | unseen
JP | Tokyo | 35.6762 | 139.6503 | cherry | gravel | flat | concrete | volcano | mild | Tokyo Tower |
JP | Kyoto | 35.0116 | 135.7681 | bamboo cherry | grass | eaves | timber | hills | mild | Yasaka Pagoda |
JP | Sapporo | 43.0618 | 141.3545 | birch conifer | snow | steep | concrete | snow peaks | cold | Sapporo Clock Tower |
JP | Osaka | 34.6937 | 135.5023 | cherry | gravel | eaves | concrete | hills | mild | Osaka Castle | unseen
KR | Seoul | 37.5665 | 126.9780 | umbrella pine cherry | grass | flat | concrete | mountains | temperate | N Seoul Tower |
KR | Busan | 35.1796 | 129.0756 | umbrella pine | grass | flat | colourful | sea | temperate | Gwangan Bridge | unseen
AU | Sydney | -33.8688 | 151.2093 | eucalyptus palm | grass | tile | brick | sea | mild | Sydney Opera House | plate=yellow
AU | Melbourne | -37.8136 | 144.9631 | eucalyptus | grass | tin | stone | flat | mild | Flinders Street Station |
AU | Perth | -31.9523 | 115.8613 | eucalyptus | sand | tin | cream | sea | mediterranean | Swan Bell Tower |
AU | Yulara | -25.2406 | 130.9889 | eucalyptus | red soil | tin | ochre | mesa | desert | Uluru |
AU | Canberra | -35.2809 | 149.1300 | eucalyptus | dry grass | tile | brick | hills | mild | Parliament House mast | unseen
NZ | Auckland | -36.8485 | 174.7633 | tree fern | lush grass | tin | timber white | volcano | mild | Sky Tower |
NZ | Queenstown | -45.0312 | 168.6626 | conifer | dry grass | tin | timber | snow peaks | cold | The Remarkables |
"""

# Two words that belong together in the plant column.
_TWO_WORD_PLANTS = ("umbrella pine", "orange tree", "tree fern")


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.split("|")]


def _plants(cell: str) -> tuple[str, ...]:
    for pair in _TWO_WORD_PLANTS:
        cell = cell.replace(pair, pair.replace(" ", "_"))
    return tuple(word.replace("_", " ") for word in cell.split())


def _read_countries() -> Mapping[str, Country]:
    rows = [_cells(row) for row in _COUNTRY_ROWS.strip().splitlines()]
    return MappingProxyType({row[0]: Country(*row) for row in rows})


def _read_city(row: str) -> City:
    code, name, lat, lon, plants, ground, roof, walls, terrain, climate, landmark, rest = _cells(
        row
    )
    country = COUNTRIES[code]
    options = dict(word.split("=") for word in rest.split() if "=" in word)
    return City(
        name=name,
        country=country,
        centre=LatLon(float(lat), float(lon)),
        plants=_plants(plants),
        ground=ground,
        roof=roof,
        walls=tuple(walls.split()),
        terrain=terrain,
        climate=climate,
        landmark=landmark,
        script=options.get("script", country.script),
        plate=options.get("plate", country.plate),
        continent=options.get("continent", country.continent),
        seen="unseen" not in rest.split(),
    )


COUNTRIES: Mapping[str, Country] = _read_countries()
CITIES: tuple[City, ...] = tuple(_read_city(row) for row in _CITY_ROWS.strip().splitlines())
SEEN_CITIES: tuple[City, ...] = tuple(city for city in CITIES if city.seen)
UNSEEN_CITIES: tuple[City, ...] = tuple(city for city in CITIES if not city.seen)
CITY_BY_NAME: Mapping[str, City] = MappingProxyType({city.name: city for city in CITIES})
