"""One step at Qwen2.5-VL-3B's real widths: hidden sizes, heads, vocabulary, special-token ids."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from gre.sample.texts import tokenizer_texts
from gre.sample.tiny_model import write_tiny_model
from gre.train.sft import run_sft

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_sft_step_at_the_widths_of_3b(sample_world: Path, tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "3b", texts=tokenizer_texts(), shape="3b", num_layers=2)
    values = {
        "model_name_or_path": model,
        "data_path": sample_world / "dataset/gre_cot/gre_cot.json",
        "output_dir": tmp_path / "run",
        "max_steps": 1,
        "max_records": 2,
        "global_batch_size": 2,
        "per_device_train_batch_size": 1,
        "warmup_steps": 0,
        "save_strategy": "no",
        "bf16": "false",
        "dataloader_num_workers": 0,
    }
    flags = [word for key, value in values.items() for word in (f"--{key}", str(value))]
    output = run_sft(ROOT / "configs/stage1_sft.yaml", flags)
    with (
        safe_open(model / "model.safetensors", framework="pt") as before,
        safe_open(output / "model.safetensors", framework="pt") as after,
    ):
        names = list(after.keys())
        embedding = next(name for name in names if "embed_tokens" in name)
        assert after.get_slice(embedding).get_shape() == [151_936, 2048]
        query = next(name for name in names if "layers.0.self_attn.q_proj.weight" in name)
        assert after.get_slice(query).get_shape() == [2048, 2048]
        moved = (after.get_tensor(query) - before.get_tensor(query)).abs().max()
        assert 0 < float(moved) <= 2e-5  # AdamW moves a weight by about the learning rate, 1e-5
        assert torch.isfinite(after.get_tensor(query)).all()
        vision = next(name for name in names if "visual.blocks.0.attn.qkv.weight" in name)
        assert torch.equal(after.get_tensor(vision), before.get_tensor(vision))  # frozen
