"""Stages 2 and 3: GRPO on judging chains of thought, then on naming coordinates.

How a run departs from TRL's defaults: the loss is GRPO's, with the paper's KL term and weight;
rollouts cannot hold vision tokens; rewards are tried on the gold answers first; a resumed run is
exact; the held-out set is answered greedily.
"""

import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PrinterCallback, ProgressCallback
from trl import GRPOConfig

from gre.data.datasets import draw_subset, rollout_dataset
from gre.data.records import JudgeRecord, SeedRecord, read_bench, read_judge, read_seed
from gre.errors import InputError
from gre.models.adapters import refuse_adapter
from gre.models.chat import ask
from gre.models.localizer import VISION_TOKENS
from gre.models.lookup import check_model
from gre.models.qwen_vl import (
    assert_trainable,
    count_parameters,
    format_parameters,
    freeze_parts,
    load_model,
    load_processor,
    lora_config,
    read_instruction,
)
from gre.prompts import LOCATE_INSTRUCTION
from gre.train.callbacks import EvaluateAtEnd, MetricsLog, StepLines
from gre.train.checkpoints import check_output_dir
from gre.train.compact_head import compact_head_on_cpu
from gre.train.config import STAGES, ReasoningOptions
from gre.train.difficulty import keep_by_difficulty
from gre.train.export import finish
from gre.train.flat_yaml import read_flags, read_yaml
from gre.train.guards import CollapseAlarm
from gre.train.heldout import HeldoutPoints, HeldoutSet, HeldoutVerdicts
from gre.train.loader import Run, load_run
from gre.train.objective import check_objective
from gre.train.photos_once import photo_reader
from gre.train.reasoning import ReasoningTrainer
from gre.train.reward_functions import check_gold, chosen_rewards, trl_reward
from gre.train.rollouts import RolloutLog
from gre.train.scale import ScaleOptions, ScaleSchedule
from gre.train.sft import prepare_output, refuse_another_run, training_dtype
from gre.train.stopping import train_to_end

logger = logging.getLogger(__name__)

GRPO_DEFAULTS: Mapping[str, object] = {
    "loss_type": "grpo",
    "beta": 0.04,
    "num_generations": 8,
    "max_completion_length": 2048,
    "temperature": 1.0,
    "use_bias_correction_kl": False,
    "num_generations_eval": 1,
    "report_to": "none",
    "dataloader_num_workers": 2,
    "save_total_limit": 2,
    "logging_steps": 1,
    "data_seed": 42,
    "overwrite": False,
}
"""The paper's values where it gives them; where TRL's default would say otherwise, ours."""

STAGE_DEFAULTS: Mapping[str, Mapping[str, object]] = {
    "judge": {
        "output_dir": "outputs/stage2",
        "metric_for_best_model": "judge_accuracy",
        "greater_is_better": True,
    },
    "geodesic": {"output_dir": "outputs/stage3"},
}

FORBIDDEN_BIAS = -100.0
"""Logit bias of the vision tokens where a vLLM server generates: the least it accepts."""

Records = list[JudgeRecord] | list[SeedRecord]


def load_grpo(
    config: Path, arguments: Sequence[str], *, world_size: int, launch: bool = True
) -> Run:
    """Read a run of stage 2 or 3 from its YAML file and flags.

    Raises:
        InputError: Anything wrong, before a model loads.
    """
    stage = read_flags(arguments).get("stage", read_yaml(config).get("stage", "geodesic"))
    if stage not in STAGES:
        raise InputError(f"stage: got {stage!r}, must be one of {', '.join(STAGES)}")
    run = load_run(
        config,
        arguments,
        trainer_class=GRPOConfig,
        defaults={**GRPO_DEFAULTS, **STAGE_DEFAULTS[str(stage)]},
        more=(ReasoningOptions, ScaleOptions),
        check=partial(check_groups, world_size=world_size),
        world_size=world_size,
        launch=launch,
    )
    options = run.options(ReasoningOptions)
    chosen_rewards(options.reward_names, multiply_by_format=options.multiply_by_format)
    weights = run.trainer.reward_weights
    if weights is not None and len(weights) != len(options.reward_names):
        raise InputError(
            f"reward_weights: got {len(weights)}, must be {len(options.reward_names)}, one for each"
            f" of {', '.join(options.reward_names)}"
        )
    return run


def check_groups(values: Mapping[str, Any], *, world_size: int) -> None:
    """Refuse an impossible objective, and batches that do not hold whole groups.

    A group that is split over GPUs is warned of.

    Args:
        values: Values of TRL's config, accumulation included.
        world_size: Number of processes that train.

    Raises:
        InputError: A value is out of its range, or a generation does not hold whole groups.
    """
    check_objective(values)
    per_device = values.get("per_device_train_batch_size", 8)
    accumulated = values.get("gradient_accumulation_steps", 1)
    rows = per_device * (values.get("steps_per_generation") or accumulated)
    if values.get("generation_batch_size"):
        rows = values["generation_batch_size"] // world_size
    size = values["num_generations"]
    if rows * world_size % size:
        raise InputError(
            f"{rows * world_size} completions per generation ({world_size} GPUs x {rows}) must be"
            f" a multiple of num_generations {size}; change global_batch_size or"
            " per_device_train_batch_size"
        )
    if rows % size and values.get("dynamic_sampling_rounds"):
        raise InputError(
            f"dynamic_sampling_rounds needs whole groups on each GPU: {rows} completions per GPU"
            f" and generation must be a multiple of num_generations {size}"
        )
    if rows % size:
        logger.warning("groups of %d are split over GPUs: %d completions each", size, rows)


def check_grpo(config: Path, arguments: Sequence[str], *, world_size: int) -> None:
    """Check config, records, image paths, rewards and model folder without loading a model.

    Raises:
        InputError: The first thing that would stop the run.
    """
    run = load_grpo(config, arguments, world_size=world_size, launch=False)
    check_model(run.model.model_name_or_path)
    refuse_adapter(run.model.model_name_or_path)
    output_dir = Path(run.trainer.output_dir)
    check_output_dir(output_dir, overwrite=run.data.overwrite, remove=False)
    refuse_another_run(run, output_dir, world_size=world_size)
    records = read_stage_records(run)
    heldout = read_heldout(run, question="")
    rows = run.trainer.per_device_train_batch_size * run.trainer.gradient_accumulation_steps
    logger.info(
        "%s: %d records, %d held-out; %d completions a step on %d processes, %d to a prompt;"
        " rewards %s; model %s; output %s",
        run.options(ReasoningOptions).stage,
        len(records),
        len(heldout) if heldout else 0,
        rows * world_size,
        world_size,
        run.trainer.num_generations,
        ", ".join(run.options(ReasoningOptions).reward_names),
        run.model.model_name_or_path,
        output_dir,
    )


def run_grpo(config: Path, arguments: Sequence[str]) -> Path:
    """Train stage 2 or 3 as a config and flags say, or go on with it; return the output folder.

    Raises:
        InputError: Anything wrong with config, records, images or model folder.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    run = load_grpo(config, arguments, world_size=int(os.environ.get("WORLD_SIZE", "1")))
    output_dir = Path(run.trainer.output_dir)
    check_model(run.model.model_name_or_path)
    resume = prepare_output(run, output_dir)
    trainer = build_trainer(run, resume_step=int(resume.name[11:]) if resume else 0)
    if trainer.is_world_process_zero():
        logger.info("parameters\n%s", format_parameters(count_parameters(trainer.model)))
    train_to_end(
        trainer,
        resume=str(resume) if resume else None,
        hang_timeout_s=run.data.hang_timeout_s,
    )
    finish(trainer, run, stage=run.options(ReasoningOptions).stage)
    return output_dir


def read_stage_records(run: Run) -> Records:
    """Read the records of the stage, filter and draw them as the run says, try rewards on gold."""
    options = run.options(ReasoningOptions)
    root = Path(run.data.image_root) if run.data.image_root else None
    path = Path(run.data.data_path)
    read: Any = read_judge if options.stage == "judge" else read_seed
    records = read(path, image_root=root)
    if options.difficulty_path:
        records = keep_by_difficulty(
            records,
            Path(options.difficulty_path),
            least=options.difficulty_min,
            most=options.difficulty_max,
        )
    records = draw_subset(records, size=run.data.max_records, seed=run.trainer.data_seed)
    rewards = chosen_rewards(options.reward_names, multiply_by_format=options.multiply_by_format)
    check_gold(records, rewards, scale_km=min(run.options(ScaleOptions).scale_levels_km))
    return records


def read_heldout(run: Run, *, question: str) -> HeldoutSet | None:
    """Read the held-out set of the stage: judge records for stage 2, GREval items for stage 3."""
    if not run.data.heldout_path:
        return None
    root = Path(run.data.image_root) if run.data.image_root else None
    path, limit = Path(run.data.heldout_path), run.data.heldout_limit
    if run.options(ReasoningOptions).stage == "judge":
        return HeldoutVerdicts(read_judge(path, image_root=root)[:limit])
    return HeldoutPoints(read_bench(path, image_root=root)[:limit], question=question)


def locate_question(run: Run, records: Records) -> str:
    """What the trained model will be asked about a photo: kept beside its weights.

    The question of most seeds; after stage 2, the one that the model came with.
    """
    seeds = [record for record in records if isinstance(record, SeedRecord)]
    if seeds:
        return Counter(record.instruction for record in seeds).most_common(1)[0][0]
    return read_instruction(run.model.model_name_or_path) or LOCATE_INSTRUCTION


def build_trainer(run: Run, *, resume_step: int = 0) -> ReasoningTrainer:
    """Read the records, load the model and join them in a trainer.

    Args:
        run: What was told.
        resume_step: Optimizer steps that a resumed run has done.
    """
    options = run.options(ReasoningOptions)
    records = read_stage_records(run)
    question = locate_question(run, records)
    heldout = read_heldout(run, question=question)
    processor = load_processor(run.model)
    args = run.trainer
    args.generation_kwargs = generation_kwargs(args, processor)
    model = freeze_parts(load_model(replace(run.model, dtype=training_dtype(run))), run.model)
    compact_head_on_cpu()
    schedule = ScaleSchedule(run.options(ScaleOptions))
    rewards = chosen_rewards(options.reward_names, multiply_by_format=options.multiply_by_format)
    trainer = _construct(
        model=model,
        args=args,
        reward_funcs=[trl_reward(name, reward, schedule) for name, reward in rewards.items()],
        train_dataset=rollout_dataset(
            records,
            ask=ask,
            show=photo_reader(run.data, processor, shows_pictures=hands_out_pictures(args)),
        ),
        eval_dataset=Dataset.from_dict({"images": [], "prompt": []}) if heldout else None,
        processing_class=processor,
        peft_config=lora_config(run.model) if run.model.lora_r else None,
        callbacks=[EvaluateAtEnd(), MetricsLog(), CollapseAlarm()],
    )
    assert_trainable(trainer.model, run.model)
    for stock in (ProgressCallback, PrinterCallback):
        trainer.remove_callback(stock)
    trainer.add_callback(StepLines())
    trainer.schedule = schedule
    trainer.heldout = heldout
    trainer.heldout_max_new_tokens = run.data.heldout_max_new_tokens
    trainer.question = question
    trainer.reads_points = options.stage == "geodesic"
    trainer.dynamic_rounds = options.dynamic_sampling_rounds
    trainer.shared_prefix = options.shared_prefix
    if trainer.is_world_process_zero():
        trainer.rollout_log = RolloutLog(Path(args.output_dir), resume_step=resume_step)
    return trainer


def hands_out_pictures(args: Any) -> bool:  # Any: GRPOConfig of TRL
    """Whether a run gives its photos to more than the model: a vLLM server, a log of samples."""
    return args.use_vllm or (args.log_completions and args.log_multimodal)


def _construct(**parts: Any) -> ReasoningTrainer:  # Any: TRL's own arguments
    try:
        return ReasoningTrainer(**parts)
    except (ImportError, ValueError) as error:
        raise InputError(f"config: {' '.join(str(error).split())}") from error


def generation_kwargs(args: Any, processor: Any) -> dict[str, Any]:  # Any: TRL and transformers
    """What the generating backend is told, so that no rollout holds a vision token.

    Raises:
        InputError: The run sets the very argument itself.
    """
    given = dict(args.generation_kwargs or {})
    ids = processor.tokenizer.convert_tokens_to_ids(list(VISION_TOKENS))
    name: str
    value: object
    if args.use_vllm:
        name, value = "logit_bias", dict.fromkeys(ids, FORBIDDEN_BIAS)
    else:
        name, value = "suppress_tokens", ids
    if name in given:
        raise InputError(f"generation_kwargs: {name} keeps vision tokens out; leave it unset")
    return given | {name: value}
