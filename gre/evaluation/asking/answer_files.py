"""Answers on the disk: JSON lines that grow while a model works, one file for each process."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from gre.errors import GreError, InputError
from gre.evaluation.asking.draws import Draws
from gre.evaluation.asking.run_folder import write_text

NOT_ASKED = "not_asked"
"""Reason of a sample whose photo could not be used: asking again would change nothing."""


@dataclass(frozen=True)
class AnswerError:
    """Why somebody gave no text for one sample, in place of it. It is no score.

    Attributes:
        reason: One word to count by, e.g. "timeout"; not "not_asked".
        detail: One line for a person.
    """

    reason: str
    detail: str


@dataclass(frozen=True)
class Answer:
    """What came back for one sample: a text, or why there is none.

    Attributes:
        id: The sample's.
        text: What was said.
        error: Why there is no text, one line.
        reason: The same in one word: `NOT_ASKED`, or that of an `AnswerError`, whose sample is
            asked again when the run is started again.
        draws: All that was said, where it was asked several times; `text` is the chosen one.
    """

    id: str
    text: str | None
    error: str | None = None
    reason: str | None = None
    draws: Draws | None = None


@dataclass(frozen=True)
class Share:
    """Which part of the samples a process asks.

    Attributes:
        rank: This process, from 0.
        num: Processes at work on the same run.
    """

    rank: int = 0
    num: int = 1

    def file_of(self, path: Path) -> Path:
        """Where this process writes its answers: `answers.jsonl`, `answers.part1.jsonl`, ..."""
        return path if self.num == 1 else path.with_suffix(f".part{self.rank}{path.suffix}")


ALONE = Share()


def keep_answers(given: Mapping[str, str | Draws | AnswerError], path: Path) -> None:
    """Write the answers of somebody who is asked all at once, over those that stand there."""
    answers = (answer_of(key, one) for key, one in given.items())
    write_text(path, "".join(map(line_of, answers)))


def answer_of(identity: str, given: str | Draws | AnswerError) -> Answer:
    """What a predictor gave for a sample, as the files keep it."""
    if isinstance(given, AnswerError):
        return Answer(identity, None, given.detail, given.reason)
    if isinstance(given, Draws):
        return Answer(identity, given.text, draws=given)
    return Answer(identity, given)


def read_answers(path: Path) -> dict[str, Answer]:
    """Every answer so far, by sample id, whichever process wrote it; a text outweighs an error.

    A last line that is cut short is left out: its writer was stopped, or is at work.

    Raises:
        InputError: Another line is damaged.
    """
    answers: dict[str, Answer] = {}
    for part in (path, *_parts(path)):
        for answer in read_file(part)[0]:
            known = answers.get(answer.id)
            if known is None or (known.text is None and answer.text is not None):
                answers[answer.id] = answer
    return answers


def final_answers(path: Path, wanted: Iterable[str]) -> dict[str, Answer]:
    """Every answer of a run that is to be scored, in one file; for the process that scores.

    Raises:
        InputError: A line is damaged.
        GreError: A sample has no answer: another process was at work on the folder, or a file
            was taken away.
    """
    answers = merge_answers(path)
    missing = [name for name in wanted if name not in answers]
    if missing:
        raise GreError(
            f"{path}: {len(missing)} samples have no answer, the first is {missing[0]!r}; give the "
            "same command again to ask them"
        )
    return answers


def merge_answers(path: Path, *, ask_again: bool = False) -> dict[str, Answer]:
    """Bring the files of all processes into one; for one process, while no other is at work.

    Args:
        path: The file to merge into.
        ask_again: Leave out the samples that an `AnswerError` stands for.

    Raises:
        InputError: A line is damaged.
    """
    parts = _parts(path)
    answers = read_answers(path)
    kept = {
        key: answer
        for key, answer in answers.items()
        if not ask_again or answer.text is not None or answer.reason in (None, NOT_ASKED)
    }
    if parts or len(kept) < len(answers):
        write_text(path, "".join(map(line_of, kept.values())))
    for part in parts:
        part.unlink(missing_ok=True)
    return kept


def _parts(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.stem}.part*{path.suffix}"))


def line_of(answer: Answer) -> str:
    """An answer as a line of the file."""
    line = {"id": answer.id, "text": answer.text, "error": answer.error}
    reason = {} if answer.reason is None else {"reason": answer.reason}
    drawn = asdict(answer.draws) if answer.draws else {}
    return json.dumps(line | reason | drawn, ensure_ascii=False) + "\n"


def mend(path: Path) -> None:
    """Cut off a last line that an interruption left half-written; its sample is asked again."""
    _, num_whole = read_file(path)
    if path.exists() and path.stat().st_size > num_whole:
        with path.open("r+b") as file:
            file.truncate(num_whole)


def read_file(path: Path) -> tuple[list[Answer], int]:
    """The answers of one file, and the bytes that its whole lines take."""
    if not path.exists():
        return [], 0
    with path.open("rb") as source:  # bytes end lines at \n alone; a text may hold U+2028
        lines = source.readlines()
    answers: list[Answer] = []
    num_whole = 0
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line.decode("utf-8", errors="replace"))
            draws = Draws(tuple(row["texts"]), row["share"]) if row.get("texts") else None
            answer = Answer(row["id"], row["text"], row["error"], row.get("reason"), draws)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if number == len(lines):
                break
            raise InputError(
                f"{path}:{number}: is damaged ({error}); delete the line to ask again"
            ) from error
        if not line.endswith(b"\n"):
            break
        answers.append(answer)
        num_whole += len(line)
    return answers, num_whole
