"""`gre score`: real truth with constant guesses, joins, protocols, and refusals."""

import csv
import json
import logging
import math
import time
from collections.abc import Iterator

import pytest

from gre.errors import InputError
from gre.evaluation.score import score_file
from gre.evaluation.tables.columns import parse_columns
from gre.metrics import Protocol

KM_PER_DEGREE = 6371.0 * math.pi / 180  # 111.19 km along a meridian


def _write(path, rows, header="id,gt_lat,gt_lon,pred_lat,pred_lon"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("lat", "lon", "percent"),
    [
        (48.8566, 2.3522, [0.57, 2.64, 2.80, 13.25, 35.44]),
        (40.7128, -74.0060, [0.37, 3.70, 5.17, 9.78, 16.98]),
    ],
    ids=["Paris", "New York"],
)
def test_constant_guess_on_im2gps3k(real_data, tmp_path, lat, lon, percent):
    truth = real_data / "benchmarks" / "im2gps3k_places365.csv"
    with truth.open(newline="") as file:
        ids = [row["IMG_ID"] for row in csv.DictReader(file)]
    guesses = _write(tmp_path / "p.csv", [f"{i},{lat},{lon}" for i in ids], "IMG_ID,LAT,LON")
    summary = score_file(guesses, truth=truth)
    assert summary.n == summary.n_readable == 2997
    assert [round(value, 2) for value in summary.accuracy.values()] == percent


def test_errors_along_a_meridian(tmp_path):
    rows = ["a,0,0,0.1,0", "b,10,5,11,5", "c,-20,0,-20,0", "d,0,0,,", "e,0,0,nan,3", "f,0,0,91,0"]
    summary = score_file(_write(tmp_path / "p.csv", rows))
    assert (summary.n, summary.n_readable) == (6, 3)
    assert dict(summary.hits) == {"1": 1, "25": 2, "200": 3, "750": 3, "2500": 3}
    assert summary.mean_km == pytest.approx(1.1 * KM_PER_DEGREE / 3)
    assert summary.median_km == pytest.approx(0.1 * KM_PER_DEGREE)


def test_out_of_range_predictions_are_said(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        score_file(_write(tmp_path / "p.csv", ["a,0,0,1,1", "b,0,0,91,0"]))
    assert f"{tmp_path / 'p.csv'}:3" in caplog.text


@pytest.mark.parametrize(
    ("unreadable", "mean_km"),
    [("miss", 0.0), ("origin", 90 * KM_PER_DEGREE / 2), ("300", 150.0), ("drop", 0.0)],
)
def test_unreadable_rules_reach_the_mean(tmp_path, unreadable, mean_km):
    path = _write(tmp_path / "p.csv", ["a,1,2,1,2", "b,0,90,,"])
    summary = score_file(path, protocol=Protocol(unreadable=unreadable))
    assert summary.mean_km == pytest.approx(mean_km)


def test_geodesic_is_longer_than_the_sphere_along_the_equator(tmp_path):
    # one degree of the WGS84 equator: 6378.137 * pi / 180 = 111.3195 km
    path = _write(tmp_path / "p.csv", ["a,0,0,0,1", "b,0,0,,"])
    assert score_file(path, protocol=Protocol(distance="geodesic")).mean_km == pytest.approx(
        111.3195, abs=1e-4
    )
    assert score_file(path).mean_km == pytest.approx(111.1949, abs=1e-4)


@pytest.mark.parametrize(
    "header",
    [
        "id,gt_lat,gt_lon,pred_lat,pred_lon",
        "IMG_ID,lat_true,lon_true,lat_pred,lon_pred",
        "image,Latitude,Longitude,Predicted Latitude,Predicted Longitude",
        "file,gt_lat,gt_lng,lat,lng",
        "filename,true_latitude,true_longitude,guess_lat,guess_lon",
        "sample_id,ground_truth_lat,ground_truth_lon,model_lat,model_long",
    ],
)
def test_usual_column_names_are_found(tmp_path, header):
    summary = score_file(_write(tmp_path / "p.csv", ["a,0,0,1,0"], header))
    assert summary.mean_km == pytest.approx(KM_PER_DEGREE)


def test_columns_can_be_named(tmp_path):
    path = _write(tmp_path / "p.csv", ["0,0,1,0,a"], "x1,x2,y1,y2,who")
    columns = parse_columns("gt_lat=x1,gt_lon=x2,pred_lat=y1,pred_lon=y2,id=who")
    assert score_file(path, columns=columns).mean_km == pytest.approx(KM_PER_DEGREE)


def test_join_ignores_order_and_formats(tmp_path):
    truth = _write(tmp_path / "t.csv", ["1,10,0", "2,20,0", "3,30,0"], "id,lat,lon")
    guesses = tmp_path / "p.jsonl"
    lines = [{"id": 3, "lat": 31, "lon": 0}, {"id": 1, "lat": 10, "lon": 0}, {"id": 2, "lat": None}]
    guesses.write_text("\n".join(map(json.dumps, lines)))
    summary = score_file(guesses, truth=truth)
    assert (summary.n, summary.n_readable) == (3, 2)
    assert summary.mean_km == pytest.approx(KM_PER_DEGREE / 2)


def test_run_folder_counts_samples_that_were_not_asked_apart(tmp_path):
    rows = [
        {"id": "a", "gt_lat": 0, "gt_lon": 0, "status": "ok", "lat": 1, "lon": 0},
        {"id": "b", "gt_lat": 0, "gt_lon": 0, "status": "failed", "lat": None, "lon": None},
        {"id": "c", "gt_lat": 0, "gt_lon": 0, "status": "error", "lat": None, "lon": None},
    ]
    (tmp_path / "predictions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    summary = score_file(tmp_path)
    assert (summary.n, summary.n_readable, summary.n_errors) == (2, 1, 1)
    assert summary.accuracy["200"] == 50.0


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        (["a,91,0,0,0"], None, "p.csv:2: gt_lat: got '91', must be a number in [-90, 90]"),
        (["a,0,0,0,0", "b,x,0,0,0"], None, "p.csv:3: gt_lat: got 'x'"),
        (["a,,0,0,0"], None, "gt_lat: got ''"),
        (["a,0,181,0,0"], None, "gt_lon: got '181', must be a number in [-180, 180]"),
        (["a,151.2,-33.9,0,0", "b,2.3,48.9,0,0"], None, "look swapped"),
        (["a,0,0,0,0", "b,0,0,0,0", "a,0,0,0,0"], None, "p.csv:4: id 'a' stands at"),
        (["a,0,0"], "id,lat,lon", "no columns of"),
        (["a,0,0,0,0"], "id,gt_lat,lat_gt,pred_lat,pred_lon", "both look like lat"),
    ],
)
def test_bad_input_is_one_line(tmp_path, rows, header, words):
    path = _write(tmp_path / "p.csv", rows, *([header] if header else []))
    with pytest.raises(InputError) as caught:
        score_file(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("guesses", "truth", "words"),
    [
        (["a,0,0"], ["a,0,0", "b,0,0"], "1 of 2 ids"),
        (["a,0,0", "b,0,0", "c,0,0"], ["a,0,0", "b,0,0"], "id 'c' is not in"),
        (["a,0,0", "a,0,0"], ["a,0,0"], "stands at"),
        (["a,0,0"], ["a,0,0", "a,1,1"], "stands at"),
        (["a,0,0", "b,0,0"], ["a,151,-33", "b,2,48"], "look swapped"),
    ],
)
def test_files_that_do_not_match(tmp_path, guesses, truth, words):
    one = _write(tmp_path / "p.csv", guesses, "id,lat,lon")
    two = _write(tmp_path / "t.csv", truth, "id,lat,lon")
    with pytest.raises(InputError, match=words):
        score_file(one, truth=two)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "must be role=name"),
        ("id=", "must be role=name"),
        ("id=a,id=b", "each role once"),
        ("latitude=x", "must be one of"),
        ("gt_lat=x", "together"),
    ],
)
def test_columns_option_is_checked(text, words):
    with pytest.raises(InputError, match=words):
        parse_columns(text)


def test_named_column_must_exist(tmp_path):
    path = _write(tmp_path / "p.csv", ["a,0,0,0,0"])
    for columns in ({"gt_lat": "x", "gt_lon": "y"}, {"id": "x"}):
        with pytest.raises(InputError, match="column"):
            score_file(path, columns=columns)


def many_points(num: int) -> Iterator[tuple[str, float, float]]:
    for i in range(num):
        lat, lon = (i * 7919 % 180_000_000) / 1e6 - 90, (i * 104_729 % 360_000_000) / 1e6 - 180
        yield f"img_{i:07d}.jpg", lat, lon


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("{},{:.6f},{:.6f},{:.6f},{:.6f}\n", 3.0),
        ('"{}",{:.6f},{:.6f},{:.6f},{:.6f}\n', 3.0),
        (
            '{{"id": "{}", "gt_lat": {:.6f}, "gt_lon": {:.6f}, "pred_lat": {:.6f}, "pred_lon": '
            "{:.6f}}}\n",
            4.5,
        ),
    ],
    ids=["plain", "quoted", "lines of JSON"],
)
def test_a_million_rows_take_seconds(tmp_path, line, seconds):
    path = tmp_path / "p"
    with path.open("w") as file:
        file.write("" if line.startswith("{{") else "id,gt_lat,gt_lon,pred_lat,pred_lon\n")
        for name, lat, lon in many_points(1_000_000):
            file.write(line.format(name, lat, lon, -lat, -lon))
    start = time.process_time()
    summary = score_file(path)
    assert time.process_time() - start <= seconds
    assert summary.n == 1_000_000


@pytest.mark.slow
def test_a_million_rows_are_joined_in_three_seconds(tmp_path):
    truth, guesses = tmp_path / "t.csv", tmp_path / "p.csv"
    with truth.open("w") as true_file, guesses.open("w") as file:
        true_file.write("id,lat,lon\n")
        file.write("id,pred_lat,pred_lon\n")
        for name, lat, lon in many_points(1_000_000):
            true_file.write(f"{name},{lat:.6f},{lon:.6f}\n")
            file.write(f"{name},{-lat:.6f},{-lon:.6f}\n")
    start = time.process_time()
    summary = score_file(guesses, truth=truth)
    assert time.process_time() - start <= 3.0
    assert summary.n == 1_000_000


def test_cells_that_are_no_numbers_are_said(tmp_path, caplog):
    path = tmp_path / "p.csv"
    path.write_text(
        "id,gt_lat,gt_lon,pred_lat,pred_lon\na,1,1,,\nb,1,1,nan,None\nc,1,1,48N,2.5\n"
        'd,1,1,"48,8",2\ne,1,1,1,1\n'
    )
    assert score_file(path).n_readable == 1
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{path}:4: pred_lat: got '48N', must be degrees as a decimal number, e.g. 48.8566, or"
        " empty; 2 such cells count as unreadable"
    )


def test_a_run_that_judges_reasoning_is_named(tmp_path):
    (tmp_path / "predictions.jsonl").write_text(
        '{"id": "a", "label": true, "verdict": null, "status": "ok"}\n'
    )
    with pytest.raises(InputError, match="judges reasoning and holds no points"):
        score_file(tmp_path)
