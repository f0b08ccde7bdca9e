"""Which tensors a Qwen2.5-VL has, from its configuration alone; and those a folder really holds.

Read from headers: no weight is loaded and no torch is needed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

from gre.errors import InputError
from gre.models.shapes import MERGE_SIZE, PATCH_SIZE, QWEN_SHAPES, QwenShape

Shapes = Mapping[str, tuple[int, ...]]

INDEX_FILE = "model.safetensors.index.json"
MAX_HEADER_BYTES = 100_000_000
"""Longest header that is read. Source: the limit of the safetensors library itself."""

TEMPORAL_PATCH = 2
COLOURS = 3
_HEADER_LENGTH_BYTES = 8
_HUB_NAME = re.compile(r"Qwen2\.5-VL-(3|7|32|72)B", re.IGNORECASE)

_NEW_PREFIXES = (
    ("model.language_model.", "model."),
    ("model.visual.", "visual."),
)
"""Names inside a model in memory, and what published files call them."""


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as a file's header has it."""

    shape: tuple[int, ...]
    dtype: str
    file: str


def shape_from_config(config: Mapping[str, object]) -> QwenShape:
    """Sizes of the architecture from a `config.json`, flat as published or nested as saved today.

    Raises:
        KeyError: A size is missing.
        TypeError: A size is of another type.
    """
    nested = config.get("text_config")
    text: Mapping[str, object] = nested if isinstance(nested, dict) else config
    vision = config["vision_config"]
    if not isinstance(vision, dict):
        raise TypeError("vision_config")
    tied = text.get("tie_word_embeddings", config.get("tie_word_embeddings", False))
    return QwenShape(
        hidden_size=_size(text, "hidden_size"),
        intermediate_size=_size(text, "intermediate_size"),
        num_layers=_size(text, "num_hidden_layers"),
        num_heads=_size(text, "num_attention_heads"),
        num_kv_heads=_size(text, "num_key_value_heads"),
        vocab_size=_size(text, "vocab_size"),
        tie_word_embeddings=bool(config.get("tie_word_embeddings", tied)),
        vision_hidden_size=_size(vision, "hidden_size"),
        vision_intermediate_size=_size(vision, "intermediate_size"),
        vision_depth=_size(vision, "depth"),
        vision_heads=_size(vision, "num_heads"),
        full_attention_blocks=(),
    )


def published_shape(name: str) -> QwenShape | None:
    """The shape that a hub id or folder name speaks of; None where it names no published model."""
    match = _HUB_NAME.search(name)
    return QWEN_SHAPES[f"{match.group(1)}b"] if match else None


def _size(values: Mapping[str, object], name: str) -> int:
    value = values[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise TypeError(f"{name}: got {value!r}, must be a whole number of at least 1")
    return value


def expected_tensors(shape: QwenShape) -> dict[str, tuple[int, ...]]:
    """Every tensor of a model of this shape, under its published name.

    Source: module definitions of `Qwen2_5_VLForConditionalGeneration` in transformers; their sum
    is checked against the published parameter counts in a test.
    """
    return _vision_tensors(shape) | _language_tensors(shape)


def _vision_tensors(shape: QwenShape) -> dict[str, tuple[int, ...]]:
    h, i = shape.vision_hidden_size, shape.vision_intermediate_size
    merged = h * MERGE_SIZE**2
    patch = (COLOURS, TEMPORAL_PATCH, PATCH_SIZE, PATCH_SIZE)
    tensors: dict[str, tuple[int, ...]] = {"visual.patch_embed.proj.weight": (h, *patch)}
    for n in range(shape.vision_depth):
        block = f"visual.blocks.{n}."
        tensors |= {block + "norm1.weight": (h,), block + "norm2.weight": (h,)}
        for name, rows, columns in (
            ("attn.qkv", 3 * h, h),
            ("attn.proj", h, h),
            ("mlp.gate_proj", i, h),
            ("mlp.up_proj", i, h),
            ("mlp.down_proj", h, i),
        ):
            tensors[f"{block}{name}.weight"] = (rows, columns)
            tensors[f"{block}{name}.bias"] = (rows,)
    return tensors | {
        "visual.merger.ln_q.weight": (h,),
        "visual.merger.mlp.0.weight": (merged, merged),
        "visual.merger.mlp.0.bias": (merged,),
        "visual.merger.mlp.2.weight": (shape.hidden_size, merged),
        "visual.merger.mlp.2.bias": (shape.hidden_size,),
    }


def _language_tensors(shape: QwenShape) -> dict[str, tuple[int, ...]]:
    h, i = shape.hidden_size, shape.intermediate_size
    kv = h // shape.num_heads * shape.num_kv_heads
    tensors: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (shape.vocab_size, h)}
    for n in range(shape.num_layers):
        layer = f"model.layers.{n}."
        tensors |= {
            layer + "input_layernorm.weight": (h,),
            layer + "post_attention_layernorm.weight": (h,),
            layer + "self_attn.q_proj.weight": (h, h),
            layer + "self_attn.q_proj.bias": (h,),
            layer + "self_attn.k_proj.weight": (kv, h),
            layer + "self_attn.k_proj.bias": (kv,),
            layer + "self_attn.v_proj.weight": (kv, h),
            layer + "self_attn.v_proj.bias": (kv,),
            layer + "self_attn.o_proj.weight": (h, h),
            layer + "mlp.gate_proj.weight": (i, h),
            layer + "mlp.up_proj.weight": (i, h),
            layer + "mlp.down_proj.weight": (h, i),
        }
    tensors["model.norm.weight"] = (h,)
    if not shape.tie_word_embeddings:
        tensors["lm_head.weight"] = (shape.vocab_size, h)
    return tensors


def part_sizes(shape: QwenShape) -> dict[str, int]:
    """Parameters by part: vision, projector, language."""
    sizes = {"vision": 0, "projector": 0, "language": 0}
    for name, dimensions in expected_tensors(shape).items():
        is_merger = name.startswith("visual.merger")
        part = "projector" if is_merger else "vision" if name.startswith("visual") else "language"
        sizes[part] += prod(dimensions)
    return sizes


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """Every tensor of a model folder under its published name, from the headers of its files.

    Raises:
        InputError: A file is missing, cut short or no safetensors; or a tensor is in two files.
    """
    found: dict[str, StoredTensor] = {}
    for file in _weight_files(folder):
        for name, stored in _read_header(file).items():
            name = published_name(name)
            if name in found:
                raise InputError(
                    f"{file}: tensor {name} is in {found[name].file} too, must be in one file;"
                    " download the folder again"
                )
            found[name] = stored
    return found


def published_name(name: str) -> str:
    """What published files call a tensor."""
    for new, published in _NEW_PREFIXES:
        if name.startswith(new):
            return published + name.removeprefix(new)
    return name


def _weight_files(folder: Path) -> list[Path]:
    index = folder / INDEX_FILE
    if not index.is_file():
        return sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("*.safetensors"))
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        files = [folder / name for name in sorted(names)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{index}: cannot be read; download it again") from error
    for file in files:
        if file.parent != folder or not file.is_file():
            raise InputError(f"{index}: names {file.name}, which is not there; download it")
    return files


def _read_header(path: Path) -> dict[str, StoredTensor]:
    """Names, shapes and dtypes of one file, after a look whether the file is as long as they say.

    Layout: 8 bytes of length, little endian; so many bytes of JSON; the tensors' bytes.
    Source: the format's specification in the safetensors repository.
    """
    num_bytes = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_HEADER_LENGTH_BYTES), "little")
            if not 2 <= length <= min(MAX_HEADER_BYTES, num_bytes - _HEADER_LENGTH_BYTES):
                raise InputError(f"{path}: is cut short or no safetensors; download it again")
            header = json.loads(file.read(length))
        entries = {name: value for name, value in header.items() if name != "__metadata__"}
        tensors = {
            name: StoredTensor(tuple(map(int, value["shape"])), str(value["dtype"]), path.name)
            for name, value in entries.items()
        }
        end = max((int(value["data_offsets"][1]) for value in entries.values()), default=0)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: its header cannot be read; download it again") from error
    wanted = _HEADER_LENGTH_BYTES + length + end
    if num_bytes != wanted:
        raise InputError(
            f"{path}: has {num_bytes:,} bytes, must have {wanted:,}; download it again"
        )
    return tensors
