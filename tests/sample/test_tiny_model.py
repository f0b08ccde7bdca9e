"""The tiny Qwen2.5-VL is a real one: architecture, tokens, chat template."""

from pathlib import Path

import pytest

from gre.errors import InputError
from gre.models.chat import ask
from gre.models.shapes import SPECIAL_TOKENS
from gre.sample.tiny_model import train_tokenizer, write_tiny_model

TEXTS = ["Where is this? <think> 1. A sign. </think> <answer> 48.857, -2.352 </answer>"] * 3


def test_it_loads_with_the_auto_classes(tiny_model: Path) -> None:
    from transformers import (
        AutoModelForImageTextToText,
        AutoProcessor,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
    )

    model = AutoModelForImageTextToText.from_pretrained(tiny_model)
    processor = AutoProcessor.from_pretrained(tiny_model)
    assert isinstance(model, Qwen2_5_VLForConditionalGeneration)
    assert isinstance(processor, Qwen2_5_VLProcessor)
    assert sum(p.numel() for p in model.parameters()) < 4_000_000


def test_special_tokens_are_one_token_each(tiny_model: Path) -> None:
    from transformers import AutoProcessor

    tokenizer = AutoProcessor.from_pretrained(tiny_model).tokenizer
    for token in SPECIAL_TOKENS:
        assert len(tokenizer(token)["input_ids"]) == 1
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.pad_token == "<|endoftext|>"


def test_the_chat_template_is_qwens(tiny_model: Path) -> None:
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(tiny_model)
    text = processor.apply_chat_template(ask("Where?"), add_generation_prompt=True, tokenize=False)
    assert text == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Where?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


@pytest.mark.parametrize("text", ["48.857, -2.352", "Zürich, 東京, Москва\n// 2.", "  a\t b  "])
def test_the_tokenizer_keeps_every_text(text: str) -> None:
    tokenizer = train_tokenizer(TEXTS)
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_digits_are_tokens_of_their_own() -> None:
    tokenizer = train_tokenizer(TEXTS)
    pieces = [tokenizer.decode(i) for i in tokenizer("48.857")["input_ids"]]
    assert pieces == ["4", "8", ".", "8", "5", "7"]


def test_published_ids() -> None:
    tokenizer = train_tokenizer(TEXTS, published_ids=True)
    # Source: tokenizer_config.json of the published models.
    published = {"<|endoftext|>": 151643, "<|im_end|>": 151645, "<|image_pad|>": 151655}
    assert {token: tokenizer.convert_tokens_to_ids(token) for token in published} == published


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    a = write_tiny_model(tmp_path / "a", texts=TEXTS, seed=1)
    b = write_tiny_model(tmp_path / "b", texts=TEXTS, seed=1)
    c = write_tiny_model(tmp_path / "c", texts=TEXTS, seed=2)
    weights = [(folder / "model.safetensors").read_bytes() for folder in (a, b, c)]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_a_folder_of_something_else_is_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match="holds no model"):
        write_tiny_model(tmp_path, texts=TEXTS)
    assert (tmp_path / "thesis.tex").exists()


def test_an_unknown_shape_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="shape '9b' is unknown"):
        write_tiny_model(tmp_path / "m", texts=TEXTS, shape="9b")
