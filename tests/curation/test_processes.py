"""Work over processes: in order, few tasks ahead, and nobody dies with another."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gre.curation import hash_store, selection
from gre.curation.metadata import LeftOut
from gre.curation.processes import ordered_map
from gre.curation.seeds import SeedSettings, build_seeds
from gre.curation.selection import PhotoTask, prepare
from tests.curation.making import PLACES, save_photo


def double(number: int) -> int:
    return 2 * number


def double_or_die(number: int) -> int:
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def double_or_die_once(task: tuple[int, Path]) -> int:
    number, mark = task
    if number == 5 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def prepare_or_die(task: PhotoTask | LeftOut) -> object:
    if isinstance(task, PhotoTask) and "sydney" in task.name:
        os.kill(os.getpid(), signal.SIGKILL)
    assert isinstance(task, PhotoTask)
    return prepare(task)


def hash_or_die(path: Path) -> object:
    if "sydney" in path.name:
        os.kill(os.getpid(), signal.SIGKILL)
    return hash_store.hash_picture(hash_store.load_image(path))


def test_results_come_in_order_and_few_tasks_are_drawn_ahead() -> None:
    drawn = []

    def tasks() -> Iterator[int]:
        for number in range(40):
            drawn.append(number)
            yield number

    with ordered_map(2) as over:
        results = over(double, tasks(), lambda task: -1)
        assert next(results) == 0
        assert len(drawn) == 8
        assert list(results) == [2 * number for number in range(1, 40)]


def test_one_process_is_this_one() -> None:
    with ordered_map(1) as over:
        assert list(over(lambda number: number + 1, [1, 2], lambda task: -1)) == [2, 3]


def test_a_task_that_kills_its_process_is_told_and_the_others_are_done() -> None:
    with ordered_map(2) as over:
        results = list(over(double_or_die, range(20), lambda task: -task))
    assert results == [-13 if number == 13 else 2 * number for number in range(20)]


def test_a_process_that_somebody_ended_costs_no_task(tmp_path: Path) -> None:
    tasks = [(number, tmp_path / "mark") for number in range(12)]
    with ordered_map(2) as over:
        results = list(over(double_or_die_once, tasks, lambda task: -1))
    assert results == [2 * number for number in range(12)]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number, place in enumerate(PLACES):
        save_photo(tmp_path / "photos" / f"{place}.jpg", number, place)
    return tmp_path / "photos"


def test_a_photo_that_kills_its_decoder_is_named_and_left_out(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "_prepare_if_found", prepare_or_die)
    settings = SeedSettings(sources=(photos,), columns={})
    summary = build_seeds(settings, tmp_path / "out", workers=2)
    assert (summary.num_seeds, summary.left_out) == (3, {"unreadable": 1})
    assert "sydney.jpg: its decoder dies on it" in (tmp_path / "out/left_out.jsonl").read_text()


def test_a_photo_that_kills_its_hash_is_named(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hash_store, "hash_file", hash_or_die)
    paths = sorted(photos.iterdir())
    found = hash_store.hash_files(paths, tmp_path / "h", workers=2, tell=lambda count: None)
    bad = {path.name: one for path, one in zip(paths, found, strict=True) if isinstance(one, str)}
    assert bad.keys() == {"sydney.jpg"}
    assert "its decoder dies on it" in bad["sydney.jpg"]
