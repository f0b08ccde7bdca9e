"""Skipping masked positions changes nothing but time."""

from pathlib import Path

import pytest
import torch

from gre.models.options import ModelOptions
from gre.models.qwen_vl import load_model
from gre.train.compact_head import SWITCH, compact_head_on_cpu


def loss_and_gradient(folder: Path) -> tuple[float, torch.Tensor]:
    from trl.trainer.utils import add_fused_lm_head

    model = load_model(ModelOptions(model_name_or_path=str(folder)))
    add_fused_lm_head(model, outputs=("log_probs", "entropy", "is_top1"))
    ids_BT = torch.randint(300, 900, (2, 24), generator=torch.Generator().manual_seed(0))
    labels_BT = ids_BT.clone()
    labels_BT[0, :15] = -100
    labels_BT[1, :6] = -100
    outputs = model(input_ids=ids_BT, labels=labels_BT, fused_lm_head=True)
    loss = -outputs.log_probs.sum()
    loss.backward()
    return float(loss.detach()), model.get_input_embeddings().weight.grad


def test_loss_and_gradients_are_the_same(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trl.kernels.chunked_logprob import _use_triton as stock
    from trl.trainer import utils

    monkeypatch.setattr(utils, SWITCH, stock)
    stock_loss, stock_gradient = loss_and_gradient(tiny_model)
    assert compact_head_on_cpu()
    assert getattr(utils, SWITCH) is not stock
    loss, gradient = loss_and_gradient(tiny_model)
    assert loss == pytest.approx(stock_loss, rel=1e-6)
    torch.testing.assert_close(gradient, stock_gradient, rtol=1e-4, atol=1e-6)


def test_twice_is_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from trl.trainer import utils

    monkeypatch.setattr(utils, SWITCH, getattr(utils, SWITCH))
    compact_head_on_cpu()
    first = getattr(utils, SWITCH)
    compact_head_on_cpu()
    assert getattr(utils, SWITCH) is first


def test_another_trl_keeps_its_own_way(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import trl
    from trl.trainer import utils

    before = getattr(utils, SWITCH)
    monkeypatch.setattr(trl, "__version__", "1.17.0")
    assert not compact_head_on_cpu()
    assert getattr(utils, SWITCH) is before
    assert "1.17.0" in caplog.text
