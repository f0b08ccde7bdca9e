"""Files of predictions and constants as models: scored like any other, no photo opened."""

import json
from pathlib import Path

import pytest

from gre.errors import InputError
from gre.evaluation.asking.once import AnswerError
from gre.evaluation.benchmarks.samples import Sample, make_benchmark
from gre.evaluation.predictors.base import FixedPredictor
from gre.evaluation.predictors.fixed import FilePredictor, answer_text, parse_constant
from gre.evaluation.runs.run import evaluate
from gre.geo.latlon import LatLon

SAMPLES = [
    Sample("a", Path("imgs/a.jpg"), LatLon(0.0, 0.0)),
    Sample("b", Path("imgs/b.jpg"), LatLon(10.0, 20.0)),
    Sample("c", Path("imgs/c.png"), LatLon(-33.0, 151.0)),
    Sample("d", Path("imgs/d.jpg"), LatLon(48.0, 2.0)),
]


def write(folder: Path, text: str, name: str = "preds.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "id,pred_lat,pred_lon\na,1.5,2.5\nb,,\nc,95,10\n",
        "filename,lat,lng\na.jpg,1.5,2.5\nb.jpg,,\nc.png,95,10\n",
        "IMG_ID\tlatitude\tlongitude\na\t1.5\t2.5\nb\tnan\t\nc\t95\t10\n",
        '{"id": "a", "text": "<answer> 1.5, 2.5 </answer>"}\n{"id": "b", "text": null}\n'
        '{"id": "c", "text": "<answer> 95, 10 </answer>"}\n',
        '{"id": "a", "lat": 0, "lon": 0, "gt_lat": 0, "gt_lon": 0, "status": "ok",'
        ' "text": "<answer> 1.5, 2.5 </answer>"}\n'
        '{"id": "b", "lat": null, "lon": null, "gt_lat": 10, "gt_lon": 20,'
        ' "status": "failed", "text": ""}\n{"id": "c", "lat": null, "lon": null,'
        ' "gt_lat": -33, "gt_lon": 151, "status": "failed", "text": "<answer> 95, 10 </answer>"}\n',
    ],
    ids=["csv", "names", "tsv", "texts", "run"],
)
def test_a_file_is_scored_and_a_missing_row_is_no_miss(tmp_path: Path, text: str) -> None:
    predictor = FilePredictor(write(tmp_path, text))
    assert isinstance(predictor, FixedPredictor)
    bench = make_benchmark("folder", tmp_path, SAMPLES)
    result = evaluate(bench, predictor, tmp_path / "run", batch_size=8)
    rows = [
        json.loads(line) for line in (tmp_path / "run/predictions.jsonl").read_text().splitlines()
    ]
    assert [row["status"] for row in rows] == ["ok", "failed", "failed", "error"]
    assert (rows[0]["lat"], rows[0]["lon"]) == (1.5, 2.5)
    assert rows[1]["reason"] == "no_answer"
    assert rows[2]["reason"] == "out_of_range"
    assert rows[3]["reason"] == "no_prediction"
    assert (result.summary.n, result.summary.n_errors) == (3, 1)
    assert "no_image" not in result.bounds
    assert result.notes[0] == "the rates cover 3 of 4 samples; 1 without an answer"


def test_the_same_file_again_is_the_same_run_and_another_is_refused(tmp_path: Path) -> None:
    bench = make_benchmark("folder", tmp_path, SAMPLES)
    path = write(tmp_path, "id,pred_lat,pred_lon\na,1,2\nb,1,2\nc,1,2\nd,1,2\n")
    first = evaluate(bench, FilePredictor(path), tmp_path / "run", batch_size=8)
    again = evaluate(bench, FilePredictor(path), tmp_path / "run", batch_size=8)
    assert again.summary.to_json() == first.summary.to_json()
    write(tmp_path, "id,pred_lat,pred_lon\na,9,9\nb,1,2\nc,1,2\nd,1,2\n")
    with pytest.raises(InputError, match="file_sha256 was"):
        evaluate(bench, FilePredictor(path), tmp_path / "run", batch_size=8)


def test_named_columns_are_used(tmp_path: Path) -> None:
    path = write(tmp_path, "key,y,x,lat,lon\na,1,2,8,9\n")
    predictor = FilePredictor(path, columns={"id": "key", "pred_lat": "y", "pred_lon": "x"})
    given = predictor.answer_samples(SAMPLES[:1])
    assert given["a"] == "<answer> 1, 2 </answer>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,pred_lat,pred_lon\na,1,2\na,1,3\n", "stands at"),
        ("id,score\na,1\n", "no predicted latitude and longitude"),
        ("lat,lon\n1,2\n", "no id column"),
        ("", "is empty"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        FilePredictor(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_ids_that_fit_no_sample_or_two_are_refused(tmp_path: Path) -> None:
    other = FilePredictor(write(tmp_path, "id,pred_lat,pred_lon\nx1,1,2\n"))
    with pytest.raises(InputError, match="none of its ids belongs to a sample"):
        other.answer_samples(SAMPLES)
    twins = [
        Sample("1/p", Path("1/p.jpg"), LatLon(0, 0)),
        Sample("2/p", Path("2/p.jpg"), LatLon(0, 0)),
    ]
    both = FilePredictor(write(tmp_path, "id,pred_lat,pred_lon\np,1,2\n"))
    with pytest.raises(InputError, match="fits 2 samples"):
        both.answer_samples(twins)


def test_a_row_of_a_sample_that_was_not_asked_stays_an_error(tmp_path: Path) -> None:
    text = "id,pred_lat,pred_lon,status\na,1,2,ok\nb,,,error\n"
    given = FilePredictor(write(tmp_path, text)).answer_samples(SAMPLES[:2])
    assert isinstance(given["b"], AnswerError)
    assert isinstance(given["a"], str)


@pytest.mark.parametrize(
    ("lat", "lon"), [(1e-7, -1e-9), (48.856613, 2.352222), (-89.99999999, 179.123456789012)]
)
def test_a_point_survives_its_text_exactly(lat: float, lon: float) -> None:
    from gre.answers import read_latlon

    for strict in (False, True):
        assert read_latlon(answer_text(lat, lon), strict=strict) == LatLon(lat, lon)


def test_a_constant_answers_everything_with_its_point(tmp_path: Path) -> None:
    predictor = parse_constant("0,0")
    bench = make_benchmark("folder", tmp_path, SAMPLES)
    result = evaluate(bench, predictor, tmp_path / "run", batch_size=8)
    # Of the four truths only the first lies within 1 km of (0, 0), and none but it within 750.
    assert result.summary.accuracy["1"] == result.summary.accuracy["750"] == 25.0
    assert result.summary.n_readable == 4


@pytest.mark.parametrize("text", ["", "48.8", "91,0", "0,181", "a,b", "1,2,3", "nan,0"])
def test_a_constant_that_is_no_point_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="must be latitude in"):
        parse_constant(text)
