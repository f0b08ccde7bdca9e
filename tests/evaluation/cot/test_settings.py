"""Settings of the judgment: the file in configs/, and what is refused."""

from pathlib import Path

import pytest

from gre.errors import InputError
from gre.evaluation.cot.settings import CotSettings, read_settings

CONFIGS = Path(__file__).resolve().parents[3] / "configs/eval"


def test_the_file_in_configs_is_the_default() -> None:
    assert read_settings(CONFIGS / "cot_quality.yaml") == CotSettings()


def test_flags_stand_above_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("order_weight: 0.5\nmax_wrong: 40\n")
    settings = read_settings(path, order_weight=0.1, clip_model=None)
    assert (settings.order_weight, settings.max_wrong) == (0.1, 40)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("order_wieght: 1", "unknown key 'order_wieght'; did you mean order_weight?"),
        ("order_weight: 1.5", "order_weight must be in [0, 1], got 1.5"),
        ("order_weight: high", "order_weight must be a number, got 'high'"),
        ("max_parallel: true", "max_parallel must be a whole number, got True"),
        ("judge: gpt", "judge must be embedded or openai:MODEL, got 'gpt'"),
        ("judge: 'openai:'", "judge must be embedded or openai:MODEL"),
        ("judge: openai:m", "judge openai:m needs a server: give --base-url"),
        ("bert_model: roberta-large", "give both bert_model and bert_num_layers"),
        (
            "weight_indicator_recall: 0\nweight_ref_clip_score: 0\nweight_bert_score: 0",
            "the weights of all three parts are 0",
        ),
        ("weight_bert_score: -1", "weight_bert_score must be in [0, 1e+06], got -1"),
        ("room_fixed: 0", "room_fixed must be >= 1 token, got 0"),
        ("weight_bert_score: .nan", "weight_bert_score must be in"),
    ],
)
def test_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text + "\n")
    with pytest.raises(InputError) as error:
        read_settings(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
