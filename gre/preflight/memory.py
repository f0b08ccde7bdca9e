"""Memory of one GPU before a launch, from the model's shape, the batch and the ZeRO stage.

All bytes; 1 GB is 10**9. What is exact is counted (weights, gradients, optimizer, KV cache); what
depends on kernels is an estimate on the high side (activations, buffers), and is named so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gre.models.shapes import QwenShape
from gre.preflight.weights import part_sizes

BF16 = 2
FP32 = 4
ADAM_BYTES = 12
"""Float32 master weight, momentum and variance of a parameter that trains.
Source: ZeRO (Rajbhandari et al. 2020), section 3.1: 2 + 2 + 12 bytes a parameter."""

ALLGATHER_ELEMENTS = 200_000_000
"""Source: configs/deepspeed/zero2.json, allgather_bucket_size."""

LIVE_PARAMETERS = 1_000_000_000
"""Most gathered parameters that ZeRO-3 keeps. Source: DeepSpeed's stage3_max_live_parameters."""

CONTEXT_BYTES = 0.7e9
"""CUDA context, NCCL and allocator slack. Ours."""

HEAD_TOKENS, HEAD_VOCABULARY = 4096, 8192
"""Tile of logits that TRL's fused head holds. Source: TRL 1.16, kernels/chunked_logprob.py; the
width is ours, on the high side."""

PATCHES_PER_TOKEN = 4
STAGES = ("none", "zero2", "zero3")


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What one GPU has to hold while it trains.

    Attributes:
        rows: Rows of one forward and backward pass.
        row_tokens: Tokens of the longest row, its image's included.
        image_tokens: Of the largest image.
        generated_rows: Answers being written at once; 0 without rollouts.
        generated_tokens: Prompt and longest answer of one of them.
        has_reference: Whether a second, frozen model stands beside the policy.
        checkpointing: Whether activations are computed again in the backward pass.
        frozen: Parts that do not train.
        adapter_parameters: Of LoRA; 0 trains the full weights.
        mixed: bfloat16 weights with float32 masters (DeepSpeed), else float32 weights.
    """

    rows: int
    row_tokens: int
    image_tokens: int
    generated_rows: int = 0
    generated_tokens: int = 0
    has_reference: bool = False
    checkpointing: bool = True
    frozen: tuple[str, ...] = ()
    adapter_parameters: int = 0
    mixed: bool = True


@dataclass(frozen=True)
class MemoryForecast:
    """Bytes of one GPU by what they hold."""

    weights: float
    gradients: float
    optimizer: float
    reference: float
    buffers: float
    activations: float
    kv_cache: float

    @property
    def states(self) -> float:
        """Weights, gradients, optimizer, reference and buffers: what stands all the time."""
        return self.weights + self.gradients + self.optimizer + self.reference + self.buffers

    @property
    def peak(self) -> float:
        """States and the larger of training (activations) and generation (KV cache)."""
        return self.states + max(self.activations, self.kv_cache)

    def to_json(self) -> dict[str, float]:
        """Gigabytes by name."""
        parts = {name: value / 1e9 for name, value in vars(self).items()}
        return parts | {"states": self.states / 1e9, "peak": self.peak / 1e9}


def trainable_parameters(shape: QwenShape, work: Workload) -> int:
    """Parameters that get a gradient."""
    if work.adapter_parameters:
        return work.adapter_parameters
    parts: Mapping[str, int] = part_sizes(shape)
    return sum(count for part, count in parts.items() if part not in work.frozen)


def forecast_memory(
    shape: QwenShape, work: Workload, *, zero: str, world_size: int
) -> MemoryForecast:
    """Memory of one GPU.

    ZeRO-2 shards gradients and optimizer over the GPUs, ZeRO-3 the weights too. A reference model
    is whole under ZeRO-2 and sharded under ZeRO-3; with LoRA the policy without its adapter is the
    reference and costs nothing.

    Args:
        shape: Of the model.
        work: What is held.
        zero: "none", "zero2" or "zero3".
        world_size: GPUs, at least 1.

    Source: ZeRO, section 3 and 5; TRL 1.16 `prepare_deepspeed` for the reference.
    """
    total = sum(part_sizes(shape).values())
    trained = trainable_parameters(shape, work)
    mixed = work.mixed or zero != "none"
    width = BF16 if mixed or work.adapter_parameters else FP32
    shards = world_size if zero != "none" else 1
    weight_shards = world_size if zero == "zero3" else 1
    states = ADAM_BYTES if mixed else ADAM_BYTES - FP32  # float32 weights are their own masters
    buffers = {"none": 0, "zero2": ALLGATHER_ELEMENTS, "zero3": _gathered(shape)}[zero]
    is_copy = work.has_reference and not work.adapter_parameters
    return MemoryForecast(
        weights=width * total / weight_shards,
        gradients=width * trained / shards,
        optimizer=states * trained / shards,
        reference=width * total / weight_shards if is_copy else 0.0,
        buffers=BF16 * buffers + CONTEXT_BYTES,
        activations=activation_bytes(shape, work),
        kv_cache=kv_cache_bytes(shape, work.generated_rows * work.generated_tokens),
    )


def _gathered(shape: QwenShape) -> int:
    """Parameters that ZeRO-3 holds whole at once: the vocabulary's table and one layer (ours)."""
    layer = shape.hidden_size * (4 * shape.hidden_size + 3 * shape.intermediate_size)
    return min(LIVE_PARAMETERS, shape.vocab_size * shape.hidden_size + layer)


def kv_cache_bytes(shape: QwenShape, tokens: int) -> float:
    """Keys and values of so many tokens in bfloat16: 2 x layers x KV heads x head size x 2."""
    head = shape.hidden_size // shape.num_heads
    return float(2 * shape.num_layers * shape.num_kv_heads * head * BF16 * tokens)


def activation_bytes(shape: QwenShape, work: Workload) -> float:
    """What the backward pass needs, with memory-efficient attention (no T x T table).

    With checkpointing each layer keeps its input and one layer at a time is computed again with
    its gradients; without it every layer keeps its inner values. The logits never exist as a whole
    in TRL 1.16; one tile of them does.

    Source: the counting of Korthikanti et al. 2022 (arXiv 2205.05198), section 4, written anew for
    a gated MLP and grouped keys.
    """
    tokens = work.rows * work.row_tokens
    inner = _inner_values(
        shape.hidden_size, shape.intermediate_size, shape.num_kv_heads / shape.num_heads
    )
    total = _kept(tokens, shape.num_layers, shape.hidden_size, inner, work.checkpointing)
    if not work.frozen or "vision" not in work.frozen:
        patches = work.rows * work.image_tokens * PATCHES_PER_TOKEN
        h, i = shape.vision_hidden_size, shape.vision_intermediate_size
        inner = _inner_values(h, i, 1.0)
        total += _kept(patches, shape.vision_depth, h, inner, work.checkpointing)
    vocabulary = min(HEAD_VOCABULARY, shape.vocab_size)
    return total + FP32 * min(HEAD_TOKENS, tokens) * vocabulary


def _inner_values(hidden: int, intermediate: int, kv_share: float) -> float:
    """Values of one layer for one token: two norms, q, k, v, attention, residual; gate, up, act."""
    return hidden * (5 + 2 * kv_share) + 4 * intermediate


def _kept(tokens: int, layers: int, hidden: int, inner: float, checkpointing: bool) -> float:
    if checkpointing:
        return BF16 * tokens * (layers * hidden + 2 * inner)
    return BF16 * tokens * layers * (hidden + inner)


def lora_parameters(shape: QwenShape, rank: int, targets: tuple[str, ...]) -> int:
    """Parameters of an adapter: rank x (rows + columns) of every adapted linear layer."""
    h, i = shape.hidden_size, shape.intermediate_size
    kv = h // shape.num_heads * shape.num_kv_heads
    sides = {
        **{"q_proj": h + h, "k_proj": h + kv, "v_proj": h + kv, "o_proj": h + h},
        **{"gate_proj": h + i, "up_proj": h + i, "down_proj": h + i},
    }
    return rank * shape.num_layers * sum(sides[name] for name in targets if name in sides)
