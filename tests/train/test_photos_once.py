"""Photos of the reinforcement stages: read once per generation, in workers, never pickled whole."""

import json
import os
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from trl import GRPOTrainer
from trl.trainer import grpo_trainer
from trl.trainer.utils import RepeatSampler

from gre.data.images import load_image
from gre.errors import InputError
from gre.models.options import ModelOptions
from gre.models.prepared import PHOTO, PhotoPreparer
from gre.models.qwen_vl import load_processor
from gre.train import grpo, photos_once
from gre.train.config import DataOptions
from gre.train.grpo import run_grpo
from gre.train.photos_once import UNREAD, FirstOfRepeats, RowsToRead, photo_reader

from .conftest import ROOT, as_flags

CONFIG = ROOT / "configs/tiny/stage3_geodesic.yaml"


def flags(world: Path, model: Path, output: Path, **more: object) -> list[str]:
    """Three optimizer steps over two generations of two groups."""
    values: dict[str, object] = {
        "model_name_or_path": model,
        "data_path": world / "dataset/gre_seed/gre_seed.jsonl",
        "output_dir": output,
        "max_steps": 3,
        "save_strategy": "no",
        "warmup_steps": 0,
        "num_generations": 4,
        "global_batch_size": 8,
        "per_device_train_batch_size": 4,
        "steps_per_generation": 4,
        "max_completion_length": 8,
        "dataloader_num_workers": 2,
        **more,
    }
    return as_flags(values)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The tiny stage 3 without a held-out set."""
    kept = [line for line in CONFIG.read_text().splitlines() if not line.startswith("heldout")]
    path = tmp_path / "stage3.yaml"
    path.write_text("\n".join(kept) + "\n")
    return path


@pytest.mark.timeout(1800)
def test_a_run_reads_each_photo_once_and_pickles_no_pixels(
    sample_world: Path,
    tiny_model: Path,
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads = tmp_path / "reads.txt"
    read = PhotoPreparer.prepare

    def noted(self: PhotoPreparer, path: Path) -> Any:
        with reads.open("a") as file:  # workers append, too
            file.write(json.dumps([os.getpid(), str(path)]) + "\n")
        return read(self, path)

    sent: list[int] = []
    gather = grpo_trainer.gather_object

    def weighed(values: Any) -> Any:
        sent.append(len(pickle.dumps(values)))
        return gather(values)

    monkeypatch.setattr(PhotoPreparer, "prepare", noted)
    monkeypatch.setattr(grpo_trainer, "gather_object", weighed)
    run = run_grpo(config, flags(sample_world, tiny_model, tmp_path / "run"))
    lines = [json.loads(line) for line in reads.read_text().splitlines()]
    here = [path for pid, path in lines if pid == os.getpid()]
    in_workers = Counter(path for pid, path in lines if pid != os.getpid())
    # The trainer looks at the first row once to see whether there are images. Eight seeds make
    # two generations of four prompts; each photo is shown in one.
    assert len(here) <= 1
    assert set(in_workers.values()) == {1}
    assert len(in_workers) == 8
    # Sixteen prompts of a generation; one photo of this world alone is 112 x 112 pixels.
    assert sent
    assert max(sent) < 112 * 112 * 3
    assert (run / "rollouts.jsonl").exists()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shared_prefix", ["off", "on"])
def test_the_weights_are_those_of_photos_read_as_ever(
    sample_world: Path,
    tiny_model: Path,
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shared_prefix: str,
) -> None:
    more = {"shared_prefix": shared_prefix, "dynamic_sampling_rounds": 1}
    ours = run_grpo(config, flags(sample_world, tiny_model, tmp_path / "ours", **more))
    monkeypatch.setattr(grpo, "photo_reader", lambda *_, **__: load_image)
    stock = run_grpo(config, flags(sample_world, tiny_model, tmp_path / "stock", **more))
    before, after = (load_file(run / "model.safetensors") for run in (stock, ours))
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


def test_only_the_first_of_repeated_blocks_is_read() -> None:
    sampler = RepeatSampler(range(5), mini_repeat_count=2, batch_size=2, repeat_count=3, seed=1)
    plain = list(sampler)
    marked = list(
        FirstOfRepeats(
            RepeatSampler(range(5), mini_repeat_count=2, batch_size=2, repeat_count=3, seed=1),
            size=4,
            repeats=3,
        )
    )
    assert len(plain) == 2 * 3 * 4  # two whole blocks of two prompts; the fifth prompt is left
    assert [row if row >= 0 else ~row for row in marked] == plain
    is_read = [row >= 0 for row in marked]
    assert is_read == ([True] * 4 + [False] * 8) * 2


class Rows:
    """A dataset that notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> dict[str, int]:
        return {"number": index}

    def __getitems__(self, indices: list[int]) -> list[dict[str, int]]:
        self.asked.append(indices)
        return [self[index] for index in indices]


def test_rows_that_are_not_read_keep_their_number() -> None:
    rows = Rows()
    found = RowsToRead(rows).__getitems__([2, ~0, 2, ~3])
    assert found == [{"number": 2}, {UNREAD: 0}, {"number": 2}, {UNREAD: 3}]
    assert RowsToRead(rows).__getitems__([~1]) == [{UNREAD: 1}]
    assert rows.asked == [[2, 2]]

    class Trainer(photos_once.PhotosOnce):
        train_dataset = rows

    assert Trainer().read_rows(found) == [{"number": i} for i in (2, 0, 2, 3)]


def options_of(**values: object) -> DataOptions:
    return DataOptions(data_path="records.json", **values)  # type: ignore[arg-type]


def test_how_photos_are_read_follows_the_options(tiny_model: Path, tmp_path: Path) -> None:
    processor = load_processor(ModelOptions(model_name_or_path=str(tiny_model)))
    plain = photo_reader(options_of(), processor)
    assert isinstance(plain, PhotoPreparer)
    assert (plain.draft, plain.cache) == (False, None)
    folder = tmp_path / "cache"
    full = photo_reader(
        options_of(draft_decoding=True, image_cache_dir=str(folder), image_cache_gib=0.5),
        processor,
    )
    assert isinstance(full, PhotoPreparer)
    assert full.draft
    assert full.cache is not None
    assert (full.cache.folder, full.cache.max_bytes) == (folder, 2**29)
    assert photo_reader(options_of(), processor, shows_pictures=True) is load_image
    with pytest.raises(InputError, match="draft_decoding needs a model"):
        photo_reader(options_of(draft_decoding=True), processor, shows_pictures=True)
    with pytest.raises(InputError, match="image_cache_dir needs a model"):
        photo_reader(options_of(image_cache_dir="x"), processor, shows_pictures=True)
    with pytest.raises(InputError, match="image_cache_gib must be > 0, got 0"):
        options_of(image_cache_gib=0)


def test_stand_ins_carry_their_photo(tiny_model: Path, sample_world: Path) -> None:
    processor = load_processor(ModelOptions(model_name_or_path=str(tiny_model)))
    path = sorted((sample_world / "bench/test/imgs").iterdir())[0]
    shown = photo_reader(options_of(), processor)(path)
    assert shown.info[PHOTO].key == str(path)


TRL_METHODS = (
    "get_train_dataloader",
    "_get_train_sampler",
    "_tokenize_prompts",
    "_generate_and_score_completions",
)


@pytest.mark.parametrize("name", TRL_METHODS)
def test_trl_still_has_the_methods_that_are_overridden(name: str) -> None:
    assert callable(getattr(GRPOTrainer, name))
    assert name in vars(photos_once.PhotosOnce)
