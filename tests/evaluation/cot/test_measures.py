"""RefCLIPScore and BERTScore, by hand and on tiny random models."""

import json
import math
from pathlib import Path

import pytest

from gre.errors import InputError
from gre.evaluation.cot.chains import statements
from gre.evaluation.cot.clip import clip_score, ref_clip_score
from gre.evaluation.cot.items import Reference, References, Task
from gre.evaluation.cot.judging import Judged
from gre.evaluation.cot.measures import (
    KeptScores,
    Measures,
    measure_captions,
    measure_inferences,
)
from gre.evaluation.cot.verdicts import Item, Judgment, Unscored, Verdict
from gre.models.clip import check_clip_model

TEXTS = ["A photo depicts a red car on a wide street", "so this is Paris in France", "palm trees"]


@pytest.mark.parametrize(("cosine", "wanted"), [(0.3, 0.75), (0.0, 0.0), (-0.2, 0.0)])
def test_clip_score_stretches_the_cosine(cosine: float, wanted: float) -> None:
    assert clip_score(cosine) == pytest.approx(wanted)


def test_ref_clip_score_is_a_harmonic_mean_with_the_best_reference() -> None:
    # CLIP-S 0.75 and best reference 0.6: 2 · 0.75 · 0.6 / 1.35 = 2/3.
    assert ref_clip_score(0.3, [0.1, 0.6, -0.4]) == pytest.approx(2 / 3)
    assert ref_clip_score(-0.1, [0.9]) == 0.0
    assert ref_clip_score(0.3, [-0.9]) == 0.0
    assert ref_clip_score(-0.1, [-0.9]) == 0.0


def judged(captions: list[str], told: list[str], image: Path, kind: str = "caption") -> Judged:
    reference = Reference("x", image, None, tuple(told), ())  # type: ignore[arg-type]
    item = Item("x", "Q", tuple(captions), tuple(told))
    judgment = Judgment(
        key_steps=(),
        steps=(),
        sorts=tuple(Verdict(kind, "r") for _ in captions),
        reference_sorts=tuple(Verdict(kind, "r") for _ in told),
        indicators=None,
    )
    return Judged(Task("x", reference, item), statements(captions), statements(told), judgment)


def test_without_a_model_a_part_is_not_computed(tmp_path: Path) -> None:
    one = judged(["a car"], ["a car"], tmp_path / "x.jpg")
    kept = KeptScores(tmp_path / "kept.jsonl")
    for part in (
        measure_captions([one], Measures(), kept)["x"],
        measure_inferences([one], Measures(), kept)["x"],
    ):
        assert isinstance(part, Unscored)
        assert part.reason == "not_computed"


def test_kept_scores_survive_a_line_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    KeptScores(path).add({"a": 0.25, "b": 0.5})
    path.write_text(path.read_text()[:-5])
    kept = KeptScores(path)
    assert (kept.get("a"), kept.get("b")) == (0.25, None)
    kept.add({"c": 0.75})
    again = KeptScores(path)
    assert (again.get("a"), again.get("b"), again.get("c")) == (0.25, None, 0.75)


def test_a_folder_that_is_no_clip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(InputError, match="holds 'bert', must be 'clip'"):
        check_clip_model(str(tmp_path))


def bpe_files(folder: Path, *, end: str, extra: list[str]) -> tuple[str, str]:
    """Vocabulary and merges of a byte-level BPE that knows letters alone."""
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    pieces = [*extra, *letters, *(letter + end for letter in letters if end)]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    merges.write_text("#version: 0.2\n")
    return str(vocabulary), str(merges)


@pytest.fixture(scope="module")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    folder = tmp_path_factory.mktemp("clip")
    marks = ["<|startoftext|>", "<|endoftext|>"]
    vocabulary, merges = bpe_files(folder / "bpe", end="</w>", extra=marks)
    tokenizer = CLIPTokenizer.from_pretrained(str(folder / "bpe"))
    assert vocabulary and merges
    images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    small = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    torch.manual_seed(0)
    config = CLIPConfig(
        text_config={
            **small,
            **{"num_hidden_layers": 2, "vocab_size": len(tokenizer), "eos_token_id": 1},
            **{"bos_token_id": 0, "max_position_embeddings": 77},
        },
        vision_config={**small, "num_hidden_layers": 2, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    CLIPModel(config).save_pretrained(folder / "model")
    CLIPProcessor(image_processor=images, tokenizer=tokenizer).save_pretrained(folder / "model")
    return folder / "model"


@pytest.fixture(scope="module")
def tiny_roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizer

    folder = tmp_path_factory.mktemp("roberta")
    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    bpe_files(folder / "bpe", end="", extra=marks)
    tokenizer = RobertaTokenizer.from_pretrained(str(folder / "bpe"))
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=66,
    )
    RobertaModel(config).save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    return folder / "model"


@pytest.mark.slow
def test_clip_scores_are_those_of_its_features(tiny_clip: Path, references: References) -> None:
    import torch
    from transformers import AutoProcessor, CLIPModel

    from gre.data.images import load_image
    from gre.evaluation.cot.clip import ClipScorer

    image_path = next(iter(references.by_id.values())).image_path
    found = ClipScorer(str(tiny_clip)).score(image_path, ["a car", "palms"], ["a bus", "a car"])
    # The same by another way: the model's own logits are 'scale · cosine'.
    model, processor = (
        CLIPModel.from_pretrained(tiny_clip),
        AutoProcessor.from_pretrained(tiny_clip),
    )
    texts = ["A photo depicts a car", "A photo depicts palms", "A photo depicts a bus"]
    inputs = processor(text=texts, images=load_image(image_path), return_tensors="pt", padding=True)
    with torch.no_grad():
        output = model(**inputs)
    cosines = (output.logits_per_image[0] / model.logit_scale.exp()).tolist()
    between = (output.text_embeds @ output.text_embeds.T).tolist()

    def harmonic(image_cosine: float, told: float) -> float:
        seen = 2.5 * max(image_cosine, 0.0)
        return 2 * seen * max(told, 0.0) / (seen + max(told, 0.0))

    first = harmonic(cosines[0], max(between[0][2], 1.0))
    second = harmonic(cosines[1], max(between[1][2], between[1][0]))
    assert found == pytest.approx((first + second) / 2, abs=1e-5)


@pytest.mark.slow
def test_a_long_caption_is_cut_and_a_broken_photo_is_unscored(
    tiny_clip: Path, references: References, tmp_path: Path
) -> None:
    from gre.evaluation.cot.clip import ClipScorer

    scorer = ClipScorer(str(tiny_clip))
    image_path = next(iter(references.by_id.values())).image_path
    assert isinstance(scorer.score(image_path, ["a car " * 200], ["a car"]), float)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    found = scorer.score(broken, ["a car"], ["a car"])
    assert isinstance(found, Unscored)
    assert found.reason == "broken_image"


@pytest.mark.slow
def test_bert_scores(tiny_roberta: Path) -> None:
    pytest.importorskip("bert_score")
    from gre.evaluation.cot.bert import BertScorer

    scorer = BertScorer(str(tiny_roberta), num_layers=2)
    same, other, long = scorer.score(
        ["so this is Paris", "so this is Paris", "so this is Paris " * 50],
        ["so this is Paris", "hills of Kenya", "so this is Paris"],
    )
    assert same == pytest.approx(1.0, abs=1e-5)
    assert other < same
    assert math.isfinite(long)
    with pytest.raises(InputError, match="cannot be loaded with 9 layers"):
        BertScorer(str(tiny_roberta), num_layers=9)


@pytest.mark.slow
def test_measured_parts_are_kept_and_missing_texts_are_undefined(
    tiny_clip: Path, tiny_roberta: Path, references: References, tmp_path: Path
) -> None:
    pytest.importorskip("bert_score")
    from gre.evaluation.cot.bert import BertScorer
    from gre.evaluation.cot.clip import ClipScorer

    image_path = next(iter(references.by_id.values())).image_path
    measures = Measures(ClipScorer(str(tiny_clip)), BertScorer(str(tiny_roberta), num_layers=2))
    path = tmp_path / "kept.jsonl"
    cases = [
        (judged(["a car"], ["a bus"], image_path), measure_captions),
        (judged(["a car"], ["a bus"], image_path, kind="inference"), measure_inferences),
    ]
    for one, measure in cases:
        found = measure([one], measures, KeptScores(path))["x"]
        assert isinstance(found, float)
        kept = len(path.read_text().splitlines())
        assert measure([one], measures, KeptScores(path))["x"] == found
        assert len(path.read_text().splitlines()) == kept
    only_inferences = judged(["a car"], ["a bus"], image_path, kind="inference")
    part = measure_captions([only_inferences], measures, KeptScores(path))["x"]
    assert isinstance(part, Unscored)
    assert part.reason == "no_captions"
