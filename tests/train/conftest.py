"""Fixtures of the training tests: a model that has seen enough of the format to earn rewards."""

from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

Flags = Callable[..., list[str]]


def as_flags(values: dict[str, object]) -> list[str]:
    """Values by key as the words of a command line."""
    return [word for key, value in values.items() for word in (f"--{key}", str(value))]


@pytest.fixture(scope="session")
def cold_start(
    sample_world: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A tiny model after a short stage 1: its answers differ in what they earn."""
    from gre.train.sft import run_sft

    values = {
        "model_name_or_path": tiny_model,
        "data_path": sample_world / "dataset/gre_cot/gre_cot.json",
        "output_dir": tmp_path_factory.mktemp("cold") / "stage1",
        "max_steps": 120,
        "save_strategy": "no",
        "logging_steps": 60,
        "warmup_steps": 10,
        "global_batch_size": 8,
        "per_device_train_batch_size": 8,
    }
    # Without a held-out set: nothing is located on the way.
    text = (ROOT / "configs/tiny/stage1_sft.yaml").read_text()
    kept = [line for line in text.splitlines() if not line.startswith("heldout")]
    config = tmp_path_factory.mktemp("config") / "stage1.yaml"
    config.write_text("\n".join(kept) + "\n")
    return run_sft(config, as_flags(values))


@pytest.fixture(scope="session")
def rl_flags(sample_world: Path, cold_start: Path) -> Flags:
    """Flags of a short run of stage 2 ("judge") or 3 ("geodesic") on the small world."""

    def make(stage: str, output: Path, /, **more: object) -> list[str]:
        data = {"judge": "gre_judge/gre_judge.json", "geodesic": "gre_seed/gre_seed.jsonl"}
        heldout = {"judge": "judge_val/gre_judge.json", "geodesic": "val/greval_bench.json"}
        values: dict[str, object] = {
            "model_name_or_path": cold_start,
            "data_path": sample_world / "dataset" / data[stage],
            "heldout_path": sample_world / "bench" / heldout[stage],
            "heldout_limit": 4,
            "heldout_max_new_tokens": 8,
            "output_dir": output,
            "max_steps": 4,
            "save_steps": 1,
            "heldout_steps": 1,
            "save_total_limit": 8,
            "warmup_steps": 0,
            "num_generations": 4,
            "global_batch_size": 8,
            "per_device_train_batch_size": 8,
            "per_device_eval_batch_size": 4,
            "max_completion_length": 48,
            **more,
        }
        return as_flags(values)

    return make
