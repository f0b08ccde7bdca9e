"""The model card: what it takes from the run, and what it keeps to itself."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard

from gre.models.options import ModelOptions
from gre.train.config import DataOptions
from gre.train.loader import Run
from gre.train.model_base import find_license, find_published_base
from gre.train.model_card import STAGES, public_values, write_model_card

ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""SHA-256 of the bytes "abc". Source: FIPS 180-2, appendix B.1."""

LINES = (
    {"step": 50, "epoch": 0.5, "eval_median_km": 900.0, "eval_acc_25km": 12.5},
    {"step": 75, "epoch": 0.75, "loss": 1.0},
    {"step": 100, "epoch": 1.0, "eval_median_km": 1234.5, "eval_acc_25km": 6.25},
    {"step": 100, "epoch": 1.0, "train_runtime": 3.0},
)


def make_run(folder: Path, *, model: str = "Qwen/Qwen2.5-VL-7B-Instruct", **more: Any) -> Run:
    data_path = folder / "private" / "gre_cot.json"
    data_path.parent.mkdir(exist_ok=True)
    data_path.write_text("abc")
    options = {"lora_r": more.pop("lora_r", 0), "freeze": more.pop("freeze", ["vision"])}
    values = {
        "model_name_or_path": model,
        "data_path": str(data_path),
        "learning_rate": 1e-5,
        "freeze": ["vision"],
        **more.pop("values", {}),
    }
    return Run(
        model=ModelOptions(model_name_or_path=model, **options),
        data=DataOptions(data_path=more.pop("data_path", str(data_path)), **more),
        trainer=SimpleNamespace(output_dir=str(folder)),
        values=values,
        more={},
    )


def make_trainer(folder: Path, *, best_step: int | None = 50) -> Any:
    best = str(folder / f"checkpoint-{best_step}") if best_step else None
    return SimpleNamespace(
        state=SimpleNamespace(
            global_step=1250, epoch=1.0, best_global_step=best_step, best_model_checkpoint=best
        ),
        args=SimpleNamespace(world_size=8),
        train_dataset=range(20_000),
        heldout=range(256),
        question="Where is it?\nName the point.",
    )


def card_of(run: Run, folder: Path, *, stage: str = "sft", trainer: Any = None) -> ModelCard:
    write_model_card(trainer or make_trainer(folder), run, stage=stage, output_dir=folder)
    return ModelCard.load(folder / "README.md")


def rows(text: str) -> dict[str, str]:
    """Cells of the two-column tables."""
    cells = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {row[0].strip("`"): row[1].strip("`") for row in cells if len(row) == 2}


@pytest.mark.parametrize(
    ("stage", "name", "method"),
    [("sft", "GRE-CI", "sft"), ("judge", "GRE-RL-I", "grpo"), ("geodesic", "GRE", "grpo")],
)
def test_each_stage_has_its_published_name_and_valid_front_matter(
    tmp_path: Path, stage: str, name: str, method: str
) -> None:
    card = card_of(make_run(tmp_path), tmp_path, stage=stage)
    assert f"\n# {name}\n" in card.content
    assert STAGES[stage].text in card.text
    head = yaml.safe_load(card.content.split("---\n")[1])
    assert head == {
        "base_model": "Qwen/Qwen2.5-VL-7B-Instruct",
        "library_name": "transformers",
        "license": "apache-2.0",
        "pipeline_tag": "image-text-to-text",
        "tags": ["geo-localization", "gre-suite", method],
    }


def test_a_name_of_ones_own_is_used(tmp_path: Path) -> None:
    assert "\n# My GRE\n" in card_of(make_run(tmp_path, model_name="My GRE"), tmp_path).content


def test_the_training_table_says_what_it_was_trained_on(tmp_path: Path) -> None:
    card = card_of(make_run(tmp_path, lora_r=8), tmp_path)
    cells = rows(card.text)
    assert cells["record file"] == "gre_cot.json"
    assert cells["sha256 of the record file"] == ABC_SHA256
    assert cells["records used"] == "20,000"
    assert cells["started from"] == "Qwen/Qwen2.5-VL-7B-Instruct"
    assert cells["optimizer steps"] == "1,250 (1.00 epochs)"
    assert cells["trained"] == "LoRA: rank 8, alpha 32, dropout 0.05"
    assert cells["processes"] == "8"
    assert cells["transformers"]
    assert "> Where is it?\n> Name the point." in card.text
    assert "lora" in card.data.tags
    full = card_of(make_run(tmp_path), tmp_path)
    assert rows(full.text)["trained"] == "full weights; frozen: vision"


def test_heldout_results_are_the_last_and_the_best_line_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    run = make_run(tmp_path, heldout_path="/x/y/greval_bench.json")
    text = card_of(run, tmp_path).text
    assert "256 items of `greval_bench.json`" in text
    assert (
        "| metric | last, step 100 | best, step 50 |\n|---|---:|---:|\n"
        "| median_km | 1,234.50 | 900.00 |\n| acc_25km | 6.25 | 12.50 |\n\n" in text
    )
    assert "The best of the saved ones are in `checkpoint-50`" in text
    text = card_of(run, tmp_path, trainer=make_trainer(tmp_path, best_step=None)).text
    assert (
        "| metric | last, step 100 |\n|---|---:|\n| median_km | 1,234.50 |\n| acc_25km | 6.25 |\n\n"
        in text
    )
    assert "best of the saved" not in text


def test_a_run_without_heldout_set_claims_nothing(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "loss": 2.0}\n')
    assert "No held-out set was tried" in card_of(make_run(tmp_path), tmp_path).text


def test_no_folder_of_the_machine_and_no_secret_gets_into_the_card(tmp_path: Path) -> None:
    secrets = {
        "hub_token": "hf_secret",
        "judge_api_key": "sk-secret",
        "model_init_kwargs": {"token": "secret", "cache_dir": str(tmp_path / "cache")},
        "vllm_server_base_url": "http://user:secret@host:8000",  # secret-scan: allow
        "eos_token": "<|im_end|>",
        "output_dir": str(tmp_path),
    }
    content = card_of(make_run(tmp_path, values=secrets), tmp_path).content
    assert "secret" not in content
    assert str(tmp_path.parent) not in content
    assert "private" not in content
    cells = rows(content)
    assert cells["data_path"] == "gre_cot.json"
    assert cells["learning_rate"] == "1e-05"
    assert cells["freeze"] == '["vision"]'
    assert cells["eos_token"] == "<\\|im_end\\|>"  # a pipe would end the cell
    assert cells["vllm_server_base_url"] == "http://host:8000"
    assert cells["model_init_kwargs"] == '{"cache_dir": "cache"}'


def test_values_are_texts_that_a_table_can_hold() -> None:
    assert public_values({"b": None, "a": True, "c": "~/models/x", "d": "runs/x"}) == {
        "a": "true",
        "b": "null",
        "c": "x",
        "d": "runs/x",
    }


def test_a_sample_world_is_called_one(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert "sample world" not in card_of(run, tmp_path).text
    (tmp_path / "world.json").write_text('{"format": "gre-sample-world"}')
    assert "It knows nothing of real photos" in card_of(run, tmp_path).text


def test_a_dataset_of_the_hub_is_named_by_its_cache(tmp_path: Path) -> None:
    records = tmp_path / "datasets--Anonymous0515--GRE30K/snapshots/abc/gre_cot.json"
    records.parent.mkdir(parents=True)
    records.write_text("abc")
    card = card_of(make_run(tmp_path, data_path=str(records)), tmp_path)
    assert card.data.datasets == ["Anonymous0515/GRE30K"]


def test_the_published_base_behind_a_name(tmp_path: Path) -> None:
    assert find_published_base("Anonymous0515/GRE-CI") == "Anonymous0515/GRE-CI"
    named = tmp_path / "Qwen2.5-VL-3B-Instruct"
    cached = tmp_path / "models--Qwen--Qwen2.5-VL-72B-Instruct/snapshots/abc"
    stage1, unknown = tmp_path / "stage1", tmp_path / "tiny"
    for folder in (named, cached, stage1, unknown):
        folder.mkdir(parents=True)
    (stage1 / "README.md").write_text("---\nbase_model: Qwen/Qwen2.5-VL-7B-Instruct\n---\n# x\n")
    (unknown / "README.md").write_text("---\nbase_model: [\n---\n")
    assert find_published_base(str(named)) == "Qwen/Qwen2.5-VL-3B-Instruct"
    assert find_published_base(str(cached)) == "Qwen/Qwen2.5-VL-72B-Instruct"
    assert find_published_base(str(stage1)) == "Qwen/Qwen2.5-VL-7B-Instruct"
    assert find_published_base(str(unknown)) is None
    card = card_of(make_run(tmp_path, model=str(unknown)), tmp_path)
    assert card.data.base_model is None
    assert rows(card.text)["started from"] == "local folder tiny"


def test_the_terms_of_the_base_model_stay(tmp_path: Path) -> None:
    """Sources: the model cards of the four published sizes."""
    apache = {"license": "apache-2.0"}
    assert find_license("Qwen/Qwen2.5-VL-7B-Instruct") == apache
    assert find_license("Qwen/Qwen2.5-VL-32B-Instruct") == apache
    assert find_license("Qwen/Qwen2.5-VL-3B-Instruct")["license_name"] == "qwen-research"
    assert find_license("Qwen/Qwen2.5-VL-72B-Instruct")["license_name"] == "qwen"
    folder = tmp_path / "own"
    folder.mkdir()
    assert find_license(str(folder)) == apache
    (folder / "README.md").write_text(
        "---\nlicense: other\nlicense_name: mine\nlicense_link: https://x.org/y\n---\n"
    )
    assert find_license(str(folder))["license_link"] == "https://x.org/y"
    card = card_of(make_run(tmp_path, model="Qwen/Qwen2.5-VL-3B-Instruct"), tmp_path)
    assert "Licence: qwen-research." in card.text
