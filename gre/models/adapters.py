"""LoRA adapter folders: what a checkpoint of a LoRA run holds, and the whole model made of it."""

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING

from gre.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"


def is_adapter_folder(name_or_path: str) -> bool:
    """Whether a name is a local folder with an adapter instead of a whole model."""
    return (Path(name_or_path).expanduser() / ADAPTER_CONFIG).is_file()


def base_of_adapter(folder: str) -> str:
    """Give the folder or hub id of the model that an adapter was trained on.

    Raises:
        InputError: The adapter cannot be used here; the message says why.
    """
    path = Path(folder).expanduser() / ADAPTER_CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is not readable JSON: {error}") from error
    kind = config.get("peft_type") if isinstance(config, dict) else None
    if kind != "LORA":
        raise InputError(f"{path}: peft_type must be LORA, got {kind!r}; name a LoRA adapter")
    base = config.get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        raise InputError(
            f"{path}: base_model_name_or_path must name a folder or hub id, got {base!r}; fill in"
            " the model that the adapter was trained on"
        )
    if is_adapter_folder(base):
        raise InputError(f"{path}: its base {base} is an adapter too; merge that one first")
    if not (path.parent / ADAPTER_WEIGHTS).is_file():
        raise InputError(f"model {folder}: no {ADAPTER_WEIGHTS} in it; only safetensors are read")
    if importlib.util.find_spec("peft") is None:
        raise InputError(
            f"model {folder} is a LoRA adapter, which needs peft: pip install peft, or name its"
            " run's folder, which holds the merged model"
        )
    return base


def refuse_adapter(name_or_path: str) -> None:
    """Refuse an adapter folder as the start of a training run.

    Raises:
        InputError: It is one.
    """
    if is_adapter_folder(name_or_path):
        raise InputError(
            f"model_name_or_path {name_or_path} is a LoRA adapter, training starts from a whole"
            " model; name its run's folder, which holds the merged one"
        )


def merge_adapter(model: "PreTrainedModel", folder: str) -> "PreTrainedModel":
    """Add an adapter to the weights of its base, in place and in the base's dtype.

    Args:
        model: The base, whole in memory.
        folder: The adapter's folder.

    Raises:
        InputError: A tensor of the adapter is missing, unexpected or of another shape.
    """
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import SafetensorError, safe_open

    weights = Path(folder).expanduser() / ADAPTER_WEIGHTS
    try:
        adapted = PeftModel.from_pretrained(model, str(weights.parent), torch_device="cpu")
        with safe_open(weights, framework="pt") as file:
            saved = set(file.keys())
    except (RuntimeError, ValueError, TypeError, KeyError, OSError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{weights}: does not fit its base model: {reason}") from error
    wanted = set(get_peft_model_state_dict(adapted, save_embedding_layers=False))
    for kind, names in (("missing", wanted - saved), ("unexpected", saved - wanted)):
        if names:
            raise InputError(
                f"{weights}: {len(names)} {kind} tensors, the first {min(names)}; name another"
                " checkpoint of the run"
            )
    return adapted.merge_and_unload()
