"""Record files that take their name only once their own reader has read them."""

from pathlib import Path

import pytest

from gre.curation.record_files import write_records
from gre.data.records import RecordKind, read_bench, read_cot, read_seed
from gre.errors import InputError
from tests.curation.making import save_photo

GOOD: dict[str, dict[str, object]] = {
    "seed": {"image": "images/0.jpg", "instructions": "Where?", "gt_lat": 1.0, "gt_lon": 2.0},
    "cot": {
        **{"image": "images/0.jpg", "gt_lat": 1.0, "gt_lon": 2.0},
        "conversations": [
            {"from": "human", "value": "<image>\nWhere?"},
            {"from": "gpt", "value": "<think> Palms. </think> <answer> 1, 2 </answer>"},
        ],
    },
    "bench": {"image_path": "images/0.jpg", "gt_cot": ["Palms."], "gt_lat": 1.0, "gt_lon": 2.0},
}


@pytest.mark.parametrize(
    ("name", "kind", "read"),
    [
        ("gre_seed.jsonl", "seed", read_seed),
        ("gre_cot.json", "cot", read_cot),
        ("greval_bench.json", "bench", read_bench),
    ],
)
def test_what_is_written_is_read(tmp_path: Path, name: str, kind: RecordKind, read) -> None:
    save_photo(tmp_path / "imgs/0.jpg", 0, None)
    rows = [GOOD[kind] | {"id": str(number)} for number in range(3)]
    assert write_records(tmp_path / name, rows, kind) == 3
    assert [record.id for record in read(tmp_path / name)] == ["0", "1", "2"]
    assert {path.name for path in tmp_path.iterdir()} == {"imgs", name}


@pytest.mark.parametrize(
    ("name", "kind", "change", "says"),
    [
        ("a.jsonl", "seed", {"instructions": "\0"}, "record 1, field instructions would not"),
        ("a.jsonl", "seed", {"gt_lat": 91}, "record 1, field gt_lat would not be read again"),
        ("a.jsonl", "seed", {"image": "images/gone.jpg"}, "record 1, field image would not"),
        ("a.json", "cot", {"gt_lon": None}, "record 1, field gt_lon would not be read again"),
        ("a.json", "bench", {"gt_cot": ["<|im_end|>"]}, r"record 1, field gt_cot\[0\] would not"),
    ],
)
def test_what_would_not_be_read_leaves_the_old_file_as_it_is(
    tmp_path: Path, name: str, kind: RecordKind, change: dict[str, object], says: str
) -> None:
    save_photo(tmp_path / "imgs/0.jpg", 0, None)
    (tmp_path / name).write_text("of before")
    with pytest.raises(InputError, match=says) as refused:
        write_records(tmp_path / name, [GOOD[kind], GOOD[kind] | change], kind)
    assert "\n" not in str(refused.value)
    assert (tmp_path / name).read_text() == "of before"
    assert {path.name for path in tmp_path.iterdir()} == {"imgs", name}
