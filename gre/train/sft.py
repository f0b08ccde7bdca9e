"""Stage 1, the cold start: supervised fine-tuning on chains of thought with TRL's SFTTrainer.

How it departs from stock TRL: loss on the completion alone; rows are never cut (a row over the
budget stops the run by name) and may be packed instead of padded; a resumed run restores the
weights; the held-out set is located greedily instead of its loss being computed.
"""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from datasets import Dataset
from trl import SFTConfig, SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

from gre.data.datasets import draw_subset, main_question, sft_dataset
from gre.data.records import BenchRecord, CotRecord, read_bench, read_cot
from gre.environment import describe
from gre.errors import InputError
from gre.models.adapters import refuse_adapter
from gre.models.chat import ask, reply
from gre.models.lookup import check_model
from gre.models.prepared import prepared_processor
from gre.models.qwen_vl import (
    apply_training_options,
    count_parameters,
    format_parameters,
    load_model,
    load_processor,
)
from gre.train.base import StageTrainer
from gre.train.callbacks import EvaluateAtEnd, MetricsLog
from gre.train.checkpoints import check_manifest, check_output_dir, find_resume, is_complete
from gre.train.compact_head import compact_head_on_cpu
from gre.train.config import PackingOptions
from gre.train.export import finish
from gre.train.heldout import HeldoutPoints
from gre.train.identity import check_identity, run_identity, write_identity
from gre.train.loader import Run, load_run
from gre.train.packing import PackedRows
from gre.train.photos_once import photo_reader
from gre.train.stopping import train_to_end

logger = logging.getLogger(__name__)

SFT_DEFAULTS: Mapping[str, object] = {
    "output_dir": "outputs/stage1",
    "max_length": None,
    "completion_only_loss": True,
    "report_to": "none",
    "dataloader_num_workers": 2,
    "save_total_limit": 2,
    "data_seed": 42,
    "overwrite": False,
}


@dataclass
class WholeRowCollator(DataCollatorForVisionLanguageModeling):
    """TRL's collator, except that a row over the token budget is refused instead of cut."""

    max_row_tokens: int = 8192

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Collate rows to tensors: input_ids, attention_mask, labels (B, T), int64; pixels."""
        paths = [example["image_path"] for example in examples]
        batch = super().torch_call(examples)
        lengths = batch["attention_mask"].sum(dim=1)
        longest = int(lengths.argmax())
        if int(lengths[longest]) > self.max_row_tokens:
            raise InputError(
                f"{paths[longest]}: its row has {int(lengths[longest])} tokens, max_row_tokens is"
                f" {self.max_row_tokens}; lower max_pixels or raise max_row_tokens"
            )
        return batch


class ColdStartTrainer(PackedRows, StageTrainer, SFTTrainer):
    """SFTTrainer with what all stages share, and packed rows where they are asked for."""


def load_sft(
    config: Path, arguments: Sequence[str], *, world_size: int, launch: bool = True
) -> Run:
    """Read a run of stage 1 from its YAML file and flags.

    Raises:
        InputError: Anything wrong, before a model loads.
    """
    run = load_run(
        config,
        arguments,
        trainer_class=SFTConfig,
        defaults=SFT_DEFAULTS,
        more=(PackingOptions,),
        world_size=world_size,
        launch=launch,
    )
    packed, longest = run.options(PackingOptions).packed_tokens, run.data.max_row_tokens
    if packed is not None and packed < longest:
        raise InputError(
            f"packed_tokens {packed} is under max_row_tokens {longest}: a sample might not fit a"
            " row; raise packed_tokens or lower max_row_tokens"
        )
    return run


def check_sft(config: Path, arguments: Sequence[str], *, world_size: int) -> None:
    """Check config, records, image paths and model folder without loading a model.

    Raises:
        InputError: The first thing that would stop the run.
    """
    run = load_sft(config, arguments, world_size=world_size, launch=False)
    check_model(run.model.model_name_or_path)
    refuse_adapter(run.model.model_name_or_path)
    output_dir = Path(run.trainer.output_dir)
    check_output_dir(output_dir, overwrite=run.data.overwrite, remove=False)
    refuse_another_run(run, output_dir, world_size=world_size)
    records, heldout, _ = read_run_records(run)
    rows = run.trainer.per_device_train_batch_size * run.trainer.gradient_accumulation_steps
    logger.info(
        "%d records, %d held-out; %d rows a step on %d processes; model %s; output %s",
        len(records),
        len(heldout),
        rows * world_size,
        world_size,
        run.model.model_name_or_path,
        output_dir,
    )


def run_sft(config: Path, arguments: Sequence[str]) -> Path:
    """Train stage 1 as a config and flags say, or go on with it; return the output folder.

    Raises:
        InputError: Anything wrong with config, records, images or model folder.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    run = load_sft(config, arguments, world_size=int(os.environ.get("WORLD_SIZE", "1")))
    output_dir = Path(run.trainer.output_dir)
    check_model(run.model.model_name_or_path)
    resume = prepare_output(run, output_dir)
    trainer = build_trainer(run)
    if trainer.is_world_process_zero():
        logger.info("parameters\n%s", format_parameters(count_parameters(trainer.model)))
    train_to_end(
        trainer,
        resume=str(resume) if resume else None,
        hang_timeout_s=run.data.hang_timeout_s,
    )
    finish(trainer, run, stage="sft")
    return output_dir


def refuse_another_run(run: Run, output_dir: Path, *, world_size: int) -> None:
    """Refuse to go on with a run that was begun under other data, settings or processes.

    Called before any rank starts, and changes nothing; `prepare_output` asks again.

    Raises:
        InputError: The first difference.
    """
    is_replaced = is_complete(output_dir)  # overwrite is set: `check_output_dir` saw to it
    if is_replaced or not find_resume(output_dir, is_main=False):
        return
    data_path = Path(run.data.data_path)
    check_identity(output_dir, run_identity(run.values, data_path=data_path, world_size=world_size))


def prepare_output(run: Run, output_dir: Path) -> Path | None:
    """Check and describe the output folder on the main process; give every rank the checkpoint."""
    from accelerate import PartialState
    from accelerate.utils import broadcast_object_list

    refuse_adapter(run.model.model_name_or_path)
    state = PartialState()
    found: list[Any] = [None, None]
    if state.is_main_process:
        try:
            check_output_dir(output_dir, overwrite=run.data.overwrite, remove=True)
            identity = run_identity(
                run.values,
                data_path=Path(run.data.data_path),
                world_size=state.num_processes,
            )
            found[0] = find_resume(output_dir, is_main=True)
            if found[0]:
                check_identity(output_dir, identity)
                check_manifest(found[0])
                logger.info("going on from %s", found[0])
        except InputError as error:
            found[1] = str(error)
    broadcast_object_list(found)
    if found[1]:
        raise InputError(found[1])
    if state.is_main_process:
        output_dir.mkdir(parents=True, exist_ok=True)
        write_identity(output_dir, identity)
        (output_dir / "resolved.yaml").write_text(run.to_yaml(), encoding="utf-8")
        facts = describe() | {"world_size": state.num_processes}
        (output_dir / "environment.json").write_text(json.dumps(facts, indent=2) + "\n")
    return found[0]


class RunRecords(NamedTuple):
    """What a run reads: the records it trains on, the held-out items, the file's main question."""

    train: list[CotRecord]
    heldout: list[BenchRecord]
    question: str


def read_run_records(run: Run) -> RunRecords:
    """Read the training records (the subset that the run asks for) and the held-out items."""
    root = Path(run.data.image_root) if run.data.image_root else None
    records = read_cot(Path(run.data.data_path), image_root=root)
    train = draw_subset(records, size=run.data.max_records, seed=run.trainer.data_seed)
    heldout: list[BenchRecord] = []
    if run.data.heldout_path:
        heldout = read_bench(Path(run.data.heldout_path), image_root=root)
    return RunRecords(train, heldout[: run.data.heldout_limit], main_question(records))


def build_trainer(run: Run) -> ColdStartTrainer:
    """Read the records, load the model and join them in a trainer."""
    records, heldout, question = read_run_records(run)
    processor = load_processor(run.model)
    model = load_model(replace(run.model, dtype=training_dtype(run)))
    model = apply_training_options(model, run.model)
    rows = sft_dataset(records, ask=ask, reply=reply, show=photo_reader(run.data, processor))
    compact_head_on_cpu()
    trainer = ColdStartTrainer(
        model=model,
        args=run.trainer,
        data_collator=WholeRowCollator(
            processor=prepared_processor(processor),
            completion_only_loss=True,
            max_row_tokens=run.data.max_row_tokens,
        ),
        train_dataset=rows,
        eval_dataset=Dataset.from_dict({"images": [], "prompt": []}) if heldout else None,
        processing_class=processor,
        callbacks=[EvaluateAtEnd(), MetricsLog()],
    )
    trainer.heldout = HeldoutPoints(heldout, question=question) if heldout else None
    trainer.heldout_max_new_tokens = run.data.heldout_max_new_tokens
    trainer.question = question
    trainer.packed_tokens = run.options(PackingOptions).packed_tokens
    trainer.row_lengths = [len(record.question) + len(record.answer) for record in records]
    return trainer


def training_dtype(run: Run) -> str:
    """Choose the dtype of the weights that train.

    Full fine-tuning needs float32 weights somewhere: DeepSpeed keeps them beside bfloat16 ones;
    without it the weights themselves are float32 and autocast computes in bfloat16. Updates of
    1e-5 would vanish in bfloat16 weights.
    """
    if run.model.dtype != "auto":
        return run.model.dtype
    if run.trainer.use_cpu:
        return "float32"
    return "bfloat16" if run.trainer.deepspeed or run.model.lora_r else "float32"
