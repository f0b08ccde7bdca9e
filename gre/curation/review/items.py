"""What is reviewed: the chains of a CoT file, or the key steps of a GREval-Bench file."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gre.answers import ParseFailure, read_latlon, read_response
from gre.curation.leakage import TrainingList, read_training
from gre.data.records import BenchRecord, CotRecord, Record
from gre.errors import InputError
from gre.evaluation.pages.reasoning import reasoning_steps
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon

ReviewKind = Literal["cot", "bench"]
_PLACE_FIELDS = ("city", "region", "country")


@dataclass(frozen=True)
class ReviewItem:
    """One thing to decide on.

    Attributes:
        id: Record id.
        image_path: The photo.
        truth: Where it was taken.
        place: The same in words; may be empty.
        steps: The reasoning, without numbers.
        answer: As the chain writes it; empty where the record has none.
        guess: The answer as read; None where it has none or cannot be read.
        shown_sha256: Hash of what a reviewer sees of the text.
    """

    id: str
    image_path: Path
    truth: LatLon
    place: str
    steps: tuple[str, ...]
    answer: str
    guess: LatLon | None
    shown_sha256: str

    @property
    def distance_km(self) -> float | None:
        """From the answer to the truth."""
        return None if self.guess is None else great_circle_km(self.guess, self.truth)


@dataclass(frozen=True)
class ReviewSet:
    """A record file as reviewers see it.

    Attributes:
        kind: What it holds.
        source: The file and its raw records, in the order of the items.
        items: One per record.
    """

    kind: ReviewKind
    source: TrainingList
    items: Sequence[ReviewItem]

    @property
    def shown(self) -> Mapping[str, str]:
        """Hash of the text by item."""
        return {item.id: item.shown_sha256 for item in self.items}


def read_review_set(path: Path, *, image_root: Path | None = None) -> ReviewSet:
    """Read a CoT or GREval-Bench file.

    Raises:
        InputError: It is another kind of file, or a record is wrong.
    """
    source = read_training(path, image_root=image_root)
    items = [_item(record, path) for record in source.records]
    kind: ReviewKind = "bench" if isinstance(source.records[0], BenchRecord) else "cot"
    return ReviewSet(kind, source, items)


def _item(record: Record, path: Path) -> ReviewItem:
    guess: LatLon | ParseFailure | None
    if isinstance(record, CotRecord):
        steps, answer = reasoning_steps(reasoning_of(record.answer)), answer_of(record.answer)
        guess = read_latlon(record.answer)
    elif isinstance(record, BenchRecord):
        steps, answer, guess = reasoning_steps("\n".join(record.gt_cot)), "", None
    else:
        raise InputError(
            f"{path}: holds no chains to review, must be CoT or GREval-Bench records; name"
            " gre_cot.json or greval_bench.json"
        )
    shown = "\0".join((record.image, *steps, answer))
    return ReviewItem(
        id=record.id,
        image_path=record.image_path,
        truth=record.truth,
        place=", ".join(str(record.extra[n]) for n in _PLACE_FIELDS if record.extra.get(n)),
        steps=steps,
        answer=answer,
        guess=None if isinstance(guess, ParseFailure) else guess,
        shown_sha256=hashlib.sha256(shown.encode("utf-8", "replace")).hexdigest(),
    )


def reasoning_of(text: str) -> str:
    """The reasoning of a response; where nothing marks it, all before the answer."""
    think = read_response(text).think
    return think if think is not None else text.partition("<answer>")[0].strip()


def answer_of(text: str) -> str:
    """The answer of a response as it is written; empty where nothing marks one."""
    return read_response(text).answer or ""
