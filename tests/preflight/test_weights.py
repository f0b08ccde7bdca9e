"""Headers of weight files against a configuration; no torch."""

import json
import struct

import pytest

from gre.errors import InputError
from gre.models.shapes import QWEN_SHAPES, SPECIAL_TOKENS, TINY_SHAPE, shape_config
from gre.preflight.duration import GPUS, Work, flops_per_token, forecast_hours, optimizer_steps
from gre.preflight.resources import (
    DiskForecast,
    checkpoint_bytes,
    existing_parent,
    kept_checkpoints,
)
from gre.preflight.tokens import PixelBudget, histogram, image_tokens, resized
from gre.preflight.weights import (
    expected_tensors,
    published_name,
    shape_from_config,
    stored_tensors,
)


def weights(tensors: dict[str, tuple[int, ...]], *, lost: int = 0) -> bytes:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in tensors.items():
        size = 2
        for side in shape:
            size *= side
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * (end - lost)


def test_headers_are_read_under_published_names(tmp_path):
    names = {"model.language_model.norm.weight": (8,), "model.visual.merger.ln_q.weight": (4,)}
    (tmp_path / "model.safetensors").write_bytes(weights(names))
    stored = stored_tensors(tmp_path)
    assert {name: t.shape for name, t in stored.items()} == {
        "model.norm.weight": (8,),
        "visual.merger.ln_q.weight": (4,),
    }
    assert stored["model.norm.weight"].dtype == "BF16"
    assert published_name("lm_head.weight") == "lm_head.weight"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (weights({"a": (9,)}, lost=1), "download it again"),
        (weights({"a": (9,)}) + b"\0", "download it again"),
        (b"", "cut short or no safetensors"),
        (b"\xff" * 64, "cut short or no safetensors"),
        (struct.pack("<Q", 4) + b"{]}x", "its header cannot be read"),
        (struct.pack("<Q", 2) + b"[]", "its header cannot be read"),
        (struct.pack("<Q", 8) + b'{"a": 1}', "its header cannot be read"),
        (b"\x80\x04cos\nsystem\n\x94\x8c\x02id\x94\x85\x94R.", "cut short or no safetensors"),
    ],
)
def test_files_that_cannot_be_weights(tmp_path, data, expected):
    (tmp_path / "model.safetensors").write_bytes(data)
    with pytest.raises(InputError, match=expected) as error:
        stored_tensors(tmp_path)
    assert "model.safetensors" in str(error.value)


@pytest.mark.parametrize("name", ["absent.safetensors", "../model.safetensors", "/etc/passwd"])
def test_an_index_names_only_files_of_its_folder(tmp_path, name):
    (tmp_path / "m").mkdir()
    (tmp_path / "model.safetensors").write_bytes(weights({"a": (1,)}))
    index = {"weight_map": {"a": name}}
    (tmp_path / "m/model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="which is not there"):
        stored_tensors(tmp_path / "m")


def test_config_nested_as_saved_today_and_flat_as_published():
    ids = {token: i for i, token in enumerate(SPECIAL_TOKENS)}
    seven = QWEN_SHAPES["7b"]
    nested = shape_config(seven, ids)
    flat = {**nested["text_config"], "vision_config": nested["vision_config"]}
    for config in (nested, flat):
        assert expected_tensors(shape_from_config(config)) == expected_tensors(seven)
    with pytest.raises(KeyError):
        shape_from_config({"vision_config": {}})
    with pytest.raises(TypeError, match="hidden_size"):
        shape_from_config(flat | {"hidden_size": "8"})


BUDGET = PixelBudget(56 * 56, 1_003_520)


# By hand: 1024 x 768 -> 37 x 27 squares of 28 (1036 x 756); 4000 x 3000 shrinks by
# sqrt(12e6 / 1003520) = 3.458 to 1156.7 x 867.5, so 41 x 30 squares; 10 x 10 grows to 56 x 56.
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1024, 768), (1036, 756)),
        ((4000, 3000), (1148, 840)),
        ((10, 10), (56, 56)),
        ((28, 2800), (28, 2800)),
        ((56, 56), (56, 56)),
    ],
)
def test_resized_by_hand(size, expected):
    assert resized(*size, BUDGET) == expected
    assert image_tokens(*size, BUDGET) == expected[0] * expected[1] // 784


@pytest.mark.slow
def test_resized_is_what_the_processor_does():
    import numpy as np
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

    rng = np.random.default_rng(5)
    for width, height in rng.integers(14, 5000, (2000, 2)).tolist():
        if max(width, height) > 200 * min(width, height):
            continue
        for budget in (BUDGET, PixelBudget(3136, 12_845_056), PixelBudget(200_704, 200_704 * 2)):
            limits = {"min_pixels": budget.min_pixels, "max_pixels": budget.max_pixels}
            high, wide = smart_resize(height, width, factor=28, **limits)
            assert resized(width, height, budget) == (wide, high), (width, height, budget)


def test_histogram_counts_every_row_once():
    import numpy as np

    bins = histogram(np.array([10, 11, 12, 40, 41, 90]), num_bins=4)
    assert sum(count for _, count in bins) == 6
    assert bins[0] == ("10–30", 3)
    assert histogram(np.array([], dtype=np.int64)) == []


def test_flops_per_token_as_the_paper_counts_them():
    # "24,117 GFLOP of language at 13.05 GFLOP per token": the 28 layers of 7B, forward.
    assert flops_per_token(QWEN_SHAPES["7b"]) / 1e9 == pytest.approx(13.05, abs=0.01)


def test_steps_of_the_published_run():
    # 8 GPUs x 8 x 2 completions / 8 answers = 16 prompts a step; 10,000 / 16 = 625.
    work = Work(
        num_records=10_000,
        rows_per_step=128,
        epochs=1,
        num_generations=8,
        mean_row_tokens=1500,
        mean_image_tokens=1200,
        answer_tokens=2048,
        world_size=8,
        decode_batch=16,
    )
    assert optimizer_steps(work) == 625
    hours = {name: forecast_hours(QWEN_SHAPES["7b"], work, gpu) for name, gpu in GPUS.items()}
    assert hours["H100"] < hours["A100"] < hours["H20"]
    # Every answer takes at least 2048 decoding steps of 30 ms.
    assert hours["H100"] > 625 * 2048 * 0.03 / 3600


def test_disk_by_hand(tmp_path):
    # bfloat16 weights and 12 bytes for each parameter that trains.
    assert checkpoint_bytes(1000, 800, width=2) == 2000 + 9600
    assert kept_checkpoints(2, 12) == 4  # two kept, the best, the one being written
    assert kept_checkpoints(2, 1) == 2
    assert kept_checkpoints(None, 12) == 13
    whole = DiskForecast(num_checkpoints=4, checkpoint=100, result=16)
    assert (whole.peak, whole.left) == (416, 316)  # the one being written gives way to none
    unsaved = DiskForecast(num_checkpoints=0, checkpoint=100, result=16)
    assert (unsaved.peak, unsaved.left) == (16, 16)
    assert existing_parent(tmp_path / "a/b/c") == tmp_path


def test_tiny_shape_has_a_tied_head():
    assert "lm_head.weight" not in expected_tensors(TINY_SHAPE)
