"""Pictures of sets: of whatever photos, what is written says nothing of the place."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gre.curation.pictures import picture_name, picture_names, remove_other_pictures, write_pictures
from gre.curation.review.export import ExportSettings, export_reviewed
from gre.curation.review.items import read_review_set
from gre.curation.split import SplitSettings, split
from gre.data.exif import read_exif_latlon
from gre.data.images import ImageError
from gre.data.records import read_bench, read_cot, read_judge, read_seed
from tests.command_line import run_gre
from tests.curation.making import PLACES, gps_exif, jpeg_bytes, picture
from tests.curation.server import FlakyServer
from tests.curation.test_split import reply

SECRET = b"taken by Somebody in Paris"
PARIS = PLACES["paris"]


def own_photo(folder: Path, number: int) -> Path:
    """A photo with GPS and a comment: every third lies on its side, every third is a PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    exif = gps_exif(*PARIS, orientation=6 if number % 3 == 1 else 1)
    if number % 3 == 2:
        path = folder / f"{number}.png"
        picture(number).save(path, exif=exif)
    else:
        path = folder / f"{number}.jpg"
        path.write_bytes(jpeg_bytes(number, exif=exif, comment=SECRET))
    assert read_exif_latlon(path) is not None
    return path


def own_seeds(folder: Path, num_photos: int = 6) -> Path:
    """A Seed file as somebody writes it by hand, beside photos as they came from the camera."""
    photos = [own_photo(folder / "imgs", number) for number in range(num_photos)]
    rows = [
        {"image": f"images/{path.name}", "instructions": "Where?", "id": str(number)}
        | {"gt_lat": PARIS[0], "gt_lon": PARIS[1]}
        for number, path in enumerate(photos)
    ]
    path = folder / "gre_seed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def check_clean(folder: Path) -> int:
    """Hold every picture below a folder to what is promised; give how many there are."""
    paths = [path for path in folder.rglob("*") if path.parent.name == "imgs"]
    for path in paths:
        assert read_exif_latlon(path) is None, path
        with Image.open(path) as image:
            assert image.format == "JPEG"
            assert not image.getexif()
        assert SECRET not in path.read_bytes()
    return len(paths)


def test_split_writes_clean_pictures_of_an_own_seed_file(tmp_path: Path) -> None:
    seeds = read_seed(own_seeds(tmp_path / "own", 8))
    told = [reply(str(i), "48.9, 2.4" if i < 4 else "0.0, 0.0") for i in range(6)]
    out = tmp_path / "dataset"
    split(seeds, told, SplitSettings(), out, teacher="wise", license_name="unknown")
    assert check_clean(out) == 8
    judge = read_judge(out / "gre_judge/gre_judge.json")
    cot = read_cot(out / "gre_cot/gre_cot.json")
    rest = read_seed(out / "gre_seed/gre_seed.jsonl")
    assert sorted(r.id for r in (*judge, *cot, *rest)) == list("01234567")
    for record in (*judge, *cot, *rest):
        number = int(record.id)
        with Image.open(record.image_path) as image:
            assert image.size == ((72, 96) if number % 3 == 1 else (96, 72))  # upright
    turned = next(record for record in (*judge, *cot, *rest) if record.id == "1")
    upright = np.asarray(picture(1).transpose(Image.Transpose.ROTATE_270), float)
    assert np.abs(np.asarray(Image.open(turned.image_path), float) - upright).mean() < 6


def test_a_photo_that_gives_no_picture_is_in_no_set_and_is_named(tmp_path: Path) -> None:
    path = own_seeds(tmp_path / "own", 4)
    seeds = read_seed(path)
    (tmp_path / "own/imgs/3.jpg").write_bytes(b"no picture")
    told = [reply(str(i), "48.9, 2.4") for i in range(4)]
    out = tmp_path / "dataset"
    split(seeds, told, SplitSettings(), out, teacher="wise", license_name="unknown")
    (gone,) = map(json.loads, (out / "left_out.jsonl").read_text().splitlines())
    assert (gone["source"], gone["reason"]) == ("3", "unreadable_photo")
    assert gone["detail"].startswith("images/3.jpg: is no picture of a known format")


def test_a_reviewed_set_holds_clean_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    records = []
    for number in range(3):
        photo = own_photo(folder / "imgs", number)
        answer = f"<think> 1. Walls. </think> <answer> {PARIS[0]}, {PARIS[1]} </answer>"
        turns = [{"from": "human", "value": "<image>\nWhere?"}, {"from": "gpt", "value": answer}]
        place = {"gt_lat": PARIS[0], "gt_lon": PARIS[1]}
        records.append({"image": f"images/{photo.name}", "conversations": turns, **place})
    (folder / "gre_cot.json").write_text(json.dumps(records))
    items = read_review_set(folder / "gre_cot.json")
    out = tmp_path / "reviewed"
    export_reviewed(items, {}, out, ExportSettings(keeps_unreviewed=True))
    assert check_clean(out) == 3
    names = [record.image for record in read_cot(out / "gre_cot.json")]
    assert names == ["images/0.jpg", "images/1.jpg", "images/2.png.jpg"]


def test_a_benchmark_holds_clean_pictures_and_none_of_an_earlier_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out = own_seeds(tmp_path / "own"), tmp_path / "bench"

    def answer(body: dict) -> str:
        return "1. Palms." if server.calls % 2 else "1. Palms. // 2. Cars keep right."

    with FlakyServer(answer, failure_rate=0).running() as server:
        words = ("curate", "bench", photos, "--out", out, "--teacher", "openai:wise")
        words = (*words, "--base-url", server.url, "--max-parallel", 1, "--min-indicators")
        code, _, err = run_gre(capsys, *words, 1)
        assert code == 0, err
        assert check_clean(out) == 6
        (out / "imgs/9.jpg.partial").write_bytes(b"of a build that was killed")
        code, _, err = run_gre(capsys, *words, 2)
        assert code == 0, err
    kept = read_bench(out / "greval_bench.json")
    assert 0 < len(kept) < 6
    assert {path.name for path in (out / "imgs").iterdir()} == {r.image_path.name for r in kept}


def test_a_picture_goes_only_once_no_record_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out = own_seeds(tmp_path / "own"), tmp_path / "bench"

    def answer(body: dict) -> str:
        return "1. Palms." if server.calls % 2 else "1. Palms. // 2. Cars keep right."

    with FlakyServer(answer, failure_rate=0).running() as server:
        words = ("curate", "bench", photos, "--out", out, "--teacher", "openai:wise")
        words = (*words, "--base-url", server.url, "--max-parallel", 1, "--min-indicators")
        assert run_gre(capsys, *words, 1)[0] == 0

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        for where in ("write_pictures", "write_records", "remove_other_pictures"):
            with monkeypatch.context() as patch:
                patch.setattr(f"gre.curation.bench_files.{where}", killed)
                assert run_gre(capsys, *words, 2)[0] != 0
            assert read_bench(out / "greval_bench.json")  # each record finds its picture
        code, _, err = run_gre(capsys, *words, 2)
        assert code == 0, err
    names = {record.image_path.name for record in read_bench(out / "greval_bench.json")}
    assert {path.name for path in (out / "imgs").iterdir()} == names


def test_a_set_keeps_its_pictures_when_the_photos_change(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(jpeg_bytes(1))
    write_pictures([photo], tmp_path / "imgs")
    before = (tmp_path / "imgs/a.jpg").read_bytes()
    with photo.open("r+b") as file:  # as an editor that writes in place
        file.write(b"other")
    assert (tmp_path / "imgs/a.jpg").read_bytes() == before


def test_photos_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder, number in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.jpg").write_bytes(jpeg_bytes(number, comment=folder.encode()))
    photos = [tmp_path / folder / "x.jpg" for folder in ("a", "b", "a", "c")]
    names = write_pictures(photos, tmp_path / "imgs")
    assert names == dict(zip(photos, ["x.jpg", "x-2.jpg", "x.jpg", "x-3.jpg"], strict=True))
    for photo, name in names.items():
        shown = Image.open(tmp_path / "imgs" / name)
        assert np.array_equal(np.asarray(shown), np.asarray(Image.open(photo)))
    write_pictures([tmp_path / "c/x.jpg"], tmp_path / "imgs")  # a later build may replace it
    shown = Image.open(io.BytesIO((tmp_path / "imgs/x.jpg").read_bytes()))
    assert np.array_equal(np.asarray(shown), np.asarray(Image.open(tmp_path / "c/x.jpg")))


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"a\.jpg: is no picture"):
        write_pictures([tmp_path / "a.jpg"], tmp_path / "imgs")
    assert not list((tmp_path).glob("imgs/*"))


@pytest.mark.parametrize(
    ("name", "called"),
    [("a.jpg", "a.jpg"), ("a.JPEG", "a.JPEG"), ("a.png", "a.png.jpg"), ("a", "a.jpg")],
)
def test_names(name: str, called: str) -> None:
    assert picture_name(Path("somewhere") / name) == called


def test_no_number_takes_the_name_of_another_photo() -> None:
    paths = [Path(text) for text in ("a/x.jpg", "b/x.jpg", "c/x-2.jpg", "d/x.jpg", "e/x.png")]
    names = ["x.jpg", "x-3.jpg", "x-2.jpg", "x-4.jpg", "x.png.jpg"]
    assert list(picture_names(paths).values()) == names


def test_a_set_of_folders_with_equal_names_can_be_split(tmp_path: Path) -> None:
    rows = []
    for number in range(4):
        own_photo(tmp_path / f"{number}", 0).write_bytes(jpeg_bytes(number))
        row = {"image": f"{number}/0.jpg", "instructions": "?", "id": str(number)}
        rows.append(row | {"gt_lat": PARIS[0], "gt_lon": PARIS[1]})
    (tmp_path / "seed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    seeds = read_seed(tmp_path / "seed.jsonl")
    told = [reply(str(number), "48.9, 2.4") for number in range(3)]
    out = tmp_path / "dataset"
    split(seeds, told, SplitSettings(), out, teacher="wise", license_name="unknown")
    records = (*read_cot(out / "gre_cot/gre_cot.json"), *read_seed(out / "gre_seed/gre_seed.jsonl"))
    assert len(records) == 4
    for record in records:
        with (
            Image.open(record.image_path) as image,
            Image.open(f"{tmp_path}/{record.id}/0.jpg") as one,
        ):
            assert np.array_equal(np.asarray(image), np.asarray(one))


def test_only_what_no_photo_gives_is_removed(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png.jpg", "c.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    remove_other_pictures(["a.jpg", "b.png.jpg"], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "b.png.jpg", "folder"]
