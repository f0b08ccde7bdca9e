"""Attention over shared rows equals attention over rows of their own."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from gre.models.attention import (
    MIN_BLOCK_TOKENS,
    PrefixLayout,
    accept_layouts,
    block_attention,
    chooses_blocks,
    split_attention,
)

CPU = torch.device("cpu")
HEADS, KEY_HEADS, DEPTH = 4, 2, 8

LAYOUTS = {
    "uniform": PrefixLayout((5, 5), (3, 3, 3, 3), (0, 0, 1, 1), CPU),
    "ragged": PrefixLayout((5, 2, 7), (3, 1, 4, 2, 6), (0, 0, 1, 2, 2), CPU),
    "one prompt": PrefixLayout((6,), (4, 2, 3), (0, 0, 0), CPU),
    "empty completions": PrefixLayout((4, 3), (2, 0, 0, 5), (0, 0, 1, 1), CPU),
    "nothing to score": PrefixLayout((4, 3), (0, 0), (0, 1), CPU),
    "nothing shared": PrefixLayout((4, 3), (2, 3), (0, 1), CPU),
    "single tokens": PrefixLayout((1,), (1, 1), (0, 0), CPU),
}

Row = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def row_of(layout: PrefixLayout, *, requires_grad: bool = False) -> Row:
    generator = torch.Generator().manual_seed(0)

    def states(heads: int) -> torch.Tensor:
        drawn = torch.randn(1, heads, layout.num_tokens, DEPTH, generator=generator)
        return drawn.requires_grad_(requires_grad)

    return states(HEADS), states(KEY_HEADS), states(KEY_HEADS)


def one_by_one(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, layout: PrefixLayout):
    """What rows of their own give: each prompt alone, each completion behind its prompt."""

    def alone(tokens: list[int]) -> torch.Tensor:
        parts = [query[:, :, tokens]] + [
            states[:, :, tokens].repeat_interleave(HEADS // KEY_HEADS, dim=1)
            for states in (key, value)
        ]
        return scaled_dot_product_attention(*parts, is_causal=True)[0].transpose(0, 1)

    spans, start = [], 0
    for length in (*layout.prompt_lengths, *layout.completion_lengths):
        spans.append(list(range(start, start + length)))
        start += length
    num_prompts = len(layout.prompt_lengths)
    outputs = [alone(span) for span in spans[:num_prompts]]
    for span, owner in zip(spans[num_prompts:], layout.owners, strict=True):
        if span:
            outputs.append(alone([*spans[owner], *span])[len(spans[owner]) :])
    return torch.cat(outputs)[None]


@pytest.mark.parametrize("name", LAYOUTS)
def test_split_attention_is_that_of_separate_rows(name: str) -> None:
    layout = LAYOUTS[name]
    row = row_of(layout)
    torch.testing.assert_close(
        split_attention(*row, layout), one_by_one(*row, layout), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_dense_mask_is_the_oracle(name: str) -> None:
    layout = LAYOUTS[name]
    query, key, value = row_of(layout)
    repeats = HEADS // KEY_HEADS
    dense = scaled_dot_product_attention(
        query,
        key.repeat_interleave(repeats, dim=1),
        value.repeat_interleave(repeats, dim=1),
        attn_mask=layout.dense_mask(),
    ).transpose(1, 2)
    torch.testing.assert_close(dense, one_by_one(query, key, value, layout), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LAYOUTS)
def test_gradients_are_those_of_separate_rows(name: str) -> None:
    layout = LAYOUTS[name]
    found, expected = [], []
    for attend, grads in ((split_attention, found), (one_by_one, expected)):
        row = row_of(layout, requires_grad=True)
        output = attend(*row, layout)
        weights = torch.linspace(-1, 1, output.numel()).view_as(output)
        (output * weights).sum().backward()
        grads += [states.grad for states in row]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_the_mask_by_hand() -> None:
    """Prompts a b, c; completions d e of ab, f of c: columns a b c d e f."""
    layout = PrefixLayout((2, 1), (2, 1), (0, 1), CPU)
    expected = [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [1, 1, 0, 1, 0, 0],
        [1, 1, 0, 1, 1, 0],
        [0, 0, 1, 0, 0, 1],
    ]
    assert layout.dense_mask()[0, 0].int().tolist() == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ragged", "uniform"])
def test_flex_attention_is_that_of_separate_rows(name: str) -> None:
    """On the CPU FlexAttention runs uncompiled, forward only; the block mask is the same."""
    layout = LAYOUTS[name]
    row = row_of(layout)
    with torch.no_grad():
        found = block_attention(*row, layout)
    torch.testing.assert_close(found, one_by_one(*row, layout), rtol=1e-4, atol=1e-5)


@pytest.mark.gpu
def test_flex_attention_on_a_gpu_has_the_gradients_of_separate_rows() -> None:
    device = torch.device("cuda")
    layout = PrefixLayout((300, 200), (90, 128, 7, 64), (0, 0, 1, 1), device)
    generator = torch.Generator().manual_seed(0)
    drawn = [torch.randn(1, n, layout.num_tokens, 64, generator=generator) for n in (4, 2, 2)]
    grads = {}
    for attend in (block_attention, split_attention):
        row = [states.to(device).requires_grad_() for states in drawn]
        attend(*row, layout).square().sum().backward()
        grads[attend] = [states.grad for states in row]
    for one, other in zip(grads[block_attention], grads[split_attention], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-2)  # TF32 products


def test_blocks_are_for_long_rows_on_a_gpu() -> None:
    assert not chooses_blocks(PrefixLayout((MIN_BLOCK_TOKENS,), (9,), (0,), CPU))


def test_other_masks_reach_the_stock_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS, AttentionInterface

    seen: list[object] = []

    def stock(_m: object, query: torch.Tensor, _k: object, _v: object, mask: object, **_: object):
        seen.append(mask)
        return query, None

    monkeypatch.setitem(AttentionInterface._global_mapping, "sdpa", stock)
    accept_layouts("sdpa")
    wrapped = ALL_ATTENTION_FUNCTIONS["sdpa"]
    accept_layouts("sdpa")
    assert ALL_ATTENTION_FUNCTIONS["sdpa"] is wrapped
    layout = LAYOUTS["ragged"]
    query, key, value = row_of(layout)
    module = torch.nn.Module()
    assert wrapped(module, query, key, value, None, scaling=0.5)[0] is query
    assert seen == [None]
    output, _ = wrapped(module, query, key, value, layout, scaling=0.5)
    assert len(seen) == 1
    torch.testing.assert_close(output, split_attention(query, key, value, layout, scaling=0.5))


def test_an_attention_that_is_not_registered_is_refused() -> None:
    with pytest.raises(ValueError, match="eager takes no shared rows; use sdpa"):
        accept_layouts("eager")


@pytest.mark.parametrize(
    ("prompts", "completions", "owners"), [((), (1,), (0,)), ((0,), (1,), (0,)), ((2,), (1,), ())]
)
def test_impossible_layouts_are_refused(
    prompts: tuple[int, ...], completions: tuple[int, ...], owners: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"prompts need at least 1|need as many owners"):
        PrefixLayout(prompts, completions, owners, CPU)
