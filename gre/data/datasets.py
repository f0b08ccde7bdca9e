"""Records to `datasets.Dataset` in the columns TRL reads, one function per stage.

Images stay paths until a row is fetched, which happens in the data loader's workers.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gre.answers import read_latlon
from gre.data.images import load_image
from gre.data.records import CotRecord, JudgeRecord, SeedRecord
from gre.errors import InputError
from gre.geo.latlon import LatLon
from gre.prompts import judge_question

if TYPE_CHECKING:
    from datasets import Dataset
    from PIL.Image import Image

RecordT = TypeVar("RecordT")
MessageMaker = Callable[[str], list[Any]]  # Any: a chat message of the model's floor above
PhotoReader = Callable[[Path], "Image"]
"""Gives the picture of a path, or one that stands in for it."""


def draw_subset(records: Sequence[RecordT], *, size: int | None, seed: int) -> list[RecordT]:
    """Draw records without replacement, in their order; all of them when size is None or larger."""
    if size is None or size >= len(records):
        return list(records)
    chosen = np.random.default_rng(seed).choice(len(records), size=size, replace=False)
    return [records[i] for i in sorted(chosen)]


def sft_dataset(
    records: Sequence[CotRecord],
    *,
    ask: MessageMaker,
    reply: MessageMaker,
    show: PhotoReader = load_image,
) -> "Dataset":
    """Stage 1 rows: prompt (one image and the question), completion (the chain and its answer).

    Args:
        records: Cold-start records.
        ask: Makes the user's turn from the question.
        reply: Makes the assistant's turn from the answer.
        show: Reads a photo.
    """
    from datasets import Dataset

    table = {
        "image_path": [str(record.image_path) for record in records],
        "question": [record.question for record in records],
        "answer": [record.answer for record in records],
    }

    def rows(batch: Mapping[str, list[str]]) -> dict[str, list[Any]]:
        return {
            "prompt": [ask(question) for question in batch["question"]],
            "completion": [reply(answer) for answer in batch["answer"]],
            "images": _each_photo(batch["image_path"], show),
            "image_path": list(batch["image_path"]),
        }

    return Dataset.from_dict(table).with_transform(rows)


def rollout_dataset(
    records: Sequence[JudgeRecord | SeedRecord],
    *,
    ask: MessageMaker,
    show: PhotoReader = load_image,
) -> "Dataset":
    """Stage 2 and 3 rows: prompt, image, and what the rewards hold completions against.

    Columns: prompt, images, image_path, record_id, question, truth_lat, truth_lon (degrees) and
    label (True or False for judge records, None for seeds).
    """
    from datasets import Dataset

    table: dict[str, list[Any]] = {
        "image_path": [str(record.image_path) for record in records],
        "record_id": [record.id for record in records],
        "question": [rollout_question(record) for record in records],
        "truth_lat": [record.truth.lat for record in records],
        "truth_lon": [record.truth.lon for record in records],
        "label": [getattr(record, "label", None) for record in records],
    }

    def rows(batch: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        return {
            **batch,
            "prompt": [ask(question) for question in batch["question"]],
            "images": _each_photo(batch["image_path"], show),
        }

    return Dataset.from_dict(table).with_transform(rows)


def _each_photo(paths: Sequence[str], show: PhotoReader) -> list[list["Image"]]:
    """The photo of each row; a path that comes several times is read once."""
    photos = {path: show(Path(path)) for path in dict.fromkeys(paths)}
    return [[photos[path]] for path in paths]


def rollout_question(record: JudgeRecord | SeedRecord) -> str:
    """What the model is asked beside the photo of a record."""
    if isinstance(record, JudgeRecord):
        return judge_question(record.instruction, record.predicted_cot, record.predicted_answer)
    return record.instruction


def main_question(records: Sequence[CotRecord]) -> str:
    """The question asked most often among records whose answer is a place.

    Raises:
        InputError: No answer in the records can be read as coordinates.
    """
    asked = Counter(
        record.question for record in records if isinstance(read_latlon(record.answer), LatLon)
    )
    if not asked:
        place = records[0].place
        raise InputError(
            f"{place.file}: no record's answer can be read as coordinates; check its gpt values"
        )
    return asked.most_common(1)[0][0]
