"""Who goes to CoT, to Judge and to Seed, and that stages can read what is written."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gre.curation.replies import Rationale
from gre.curation.split import SplitSettings, SplitSummary, sort_replies, split
from gre.data.jsonio import RecordPlace
from gre.data.records import SeedRecord, read_cot, read_judge, read_seed
from gre.errors import InputError
from gre.geo.latlon import LatLon
from gre.prompts import JUDGE_INSTRUCTION
from tests.curation.making import save_photo

# Along a meridian one degree is 6371 π / 180 = 111.19 km: 6.7° are 745 km, 6.8° are 756 km.
NEAR, FAR = "6.7, 10.0", "6.8, 10.0"


def seed_of(tmp_path: Path, name: str) -> SeedRecord:
    return SeedRecord(
        id=name,
        image=f"images/{name}.jpg",
        image_path=save_photo(tmp_path / "imgs" / f"{name}.jpg", int(name), None),
        truth=LatLon(0.0, 10.0),
        place=RecordPlace(Path("seeds.jsonl"), int(name), 1),
        extra={"country": "Gabon", "source": f"trip/place_{name}.jpg"},
        instruction="Where?",
    )


def reply(name: str, answer: str, think: str = "1. Trees. // 2. Hills.") -> Rationale:
    return Rationale(name, f"<think> {think} </think> <answer> {answer} </answer>")


def make(
    tmp_path: Path, answers: list[str], **more: object
) -> tuple[list[SeedRecord], list[Rationale], SplitSettings]:
    seeds = [seed_of(tmp_path, str(number)) for number in range(len(answers))]
    replies = [reply(seed.id, answer) for seed, answer in zip(seeds, answers, strict=True)]
    return seeds, replies, SplitSettings(**more)  # type: ignore[arg-type]


def write(tmp_path: Path, answers: list[str], **more: object) -> tuple[Path, SplitSummary]:
    seeds, replies, settings = make(tmp_path, answers, **more)
    out = tmp_path / "dataset"
    summary = split(seeds, replies, settings, out, teacher="wise", license_name="cc0-1.0")
    return out, summary


def test_theta_divides_and_judge_is_balanced(tmp_path: Path) -> None:
    out, summary = write(tmp_path, [NEAR] * 6 + [FAR] * 2 + ["nowhere"])
    assert (summary.num_cot, summary.num_true, summary.num_false, summary.num_seeds) == (4, 2, 2, 1)
    assert summary.left_out == {"unreadable": 1}
    cot = read_cot(out / "gre_cot/gre_cot.json")
    judge = read_judge(out / "gre_judge/gre_judge.json")
    seeds = read_seed(out / "gre_seed/gre_seed.jsonl")
    ids = [record.id for record in (*cot, *judge, *seeds)]
    assert sorted(ids) == [str(number) for number in range(9)]  # each photo in one set
    assert {record.id for record in judge if not record.label} == {"6", "7"}
    assert seeds[0].id == "8"
    for record in (*cot, *judge, *seeds):
        assert record.extra["theta_km"] == 750.0
    assert cot[0].question == "Where?"
    assert cot[0].answer == (
        "<think> 1. Trees. // 2. Hills. </think> <answer> 6.700, 10.000 </answer>"
    )
    assert cot[0].extra["distance_km"] == pytest.approx(745.0, abs=0.1)
    assert judge[0].instruction.startswith(JUDGE_INSTRUCTION)
    assert judge[0].predicted_cot == "1. Trees. // 2. Hills."
    assert judge[0].predicted_cot in judge[0].instruction
    for name in ("gre_cot", "gre_judge", "gre_seed"):
        card = (out / name / "README.md").read_text()
        assert "license: cc0-1.0" in card
        assert "`wise`" in card


def test_theta_itself_is_within(tmp_path: Path) -> None:
    seeds, replies, _ = make(tmp_path, ["1, 10"])
    exact_km = 6371.0 * 3.141592653589793 / 180
    for theta_km, num in ((exact_km + 1e-9, 1), (exact_km - 1e-6, 0)):
        sets = sort_replies(seeds, replies, SplitSettings(theta_km=theta_km), rates=None)
        assert len(sets.cot) == num


def test_false_items_without_a_partner_stay_seeds(tmp_path: Path) -> None:
    seeds, replies, settings = make(tmp_path, [NEAR] * 4 + [FAR] * 5, max_true_share=0.5)
    sets = sort_replies(seeds, replies, settings, rates=None)
    assert tuple(map(len, (sets.cot, sets.judge_true, sets.judge_false, sets.seeds))) == (
        2,
        2,
        2,
        3,
    )
    assert [one.reason for one in sets.left_out] == ["surplus_false"] * 3


def test_order_of_replies_changes_nothing(tmp_path: Path) -> None:
    seeds, replies, settings = make(tmp_path, [NEAR] * 6 + [FAR] * 3)
    there = sort_replies(seeds, replies, settings, rates=None)
    back = sort_replies(seeds, replies[::-1], settings, rates=None)
    assert there == back


@pytest.mark.parametrize(
    ("text", "more", "reason"),
    [
        ("<answer> 1, 10 </answer>", {}, "no_reasoning"),
        ("<think> a <|im_end|> b </think> <answer> 1, 10 </answer>", {}, "control_token"),
        ("<think> an <image> of </think> <answer> 1, 10 </answer>", {}, "control_token"),
        ("<think> a \0 b </think> <answer> 1, 10 </answer>", {}, "control_token"),
        ("<think> a \x1b[2J b </think> <answer> 1, 10 </answer>", {}, "control_token"),
        ("<think> a \ud800 b </think> <answer> 1, 10 </answer>", {}, "control_token"),
        ("<think>" + 999_950 * "a" + "</think><answer>1, 10</answer>", {}, "control_token"),
        ("<think> The EXIF says so. </think> <answer> 1, 10 </answer>", {}, "leak"),
        ("<think> See place_0. </think> <answer> 1, 10 </answer>", {}, "leak"),
        (
            "<think> It is Paris, France. </think> <answer> 1, 10 </answer>",
            {"drops_contradictions": True},
            "contradiction",
        ),
        ("<think> Hm. </think> <answer> 95, 10 </answer>", {}, "unreadable"),
        ("", {}, "unreadable"),
    ],
)
def test_replies_that_teach_nothing(
    tmp_path: Path, text: str, more: dict[str, object], reason: str
) -> None:
    seeds, _, settings = make(tmp_path, [NEAR], **more)
    sets = sort_replies(seeds, [Rationale("0", text)], settings, rates=None)
    assert [one.reason for one in sets.left_out] == [reason]
    assert sets.seeds == seeds


def test_a_reply_that_no_reader_would_take_is_named_with_its_reason(tmp_path: Path) -> None:
    seeds, replies, settings = make(tmp_path, [NEAR] * 3)
    replies[1] = reply("1", NEAR, "A \x00 sign.")
    out = tmp_path / "dataset"
    split(seeds, replies, settings, out, teacher="wise", license_name="cc0-1.0")
    (gone,) = map(json.loads, (out / "left_out.jsonl").read_text().splitlines())
    assert (gone["source"], gone["reason"]) == ("1", "control_token")
    assert gone["detail"].startswith("the reply holds control character U+0000")
    assert [seed.id for seed in read_seed(out / "gre_seed/gre_seed.jsonl")] == ["1"]


def test_what_its_reader_refuses_is_not_written(tmp_path: Path) -> None:
    seeds, replies, settings = make(tmp_path, [NEAR] * 2)
    seeds = [replace(seed, instruction="Where \x07 is it?") for seed in seeds]  # as if unchecked
    out = tmp_path / "dataset"
    with pytest.raises(
        InputError, match=r"gre_cot\.json: record 0, field conversations\[0\]\.value"
    ):
        split(seeds, replies, settings, out, teacher="wise", license_name="cc0-1.0")
    assert not list(tmp_path.glob("dataset*"))


@pytest.mark.parametrize(
    "text",
    [
        "<think> The EXIF says so. </think> <answer> 1, 10 </answer>",
        "It is Paris, France, so <answer> 1, 10 </answer>",
        "It is Paris. \\boxed{1, 10}",
    ],
)
def test_filters_can_be_left_out_and_loose_layouts_are_read(tmp_path: Path, text: str) -> None:
    seeds, _, settings = make(tmp_path, [NEAR], drops_leaks=False, max_true_share=0)
    sets = sort_replies(seeds, [Rationale("0", text)], settings, rates=None)
    assert [one.point for one in sets.cot] == [LatLon(1, 10)]


def test_difficulty_keeps_seeds_between_two_rates(tmp_path: Path) -> None:
    seeds, _, settings = make(tmp_path, [NEAR] * 4, difficulty_min=0.1, difficulty_max=0.9)
    sets = sort_replies(seeds, [], settings, rates={"0": 0.0, "1": 0.1, "2": 1.0})
    assert [seed.id for seed in sets.seeds] == ["1"]
    assert [one.reason for one in sets.left_out] == ["difficulty", "difficulty", "no_rate"]


def test_a_reply_to_no_seed_and_a_full_folder_are_refused(tmp_path: Path) -> None:
    seeds, replies, settings = make(tmp_path, [NEAR] * 2)
    with pytest.raises(InputError, match="reply to '1': no such seed"):
        sort_replies(seeds[:1], replies, settings, rates=None)
    out, _ = write(tmp_path, [NEAR] * 2)
    before = sorted(out.rglob("*"))
    with pytest.raises(InputError, match="is not empty"):
        write(tmp_path, [NEAR] * 2)
    assert sorted(out.rglob("*")) == before


def test_nothing_within_theta_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no reply is within 750 km"):
        write(tmp_path, [FAR] * 2)
    assert not list(tmp_path.glob("dataset*"))


@pytest.mark.parametrize(
    "more",
    [
        {"theta_km": 0.0},
        {"theta_km": float("nan")},
        {"max_true_share": 1.5},
        {"difficulty_min": 0.9, "difficulty_max": 0.1},
    ],
)
def test_settings_out_of_range(more: dict[str, float]) -> None:
    with pytest.raises(InputError, match="must be"):
        SplitSettings(**more)  # type: ignore[arg-type]


def test_summary_tells_what_was_done(tmp_path: Path) -> None:
    out, summary = write(tmp_path, [NEAR] * 4 + [FAR])
    told = json.loads((out / "split.json").read_text())
    assert told["settings"]["theta_km"] == 750.0
    assert told["summary"]["num_cot"] == 3
    assert "3 CoT, 2 Judge (1 True, 1 False)" in summary.describe()
