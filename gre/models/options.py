"""What a run says about its model. No torch here: configurations are read in milliseconds."""

from dataclasses import dataclass, field

from gre.errors import InputError
from gre.models.shapes import MERGE_SIZE, PATCH_SIZE

PARTS = ("vision", "projector", "language")
DTYPES = ("auto", "bfloat16", "float16", "float32")
ATTENTIONS = ("auto", "flash_attention_2", "sdpa", "eager")
IMAGE_TOKEN_PIXELS = (PATCH_SIZE * MERGE_SIZE) ** 2
"""Pixels that one image token covers: 28 x 28."""

LORA_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Which model, how it is loaded and which of its parts are trained."""

    model_name_or_path: str = field(
        default="", metadata={"help": "Folder or hub id of a Qwen2.5-VL model; required."}
    )
    dtype: str = field(
        default="auto",
        metadata={
            "help": "Weights in memory. auto: bfloat16 on a GPU that has it, else float32.",
            "choices": DTYPES,
        },
    )
    attention: str = field(
        default="auto",
        metadata={
            "help": "auto: flash_attention_2 where the wheel and the GPU allow it, else sdpa.",
            "choices": ATTENTIONS,
        },
    )
    freeze: list[str] = field(
        default_factory=list,
        metadata={"help": "Parts that are not trained: any of vision, projector, language."},
    )
    lora_r: int = field(default=0, metadata={"help": "LoRA rank; 0 trains the full weights."})
    lora_alpha: int = field(default=32, metadata={"help": "LoRA scale numerator."})
    lora_dropout: float = field(default=0.05, metadata={"help": "LoRA dropout, in [0, 1)."})
    lora_targets: list[str] = field(
        default_factory=lambda: list(LORA_TARGETS),
        metadata={"help": "Linear layers of the language model that get an adapter."},
    )
    min_pixels: int | None = field(
        default=None, metadata={"help": "Fewest pixels of a resized image; model's own if unset."}
    )
    max_pixels: int | None = field(
        default=None, metadata={"help": "Most pixels of a resized image; model's own if unset."}
    )

    def __post_init__(self) -> None:
        if not self.model_name_or_path:
            raise InputError(
                "model_name_or_path is empty; set it in the config or pass --model_name_or_path"
                " with a model folder or hub id"
            )
        unknown = sorted(set(self.freeze) - set(PARTS))
        if unknown:
            raise InputError(f"freeze: {unknown[0]!r} is unknown; choose from {', '.join(PARTS)}")
        if set(self.freeze) == set(PARTS):
            raise InputError("freeze names every part, so nothing would train; leave one out")
        if self.lora_r < 0:
            raise InputError(f"lora_r must be >= 0, got {self.lora_r}; 0 trains the full weights")
        if self.lora_r and "language" in self.freeze:
            raise InputError("lora_r > 0 adapts the language model; take language out of freeze")
        if not 0 <= self.lora_dropout < 1:
            raise InputError(f"lora_dropout must be in [0, 1), got {self.lora_dropout}")
        self._check_pixels()

    def _check_pixels(self) -> None:
        for name in ("min_pixels", "max_pixels"):
            value = getattr(self, name)
            if value is not None and value < IMAGE_TOKEN_PIXELS:
                raise InputError(
                    f"{name} must be at least {IMAGE_TOKEN_PIXELS} (one image token), got {value}"
                )
        if self.min_pixels and self.max_pixels and self.min_pixels > self.max_pixels:
            raise InputError(
                f"min_pixels {self.min_pixels} is above max_pixels {self.max_pixels}; lower it"
            )
