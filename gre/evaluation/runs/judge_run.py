"""One evaluation of a judge: the same files and the same resuming as where photos are located."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL.Image import Image

from gre.answers import ParseFailure, read_judgment
from gre.data.images import grey_image, image_size, load_image
from gre.evaluation.asking.once import (
    ALONE,
    NOT_ASKED,
    Answer,
    AnswerError,
    Share,
    ask_all,
    final_answers,
)
from gre.evaluation.asking.run_folder import open_run, read_run_facts, write_json, write_jsonl
from gre.evaluation.benchmarks.judge import JudgeBenchmark, JudgeSample
from gre.evaluation.predictors.base import QuestionPredictor
from gre.evaluation.runs.judge_summary import JudgeSummary, Verdict, score_verdicts

ANSWERS, BLIND_ANSWERS = "answers.jsonl", "no_image_answers.jsonl"


@dataclass(frozen=True)
class JudgeResult:
    """A finished evaluation of a judge."""

    folder: Path
    summary: JudgeSummary
    bounds: Mapping[str, JudgeSummary]


def evaluate_judge(
    benchmark: JudgeBenchmark,
    predictor: QuestionPredictor,
    out: Path,
    *,
    batch_size: int,
    with_no_image: bool = True,
    on_answered: Callable[[int], None] | None = None,
) -> JudgeResult:
    """Evaluate a judge into a run folder, or go on with an interrupted run.

    Args:
        benchmark: Samples with labels.
        predictor: Who answers.
        out: Run folder.
        batch_size: Samples per call.
        with_no_image: Also ask every question about a grey picture of the photo's size: what the
            text alone gives away.
        on_answered: Called with the number of samples just answered, for a progress bar; with the
            grey pictures, twice per sample.

    Raises:
        InputError: `out` holds another evaluation.
    """
    answer_judge_share(
        benchmark,
        predictor,
        out,
        batch_size=batch_size,
        with_no_image=with_no_image,
        on_answered=on_answered,
    )
    return finish_judge(benchmark, out, with_no_image=with_no_image)


def answer_judge_share(
    benchmark: JudgeBenchmark,
    predictor: QuestionPredictor,
    out: Path,
    *,
    batch_size: int,
    with_no_image: bool = True,
    on_answered: Callable[[int], None] | None = None,
    share: Share = ALONE,
) -> None:
    """Ask a judge about a share of the samples; arguments as in `evaluate_judge`.

    Raises:
        InputError: `out` holds another evaluation.
    """
    open_run(out, _facts(benchmark, predictor), is_first=share.rank == 0)
    ask = _Asker(predictor, batch_size, on_answered or (lambda _: None), share)
    ask.about(benchmark.samples, load_image, out / ANSWERS)
    if with_no_image:
        ask.about(benchmark.samples, _grey_like, out / BLIND_ANSWERS)


def finish_judge(
    benchmark: JudgeBenchmark, out: Path, *, with_no_image: bool = True
) -> JudgeResult:
    """Score a run whose samples are all answered, and write its files; no model is needed."""
    files = judge_answer_files(benchmark, out, with_no_image=with_no_image)
    answers = final_answers(out / ANSWERS, files[out / ANSWERS])
    rows = [judge_row(sample, answers[sample.id]) for sample in benchmark.samples]
    bounds = {}
    if with_no_image:
        blind = final_answers(out / BLIND_ANSWERS, files[out / BLIND_ANSWERS])
        kept = {
            key: blind[key] if answer.text is not None else answer
            for key, answer in answers.items()
        }
        blind_rows = [judge_row(sample, kept[sample.id]) for sample in benchmark.samples]
        write_jsonl(out / "no_image.jsonl", blind_rows)
        bounds["no_image"] = summarize_rows(blind_rows)
    else:  # of an earlier end of the same run
        (out / "no_image.jsonl").unlink(missing_ok=True)
    write_jsonl(out / "predictions.jsonl", rows)
    result = JudgeResult(out, summarize_rows(rows), bounds)
    _write_summary(result, read_run_facts(out))
    return result


def judge_answer_files(
    benchmark: JudgeBenchmark, out: Path, *, with_no_image: bool
) -> dict[Path, list[str]]:
    """The files of answers, the photos' first, and the ids that each holds when all is asked."""
    names = (ANSWERS, BLIND_ANSWERS) if with_no_image else (ANSWERS,)
    return {out / name: [sample.id for sample in benchmark.samples] for name in names}


def judge_row(sample: JudgeSample, answer: Answer) -> dict[str, object]:
    """One line of `predictions.jsonl`. Status "error": not asked, so neither right nor wrong."""
    row: dict[str, object] = {
        "id": sample.id,
        "image": str(sample.image_path),
        "question": sample.question,
        "label": sample.label,
        "text": answer.text,
        "status": "ok",
        "reason": None,
        "detail": None,
        "verdict": None,
        "is_right": None,
    }
    if answer.text is None:
        reason = answer.reason or NOT_ASKED
        return row | {"status": "error", "reason": reason, "detail": answer.error}
    reading = read_judgment(answer.text)
    if isinstance(reading, ParseFailure):
        return row | {
            "status": "failed",
            "reason": reading.reason.value,
            "detail": reading.detail,
            "is_right": False,
        }
    return row | {"verdict": reading, "is_right": reading is sample.label}


def summarize_rows(rows: Sequence[Mapping[str, object]]) -> JudgeSummary:
    """Score rows of `predictions.jsonl`; rows with status "error" are counted apart."""
    asked = [row for row in rows if row["status"] != "error"]
    verdicts = [Verdict(row["label"], row["verdict"], row["reason"]) for row in asked]  # type: ignore[arg-type]
    return score_verdicts(verdicts, n_errors=len(rows) - len(asked))


@dataclass(frozen=True)
class _Asker:
    """Asks samples their own questions, about what some function makes of their photos."""

    predictor: QuestionPredictor
    batch_size: int
    tell: Callable[[int], None]
    share: Share

    def about(
        self, samples: Sequence[JudgeSample], look: Callable[[Path], Image], path: Path
    ) -> dict[str, Answer]:
        """Answers by sample id; `path` keeps them."""
        return ask_all(
            samples,
            self._answer,
            path,
            batch_size=self.batch_size,
            tell=self.tell,
            look=look,
            share=self.share,
        )

    def _answer(
        self, images: Sequence[Image], samples: Sequence[JudgeSample]
    ) -> Sequence[str | AnswerError]:
        return self.predictor.answer_questions(images, [sample.question for sample in samples])


def _facts(benchmark: JudgeBenchmark, predictor: QuestionPredictor) -> dict[str, object]:
    # Every record brings its own question, so the model's is not asked.
    described = {key: v for key, v in predictor.describe().items() if key != "instruction"}
    return benchmark.facts() | described


def _grey_like(path: Path) -> Image:
    load_image(path)  # a photo that could not be shown is not asked about blindly either
    return grey_image(image_size(path))


def _write_summary(result: JudgeResult, facts: Mapping[str, object]) -> None:
    write_json(
        result.folder / "summary.json",
        {
            "name": result.folder.name,
            **facts,
            **result.summary.to_json(),
            "bounds": {name: bound.to_json() for name, bound in result.bounds.items()},
        },
    )
