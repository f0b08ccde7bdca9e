"""What the records say: answers, labels, coordinates, gold; and a clean copy of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gre.data.records import read_cot, read_seed
from gre.errors import InputError
from gre.preflight.coordinates import at_origin, report_coordinates, swapped_suspects
from gre.preflight.findings import Findings
from gre.preflight.quarantine import write_quarantine
from gre.preflight.records import (
    read_record_set,
    report_answers,
    report_gold,
    report_labels,
    report_records,
)
from gre.rewards import REWARDS

TOWNS = [(48.857, 2.352), (41.893, 12.483), (52.517, 13.389), (40.417, -3.703), (59.329, 18.069)]
"""Paris, Rome, Berlin, Madrid, Stockholm. The other way round three are at sea."""


def cot(lat: float, lon: float, answer: str | None = None, **more: Any) -> dict[str, Any]:
    said = answer if answer is not None else f"{lat}, {lon}"
    return {
        "image": "images/a.jpg",
        "conversations": [
            {"from": "human", "value": "<image>\nWhere?"},
            {"from": "gpt", "value": f"<think> A square. </think> <answer> {said} </answer>"},
        ],
        "gt_lat": lat,
        "gt_lon": lon,
        **more,
    }


def judge(label: str, predicted: str = "48.8, 2.3") -> dict[str, Any]:
    record = cot(48.857, 2.352, predicted_cot="A square", predicted_answer=predicted)
    record["conversations"][1]["value"] = label
    return record


def seed(lat: float, lon: float, image: str = "images/a.jpg") -> dict[str, Any]:
    return {"image": image, "instructions": "Where?", "gt_lat": lat, "gt_lon": lon}


@pytest.fixture
def put(tmp_path: Path):
    (tmp_path / "set/imgs").mkdir(parents=True)
    Image.new("RGB", (40, 40)).save(tmp_path / "set/imgs/a.jpg")

    def write(records: list[Any], *, lines: bool = False) -> Path:
        path = tmp_path / "set/records.json"
        text = "\n".join(map(json.dumps, records)) if lines else json.dumps(records)
        path.write_text(text)
        return path

    return write


def texts(findings: Findings, severity: str) -> str:
    return "\n".join(item.text for item in findings.items if item.severity == severity)


def test_faults_are_counted_by_field(put):
    bad = cot(1, 2) | {"gt_lat": 99}
    found = read_record_set(put([cot(1, 2), bad, bad, 7]), "cot", None)
    findings = Findings()
    report_records(found, findings, area="records")
    assert "2 of 4 records cannot be used: gt_lat" in texts(findings, "error")
    assert "1 of 4 records cannot be used: the record as a whole" in texts(findings, "error")
    assert len(found.records) == 1


def test_answers(put):
    records = [
        cot(48.857, 2.352),
        cot(48.857, 2.352, "nowhere"),
        cot(48.857, 2.352, "-33.9, 151.2"),
    ]
    findings = Findings()
    left_out = report_answers(read_cot(put(records)), findings)
    assert list(left_out) == [1]
    assert "1 of 3 answers cannot be read (no_answer 1)" in texts(findings, "warning")
    assert "1 answers are over 2500 km" in texts(findings, "warning")


def test_verdicts_are_answers_too(put):
    findings = Findings()
    assert report_answers(read_cot(put([cot(1, 2), cot(1, 2, "True")])), findings) == {}


def test_label_balance_and_exchanged_labels(put):
    near, far = "48.8, 2.3", "-33.9, 151.2"
    balanced = [judge("True", near), judge("False", far)] * 3
    found = read_record_set(put(balanced), "judge", None)
    findings = Findings()
    report_labels(found.records, findings)
    assert texts(findings, "warning") == ""
    exchanged = [judge("False", near), judge("True", far)] * 3
    findings = Findings()
    report_labels(read_record_set(put(exchanged), "judge", None).records, findings)
    assert "exchanged" in texts(findings, "warning")
    findings = Findings()
    report_labels(read_record_set(put([judge("True", near)] * 20), "judge", None).records, findings)
    assert "100.0% of 20 labels are True" in texts(findings, "warning")


def test_gold_earns_every_reward(put):
    records = read_seed(put([seed(*town) for town in TOWNS]))
    findings = Findings()
    rewards = {name: REWARDS[name] for name in ("geodesic", "format")}
    assert report_gold(records, rewards, findings, scale_km=1.0) == {}
    assert "5 gold answers earn 1" in texts(findings, "ok")


def test_gold_that_earns_nothing_is_an_error(put):
    records = read_seed(put([seed(*town) for town in TOWNS]))
    findings = Findings()
    failed = report_gold(records, {"judge": REWARDS["judge"]}, findings, scale_km=1.0)
    assert list(failed) == [0, 1, 2, 3, 4]
    assert findings.has_errors


def test_origin_and_swapped_columns(put):
    towns = TOWNS * 4
    assert swapped_suspects(read_seed(put([seed(*town) for town in towns]))) == []
    swapped = read_seed(put([seed(lon, lat) for lat, lon in towns]))
    assert len(swapped_suspects(swapped)) >= 5
    findings = Findings()
    report_coordinates(swapped, findings, area="coordinates")
    assert "swapped" in texts(findings, "warning")
    zero = read_seed(put([seed(0, 0), seed(0.0, 0.001)]))
    assert [record.place.index for record in at_origin(zero)] == [0]


@pytest.mark.parametrize("lines", [False, True])
def test_clean_copy_finds_the_same_images(put, tmp_path, lines):
    records = [seed(1, 2), seed(99, 2), seed(3, 4), seed(5, 6, "images/absent.jpg")]
    path = put(records, lines=lines)
    found = read_record_set(path, "seed", None)
    written = write_quarantine(found, {2: "its image leaks"}, tmp_path / "clean")
    assert (written.num_kept, written.num_left_out) == (1, 3)
    (kept,) = read_seed(written.file, image_root=written.image_root)
    assert kept.truth.as_tuple() == (1.0, 2.0)
    assert kept.image_path.samefile(tmp_path / "set/imgs/a.jpg")
    left = [json.loads(s) for s in (tmp_path / "clean/left_out.jsonl").read_text().splitlines()]
    assert [line["index"] for line in left] == [1, 2, 3]
    assert "gt_lat" in left[0]["reason"]
    assert left[1]["reason"] == "its image leaks"
    assert written.file.read_text().startswith("[") is not lines


def test_clean_copy_keeps_unknown_fields_and_half_characters(put, tmp_path):
    path = put([seed(1, 2) | {"note": {"who": "é", "odd": "\ud800"}}])
    written = write_quarantine(read_record_set(path, "seed", None), {}, tmp_path / "clean")
    (kept,) = read_seed(written.file, image_root=written.image_root)
    assert kept.extra == {"note": {"who": "é", "odd": "\ud800"}}


def test_images_of_two_folders_get_one_root(put, tmp_path):
    (tmp_path / "more").mkdir()
    Image.new("RGB", (40, 40), "red").save(tmp_path / "more/b.jpg")
    path = put([seed(1, 2), seed(3, 4, "b.jpg")])
    found = read_record_set(path, "seed", str(tmp_path / "more"))
    written = write_quarantine(found, {}, tmp_path / "clean")
    first, second = read_seed(written.file, image_root=written.image_root)
    assert (first.image_path.name, second.image_path.name) == ("a.jpg", "b.jpg")
    assert second.image_path.samefile(tmp_path / "more/b.jpg")


def test_nothing_is_written_where_nothing_is_left_or_the_folder_is_taken(put, tmp_path):
    found = read_record_set(put([seed(1, 2)]), "seed", None)
    with pytest.raises(InputError, match="no record"):
        write_quarantine(found, {0: "bad"}, tmp_path / "clean")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        write_quarantine(found, {}, tmp_path / "taken")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["set", "taken"]
