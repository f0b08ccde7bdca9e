"""Located photos as GeoJSON, KML, CSV and lines of JSON."""

import csv
import io
import json
import xml.etree.ElementTree as ET

import pytest

from gre.errors import InputError
from gre.locating.coarse import coarse_marks, region_middles
from gre.locating.files import WRITERS, format_of, to_csv_table, to_geojson, to_json_lines, to_kml

KML = {"k": "http://www.opengis.net/kml/2.2"}
HOSTILE = "=1+1 <script>alert(1)</script> & \x0b\x00 \ud800"
FOUND = {
    **{"photo": "trip/a.jpg", "status": "ok", "reason": None, "country": "Italy"},
    **{"region": "Tuscany", "city": "Arezzo", "lat": 43.4, "lon": 11.8, "radius_km": 120.4},
    **{"reasoning": HOSTILE, "text": "<think>..</think>", "gt_lat": None, "gt_lon": None},
    "error_km": None,
}
UNOPENED = dict.fromkeys(FOUND) | {"photo": "b.jpg", "status": "error", "reason": "no picture"}
COARSE = {key: FOUND[key] for key in ("photo", "status", "reason", "country", "region")}


def test_geojson_has_longitude_first_and_null_where_there_is_no_guess():
    collection = json.loads(to_geojson([FOUND, UNOPENED]))
    assert collection["type"] == "FeatureCollection"
    first, second = collection["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [11.8, 43.4]}
    assert first["properties"]["city"] == "Arezzo"
    assert "lat" not in first["properties"]
    assert second["geometry"] is None
    assert second["properties"]["reason"] == "no picture"


@pytest.mark.parametrize("form", ["geojson", "kml"])
def test_what_is_passed_on_does_not_say_where_a_photo_lies(form):
    text = WRITERS[form]([FOUND | {"photo": "/home/ann/trip/a.jpg"}])
    assert "a.jpg" in text
    assert "ann" not in text


def test_kml_is_well_formed_and_a_viewer_sees_no_markup():
    root = ET.fromstring(to_kml([FOUND, UNOPENED]).encode("utf-8", "replace"))
    marks = root.findall(".//k:Placemark", KML)
    assert [mark.findtext("k:name", namespaces=KML) for mark in marks] == ["a.jpg", "b.jpg"]
    assert marks[0].findtext("k:Point/k:coordinates", namespaces=KML) == "11.8,43.4"
    assert marks[1].find("k:Point", KML) is None
    words = marks[0].findtext("k:description", namespaces=KML)
    assert "Arezzo, Tuscany, Italy" in words
    assert "120 km hold 90 %" in words
    assert "&lt;script&gt;" in words and "<script" not in words
    assert "\x00" not in words
    assert "no picture" in marks[1].findtext("k:description", namespaces=KML)


def test_csv_has_a_header_and_no_formula():
    rows = list(csv.DictReader(io.StringIO(to_csv_table([FOUND, UNOPENED]))))
    assert [row["photo"] for row in rows] == ["trip/a.jpg", "b.jpg"]
    assert (rows[0]["lat"], rows[0]["lon"], rows[0]["radius_km"]) == ("43.4", "11.8", "120.4")
    assert rows[0]["reasoning"].startswith("'=1+1")
    assert rows[1]["lat"] == ""
    south = to_csv_table([FOUND | {"lat": -43.4}])
    assert ",-43.4,11.8," in south  # a number stays one, whatever its sign


def test_json_is_one_object_per_line():
    lines = to_json_lines([FOUND, UNOPENED]).splitlines()
    assert [json.loads(line)["photo"] for line in lines] == ["trip/a.jpg", "b.jpg"]


@pytest.mark.parametrize("form", WRITERS)
def test_a_coarse_row_has_no_point_in_any_format(form):
    text = WRITERS[form]([COARSE])
    assert "Tuscany" in text
    for finer in ("43.4", "11.8", "Arezzo", "coordinates>", "120"):
        assert finer not in text


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.json", "json"), ("a.JSONL", "json"), ("a.geojson", "geojson"), ("a.kml", "kml")],
)
def test_the_ending_names_the_format(tmp_path, name, form):
    assert format_of(tmp_path / name) == form


def test_an_unknown_ending_is_named(tmp_path):
    with pytest.raises(InputError, match=r"--out .*a\.xlsx: the ending must be one of \.json"):
        format_of(tmp_path / "a.xlsx")


def test_a_coarse_mark_follows_from_the_names_alone():
    florence = COARSE | {"photo": "c.jpg"}
    unread = COARSE | {"country": None, "region": None, "status": "failed", "reason": "refusal"}
    first, second, third = coarse_marks([COARSE, florence, unread])
    assert (first["lat"], first["lon"]) == (second["lat"], second["lon"])
    # Tuscany lies between 42.2 and 44.5 north and 9.7 and 12.4 east.
    assert 42.2 < first["lat"] < 44.5
    assert 9.7 < first["lon"] < 12.4
    assert first["place"] == "Tuscany, Italy"
    assert (third["lat"], third["place"]) == (None, None)


def test_the_middle_of_a_country_across_the_antimeridian_is_in_it():
    middles = region_middles({("Fiji", ""), ("Nowhere", "")})
    # Towns of Fiji lie from 177 east to 180 west: a mean of plain degrees would be far from them.
    assert set(middles) == {("Fiji", "")}
    assert middles["Fiji", ""].lon > 176 or middles["Fiji", ""].lon < -178


def test_a_coarse_row_far_from_every_town_is_no_country_and_no_mark():
    (mark,) = coarse_marks([COARSE | {"country": None, "region": None}])
    assert (mark["lat"], mark["place"]) == (None, "over 200 km from any town")


def test_a_town_far_away_is_told_with_its_distance():
    far = {"city": None, "region": None, "country": None, "nearest": "Whitby", "place_km": 249.7}
    assert "250 km from Whitby" in to_kml([FOUND | far])
