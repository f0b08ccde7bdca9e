"""Benchmarks: layouts that load with no edit, faults of one photo, faults of the data."""

import hashlib
import json
import shutil

import pytest
from PIL import Image

from gre.data.images import load_image
from gre.errors import InputError
from gre.evaluation.benchmarks.loading import BENCHMARKS, load_benchmark
from gre.geo.latlon import LatLon


def _photo(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 24), (120, 90, 60)).save(path)


def _record(i, **extra):
    return {
        "sample_id": f"s{i}",
        "image_path": f"images/{i}.jpg",
        "gt_cot": ["a sign", "a road"],
        "gt_lat": 10.0 + i,
        "gt_lon": -20.0,
        **extra,
    }


def _greval(folder, records, *, photos=None):
    for i in range(len(records)) if photos is None else photos:
        _photo(folder / "imgs" / f"{i}.jpg")
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "greval_bench.json").write_text(json.dumps(records))
    return folder


def test_greval_bench_with_groups_and_hash(tmp_path):
    records = [
        _record(0, seen=True, scene="harbour", country="Peru", continent="South America"),
        _record(1, seen=False, scene="harbour", city="Lima"),
    ]
    data = _greval(tmp_path / "bench", records)
    bench = load_benchmark("greval_bench", data)
    assert [sample.id for sample in bench.samples] == ["s0", "s1"]
    assert bench.samples[0].truth == LatLon(10.0, -20.0)
    assert dict(bench.samples[0].groups) == {
        "seen": "yes",
        "scene": "harbour",
        "country": "Peru",
        "continent": "South America",
    }
    assert dict(bench.samples[1].groups) == {"seen": "no", "scene": "harbour"}
    raw = (data / "greval_bench.json").read_bytes()
    assert bench.data_sha256 == hashlib.sha256(raw).hexdigest()
    assert bench.oracle is None
    for sample in bench.samples:
        load_image(sample.image_path)


def test_test_folder_and_json_lines_are_found(tmp_path):
    folder = _greval(tmp_path / "data" / "test", [_record(0)])
    text = json.dumps(_record(0)) + "\n"
    (folder / "greval_bench.json").rename(folder / "greval_bench.jsonl").write_text(text)
    assert len(load_benchmark("greval_bench", tmp_path / "data").samples) == 1


def test_one_missing_photo_fails_its_sample_alone(tmp_path):
    data = _greval(tmp_path / "bench", [_record(0), _record(1), _record(2)], photos=[0, 2])
    bench = load_benchmark("greval_bench", data)
    faults = [sample.fault for sample in bench.samples]
    assert [fault is None for fault in faults] == [True, False, True]
    assert "1.jpg" in faults[1]
    assert "\n" not in faults[1]
    assert bench.samples[1].truth == LatLon(11.0, -20.0)


def test_a_photo_outside_its_folders_is_never_opened(tmp_path):
    _photo(tmp_path / "secret.jpg")
    records = [_record(0), _record(1, image_path="../secret.jpg")]
    bench = load_benchmark("greval_bench", _greval(tmp_path / "bench", records))
    assert "secret" in bench.samples[1].fault
    assert not bench.samples[1].image_path.exists()


def test_oracle_is_read_and_checked(tmp_path):
    data = _greval(tmp_path / "bench", [_record(0), _record(1)])
    oracle = data / "oracle.jsonl"
    oracle.write_text('{"id": "s0", "lat": 1, "lon": 2}\n{"id": "s1", "lat": 3, "lon": 4}\n')
    assert load_benchmark("greval_bench", data).oracle == {"s0": LatLon(1, 2), "s1": LatLon(3, 4)}
    oracle.write_text('{"id": "other", "lat": 1, "lon": 2}\n')
    with pytest.raises(InputError, match="'other' is not in the benchmark"):
        load_benchmark("greval_bench", data)


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([_record(0, gt_lat=91.0)], "gt_lat"),
        ([_record(0, gt_lon="nan")], "gt_lon"),
        ([_record(0), _record(0)], "unique"),
        ([], "no records"),
    ],
)
def test_wrong_records_are_one_line(tmp_path, records, words):
    with pytest.raises(InputError, match=words) as caught:
        load_benchmark("greval_bench", _greval(tmp_path / "bench", records))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("layout", ["test/{}", "{}"])
@pytest.mark.parametrize("header", ["IMG_ID,AUTHOR,LAT,LON", "id,user,latitude,lng"])
def test_im2gps3k_layout(tmp_path, layout, header):
    for name in ("a.jpg", "b.png"):
        _photo(tmp_path / layout.format("img") / name)
    label = tmp_path / layout.format("label")
    label.mkdir(parents=True)
    rows = "a.jpg,x,48.85,2.35\nb,y,-33.9,151.2\nc.jpg,y,-33.9,151.2\n"
    (label / "im2gps3k.csv").write_text(f"{header}\n{rows}")
    bench = load_benchmark("im2gps3k", tmp_path)
    assert [sample.id for sample in bench.samples] == ["a.jpg", "b", "c.jpg"]
    assert bench.samples[1].image_path.name == "b.png"
    assert bench.samples[2].fault is not None
    assert bench.num_repeated_points == 2


@pytest.mark.real_data
def test_real_im2gps3k_truth(real_data, tmp_path):
    label = tmp_path / "test" / "label"
    label.mkdir(parents=True)
    shutil.copy(real_data / "benchmarks" / "im2gps3k_places365.csv", label)
    name = "1000269685_e60e9cdfb4_1125_78841376@N00.jpg"
    _photo(tmp_path / "test" / "img" / name)
    bench = load_benchmark("im2gps3k", tmp_path)
    # 2,997 rows, of which 1,056 repeat coordinates that came before
    assert len(bench.samples) == 2997
    num_distinct = len({sample.truth for sample in bench.samples})
    assert 2997 - num_distinct == 1056
    assert bench.samples[0].id == name
    assert bench.samples[0].truth == LatLon(32.325436, -64.764404)


def test_swapped_header_is_caught(tmp_path):
    (tmp_path / "img").mkdir()
    (tmp_path / "truth.csv").write_text("IMG_ID,LAT,LON\na,151.2,-33.9\nb,2.3,48.9\n")
    with pytest.raises(InputError, match="look swapped"):
        load_benchmark("im2gps3k", tmp_path)


@pytest.mark.parametrize("names", [[], ["a.csv", "b.csv"]])
def test_exactly_one_table(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("IMG_ID,LAT,LON\na,1,2\n")
    with pytest.raises(InputError, match="exactly one CSV"):
        load_benchmark("im2gps3k", tmp_path)


@pytest.mark.real_data
@pytest.mark.parametrize(("folder", "count"), [("arezzo", 9), ("osv5m", 8)])
def test_folders_of_real_photos(real_data, folder, count):
    bench = load_benchmark("folder", real_data / "photos" / folder)
    assert len(bench.samples) == count
    assert load_benchmark("folder", real_data / "photos" / folder, limit=3).num_total == count


@pytest.mark.real_data
def test_folder_without_a_table_reads_exif(real_data, tmp_path):
    for photo in (real_data / "photos" / "arezzo").glob("*.jpg"):
        shutil.copy(photo, tmp_path)
    _photo(tmp_path / "no_position.png")
    bench = load_benchmark("folder", tmp_path)
    assert len(bench.samples) == 9
    assert bench.samples[0].truth.lat == pytest.approx(43.467448, abs=1e-5)


def test_folder_without_positions(tmp_path):
    _photo(tmp_path / "a.png")
    with pytest.raises(InputError, match="no photo has a position"):
        load_benchmark("folder", tmp_path)


def test_hash_follows_the_truth_and_limit_the_order(tmp_path):
    data = _greval(tmp_path / "bench", [_record(0), _record(1), _record(2)])
    whole, part = (
        load_benchmark("greval_bench", data),
        load_benchmark("greval_bench", data, limit=2),
    )
    assert part.samples == whole.samples[:2]
    assert (part.num_total, part.data_sha256) == (3, whole.data_sha256)
    assert part.ids_sha256 != whole.ids_sha256


@pytest.mark.parametrize(
    ("name", "folder", "limit", "words"),
    [
        ("imagenet", ".", None, "must be one of greval_bench"),
        ("greval_bench", "missing", None, "no such folder.*; gre pull GREval-Bench fetches it"),
        ("im2gps3k", "missing", None, r'no such folder.*; see "Where the data is" in eval/eval.md'),
        ("folder", "missing", None, "no such folder.*; name a folder of photos"),
        ("greval_bench", ".", 0, "must be at least 1"),
        ("greval_bench", ".", None, "no greval_bench.json"),
    ],
)
def test_wrong_requests_are_one_line(tmp_path, name, folder, limit, words):
    with pytest.raises(InputError, match=words) as caught:
        load_benchmark(name, tmp_path / folder, limit=limit)
    assert "\n" not in str(caught.value)


def test_when_no_photo_can_be_used_nothing_starts(tmp_path):
    data = _greval(tmp_path / "bench", [_record(0), _record(1)], photos=[])
    with pytest.raises(InputError, match="no image of greval_bench can be used"):
        load_benchmark("greval_bench", data)


def test_every_benchmark_is_documented(request):
    text = (request.config.rootpath / "eval" / "eval.md").read_text(encoding="utf-8")
    assert "### Where the data is" in text  # messages name it
    for name in BENCHMARKS:
        assert f"`{name}`" in text
