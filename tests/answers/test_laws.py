"""Laws of the reader over generated texts: no crash, no guess, what is written is what is read."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gre.answers import (
    FailureReason,
    ParseFailure,
    follows_format,
    read_angle,
    read_judgment,
    read_latlon,
    read_response,
)
from gre.geo.latlon import LatLon
from gre.prompts import format_answer, format_response

MILLI = 1000
LATS = st.integers(-90 * 3600 * MILLI, 90 * 3600 * MILLI)
LONS = st.integers(-180 * 3600 * MILLI, 180 * 3600 * MILLI)


@dataclass(frozen=True)
class Written:
    """An angle in whole thousandths of an arc second, so that every spelling is exact."""

    milli: int
    letters: str

    @property
    def degrees(self) -> float:
        return self.milli / (3600 * MILLI)

    @property
    def letter(self) -> str:
        return self.letters[self.milli < 0]

    @property
    def sign(self) -> str:
        return "-" if self.milli < 0 else ""

    @property
    def parts(self) -> tuple[int, int, str]:
        minutes, seconds = divmod(abs(self.milli), 60 * MILLI)
        return minutes // 60, minutes % 60, f"{seconds // MILLI}.{seconds % MILLI:03d}"

    @property
    def decimal(self) -> str:
        return f"{self.degrees:.9f}"

    @property
    def size(self) -> str:
        return f"{abs(self.degrees):.9f}"


def spell(pattern: str) -> Callable[[Written], str]:
    """An angle's spelling from a pattern of its pieces."""

    def written(angle: Written) -> str:
        degrees, minutes, seconds = angle.parts
        word = {"N": "north", "S": "south", "E": "east", "W": "west"}[angle.letter]
        cyrillic = {"N": "С", "S": "Ю", "E": "В", "W": "З"}[angle.letter]
        return pattern.format(
            x=angle.decimal, size=angle.size, sign=angle.sign, letter=angle.letter, word=word,
            cyrillic=cyrillic, d=degrees, m=minutes, s=seconds, small=angle.letter.lower(),
            comma=angle.decimal.replace(".", ","), seconds_comma=seconds.replace(".", ","),
        )  # fmt: skip

    return written


ANGLES = [
    "{x}", "{x}°", "{x} degrees", "{comma}", "~{x}", "approximately {x}", "**{x}**", "{x} °",
    "{size} {letter}", "{size}{small}", "{size}° {letter}", "{size}°{letter}", "{letter}{size}",
    "{letter} {size}°", "{size} ({letter})", "{size} degrees {word}", "{size}° {word}",
    "{sign}{size}{letter}" , "{size} {cyrillic}", "{size}^\\circ \\text{{{letter}}}",
    "{d}°{m}'{s}\"{letter}", "{d}° {m}' {s}\" {letter}", "{d}°{m}′{s}″ {letter}",
    "{d}° {m}’ {s}” {word}", "{d} {m} {s} {letter}", "{letter} {d} {m} {s}", "{sign}{d} {m} {s}",
    "{d}-{m}-{s}{letter}", "{d}d {m}m {s}s {word}", "{d}deg {m}min {s}sec {letter}",
    "{sign}{d}d-{m}'-{s}\"", "{d}:{m}:{s} {letter}", "{d}°{m}'{s}''{letter}",
    "{d}° {m}' {seconds_comma}\" {letter}", "{d}\\u00b0{m}'{s}\\\"{letter}",
]  # fmt: skip

PAIRS: dict[str, Callable[[str, str], str]] = {
    "tags": lambda a, b: f"<think> 1. A sign. </think> <answer> {a}, {b} </answer>",
    "lines": lambda a, b: f"<answer>\n{a},\n{b}\n</answer>",
    "brackets": lambda a, b: f"<answer>[{a}, {b}]</answer>",
    "semicolon": lambda a, b: f"<answer>({a}; {b})</answer>",
    "box": lambda a, b: f"The answer is \\boxed{{{a}, {b}}}.",
    "alone": lambda a, b: f"{a}, {b}",
    "introduced": lambda a, b: f"So the coordinates are: {a}, {b} in my view.",
    "names": lambda a, b: f"Latitude: {a}, Longitude: {b}",
    "turned": lambda a, b: f"lon = {b}\nlat = {a}",
    "markdown": lambda a, b: f"- **Latitude:** {a}\n- **Longitude:** {b}",
    "quoted": lambda a, b: f'{{"latitude": "{a}", "longitude": "{b}"',
    "mixed quotes": lambda a, b: f"<answer>“Latitude”: '{a}”, \"Longitude': “{b}' </answer>",
    "header": lambda a, b: f"(lon, lat) = ({b}, {a})",
    "after": lambda a, b: f"<answer>{a} latitude, {b} longitude</answer>",
    "table": lambda a, b: f"| Lat | Lon |\n|---|---|\n| {a} | {b} |",
}


@pytest.mark.parametrize("pair", PAIRS)
@settings(max_examples=60, deadline=None)
@given(lat=LATS, lon=LONS, spelling=st.sampled_from(ANGLES))
def test_every_spelling_is_read_back(pair: str, lat: int, lon: int, spelling: str) -> None:
    """To 1e-8 degrees: nine decimals are written. Minus zero has no letter, so zero is left out."""
    assume(lat != 0 and lon != 0)
    north, east = Written(lat, "NS"), Written(lon, "EW")
    if "{sign}{size}{letter}" in spelling:
        assume(lat < 0 and lon < 0)  # a minus sign agrees with S and W only
    text = PAIRS[pair](spell(spelling)(north), spell(spelling)(east))
    point = read_latlon(text)
    assert isinstance(point, LatLon), (text, point)
    assert point.as_tuple() == pytest.approx((north.degrees, east.degrees), abs=1e-8), text


@settings(max_examples=200, deadline=None)
@given(angle=LONS.filter(bool), spelling=st.sampled_from(ANGLES[:3] + ANGLES[8:]))
def test_every_angle_is_read_back(angle: int, spelling: str) -> None:
    east = Written(angle, "EW")
    assume("{sign}{size}" not in spelling or angle < 0)
    assert read_angle(spell(spelling)(east)) == pytest.approx(east.degrees, abs=1e-8)


POINTS = st.builds(LatLon, st.floats(-90, 90), st.floats(-180, 180))


@given(POINTS)
def test_numbers_as_python_and_json_print_them(point: LatLon) -> None:
    as_json = json.dumps({"lat": point.lat, "lon": point.lon})
    for text in (f"<answer>{point.as_tuple()}</answer>", as_json, f"{point.lat}, {point.lon}"):
        assert read_latlon(text) == point


@given(POINTS)
def test_what_models_are_taught_to_write_is_read(point: LatLon) -> None:
    response = format_response("A sign.", format_answer(point))
    assert follows_format(response)
    read = read_latlon(response, strict=True)
    assert isinstance(read, LatLon)
    assert read.as_tuple() == pytest.approx(point.as_tuple(), abs=5.0001e-4)
    assert read_response(response).answer == format_answer(point)


@given(POINTS, POINTS)
def test_two_points_are_never_one(a: LatLon, b: LatLon) -> None:
    assume(abs(a.lat - b.lat) > 1e-5 or abs(a.lon - b.lon) > 1e-5)
    for text in (
        f"<answer>{a.lat}, {a.lon}; {b.lat}, {b.lon}</answer>",
        f"lat: {a.lat}, lon: {a.lon}\nlat: {b.lat}, lon: {b.lon}",
        f"\\boxed{{{a.lat}, {a.lon}}} \\boxed{{{b.lat}, {b.lon}}}",
        f"({a.lat}, {a.lon}) or ({b.lat}, {b.lon})",
    ):
        result = read_latlon(text)
        assert isinstance(result, ParseFailure)
        assert result.reason is FailureReason.AMBIGUOUS


@given(lat=st.floats(90.001, 180), lon=st.floats(-90, 90))
def test_a_swap_is_out_of_range_and_stays_so(lat: float, lon: float) -> None:
    for text in (f"{lat:.4f}, {lon:.4f}", f"lat {lat:.4f}, lon {lon:.4f}"):
        result = read_latlon(f"<answer>{text}</answer>")
        assert isinstance(result, ParseFailure)
        assert result.reason is FailureReason.OUT_OF_RANGE


SOUTH = st.sampled_from(
    "S|South|south|s|southern|(S)|[S]|'S'|S.|Southern hemisphere|(southern)|minus|negative|"
    "(negative)|hemisphere: S|ref: S|direction: South|sur|- S|/ S|; S|: S|\nS|south latitude".split(
        "|"
    )
)
PLACES = [
    "{side} {lat}, {lon}", "{lat} {side}, {lon}", "{lat}, {lon} {side}", "({lat}, {lon}) {side}",
    "{side} lat: {lat}, lon: {lon}", "lat: {side} {lat}, lon: {lon}",
    "lat: {lat} {side}, lon: {lon}", "lat: {lat}, lon: {lon} {side}",
    "Latitude {lat}\nLongitude {lon} {side}",
    '{{"lat": {lat}, {side} "lon": {lon}}}', '{{"lat": {lat}, "lon": {lon}}} {side}',
    "{lat} latitude {side}, {lon} longitude", "lat, lon {side}: {lat}, {lon}",
    "Coordinates {side}: {lat}; {lon}",
]  # fmt: skip
NORTH_EAST = [("33.5", "151.25"), ("33", "151"), ("33.5°", "151.25°"), ("33°30'", "151°15'")]


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(PLACES), SOUTH, st.sampled_from(NORTH_EAST), st.sampled_from(["", " E"]))
def test_a_side_beside_the_numbers_is_never_dropped(
    place: str, side: str, numbers: tuple[str, str], east: str
) -> None:
    text = place.format(side=side, lat=numbers[0], lon=numbers[1] + east)
    for framed in (text, f"<answer> {text} </answer>"):
        result = read_latlon(framed)
        assert isinstance(result, ParseFailure) or (result.lat < 0 < result.lon), framed


@given(POINTS, st.integers(0, 8), st.integers(0, 8), st.data())
def test_a_cut_answer_is_read_to_the_places_of_its_partner_or_not_at_all(
    point: LatLon, lat_places: int, lon_places: int, data: st.DataObject
) -> None:
    lat, lon = f"{point.lat:.{lat_places}f}", f"{point.lon:.{lon_places}f}"
    whole = data.draw(
        st.sampled_from(
            [f"<answer> {lat}, {lon}", f'{{"lat": {lat}, "lon": {lon}', f"\\boxed{{{lat}, {lon}"]
        )
    )
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    result = read_latlon(cut)
    if isinstance(result, LatLon):
        assert result.lat == float(lat)
        assert abs(result.lon - float(lon)) <= 10.0**-lat_places


PIECES = st.sampled_from(
    "40.742 -73.985 23 1 1.2.3 1,2 1e5 N S W E n s ° ' \" , ; : = . - – — + ± ( ) [ ] { } | *"
    " & \n lat lon latitude longitude long nan inf <answer> </answer> <think> </think> \\boxed{"
    " \\circ and or between about km point West of deg d m s \\n \\u00b0 \\ud800 &deg; с ш . 纬度"
    " 北纬 ½ ٣ True not false".split(" ")
)
MESSES = st.one_of(
    st.text(max_size=200),
    st.lists(PIECES, max_size=30).map("".join),
    st.lists(PIECES, max_size=30).map(" ".join),
)


@settings(max_examples=1500, deadline=None)
@given(MESSES)
def test_no_text_breaks_the_reader(text: str) -> None:
    lenient, strict = read_latlon(text), read_latlon(text, strict=True)
    assert isinstance(lenient, LatLon | ParseFailure)
    assert strict == lenient or isinstance(strict, ParseFailure)
    for result in (lenient, strict, read_judgment(text), read_angle(text)):
        if isinstance(result, ParseFailure):
            assert result.detail
            assert "\n" not in result.detail
    if follows_format(text):
        response = read_response(text)
        assert response.think
        assert response.answer
        assert strict == lenient


@settings(max_examples=300, deadline=None)
@given(MESSES, MESSES)
def test_only_the_last_answer_counts(before: str, after: str) -> None:
    assume("</answer>" not in after.lower())
    text = f"{before}<answer> 40.742, -73.985 </answer>{after}"
    assert read_latlon(text) == LatLon(40.742, -73.985)
