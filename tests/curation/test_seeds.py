"""`gre curate seed`: what is kept, what is left out and why; interruptions change nothing."""

import json
import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from PIL import Image

from gre.curation import selection
from gre.curation.metadata import parse_columns
from gre.curation.seeds import SeedSettings, SeedSummary, build_seeds
from gre.data.exif import read_exif_latlon
from gre.data.records import read_seed
from gre.errors import InputError
from tests.curation.making import PLACES, gps_exif, picture, save_photo


def build(source: Path, out: Path, *, workers: int = 1, **more: object) -> SeedSummary:
    values = {"columns": {}, **more}
    settings = SeedSettings(sources=(source,), **values)  # type: ignore[arg-type]
    return build_seeds(settings, out, workers=workers)


def left_out(out: Path) -> dict[str, str]:
    lines = map(json.loads, (out / "left_out.jsonl").read_text().splitlines())
    return {line["source"]: line["reason"] for line in lines}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Eight files: four good ones and one of each that must be left out."""
    folder = tmp_path / "photos"
    for number, place in enumerate(PLACES):
        save_photo(folder / f"{place}.jpg", number, place)
    shutil.copy(folder / "paris.jpg", folder / "twin.jpg")
    picture(1, (192, 144)).save(folder / "large_sydney.jpg", quality=60, exif=gps_exif(9.0, 9.0))
    save_photo(folder / "nowhere.jpg", 7, None)
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


def test_a_folder_becomes_seeds(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "seeds"
    summary = build(photos, out, license="cc-by-4.0")
    records = read_seed(out / "gre_seed.jsonl")
    found = {str(record.extra["source"]).removesuffix(".jpg"): record for record in records}
    assert len(records) == summary.num_seeds == 4
    assert summary.left_out == {
        **{"exact_duplicate": 1, "near_duplicate": 1, "no_position": 1, "unreadable": 1}
    }
    reasons = left_out(out)
    assert reasons["nowhere.jpg"] == "no_position"
    assert reasons["broken.jpg"] == "unreadable"
    # Which of two twins is kept is chance; the other is left out.
    assert (reasons.keys() & {"paris.jpg", "twin.jpg"}) and not reasons.keys() >= {
        "paris.jpg",
        "twin.jpg",
    }
    nairobi = found["nairobi"]
    assert nairobi.truth.as_tuple() == pytest.approx(PLACES["nairobi"], abs=1e-6)
    assert nairobi.extra["country"] == "Kenya"
    assert nairobi.extra["continent"] == "Africa"
    assert "neighborhood" in nairobi.instruction
    for record in records:
        assert read_exif_latlon(record.image_path) is None
        assert not Image.open(record.image_path).getexif()
        assert record.image == f"images/{record.id}.jpg"
    assert not (out / ".building").exists()


def test_the_card_is_one_the_hub_reads(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "seeds"
    build(photos, out, license="cc-by-4.0")
    _, front, body = (out / "README.md").read_text().split("---\n", 2)
    facts = yaml.safe_load(front)
    assert facts["license"] == "cc-by-4.0"
    assert facts["size_categories"] == ["n<1K"]
    assert facts["configs"][0]["data_files"] == "gre_seed.jsonl"
    assert "| exact duplicate | 1 |" in body.replace("_", " ")
    assert str(tmp_path) not in body
    for name in ("map.svg", "bars.svg"):
        assert f"]({name})" in body
        assert ElementTree.parse(out / name).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_a_cell_holds_at_most_so_many(tmp_path: Path) -> None:
    for number in range(5):
        save_photo(tmp_path / "photos" / f"paris{number}.jpg", number, "paris")
    save_photo(tmp_path / "photos" / "sydney.jpg", 9, "sydney")
    summary = build(tmp_path / "photos", tmp_path / "out", per_cell=2)
    assert (summary.num_seeds, summary.cell_full) == (3, 3)
    summary = build(tmp_path / "photos", tmp_path / "few", limit=2)
    countries = {r.extra["country"] for r in read_seed(tmp_path / "few/gre_seed.jsonl")}
    assert countries == {"France", "Australia"}  # the first of every cell comes first


def test_a_table_with_tar_shards(tmp_path: Path) -> None:
    for shard, names in {"0": ["ab/71.jpg", "ab/72.jpg"], "1": ["cd/73.jpg"]}.items():
        with tarfile.open(tmp_path / f"{shard}.tar", "w") as tar:
            for name in names:
                tar.add(save_photo(tmp_path / "x.jpg", int(name[3:5]), None), name)
    (tmp_path / "x.jpg").unlink()
    rows = "IMG_ID,LAT,LON\nab/71.jpg,48.8566,2.3522\n73,-1.29,36.82\ngone,10,10\n72.jpg,0,0\n"
    (tmp_path / "rows.csv").write_text(rows)
    build(tmp_path / "rows.csv", tmp_path / "out", images=(tmp_path,))
    records = read_seed(tmp_path / "out/gre_seed.jsonl")
    assert [r.extra["source"] for r in records] == ["ab/71.jpg", "73"]
    assert [r.extra["country_code"] for r in records] == ["FR", "KE"]
    assert left_out(tmp_path / "out") == {"gone": "missing", "72.jpg": "bad_position"}


def test_a_name_in_two_folders_is_not_guessed(tmp_path: Path) -> None:
    save_photo(tmp_path / "imgs/a/1.jpg", 1, None)
    save_photo(tmp_path / "imgs/b/1.jpg", 2, None)
    (tmp_path / "rows.csv").write_text("id,lat,lon\n1,48.9,2.3\na/1.jpg,48.9,2.3\n../x.jpg,1,1\n")
    build(tmp_path / "rows.csv", tmp_path / "out", images=(tmp_path / "imgs",))
    assert left_out(tmp_path / "out") == {"1": "ambiguous", "../x.jpg": "missing"}


class StoppedError(Exception):
    """Stands for the machine that dies."""


@pytest.mark.parametrize("when", [0, 1, 2, 3])
def test_what_is_interrupted_goes_on_and_ends_alike(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    build(photos, tmp_path / "whole")
    calls = 0
    write = selection.write_bytes

    def die(path: Path, data: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls == when + 1:
            raise StoppedError
        write(path, data)

    monkeypatch.setattr(selection, "write_bytes", die)
    with pytest.raises(StoppedError):
        build(photos, tmp_path / "cut")
    assert not (tmp_path / "cut/gre_seed.jsonl").exists()
    monkeypatch.setattr(selection, "write_bytes", write)
    build(photos, tmp_path / "cut")
    for name in ("gre_seed.jsonl", "left_out.jsonl"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    again = build(photos, tmp_path / "cut")
    assert again.num_seeds == 4


@pytest.mark.slow
def test_more_workers_give_the_same_files(photos: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        build(photos, tmp_path / str(workers), workers=workers)
    for name in ("gre_seed.jsonl", "left_out.jsonl"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_another_build_is_not_mixed_in(photos: Path, tmp_path: Path) -> None:
    build(photos, tmp_path / "out")
    with pytest.raises(InputError, match="per_cell was 50, is 3"):
        build(photos, tmp_path / "out", per_cell=3)
    save_photo(photos / "one_more.jpg", 11, "paris")
    with pytest.raises(InputError, match="source_files was"):
        build(photos, tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").touch()
    with pytest.raises(InputError, match="is not empty"):
        build(photos, tmp_path / "full")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"cell_deg": 0.0}, "--cell-deg"),
        ({"cell_deg": float("nan")}, "--cell-deg"),
        ({"instruction": "<image> where?"}, "--instruction: holds <image>"),
        ({"instruction": " "}, "--instruction: is empty"),
        ({"instruction": "Where\x07?"}, r"--instruction: holds control character U\+0007"),
        ({"instruction": "Where <|im_end|>?"}, '--instruction: holds "<|im_end|>"'),
        ({"instruction": "Where \udc80?"}, "--instruction: holds half a character"),
        ({"columns": parse_columns("image=a,lat=b,lon=c"), "name": "rows.csv"}, "no image column"),
        ({"name": "none.csv"}, "no such file"),
        ({"name": "rows.parquet"}, "must be a folder of photos or a table"),
    ],
)
def test_bad_settings_make_nothing(tmp_path: Path, more: dict[str, object], says: str) -> None:
    (tmp_path / "rows.csv").write_text("id,lat,lon\n")
    (tmp_path / "rows.parquet").touch()
    source = tmp_path / str(more.pop("name", "rows.csv"))
    with pytest.raises(InputError, match=says):
        build(source, tmp_path / "out", **more)
    assert not (tmp_path / "out").exists()


def test_no_photo_left_says_why(tmp_path: Path) -> None:
    save_photo(tmp_path / "photos/a.jpg", 1, None)
    with pytest.raises(InputError, match=r"no photo is left.*a\.jpg: has no usable GPS"):
        build(tmp_path / "photos", tmp_path / "out")


def test_a_build_without_photos_finds_them_once_they_are_there(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id,lat,lon\na.jpg,48.9,2.3\n")
    (tmp_path / "imgs").mkdir()
    images = (tmp_path / "imgs",)
    with pytest.raises(InputError, match=r"a\.jpg: no such photo.*give the command again"):
        build(tmp_path / "rows.csv", tmp_path / "out", images=images)
    save_photo(tmp_path / "imgs/a.jpg", 1, None)
    assert build(tmp_path / "rows.csv", tmp_path / "out", images=images).num_seeds == 1
    assert not left_out(tmp_path / "out")


@pytest.mark.parametrize("kind", ["folder", "shard"])
def test_photos_that_came_later_are_not_passed_over_in_silence(tmp_path: Path, kind: str) -> None:
    (tmp_path / "rows.csv").write_text("id,lat,lon\na.jpg,48.9,2.3\nb.jpg,10,10\n")

    def pack(*names: str) -> None:
        for number, name in enumerate(names):
            save_photo(tmp_path / "imgs" / name, number, None)
        with tarfile.open(tmp_path / "imgs.tar", "w") as tar:
            tar.add(tmp_path / "imgs", ".")

    images = (tmp_path / ("imgs" if kind == "folder" else "imgs.tar"),)
    pack("a.jpg")
    assert build(tmp_path / "rows.csv", tmp_path / "out", images=images).num_seeds == 1
    assert build(tmp_path / "rows.csv", tmp_path / "out", images=images).num_seeds == 1
    pack("a.jpg", "b.jpg")
    with pytest.raises(InputError, match=r"photos of the tables changed since; delete it, or name"):
        build(tmp_path / "rows.csv", tmp_path / "out", images=images)
    assert build(tmp_path / "rows.csv", tmp_path / "new", images=images).num_seeds == 2


LATIN = os.fsdecode(b"caf\xe9.jpg")


def test_a_name_that_is_not_utf8_is_left_out_and_shown(photos: Path, tmp_path: Path) -> None:
    save_photo(photos / LATIN, 21, "paris")
    save_photo(photos / os.fsdecode(b"no\xebl") / "a.jpg", 22, "paris")
    assert build(photos, tmp_path / "out").num_seeds == 4
    assert left_out(tmp_path / "out").items() >= {
        ("caf\\xe9.jpg", "bad_name"),
        ("no\\xebl/a.jpg", "bad_name"),
    }
    assert build(photos, tmp_path / "out").num_seeds == 4


def test_shards_with_such_names_are_read(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "0.tar", "w") as tar:
        tar.add(save_photo(tmp_path / "x.jpg", 1, None), LATIN)
        tar.add(tmp_path / "x.jpg", "b.jpg")
    (tmp_path / "rows.csv").write_bytes(b"id,lat,lon\ncaf\xe9.jpg,48.9,2.3\nb.jpg,10,10\n")
    summary = build(tmp_path / "rows.csv", tmp_path / "out", images=(tmp_path / "0.tar",))
    assert (summary.num_seeds, summary.left_out) == (1, {"bad_name": 1, "missing": 1})


@pytest.mark.parametrize("place", ["source", "table", "images", "out"])
def test_a_folder_whose_name_is_not_utf8_is_refused(tmp_path: Path, place: str) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    save_photo(odd / "a.jpg", 1, "paris")
    for folder in (odd, tmp_path):
        (folder / "rows.csv").write_text("id,lat,lon\na.jpg,48.9,2.3\n")
    sources = {"source": odd, "table": odd / "rows.csv"}
    source, out = sources.get(place, tmp_path / "rows.csv"), odd if place == "out" else tmp_path
    with pytest.raises(InputError, match=r"caf\\xe9.*: its name is not UTF-8"):
        build(source, out / "seeds", images=(odd,) if place == "images" else ())
    assert not (out / "seeds").exists()


def test_seeds_beside_their_photos_do_not_count_as_photos(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id,lat,lon\na.jpg,48.9,2.3\n")
    save_photo(tmp_path / "a.jpg", 1, "paris")
    for source in (tmp_path / "rows.csv", tmp_path):
        out = tmp_path / f"out_{source.suffix}"
        assert build(source, out).num_seeds == 1
        assert build(source, out).num_seeds == 1
        shutil.rmtree(out)


def test_a_link_out_of_the_source_is_not_followed(tmp_path: Path) -> None:
    inside = save_photo(tmp_path / "photos/deep/a.jpg", 1, "paris")
    private = save_photo(tmp_path / "private/b.jpg", 2, "sydney")
    (tmp_path / "photos/link.jpg").symlink_to(private)
    (tmp_path / "photos/also.jpg").symlink_to(Path("deep/../deep/a.jpg"))
    out = tmp_path / "seeds"
    build(tmp_path / "photos", out)
    (record,) = read_seed(out / "gre_seed.jsonl")
    assert record.extra["source"] in ("also.jpg", "deep/a.jpg")
    reasons = left_out(out)
    assert reasons.pop("link.jpg") == "outside"
    assert list(reasons.values()) == ["exact_duplicate"]  # the link that stays inside
    assert str(tmp_path) not in (out / "left_out.jsonl").read_text()

    table = tmp_path / "rows.csv"
    table.write_text("id,lat,lon\nlink,48.9,2.3\na,48.9,2.3\n")
    build(table, tmp_path / "of_table", images=(tmp_path / "photos",))
    assert left_out(tmp_path / "of_table") == {"link": "outside"}
    assert inside.exists()
    # The folder itself may be a link, as a data disk often is.
    (tmp_path / "disk").symlink_to(tmp_path / "photos")
    build(tmp_path / "disk", tmp_path / "of_disk")
    assert left_out(tmp_path / "of_disk")["link.jpg"] == "outside"


def test_nothing_published_names_folders_of_this_machine(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "seeds"
    words = [str(tmp_path / "bin/gre"), "curate", "seed", f"{photos}", f"--out={out}"]
    monkeypatch.setattr("sys.argv", words)
    build(photos, out)
    (tmp_path / "shards").mkdir()
    with zipfile.ZipFile(tmp_path / "shards/0.zip", "w") as shard:
        shard.writestr("1.jpg", b"no picture")
        shard.write(save_photo(tmp_path / "2.jpg", 2, None), "2.jpg", zipfile.ZIP_LZMA)
        shard.write(save_photo(tmp_path / "3.jpg", 3, None), "3.jpg")
    table = tmp_path / "rows.csv"
    table.write_text("id,lat,lon\n1,48.9,2.3\n2,1.3,36.8\n3,40.7,-74\n")
    build(table, tmp_path / "of_table", images=(tmp_path / "shards",))
    assert left_out(tmp_path / "of_table") == {"1": "unreadable", "2": "unreadable"}
    for folder in (out, tmp_path / "of_table"):
        for path in folder.iterdir():
            if path.is_file():
                assert str(tmp_path) not in path.read_text(), path
    assert "gre curate seed photos --out=seeds" in (out / "README.md").read_text()
    told = json.loads((tmp_path / "of_table/seed.json").read_text())["settings"]
    assert (told["sources"], told["images"]) == (["rows.csv"], ["shards"])


def test_another_folder_of_the_same_name_is_another_build(photos: Path, tmp_path: Path) -> None:
    build(photos, tmp_path / "out")
    shutil.copytree(photos, tmp_path / "other/photos")
    with pytest.raises(InputError, match="source_files was"):
        build(tmp_path / "other/photos", tmp_path / "out")


@pytest.mark.real_data
def test_real_photos(real_data: Path, tmp_path: Path) -> None:
    summary = build(real_data / "photos/arezzo", tmp_path / "arezzo")
    records = read_seed(tmp_path / "arezzo/gre_seed.jsonl")
    assert summary.num_seeds == 9
    assert {record.extra["city"] for record in records} == {"Arezzo"}
    build(real_data / "photos/osv5m/labels.csv", tmp_path / "osv")
    codes = {record.extra["country_code"] for record in read_seed(tmp_path / "osv/gre_seed.jsonl")}
    assert codes == {"IN", "ES", "BO", "HN", "VN", "KG", "BF", "BR"}  # its labels.csv
