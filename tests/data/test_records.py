"""The published record kinds: sound files load unchanged, every fault is one line."""

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gre.data.jsonio import RecordError
from gre.data.records import (
    BenchRecord,
    CotRecord,
    JudgeRecord,
    SeedRecord,
    check_records,
    iter_records,
    read_bench,
    read_cot,
    read_judge,
    read_seed,
    split_steps,
)
from gre.errors import InputError
from gre.geo.latlon import LatLon

# As published in the upstream README and its benchmark page, placeholders filled.
SOUND: dict[str, dict[str, Any]] = {
    "cot": {
        "image": "images/a.jpg",
        "conversations": [
            {"from": "human", "value": "<image>\nWhere is this?"},
            {"from": "gpt", "value": "<think> A canal. </think> <answer> 45.4, 12.3 </answer>"},
        ],
        "gt_lat": 45.438,
        "gt_lon": 12.327,
    },
    "judge": {
        "image": "images/a.jpg",
        "conversations": [
            {"from": "human", "value": "<image>\nIs the reasoning right?"},
            {"from": "gpt", "value": "False"},
        ],
        "predicted_cot": "1. A canal // 2. Amsterdam",
        "predicted_answer": "52.37, 4.9",
        "gt_lat": 45.438,
        "gt_lon": 12.327,
    },
    "seed": {
        "image": "images/a.jpg",
        "instructions": "Where is this?",
        "gt_lat": 45.438,
        "gt_lon": 12.327,
    },
    "bench": {
        "sample_id": "venice-1",
        "image_path": "imgs/a.jpg",
        "gt_cot": "1. A canal. // 2. A gondola.\n3. Venice.",
        "gt_lat": 45.438,
        "gt_lon": 12.327,
    },
}
READERS = {"cot": read_cot, "judge": read_judge, "seed": read_seed, "bench": read_bench}
KINDS = sorted(SOUND)


def write(folder: Path, records: object, *, name: str = "data.json", lines: bool = False) -> Path:
    (folder / "imgs").mkdir(exist_ok=True)
    (folder / "imgs" / "a.jpg").write_bytes(b"x")
    path = folder / name
    if lines:
        assert isinstance(records, list)
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    else:
        path.write_text(json.dumps(records, indent=1))
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["data.json", "data.jsonl", "data"])
@pytest.mark.parametrize("lines", [False, True])
def test_array_and_lines_load_the_same_whatever_the_suffix(tmp_path, kind, name, lines):
    second = {**SOUND[kind], "sample_id": "second"}
    path = write(tmp_path, [SOUND[kind], second], name=name, lines=lines)
    records = READERS[kind](path)
    assert [record.place.index for record in records] == [0, 1]
    assert records[1].id == "second"
    assert records[0].truth == LatLon(45.438, 12.327)
    assert records[0].image_path == (tmp_path / "imgs" / "a.jpg").resolve()
    assert records[0].extra == {}
    if lines:
        assert [record.place.line for record in records] == [1, 2]


def test_cot(tmp_path):
    (record,) = read_cot(write(tmp_path, [SOUND["cot"]]))
    assert isinstance(record, CotRecord)
    assert record.id == "0"
    assert record.image == "images/a.jpg"
    assert record.question == "Where is this?"
    assert record.answer == "<think> A canal. </think> <answer> 45.4, 12.3 </answer>"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("True", True),
        ("False", False),
        ("Truth", True),
        ("TRUE", True),
        ("false", False),
        ("<think> no </think> <answer> False </answer>", False),
    ],
)
def test_judge(tmp_path, text, label):
    written = copy.deepcopy(SOUND["judge"])
    written["conversations"][1]["value"] = text
    (record,) = read_judge(write(tmp_path, [written]))
    assert isinstance(record, JudgeRecord)
    assert record.label is label
    assert record.instruction == "Is the reasoning right?"
    assert record.predicted_cot == "1. A canal // 2. Amsterdam"
    assert record.predicted_answer == "52.37, 4.9"


def test_judge_answer_may_be_empty_when_the_chain_holds_it(tmp_path):
    (record,) = read_judge(write(tmp_path, [{**SOUND["judge"], "predicted_answer": ""}]))
    assert record.predicted_answer == ""


@pytest.mark.parametrize("text", ["Where is this?", "<image>\nWhere is this?"])
def test_seed(tmp_path, text):
    (record,) = read_seed(write(tmp_path, [{**SOUND["seed"], "instructions": text}]))
    assert isinstance(record, SeedRecord)
    assert record.instruction == "Where is this?"


def test_bench(tmp_path):
    (record,) = read_bench(write(tmp_path, [SOUND["bench"]]))
    assert isinstance(record, BenchRecord)
    assert record.id == "venice-1"
    assert record.gt_cot == ("1. A canal.", "2. A gondola.", "3. Venice.")
    assert record.scene is None
    assert record.indicators == ()


def test_bench_with_groups_and_listed_steps(tmp_path):
    more = {"gt_cot": ["one", "two"], "scene": "natural", "indicators": ["canal"], "seen": True}
    (record,) = read_bench(write(tmp_path, [{**SOUND["bench"], **more}]))
    assert record.gt_cot == ("one", "two")
    assert record.scene == "natural"
    assert record.indicators == ("canal",)
    assert record.extra == {"seen": True}


def test_bench_with_indicators_by_type(tmp_path):
    by_type = {"explicit": ["language", "symbolic"], "implicit": "climate"}
    (record,) = read_bench(write(tmp_path, [{**SOUND["bench"], "indicators": by_type}]))
    assert record.indicators == ("explicit: language", "explicit: symbolic", "implicit: climate")
    with pytest.raises(RecordError, match=r"indicators\.explicit\[0\]: got 5, must be text"):
        read_bench(write(tmp_path, [{**SOUND["bench"], "indicators": {"explicit": [5]}}]))


def test_steps_keep_addresses_whole():
    assert split_steps("see https://a.b // then\n\nend") == ("see https://a.b", "then", "end")


@pytest.mark.parametrize(
    ("own", "expected"),
    [({}, "0"), ({"id": "x"}, "x"), ({"id": 7}, "7"), ({"sample_id": "s"}, "s"), ({"id": 0}, "0")],
)
def test_identity(tmp_path, own, expected):
    (record,) = read_seed(write(tmp_path, [{**SOUND["seed"], **own}]))
    assert record.id == expected
    assert record.extra == {}


def change(record: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of the record with one place changed; value "DEL" takes it away."""
    changed = copy.deepcopy(record)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    target: Any = changed
    for step in way:
        target = target[step]
    if value == "DEL":
        del target[last]
    else:
        target[last] = value
    return changed


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("kind", "path", "value", "expected"),
    [
        ("cot", "gt_lat", 91.0, "field gt_lat: got 91.0, must be in [-90, 90]; fix the record"),
        ("cot", "gt_lat", -90.001, "field gt_lat: got -90.001, must be in [-90, 90]"),
        ("cot", "gt_lon", 180.5, "field gt_lon: got 180.5, must be in [-180, 180]"),
        ("cot", "gt_lat", NAN, "field gt_lat: got NaN, must be a finite number"),
        ("cot", "gt_lon", INF, "field gt_lon: got Infinity, must be a finite number"),
        ("cot", "gt_lon", 10**400, "field gt_lon: got 1000"),
        ("cot", "gt_lat", True, "field gt_lat: got true, must be a number"),
        ("cot", "gt_lat", "40.7", 'got "40.7", must be a number in [-90, 90]; write it without'),
        ("cot", "gt_lat", "nan", 'got "nan", must be a number in [-90, 90]; fix the record'),
        ("cot", "gt_lat", None, "field gt_lat: got null, must be a number"),
        ("cot", "gt_lat", [1], "field gt_lat: got a list of 1, must be a number"),
        ("cot", "gt_lat", "DEL", "field gt_lat: is missing, must be a number"),
        ("cot", "image", "DEL", "field image: is missing, must be text"),
        ("cot", "image", 5, "field image: got 5, must be text"),
        ("cot", "image", "", 'field image: got "", must not be empty'),
        ("cot", "image", "b.jpg", 'field image: got "b.jpg", must be an image file'),
        ("cot", "image", "../a.jpg", 'field image: got "../a.jpg", must be the name of a file'),
        ("cot", "conversations", "DEL", "field conversations: is missing"),
        ("cot", "conversations", {}, "field conversations: got an object, must be one human"),
        ("cot", "conversations", [], "field conversations: got a list of 0"),
        ("cot", "conversations.1", "DEL", "field conversations: got a list of 1"),
        ("cot", "conversations.0", "hi", 'field conversations[0]: got "hi", must be {"from"'),
        ("cot", "conversations.0.value", "DEL", "field conversations[0]: got an object, must be"),
        ("cot", "conversations.0.from", "gpt", 'conversations[0].from: got "gpt", must be "human"'),
        ("cot", "conversations.1.from", "user", 'conversations[1].from: got "user", must be "gpt"'),
        ("cot", "conversations.0.value", "Where?", "must begin with one <image>"),
        ("cot", "conversations.0.value", "<image>\n<image>\nx", "must begin with one <image>"),
        ("cot", "conversations.0.value", "<image>\n ", 'conversations[0].value: got "", must not'),
        ("cot", "conversations.1.value", " ", 'conversations[1].value: got " ", must not be'),
        ("cot", "conversations.1.value", 3, "field conversations[1].value: got 3, must be text"),
        ("cot", "conversations.1.value", "a <|image_pad|>", 'holds "<|image_pad|>", must be text'),
        ("cot", "conversations.1.value", "a \ud800", "holds half a character (\\ud800)"),
        ("judge", "conversations.1.value", "maybe", 'got "maybe", must be True or False'),
        ("judge", "predicted_cot", "", 'field predicted_cot: got "", must not be empty'),
        ("judge", "predicted_cot", "DEL", "field predicted_cot: is missing"),
        ("judge", "predicted_answer", "DEL", "field predicted_answer: is missing"),
        ("judge", "predicted_answer", [1, 2], "field predicted_answer: got a list of 2"),
        ("seed", "instructions", "DEL", "field instructions: is missing"),
        ("seed", "instructions", "Is <image> it?", "must hold <image> at its beginning alone"),
        ("seed", "instructions", "<image>\n", 'field instructions: got "", must not be empty'),
        ("bench", "image_path", "DEL", "field image_path: is missing"),
        ("bench", "gt_cot", "DEL", "field gt_cot: is missing, must be text or a list of texts"),
        ("bench", "gt_cot", ["a", 1], "field gt_cot[1]: got 1, must be text"),
        ("bench", "scene", 1, "field scene: got 1, must be text"),
        ("bench", "indicators", "x", 'field indicators: got "x", must be a list of texts'),
        ("bench", "sample_id", True, "field sample_id: got true, must be text or a whole number"),
        ("bench", "sample_id", "", 'field sample_id: got "", must be text or a whole number'),
    ],
)
def test_each_fault_is_one_line(tmp_path, kind, path, value, expected):
    good = {**SOUND[kind], "sample_id": "good"}
    file = write(tmp_path, [good, change(SOUND[kind], path, value)], lines=True)
    with pytest.raises(InputError) as error:
        READERS[kind](file)
    message = str(error.value)
    assert message.startswith(f"{file}:2: record 1, field ")
    assert expected in message
    assert "\n" not in message
    assert check_records(file, kind) == [message]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "the file is empty"),
        ("[]", "holds no records"),
        ("[3]", ":1: record 0: got 3, must be an object"),
        ("[null]", "record 0: got null, must be an object"),
        ("[[]]", "record 0: got a list of 0, must be an object"),
        ('"text"', "must be a JSON array of records or JSON Lines"),
        ("{}", ":1: record 0, field "),
        ('{"data": []}', ":1: record 0, field "),
        ("[{", "the text ends inside the record"),
        ("[" * 50_000, "nested too deep"),
        ('[{"image": ' + "[" * 50_000, "nested too deep"),
    ],
)
def test_files_that_hold_no_records(tmp_path, kind, content, expected):
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(InputError) as error:
        READERS[kind](path)
    assert expected in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert check_records(path, kind) == [str(error.value)]


def test_duplicate_ids_name_both_lines(tmp_path):
    first, second = ({**SOUND["seed"], "id": "x"} for _ in range(2))
    path = write(tmp_path, [first, SOUND["seed"], second], lines=True)
    with pytest.raises(InputError, match='field id: got "x", must be unique; record 0 on line 1'):
        read_seed(path)


def test_every_fault_is_collected_and_sound_records_kept(tmp_path):
    rows = [
        json.dumps(SOUND["seed"]),
        json.dumps({**SOUND["seed"], "gt_lat": 91}),
        '{"image": ',
        json.dumps(SOUND["seed"]),
    ]
    path = write(tmp_path, [])
    path.write_text("\n".join(rows))
    items = list(iter_records(path, "seed"))
    assert [isinstance(item, RecordError) for item in items] == [False, True, True, False]
    assert [fault.split(": record ")[0] for fault in check_records(path, "seed")] == [
        f"{path}:2",
        f"{path}:3",
    ]
    assert check_records(write(tmp_path, [SOUND["seed"]]), "seed") == []


def test_missing_file_is_one_fault(tmp_path):
    (fault,) = check_records(tmp_path / "absent.json", "cot")
    assert "no such file" in fault


def test_image_root(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "b.jpg").write_bytes(b"x")
    path = write(tmp_path / "set", [{**SOUND["seed"], "image": "b.jpg"}])
    (record,) = read_seed(path, image_root=tmp_path / "photos")
    assert record.image_path == (tmp_path / "photos" / "b.jpg").resolve()


def test_published_layout_loads_with_no_edit(tmp_path):
    for kind, name in [("cot", "gre_cot.json"), ("judge", "gre_judge.json")]:
        folder = tmp_path / "dataset" / f"gre_{kind}"
        folder.mkdir(parents=True)
        assert len(READERS[kind](write(folder, [SOUND[kind]], name=name))) == 1
    for name, lines in [("gre_seed.jsonl", True), ("gre_seed.json", False)]:
        folder = tmp_path / "dataset" / "gre_seed"
        folder.mkdir(parents=True, exist_ok=True)
        assert len(read_seed(write(folder, [SOUND["seed"]], name=name, lines=lines))) == 1
    folder = tmp_path / "benchmark" / "bench_data"
    folder.mkdir(parents=True)
    assert len(read_bench(write(folder, [SOUND["bench"]], name="GREval-Bench.json"))) == 1


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    lambda text: text.strip() and "<|" not in text and "<image>" not in text
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    question=texts,
    answer=texts,
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    note=st.none() | st.integers() | st.lists(st.booleans()),
    lines=st.booleans(),
)
def test_round_trip(tmp_path, question, answer, lat, lon, note, lines):
    turns = [{"from": "human", "value": f"<image>\n{question}"}, {"from": "gpt", "value": answer}]
    written = {
        **{"image": "images/a.jpg", "conversations": turns, "gt_lat": lat, "gt_lon": lon},
        "note": note,
    }
    (record,) = read_cot(write(tmp_path, [written], lines=lines))
    assert record.question == question.strip()
    assert record.answer == answer
    assert record.truth.as_tuple() == (lat, lon)
    assert record.extra == {"note": note}


def test_thirty_thousand_records_load_in_seconds(tmp_path):
    record = copy.deepcopy(SOUND["cot"])
    record["conversations"][1]["value"] = "1. The signs are in Italian. // 2. Red tiles. // " * 30
    path = write(tmp_path, [])
    path.write_text("[" + ",\n".join([json.dumps(record)] * 30_000) + "]")
    start = time.process_time()
    records = read_cot(path)
    elapsed_s = time.process_time() - start
    assert len(records) == 30_000
    assert records[-1].place.line == 30_000
    # 1.6 to 2.2 s were measured on one busy core, of which 1.0 s without looking for the images.
    assert elapsed_s < 6
