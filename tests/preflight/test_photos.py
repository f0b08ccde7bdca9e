"""Photos of a run: inspected by processes, reported by kind, found again when they are twice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gre.preflight.photos as photos
from gre.data.inspection import PhotoFacts, inspect_photo
from gre.preflight import duplicates
from gre.preflight.duplicates import (
    confirmed,
    look_alikes,
    report_duplicates,
    report_leaks,
    same_bytes,
)
from gre.preflight.findings import Findings, printable
from gre.preflight.photos import inspect_photos, report_photos


def street(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos")
    for seed in range(4):
        street(seed).save(root / f"{seed}.jpg", quality=90)
    (root / "copy.jpg").write_bytes((root / "0.jpg").read_bytes())
    street(1, (320, 240)).save(root / "alike.png")
    (root / "cut.jpg").write_bytes((root / "2.jpg").read_bytes()[:2000])
    Image.new("L", (20, 90)).save(root / "tiny.png")
    return root


def test_every_path_once_and_progress_adds_up(folder):
    paths = sorted(folder.iterdir()) * 2
    done: list[int] = []
    found = inspect_photos(paths, workers=1, on_done=done.append)
    assert set(found) == set(paths)
    assert sum(done) == len(found) == 8


@pytest.mark.slow
def test_processes_find_what_one_finds(folder, monkeypatch):
    monkeypatch.setattr(photos, "FEW", 0)
    monkeypatch.setattr(photos, "CHUNK", 3)
    paths = sorted(folder.iterdir())
    assert inspect_photos(paths, workers=2) == inspect_photos(paths, workers=1)


def test_report_names_causes_and_kinds(folder):
    findings = Findings()
    report_photos(inspect_photos(sorted(folder.iterdir()), workers=1), findings, area="images")
    texts = {item.text: item for item in findings.items}
    (cut,) = [item for text, item in texts.items() if "damaged" in text]
    assert cut.severity == "error"
    assert cut.text.startswith("1 of 8 images")
    assert "cut.jpg" in cut.examples[0]
    assert any(text.startswith("1 of 8 images are tiny") for text in texts)
    assert findings.has_errors


def test_copies_and_look_alikes(folder):
    facts = list(inspect_photos(sorted(folder.iterdir()), workers=1).values())
    (group,) = same_bytes(facts)
    assert {one.path.name for one in group} == {"0.jpg", "copy.jpg"}
    pairs = {tuple(sorted(p.path.name for p in pair)) for pair in look_alikes(facts, facts)}
    assert pairs == {("1.jpg", "alike.png")}
    findings = Findings()
    report_duplicates(facts, findings, area="duplicates")
    assert [item.severity for item in findings.items] == ["warning", "warning"]


def test_leaks_between_sets(folder):
    found = inspect_photos(sorted(folder.iterdir()), workers=1)
    train = [found[folder / name] for name in ("0.jpg", "1.jpg", "3.jpg")]
    held = [found[folder / name] for name in ("copy.jpg", "alike.png", "2.jpg")]
    findings = Findings()
    leaks = report_leaks(train, held, findings, name="im2gps3k")
    assert {path.name for path in leaks} == {"0.jpg", "1.jpg"}
    assert "is " in leaks[folder / "0.jpg"]
    assert "looks like" in leaks[folder / "1.jpg"]
    assert all("im2gps3k" in item.text for item in findings.items)
    assert report_leaks(train[2:], held, Findings(), name="x") == {}


@pytest.fixture
def strangers(tmp_path: Path) -> list[PhotoFacts]:
    """Two photos of different scenes whose short hashes happen to be the same."""
    paths = [tmp_path / "one.png", tmp_path / "other.png"]
    for seed, path in enumerate(paths):
        street(seed).save(path)
    facts = [inspect_photo(path) for path in paths]
    return [replace(one, looks=0x0F0F_0F0F_0F0F_0F0F) for one in facts]


@pytest.mark.parametrize("few", [0, 256])
def test_the_long_hash_decides_what_the_short_one_suspects(folder, strangers, monkeypatch, few):
    monkeypatch.setattr(duplicates, "FEW", few)
    same = [inspect_photo(folder / name) for name in ("1.jpg", "alike.png")]
    suspected = [tuple(strangers), tuple(same)]
    assert confirmed(suspected, workers=2 if few == 0 else 1) == [tuple(same)]


def test_photos_of_different_scenes_are_no_duplicates_and_no_leaks(strangers):
    one, other = strangers
    assert look_alikes([one], [other]) == [(one, other)]
    findings = Findings()
    report_duplicates(strangers, findings, area="duplicates")
    assert report_leaks([one], [other], findings, name="val") == {}
    assert [item.severity for item in findings.items] == ["ok", "ok"]


def test_a_suspected_photo_that_is_gone_is_no_duplicate(strangers):
    one, other = strangers
    assert confirmed([(one, replace(other, path=other.path.with_name("gone.png")))]) == []
    assert confirmed([]) == []


def fact(name: str, looks: int) -> PhotoFacts:
    return PhotoFacts(Path(name), None, "", 9, 9, (), name, looks)


def test_distance_of_looks_is_counted_in_bits():
    base = 0x0F0F_0F0F_0F0F_0F0F
    near, far = fact("near", base ^ 0b1111), fact("far", base ^ 0b11111)
    left = [fact("base", base)]
    assert [pair[1].path.name for pair in look_alikes(left, [near, far])] == ["near"]
    # A flat picture looks like every other flat one, which says nothing.
    assert look_alikes([fact("a", 0)], [fact("b", 1)]) == []


def test_a_photo_that_kills_its_decoder_is_named(folder, monkeypatch):
    class Dying:
        def __init__(self, *_: object, **__: object) -> None: ...

        def __enter__(self) -> "Dying":
            return self

        def __exit__(self, *_: object) -> None: ...

        def map(self, *_: object) -> None:
            raise photos.BrokenProcessPool

        def submit(self, _: object, path: Path) -> None:
            raise photos.BrokenProcessPool

    monkeypatch.setattr(photos, "ProcessPoolExecutor", Dying)
    monkeypatch.setattr(photos, "FEW", 0)
    monkeypatch.setattr(photos, "CHUNK", 1)
    found = inspect_photos([folder / "0.jpg", folder / "1.jpg"], workers=2)
    assert {one.cause for one in found.values()} == {"kills its decoder"}


def test_findings_hold_nothing_that_moves_a_terminal():
    findings = Findings()
    findings.add("note", "images", "a\x1b[2Jb\nc", ["x\u202ey"])
    (item,) = findings.items
    assert item.text == r"a\x1b[2Jb\nc"
    assert item.examples == (r"x\u202ey",)
    assert printable("Zürich – 45°") == "Zürich – 45°"


def test_worst_first_and_examples_are_few():
    findings = Findings()
    findings.add("ok", "a", "fine")
    findings.add("error", "b", "bad", [str(n) for n in range(99)])
    findings.add("warning", "c", "hm")
    assert [item.severity for item in findings.worst_first()] == ["error", "warning", "ok"]
    assert len(findings.worst_first()[0].examples) == 5
    assert findings.counts() == {"error": 1, "warning": 1, "note": 0, "ok": 1}
