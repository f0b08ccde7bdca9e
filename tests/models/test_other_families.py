"""LLaVA and InternVL with random weights, saved as their publishers do, located like Qwen2.5-VL."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gre.errors import InputError
from gre.models.localizer import Decoding, GeoLocalizer, vision_token_ids
from gre.models.options import ModelOptions
from gre.models.qwen_vl import load_processor

pytestmark = pytest.mark.slow

LLAVA_TEMPLATE = (
    "{% for m in messages %}USER: {% for p in m['content'] %}"
    "{% if p['type'] == 'image' %}<image>\n{% else %}{{ p['text'] }}{% endif %}{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %} ASSISTANT:{% endif %}"
)
INTERNVL_TEMPLATE = (
    "{% for m in messages %}<|im_start|>user\n{% for p in m['content'] %}"
    "{% if p['type'] == 'image' %}<IMG_CONTEXT>\n{% else %}{{ p['text'] }}{% endif %}{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 2}


def words(special: list[str], **more: object) -> Any:
    """A tokenizer of bytes with a family's special tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["</s>", *special])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", **more)


def write_llava(folder: Path) -> Path:
    """LLaVA 1.5: a CLIP tower of which the class token is dropped, and a Llama. No pad token."""
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    tokenizer = words(["<image>"])
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**SIZES, **HEADS, image_size=56, patch_size=14),
        text_config=LlamaConfig(**SIZES, **HEADS, vocab_size=len(tokenizer)),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-2,
        image_seq_length=16,
    )
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    side = {"height": 56, "width": 56}
    LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": 56}, crop_size=side),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=LLAVA_TEMPLATE,
    ).save_pretrained(folder)
    return folder


def write_internvl(folder: Path) -> Path:
    """InternVL3 in its -hf form: tiles of 56 x 56 pixels, as many as a photo's shape asks for."""
    from transformers import (
        GotOcr2ImageProcessor,
        InternVLConfig,
        InternVLForConditionalGeneration,
        InternVLProcessor,
        InternVLVideoProcessor,
        InternVLVisionConfig,
        Qwen2Config,
    )

    names = ["<img>", "</img>", "<IMG_CONTEXT>", "<video>", "<|im_start|>", "<|im_end|>", "<pad>"]
    tokenizer = words(
        names,
        pad_token="<pad>",
        extra_special_tokens={
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
            "video_token": "<video>",
        },
    )
    config = InternVLConfig(
        vision_config=InternVLVisionConfig(
            **SIZES, **HEADS, image_size=[56, 56], patch_size=[14, 14]
        ),
        text_config=Qwen2Config(**SIZES, **HEADS, num_key_value_heads=2, vocab_size=len(tokenizer)),
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
    )
    InternVLForConditionalGeneration(config).save_pretrained(folder)
    side = {"height": 56, "width": 56}
    InternVLProcessor(
        image_processor=GotOcr2ImageProcessor(size=side, crop_to_patches=True, max_patches=4),
        tokenizer=tokenizer,
        video_processor=InternVLVideoProcessor(size=side),
        image_seq_length=4,
        chat_template=INTERNVL_TEMPLATE,
    ).save_pretrained(folder)
    return folder


WRITERS = {"llava": write_llava, "internvl": write_internvl}
PHOTOS = [Image.effect_noise((w, h), 90).convert("RGB") for w, h in ((64, 48), (160, 40), (40, 90))]


@pytest.fixture(scope="module", params=sorted(WRITERS))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    torch.manual_seed(1)
    return WRITERS[request.param](tmp_path_factory.mktemp("families") / request.param)


@pytest.fixture(scope="module")
def localizer(folder: Path) -> GeoLocalizer:
    return GeoLocalizer(folder, device="cpu")


def test_photos_of_several_shapes_are_answered_alike_alone_and_together(
    localizer: GeoLocalizer,
) -> None:
    decoding = Decoding(max_new_tokens=12)
    together = localizer.answer(PHOTOS, decoding=decoding)
    alone = [localizer.answer([photo], decoding=decoding)[0] for photo in PHOTOS]
    assert together == alone
    assert all(together)


def test_the_answer_depends_on_the_photo(localizer: GeoLocalizer) -> None:
    import torch

    from gre.models.localizer import chat_prompt

    prompt = chat_prompt(localizer.processor, "Where is this?")
    logits = []
    for photo in (PHOTOS[0], Image.new("RGB", PHOTOS[0].size, (128, 128, 128))):
        inputs = localizer.processor(images=[[photo]], text=[prompt], return_tensors="pt")
        with torch.inference_mode():
            logits.append(localizer.model(**inputs).logits[0, -1])
    assert (logits[0] - logits[1]).abs().max() > 1e-4


def test_an_answer_never_holds_the_tokens_of_pictures(localizer: GeoLocalizer) -> None:
    banned = vision_token_ids(localizer.processor)
    vocabulary = localizer.processor.tokenizer.get_vocab()
    expected = {"<image>", "<img>", "</img>", "<IMG_CONTEXT>", "<video>", "<|im_start|>"}
    assert banned == sorted(vocabulary[name] for name in expected if name in vocabulary)
    seen: list[int] = []
    tokenizer = localizer.processor.tokenizer
    kept = tokenizer.batch_decode
    tokenizer.batch_decode = lambda ids, **kw: seen.extend(ids.flatten().tolist()) or kept(ids)
    try:
        localizer.answer(PHOTOS * 4, decoding=Decoding(max_new_tokens=64, temperature=5.0))
    finally:
        tokenizer.batch_decode = kept
    assert len(set(seen)) > 100
    assert not set(seen) & set(banned)


def test_a_pixel_budget_is_refused_where_there_is_none(folder: Path) -> None:
    options = ModelOptions(model_name_or_path=str(folder), max_pixels=28 * 28 * 16)
    with pytest.raises(InputError, match="has no pixel budget"):
        load_processor(options)


def test_a_model_without_a_chat_template_is_refused(localizer: GeoLocalizer) -> None:
    template = localizer.processor.chat_template
    localizer.processor.chat_template = None
    try:
        with pytest.raises(InputError, match="no chat template"):
            localizer.answer(PHOTOS[:1], decoding=Decoding(max_new_tokens=2))
    finally:
        localizer.processor.chat_template = template
