"""The join of our options with TRL's, and everything it refuses before a model loads."""

from pathlib import Path
from typing import Any

import pytest
from trl import SFTConfig

from gre.errors import InputError
from gre.train.loader import Run, load_run
from gre.train.sft import SFT_DEFAULTS

ROOT = Path(__file__).resolve().parents[2]


def load(tmp_path: Path, text: str = "", *flags: str, world_size: int = 1) -> Run:
    config = tmp_path / "run.yaml"
    config.write_text(
        f"model_name_or_path: some/model\ndata_path: d.json\noutput_dir: {tmp_path}/out\n{text}"
    )
    return load_run(
        config,
        flags,
        trainer_class=SFTConfig,
        defaults=SFT_DEFAULTS,
        world_size=world_size,
        launch=False,
    )


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    run = load(tmp_path, "learning_rate: 3e-4\nseed: 7\n", "--learning_rate", "1e-5")
    assert run.trainer.learning_rate == 1e-5
    assert run.trainer.seed == 7
    assert run.trainer.save_total_limit == SFT_DEFAULTS["save_total_limit"]
    assert run.trainer.max_length is None


def test_the_word_no_is_a_word(tmp_path: Path) -> None:
    assert load(tmp_path, "save_strategy: no\n").trainer.save_strategy == "no"
    assert load(tmp_path, "", "--save_strategy", "no").trainer.save_strategy == "no"


@pytest.mark.parametrize("world_size", [1, 2, 8])
def test_accumulation_follows_from_the_global_batch(tmp_path: Path, world_size: int) -> None:
    text = "global_batch_size: 128\nper_device_train_batch_size: 4\n"
    run = load(tmp_path, text, world_size=world_size)
    assert run.trainer.gradient_accumulation_steps * 4 * world_size == 128


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        ("learning_rate: [1, 2]\n", [], "learning_rate: got \\[1, 2\\]"),
        ("learning_rate: fast\n", [], "learning_rate: got 'fast'"),
        ("learning_rate: true\n", [], "learning_rate: got"),
        ("learning_rate: -1e-5\n", [], "learning_rate must be > 0"),
        ("learning_rate: .nan\n", [], "learning_rate must be > 0"),
        ("loss_type: nonsense\n", [], "loss_type: got 'nonsense', must be one of nll, dft"),
        ("dtype: float8\n", [], "dtype: got 'float8', must be one of auto"),
        ("seed: 1.5\n", [], "seed: got 1.5"),
        ("num_train_epochs: 0\n", [], "num_train_epochs must be > 0"),
        ("warmup_steps: -1\n", [], "warmup_steps must be >= 0"),
        ("lr_scheduler_type: zigzag\n", [], "zigzag"),
        ("report_to: carrier_pigeon\n", [], "carrier_pigeon"),
        ("hub_token: hf_abc\n", [], "hub_token is a secret"),
        ("max_length: 1024\n", [], "max_length cannot be set: rows are never cut"),
        ("packing: true\n", [], "packing cannot be set"),
        ("trust_remote_code: true\n", [], "trust_remote_code cannot be set"),
        ("learnin_rate: 1\n", [], "unknown key 'learnin_rate'; did you mean learning_rate"),
        ("", ["--learning", "1"], "unknown key 'learning'; did you mean learning_rate"),
        ("", ["--seed", "one"], "seed: got 'one'"),
        ("freeze: [visoin]\n", [], "freeze: 'visoin' is unknown"),
        ("freeze: [vision, projector, language]\n", [], "nothing would train"),
        ("freeze: [language]\nlora_r: 8\n", [], "lora_r > 0 adapts the language model"),
        ("max_pixels: 10\n", [], "max_pixels must be at least 784"),
        ("min_pixels: 9000\nmax_pixels: 8000\n", [], "is above max_pixels"),
        ("deepspeed: none.json\n", [], "deepspeed none.json: no such file"),
        ("heldout_path: h.json\nheldout_steps: 30\nsave_steps: 50\n", [], "must be equal"),
        (
            "global_batch_size: 128\nper_device_train_batch_size: 4\n"
            "gradient_accumulation_steps: 2\n",
            [],
            "gradient_accumulation_steps 2 contradicts",
        ),
    ],
)
def test_nonsense_is_one_line(tmp_path: Path, text: str, flags: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path, text, *flags)
    assert "\n" not in str(caught.value)


def test_a_model_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="model_name_or_path is empty"):
        load(tmp_path, "", "--model_name_or_path", "")


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("**/stage1*.yaml")), ids=str)
def test_every_config_loads(path: Path, tmp_path: Path) -> None:
    run = load_run(
        path,
        ["--model_name_or_path", "some/model", "--output_dir", str(tmp_path / "out")],
        trainer_class=SFTConfig,
        defaults=SFT_DEFAULTS,
        world_size=1,
        launch=False,
    )
    rows = run.trainer.per_device_train_batch_size * run.trainer.gradient_accumulation_steps
    assert rows == run.values["global_batch_size"]


def test_the_papers_values_stand_in_the_config(tmp_path: Path) -> None:
    values: dict[str, Any] = dict(
        load_run(
            ROOT / "configs/stage1_sft.yaml",
            ["--model_name_or_path", "m", "--output_dir", str(tmp_path)],
            trainer_class=SFTConfig,
            defaults=SFT_DEFAULTS,
            world_size=8,
            launch=False,
        ).values
    )
    assert values["global_batch_size"] == 128
    assert values["learning_rate"] == 1e-5
    assert values["num_train_epochs"] == 1
