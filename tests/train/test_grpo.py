"""Stages 2 and 3 on the tiny model: what they log, guard against, and go on from."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from trl import GRPOTrainer

from gre.errors import GreError, InputError
from gre.models.qwen_vl import read_instruction
from gre.rewards import RewardReason
from gre.sample.chains import LOCATE_QUESTION
from gre.train.callbacks import step_line
from gre.train.checkpoints import is_complete, seal_checkpoint
from gre.train.grpo import build_trainer, check_grpo, load_grpo, run_grpo
from gre.train.reasoning import STATE_FILE, read_stage_state

from .conftest import ROOT, Flags, as_flags
from .fed_rollouts import feed

CONFIGS = {
    "judge": ROOT / "configs/tiny/stage2_judge.yaml",
    "geodesic": ROOT / "configs/tiny/stage3_geodesic.yaml",
}
WINDOW: dict[str, object] = {"steps_per_generation": 2, "scale_window": 1, "scale_bar": 0.01}
"""A generation feeds two optimizer steps: checkpoints 1 and 3 fall inside its window."""


@pytest.fixture(scope="module")
def trained(rl_flags: Flags, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("rl")
    return {
        stage: run_grpo(CONFIGS[stage], rl_flags(stage, folder / stage, **WINDOW))
        for stage in CONFIGS
    }


def log_lines(run: Path, key: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if key in line]


@pytest.mark.parametrize("stage", CONFIGS)
def test_a_run_leaves_a_model_folder_that_locates(trained: dict[str, Path], stage: str) -> None:
    run = trained[stage]
    assert is_complete(run)
    assert read_instruction(str(run)) == LOCATE_QUESTION
    for name in ("config.json", "model.safetensors", "processor_config.json", "resolved.yaml"):
        assert (run / name).exists()


@pytest.mark.parametrize("stage", CONFIGS)
def test_every_step_logs_rewards_reasons_and_times(trained: dict[str, Path], stage: str) -> None:
    steps = log_lines(trained[stage], "loss")
    assert [line["step"] for line in steps] == [1, 2, 3, 4]
    assert [line["answers_step"] for line in steps] == [1, 1, 3, 3]
    first = steps[0]
    for name in (stage, "format"):
        shares = [first[f"reasons/{name}/{reason.value}"] for reason in RewardReason]
        assert sum(shares) == pytest.approx(1.0)
    for name in ("readable", "frac_reward_zero_std", "kl", "entropy", "completions/clipped_ratio"):
        assert first[name] is not None
    for name in ("generate", "score", "update", "data_wait"):
        assert first[f"time/{name}_s"] >= 0
    assert first["memory_gib"] > 0
    assert ("scale_km" in first) is (stage == "geodesic")
    of_answers = ("reward", "readable", "completions/mean_length", f"reasons/{stage}/hit")
    for made, used in ((0, 1), (2, 3)):  # the second step trains on the answers of the first
        for name in of_answers:
            assert steps[used][name] == steps[made][name]
        assert step_line(steps[used], step=used + 1, max_steps=4, left_s=None)


def test_metrics_of_answers_go_on_after_resuming_inside_a_window(
    rl_flags: Flags, trained: dict[str, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    shutil.copytree(trained["geodesic"] / "checkpoint-1", run / "checkpoint-1")
    shutil.copy(trained["geodesic"] / "run.json", run)
    run_grpo(CONFIGS["geodesic"], rl_flags("geodesic", run, **WINDOW))
    resumed, whole = log_lines(run, "loss")[0], log_lines(trained["geodesic"], "loss")[1]
    assert resumed["step"] == whole["step"] == 2
    assert resumed["answers_step"] == 1
    assert resumed["reward"] == whole["reward"]


def test_theta_is_logged_where_a_reward_depends_on_it(rl_flags: Flags, tmp_path: Path) -> None:
    flags = rl_flags("geodesic", tmp_path, rewards="[country, format]", max_steps=1)
    assert "scale_km" not in log_lines(run_grpo(CONFIGS["geodesic"], flags), "loss")[0]


def test_heldout_numbers_are_the_stages(trained: dict[str, Path]) -> None:
    judged = log_lines(trained["judge"], "eval_judge_accuracy")
    located = log_lines(trained["geodesic"], "eval_median_km")
    assert [line["step"] for line in judged] == [line["step"] for line in located] == [1, 2, 3, 4]
    assert all(0 <= line["eval_judge_accuracy"] <= 100 for line in judged)


@pytest.mark.parametrize("stage", CONFIGS)
def test_every_completion_is_kept_with_what_it_earned(trained: dict[str, Path], stage: str) -> None:
    lines = [json.loads(line) for line in (trained[stage] / "rollouts.jsonl").open()]
    assert len(lines) == 2 * 16  # two generations of 2 steps x 8 completions
    assert [line["step"] for line in lines] == [1] * 16 + [3] * 16
    for line in lines:
        assert Path(line["image"]).exists()
        assert set(line["rewards"]) == set(line["reasons"]) == {stage, "format"}
        assert (line["label"] is None) is (stage == "geodesic")
        assert line["tokens"] <= 48
        expected = "gre_seed" if stage == "geodesic" else "gre_judge"
        assert expected in line["image"]
    for start in range(0, len(lines), 4):
        group = lines[start : start + 4]
        assert len({line["id"] for line in group}) == 1
        # GRPO: advantages of a group sum to 0.
        assert sum(line["advantage"] for line in group) == pytest.approx(0, abs=1e-3)


def test_the_model_has_learned_from_rewards_that_differ(
    trained: dict[str, Path], cold_start: Path
) -> None:
    lines = [json.loads(line) for line in (trained["geodesic"] / "rollouts.jsonl").open()]
    assert len({line["reward"] for line in lines}) > 2
    before, after = (load_file(run / "model.safetensors") for run in (cold_start, trained["judge"]))
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert len(moved) > 0.9 * len(before)


@pytest.mark.parametrize("stage", CONFIGS)
@pytest.mark.parametrize("step", [2, 3])
def test_a_resumed_run_ends_in_the_same_weights_bit_for_bit(
    trained: dict[str, Path], rl_flags: Flags, tmp_path: Path, stage: str, step: int
) -> None:
    """Step 2 is a boundary of the generation window, step 3 lies inside of it."""
    whole, run = trained[stage], tmp_path / "run"
    run.mkdir()
    for name in (f"checkpoint-{step}", "resolved.yaml", "metrics.jsonl", "rollouts.jsonl"):
        source = whole / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, run / name)
    state = read_stage_state(run / f"checkpoint-{step}")
    assert state["inside_window"] is (step == 3)
    run_grpo(CONFIGS[stage], rl_flags(stage, run, **WINDOW))
    expected, resumed = (load_file(one / "model.safetensors") for one in (whole, run))
    for name, tensor in expected.items():
        assert torch.equal(tensor, resumed[name]), name
    assert (run / "rollouts.jsonl").read_text() == (whole / "rollouts.jsonl").read_text()
    assert [line["step"] for line in log_lines(run, "loss")] == [1, 2, 3, 4]
    last = "checkpoint-4"
    assert read_stage_state(run / last) == read_stage_state(whole / last)


def test_the_scale_is_in_log_and_checkpoint(trained: dict[str, Path]) -> None:
    scales_km = [line["scale_km"] for line in log_lines(trained["geodesic"], "scale_km")]
    assert scales_km == [750, 750, 750, 750]
    assert read_stage_state(trained["geodesic"] / "checkpoint-4")["scale"]["streak"] >= 0


def test_another_world_size_or_a_missing_window_is_refused(
    trained: dict[str, Path], rl_flags: Flags, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    checkpoint = run / "checkpoint-3"
    shutil.copytree(trained["geodesic"] / "checkpoint-3", checkpoint)
    state_path = checkpoint / STATE_FILE
    state = json.loads(state_path.read_text())
    flags = rl_flags("geodesic", run, **WINDOW)
    state_path.write_text(json.dumps(state | {"world_size": 8}))
    with pytest.raises(InputError, match=rf"{STATE_FILE}: is not as this run wrote it"):
        run_grpo(CONFIGS["geodesic"], flags)
    # Behind the hashes stand the checks of what is in the files.
    seal_checkpoint(checkpoint, step=3)
    with pytest.raises(InputError, match="was saved by 8 processes, this run has 1"):
        run_grpo(CONFIGS["geodesic"], flags)
    state_path.write_text(json.dumps(state))
    (checkpoint / "generation-window-rank0.pt").unlink()
    seal_checkpoint(checkpoint, step=3)
    with pytest.raises(InputError, match=r"generation-window-rank0\.pt: is missing"):
        run_grpo(CONFIGS["geodesic"], flags)
    state_path.write_text("{")
    seal_checkpoint(checkpoint, step=3)
    with pytest.raises(InputError, match="missing or damaged"):
        run_grpo(CONFIGS["geodesic"], flags)


def trainer_of(stage: str, flags: list[str]) -> Any:
    return build_trainer(load_grpo(CONFIGS[stage], flags, world_size=1))


@pytest.mark.parametrize("config", ["stage2_judge.yaml", "stage3_geodesic.yaml"])
def test_the_papers_objective_is_what_trl_is_told(config: str) -> None:
    flags = ["--model_name_or_path", "outputs/stage1", "--use_cpu", "true", "--bf16", "false"]
    args = load_grpo(ROOT / "configs" / config, flags, world_size=8, launch=False).trainer
    assert (args.loss_type, args.beta, args.use_bias_correction_kl) == ("grpo", 0.04, False)
    assert args.scale_rewards == "group"


@pytest.mark.parametrize("scale", ["batch", "group"])
def test_flat_groups_are_counted_by_group(rl_flags: Flags, tmp_path: Path, scale: str) -> None:
    """TRL looks at the whole batch where rewards are scaled by it, and would say 0."""
    flags = rl_flags("geodesic", tmp_path / "run", scale_rewards=scale)
    trainer = trainer_of("geodesic", flags)
    rows = [row for row in list(trainer.train_dataset)[:2] for _ in range(4)]
    right = f"<think> . </think> <answer> {rows[4]['truth_lat']}, {rows[4]['truth_lon']} </answer>"
    feed(
        trainer,
        {rows[0]["record_id"]: ["none"] * 4, rows[4]["record_id"]: ["none", right, "none", right]},
    )
    trainer.model.train()
    trainer._generate_and_score_completions(rows)
    assert trainer._metrics["train"]["frac_reward_zero_std"] == [0.5]


def test_rollouts_never_hold_vision_tokens(rl_flags: Flags, tmp_path: Path) -> None:
    flags = rl_flags("geodesic", tmp_path / "run", temperature=50.0, max_completion_length=16)
    trainer = trainer_of("geodesic", flags)
    rows = [trainer.train_dataset[0]] * 64
    trainer.model.train()
    trainer._generate_and_score_completions(rows)  # at this temperature nearly any token comes up
    ids = trainer.processing_class.tokenizer.convert_tokens_to_ids(["<|image_pad|>"])
    assert set(trainer.generation_config.suppress_tokens) >= set(ids)
    assert len(trainer._vision_ids) == 5


def test_a_backend_that_lets_vision_tokens_through_is_stopped(
    rl_flags: Flags, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = trainer_of("geodesic", rl_flags("geodesic", tmp_path / "run"))
    pad = trainer.processing_class.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    monkeypatch.setattr(
        GRPOTrainer, "_generate", lambda *_: ([], [[7, pad, 8]], None, [], None, {}, None, [])
    )
    with pytest.raises(GreError, match="a completion holds a vision token"):
        trainer._generate([])


def test_a_gradient_that_is_not_finite_stops_before_the_update(
    rl_flags: Flags, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    trainer = trainer_of("geodesic", rl_flags("geodesic", run))
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    stock = GRPOTrainer._compute_loss

    def poisoned(self: Any, model: Any, inputs: Any) -> torch.Tensor:
        return stock(self, model, inputs) * torch.tensor(float("nan"))

    monkeypatch.setattr(GRPOTrainer, "_compute_loss", poisoned)
    with pytest.raises(GreError, match=r"step 1: loss is nan, must be finite; its batch is kept"):
        trainer.train()
    for name, tensor in trainer.model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    kept = torch.load(run / "not-finite-step1-rank0.pt", weights_only=True)
    assert kept["completion_ids"].shape[0] == 8
    monkeypatch.undo()
    huge = trainer_of("geodesic", rl_flags("geodesic", run))
    parameter = next(p for p in huge.model.parameters() if p.requires_grad)
    parameter.register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(GreError, match="gradient norm is"):
        huge.train()


def test_out_of_memory_names_the_shape_and_the_knobs(
    rl_flags: Flags, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = trainer_of("geodesic", rl_flags("geodesic", tmp_path / "run"))

    def refuse(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(GRPOTrainer, "_compute_loss", refuse)
    with pytest.raises(GreError) as caught:
        trainer.train()
    message = str(caught.value)
    assert "prompt_ids 8x" in message
    assert "completion_ids 8x" in message
    for knob in ("per_device_train_batch_size", "max_pixels", "max_completion_length", "zero3"):
        assert knob in message
    assert "\n" not in message


def test_dynamic_sampling_trains_on_the_replaced_groups(rl_flags: Flags, tmp_path: Path) -> None:
    """A reward that nothing earns makes every group flat: all are replaced, round by round."""
    flags = rl_flags(
        "geodesic",
        tmp_path / "run",
        dynamic_sampling_rounds=2,
        max_steps=1,
        rewards="[geodesic]",
        scale_schedule="fixed",
        scale_levels_km="[1.0e-3]",
    )
    run = run_grpo(CONFIGS["geodesic"], flags)
    logged = log_lines(run, "groups_replaced")[0]
    assert logged["groups_replaced"] == 2.0
    lines = [json.loads(line) for line in (run / "rollouts.jsonl").open()]
    tokens = [line["tokens"] for line in lines]
    assert logged["completions/mean_length"] == sum(tokens) / len(tokens)  # not of those replaced
    assert logged["completions/max_length"] == max(tokens)
    ids = [line["id"] for line in lines]
    assert len(lines) == 8
    assert len(set(ids[:4])) == len(set(ids[4:])) == 1


def test_lora_trains_the_adapter_alone(rl_flags: Flags, tmp_path: Path, cold_start: Path) -> None:
    flags = rl_flags("geodesic", tmp_path / "run", lora_r=4, max_steps=2, learning_rate=1e-2)
    run = run_grpo(CONFIGS["geodesic"], flags)
    assert (run / "checkpoint-2/adapter_model.safetensors").exists()
    before, after = (load_file(one / "model.safetensors") for one in (cold_start, run))
    assert before.keys() == after.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all("_proj" in name and "visual" not in name for name in moved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss_type": "dr_grpo"}, None),
        ({"loss_type": "dapo", "epsilon_high": 0.28}, None),
        ({"importance_sampling_level": "sequence"}, None),  # GSPO
        ({"beta": 0.0}, None),
        ({"multiply_by_format": "true", "rewards": "[exponential, country, format]"}, None),
        ({"scale_schedule": "anneal"}, None),
    ],
)
def test_other_objectives_by_config(
    rl_flags: Flags, tmp_path: Path, changes: dict[str, object], message: None
) -> None:
    flags = rl_flags("geodesic", tmp_path / "run", **{"max_steps": 1, **changes})
    run = run_grpo(CONFIGS["geodesic"], flags)
    assert log_lines(run, "loss")[0]["step"] == 1


@pytest.mark.parametrize(
    ("stage", "changes", "message"),
    [
        ("geodesic", {"stage": "sft"}, "stage: got 'sft', must be one of judge, geodesic"),
        ("geodesic", {"rewards": "[geo]"}, "rewards: got 'geo', must be among format, judge"),
        ("geodesic", {"reward_weights": "[1, 2, 3]"}, "reward_weights: got 3, must be 2"),
        ("geodesic", {"rewards": "[judge]"}, "needs True/False labels"),
        ("geodesic", {"num_generations": 3}, "must be a multiple of num_generations 3"),
        ("geodesic", {"scale_schedule": "fixed"}, "takes one level"),
        ("geodesic", {"difficulty_path": "/none"}, "make it with gre rate-seeds"),
        ("geodesic", {"difficulty_min": 0.9, "difficulty_max": 0.1}, "0 <= min <= max <= 1"),
        ("geodesic", {"dynamic_sampling_rounds": -1}, "dynamic_sampling_rounds must be >= 0"),
        ("geodesic", {"model_name_or_path": "/none/there"}, "no such folder"),
        ("geodesic", {"use_vllm": "maybe"}, "use_vllm"),
        ("geodesic", {"loss_type": "gspo"}, "loss_type: got 'gspo', must be one of grpo, bnpo"),
        ("geodesic", {"scale_rewards": "no"}, "scale_rewards: got 'no', must be one of group"),
        ("geodesic", {"importance_sampling_level": "word"}, "must be one of token, sequence"),
        ("geodesic", {"multi_objective_aggregation": "sum"}, "sum_then_normalize, normalize"),
        ("geodesic", {"temperature": 0}, "temperature must be > 0, got 0"),
        ("geodesic", {"temperature": "nan"}, "temperature must be > 0, got nan"),
        ("geodesic", {"beta": -1}, "beta must be >= 0, got -1"),
        ("geodesic", {"epsilon": -0.2}, "epsilon must be > 0, got -0.2"),
        ("geodesic", {"top_entropy_quantile": 7}, r"must be in \[0, 1\], got 7"),
        ("geodesic", {"max_completion_length": 0}, "max_completion_length must be >= 1, got 0"),
        ("geodesic", {"num_generations": 1}, "num_generations must be >= 2, got 1"),
        ("geodesic", {"sync_ref_model": "true"}, "sync_ref_model cannot be set"),
        ("geodesic", {"cast_lm_head_to_fp32": "true"}, "cast_lm_head_to_fp32 cannot be set"),
        ("judge", {"heldout_path": "/none.json"}, "none.json"),
    ],
)
def test_the_dry_run_finds_what_would_stop_a_run(
    rl_flags: Flags, tmp_path: Path, stage: str, changes: dict[str, object], message: str
) -> None:
    flags = rl_flags(stage, tmp_path / "run", **changes)
    with pytest.raises(InputError, match=message):
        check_grpo(CONFIGS[stage], flags, world_size=1)
    assert not (tmp_path / "run").exists()


def test_groups_over_several_processes(
    rl_flags: Flags, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flags = rl_flags("geodesic", tmp_path, per_device_train_batch_size=2, global_batch_size=8)
    check_grpo(CONFIGS["geodesic"], flags, world_size=4)
    assert "groups of 4 are split over GPUs: 2 completions each" in caplog.text
    with pytest.raises(InputError, match="needs whole groups on each GPU"):
        check_grpo(
            CONFIGS["geodesic"], [*flags, *as_flags({"dynamic_sampling_rounds": 1})], world_size=4
        )
    own = {"generation_batch_size": 8, "per_device_train_batch_size": 2, "global_batch_size": 32}
    flags = rl_flags("geodesic", tmp_path, **own, dynamic_sampling_rounds=1)
    with pytest.raises(InputError, match="2 completions per GPU and generation must be a multiple"):
        check_grpo(CONFIGS["geodesic"], flags, world_size=4)
