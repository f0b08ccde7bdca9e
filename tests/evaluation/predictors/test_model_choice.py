"""What --model names, what is checked before anything loads, and vLLM behind a stand-in."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from PIL import Image

from gre.errors import InputError
from gre.evaluation.asking.draws import Draws
from gre.evaluation.predictors.base import Drawing, draw
from gre.evaluation.predictors.choice import ModelChoice, ServerOptions, split_model
from gre.evaluation.predictors.vllm import VllmPredictor
from gre.models.decoding import Decoding
from tests.command_line import run_gre

URL = ServerOptions(base_url="http://127.0.0.1:1/v1")


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("work/stage3", "transformers", "work/stage3"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "transformers", "Qwen/Qwen2.5-VL-7B-Instruct"),
        ("vllm:Qwen/Qwen2.5-VL-7B-Instruct", "vllm", "Qwen/Qwen2.5-VL-7B-Instruct"),
        ("openai:gpt-x", "openai", "gpt-x"),
        ("openai:org/model:tag", "openai", "org/model:tag"),
        ("file:preds.csv", "file", "preds.csv"),
        ("constant:1,2", "constant", "1,2"),
    ],
)
def test_the_word_before_the_colon_says_who_answers(text: str, kind: str, name: str) -> None:
    assert split_model(text) == (kind, name)


def test_a_folder_with_a_colon_in_its_name_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("openai:mine").mkdir()
    assert split_model("openai:mine") == ("transformers", "openai:mine")


@pytest.mark.parametrize("text", ["opnai:gpt", "openai:", "file:"])
def test_a_name_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--model: got"):
        split_model(text)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("openai:m", {}, "needs --base-url"),
        ("openai:m", {"server": ServerOptions(base_url="ftp://x")}, "must be http"),
        ("m", {"server": URL}, "--base-url means nothing"),
        ("m", {"server": ServerOptions(max_cost_usd=1.0)}, "--max-cost means nothing"),
        ("openai:m", {"server": URL, "max_pixels": 9999}, "--max-pixels means nothing"),
        ("constant:1,2", {"decoding": Decoding(temperature=1.0)}, "--temperature means nothing"),
        ("m", {"columns": {"id": "x"}}, "--prediction-columns means nothing"),
        ("m", {"drawing": Drawing(4)}, "all answers of a photo would be the same"),
    ],
)
def test_options_that_would_be_ignored_are_refused(
    text: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ModelChoice(text, *split_model(text), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "message"), [({"num": 0}, "samples must be >= 1"), ({"share": 0.0}, "share must be")]
)
def test_an_impossible_drawing_is_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Drawing(**values)  # type: ignore[arg-type]


def test_draws_of_a_batch_are_brought_together_by_photo() -> None:
    rounds = [["a0", "b0"], ["a1", "b1"], ["a2", "b2"]]
    given = draw(lambda number: rounds[number], 2, Drawing(3, share=0.5))
    assert given == [Draws(("a0", "a1", "a2"), 0.5), Draws(("b0", "b1", "b2"), 0.5)]
    assert draw(lambda number: rounds[number], 2, Drawing(1)) == ["a0", "b0"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--model", "constant:48.8566,2.3522", "--dry-run"], 0, "constant:48.8566,2.3522 answers"),
        (["--model", "constant:99,0", "--dry-run"], 2, "must be latitude in [-90, 90]"),
        (["--model", "file:/no/preds.csv", "--dry-run"], 2, "/no/preds.csv: no such file"),
        (["--model", "vllm:some/model", "--dry-run"], 2, "vllm cannot be imported"),
        (["--model", "openai:m"], 2, "needs --base-url"),
        (["--model", "constant:1,2", "--benchmark", "judge"], 2, "answers no questions"),
        (["--model", "openai:m", "--base-url", "http://127.0.0.1:1/v1", "--dry-run"], 0, "key in"),
        (["--model", "constant:1,2", "--share", "2"], 2, "share must be in (0, 1]"),
    ],
)
def test_the_door_says_what_is_wrong_in_one_line(
    sample_world: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    message: str,
) -> None:
    set_name = "judge_test" if "judge" in words else "test"
    fixed = ["--benchmark", "greval_bench", "--data", str(sample_world / "bench" / set_name)]
    monkeypatch.setitem(sys.modules, "vllm", None)
    found, out, err = run_gre(capsys, "evaluate", *fixed, "--out", tmp_path / "run", *words)
    assert found == code
    lines = (out if code == 0 else err).splitlines()
    assert any(message in line for line in lines)
    assert not (tmp_path / "run").exists()


@dataclass
class StandIn:
    """Records what vLLM would be asked, and answers with the colour of each picture."""

    made: dict[str, object] = field(default_factory=dict)
    asked: list[tuple[list, object]] = field(default_factory=list)

    def module(self) -> ModuleType:
        outer = self

        class LLM:
            def __init__(self, **options: object) -> None:
                outer.made = options

            def generate(self, prompts: list, sampling: SimpleNamespace, use_tqdm: bool) -> list:
                outer.asked.append((prompts, sampling))
                return [
                    SimpleNamespace(
                        outputs=[
                            SimpleNamespace(
                                text=f"{p['multi_modal_data']['image'].getpixel((0, 0))[0]}/{i}"
                            )
                            for i in range(sampling.n)
                        ]
                    )
                    for p in prompts
                ]

        vllm = ModuleType("vllm")
        vllm.__version__ = "0.26.0"  # type: ignore[attr-defined]
        vllm.LLM = LLM  # type: ignore[attr-defined]
        vllm.SamplingParams = SimpleNamespace  # type: ignore[attr-defined]
        return vllm


def test_vllm_is_asked_with_the_models_own_template(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = StandIn()
    monkeypatch.setitem(sys.modules, "vllm", stand_in.module())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    predictor = VllmPredictor(
        str(tiny_model),
        decoding=Decoding(max_new_tokens=9, temperature=0.5),
        drawing=Drawing(2, seed=3),
        max_pixels=12544,
    )
    images = [Image.new("RGB", (8, 8), (level, 0, 0)) for level in (5, 6)]
    assert predictor.answer(images) == [Draws(("5/0", "5/1")), Draws(("6/0", "6/1"))]
    assert predictor.answer_questions(images, ["One?", "Two?"]) == ["5/0", "6/0"]
    assert stand_in.made["tensor_parallel_size"] == 2
    assert stand_in.made["mm_processor_kwargs"] == {"max_pixels": 12544}
    assert (stand_in.made["seed"], stand_in.made["trust_remote_code"]) == (3, False)
    prompts, sampling = stand_in.asked[1]
    assert "<|vision_start|><|image_pad|><|vision_end|>One?" in prompts[0]["prompt"]
    assert prompts[0]["prompt"].endswith("<|im_start|>assistant\n")
    assert (sampling.temperature, sampling.max_tokens, sampling.n) == (0.5, 9, 1)
    vocabulary = predictor.processor.tokenizer.get_vocab()
    assert sampling.logit_bias[vocabulary["<|image_pad|>"]] == -100.0
    assert predictor.describe()["vllm"] == "0.26.0"
