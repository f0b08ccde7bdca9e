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
from gre.data.records import CotRecord
from gre.errors import InputError
from gre.geo.latlon import LatLon

if TYPE_CHECKING:
    from datasets import Dataset

RecordT = TypeVar("RecordT")
MessageMaker = Callable[[str], list[Any]]  # Any: a chat message of the model's floor above


def draw_subset(records: Sequence[RecordT], *, size: int | None, seed: int) -> list[RecordT]:
    """Draw records without replacement, in their order; all of them when size is None or larger."""
    if size is None or size >= len(records):
        return list(records)
    chosen = np.random.default_rng(seed).choice(len(records), size=size, replace=False)
    return [records[i] for i in sorted(chosen)]


def sft_dataset(
    records: Sequence[CotRecord], *, ask: MessageMaker, reply: MessageMaker
) -> "Dataset":
    """Stage 1 rows: prompt (one image and the question), completion (the chain and its answer).

    Args:
        records: Cold-start records.
        ask: Makes the user's turn from the question.
        reply: Makes the assistant's turn from the answer.
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
            "images": [[load_image(Path(path))] for path in batch["image_path"]],
            "image_path": list(batch["image_path"]),
        }

    return Dataset.from_dict(table).with_transform(rows)


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
