"""Prepared photos: the processor's numbers bit for bit, and no pixels where none should be."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader
from transformers import AutoProcessor, Qwen2VLImageProcessor

from gre.data.image_cache import ImageCache
from gre.data.images import ImageError, load_image
from gre.errors import GreError
from gre.models.chat import ask
from gre.models.prepared import (
    PHOTO,
    PhotoPreparer,
    PreparedImages,
    can_prepare,
    prepared_processor,
)

BUDGET = {"shortest_edge": 56 * 56, "longest_edge": 200_704}


@pytest.fixture(scope="module")
def image_processor() -> Qwen2VLImageProcessor:
    return Qwen2VLImageProcessor(size=BUDGET)


def write(folder: Path, size: tuple[int, int], *, seed: int = 0, **options: object) -> Path:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    path = folder / f"{size[0]}x{size[1]}-{seed}.jpg"
    Image.fromarray(pixels).save(path, quality=90, **options)
    return path


@pytest.mark.parametrize(
    "size", [(20, 30), (61, 83), (448, 448), (640, 480), (1023, 371), (900, 1200), (100, 1900)]
)
def test_inputs_are_the_processors_bit_for_bit(
    tmp_path: Path, image_processor: Qwen2VLImageProcessor, size: tuple[int, int]
) -> None:
    path = write(tmp_path, size)
    ours = PreparedImages(image_processor)(
        [[PhotoPreparer(image_processor)(path)]], return_tensors="pt"
    )
    stock = image_processor(load_image(path), return_tensors="pt")
    assert torch.equal(ours["pixel_values"], stock["pixel_values"])
    assert ours["pixel_values"].dtype == torch.float32
    assert torch.equal(ours["image_grid_thw"], stock["image_grid_thw"])


def test_a_conversation_becomes_what_it_did(tiny_model: Path, tmp_path: Path) -> None:
    processor = AutoProcessor.from_pretrained(tiny_model, padding_side="left")
    paths = [write(tmp_path, (112, 84)), write(tmp_path, (90, 160), seed=1)]
    prepare = PhotoPreparer(processor.image_processor)
    text = processor.apply_chat_template(ask("Where?"), add_generation_prompt=True, tokenize=False)
    options = {"text": [text] * 3, "padding": True, "return_tensors": "pt"}
    shown = [paths[0], paths[0], paths[1]]
    stock = processor(images=[[load_image(path)] for path in shown], **options)
    other = prepared_processor(processor)
    ours = other(images=[[prepare(path)] for path in shown], **options)
    assert stock.keys() == ours.keys()
    assert all(torch.equal(stock[key], ours[key]) for key in stock)
    pictures = other(images=[[load_image(path)] for path in shown], **options)
    assert torch.equal(pictures["pixel_values"], stock["pixel_values"])
    assert type(processor.image_processor) is Qwen2VLImageProcessor


def test_only_a_loader_hands_over_pixels(
    tmp_path: Path, image_processor: Qwen2VLImageProcessor
) -> None:
    preparer = PhotoPreparer(image_processor)
    paths = [str(write(tmp_path, (112, 84), seed=seed)) for seed in range(3)]
    loader = DataLoader(
        paths, batch_size=None, num_workers=1, collate_fn=lambda path: preparer(Path(path))
    )
    fetched = list(loader)
    here = [preparer(Path(path)) for path in paths]
    finish = PreparedImages(image_processor)
    assert torch.equal(finish(fetched)["pixel_values"], finish(here)["pixel_values"])
    messages = [{"role": "user", "content": [{"type": "image", "image": fetched[0]}]}]
    sent = pickle.dumps(messages)
    assert len(sent) < 2000  # its pixels are 48 patches of 588 bytes
    [message] = pickle.loads(sent)
    arrived = message["content"][0]["image"]
    assert arrived == fetched[0] != fetched[1]
    with pytest.raises(GreError, match="not its pixels"):
        finish([arrived])
    copied = copy.deepcopy(messages)[0]["content"][0]["image"]
    assert copied.info[PHOTO] is fetched[0].info[PHOTO]


def test_a_stock_processor_refuses_a_stand_in(
    tmp_path: Path, image_processor: Qwen2VLImageProcessor
) -> None:
    shown = PhotoPreparer(image_processor)(write(tmp_path, (112, 84)))
    with pytest.raises(ValueError, match="aspect ratio"):
        image_processor(shown, return_tensors="pt")
    with pytest.raises(GreError, match="mixes"):
        PreparedImages(image_processor)([shown, Image.new("RGB", (56, 56))])


def test_reduced_decoding_gives_the_same_grid_and_near_pixels(
    tmp_path: Path, image_processor: Qwen2VLImageProcessor
) -> None:
    rng = np.random.default_rng(2)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    path = tmp_path / "large.jpg"
    coarse.resize((2003, 1501), Image.Resampling.BICUBIC).save(path, quality=90)
    whole = PhotoPreparer(image_processor).prepare(path)
    reduced = PhotoPreparer(image_processor, draft=True).prepare(path)
    assert whole.grid == reduced.grid
    assert whole.patches is not None
    assert reduced.patches is not None
    apart = (whole.patches.int() - reduced.patches.int()).abs()
    assert 0 < apart.float().mean() < 1
    assert apart.max() <= 16


def test_the_cache_stands_for_the_photo(
    tmp_path: Path, image_processor: Qwen2VLImageProcessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, (640, 480))
    cache = ImageCache(tmp_path / "cache", gib=1)
    first = PhotoPreparer(image_processor, cache=cache).prepare(path)
    other = PhotoPreparer(image_processor, cache=cache, draft=True).prepare(path)
    assert len(list(tmp_path.glob("cache/*/*"))) == 2  # one for each way

    def no_decoding(path: Path) -> Image.Image:
        raise AssertionError(f"{path} was decoded again")

    monkeypatch.setattr("gre.models.prepared.load_image", no_decoding)
    again = PhotoPreparer(image_processor, cache=cache).prepare(path)
    assert first.patches is not None
    assert again.patches is not None
    assert torch.equal(first.patches, again.patches)
    assert first.grid == again.grid == other.grid
    [entry, _] = tmp_path.glob("cache/*/*")
    entry.write_bytes(b"")
    for draft in (False, True):
        if not draft:
            monkeypatch.undo()
        rebuilt = PhotoPreparer(image_processor, cache=cache, draft=draft).prepare(path)
        assert rebuilt.grid == first.grid
    assert len(list(tmp_path.glob("cache/*/*"))) == 2


def test_a_missing_photo_is_named_with_a_cache_too(
    tmp_path: Path, image_processor: Qwen2VLImageProcessor
) -> None:
    cache = ImageCache(tmp_path / "cache", gib=1)
    with pytest.raises(ImageError, match=r"absent.jpg: no such file"):
        PhotoPreparer(image_processor, cache=cache).prepare(tmp_path / "absent.jpg")


class OtherScaling(Qwen2VLImageProcessor):
    """What an update of the library might do."""

    def _preprocess(self, *args: object, **options: object) -> object:
        return super()._preprocess(*args, **{**options, "rescale_factor": 1 / 256})


class Qwen2VLImageProcessorOther(OtherScaling):
    """The same under a name that is known here."""


def test_numbers_that_differ_lead_to_the_stock_way(
    image_processor: Qwen2VLImageProcessor, caplog
) -> None:
    assert can_prepare(image_processor)
    assert not can_prepare(OtherScaling(size=BUDGET))
    assert "differ" not in caplog.text
    assert not can_prepare(Qwen2VLImageProcessorOther(size=BUDGET))
    assert "the processor's numbers differ" in caplog.text
    assert not can_prepare(object())
