"""Batched windows give what the loop over windows gives."""

import inspect
from pathlib import Path

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AutoModelForImageTextToText
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLVisionAttention

from gre.models import vision_windows
from gre.models.options import ModelOptions
from gre.models.qwen_vl import load_model
from gre.models.vision_windows import batch_vision_windows, window_attention


@pytest.mark.parametrize(
    "lengths", [(4, 4, 4), (4, 4, 2, 4, 4, 2, 1), (7,), (1, 2, 3, 4), (4, 0, 4, 2)]
)
def test_each_window_attends_to_itself(lengths: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(1)
    states = [torch.randn(sum(lengths), 2, 6, generator=generator) for _ in range(3)]
    expected = []
    for window in zip(*(tensor.split(lengths) for tensor in states), strict=True):
        parts = [tensor.transpose(0, 1)[None] for tensor in window]
        expected.append(scaled_dot_product_attention(*parts, scale=0.3)[0].transpose(0, 1))
    found = window_attention(*states, lengths, scaling=0.3)
    torch.testing.assert_close(found, torch.cat(expected), rtol=1e-5, atol=1e-6)


def test_the_tower_gives_the_same_features_and_gradients(tiny_model: Path) -> None:
    """Sides of 12 x 18 and 8 x 26 patches: windows of 8 x 8 and cut ones at every edge."""
    grids = torch.tensor([[1, 12, 18], [1, 8, 26]])
    patches = int(grids.prod(dim=1).sum())
    pixels = torch.randn(patches, 1176, generator=torch.Generator().manual_seed(2))
    found = []
    for is_batched in (False, True):
        model = AutoModelForImageTextToText.from_pretrained(tiny_model, dtype=torch.float32)
        tower = model.model.visual
        if is_batched:
            assert batch_vision_windows(model) == len(tower.blocks)
        features = tower(pixels, grid_thw=grids).pooler_output
        features.square().mean().backward()
        found.append((features.detach(), [p.grad for p in tower.parameters()]))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-5, atol=1e-5)
    for one, other in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_every_model_that_is_loaded_batches_its_windows(tiny_model: Path) -> None:
    model = load_model(ModelOptions(model_name_or_path=str(tiny_model), attention="sdpa"))
    for block in model.model.visual.blocks:
        assert block.attn.forward.__func__ is vision_windows._batched_forward


def test_a_tower_with_another_attention_is_left_alone(tiny_model: Path) -> None:
    model = AutoModelForImageTextToText.from_pretrained(tiny_model)
    model.config.vision_config._attn_implementation = "eager"
    assert batch_vision_windows(model) == 0


def test_the_stock_forward_is_the_one_that_is_stood_in_for() -> None:
    """transformers changed: read its forward again and bring `_batched_forward` up to it."""
    names = list(inspect.signature(Qwen2_5_VLVisionAttention.forward).parameters)
    assert names == [
        *("self", "hidden_states", "cu_seqlens", "position_embeddings", "max_seqlen", "kwargs")
    ]
    source = inspect.getsource(Qwen2_5_VLVisionAttention.forward)
    for line in (
        "self.qkv(hidden_states).reshape(seq_length, 3, self.num_heads, -1)",
        "apply_rotary_pos_emb_vision(query_states, key_states, cos, sin)",
        "attn_output = self.proj(attn_output)",
    ):
        assert line in source
