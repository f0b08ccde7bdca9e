"""Sets as they circulate: column names, no header, sub-folders, exchanged columns, repeats."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gre.errors import InputError
from gre.evaluation.benchmarks.loading import load_benchmark
from gre.evaluation.tables.plausibility import looks_exchanged
from gre.geo.latlon import LatLon

YFCC = (
    "5133463568\t51035555243@N01\tDave\t2008-09-04\t1287000000\tCanon\ttitle\t\ta,b\t\t{lon}\t{lat}"
    "\t16\thttp://page\thttp://image\tlicence\turl\tserver\t5\tsecret\tsecret2\tjpg\t0"
)
"""One line of YFCC100M's metadata: 23 fields; 0 id, 1 photographer, 10 longitude, 11 latitude."""


def photo(path: Path, colour: int = 90) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 24), (120, colour, 60)).save(path)


def make(folder: Path, text: str, *, photos: tuple[str, ...], name: str = "labels.csv") -> Path:
    for i, one in enumerate(photos):
        photo(folder / "test" / "img" / one, colour=i)
    label = folder / "test" / "label" / name
    label.parent.mkdir(parents=True, exist_ok=True)
    label.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("header", "identity", "file"),
    [
        ("IMG_ID,AUTHOR,LAT,LON", "a.jpg,x", "a.jpg"),
        ("image,city,lat,lng", "a,x", "a.png"),
        ("panoid,heading,latitude,longitude", "a,90", "a.jpg"),
        ("img_path,split,Latitude,Longitude", "test/a.jpg,x", "a.jpg"),
        ("filename,x,gps_lat,gps_lon", "sub/a.jpg,x", "sub/a.JPG"),
        ("uuid,x,lat,long", "a,x", "deep/er/a.jpeg"),
    ],
)
def test_gws15k_under_other_names(tmp_path, header, identity, file):
    data = make(tmp_path, f"{header}\n{identity},48.85,2.35\n", photos=(file,))
    (sample,) = load_benchmark("gws15k", data).samples
    assert sample.fault is None
    assert sample.image_path == data / "test" / "img" / file
    assert sample.truth == LatLon(48.85, 2.35)


def test_osv5m_in_its_own_layout(tmp_path):
    header = "id,latitude,longitude,thumb_original_url,country,sequence"
    rows = ["101,59.1,18.0,http://x,SE,s1", "102,59.2,18.1,http://x,SE,s1", "103,-33,151,,AU,s2"]
    (tmp_path / "test.csv").write_text("\n".join([header, *rows]) + "\n")
    (tmp_path / "train.csv").write_text(f"{header}\n7,1,2,u,FR,s\n")
    for place, name in (("00", "101"), ("00", "102"), ("04", "103")):
        photo(tmp_path / "images" / "test" / place / f"{name}.jpg", colour=int(name))
    bench = load_benchmark("osv5m", tmp_path)
    assert [s.fault for s in bench.samples] == [None] * 3
    assert bench.samples[2].image_path.parent.name == "04"
    assert [s.author for s in bench.samples] == ["s1", "s1", "s2"]
    assert bench.num_authors == 2


@pytest.mark.parametrize("before", ["", "17\t"])
def test_yfcc4k_metadata_without_a_header(tmp_path, before):
    text = before + YFCC.format(lon="-122.4", lat="37.8") + "\n"
    data = make(tmp_path, text, photos=("5133463568.jpg",), name="yfcc4k.txt")
    (sample,) = load_benchmark("yfcc4k", data).samples
    assert (sample.id, sample.author) == ("5133463568", "51035555243@N01")
    assert sample.truth == LatLon(37.8, -122.4)
    assert sample.fault is None


def test_yfcc4k_without_a_position_names_the_line(tmp_path):
    text = YFCC.format(lon="-122.4", lat="37.8") + "\n" + YFCC.format(lon="", lat="") + "\n"
    data = make(tmp_path, text, photos=("5133463568.jpg",), name="yfcc4k.txt")
    with pytest.raises(InputError, match=r"yfcc4k\.txt:2: latitude: got ''"):
        load_benchmark("yfcc4k", data)


def test_coords_without_a_header_count_photos_from_zero(tmp_path):
    text = "48.85,2.35\n-33.9,151.2\n"
    data = make(tmp_path, text, photos=("0.png", "1.png"), name="coords.csv")
    samples = load_benchmark("google_streetview", data).samples
    assert [s.image_path.name for s in samples] == ["0.png", "1.png"]
    assert [s.truth.lat for s in samples] == [48.85, -33.9]


def test_scene_and_author_of_the_places365_table(tmp_path):
    rows = "a.jpg,x@N00,1,100,0\nb.jpg,x@N00,1,100,1\nc.jpg,,2,101,2\n"
    text = "IMG_ID,AUTHOR,LAT,LON,S3_Label\n" + rows
    data = make(tmp_path, text, photos=("a.jpg", "b.jpg", "c.jpg"))
    bench = load_benchmark("im2gps3k", data)
    assert [s.groups["scene"] for s in bench.samples] == ["indoor", "natural", "urban"]
    assert [s.author for s in bench.samples] == ["x@N00", "x@N00", None]
    assert "author" not in bench.samples[0].groups


def test_repeats_are_counted_and_contradictions_refused(tmp_path):
    text = "id,lat,lon\na,1,100\nb,1,100\na,1,100\nc,3,120\n"
    data = make(tmp_path, text, photos=("a.png", "b.png", "c.png"))
    photo(data / "test" / "img" / "c.png", colour=0)  # the same bytes as a.png
    bench = load_benchmark("gws15k", data)
    counts = (bench.num_repeated_rows, bench.num_repeated_points, bench.num_repeated_images)
    assert (len(bench.samples), *counts) == (3, 1, 2, 2)
    assert bench.sentences() == [
        "gws15k: 3 samples from labels.csv",
        "1 repeated rows left out",
        "2 share coordinates",
        "2 share a photo's bytes",
        "sha256 " + hashlib.sha256(text.encode()).hexdigest(),
    ]
    (data / "test" / "label" / "labels.csv").write_text("id,lat,lon\na,1,100\na,1,100.5\n")
    with pytest.raises(InputError, match=r"labels\.csv:3: id 'a' stands at .*csv:2"):
        load_benchmark("gws15k", data)


def test_two_photos_of_one_name_are_no_guess(tmp_path):
    data = make(tmp_path, "id,lat,lon\na,1,100\nb,1,101\n", photos=("x/a.jpg", "y/a.jpg", "b.jpg"))
    first, second = load_benchmark("gws15k", data).samples
    assert "2 photos are called 'a'" in first.fault
    assert second.fault is None


def test_an_id_never_leaves_the_image_folder(tmp_path):
    photo(tmp_path / "secret.jpg")
    data = make(tmp_path, "id,lat,lon\n../../secret.jpg,1,100\nb,1,101\n", photos=("b.jpg",))
    assert load_benchmark("gws15k", data).samples[0].fault is not None


def test_columns_may_be_named(tmp_path):
    data = make(tmp_path, "who,first,second\na,100,1\n", photos=("a.jpg",))
    with pytest.raises(InputError, match="must have an id, a latitude"):
        load_benchmark("gws15k", data)
    named = {"id": "who", "gt_lat": "second", "gt_lon": "first"}
    (sample,) = load_benchmark("gws15k", data, columns=named).samples
    assert sample.truth == LatLon(1, 100)
    with pytest.raises(InputError, match="--columns: got it with folder"):
        load_benchmark("folder", data, columns=named)


EUROPE = [
    *((52.5, 13.4), (51.5, -0.1), (53.3, -6.3), (55.9, -3.2), (59.3, 18.1), (60.2, 24.9)),
    *((48.2, 16.4), (47.5, 19.0), (50.1, 14.4), (44.8, 20.5), (45.8, 16.0), (55.7, 12.6)),
    *((43.3, 5.4), (45.8, 4.8), (47.2, -1.6), (48.9, 2.3), (50.6, 3.1), (43.6, 1.4)),
]


@pytest.mark.parametrize(
    ("points", "is_exchanged"),
    [
        (EUROPE, False),
        ([(lon, lat) for lat, lon in EUROPE], True),
        ([(51.5, -0.1)] * 5, False),  # London
        ([(-0.1, 51.5)] * 5, True),  # in the Indian Ocean, 700 km from land
        ([(0.0, 0.0)], False),  # the Gulf of Guinea, whichever way round
        ([(23.4, 25.7)], False),  # the Sahara; exchanged it is the Sahara still
        ([(30.0, 31.2), (33.5, 36.3)], False),  # Cairo and Damascus are plausible both ways
        ([(10.0, 170.0), (51.5, -0.1)], False),  # beyond 90 degrees east: no exchange is possible
    ],
)
def test_plausibility(points, is_exchanged):
    lat, lon = np.array(points, dtype=np.float64).T
    assert looks_exchanged(lat, lon) is is_exchanged


def test_exchanged_header_within_90_degrees_is_refused(tmp_path):
    rows = "".join(f"{i},{lat},{lon}\n" for i, (lat, lon) in enumerate(EUROPE))
    photos = tuple(f"{i}.jpg" for i in range(len(EUROPE)))
    data = make(tmp_path, "IMG_ID,LAT,LON\n" + rows, photos=photos)
    assert len(load_benchmark("im2gps3k", data).samples) == len(EUROPE)
    (data / "test" / "label" / "labels.csv").write_text("IMG_ID,LON,LAT\n" + rows)
    with pytest.raises(InputError, match="look swapped; mend the header") as caught:
        load_benchmark("im2gps3k", data)
    assert "\n" not in str(caught.value)


def test_a_folder_with_an_exchanged_table_is_refused(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        photo(tmp_path / name)
    table = tmp_path / "labels.csv"
    table.write_text("file,lat,lon\na.jpg,51.5,-0.1\nb.jpg,51.6,-0.2\n")
    assert len(load_benchmark("folder", tmp_path).samples) == 2
    table.write_text("file,lon,lat\na.jpg,51.5,-0.1\nb.jpg,51.6,-0.2\n")
    with pytest.raises(InputError, match="look swapped; mend the header"):
        load_benchmark("folder", tmp_path)


@pytest.mark.real_data
@pytest.mark.parametrize("within", [180.0, 90.0], ids=["all", "within 90 degrees"])
def test_the_real_file_passes_and_is_refused_with_its_header_swapped(real_data, tmp_path, within):
    with (real_data / "benchmarks" / "im2gps3k_places365.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if abs(float(row["LON"])) <= within]
    photo(tmp_path / "test" / "img" / rows[0]["IMG_ID"])
    label = tmp_path / "test" / "label" / "im2gps3k.csv"
    label.parent.mkdir()
    for header, is_right in (("IMG_ID,LAT,LON", True), ("IMG_ID,LON,LAT", False)):
        body = "".join(f"{row['IMG_ID']},{row['LAT']},{row['LON']}\n" for row in rows)
        label.write_text(f"{header}\n{body}")
        if is_right:
            assert len(load_benchmark("im2gps3k", tmp_path).samples) == len(rows)
        else:
            with pytest.raises(InputError, match="look swapped"):
                load_benchmark("im2gps3k", tmp_path)
