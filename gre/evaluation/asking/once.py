"""Every sample asked once: answers grow in a file, and an interrupted run goes on where it stopped.

Several processes may share the samples: each appends to a file of its own beside the first, and one
of them merges the files at the end. What stands in any of the files is not asked again, however
many processes wrote them. One photo that cannot be opened fails its sample alone.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from PIL.Image import Image

from gre.data.images import ImageError, image_size, load_image
from gre.evaluation.asking.answer_files import (
    ALONE,
    NOT_ASKED,
    Answer,
    AnswerError,
    Share,
    answer_of,
    final_answers,
    keep_answers,
    line_of,
    mend,
    merge_answers,
    read_answers,
    read_file,
)
from gre.evaluation.asking.draws import Draws

__all__ = [
    "ALONE",
    "NOT_ASKED",
    "Answer",
    "AnswerError",
    "Ask",
    "Askable",
    "Share",
    "answer_of",
    "ask_all",
    "final_answers",
    "keep_answers",
    "merge_answers",
    "read_answers",
]

logger = logging.getLogger(__name__)


class Askable(Protocol):
    """What a sample must bring to be asked about."""

    @property
    def id(self) -> str:
        """Unique within the benchmark."""

    @property
    def image_path(self) -> Path:
        """The photo; it may be broken or missing."""

    @property
    def fault(self) -> str | None:
        """Why the photo cannot be used, where that is known already; it is not to be opened."""


SampleT = TypeVar("SampleT", bound=Askable)
Ask = Callable[[Sequence[Image], Sequence[SampleT]], Sequence[str | Draws | AnswerError]]
"""Gives one text per picture and sample, in the same order, or why there is none."""


def ask_all(
    samples: Sequence[SampleT],
    ask: Ask[SampleT],
    path: Path,
    *,
    batch_size: int,
    tell: Callable[[int], None],
    look: Callable[[Path], Image] = load_image,
    share: Share = ALONE,
) -> dict[str, Answer]:
    """Ask about every sample of a share that has no answer in the files yet.

    Args:
        samples: In any order; the largest photos are asked first.
        ask: Who answers.
        path: JSON lines of answers, which grow while the model works.
        batch_size: Samples per call.
        tell: Called with the number of samples just answered, or found answered.
        look: Makes the picture of a photo's path; `ImageError` fails its sample alone.
        share: Which samples this process asks; the others are somebody else's.

    Returns:
        Answers by sample id, those of other processes as far as they stand in the files by now.

    Raises:
        InputError: A line of the files is damaged.
    """
    if share.num == 1:
        merge_answers(path, ask_again=True)
    own_path = share.file_of(path)
    mend(own_path)
    answers = read_answers(path)
    wanted = {sample.id for sample in samples}
    answers = {key: answer for key, answer in answers.items() if key in wanted}
    tell(len(answers))
    # All processes must deal out the same list: nobody writes to the first file meanwhile.
    done = answers if share.num == 1 else {answer.id for answer in read_file(path)[0]}
    mine = [sample for sample in samples if sample.id not in done][share.rank :: share.num]
    waiting = [sample for sample in mine if sample.id not in answers]
    with own_path.open("a", encoding="utf-8") as sink:
        for batch in _batches_by_size(waiting, batch_size):
            for answer in _ask(batch, ask, look):
                sink.write(line_of(answer))
                answers[answer.id] = answer
            sink.flush()
            tell(len(batch))
    return answers


def _ask(
    batch: Sequence[SampleT], ask: Ask[SampleT], look: Callable[[Path], Image]
) -> list[Answer]:
    images: list[Image] = []
    asked: list[SampleT] = []
    failed: list[Answer] = []
    for sample in batch:
        if sample.fault:
            failed.append(Answer(sample.id, None, sample.fault, NOT_ASKED))
            continue
        try:
            images.append(look(sample.image_path))
        except ImageError as error:  # one bad photo must not end the run
            logger.warning("%s", error)
            failed.append(Answer(sample.id, None, str(error), NOT_ASKED))
        else:
            asked.append(sample)
    texts = ask(images, asked) if images else []
    for sample, text in zip(asked, texts, strict=True):
        if isinstance(text, AnswerError):
            logger.warning("%s: %s", sample.id, text.detail)
    return [answer_of(s.id, text) for s, text in zip(asked, texts, strict=True)] + failed


def _batches_by_size(samples: Sequence[SampleT], batch_size: int) -> Iterator[list[SampleT]]:
    """Largest photos first: similar sizes share a batch, and memory runs out early or never."""

    def area(sample: SampleT) -> tuple[int, str]:
        if sample.fault:
            return (0, sample.id)
        try:
            width, height = image_size(sample.image_path)
        except ImageError:
            return (0, sample.id)
        return (-width * height, sample.id)

    ordered = sorted(samples, key=area)
    for start in range(0, len(ordered), batch_size):
        yield ordered[start : start + batch_size]
