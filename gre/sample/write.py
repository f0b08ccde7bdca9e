"""Write a sample world to a folder: pictures, records in the published formats, oracle guesses."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gre.data.outputs import check_new_folder
from gre.errors import GreError, InputError
from gre.sample.cities import CITIES
from gre.sample.oracle import Oracle
from gre.sample.plan import (
    FAST,
    FULL,
    QUICK,
    WorldSizes,
    cold_start_records,
    plan_world,
    split_judge_items,
)
from gre.sample.published import (
    Record,
    bench_record,
    image_name,
    judge_record,
    scene_attributes,
    seed_record,
)
from gre.sample.render import JPEG_QUALITY, render_scene
from gre.sample.scenes import Scene

__all__ = ["FAST", "FULL", "QUICK", "WorldSizes", "WorldSummary", "write_sample_world"]

FORMAT = "gre-sample-world"
VERSION = 4
"""Raised whenever the same seed gives other files."""

FOLDERS = {
    "cot": "dataset/gre_cot",
    "judge": "dataset/gre_judge",
    "seed": "dataset/gre_seed",
    "val": "bench/val",
    "test": "bench/test",
    "judge_test": "bench/judge_test",
    "judge_val": "bench/judge_val",
}
"""Where each split lies inside a world."""

_MARKER = "unfinished-sample-world"


@dataclass(frozen=True, slots=True)
class WorldSummary:
    """What a world holds. `is_new` is False where it lay there already."""

    directory: Path
    seed: int
    sizes: WorldSizes
    num_images: int
    is_new: bool
    duration_s: float

    def describe(self) -> str:
        """One line for the command line."""
        parts = ", ".join(f"{count} {split}" for split, count in asdict(self.sizes).items())
        how = f"drawn in {self.duration_s:.0f} s" if self.is_new else "already there"
        return f"{self.directory}: {self.num_images} pictures ({parts}), seed {self.seed}, {how}"


def write_sample_world(
    directory: Path,
    *,
    seed: int = 42,
    sizes: WorldSizes = QUICK,
    workers: int | None = None,
    progress: bool = True,
) -> WorldSummary:
    """Write a sample world, or return at once where `directory` holds the same one.

    The world is built beside its place, in `directory`.partial, and moved when complete.

    Args:
        directory: New or empty folder, or one that holds the same world.
        seed: At least 0. The same seed and sizes give the same bytes, however many workers draw.
        sizes: Number of pictures in each part.
        workers: Processes that draw, at least 1; by default up to 4, at most one per core.
        progress: Show a bar with the time left.

    Raises:
        InputError: The folder holds something else, or a value is out of range.
        GreError: The disk refused.
    """
    started = time.monotonic()
    directory = Path(directory).resolve()
    num_workers = _checked_workers(workers)
    num_images = sum(asdict(sizes).values())
    is_new = not _holds_world(directory, seed, sizes)
    if is_new:
        splits = plan_world(seed, sizes)
        partial = directory.with_name(directory.name + ".partial")
        try:
            _build(partial, directory, seed, sizes, splits, num_workers, progress=progress)
        except OSError as error:
            raise GreError(
                f"cannot write the sample world to {directory}: {error.strerror or error};"
                " choose another folder or make room"
            ) from error
    return WorldSummary(directory, seed, sizes, num_images, is_new, time.monotonic() - started)


def _checked_workers(workers: int | None) -> int:
    if workers is None:
        return min(4, os.cpu_count() or 1)
    if workers < 1:
        raise InputError(f"workers: got {workers}, must be at least 1")
    return workers


def _holds_world(directory: Path, seed: int, sizes: WorldSizes) -> bool:
    """True for the same, complete world; False for no folder or an empty one; else an error."""
    if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        check_new_folder(directory, "cannot write the sample world to")
        return False
    if not directory.is_dir():
        raise InputError(f"{directory} is a file; name a folder for the sample world")
    found = _read_identity(directory)
    if found is None:
        raise InputError(f"{directory} is not empty and holds no sample world; name another folder")
    if found != _identity(seed, sizes):
        raise InputError(
            f"{directory} holds another sample world"
            f" ({_difference(found, _identity(seed, sizes))});"
            " name another folder or delete this one"
        )
    for split, count in asdict(sizes).items():
        num_found = sum(1 for _ in (directory / FOLDERS[split] / "imgs").glob("*.jpg"))
        if num_found != count:
            raise InputError(
                f"{directory / FOLDERS[split] / 'imgs'} holds {num_found} of {count} pictures;"
                f" delete {directory} to draw it again"
            )
    return True


def _identity(seed: int, sizes: WorldSizes) -> Record:
    return {"format": FORMAT, "version": VERSION, "seed": seed, "sizes": asdict(sizes)}


def _read_identity(directory: Path) -> Record | None:
    try:
        world = json.loads((directory / "world.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError, json.JSONDecodeError):
        return None
    if not isinstance(world, dict) or world.get("format") != FORMAT:
        return None
    return {key: world.get(key) for key in ("format", "version", "seed", "sizes")}


def _difference(found: Record, wanted: Record) -> str:
    key = next(key for key in wanted if found[key] != wanted[key])
    return f"{key} {found[key]}, not {wanted[key]}"


def _build(
    partial: Path,
    directory: Path,
    seed: int,
    sizes: WorldSizes,
    splits: dict[str, list[Scene]],
    num_workers: int,
    *,
    progress: bool,
) -> None:
    _start_partial(partial)
    try:
        for folder in FOLDERS.values():
            (partial / folder / "imgs").mkdir(parents=True)
        tasks = [
            (scene, partial / FOLDERS[split] / "imgs" / image_name(scene))
            for split, scenes in splits.items()
            for scene in scenes
        ]
        _draw_all(tasks, num_workers, progress=progress)
        _write_records(partial, seed, splits)
        _write_json(partial / "world.json", _world(seed, sizes, splits))
        (partial / _MARKER).unlink()
        partial.rename(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _start_partial(partial: Path) -> None:
    if partial.exists():
        if not (partial / _MARKER).exists():
            raise InputError(f"{partial} is in the way; move it or name another folder")
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    (partial / _MARKER).touch()


def _draw_all(tasks: Sequence[tuple[Scene, Path]], num_workers: int, *, progress: bool) -> None:
    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not progress) as bar:
        task = bar.add_task("drawing", total=len(tasks))
        for _ in _drawn(tasks, num_workers):
            bar.advance(task)


def _drawn(tasks: Sequence[tuple[Scene, Path]], num_workers: int) -> Iterator[None]:
    if num_workers == 1 or len(tasks) < 2 * num_workers:
        yield from map(_draw_file, tasks)
        return
    with ProcessPoolExecutor(max_workers=num_workers) as pool:
        yield from pool.map(_draw_file, tasks, chunksize=16)


def _draw_file(task: tuple[Scene, Path]) -> None:
    scene, path = task
    render_scene(scene).save(path, quality=JPEG_QUALITY)


def _write_records(root: Path, seed: int, splits: dict[str, list[Scene]]) -> None:
    folder = {split: root / name for split, name in FOLDERS.items()}
    _write_json(folder["cot"] / "gre_cot.json", cold_start_records(seed, splits["cot"]))
    for split in ("judge", "judge_test", "judge_val"):
        items = split_judge_items(seed, split, splits[split])
        _write_json(folder[split] / "gre_judge.json", [judge_record(item) for item in items])
    _write_jsonl(folder["seed"] / "gre_seed.jsonl", map(seed_record, splits["seed"]))
    oracle = Oracle()
    for split in ("val", "test"):
        scenes = splits[split]
        _write_json(folder[split] / "greval_bench.json", [bench_record(scene) for scene in scenes])
        _write_jsonl(folder[split] / "oracle.jsonl", (_oracle_line(oracle, s) for s in scenes))


def _oracle_line(oracle: Oracle, scene: Scene) -> Record:
    guess = oracle.guess_scene(scene)
    return {"id": scene.id, "lat": guess.lat, "lon": guess.lon}


def _world(seed: int, sizes: WorldSizes, splits: dict[str, list[Scene]]) -> Record:
    return _identity(seed, sizes) | {
        "cities": {
            city.name: {
                "country": city.country.name,
                "lat": city.centre.lat,
                "lon": city.centre.lon,
                "seen": city.seen,
            }
            for city in CITIES
        },
        "scenes": {
            scene.id: scene_attributes(scene) for scenes in splits.values() for scene in scenes
        },
    }


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write_jsonl(path: Path, records: Iterable[Record]) -> None:
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_text("".join(lines), encoding="utf-8")
