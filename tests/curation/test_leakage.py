"""`gre curate leakage` from files to files."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image, ImageOps

from gre.curation import alike
from gre.curation.alike import ClipSearch, Embedded, find_alike
from gre.curation.leakage import (
    TrainingList,
    find_leakage,
    parse_benchmarks,
    read_training,
)
from gre.curation.leakage_files import LeakageReport, write_leakage
from gre.data.records import read_seed
from gre.errors import InputError
from tests.command_line import one_line, run_gre
from tests.curation.making import gps_exif, picture


def record(name: str, lat: float, lon: float) -> dict[str, object]:
    return {
        "image": f"{name}.jpg",
        "instructions": "Where?",
        "gt_lat": lat,
        "gt_lon": lon,
        "id": name,
    }


@pytest.fixture
def training(tmp_path: Path) -> TrainingList:
    """Four records: a copy, a mirror image, a stranger nearby, a stranger far away."""
    folder = tmp_path / "train"
    (folder / "imgs").mkdir(parents=True)
    big = picture(1, (320, 240))
    big.resize((200, 150)).save(folder / "imgs/copy.jpg", quality=60)
    ImageOps.mirror(picture(2, (320, 240))).save(folder / "imgs/mirror.jpg")
    picture(3, (320, 240)).save(folder / "imgs/near.jpg")
    picture(4, (320, 240)).save(folder / "imgs/far.jpg")
    rows = [
        record("copy", 10, 10),
        record("mirror", 20, 20),
        record("near", 0.02, 1.0),  # 2.2 km from a benchmark photo
        record("far", -40, -40),
    ]
    (folder / "gre_seed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_training(folder / "gre_seed.jsonl")


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    folder = tmp_path / "bench"
    folder.mkdir()
    for number, place in enumerate([(50.0, 50.0), (0.0, 1.0), (60.0, 60.0)], 1):
        photo: Image.Image = picture(number if number < 3 else 9, (320, 240))
        photo.save(folder / f"{number}.jpg", exif=gps_exif(*place))
    return folder


def compare(training: TrainingList, folder: Path, out: Path, **more: object) -> LeakageReport:
    benchmarks = parse_benchmarks([f"folder={folder}"])
    found = find_leakage(training, benchmarks, out / "hashes.sqlite", workers=1)
    options = {"keeps_mirrored": False, "drop_within_km": None, **more}
    return write_leakage(out, training, benchmarks, found, **options)  # type: ignore[arg-type]


def test_copies_and_mirror_images_are_told_apart(
    training: TrainingList, benchmark: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    report = compare(training, benchmark, out)
    assert (report.duplicates, report.mirrored) == ({"folder": 1}, {"folder": 1})
    pairs = [json.loads(line) for line in (out / "pairs.jsonl").read_text().splitlines()]
    assert [(p["train_id"], p["sample_id"], p["kind"]) for p in pairs] == [
        ("copy", "1.jpg", "duplicate"),
        ("mirror", "2.jpg", "mirrored"),
    ]
    clean = read_seed(out / "gre_seed_clean.jsonl", image_root=training.path.parent / "imgs")
    assert [one.id for one in clean] == ["near", "far"]
    page = (out / "leakage.html").read_text()
    assert page.count('<article class="card pair"') == 2
    assert page.count('src="data:image/jpeg;base64,') == 4
    assert "http" not in page.replace("http-equiv", "")


def test_a_photo_that_cannot_be_read_is_not_clean(
    training: TrainingList, benchmark: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for photo in (training.path.parent / "imgs/near.jpg", benchmark / "3.jpg"):
        photo.write_bytes(photo.read_bytes()[:-200])
    report = compare(training, benchmark, out)
    # Of four records one is a copy, one a mirror image and one cut short.
    assert (report.num_clean, report.num_not_compared, report.num_unreadable) == (1, 1, 2)
    lines = (out / "gre_seed_clean.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["far"]
    assert "1 of 4 records are clean; 1 not compared and left out; 2 photos" in report.describe()
    page = (out / "leakage.html").read_text()
    assert "2 of 4 training records" in page
    assert "So are 1 that could not be compared" in page
    told = json.loads((out / "summary.json").read_text())
    assert told["num_not_compared"] == 1
    assert any("near.jpg" in line for line in told["unreadable"])


def test_a_folder_of_other_work_is_left_alone(
    training: TrainingList,
    benchmark: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, own = tmp_path / "run", tmp_path / "own"
    run.mkdir()
    (run / "summary.json").write_text("{}")
    words = ["--train", training.path, "--benchmark", f"folder={benchmark}", "--workers", 1]
    code, _, err = run_gre(capsys, "curate", "leakage", *words, "--out", run)
    assert code == 2
    assert "run: is not empty and holds no such build; name another --out" in one_line(err)
    assert [path.name for path in run.iterdir()] == ["summary.json"]
    assert (run / "summary.json").read_text() == "{}"
    for _ in range(2):  # the second finds its own work there
        assert run_gre(capsys, "curate", "leakage", *words, "--out", own)[0] == 0


def test_nearness_in_percent(training: TrainingList, benchmark: Path, tmp_path: Path) -> None:
    compare(training, benchmark, tmp_path / "out")
    near = json.loads((tmp_path / "out/summary.json").read_text())["nearness"]["folder"]
    # One of three benchmark photos and one of four records are 2.22 km apart; all else is far.
    assert near["samples_percent"] == {"1": 0.0, "5": 33.3333, "25": 33.3333, "100": 33.3333}
    assert near["train_percent"] == {"1": 0.0, "5": 25.0, "25": 25.0, "100": 25.0}


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ({"keeps_mirrored": True}, ["mirror", "near", "far"]),
        ({"drop_within_km": 2.0}, ["near", "far"]),
        ({"drop_within_km": 5.0}, ["far"]),
    ],
)
def test_what_the_clean_list_keeps(
    training: TrainingList,
    benchmark: Path,
    tmp_path: Path,
    more: dict[str, object],
    kept: list[str],
) -> None:
    compare(training, benchmark, tmp_path / "out", **more)
    lines = (tmp_path / "out/gre_seed_clean.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == kept


def test_hashes_are_kept_until_a_file_changes(
    training: TrainingList, benchmark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare(training, benchmark, tmp_path / "out")
    looked: list[str] = []

    def counted(path: Path) -> object:
        looked.append(path.name)
        return "not looked at"

    monkeypatch.setattr("gre.curation.hash_store.hash_file", counted)
    picture(8).save(benchmark / "3.jpg", exif=gps_exif(60.0, 60.0))
    report = compare(training, benchmark, tmp_path / "out")
    assert looked == ["3.jpg"]
    assert (report.duplicates, report.num_unreadable) == ({"folder": 1}, 1)


def test_hashes_of_another_layout_are_computed_anew(
    training: TrainingList, benchmark: Path, tmp_path: Path
) -> None:
    compare(training, benchmark, tmp_path / "out")
    with closing(sqlite3.connect(tmp_path / "out/hashes.sqlite")) as store:
        store.execute("UPDATE hash SET data = ?", (bytes(560),))  # all pictures alike
        store.commit()
    report = compare(training, benchmark, tmp_path / "out")
    assert (report.duplicates, report.mirrored) == ({"folder": 1}, {"folder": 1})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["folder"], "must be NAME=DIR"),
        (["=x"], "must be NAME=DIR"),
        (["atlantis=x"], "must be one of"),
    ],
)
def test_benchmarks_that_cannot_be_meant(given: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse_benchmarks(given)


def test_kinds_of_training_files(sample_world: Path) -> None:
    for name, first in {
        "dataset/gre_cot/gre_cot.json": "CotRecord",
        "dataset/gre_judge/gre_judge.json": "JudgeRecord",
        "dataset/gre_seed/gre_seed.jsonl": "SeedRecord",
        "bench/test/greval_bench.json": "BenchRecord",
    }.items():
        training = read_training(sample_world / name)
        assert type(training.records[0]).__name__ == first
        assert training.is_lines == name.endswith("jsonl")
        assert len(training.raw) == len(training.records)


class Colours:
    """A CLIP that sees one thing in each file: what its name stands for."""

    name = "colours"
    SEEN: ClassVar = {
        **{"copy": (1.0, 0.0, 0.0), "1": (1.0, 0.0, 0.0)},
        **{"mirror": (0.0, 1.0, 0.0), "2": (0.0, 0.0, 1.0)},
        **{"near": (0.6, 0.8, 0.0), "far": (0.8, 0.0, 0.6), "3": (0.8, 0.6, 0.0)},
    }

    def photos(
        self, paths: Sequence[Path], *, tell: Callable[[int], None]
    ) -> list[np.ndarray | str]:
        tell(len(paths))
        return [
            "far: cannot be read" if path.stem == "far" else np.array(self.SEEN[path.stem])
            for path in paths
        ]


def test_photos_that_only_clip_finds_are_told_apart(
    training: TrainingList, benchmark: Path, tmp_path: Path
) -> None:
    out, search = tmp_path / "out", ClipSearch(Colours(), 0.95)
    benchmarks = parse_benchmarks([f"folder={benchmark}"])
    found = find_leakage(training, benchmarks, out / "hashes.sqlite", workers=1, clip=search)
    options = {"keeps_mirrored": False, "drop_within_km": None}
    report = write_leakage(out, training, benchmarks, found, clip=search, **options)
    # near and 3: 0.6 * 0.8 + 0.8 * 0.6 = 0.96; copy and 1 are the same, which the hashes found.
    assert (report.duplicates, report.mirrored, report.alike) == (
        *({"folder": 1}, {"folder": 1}),
        {"folder": 1},
    )
    pairs = [json.loads(line) for line in (out / "pairs.jsonl").read_text().splitlines()]
    last = pairs[-1]
    assert (last["train_id"], last["sample_id"], last["kind"]) == ("near", "3.jpg", "alike")
    assert last["clip_similarity"] == 0.96
    assert "num_bits" not in last
    lines = (out / "gre_seed_clean.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["far"]
    assert "CLIP similarity 0.960" in (out / "leakage.html").read_text()
    told = json.loads((out / "summary.json").read_text())
    assert told["clip"] == {"model": "colours", "least_similarity": 0.95}


@pytest.mark.parametrize("block", [1, 3, 2048])
def test_blocks_of_embeddings_change_nothing(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(alike, "BLOCK", block)
    angles = np.radians([0, 10, 90, 180])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    left = Embedded(np.array([5, 6, 7, 8]), vectors)
    right = Embedded(np.array([1, 3]), vectors[[0, 2]])
    found = find_alike(left, right, least_similarity=0.9)  # cos 10° = 0.985, cos 80° = 0.17
    assert [(pair.left, pair.right) for pair in found] == [(5, 1), (6, 1), (7, 3)]
    assert found[1].similarity == pytest.approx(0.98481, abs=1e-4)
    assert find_alike(left, Embedded(np.array([]), vectors[:0]), least_similarity=0.9) == []
