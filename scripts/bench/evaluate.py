#!/usr/bin/env python3
"""Time an evaluation: ours in batches by size, and transformers' generate on one photo at a time.

Both sides have the same model, photos, question and greedy decoding, and decode every photo whole.
Ours is what `gre evaluate` does with each benchmark: photos sorted by size, batches, answers
appended to a file. Stock is the loop of a model card.

Example: python scripts/bench/evaluate.py --json
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from limits import median
from PIL import Image
from running import CLOCKS, add_device, machine

from gre.evaluation.asking.once import ask_all
from gre.evaluation.predictors.base import TransformersPredictor
from gre.models.decoding import Decoding
from gre.models.localizer import chat_prompt, vision_token_ids
from gre.sample.texts import tokenizer_texts
from gre.sample.tiny_model import write_tiny_model

STOCK, OURS = "stock", "ours"
SIDES = (STOCK, OURS)
SIZES = ((448, 448), (448, 336), (336, 448), (448, 252))
"""Sizes of the drawn photos in turn, pixels: the shapes that cameras and phones have."""


@dataclass(frozen=True)
class Photo:
    """One sample to ask about."""

    id: str
    image_path: Path
    fault: str | None = None


def write_photos(folder: Path, num: int, *, seed: int) -> list[Photo]:
    """Draw photos of mixed sizes."""
    rng = np.random.default_rng(seed)
    photos = []
    for number in range(num):
        width, height = SIZES[number % len(SIZES)]
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        path = folder / f"{number:04d}.jpg"
        Image.fromarray(pixels).save(path)
        photos.append(Photo(path.stem, path))
    return photos


def answer_stock(predictor: TransformersPredictor, photos: list[Photo]) -> dict[str, str]:
    """Process and generate, photo by photo."""
    localizer, answers = predictor.localizer, {}
    processor, model = localizer.processor, localizer.model
    text = chat_prompt(processor, localizer.instruction)
    for photo in photos:
        with Image.open(photo.image_path) as image:
            inputs = processor(images=[image.convert("RGB")], text=[text], return_tensors="pt")
        inputs = inputs.to(model.device, model.dtype)
        with torch.inference_mode():
            output = model.generate(
                **inputs,
                max_new_tokens=predictor.decoding.max_new_tokens,
                do_sample=False,
                suppress_tokens=vision_token_ids(processor),
            )
        said = output[:, inputs["input_ids"].shape[1] :]
        [answers[photo.id]] = processor.tokenizer.batch_decode(said, skip_special_tokens=True)
    return answers


def answer_ours(
    predictor: TransformersPredictor, photos: list[Photo], folder: Path, batch_size: int
) -> dict[str, str]:
    """Ask as an evaluation does."""
    file = folder / "answers.jsonl"
    file.unlink(missing_ok=True)
    found = ask_all(
        photos,
        lambda images, _: [str(text) for text in predictor.answer(images)],
        file,
        batch_size=batch_size,
        tell=lambda _: None,
    )
    return {key: answer.text or "" for key, answer in found.items()}


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run both sides in turn and report seconds, ratios and how many answers are equal."""
    model = options.model or write_tiny_model(folder / "model", texts=tokenizer_texts())
    predictor = TransformersPredictor(
        model, decoding=Decoding(max_new_tokens=options.max_new_tokens), device=options.device
    )
    (folder / "photos").mkdir()
    photos = write_photos(folder / "photos", options.photos, seed=options.seed)
    sides: dict[str, Callable[[list[Photo]], dict[str, str]]] = {
        STOCK: lambda some: answer_stock(predictor, some),
        OURS: lambda some: answer_ours(predictor, some, folder, options.batch_size),
    }
    for side in SIDES:  # imports and first allocations
        sides[side](photos[:1])
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    answers: dict[str, dict[str, str]] = {}
    clock = CLOCKS[options.clock]
    for repeat in range(options.repeats):
        for side in SIDES if repeat % 2 == 0 else SIDES[::-1]:
            start = clock()
            answers[side] = sides[side](photos)
            seconds[side].append(clock() - start)
    equal = sum(answers[STOCK][photo.id] == answers[OURS][photo.id] for photo in photos)
    spent = {side: median(runs) for side, runs in seconds.items()}
    return {
        "seconds": spent,
        "samples_per_s": {side: len(photos) / spent[side] for side in SIDES},
        "ratios": {"samples_per_s": spent[STOCK] / spent[OURS]},
        "photos": len(photos),
        "equal_answers": equal,
    }


def print_table(report: dict[str, Any]) -> None:
    """Print what was measured for a reader."""
    print(
        f"{report['photos']} photos, {report['max_new_tokens']} tokens, batches of"
        f" {report['batch_size']}; {report['machine']}"
    )
    if report["clock"] == "cpu":
        print("processor seconds, not those of a wall clock")
    print(f"{'':<8}{'seconds':>10}{'photos/s':>10}{'ratio':>8}")
    for side in SIDES:
        spent = report["seconds"][side]
        print(
            f"{side:<8}{spent:>10.2f}{report['samples_per_s'][side]:>10.2f}"
            f"{report['seconds'][STOCK] / spent:>8.2f}"
        )
    print(f"{report['equal_answers']} of {report['photos']} answers are equal to the letter")


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=32, help="how many (default 32)")
    parser.add_argument("--batch-size", type=int, default=8, help="photos per call (default 8)")
    parser.add_argument("--max-new-tokens", type=int, default=64, help="of an answer (default 64)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each side (default 3)")
    parser.add_argument("--seed", type=int, default=0, help="of the photos (default 0)")
    parser.add_argument(
        "--model", type=Path, help="folder of a model (default: gre tiny-model's, random weights)"
    )
    add_device(parser)
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="cpu: processor seconds, for a machine that is not quiet; with OMP_NUM_THREADS=1"
        " (default wall)",
    )
    parser.add_argument("--json", action="store_true", help="last line: the report as JSON")
    options = parser.parse_args()
    for name in ("photos", "batch_size", "max_new_tokens", "repeats"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be >= 1, got {getattr(options, name)}")
    return options


def main() -> int:
    """Measure, print, and return the exit code."""
    options = parse_options()
    with tempfile.TemporaryDirectory() as name:
        report = measure(Path(name), options)
    report |= {
        "clock": options.clock,
        "batch_size": options.batch_size,
        "max_new_tokens": options.max_new_tokens,
        "machine": machine(torch.device(options.device)),
        "versions": {name: version(name) for name in ("torch", "transformers")},
    }
    print_table(report)
    if options.json:
        print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
