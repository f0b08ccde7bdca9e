"""What a finished run leaves behind: a plain Hugging Face folder, reopened and checked.

Every rank calls `finish`: saving gathers the shards of all of them. Merging, the model card and
the check are work of the main process alone, whose verdict all ranks share.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gre.errors import GreError
from gre.models.adapters import merge_adapter
from gre.models.options import DTYPES, ModelOptions
from gre.models.qwen_vl import load_model, load_processor, read_instruction, write_instruction
from gre.models.shapes import SPECIAL_TOKENS
from gre.train.checkpoints import mark_complete
from gre.train.loader import Run
from gre.train.model_card import write_model_card

if TYPE_CHECKING:
    from transformers import PreTrainedModel

logger = logging.getLogger(__name__)

ADAPTER_FOLDER = "adapter"
"""Folder of a LoRA run's last adapter, beside the merged model."""

LEFT_OUT = ("training_args.bin", f"{ADAPTER_FOLDER}/training_args.bin")
"""A pickle that the trainer writes beside a model; `resolved.yaml` holds the same readably."""

WEIGHTS_INDEX = "model.safetensors.index.json"
"""Which file holds which tensor, where there is more than one."""

PLACEHOLDERS = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
}
"""Fields of the model's config that must name the tokenizer's ids. Source: Qwen2.5-VL's config."""


def finish(trainer: Any, run: Run, *, stage: str) -> None:  # Any: a StageTrainer over TRL's
    """End a run on every rank: link `best`, export, mark it complete, leave the process group.

    Args:
        trainer: After training.
        run: What the run was told.
        stage: "sft", "judge" or "geodesic".

    Raises:
        GreError: The written model is faulty; the run is not marked complete.
    """
    output_dir = Path(run.trainer.output_dir)
    trainer.save_state()
    if trainer.is_world_process_zero():
        _link_best(trainer, output_dir)
    export_model(trainer, run, stage=stage, output_dir=output_dir)
    if trainer.is_world_process_zero():
        mark_complete(
            output_dir,
            step=trainer.state.global_step,
            best_step=trainer.state.best_global_step,
            best_metric=trainer.state.best_metric,
        )
    if trainer.args.push_to_hub:
        trainer.push_to_hub(revision=trainer.args.hub_revision)
    # Ranks leave together and close their connections: threads of an open process group can abort
    # an interpreter that is shutting down.
    trainer.accelerator.wait_for_everyone()
    trainer.accelerator.end_training()


def _link_best(trainer: Any, output_dir: Path) -> None:  # Any: a StageTrainer
    best = trainer.state.best_model_checkpoint
    link = output_dir / "best"
    link.unlink(missing_ok=True)
    if best:
        link.symlink_to(Path(best).name, target_is_directory=True)


def export_model(trainer: Any, run: Run, *, stage: str, output_dir: Path) -> None:
    """Write the trained model as a plain folder and check what was written; call on every rank.

    With LoRA the adapter goes to `output_dir/adapter` and the merged model to `output_dir`.

    Args:
        trainer: After training; its model may be a PeftModel, partitioned over ranks or both.
        run: What the run was told.
        stage: "sft", "judge" or "geodesic".
        output_dir: Folder of the run.

    Raises:
        GreError: A fault of what was written, naming file and tensor, on every rank.
    """
    from accelerate.utils import broadcast_object_list

    is_lora = run.model.lora_r > 0
    if not is_lora:
        _prepare_to_publish(trainer.model)
    # Internal: the trainer itself would push to the hub before card and check.
    trainer.save_model(
        str(output_dir / ADAPTER_FOLDER if is_lora else output_dir), _internal_call=True
    )
    verdict: list[str | None] = [None]
    if trainer.is_world_process_zero():
        try:
            with _whole_models(trainer):
                if is_lora:
                    _write_merged(trainer, run, output_dir)
                _tidy(output_dir)
                write_model_card(trainer, run, stage=stage, output_dir=output_dir)
                check_saved_model(output_dir)
        except GreError as error:
            verdict = [str(error)]
    broadcast_object_list(verdict)
    if verdict[0]:
        raise GreError(verdict[0])


def _prepare_to_publish(model: "PreTrainedModel") -> None:
    """Let `save_pretrained` write the published names and config."""
    # Without the record of how the start's names were converted, they become the published ones.
    model._weight_conversions = None
    model.config.use_cache = True  # the trainer switches it off; as published


@contextmanager
def _whole_models(trainer: Any) -> Iterator[None]:  # Any: a StageTrainer
    """Load models whole on this process: under ZeRO-3 transformers would shard them over all."""
    from transformers.integrations.deepspeed import (
        set_hf_deepspeed_config,
        unset_hf_deepspeed_config,
    )

    kept = getattr(trainer.args, "hf_deepspeed_config", None)
    unset_hf_deepspeed_config()
    try:
        yield
    finally:
        if kept is not None:
            set_hf_deepspeed_config(kept)


def _write_merged(trainer: Any, run: Run, output_dir: Path) -> None:  # Any: a StageTrainer
    """Merge the saved adapter into the base, on the CPU and in the base's dtype, and save it."""
    base = replace(run.model, dtype=_stored_dtype(run.model), attention="sdpa")
    merged = merge_adapter(load_model(base, device="cpu"), str(output_dir / ADAPTER_FOLDER))
    merged._weight_conversions = None
    merged.save_pretrained(output_dir)
    trainer.processing_class.save_pretrained(output_dir)
    write_instruction(output_dir, trainer.question)


def _stored_dtype(options: ModelOptions) -> str:
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(options.model_name_or_path, trust_remote_code=False)
    name = str(config.dtype).removeprefix("torch.")
    return name if name in DTYPES else "float32"


def _tidy(output_dir: Path) -> None:
    for name in LEFT_OUT:
        (output_dir / name).unlink(missing_ok=True)
    for weights in output_dir.rglob("*.safetensors"):
        # Written for the owner alone; readable like the config beside them.
        for config in weights.parent.glob("*_config.json"):
            weights.chmod(config.stat().st_mode & 0o777)


def check_saved_model(folder: Path) -> None:
    """Reopen a written model: names, shapes, finite values, processor, tokens, question.

    The weights are read tensor by tensor; nothing is loaded whole.

    Raises:
        GreError: The first fault, naming file and tensor.
    """
    for name in ("config.json", "generation_config.json"):
        if not (folder / name).is_file():
            raise GreError(f"{folder / name}: was not written; run the same command again")
    expected = expected_shapes(folder)
    seen: dict[str, Path] = {}
    for path in _weight_files(folder):
        for name in _check_weight_file(path, expected):
            seen[name] = path
    for name in expected:
        if name not in seen:
            raise GreError(
                f"{folder}: tensor {name} is in none of its safetensors files, config.json asks"
                " for it; run the same command again"
            )
    _check_index(folder, seen)
    _check_processor(folder)
    logger.info("model in %s: %d tensors reopened and checked", folder, len(seen))


def expected_shapes(folder: Path) -> dict[str, list[int]]:
    """Give the published name and shape of every tensor that a folder's config.json asks for."""
    import torch
    from transformers import AutoConfig, AutoModelForImageTextToText
    from transformers.core_model_loading import revert_weight_conversion

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config)
    tied = model.all_tied_weights_keys
    own = {name: tensor for name, tensor in model.state_dict().items() if name not in tied}
    published = revert_weight_conversion(model, own)
    return {name: list(tensor.shape) for name, tensor in published.items()}


def _weight_files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("model*.safetensors"))
    if not files:
        raise GreError(
            f"{folder}: no model*.safetensors was written; with ZeRO-3 set"
            " stage3_gather_16bit_weights_on_model_save in its config, then run the same command"
        )
    return files


def _check_weight_file(path: Path, expected: dict[str, list[int]]) -> list[str]:
    """Check every tensor of a file against the expected shapes; give the names it holds."""
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            for name in names:
                shape = list(file.get_slice(name).get_shape())
                if expected.get(name) != shape:
                    wanted = expected.get(name, "no such tensor")
                    raise GreError(
                        f"{path}: tensor {name} has shape {shape}, config.json asks for {wanted};"
                        " run the same command again"
                    )
                bad = int((~torch.isfinite(file.get_tensor(name))).sum())
                if bad:
                    raise GreError(
                        f"{path}: tensor {name} has {bad} values that are not finite; lower"
                        " learning_rate, delete the checkpoints after it went wrong, run again"
                    )
    except SafetensorError as error:
        raise GreError(f"{path}: cannot be read: {error}; run the same command again") from error
    return names


def _check_index(folder: Path, seen: dict[str, Path]) -> None:
    index = folder / WEIGHTS_INDEX
    if len(set(seen.values())) == 1 and not index.exists():
        return
    try:
        listed = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    except (OSError, ValueError, KeyError) as error:
        raise GreError(f"{index}: cannot be read: {error}; run the same command again") from error
    for name, path in seen.items():
        if listed.get(name) != path.name:
            raise GreError(
                f"{index}: tensor {name} is in {path.name}, the index says {listed.get(name)}; run"
                " the same command again"
            )


def _check_processor(folder: Path) -> None:
    from transformers import AutoConfig

    processor = load_processor(ModelOptions(model_name_or_path=str(folder)))
    if not processor.chat_template:
        raise GreError(f"{folder}: has no chat template; start from a model folder that has one")
    vocabulary = processor.tokenizer.get_vocab()
    for token in SPECIAL_TOKENS:
        if token not in vocabulary:
            raise GreError(f"{folder}/tokenizer.json: token {token} is missing; use Qwen's own")
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    for field, token in PLACEHOLDERS.items():
        if getattr(config, field) != vocabulary[token]:
            raise GreError(
                f"{folder}/config.json: {field} is {getattr(config, field)}, the tokenizer's"
                f" {token} is {vocabulary[token]}; start from a folder whose files belong together"
            )
    if read_instruction(str(folder)) is None:
        raise GreError(f"{folder}/gre.json: was not written; run the same command again")
