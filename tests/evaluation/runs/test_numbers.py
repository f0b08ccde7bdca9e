"""What a summary says beside the accuracies, against values worked out by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from gre.errors import InputError
from gre.evaluation.asking.once import Answer
from gre.evaluation.asking.run_folder import write_jsonl
from gre.evaluation.benchmarks.samples import Sample
from gre.evaluation.indicators import indicator_groups
from gre.evaluation.radii import read_further_radii
from gre.evaluation.runs.clusters import find_clusters
from gre.evaluation.runs.numbers import describe_numbers, further_numbers
from gre.evaluation.runs.rows import add_places, prediction_row
from gre.evaluation.runs.saved_run import read_predictions, summarize
from gre.geo.latlon import LatLon
from gre.metrics import RADII_KM, Protocol, with_radii

PARIS, LYON, BERLIN, LIMA = (48.857, 2.352), (45.76, 4.84), (52.52, 13.4), (-12.05, -77.04)


def tagged(point: tuple[float, float]) -> str:
    return f"<answer> {point[0]}, {point[1]} </answer>"


def sample(i: int, point: tuple[float, float], **more: object) -> Sample:
    return Sample(f"s{i}", Path(f"{i}.jpg"), LatLon(*point), **more)  # type: ignore[arg-type]


SAMPLES = [
    sample(0, PARIS, author="ann", indicators=("language", "climate")),
    sample(1, PARIS, author="ann", indicators=("explicit: iconic buildings",)),
    sample(2, LYON, author="bob", indicators=("a red roof",)),
    sample(3, BERLIN, groups={"continent": "Old World", "scene": "indoor"}),
    sample(4, LIMA),
    sample(5, LIMA),
]
ANSWERS = [
    Answer("s0", tagged(LYON)),  # right country, 392 km off
    Answer("s1", "I would say 48.857, 2.352"),  # exact, but no tags
    Answer("s2", tagged(BERLIN)),  # right continent
    Answer("s3", "I cannot tell."),
    Answer("s4", tagged(LIMA)),
    Answer("s5", None, "no reply in 9 s", "timeout"),
]


@pytest.fixture
def numbers(tmp_path):
    def compute(protocol: Protocol):
        rows = [
            prediction_row(one, answer, protocol)
            for one, answer in zip(SAMPLES, ANSWERS, strict=True)
        ]
        add_places(rows)
        write_jsonl(tmp_path / "p.jsonl", rows)
        predictions = read_predictions(tmp_path / "p.jsonl", protocol)
        return further_numbers(predictions, summarize(predictions, protocol), RADII_KM)

    return compute


def test_reasons_are_counted_apart(numbers):
    found = numbers(Protocol())
    assert sum(found["by_reason"].values()) == 1
    assert found["errors_by_reason"] == {"timeout": 1}


def test_what_is_said_at_the_console(numbers):
    lines = describe_numbers(numbers(Protocol()))
    assert [line.split(":")[0] for line in lines[:3]] == [
        "unreadable",
        "not asked",
        "answer tags only",
    ]
    # 2 of 5 within 1 km by the lenient reader, 1 of 5 by the strict one
    assert "3 readable, 1 km 20.00 %" in lines[2]
    assert lines[3] == "right country 60.00 %, right continent 80.00 %"
    assert len(lines) == 4  # too few clusters


def test_strict_reading_stands_beside_the_lenient_one(numbers):
    strict = numbers(Protocol())["strict"]
    assert (strict["n"], strict["n_readable"], strict["n_errors"]) == (5, 3, 1)
    assert strict["hits"]["1"] == 1  # Lima; the exact answer without tags is none
    assert sum(strict["by_reason"].values()) == 2


@pytest.mark.parametrize(("unreadable", "n"), [("miss", 5), ("drop", 4), ("origin", 5)])
def test_country_and_continent(numbers, unreadable, n):
    places = numbers(Protocol(unreadable=unreadable))["places"]
    # countries: France, France, (Germany for France), nothing, Peru; continents: 4 right
    assert (places["country"]["hits"], places["country"]["n"]) == (3, n)
    assert (places["continent"]["hits"], places["continent"]["n"]) == (4, n)
    assert places["country"]["accuracy"] == pytest.approx(100 * 3 / n)


def test_groups_of_data_gazetteer_and_indicators(numbers):
    groups = numbers(Protocol())["groups"]
    sizes = {
        name: {value: part["n"] for value, part in parts.items()} for name, parts in groups.items()
    }
    assert sizes["continent"] == {"Europe": 3, "Old World": 1, "South America": 1}
    assert sizes["country"] == {"France": 3, "Germany": 1, "Peru": 1}
    assert sizes["scene"] == {"indoor": 1}
    assert sizes["indicator"] == {"climate": 1, "iconic buildings": 1, "language": 1}
    assert sizes["indicator type"] == {"explicit": 2, "implicit": 1}
    assert groups["indicator type"]["explicit"]["hits"]["1"] == 1
    assert "author" not in sizes


@pytest.mark.parametrize(
    ("indicators", "groups"),
    [
        (("Language", " nature  Landmark "), {"language", "nature landmark", "explicit"}),
        (("implicit/climate",), {"climate", "implicit"}),
        (("explicit",), {"explicit"}),
        (("a palm tree", ""), set()),
    ],
)
def test_indicators_by_kind_and_type(indicators, groups):
    assert {value for _, value in indicator_groups(indicators)} == groups


def test_clusters_by_author_else_by_coordinate():
    points = [(float(i), 0.0) for i in range(40)]
    authors = [f"a{i % 20}" for i in range(38)] + [None, None]
    found = find_clusters(authors, points)
    assert (found.by, found.num, found.largest) == ("author", 22, 2)
    assert find_clusters([None] * 40, points) is None  # all independent
    doubled = find_clusters([None] * 80, points * 2)
    assert (doubled.by, doubled.num, doubled.largest) == ("coordinate", 40, 2)
    assert find_clusters(["a", "a", "b"], points[:3]) is None  # too few to draw again


def clustered(tmp_path, protocol):
    """60 photos by 20 authors: each author's three hit together, 10 authors hit; one is dropped."""
    rows = []
    for i in range(60):
        hit = (i // 3) % 2 == 0
        answer = tagged(PARIS if hit else LIMA) if i else "no idea"
        one = sample(i, PARIS, author=f"a{i // 3}")
        rows.append(prediction_row(one, Answer(f"s{i}", answer), protocol))
    write_jsonl(tmp_path / "p.jsonl", rows)
    predictions = read_predictions(tmp_path / "p.jsonl", protocol)
    return further_numbers(predictions, summarize(predictions, protocol), RADII_KM)


@pytest.mark.parametrize("unreadable", ["miss", "drop", "origin"])
def test_clustered_intervals_are_as_wide_as_twenty_samples(tmp_path, unreadable):
    found = clustered(tmp_path, Protocol(unreadable=unreadable))
    assert found["clusters"] == {"by": "author", "num": 20, "largest": 3}
    low, high = found["ci95_clustered"]["25"]
    # twenty coins: 1.96 sqrt(0.25 / 20) = 21.9 points either way, against 12.7 for sixty
    assert high - low == pytest.approx(2 * 21.9, abs=5)
    assert low < 29 / 0.6 < high
    assert found["places"] is None  # these rows were never held against the gazetteer
    assert found["median_km_ci95_clustered"][0] <= found["median_km_ci95_clustered"][1]


def test_further_radii():
    assert with_radii([5, 25, 0.5]) == (0.5, 1, 5, 25, 200, 750, 2500)
    assert read_further_radii("5, 100") == (1, 5, 25, 100, 200, 750, 2500)
    assert read_further_radii(None) == (1, 25, 200, 750, 2500)


@pytest.mark.parametrize("text", ["", "0", "-5", "five", "nan", "inf", "20017", "5,,6"])
def test_radii_that_cannot_be(text):
    with pytest.raises(InputError, match=r"--radii: got .* kilometres above 0"):
        read_further_radii(text)


def test_nan_is_no_number_of_the_summary(numbers):
    assert not any(
        isinstance(value, float) and math.isnan(value)
        for value in np.ravel([list(numbers(Protocol())["strict"]["accuracy"].values())])
    )
