"""What --model names, what is checked before anything loads, and vLLM behind a stand-in."""

import shutil
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
from tests.command_line import one_line, run_gre

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
        ("m", {"server": ServerOptions(input_usd_per_million=1.0)}, "--input-price means nothing"),
        ("m", {"server": ServerOptions(output_usd_per_million=1.0)}, "--output-price means"),
        ("m", {"decoding": Decoding(top_p=0.5)}, "--top-p means nothing with greedy decoding"),
        (
            "openai:m",
            {"server": URL, "decoding": Decoding(temperature=1.0, top_p=0.5)},
            "--top-p means nothing with --model openai:m",
        ),
        ("m", {"drawing": Drawing(share=0.5)}, "--share means nothing with one answer"),
        ("m", {"max_pixels": 1}, "--max-pixels: got 1, must be at least 784"),
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


SERVER = ("--model", "openai:m", "--base-url", "http://127.0.0.1:1/v1")


@pytest.mark.parametrize("end", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--model", "constant:1,2", "--out", "FILE/x"), "is no folder; name another place"),
        (("--model", "TINY", "--out", "FILE/x"), "is no folder; name another place"),
        (("--model", "TINY", "--out", "FILE"), "is a file, must be a folder"),
        (("--model", "TINY", "--out", "/proc/x"), "--out /proc/x: /proc takes no files"),
        (("--model", "TINY", "--out", "HERE"), "is not empty and holds no evaluation"),
        (("--model", "TINY", "--out", "new", "--max-pixels", "1"), "--max-pixels: got 1"),
        ((*SERVER, "--out", "new", "--max-cost", "1"), "--max-cost 1 needs the model's prices"),
        ((*SERVER, "--out", "new", "--input-price", "1"), "--output-price is missing; give both"),
        ((*SERVER, "--out", "new", "--timeout", "0"), "--timeout: got 0.0, must be > 0 seconds"),
    ],
)
def test_what_a_run_refuses_its_dry_run_refuses_before_a_model_loads(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    sample_world: Path,
    tiny_model: Path,
    tmp_path: Path,
    words: tuple[str, ...],
    message: str,
    end: tuple[str, ...],
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("gre.models.qwen_vl.load_processor", never)
    (tmp_path / "file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    places = {"FILE": "file", "TINY": str(tiny_model), "HERE": "."}
    filled = [places.get(word, word.replace("FILE/", "file/")) for word in words]
    data = sample_world / "bench/test"
    code, _, err = run_gre(
        capsys, "evaluate", "--benchmark", "greval_bench", "--data", data, *filled, *end
    )
    assert code == 2
    assert message in one_line(err)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_dry_run_refuses_the_folder_of_another_evaluation(
    capsys: pytest.CaptureFixture[str], sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    data, out = sample_world / "bench/test", tmp_path / "run"
    words = ("evaluate", "--benchmark", "greval_bench", "--data", data, "--out", out)
    tiny = ("--model", tiny_model, "--max-new-tokens", 4, "--no-no-image")
    assert run_gre(capsys, *words, *tiny)[0] == 0
    assert run_gre(capsys, *words, *tiny, "--dry-run")[0] == 0
    for other, message in (
        (("--model", "constant:1,2"), "predictor was 'transformers', is 'constant'"),
        ((*tiny, "--limit", 2), "n was 10, is 2"),
        ((*tiny, "--max-pixels", 9999), "max_pixels was None, is 9999"),
        ((*tiny, "--temperature", 1.0), "temperature was 0.0, is 1.0"),
    ):
        code, _, err = run_gre(capsys, *words, *other, "--dry-run")
        assert code == 2
        assert f"holds another evaluation ({message})" in one_line(err)


def test_a_dry_run_names_the_photos_that_no_model_would_see(
    capsys: pytest.CaptureFixture[str], sample_world: Path, tiny_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(sample_world / "bench/test", tmp_path / "test")
    photos = sorted((tmp_path / "test/imgs").iterdir())
    photos[0].write_bytes(b"")
    photos[1].write_bytes(photos[1].read_bytes()[:2000])
    photos[2].unlink()
    code, out, err = run_gre(
        capsys,
        *("evaluate", "--benchmark", "greval_bench", "--data", tmp_path / "test", "--dry-run"),
        *("--model", tiny_model, "--out", tmp_path / "run"),
    )
    assert code == 0
    assert "ok: 10 samples, 3 of them with an unusable photo, model" in out
    for photo, fault in zip(photos, ("is empty", "cut short", "fetch the images"), strict=False):
        assert any(photo.name in line and fault in line for line in err.splitlines()), (fault, err)
