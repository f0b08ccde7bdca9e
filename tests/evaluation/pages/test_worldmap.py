"""The world map: projection, great circles, and what is in the drawing."""

import json
import math
import xml.etree.ElementTree as ET
from importlib.resources import files

import numpy as np
import pytest

from gre.evaluation.pages.map_page import write_map_page
from gre.evaluation.pages.worldmap import (
    HEIGHT,
    WIDTH,
    MapLayer,
    MapMark,
    error_band,
    great_circle,
    map_svg,
    project,
    unproject,
)
from gre.geo.latlon import LatLon


def test_projection_has_the_published_shape():
    # Šavrič et al. (2018): the equator is 2.05 times as long as the central meridian and the pole
    # lines are 0.59 times as long as the equator
    (west, east), (middle, _) = project([0, 0], [-180, 180])
    assert (float(west), float(east)) == pytest.approx((0, WIDTH))
    assert float(middle) == pytest.approx(HEIGHT / 2)
    _, (north, south) = project([90, -90], [0, 0])
    assert WIDTH / float(south - north) == pytest.approx(2.05, abs=0.01)
    left, right = project([90, 90], [-180, 180])[0]
    assert float(right - left) / WIDTH == pytest.approx(0.59, abs=0.005)


def test_projection_keeps_areas():
    # one-degree cells: the drawn area over the true one is the same everywhere
    ratios = []
    for lat in (0.0, 30.0, 60.0, 80.0):
        xs, ys = project([lat, lat, lat + 1, lat + 1], [10, 11, 11, 10])
        shifted = np.roll(xs, -1), np.roll(ys, -1)
        drawn = abs(float(np.sum(xs * shifted[1] - shifted[0] * ys))) / 2
        ratios.append(drawn / (math.sin(math.radians(lat + 1)) - math.sin(math.radians(lat))))
    np.testing.assert_allclose(ratios, ratios[0], rtol=2e-3)


def test_great_circle_ends_where_it_should_and_goes_over_the_pole():
    path = great_circle(LatLon(60, 0), LatLon(60, 180))
    assert path[0].tolist() == [60, 0]
    assert path[-1].tolist() == [60, 180]
    assert path[:, 0].max() == pytest.approx(90, abs=3)
    for same in (
        great_circle(LatLon(1, 2), LatLon(1, 2)),
        great_circle(LatLon(0, 0), LatLon(0, 180)),
    ):
        assert np.isfinite(same).all()


@pytest.mark.parametrize(
    ("error_km", "band"), [(None, None), (0, 0), (1, 0), (1.1, 1), (2500, 4), (2501, 5)]
)
def test_bands(error_km, band):
    assert error_band(error_km) == band


def test_map_is_well_formed_and_escapes_labels():
    marks = [
        MapMark(LatLon(10, 170), LatLon(10, -170), "<script>alert(1)</script> & co", 2200.0, key=0),
        MapMark(LatLon(0, 0), None, "no guess", key=1),
        MapMark(None, LatLon(0, 0), "no truth"),
    ]
    svg = map_svg([MapLayer('a "run"', marks), MapLayer("b", [])], title="Map of <things>")
    root = ET.fromstring(svg)
    assert "<script>" not in svg
    layers = [g for g in root if g.get("class") == "layer"]
    assert [layer.get("hidden") for layer in layers] == [None, ""]
    drawn = [[path.get("class") for path in mark.iter("path")] for mark in layers[0]]
    assert drawn == [["way", "truth", "guess"], ["truth"], ["guess"]]
    # the way across the antimeridian is cut: no piece spans the map
    way = layers[0][0].find("path").get("d")
    for piece in way.split("M")[1:]:
        xs = [float(pair.split()[0]) for pair in piece.split("L")]
        assert max(xs) - min(xs) < WIDTH / 2


def test_land_is_whole_and_says_where_it_is_from():
    data = json.loads(files("gre.evaluation.pages").joinpath("data/land_110m.json").read_text())
    assert "Natural Earth" in data["source"]
    assert "public domain" in data["source"]
    rings = [np.array(ring).reshape(-1, 2) / 100 for ring in data["rings"]]
    points = np.concatenate(rings)
    assert np.abs(points[:, 0]).max() <= 180
    assert np.abs(points[:, 1]).max() <= 90
    for name, lon, lat, is_land in [
        ("Paris", 2.35, 48.86, True),
        ("Denver", -104.99, 39.74, True),
        ("Alice Springs", 133.88, -23.7, True),
        ("Chukotka, east of the antimeridian", -175, 67, True),
        ("South Pole", 0, -89.9, True),
        ("mid Atlantic", -35, 30, False),
        ("mid Pacific", -150, 0, False),
        ("Fiji basin", 179, -25, False),
    ]:
        assert sum(_holds(ring, lon, lat) for ring in rings) % 2 == is_land, name


def _holds(ring, lon, lat):
    """Even-odd rule along the parallel to the east."""
    a, b = ring, np.roll(ring, -1, axis=0)
    crosses = (a[:, 1] > lat) != (b[:, 1] > lat)
    a, b = a[crosses], b[crosses]
    east = a[:, 0] + (lat - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return int((east > lon).sum()) % 2


ROW = {
    "photo": "nowhere.jpg",
    "status": "ok",
    "reason": None,
    "city": "Arezzo",
    "country": "Italy",
    "lat": 43.4,
    "lon": 11.8,
    "radius_km": None,
    "reasoning": "1. Cypress trees // 2. <img src=x onerror=alert(1)>",
    "text": "",
    "gt_lat": 43.5,
    "gt_lon": 11.9,
    "error_km": 13.7,
}


@pytest.mark.parametrize(
    "point", [(0, 0), (48.8566, 2.3522), (-41.3, 174.8), (89, -179), (-90, 0), (12, -180)]
)
def test_a_place_of_the_drawing_is_a_point_again(point):
    x, y = project(*point)
    back = unproject(float(x), float(y))
    assert back.lat == pytest.approx(point[0], abs=1e-4)
    if abs(point[0]) < 90:
        assert back.lon == pytest.approx(point[1], abs=1e-4)


@pytest.mark.parametrize("place", [(-1, HEIGHT / 2), (WIDTH + 1, HEIGHT / 2), (500, -1), (2, 2)])
def test_outside_the_outline_there_is_no_point(place):
    assert unproject(*place) is None


def test_a_radius_is_a_circle_and_may_cross_the_antimeridian():
    # A circle of 500 km around (0, 179): 4.4966 degrees each way, so it reaches -176.5
    mark = MapMark(None, LatLon(0, 179), "far east", radius_km=500.0)
    drawn = str(map_svg([MapLayer("one", [mark])], title="t"))
    path = drawn.split('class="reach" d="')[1].split('"', maxsplit=1)[0]
    assert path.count("M") == 3  # east half begins north, crosses, and comes back
    xs = [float(pair.split()[0]) for part in path.split("M")[1:] for pair in part.split("L")]
    assert min(xs) < 15 and max(xs) > WIDTH - 20 and all(x < 20 or x > 960 for x in xs)
    assert 'class="reach"' not in str(
        map_svg([MapLayer("one", [MapMark(None, LatLon(0, 0), "", radius_km=0.0)])], title="t")
    )


def test_map_page_shows_every_photo_and_escapes_the_model(tmp_path):
    unreadable = dict.fromkeys(ROW) | {"photo": "b.jpg", "status": "failed", "reason": "refusal"}
    out = tmp_path / "new folder" / "map.html"
    write_map_page([ROW, unreadable], out)
    page = out.read_text()
    assert "nowhere.jpg" in page
    assert "none: refusal" in page
    assert "14 km" in page
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert page.count("<li>Cypress trees</li>") == 1
    assert [path.name for path in out.parent.iterdir()] == ["map.html"]


def test_map_page_without_truth_or_photos(tmp_path):
    row = ROW | {"gt_lat": None, "gt_lon": None, "error_km": None}
    write_map_page([row], tmp_path / "one.html")
    assert "unknown" in (tmp_path / "one.html").read_text()
    write_map_page([], tmp_path / "none.html")
    assert "0 located photos" in (tmp_path / "none.html").read_text()
