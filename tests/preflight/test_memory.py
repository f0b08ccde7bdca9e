"""Memory forecast against published figures and arithmetic by hand."""

from math import prod

import pytest

from gre.models.shapes import QWEN_SHAPES, TINY_SHAPE
from gre.preflight.memory import (
    Workload,
    forecast_memory,
    kv_cache_bytes,
    lora_parameters,
    trainable_parameters,
)
from gre.preflight.weights import expected_tensors, part_sizes, published_shape

SEVEN = QWEN_SHAPES["7b"]
FULL = Workload(rows=4, row_tokens=2000, image_tokens=1280)


# Counted on models built from the published configurations.
@pytest.mark.parametrize(
    ("size", "total", "vision_tower"),
    [
        ("3b", 3_754_622_976, 668_684_288),
        ("7b", 8_292_166_656, 676_550_144),
        ("32b", 33_452_718_336, 688_841_984),
        ("72b", 73_410_777_344, 704_573_696),
    ],
)
def test_parameters_of_the_published_models(size, total, vision_tower):
    parts = part_sizes(QWEN_SHAPES[size])
    assert sum(parts.values()) == total
    assert parts["vision"] + parts["projector"] == vision_tower
    assert sum(prod(s) for s in expected_tensors(QWEN_SHAPES[size]).values()) == total


# Seen on 8 GPUs with full fine-tuning, before activations and KV cache.
@pytest.mark.parametrize(("zero", "low_gb", "high_gb"), [("zero2", 31, 33), ("zero3", 17, 19)])
def test_7b_on_8_gpus(zero, low_gb, high_gb):
    states = forecast_memory(SEVEN, FULL, zero=zero, world_size=8).states
    assert low_gb <= states / 1e9 <= high_gb


def test_states_by_hand():
    # 8.292 G parameters: 2 bytes each whole, 2 + 12 bytes each over 8 GPUs.
    found = forecast_memory(SEVEN, FULL, zero="zero2", world_size=8)
    assert found.weights == pytest.approx(16.584e9, rel=1e-3)
    assert found.gradients == pytest.approx(2.073e9, rel=1e-3)
    assert found.optimizer == pytest.approx(12.438e9, rel=1e-3)
    alone = forecast_memory(
        SEVEN,
        Workload(rows=1, row_tokens=1, image_tokens=1, mixed=False),
        zero="none",
        world_size=8,
    )
    # Float32 weights, gradients, two moments: 16 bytes a parameter, not sharded.
    states = alone.weights + alone.gradients + alone.optimizer
    assert states == pytest.approx(16 * 8_292_166_656)


def test_frozen_vision_takes_no_gradient():
    work = Workload(rows=1, row_tokens=1, image_tokens=1, frozen=("vision",))
    assert trainable_parameters(SEVEN, work) == 8_292_166_656 - part_sizes(SEVEN)["vision"]


def test_reference_is_whole_under_zero2_and_sharded_under_zero3():
    work = Workload(rows=1, row_tokens=1, image_tokens=1, has_reference=True)
    whole = forecast_memory(SEVEN, work, zero="zero2", world_size=8).reference
    assert whole == pytest.approx(16.584e9, rel=1e-3)
    shard = forecast_memory(SEVEN, work, zero="zero3", world_size=8).reference
    assert shard == pytest.approx(whole / 8)
    lora = Workload(
        rows=1, row_tokens=1, image_tokens=1, has_reference=True, adapter_parameters=1000
    )
    assert forecast_memory(SEVEN, lora, zero="zero2", world_size=8).reference == 0


def test_kv_cache_by_hand():
    # 2 x 28 layers x 4 heads x 128 x 2 bytes = 57,344 bytes a token.
    assert kv_cache_bytes(SEVEN, 1) == 57_344


def test_adapter_by_hand():
    # q: 3584 + 3584, k: 3584 + 512, of 28 layers at rank 8.
    assert lora_parameters(SEVEN, 8, ("q_proj", "k_proj")) == 8 * 28 * (7168 + 4096)


def test_adapter_counts_what_peft_makes():
    # TINY_SHAPE: 3 layers, width 128, 2 of 4 heads for keys: 64 wide.
    assert lora_parameters(TINY_SHAPE, 4, ("v_proj", "down_proj")) == 4 * 3 * (192 + 384)


@pytest.mark.parametrize("zero", ["none", "zero2", "zero3"])
def test_laws(zero):
    base = forecast_memory(SEVEN, FULL, zero=zero, world_size=8)
    longer = Workload(rows=4, row_tokens=4000, image_tokens=1280)
    assert forecast_memory(SEVEN, longer, zero=zero, world_size=8).peak > base.peak
    more = forecast_memory(SEVEN, FULL, zero=zero, world_size=16)
    assert more.peak < base.peak if zero != "none" else more.peak == base.peak
    kept = Workload(rows=4, row_tokens=2000, image_tokens=1280, checkpointing=False)
    assert forecast_memory(SEVEN, kept, zero=zero, world_size=8).activations > base.activations


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", "7b"),
        ("models/qwen2.5-vl-72b", "72b"),
        ("outputs/stage1", None),
        ("Qwen/Qwen2.5-VL-13B", None),
    ],
)
def test_shape_by_name(name, size):
    assert published_shape(name) is (QWEN_SHAPES[size] if size else None)
