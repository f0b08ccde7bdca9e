"""Whole answers: what is read, what is refused, and why."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gre.answers import FailureReason, ParseFailure, read_latlon
from gre.geo.latlon import LatLon

NEW_YORK = LatLon(40.7128, -74.006)
SANTIAGO = LatLon(-33.45, -70.66)

NEW_YORK_SPELLINGS = [
    # bare
    "40.7128, -74.0060",
    "40.7128,-74.0060",
    "40.7128 -74.0060",
    "40.7128; -74.0060",
    "40.7128/-74.0060",
    "40,7128; -74,0060",
    "40,7128, -74,0060",
    "(40.7128, -74.0060)",
    "[40.7128, -74.0060]",
    '["40.7128", "-74.0060"]',
    "**40.7128, -74.0060**",
    "`40.7128, -74.0060`",
    "$40.7128, -74.0060$",
    "\u201c40.7128\u201d, \u201c\u221274.0060\u201d",
    "40.7128\n-74.0060",
    "40.7128 ± 0.05, -74.0060 ± 0.05",
    "approximately 40.7128, -74.0060",
    "40.7128, -74.0060; 40.7128, -74.0060",
    "40.7128, -74.0060 // 40.7128, -74.0060",
    # hemispheres
    "40.7128°N, 74.0060°W",
    "40.7128° N 74.0060° W",
    "74.0060°W, 40.7128°N",
    "N 40.7128, W 74.0060",
    "N40.7128 W74.0060",
    "N: 40.7128, W: 74.0060",
    "40.7128 (N), 74.0060 (W)",
    "40.7128 degrees north, 74.0060 degrees west",
    "North 40.7128, West 74.0060",
    "40.7128 N, -74.0060 W",
    "40.7128° North and 74.0060° West",
    "40.7128^\\circ \\text{N}, 74.0060^{\\circ} \\text{W}",
    "40,7128° N, 74,0060° W",
    "40.7128° с. ш., 74.0060° з. д.",
    "40.7128 северной широты, 74.0060 западной долготы",
    "北纬40.7128度，西经74.0060度",
    "40.7128° norte, 74.0060° oeste",
    # names
    "Latitude: 40.7128, Longitude: -74.0060",
    "Longitude: -74.0060, Latitude: 40.7128",
    "lat 40.7128 lon -74.0060",
    "lat=40.7128&lng=-74.0060",
    "LatLon(lat=40.7128, lon=-74.0060)",
    "[Lat. 40.7128, Long. -74.0060]",
    '{"latitude": 40.7128, "longitude": -74.0060}',
    '{"latitude": "40.7128", "longitude": "-74.0060"',
    '{"latitude": 40.7128, "confidence": 0.9, "longitude": -74.0060}',
    "{'lat': '40.7128', 'lng': '-74.0060'}",
    "\u201cLatitude\u201d: \u201840.7128 ° \", \"Longitude': '-74.0060 ° \u201d",
    "```json\n{\"lat\": 40.7128, \"lng\": -74.0060}\n```",
    "- **Latitude:** 40.7128\n- **Longitude:** -74.0060",
    "+ Latitude: 40.7128\n+ Longitude: -74.0060",
    "Latitude (°): 40.7128\nLongitude (°): -74.0060",
    "Latitude: 40.7128 N, Longitude: 74.0060 W",
    "Latitude (N): 40.7128, Longitude (W): 74.0060",
    "latitude of approximately 40.7128 and longitude of about -74.0060",
    "40.7128 latitude, -74.0060 longitude",
    "40.7128 (latitude), -74.0060 (longitude)",
    "-74.0060 longitude and 40.7128 latitude",
    "<lat>40.7128</lat><lon>-74.0060</lon>",
    "lat: 40,7128 lon: -74,0060",
    "Latitude → 40.7128, Longitude → -74.0060",
    "Latitude: <40.7128>, Longitude: <-74.0060>",
    "Latitude: 40.7128 (approx.)\nLongitude: -74.0060 (approx.)\nAltitude: 10",
    'latitude="40.7128" longitude="-74.0060" radius_km="5"',
    "纬度：40.7128，经度：-74.0060",
    "широта 40.7128, долгота -74.0060",
    # lists with a head
    "Lat, Lon: 40.7128, -74.0060",
    "lon, lat: -74.0060, 40.7128",
    "(longitude, latitude) = (-74.0060, 40.7128)",
    "-74.0060, 40.7128 (lon, lat)",
    "latitude and longitude are 40.7128 and -74.0060 respectively",
    "| Latitude | Longitude |\n|---|---|\n| 40.7128 | -74.0060 |",
    "lat,lon\n40.7128,-74.0060",
    "LngLat(-74.0060, 40.7128)",
    "lonlat: -74.0060, 40.7128",
    "longlat -74.0060, 40.7128",
    "longitude first: -74.0060, 40.7128",
    "-74.0060, 40.7128 (longitude first)",
    # sides and signs in words, apart from their number
    "North latitude 40.7128, West longitude 74.0060",
    "N lat: 40.7128, W long: 74.0060",
    "Northern latitude 40.7128, Western longitude 74.0060",
    "lat: 40.7128 (northern hemisphere), lon: 74.0060 (western hemisphere)",
    "40.7128, minus 74.0060",
    "lat: 40.7128, lon: negative 74.0060",
    '{"lat": 40.7128, "lat_ref": "N", "lon": 74.0060, "lon_ref": "W"}',
    '{"lat_direction": "N", "lat": 40.7128, "lon_direction": "W", "lon": 74.006}',
    '{"lat": 40.7128, "lat_dir": "North", "lon": -74.0060, "lon_dir": "West"}',
    "GPSLatitudeRef: N, GPSLatitude: 40.7128, GPSLongitudeRef: W, GPSLongitude: 74.0060",
    "φ=40.7128, λ=-74.0060",
    "Breitengrad: 40.7128, Längengrad: -74.0060",
    "纬度：40.7128（北），经度：74.0060（西）",
    # said twice, and beside other numbers
    "lat: 40.7128 or 40.7128, lon: -74.0060",
    "lat: 40.7128, lon: -74.0060, (40.7128, -74.0060)",
    "lat: 40.7128 (40°42'46\" N), lon: -74.0060 (74°0'22\" W)",
    "Latitude: 40.7128, Longitude: -74.0060, 3 towers visible",
    "lat: 40.7128 (± 0.5), lon: -74.0060 (± 0.5)",
    "lat 40.7128 +/- 0.5, lon -74.0060 +/- 0.5",
    "lat 40.7128 lon -74.0060 alt 10",
    "lat: 40.7128, lon: -74.0060 (zoom 12)",
    "Photo 3: 40.7128, -74.0060",
    "1. 40.7128, -74.0060",
    "1. Latitude: 40.7128\n2. Longitude: -74.0060",
    '{"lat" => 40.7128, "lon" => -74.0060}',
]  # fmt: skip


@pytest.mark.parametrize("written", NEW_YORK_SPELLINGS)
@pytest.mark.parametrize(
    "frame",
    ["{}", "<answer> {} </answer>", "<think>\n1. A sign. // 2. Built in 1999.\n</think>\n{}"],
    ids=["alone", "tags", "after think"],
)
def test_one_point_in_many_spellings(written: str, frame: str) -> None:
    assert read_latlon(frame.format(written)) == NEW_YORK


@pytest.mark.parametrize(
    "written",
    [
        "33°27'00\"S, 70°39'36\"W",
        "33° 27′ 0″ S 70° 39′ 36″ W",
        "S 33 27 0, W 70 39 36",
        "-33 27 0, -70 39 36",
        "33-27-0 S, 70-39-36 W",
        "33d 27m 0s south, 70d 39m 36s west",
        "33:27:00 S, 70:39:36 W",
        "Latitude: -33, 27, 0, Longitude: -70, 39, 36",
        '{"lat": "33°27\'00\\"S", "lon": "70\\u00b039\'36\\"W"}',
        "33.45 sur, 70.66 oeste",
        "South latitude 33° 27', West longitude 70° 39' 36\"",
        "Latitude: 33.45 South, Longitude: minus 70.66",
        '{"latitude": {"degrees": 33, "minutes": 27, "direction": "S"},'
        ' "longitude": {"degrees": 70, "minutes": 39, "seconds": 36, "direction": "W"}}',
        '{"latitude": {"degrees": 33.45, "hemisphere": "South"},'
        ' "longitude": {"degrees": 70.66, "hemisphere": "West"}}',
    ],
)
def test_degrees_minutes_seconds(written: str) -> None:
    point = read_latlon(f"<answer>{written}</answer>")
    assert isinstance(point, LatLon)
    assert point.as_tuple() == pytest.approx(SANTIAGO.as_tuple(), abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "<answer> 1.5, 2.5 </answer> no, <answer> 40.7128, -74.0060 </answer>",
        "\\boxed{1.5, 2.5} <answer> 40.7128, -74.0060 </answer>",
        "<ANSWER>40.7128, -74.0060</ANSWER>",
        "<answer> 40.7128, -74.0060 </answer> <answer> 1.5",
        "<think> <answer> 1, 2 </answer> </think> <answer> 40.7128, -74.0060 </answer>",
        "lat 1.5, lon 2.5. \\boxed{40.7128, -74.0060}",
        "\\boxed{40.7128, -74.0060} = \\boxed{(40.7128, -74.006)}",
        "\\boxed{Paris?} \\boxed{40.7128, -74.0060",
        "12.25, 13.75 is far. Latitude: 40.7128, Longitude: -74.0060",
        "A latitude of 40 would fit. Latitude: 40.7128, Longitude: -74.0060",
        "<think> 48.85, 2.35 or 51.5, -0.12 </think> It is 40.7128, -74.0060.",
        "48.85, 2.35 </think> 40.7128, -74.0060",
        "<answer> 40.7128, -74.0060",
        "It's New York (40.7128, -74.0060), 5 km from the sea, built in 1626, 8.8 million people.",
        "https://www.google.com/maps/@40.7128,-74.0060,15z",
        "<answer> New York, 5th Avenue, 40.7128, -74.0060 </answer>",
        "Coordinates: 40.7128, -74.0060, accurate to 12 km",
    ],
)
def test_what_is_read_first(text: str) -> None:
    assert read_latlon(text) == NEW_YORK


REFUSED = {
    FailureReason.NO_ANSWER: [
        "",
        " \n ",
        "Paris, France",
        "<answer></answer>",
        "<answer> Paris </answer> 48.85, 2.35",
        "<think> 48.85, 2.35 </think>",
        "<think> 48.85, 2.35",
        '{"latitude": null, "longitude": null}',
        "1. A French sign. 2. Built in 1999, 2003. 3. Speed limit 60 km/h, 12 lanes.",
        "Two towers, 12 and 14 floors, between 1.5 and 2.5 km away, rated 4.5, 3.2.",
        "It is 20°C, 30°C at noon",
    ],
    FailureReason.REFUSAL: [
        "I'm sorry, I cannot determine where this was taken.",
        "I can\u2019t tell. The house was built in 1999.",
        "<answer> unknown </answer>",
        "<answer>Unable to determine</answer>",
    ],
    FailureReason.ONE_NUMBER: [
        "40.7128",
        "<answer> 40.7128 </answer>",
        "<answer> Latitude: 40.7128 </answer>",
        '{"latitude": 40.7128, "longitude": null}',
        "The latitude is 40.7128 and I do not know more.",
        "<answer>40.7128°N</answer>",
        "\\boxed{40.7128}",
    ],
    FailureReason.OUT_OF_RANGE: [
        "139.7, 35.7",
        "lat 139.7, lon 35.7",
        "<answer> 91, 0 </answer>",
        "<answer> 0, 181 </answer>",
        "<answer> -90.001, 0 </answer>",
        "40.7128, 286",
        "Latitude: 40° 61' N, Longitude: 74° W",
        "<answer> 1000, 2000 </answer>",
    ],
    FailureReason.NOT_A_NUMBER: [
        "<answer> nan, nan </answer>",
        "nan, nan",
        "lat: NaN, lon: 3.5",
        '{"latitude": Infinity, "longitude": -74.0}',
        "<answer> 40.7, inf </answer>",
        "<answer> 40.7.1, -74.0 </answer>",
        "1e400, 5",
        # a number in two pieces: 48.85, or 48 and 85
        "<answer> 48. 85, 2.35 </answer>",
        "<answer> 40.7128, -74. 0060 </answer>",
        "40..7, -74.0",
        "48 .8566, 2 .3522",
        "40. .7, 3",
        "48 . 85, 2.35",
        "48·85, 2·35",
        "lat: 48. 85, lon: 2.35",
    ],
    FailureReason.AMBIGUOUS: [
        # two answers
        "<answer> 40.7, -74.0; 48.8, 2.3 </answer>",
        "<answer> 40.7, -74.0 or 48.8, 2.3 </answer>",
        "<answer> 40.7, -74.0 or 41.2 </answer>",
        "[[40.7, -74.0], [48.8, 2.3]]",
        "\\boxed{40.7, -74.0} or \\boxed{48.8, 2.3}",
        "Lat: 40.7, Lon: -74.0. Or lat: 48.8, lon: 2.3.",
        "lon 10 lat 41.9 lon 12.5",
        "It may be 40.71, -74.01 but 48.85, 2.35 fits as well.",
        # ranges and choices
        "<answer> between 40 and 41 </answer>",
        "<answer> 40.7 - 74.0 </answer>",
        "<answer> 40.7-74.0 </answer>",
        "<answer> 40 to 41 </answer>",
        # three and more numbers
        "<answer> 40.7, -74.0, 12.5 </answer>",
        "<answer> 40, 42, 46 </answer>",
        "<answer> 40, 42, 46, 74, 0, 22 </answer>",
        # two numbers that a space parts may be degrees and minutes
        "<answer> 40.7 74.0 </answer>",
        "<answer> 23.4 14.2 </answer>",
        # one comma
        "<answer> 23,43 </answer>",
        "<answer> 40,7128,74,0060 </answer>",
        "<answer> 23,43, 12 </answer>",
        # contradictions
        "<answer> -40 N, 20 E </answer>",
        "<answer> 40.7 W, 74.0 N, 3 S </answer>",
        "<answer> 40.7 N, 74.0 N </answer>",
        "<answer> 40.7 W, 74.0 </answer>",
        "<answer> 40.7, 74.0 N </answer>",
        "Latitude: 40.7 W, Longitude: 74.0 N",
        "Longitude: -74.0, 40.7",
        # what a sign or letter belongs to
        "Latitude - 40.7, Longitude - 74.0",
        "<answer> -(40.7), 74.0 </answer>",
        "<answer> 40.7, N, 74.0, W </answer>",
        "<answer> 40.7 N, 3.7 O </answer>",
        "<answer> 50.45, 30.52 з Києва </answer>",
        "<answer> 33.4 etelä, 70.6 länsi </answer>",
        "12.5 Latitude 40.7, Longitude -74.0",
        # formats that say longitude first
        '{"type": "Point", "coordinates": [-73.98, 40.74]}',
        "Using (lon, lat) I get <b> -73.98, 40.74",
        # a side or a sign in words that no number has
        "33.86, 70.65 (S, W)",
        "33.86, 151.20 [S, E]",
        "<answer> 33.86, 70.65 (SW) </answer>",
        "Lat: 33.86, South. Lon: 151.2, East.",
        "Latitude: 33.86 - South, Longitude: 70.65 - West",
        "Latitude: 33.86 | South | Longitude: 70.65 | West",
        "Latitude: 33.86\nHemisphere: South\nLongitude: 151.2\nHemisphere: East",
        '{"lat": 33.86, "lon": 151.2, "hemisphere": "southern"}',
        '{"lat": 33.86, "lon": 70.65, "ns": "S", "ew": "W"}',
        '{"lat": 33.86, "lon": 70.65, "direction": "W"}',
        '{"lat": 33.86, "lat_ref": "W", "lon": 70.65, "lon_ref": "S"}',
        '{"lat": 33.86, "lat_ref": "N", "lat_ref": "S", "lon": 70.65, "lon_ref": "W"}',
        '{"lat": 33.86, "lat_sign": -1, "lon": 70.65, "lon_sign": 1}',
        "South latitude +33.86, East longitude 151.2",
        "33.86 latitude (south), 70.65 longitude (west)",
        "<answer> 33.86, 151.2, southern hemisphere </answer>",
        "<answer> Southern hemisphere: 33.86, 151.2 </answer>",
        "latitude of 33.86 in the southern hemisphere, longitude 151.2",
        "lat: 33.86 ± 2 S, lon: 151.2",
        "40 minus 5, 3",
        "<answer> lat: 33.86 negative, lon: 151.2 </answer>",
        '<answer> {"lat": 33.86, minus "lon": 151.2} </answer>',
        "<answer> 33.86, 151.2 (both negative) </answer>",
        "<answer> 33.86, 151.2 where latitude is South </answer>",
        # ranges and choices under a name
        "Latitude: 33.86 to 34.00, Longitude: 70.65",
        "Latitude: 33.86 or 34.00, Longitude: 70.65",
        "Latitude: 33° to 34° N, Longitude: 70° to 71° E",
        "Latitude: 33 – 34, Longitude: 70.65",
        "Latitude: 33 ~ 34, Longitude: 70.65",
        "Latitude: 33.9 South to 34.1 South, Longitude: 70.65 West",
        "Latitude: 33.86 / 34.00, Longitude: 70.65",
        "lat 33.86, 34.0; lon 70.65, 71",
        "lat: 33.86 (34.0), lon: 70.65",
        "lat: 33.86...34.00, lon: 70.65",
        "lat: 33.86; 34.0; lon: 70.65",
        "lat: 33 until 38.5, lon: 70.65",
        "lat: 33 to 33°20', lon: 70.65",
        "lat: 33 ≈ 34, lon: 70.65",
        '{"lat": "33.86 maybe 34.02", "lon": "70.65"}',
        "lon: 70.65, lat: 33.86 : 34.02",
        "33.86 -> 34.02, 70.65",
        "33.86; 34.02, 70.65",
        "(33.86 .. 34.02, 70.65)",
        "lat: 33.86, lat: 34.0, lon: 70.65",
        "lat: 33.86, lon: 70.65, lon: 71.0",
        "33.86 to 34.00 latitude, 70.65 longitude",
        "lat, lon: 40.7, -74.0 or 41, -75",
        "33 < lat < 34, 70 < lon < 71",
        "33 ≤ lat ≤ 34, 70 ≤ lon ≤ 71",
        "lat: >33, lon: <71",
        "Latitude 1: 33.86, Longitude 1: 70.65",
        '{"lat_deg": 33, "lat_min": 51, "lon_deg": 70, "lon_min": 39}',
        '{"latitude": {"degrees": 33, "seconds": 51}, "longitude": {"degrees": 70, "minutes": 39}}',
        '{"latitude": {"degrees": 33, "minutes": 71}, "longitude": {"degrees": 70, "minutes": 39}}',
        # too much
        "40.71, -74.01\n" * 1500,
    ],
}


@pytest.mark.parametrize(
    ("reason", "text"), [(reason, text) for reason, texts in REFUSED.items() for text in texts]
)
def test_what_is_refused_and_why(reason: FailureReason, text: str) -> None:
    result = read_latlon(text)
    assert isinstance(result, ParseFailure), result
    assert result.reason is reason, result.detail
    assert "\n" not in result.detail
    assert len(result.detail) < 250


@pytest.mark.parametrize(
    "text",
    [
        "40.7128, -74.0060",
        "lat: 40.7128, lon: -74.0060",
        "\\boxed{40.7128, -74.0060}",
        "<answer> 40.7128, -74.0060",
        "40.7128, -74.0060 </answer>",
    ],
)
def test_strict_reads_complete_tags_only(text: str) -> None:
    result = read_latlon(text, strict=True)
    assert isinstance(result, ParseFailure)
    assert result.reason is FailureReason.NO_ANSWER
    assert read_latlon(text) == NEW_YORK
    assert read_latlon(f"<answer>{text}</answer>", strict=True) == NEW_YORK


@pytest.mark.parametrize(
    ("text", "point"),
    [
        # Rows of prose whose neighbours must not turn a sign.
        ("51.5074, 0.1278 (West End)", LatLon(51.5074, 0.1278)),
        ("The ruins (30.52, 35.44) west of the road", LatLon(30.52, 35.44)),
        ("55.75, 37.61 в Москве", LatLon(55.75, 37.61)),
        ("55.75 С, 37.61 З in my view", LatLon(55.75, -37.61)),
        ("Facing west. 48.8566, 2.3522", LatLon(48.8566, 2.3522)),
        ("lat: 33.5, lon: 70.25 in the southern part of the city", LatLon(33.5, 70.25)),
        ("<answer> East London: -33.015, 27.91 </answer>", LatLon(-33.015, 27.91)),
        ("<answer> West Virginia, South Korea: 38.5, 80.5 </answer>", LatLon(38.5, 80.5)),
        ("<answer> Berlin (West), 52.5, 13.3 </answer>", LatLon(52.5, 13.3)),
        ("<answer> Southern Italy, 40.5, 16.25 </answer>", LatLon(40.5, 16.25)),
        ("<answer> W. Cape, South Africa: -33.9, 18.4 </answer>", LatLon(-33.9, 18.4)),
        ("12 km to the South. Latitude: 48.85, Longitude: 2.35", LatLon(48.85, 2.35)),
        ("Camera direction: South\nLat: 48.85\nLon: 2.35", LatLon(48.85, 2.35)),
        ("Facing: South\nLat: 48.85\nLon: 2.35", LatLon(48.85, 2.35)),
        (
            "<answer> Sydney (southern hemisphere), lat -33.75, lon 151.25 </answer>",
            LatLon(-33.75, 151.25),
        ),
    ],
)
def test_words_beside_a_pair_do_not_turn_its_sign(text: str, point: LatLon) -> None:
    assert read_latlon(text) == point


@pytest.mark.real_data
def test_answers_published_by_models_and_papers(real_data: Path) -> None:
    path = real_data / "strings" / "gre_and_paper_answer_strings.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 19
    for line in lines:
        assert read_latlon(line["text"]) == LatLon(line["lat"], line["lon"]), line["text"]


NAMED: dict[str, Callable[[str, str], str]] = {
    "names": lambda lat, lon: f"Latitude: {lat}, Longitude: {lon}",
    "lines": lambda lat, lon: f"latitude: {lat}\nlongitude: {lon}",
    "turned": lambda lat, lon: f"<answer>lon={lon}, lat={lat}</answer>",
    "json": lambda lat, lon: json.dumps({"latitude": lat, "longitude": lon}),
    "quoted": lambda lat, lon: f'{{"latitude": "{lat}", "longitude": "{lon}"}}',
    "dict": lambda lat, lon: str({"lat": lat, "lng": lon}),
}
BARE: dict[str, Callable[[str, str], str]] = {
    "tags": lambda lat, lon: f"<answer> {lat}, {lon} </answer>",
    "alone": lambda lat, lon: f"{lat}, {lon}",
    "box": lambda lat, lon: f"\\boxed{{{lat}; {lon}}}",
}


def side(string: str) -> str:
    """Say lat or lon where the string's hemisphere says so, otherwise empty."""
    letters = string.strip().lower()
    if re.search(r"(north|south|[nsсю])$", letters) or letters[0] in "ns":
        return "lat"
    return "lon" if re.search(r"(east|west|[ewзв])$", letters) else ""


@pytest.mark.real_data
@pytest.mark.parametrize("joiner", [*NAMED, *BARE])
def test_every_string_paired_with_every_other(real_data: Path, joiner: str) -> None:
    """Named, all pairs are read. Bare, those with commas between their parts are refused."""
    path = real_data / "strings" / "lat_lon_parser_cc0_strings.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    valid = {
        row["string"]: float(row["expected_decimal_degrees"])
        for row in rows
        if row["expected_decimal_degrees"] != "INVALID"
    }
    join = (NAMED | BARE)[joiner]
    for lat, lat_deg in valid.items():
        for lon, lon_deg in list(valid.items())[:: 1 if joiner == "tags" else 7]:
            if side(lat) == "lon" or side(lon) == "lat":
                continue
            point = read_latlon(join(lat, lon))
            if joiner in BARE and re.search(r"\d, \d", f"{lat}|{lon}"):
                assert isinstance(point, ParseFailure), (lat, lon)
                continue
            assert isinstance(point, LatLon), (lat, lon, point)
            assert point.as_tuple() == pytest.approx((lat_deg, lon_deg), abs=1e-6), (lat, lon)
    for string in {row["string"] for row in rows} - valid.keys():
        for text in (join(string, "10.5"), join("10.5", string), join(string, string), string):
            assert isinstance(read_latlon(text), ParseFailure), text


@pytest.mark.parametrize("mark", ["_", "*", "~", "^", "@", "#"])
def test_markup_inside_a_number_is_no_space(mark):
    # "4_5.4" is 45.4 to a programmer and 4° 5.4' to nobody.
    reading = read_latlon(f"<answer> 4{mark}5.4, 1{mark}2.3 </answer>")
    assert isinstance(reading, ParseFailure)


def test_markup_around_a_number_is_space():
    assert read_latlon("<answer> *45.4*, _12.3_ </answer>") == LatLon(45.4, 12.3)


@pytest.mark.parametrize(
    "text",
    [
        "<think> A sign. </think> <answer> 13.711, 1",
        "<answer> 40.742, -7",
        "<answer> 40.742, -73.9",
        "<answer> 40.742, -74.",
        "<answer> 7.0, 7",
        "<answer> Latitude: 48\nLongitude: 2",
        '{"lat": 33.86, "lon": 7',
        '{"lat": 33.86, "lon": 70.6',
        "(40.71, -7",
        "[40.71, -7",
        "\\boxed{40.71, -7",
        # the letter of the second one may be lost
        "<answer> 33.86° S, 70.65",
        "<answer> 33.86° S, 70.65°",
        "<answer> 33.86° South, 70.65° Wes",
        '{"lat": 33.86, "lat_ref": "S", "lon": 70.65, "lon_r',
        '{"lat": {"degrees": 33.86, "direction": "S"}, "lon": {"degrees": 70.65',
        "<answer> 40°42'46\"N, 74°0",
    ],
)
def test_a_number_that_may_be_cut_is_not_read(text: str) -> None:
    result = read_latlon(text)
    assert isinstance(result, ParseFailure), result
    assert result.reason is FailureReason.ONE_NUMBER


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("<answer> 40.7128, -74.0060", NEW_YORK),
        ('{"lat": 1.5, "lon": 2.5', LatLon(1.5, 2.5)),
        ('{"lat": 33.86, "lon": 70.65', LatLon(33.86, 70.65)),
        ('{"lat": 33.86, "lon": 70.65, "zoom": 1', LatLon(33.86, 70.65)),
        ('{"lat": 33.86, "lon": 7,', LatLon(33.86, 7.0)),
        ('{"lat": "33.86", "lon": "7"', LatLon(33.86, 7.0)),
        ("<answer> 40.742, -7.25 </ans", LatLon(40.742, -7.25)),
        ("<answer> 40.742, -7 ", LatLon(40.742, -7.0)),
        ("<answer> 33.86° S, 70.65° W", LatLon(-33.86, -70.65)),
        ("<answer> 33.86° S, -70.65", LatLon(-33.86, -70.65)),
        ("40.71, -74", LatLon(40.71, -74.0)),
        ("<answer> 40.71, -74 </answer>", LatLon(40.71, -74.0)),
    ],
)
def test_a_whole_number_at_the_end_is_read(text: str, point: LatLon) -> None:
    assert read_latlon(text) == point
