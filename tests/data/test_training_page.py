"""training.md: its examples load, its code runs, its layout is the one that is read."""

import re
from pathlib import Path

import pytest

from gre.data.records import read_bench, read_cot, read_judge, read_seed
from gre.hub.catalog import ITEMS

from .pictures import exif_block, gps_entries, picture_bytes

PAGE = (Path(__file__).parents[2] / "training.md").read_text(encoding="utf-8")
RECORDS = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
CODE = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
FILES = {
    "dataset/gre_cot/gre_cot.json": read_cot,
    "dataset/gre_judge/gre_judge.json": read_judge,
    "dataset/gre_seed/gre_seed.jsonl": read_seed,
    "benchmark/bench_data/GREval-Bench.json": read_bench,
}


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tree of the page, each file holding the page's own example."""
    monkeypatch.chdir(tmp_path)
    for name, text in zip(FILES, RECORDS, strict=True):
        path = tmp_path / name
        (path.parent / "imgs").mkdir(parents=True)
        (path.parent / "imgs" / "xxx.jpg").write_bytes(picture_bytes())
        path.write_text(text)
    return tmp_path


def test_every_example_loads_from_the_layout_with_no_edit(layout):
    for name, read in FILES.items():
        (record,) = read(layout / name)
        assert record.image_path.name == "xxx.jpg"
        assert record.extra == {}


def test_the_tree_shows_the_files_that_are_read():
    tree = PAGE.split("## Lay out")[1].split("```")[1]
    for name in FILES:
        assert all(f" {part}\n" in tree for part in name.split("/")[1:]), name


def test_check_prints_nothing_when_sound_and_the_pages_line_when_not(layout, capsys):
    check = CODE[0]
    exec(check, {})
    assert capsys.readouterr().out == ""
    name = next(iter(FILES))
    (layout / name).write_text(RECORDS[0].replace("45.4341", "91.0"))
    exec(check, {})
    promised = re.search(r"record 3, (field gt_lat: .*?)`", PAGE)
    assert promised
    line = 2  # the record of the example begins on the second line
    assert capsys.readouterr().out == f"{name}:{line}: record 0, {promised.group(1)}\n"


def test_own_photos_become_records(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photos = tmp_path / "my_photos"
    photos.mkdir()
    gps = gps_entries(lat=((1, 1), (30, 1), (0, 1)), lon=((2, 1), (0, 1), (0, 1)))
    (photos / "with.jpg").write_bytes(picture_bytes(exif=exif_block(gps)))
    (photos / "without.jpg").write_bytes(picture_bytes())
    exec(CODE[1], {})
    (record,) = read_seed(photos / "seed.jsonl")
    assert record.image_path == (photos / "with.jpg").resolve()
    assert record.truth.as_tuple() == (1.5, 2.0)


def test_what_is_fetched_is_all_that_upstream_names_and_is_marked():
    blocks = re.findall(r"```bash\n(.*?)```", PAGE, flags=re.DOTALL)
    fetching = [block for block in blocks if "gre pull" in block or "hf download" in block]
    assert all(block.startswith("# network\n") for block in fetching)
    pulled = set(re.findall(r"^gre pull (\S+)", "\n".join(fetching), flags=re.MULTILINE))
    assert pulled == set(ITEMS)
    assert "hf download Jia-py/MP16-Pro" in "\n".join(fetching)
