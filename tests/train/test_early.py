"""What is refused before a large library is imported; the keys read from source are all of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from gre.errors import InputError
from gre.train.config import Trainer
from gre.train.early import refuse_early, trainer_fields, trainer_of
from gre.train.values import known_fields

from .launching import ROOT, run_script

STAGE1 = ROOT / "configs/tiny/stage1_sft.yaml"
STAGE3 = ROOT / "configs/tiny/stage3_geodesic.yaml"


@pytest.mark.parametrize("trainer", list(Trainer))
def test_the_keys_in_the_source_are_those_of_the_class(trainer: Trainer) -> None:
    from trl import GRPOConfig, SFTConfig

    real = known_fields((SFTConfig if trainer is Trainer.SFT else GRPOConfig,))
    read = trainer_fields(trainer)
    assert read.keys() == real.keys()
    plain = {name: field.hint for name, field in read.items() if field.hint in (bool, int, float)}
    assert len(plain) > 50
    assert plain == {name: real[name].hint for name in plain}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--learning_rte", "1"], "unknown key 'learning_rte'; did you mean learning_rate?"),
        (["--learning_rate", "fast"], "learning_rate: got 'fast'"),
        (["--learning_rate", "0"], "learning_rate must be > 0, got 0"),
        (["--save_steps", "7"], "heldout_steps 350 and save_steps 7"),
        (["--global_batch_size", "9"], "global_batch_size 9 is not a multiple of 2 GPUs"),
        (["--deepspeed", "none.json"], "deepspeed none.json: no such file"),
        (["--packing", "true"], "packing cannot be set"),
        (["stray"], "argument 'stray' is no flag"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, words: list[str], message: str) -> None:
    records = tmp_path / "gre_cot.json"
    records.write_text("[]")
    given = ["--model_name_or_path", "some/model", "--data_path", str(records), *words]
    with pytest.raises(InputError) as caught:
        refuse_early(STAGE1, given, trainer=Trainer.SFT, world_size=2)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_objective_that_is_none_is_refused_early(tmp_path: Path) -> None:
    records = tmp_path / "gre_seed.jsonl"
    records.write_text("")
    given = ["--model_name_or_path", "some/model", "--data_path", str(records)]
    with pytest.raises(InputError, match="loss_type: got 'nonsense', must be one of grpo"):
        refuse_early(
            STAGE3, [*given, "--loss_type", "nonsense"], trainer=Trainer.GRPO, world_size=1
        )


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("**/stage*.yaml")), ids=str)
def test_every_config_of_the_project_passes(path: Path) -> None:
    words = ["--model_name_or_path", "some/model", "--per_device_train_batch_size", "1"]
    refuse_early(path, words, trainer=trainer_of(path, []), world_size=1)


def test_the_trainer_is_told_by_the_keys() -> None:
    assert trainer_of(STAGE1, []) is Trainer.SFT
    assert trainer_of(STAGE1, ["--num_generations", "4"]) is Trainer.GRPO
    assert trainer_of(STAGE3, []) is Trainer.GRPO


def test_no_large_library_is_imported_for_it() -> None:
    code = f"""
import sys
from pathlib import Path
from gre.errors import InputError
from gre.train.config import Trainer
from gre.train.early import refuse_early
try:
    refuse_early(Path({str(STAGE1)!r}), ["--x", "1"], trainer=Trainer.SFT, world_size=1)
except InputError:
    print([name for name in ("torch", "transformers", "trl") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_dry_run_of_a_script_is_the_check_of_its_own_stage() -> None:
    done = run_script("stage1", "some/model", "--dry-run", "--config", STAGE3)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"gre: config {STAGE3}: unknown key 'stage'")


def test_flags_of_the_check_need_a_dry_run() -> None:
    done = run_script("stage1", "some/model", "--quarantine", "clean")
    assert done.returncode == 2
    assert done.stderr == "stage1.sh: --quarantine is for the check alone: add --dry-run\n"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_dry_run_of_a_script_looks_at_every_photo_and_starts_nothing(
    sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    output, page = tmp_path / "run", tmp_path / "check.html"
    words = ["--config", STAGE1, "--data_path", sample_world / "dataset/gre_cot/gre_cot.json"]
    words += ["--heldout_path", sample_world / "bench/val/greval_bench.json"]
    words += ["--dry-run", "--out", page, "--output_dir", output]
    done = run_script("stage1", tiny_model, *words, NPROC_PER_NODE="2")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "40 images decode whole" in page.read_text()
    last = done.stderr.splitlines()[-1]
    assert last.startswith("would start: python -m torch.distributed.run --standalone")
    assert "--nproc_per_node 2" in last
    assert f"--output_dir {output}" in last
    assert "--out " not in last  # a word of the check, not of the run
    assert not output.exists()
