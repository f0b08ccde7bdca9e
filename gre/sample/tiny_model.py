"""A Qwen2.5-VL of 1.5 million random weights: real architecture, tokens and chat template.

The folder it writes loads with `AutoModelForImageTextToText` and `AutoProcessor` like the published
ones, so every script runs on it unchanged. With `shape` set to a published one, widths, vocabulary
size and special-token ids are the real ones and only depth is reduced.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gre.data.outputs import check_new_folder
from gre.errors import InputError
from gre.models.shapes import (
    FIRST_SPECIAL_ID,
    QWEN_SHAPES,
    SPECIAL_TOKENS,
    TINY_SHAPE,
    QwenShape,
    shape_config,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast, ProcessorMixin, Qwen2_5_VLConfig

TINY_VOCABULARY = 1700
TINY_MAX_PIXELS = 112 * 84
"""Pixel budget of the tiny model: a 336 x 252 picture becomes 112 x 84, 12 image tokens (ours)."""

TINY_INITIALIZER_RANGE = 0.06
"""Standard deviation of the random weights. Qwen's 0.02 suits widths of thousands; at a width of
128 it leaves attention nearly uniform, and the model takes long to look at the picture (ours)."""

_SPLIT_PHRASES = "|".join(
    (
        r" ?</?[a-z]+>",  # tags
        r" //(?= )| \p{N}\.(?= \p{L})",  # where a step begins
        r" ?\p{N}",  # one digit at a time, as in Qwen's tokenizer
        r" ?\p{L}+(?: \p{L}+){0,3}",  # up to four words
        r" ?[^\s\p{L}\p{N}<]+|<|\s+",
    )
)
"""What may become one token. The texts of the sample world repeat themselves, and fewer tokens are
faster steps (ours)."""


def write_tiny_model(
    directory: Path,
    *,
    texts: Iterable[str],
    seed: int = 42,
    shape: str = "tiny",
    num_layers: int = 2,
) -> Path:
    """Write a Qwen2.5-VL with random weights to `directory` and return it.

    Args:
        directory: Folder to make; one that is not empty must be a model folder, which is replaced.
        texts: Texts the byte-level BPE tokenizer is trained on.
        seed: Seed of the weights.
        shape: "tiny", or a key of `QWEN_SHAPES` for real widths and token ids.
        num_layers: Text layers and vision blocks with a published shape; the tiny one has its own.

    Raises:
        InputError: Unknown shape, or a folder that holds something else or cannot be made.
    """
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration

    if shape != "tiny" and shape not in QWEN_SHAPES:
        known = ", ".join(["tiny", *QWEN_SHAPES])
        raise InputError(f"shape {shape!r} is unknown; choose one of {known}")
    check_new_folder(directory, "model folder")
    if directory.exists() and any(directory.iterdir()) and not (directory / "config.json").exists():
        raise InputError(f"{directory} is not empty and holds no model; name a new folder")
    tokenizer = train_tokenizer(texts, published_ids=shape != "tiny")
    if shape == "tiny":
        sizes = replace(TINY_SHAPE, vocab_size=len(tokenizer))
    else:
        sizes = replace(
            QWEN_SHAPES[shape],
            num_layers=num_layers,
            vision_depth=num_layers,
            full_attention_blocks=(num_layers - 1,),
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2_5_VLForConditionalGeneration(_config(sizes, tokenizer))
    model.generation_config.eos_token_id = [
        tokenizer.convert_tokens_to_ids(token) for token in ("<|im_end|>", "<|endoftext|>")
    ]
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    partial = directory.with_name(directory.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    model.save_pretrained(partial)
    _processor(tokenizer, tiny=shape == "tiny").save_pretrained(partial)
    shutil.rmtree(directory, ignore_errors=True)
    partial.rename(directory)
    return directory


def train_tokenizer(
    texts: Iterable[str], *, published_ids: bool = False, vocabulary: int = TINY_VOCABULARY
) -> "PreTrainedTokenizerFast":
    """Train a byte-level BPE tokenizer with Qwen2.5-VL's special tokens.

    Args:
        texts: Training texts.
        published_ids: Pad the vocabulary so that the special tokens get their published ids.
        vocabulary: Most ordinary tokens to learn; at least 256, one for each byte.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT_PHRASES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if published_ids:
        tokenizer = _fill_vocabulary(tokenizer, FIRST_SPECIAL_ID)
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",  # noqa: S106 - a token of text
        pad_token="<|endoftext|>",  # noqa: S106 - a token of text
        model_max_length=TINY_SHAPE.max_position_embeddings,
        clean_up_tokenization_spaces=False,
        padding_side="left",
        extra_special_tokens={"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"},
    )


def _fill_vocabulary(tokenizer: "Tokenizer", size: int) -> "Tokenizer":
    """Give a tokenizer entries that no text reaches, so that the next token gets the id `size`."""
    from tokenizers import Tokenizer

    state = json.loads(tokenizer.to_str())
    vocabulary = state["model"]["vocab"]
    vocabulary |= {f"<|unused_{i}|>": i for i in range(len(vocabulary), size)}
    return Tokenizer.from_str(json.dumps(state))


def chat_template() -> str:
    """Qwen2.5-VL's chat template, as TRL ships it."""
    import trl

    return (Path(trl.__file__).parent / "chat_templates" / "qwen2_5_vl.jinja").read_text()


def _config(shape: QwenShape, tokenizer: "PreTrainedTokenizerFast") -> "Qwen2_5_VLConfig":
    from transformers import Qwen2_5_VLConfig

    ids: Sequence[int] = tokenizer.convert_tokens_to_ids(list(SPECIAL_TOKENS))
    token_id = dict(zip(SPECIAL_TOKENS, ids, strict=True))
    config = Qwen2_5_VLConfig(**shape_config(shape, token_id))
    if shape.hidden_size == TINY_SHAPE.hidden_size:
        config.text_config.initializer_range = TINY_INITIALIZER_RANGE
        config.vision_config.initializer_range = TINY_INITIALIZER_RANGE
    return config


def _processor(tokenizer: "PreTrainedTokenizerFast", *, tiny: bool) -> "ProcessorMixin":
    from transformers import Qwen2_5_VLProcessor, Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    pixels = {"min_pixels": 56 * 56, "max_pixels": TINY_MAX_PIXELS} if tiny else {}
    return Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(**pixels),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=chat_template(),
    )
