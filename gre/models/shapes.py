"""Shapes of the published Qwen2.5-VL models, from their `config.json` files on the hub.

Only numbers: building a model from a shape needs no weights (`gre.models.qwen_vl.build_on_meta`).
"""

from dataclasses import dataclass

SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
"""Added tokens of Qwen2.5-VL in the order of their ids. Source: its `tokenizer_config.json`."""

FIRST_SPECIAL_ID = 151643
"""Id of `<|endoftext|>` in the published tokenizer; the others follow without a gap."""

PATCH_SIZE = 14
MERGE_SIZE = 2
"""Patches merge 2 x 2, so one image token covers 28 x 28 pixels."""

DEFAULT_MIN_PIXELS = 56 * 56
DEFAULT_MAX_PIXELS = 1_003_520
"""1,280 image tokens, the upper end that Qwen's model card recommends for balance."""


@dataclass(frozen=True)
class QwenShape:
    """Sizes that fix the architecture of one Qwen2.5-VL model; counts and widths, no units."""

    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    vocab_size: int
    tie_word_embeddings: bool
    vision_hidden_size: int
    vision_intermediate_size: int
    vision_depth: int
    vision_heads: int
    full_attention_blocks: tuple[int, ...]
    mrope_section: tuple[int, int, int] = (16, 24, 24)
    max_position_embeddings: int = 128_000
    rope_theta: float = 1_000_000.0


def _published(
    hidden: int, intermediate: int, layers: int, heads: int, kv_heads: int, *, vision_mlp: int
) -> QwenShape:
    return QwenShape(
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_layers=layers,
        num_heads=heads,
        num_kv_heads=kv_heads,
        vocab_size=151_936 if hidden == 2048 else 152_064,
        tie_word_embeddings=hidden == 2048,
        vision_hidden_size=1280,
        vision_intermediate_size=vision_mlp,
        vision_depth=32,
        vision_heads=16,
        full_attention_blocks=(7, 15, 23, 31),
    )


QWEN_SHAPES: dict[str, QwenShape] = {
    "3b": _published(2048, 11008, 36, 16, 2, vision_mlp=3420),
    "7b": _published(3584, 18944, 28, 28, 4, vision_mlp=3420),
    "32b": _published(5120, 27648, 64, 40, 8, vision_mlp=3456),
    "72b": _published(8192, 29568, 80, 64, 8, vision_mlp=3456),
}
"""Published models by size. Source: `config.json` of Qwen/Qwen2.5-VL-{3B,7B,32B,72B}-Instruct."""

TINY_SHAPE = QwenShape(
    hidden_size=128,
    intermediate_size=256,
    num_layers=3,
    num_heads=4,
    num_kv_heads=2,
    vocab_size=0,  # the tokenizer decides
    tie_word_embeddings=True,
    vision_hidden_size=128,
    vision_intermediate_size=256,
    vision_depth=2,
    vision_heads=4,
    full_attention_blocks=(1,),
    mrope_section=(4, 6, 6),
    max_position_embeddings=4096,
    rope_theta=100.0,  # the default gives a 6 x 4 grid of image tokens nearly equal rotations
)
"""The model of the sample world: about 2 M parameters, same architecture (ours)."""


def shape_config(shape: QwenShape, token_id: dict[str, int]) -> dict[str, object]:
    """Keyword arguments of `Qwen2_5_VLConfig` for a shape and the ids of its special tokens."""
    return {
        "text_config": {
            "vocab_size": shape.vocab_size,
            "hidden_size": shape.hidden_size,
            "intermediate_size": shape.intermediate_size,
            "num_hidden_layers": shape.num_layers,
            "num_attention_heads": shape.num_heads,
            "num_key_value_heads": shape.num_kv_heads,
            "max_position_embeddings": shape.max_position_embeddings,
            "rms_norm_eps": 1e-6,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": shape.rope_theta,
                "mrope_section": list(shape.mrope_section),
            },
            "tie_word_embeddings": shape.tie_word_embeddings,
            "bos_token_id": token_id["<|endoftext|>"],
            "eos_token_id": token_id["<|im_end|>"],
            "pad_token_id": token_id["<|endoftext|>"],
        },
        "vision_config": {
            "depth": shape.vision_depth,
            "hidden_size": shape.vision_hidden_size,
            "intermediate_size": shape.vision_intermediate_size,
            "num_heads": shape.vision_heads,
            "out_hidden_size": shape.hidden_size,
            "fullatt_block_indexes": list(shape.full_attention_blocks),
            "patch_size": PATCH_SIZE,
            "spatial_merge_size": MERGE_SIZE,
            "temporal_patch_size": 2,
            "window_size": 112,
        },
        "image_token_id": token_id["<|image_pad|>"],
        "video_token_id": token_id["<|video_pad|>"],
        "vision_start_token_id": token_id["<|vision_start|>"],
        "vision_end_token_id": token_id["<|vision_end|>"],
        "tie_word_embeddings": shape.tie_word_embeddings,
    }
