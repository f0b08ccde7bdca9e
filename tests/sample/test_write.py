"""A world on disk: published formats, the same bytes every time, nothing half-written."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from gre.data.records import check_records, read_bench, read_cot, read_judge, read_seed
from gre.errors import GreError, InputError
from gre.geo.distance import great_circle_km
from gre.sample import WorldSizes, write
from gre.sample.write import FOLDERS, write_sample_world

SIZES = WorldSizes(cot=24, judge=40, seed=10, val=8, test=20, judge_test=40, judge_val=24)
TINY = WorldSizes(cot=4, judge=0, seed=2, val=1, test=1, judge_test=0, judge_val=0)
RECORDS_OF_VERSION_4 = {
    "bench/judge_test/gre_judge.json": "b816b1d7bf38e113",
    "bench/test/greval_bench.json": "a5150919bc3972d6",
    "bench/test/oracle.jsonl": "f344ad949a502190",
    "bench/val/greval_bench.json": "fc80df9ccd148938",
    "bench/val/oracle.jsonl": "1c492b761c2f800e",
    "dataset/gre_cot/gre_cot.json": "7808fd660e0338d9",
    "dataset/gre_judge/gre_judge.json": "a37e562e476f0696",
    "dataset/gre_seed/gre_seed.jsonl": "19430605903f3797",
}
"""Start of the SHA-256 of each file of seed 7 and these sizes, as the fourth version wrote them."""


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "world"
    summary = write_sample_world(folder, seed=7, sizes=SIZES, workers=2, progress=False)
    assert summary.is_new
    assert summary.num_images == 166
    return folder


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def pictures(folder: Path, *splits: str) -> Iterator[Path]:
    for split in splits:
        yield from (folder / FOLDERS[split] / "imgs").iterdir()


def test_the_layout_is_the_published_one(world):
    files = {str(p.relative_to(world)) for p in world.rglob("*") if p.suffix in (".json", ".jsonl")}
    assert files == {
        "world.json",
        "dataset/gre_cot/gre_cot.json",
        "dataset/gre_judge/gre_judge.json",
        "dataset/gre_seed/gre_seed.jsonl",
        "bench/val/greval_bench.json",
        "bench/val/oracle.jsonl",
        "bench/test/greval_bench.json",
        "bench/test/oracle.jsonl",
        "bench/judge_test/gre_judge.json",
        "bench/judge_val/gre_judge.json",
    }
    counts = {split: len(list(pictures(world, split))) for split in FOLDERS}
    assert counts == {
        **{"cot": 24, "judge": 40, "seed": 10, "val": 8, "test": 20},
        **{"judge_test": 40, "judge_val": 24},
    }


def test_splits_of_a_seed_keep_the_bytes_of_version_4(world):
    assert write.VERSION == 4
    found = hashes(world)
    assert {name: found[name][:16] for name in RECORDS_OF_VERSION_4} == RECORDS_OF_VERSION_4


def test_the_newest_split_changes_no_other_file(world, tmp_path):
    sizes = replace(SIZES, judge_val=0)
    write_sample_world(tmp_path / "old", seed=7, sizes=sizes, workers=1, progress=False)

    def others(folder):
        named = hashes(folder).items()
        return {k: v for k, v in named if not k.startswith(("bench/judge_val", "world.json"))}

    assert others(tmp_path / "old") == others(world)


def test_one_worker_writes_the_same_bytes_as_two(world, tmp_path):
    again = tmp_path / "again"
    write_sample_world(again, seed=7, sizes=SIZES, workers=1, progress=False)
    assert hashes(again) == hashes(world)


def test_another_seed_gives_other_pictures(world, tmp_path):
    other = tmp_path / "other"
    write_sample_world(other, seed=8, sizes=TINY, workers=1, progress=False)
    assert not set(hashes(other).values()) & set(hashes(world).values())


def test_no_two_pictures_are_the_same(world):
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in pictures(world, *FOLDERS)]
    assert len(set(digests)) == 166


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("dataset/gre_cot/gre_cot.json", "cot"),
        ("dataset/gre_judge/gre_judge.json", "judge"),
        ("dataset/gre_seed/gre_seed.jsonl", "seed"),
        ("bench/val/greval_bench.json", "bench"),
        ("bench/test/greval_bench.json", "bench"),
        ("bench/judge_test/gre_judge.json", "judge"),
        ("bench/judge_val/gre_judge.json", "judge"),
    ],
)
def test_every_file_is_sound(world, file, kind):
    assert check_records(world / file, kind) == []


def test_records_hold_what_the_published_ones_hold(world):
    cot = read_cot(world / "dataset/gre_cot/gre_cot.json")
    assert len(cot) == 30  # 24 locate records are four fifths
    assert len({record.id for record in cot}) == 30
    assert sum(record.extra["kind"] == "judge" for record in cot) == 6
    judge = read_judge(world / "dataset/gre_judge/gre_judge.json")
    assert sum(record.label for record in judge) == 20
    for record in judge:
        assert record.predicted_cot in record.instruction
        assert record.predicted_answer in record.instruction
    seed = read_seed(world / "dataset/gre_seed/gre_seed.jsonl")
    assert len(seed) == 10


def test_bench_records_carry_their_groups(world):
    records = read_bench(world / "bench/test/greval_bench.json")
    assert [record.id for record in records] == [f"test-{i:05d}" for i in range(20)]
    assert sum(record.extra["seen"] is False for record in records) == 4
    for record in records:
        assert record.gt_cot
        assert record.scene in ("natural", "artificial landscape", "road traffic", "commercial")
        assert {"city", "country", "continent", "seen", "ambiguous"} <= set(record.extra)


def test_images_lie_where_the_records_find_them(world):
    for record in read_bench(world / "bench/val/greval_bench.json"):
        assert record.image.startswith("images/")
        with Image.open(record.image_path) as image:
            assert image.format == "JPEG"
            assert image.size in ((336, 252), (252, 336), (336, 336))


def test_no_point_is_shared_between_files(world):
    """World.json holds the truth of every scene, whatever file it is in."""
    scenes = json.loads((world / "world.json").read_text())["scenes"]
    points = [(scene["gt_lat"], scene["gt_lon"]) for scene in scenes.values()]
    assert len(points) == 166
    assert len(set(points)) == 166


def test_the_oracle_answers_every_bench_record(world):
    records = read_bench(world / "bench/test/greval_bench.json")
    lines = (world / "bench/test/oracle.jsonl").read_text().splitlines()
    guesses = [json.loads(line) for line in lines]
    assert [guess["id"] for guess in guesses] == [record.id for record in records]
    assert all(set(guess) == {"id", "lat", "lon"} for guess in guesses)
    centres = {
        (city["lat"], city["lon"])
        for city in json.loads((world / "world.json").read_text())["cities"].values()
        if city["seen"]
    }
    assert {(guess["lat"], guess["lon"]) for guess in guesses} <= centres


@pytest.mark.parametrize("split", ["judge_test", "judge_val"])
def test_judge_items_are_right_or_far_off(world, split):
    scenes = json.loads((world / "world.json").read_text())["scenes"]
    for record in read_judge(world / f"bench/{split}/gre_judge.json"):
        teller = scenes[record.extra["told_of"]]
        error_km = great_circle_km(
            record.truth, type(record.truth)(teller["gt_lat"], teller["gt_lon"])
        )
        assert error_km == 0.0 if record.label else error_km > 750.0


def test_the_same_world_is_not_drawn_again(world):
    before = hashes(world)
    summary = write_sample_world(world, seed=7, sizes=SIZES, progress=False)
    assert not summary.is_new
    assert "already there" in summary.describe()
    assert hashes(world) == before


def test_another_world_is_not_overwritten(world):
    with pytest.raises(InputError, match=r"holds another sample world [(]seed 7, not 8[)]"):
        write_sample_world(world, seed=8, sizes=SIZES, progress=False)
    with pytest.raises(InputError, match=r"holds another sample world [(]sizes"):
        write_sample_world(world, seed=7, sizes=TINY, progress=False)


def test_a_missing_picture_is_noticed(tmp_path):
    folder = tmp_path / "world"
    write_sample_world(folder, seed=7, sizes=TINY, workers=1, progress=False)
    next(pictures(folder, "cot")).unlink()
    with pytest.raises(InputError, match="holds 3 of 4 pictures; delete"):
        write_sample_world(folder, seed=7, sizes=TINY, progress=False)


@pytest.mark.parametrize("content", ["{}", "[1]", '{"format": "else"}', "{", "\xff"])
def test_a_folder_with_something_else_is_refused(tmp_path, content):
    (tmp_path / "world.json").write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match="is not empty and holds no sample world"):
        write_sample_world(tmp_path, sizes=TINY, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["world.json"]


def test_a_file_in_its_place_is_refused(tmp_path):
    (tmp_path / "world").write_text("mine")
    with pytest.raises(InputError, match="is a file; name a folder"):
        write_sample_world(tmp_path / "world", sizes=TINY, progress=False)


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "world").mkdir()
    assert write_sample_world(tmp_path / "world", sizes=TINY, workers=1, progress=False).is_new


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "_write_records", full_disk)
    with pytest.raises(GreError, match="No space left on device; choose another folder"):
        write_sample_world(tmp_path / "world", sizes=TINY, workers=1, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_build_is_begun_again(tmp_path):
    stale = tmp_path / "world.partial"
    stale.mkdir()
    (stale / "unfinished-sample-world").touch()
    (stale / "old.jpg").write_text("old")
    write_sample_world(tmp_path / "world", sizes=TINY, workers=1, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["world"]
    assert not (tmp_path / "world" / "old.jpg").exists()


def test_somebody_elses_partial_folder_is_left_alone(tmp_path):
    (tmp_path / "world.partial").mkdir()
    with pytest.raises(InputError, match="is in the way"):
        write_sample_world(tmp_path / "world", sizes=TINY, progress=False)
    assert (tmp_path / "world.partial").is_dir()


@pytest.mark.parametrize("workers", [0, -2])
def test_workers_below_one_are_refused(tmp_path, workers):
    with pytest.raises(InputError, match="workers: got"):
        write_sample_world(tmp_path / "world", sizes=TINY, workers=workers, progress=False)


def test_a_folder_below_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(GreError, match="cannot write the sample world to"):
        write_sample_world(tmp_path / "file" / "world", sizes=TINY, progress=False)
