"""How chains are judged and their parts put together: `configs/eval/cot_quality.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import get_args

from gre.errors import InputError
from gre.train.flat_yaml import check_known, read_yaml

_TYPE_WORDS = {str: "text", float: "a number", int: "a whole number", type(None): "null"}


@dataclass(frozen=True)
class CotSettings:
    """Everything that can change a number.

    Attributes:
        judge: "embedded" or "openai:MODEL".
        base_url: Of the server of an openai judge, e.g. http://127.0.0.1:8000/v1.
        api_key_env: Environment variable that holds its key.
        timeout_s: Longest time for one call, seconds.
        max_parallel: Chains judged at once.
        room_fixed: Tokens of a reply beside its verdicts; more for models that think first.
        input_usd_per_million: Price of prompt tokens, US dollars; null where unknown.
        output_usd_per_million: Price of generated tokens.
        clip_model: Folder or hub id of a CLIP model for RefCLIPScore; null leaves it out.
        bert_model: Folder or hub id of an encoder for BERTScore; null leaves it out.
        bert_num_layers: Layer whose features BERTScore compares; needed with bert_model.
        weight_indicator_recall: Weight of the part in CoT quality; 0 leaves it out, and says so.
        weight_ref_clip_score: The same.
        weight_bert_score: The same.
        order_weight: How much a chain in the wrong order loses, in [0, 1].
        min_agreement: `--validate`: least score of gold chains against themselves, percent.
        max_wrong: `--validate`: highest score of other images' chains, percent.
        min_separation: `--validate`: least share of items that order the two rightly, percent.
    """

    judge: str = "embedded"
    base_url: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    timeout_s: float = 120.0
    max_parallel: int = 8
    room_fixed: int = 512
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None
    clip_model: str | None = None
    bert_model: str | None = None
    bert_num_layers: int | None = None
    weight_indicator_recall: float = 1.0
    weight_ref_clip_score: float = 1.0
    weight_bert_score: float = 1.0
    order_weight: float = 0.2
    min_agreement: float = 100.0
    max_wrong: float = 50.0
    min_separation: float = 95.0

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_type(field.name, getattr(self, field.name), field.type)
        for name in ("min_agreement", "max_wrong", "min_separation"):
            _check_range(name, getattr(self, name), 0.0, 100.0)
        _check_range("order_weight", self.order_weight, 0.0, 1.0)
        for name, weight in self.weights.items():
            _check_range(f"weight_{name}", weight, 0.0, 1e6)
        if not any(self.weights.values()):
            raise InputError("the weights of all three parts are 0; set one of them above 0")
        if self.room_fixed < 1:
            raise InputError(f"room_fixed must be >= 1 token, got {self.room_fixed}")
        if (self.bert_model is None) != (self.bert_num_layers is None):
            raise InputError(
                "give both bert_model and bert_num_layers (--bert-model and --bert-layers;"
                " roberta-large: 17), or none"
            )
        is_chat = self.judge.startswith("openai:") and len(self.judge) > len("openai:")
        if self.judge != "embedded" and not is_chat:
            raise InputError(f"judge must be embedded or openai:MODEL, got {self.judge!r}")
        if is_chat and self.base_url is None:
            raise InputError(f"judge {self.judge} needs a server: give --base-url http://HOST/v1")

    @property
    def weights(self) -> Mapping[str, float]:
        """Weights of the paper's parts by name."""
        return {
            "indicator_recall": self.weight_indicator_recall,
            "ref_clip_score": self.weight_ref_clip_score,
            "bert_score": self.weight_bert_score,
        }


def read_settings(path: Path | None, **overrides: object) -> CotSettings:
    """Read a settings file; arguments that are not None stand above it.

    Raises:
        InputError: The file cannot be read, names something unknown, or a value is out of range.
    """
    values: dict[str, object] = {} if path is None else read_yaml(path)
    check_known(values, [field.name for field in fields(CotSettings)], where=str(path))
    chosen = {name: value for name, value in overrides.items() if value is not None}
    try:
        return replace(CotSettings(), **{**values, **chosen})  # type: ignore[arg-type]
    except InputError as error:
        raise InputError(f"{path}: {error}" if path is not None else str(error)) from None


def _check_type(name: str, value: object, declared: object) -> None:
    """Refuse a value of another type; a whole number passes where a number is wanted."""
    kinds: tuple[type, ...] = get_args(declared) or (declared,)
    allowed = (*kinds, int) if float in kinds else kinds
    if not isinstance(value, allowed) or isinstance(value, bool):
        names = (_TYPE_WORDS[kind] for kind in kinds)
        raise InputError(f"{name} must be {' or '.join(names)}, got {value!r}")


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InputError(f"{name} must be in [{low:g}, {high:g}], got {value}")
