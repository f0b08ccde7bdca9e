"""The Qwen2.5-VL wrapper: load, choose attention, freeze, add LoRA, report what trains."""

import importlib.util
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from gre.errors import InputError
from gre.models.adapters import base_of_adapter, is_adapter_folder, merge_adapter
from gre.models.lookup import check_model, check_model_folder
from gre.models.options import PARTS, ModelOptions
from gre.models.shapes import FIRST_SPECIAL_ID, QWEN_SHAPES, SPECIAL_TOKENS, shape_config

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel, ProcessorMixin

logger = logging.getLogger(__name__)

INSTRUCTION_FILE = "gre.json"
"""Beside the weights: the question that the model was trained on."""


@dataclass(frozen=True)
class GroupCount:
    """Parameters of one part of the model."""

    total: int
    trainable: int


def resolve_attention(choice: str = "auto", *, device: str | None = None) -> str:
    """Name the attention that a run will use, from "auto" or an explicit choice.

    flash_attention_2 needs its wheel and a GPU of compute capability 8.0 or more; sdpa runs
    anywhere.

    Raises:
        InputError: An explicit flash_attention_2 that cannot run here.
    """
    on_gpu = (device or ("cuda" if torch.cuda.is_available() else "cpu")).startswith("cuda")
    has_wheel = importlib.util.find_spec("flash_attn") is not None
    can_flash = on_gpu and has_wheel and torch.cuda.get_device_capability() >= (8, 0)
    if choice == "flash_attention_2" and not can_flash:
        missing = (
            "the flash-attn wheel" if on_gpu and not has_wheel else "a GPU of capability >= 8.0"
        )
        raise InputError(f"attention flash_attention_2 needs {missing}; use auto or sdpa")
    if choice != "auto":
        return choice
    return "flash_attention_2" if can_flash else "sdpa"


def resolve_dtype(choice: str = "auto", *, device: str | None = None) -> torch.dtype:
    """Give the torch dtype for "auto" or a name in `gre.models.options.DTYPES`."""
    if choice != "auto":
        return {
            "bfloat16": torch.bfloat16,
            "float16": torch.float16,
            "float32": torch.float32,
        }[choice]
    on_gpu = (device or ("cuda" if torch.cuda.is_available() else "cpu")).startswith("cuda")
    return torch.bfloat16 if on_gpu and torch.cuda.is_bf16_supported() else torch.float32


def load_processor(options: ModelOptions) -> "ProcessorMixin":
    """Load the processor with left padding and the run's pixel budget."""
    from transformers import AutoProcessor

    check_model(options.model_name_or_path)
    processor = _from_pretrained(
        AutoProcessor, options.model_name_or_path, padding_side="left", trust_remote_code=False
    )
    size = {
        "shortest_edge": options.min_pixels,
        "longest_edge": options.max_pixels,
    }
    # Qwen's family counts pixels; to other processors the same keys are lengths of a side.
    if any(size.values()) and not hasattr(processor.image_processor, "merge_size"):
        raise InputError(
            f"model {options.model_name_or_path}: its processor has no pixel budget;"
            " leave out min_pixels and max_pixels"
        )
    for key, value in size.items():
        if value is not None:
            processor.image_processor.size[key] = value
            attribute = "min_pixels" if key == "shortest_edge" else "max_pixels"
            if hasattr(processor.image_processor, attribute):
                setattr(processor.image_processor, attribute, value)
    return processor


def load_model(options: ModelOptions, *, device: str | None = None) -> "PreTrainedModel":
    """Load a vision-language model from a folder or the hub, without freezing or new adapters.

    An adapter folder, such as a checkpoint of a LoRA run, gives its base with the adapter merged.

    Args:
        options: Name, dtype and attention.
        device: Where it goes, e.g. "cuda:0"; None leaves it on the CPU for a trainer to place.
    """
    from transformers import AutoModelForImageTextToText

    from gre.models.vision_windows import batch_vision_windows

    check_model_folder(options.model_name_or_path)
    attention = resolve_attention(options.attention, device=device)
    dtype = resolve_dtype(options.dtype, device=device)
    logger.info("attention %s, dtype %s", attention, str(dtype).removeprefix("torch."))
    name = options.model_name_or_path
    is_adapter = is_adapter_folder(name)
    model = _from_pretrained(
        AutoModelForImageTextToText,
        base_of_adapter(name) if is_adapter else name,
        dtype=dtype,
        attn_implementation=attention,
        trust_remote_code=False,
        use_safetensors=True,
    )
    _keep_published_names(model)
    if is_adapter:
        model = merge_adapter(model, name)
    batch_vision_windows(model)
    return model.to(device) if device else model


def _keep_published_names(model: "PreTrainedModel") -> None:
    """Let ZeRO-3 save the names that the published checkpoints have.

    When transformers loads under ZeRO-3 it notes renamings that were not used, and a save would
    apply their reverse: `model.layers` would be written as `model.model.layers`.
    """
    from transformers.integrations import is_deepspeed_zero3_enabled

    conversions = getattr(model, "_weight_conversions", None)
    if conversions and is_deepspeed_zero3_enabled():
        model._weight_conversions = [c for c in conversions if c.was_used()]


def _from_pretrained(auto_class: type, name: str, **kwargs: object) -> "PreTrainedModel":
    """Call `from_pretrained` and turn its many ways of saying no into one line."""
    from safetensors import SafetensorError

    try:
        return auto_class.from_pretrained(name, **kwargs)  # type: ignore[attr-defined]
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise InputError(f"model {name}: cannot be loaded: {first_line}") from error


def build_on_meta(size: str) -> "PreTrainedModel":
    """Build a published shape on the meta device: every parameter, no memory, no weights."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    ids = {token: FIRST_SPECIAL_ID + i for i, token in enumerate(SPECIAL_TOKENS)}
    config = Qwen2_5_VLConfig(**shape_config(QWEN_SHAPES[size], ids))
    with torch.device("meta"):
        return Qwen2_5_VLForConditionalGeneration(config)


def part_of(parameter_name: str) -> str:
    """Tell which part a parameter belongs to: vision, projector or language."""
    if "visual.merger" in parameter_name or "multi_modal_projector" in parameter_name:
        return "projector"
    is_vision = "visual." in parameter_name or "vision_tower." in parameter_name
    return "vision" if is_vision else "language"


def apply_training_options(model: "PreTrainedModel", options: ModelOptions) -> "PreTrainedModel":
    """Freeze parts and add LoRA as the options say, then check that exactly that happened."""
    model = freeze_parts(model, options)
    if options.lora_r:
        from peft import get_peft_model

        model = get_peft_model(model, lora_config(options))
    assert_trainable(model, options)
    return model


def freeze_parts(model: "PreTrainedModel", options: ModelOptions) -> "PreTrainedModel":
    """Freeze the parts that the options name, in place."""
    for name, parameter in model.named_parameters():
        if part_of(name) in options.freeze:
            parameter.requires_grad_(False)
    return model


def lora_config(options: ModelOptions) -> "LoraConfig":
    """The adapter of the language model's linear layers that the options describe."""
    from peft import LoraConfig

    targets = "|".join(options.lora_targets)
    return LoraConfig(
        r=options.lora_r,
        lora_alpha=options.lora_alpha,
        lora_dropout=options.lora_dropout,
        target_modules=rf".*language_model\.layers\.\d+\.(self_attn|mlp)\.({targets})",
        task_type="CAUSAL_LM",
    )


def count_parameters(model: nn.Module) -> dict[str, GroupCount]:
    """Count parameters by part, shared ones once. ZeRO-3 shards count with their full size."""
    counts: dict[str, GroupCount] = {}
    for name, parameter in model.named_parameters():
        size = getattr(parameter, "ds_numel", parameter.numel())
        part = "adapter" if "lora_" in name else part_of(name)
        old = counts.get(part, GroupCount(0, 0))
        trainable = old.trainable + (size if parameter.requires_grad else 0)
        counts[part] = replace(old, total=old.total + size, trainable=trainable)
    return counts


def assert_trainable(model: nn.Module, options: ModelOptions) -> None:
    """Refuse to train when another set of parameters would move than the options say.

    Raises:
        InputError: A frozen part has trainable parameters, or a part to train has a frozen one.
    """
    expected = {part: not options.lora_r and part not in options.freeze for part in PARTS}
    if options.lora_r:
        expected["adapter"] = True
    for part, count in count_parameters(model).items():
        wanted = count.total if expected[part] else 0
        if count.trainable != wanted:
            raise InputError(
                f"{part}: {count.trainable:,} parameters would train, {wanted:,} should;"
                " check freeze and lora_r"
            )


def format_parameters(counts: Mapping[str, GroupCount]) -> str:
    """Write the table of parameters by part that a run prints at its start."""
    lines = [f"{'part':<10} {'parameters':>15} {'trainable':>15}"]
    rows = [*sorted(counts.items()), ("all", _total(counts.values()))]
    lines += [f"{part:<10} {c.total:>15,} {c.trainable:>15,}" for part, c in rows]
    return "\n".join(lines)


def _total(counts: Iterable[GroupCount]) -> GroupCount:
    items = list(counts)
    return GroupCount(sum(c.total for c in items), sum(c.trainable for c in items))


def write_instruction(folder: Path, instruction: str) -> None:
    """Keep the question a model was trained on beside its weights."""
    text = json.dumps({"instruction": instruction}, ensure_ascii=False, indent=2)
    (folder / INSTRUCTION_FILE).write_text(text + "\n", encoding="utf-8")


def read_instruction(name_or_path: str) -> str | None:
    """Give the question a model was trained on, or None when its folder does not say."""
    path = Path(name_or_path) / INSTRUCTION_FILE
    if not path.is_file():
        return None
    try:
        instruction = json.loads(path.read_text(encoding="utf-8"))["instruction"]
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise InputError(f'{path}: must be {{"instruction": "..."}}; fix or delete it') from error
    if not isinstance(instruction, str) or not instruction.strip():
        raise InputError(f"{path}: instruction must be a text that is not empty; fix or delete it")
    return instruction
