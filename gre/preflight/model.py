"""A model folder against its own configuration: tensors, special tokens, chat template."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gre.data.records import Record
from gre.errors import InputError
from gre.models.adapters import refuse_adapter
from gre.models.lookup import check_model_folder
from gre.models.options import ModelOptions
from gre.models.qwen_vl import load_processor
from gre.models.shapes import DEFAULT_MAX_PIXELS, DEFAULT_MIN_PIXELS, QwenShape
from gre.preflight.findings import Findings
from gre.preflight.tokens import (
    IMAGE_TOKEN,
    PixelBudget,
    estimated_text_tokens,
    render,
    text_tokens,
    texts_of,
)
from gre.preflight.weights import (
    Shapes,
    StoredTensor,
    expected_tensors,
    part_sizes,
    published_shape,
    shape_from_config,
    stored_tensors,
)

NEEDED_TOKENS: Mapping[str, str | None] = {
    "<|im_start|>": None,
    "<|im_end|>": None,
    "<|vision_start|>": "vision_start_token_id",
    "<|vision_end|>": "vision_end_token_id",
    "<|image_pad|>": "image_token_id",
}
"""Special tokens of a conversation with an image, and the field of config.json with their id."""

SAMPLE_CHARACTERS = 240


@dataclass(frozen=True)
class ModelFacts:
    """What is known of the model before it loads.

    Attributes:
        shape: Its sizes; None where they are unknown.
        processor: Tokenizer and image processor; None where the folder is not here.
        pixels: Limits of a resized image.
    """

    shape: QwenShape | None
    processor: Any  # Any: a processor of transformers
    pixels: PixelBudget

    @property
    def parts(self) -> dict[str, int]:
        """Parameters by part; empty where the shape is unknown."""
        return part_sizes(self.shape) if self.shape else {}


def check_model(options: ModelOptions, findings: Findings) -> ModelFacts:
    """Look at the model's folder; what cannot be used is an error line."""
    name = options.model_name_or_path
    pixels = PixelBudget(
        options.min_pixels or DEFAULT_MIN_PIXELS, options.max_pixels or DEFAULT_MAX_PIXELS
    )
    nothing = ModelFacts(published_shape(name), None, pixels)
    try:
        check_model_folder(name)
        refuse_adapter(name)
    except InputError as error:
        findings.add("error", "model", str(error))
        return nothing
    folder = Path(name).expanduser()
    if not folder.is_dir():
        text = f"{name} is a hub id, or a folder that is not there: nothing is downloaded here, so"
        findings.add(
            "note", "model", f"{text} its files were not looked at; token counts are estimates"
        )
        return nothing
    config = _read_config(folder, findings)
    shape = _shape(folder, config, findings)
    if shape is not None:
        with findings.guarding("model"):
            _report_tensors(folder, expected_tensors(shape), stored_tensors(folder), findings)
    processor = _processor(options, config, findings)
    return ModelFacts(shape, processor, _pixels(processor, pixels))


def _read_config(folder: Path, findings: Findings) -> dict[str, object]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        findings.add("error", "model", f"{path}: cannot be read as JSON ({error}); download it")
        return {}
    if not isinstance(config, dict):
        findings.add("error", "model", f"{path}: must be a JSON object; download it again")
        return {}
    return config


def _shape(folder: Path, config: Mapping[str, object], findings: Findings) -> QwenShape | None:
    if not config:
        return None
    kind = config.get("model_type")
    if kind != "qwen2_5_vl":
        text = f"{folder}: model_type is {kind!r}; only qwen2_5_vl folders are looked into"
        findings.add("warning", "model", text)
        return None
    try:
        return shape_from_config(config)
    except (KeyError, TypeError) as error:
        findings.add("error", "model", f"{folder}/config.json: {error}; download it again")
        return None


def _report_tensors(
    folder: Path, expected: Shapes, stored: Mapping[str, StoredTensor], findings: Findings
) -> None:
    """Names and shapes of the files against those that config.json asks for."""
    missing = [name for name in expected if name not in stored]
    strange = [name for name in stored if name not in expected and name != "lm_head.weight"]
    wrong = [
        f"{name}: {stored[name].shape} in {stored[name].file}, config.json asks for {shape}"
        for name, shape in expected.items()
        if name in stored and stored[name].shape != shape
    ]
    for what, lines in (("missing", missing), ("of another shape", wrong)):
        if lines:
            text = f"{folder}: {len(lines):,} tensors are {what}; download the folder again"
            findings.add("error", "model", text, lines)
    if strange:
        text = f"{folder}: {len(strange):,} tensors are not in this architecture"
        findings.add("warning", "model", text, strange)
    if not missing and not wrong and not strange:
        dtypes = ", ".join(sorted({tensor.dtype for tensor in stored.values()}))
        text = f"{folder}: {len(stored):,} tensors ({dtypes}) have the shapes of config.json"
        findings.add("ok", "model", text)


def _processor(
    options: ModelOptions, config: Mapping[str, object], findings: Findings
) -> Any:  # Any: a processor of transformers
    try:
        processor = load_processor(options)
    except InputError as error:
        findings.add("error", "model", str(error))
        return None
    tokenizer = processor.tokenizer
    faults = []
    for token, field in NEEDED_TOKENS.items():
        ids = tokenizer.encode(token, add_special_tokens=False)
        if len(ids) != 1:
            faults.append(f"{token} is {len(ids)} tokens, must be one")
        elif field and config.get(field, ids[0]) != ids[0]:
            faults.append(f"{token} has id {ids[0]}, config.json says {field} {config[field]}")
    if faults:
        text = f"tokenizer of {options.model_name_or_path}: {len(faults)} special tokens are wrong"
        findings.add("error", "model", f"{text}; take the tokenizer that belongs to it", faults)
        return None
    findings.add("ok", "model", "the tokenizer's special tokens are those of config.json")
    return processor


def _pixels(processor: Any, otherwise: PixelBudget) -> PixelBudget:  # Any: a processor
    size = getattr(getattr(processor, "image_processor", None), "size", None)
    if not size:
        return otherwise
    return PixelBudget(
        int(size["shortest_edge"] or otherwise.min_pixels),
        int(size["longest_edge"] or otherwise.max_pixels),
    )


def count_text_tokens(
    records: Sequence[Record],
    processor: Any,  # Any: same
    findings: Findings,
) -> NDArray[np.int64]:
    """Tokens of each row's text; estimates without a tokenizer or where its template fails."""
    if processor is not None and report_template(records[0], processor, findings):
        try:
            return text_tokens(records, processor)
        except InputError as error:  # at some rows only
            _report_failure(None, error, findings)
    return estimated_text_tokens(records)


def report_template(record: Record, processor: Any, findings: Findings) -> bool:  # Any: same
    """Render one row and see that question, answer and exactly one image are in it.

    Returns:
        Whether rows can be rendered at all.
    """
    question, answer = texts_of(record)
    try:
        text = render(question, answer, processor)
    except InputError as error:
        _report_failure(record, error, findings)
        return False
    num_images = text.count(IMAGE_TOKEN)
    faults = [] if num_images == 1 else [f"{num_images} image placeholders, must be one"]
    faults += [] if question in text else ["the question is not in it"]
    faults += [] if answer is None or answer in text else ["the answer is not in it"]
    if faults:
        findings.add("error", "template", f"a rendered row is wrong: {'; '.join(faults)}", [text])
        return False
    shown = text if len(text) <= SAMPLE_CHARACTERS else text[:SAMPLE_CHARACTERS] + "…"
    findings.add("ok", "template", "the chat template renders a row", [shown])
    return True


def _report_failure(record: Record | None, error: InputError, findings: Findings) -> None:
    where = f"the row of {record.place}" if record is not None else "some rows"
    text = f"the chat template cannot render {where} ({error}); mend chat_template.jinja"
    findings.add("error", "template", text)
