"""A whole evaluation, whether one process does it or several share it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gre.evaluation.asking.once import merge_answers
from gre.evaluation.asking.processes import is_launched, launch, own_share, wait_for_answers
from gre.evaluation.benchmarks.judge import JudgeBenchmark
from gre.evaluation.benchmarks.loading import Benchmark
from gre.evaluation.predictors.base import FixedPredictor, Predictor, QuestionPredictor
from gre.evaluation.runs.judge_run import (
    JudgeResult,
    answer_judge_share,
    finish_judge,
    judge_answer_files,
)
from gre.evaluation.runs.run import RunResult, answer_files, answer_share, finish_run
from gre.metrics import RADII_KM, Protocol


@dataclass(frozen=True)
class Plan:
    """How a run is done.

    Attributes:
        out: Run folder.
        batch_size: Photos per call.
        with_no_image: Also ask about grey pictures.
        processes: How many this command starts; with 1 it works itself.
        arguments: Of `gre`, for the processes that it starts.
    """

    out: Path
    batch_size: int
    with_no_image: bool = True
    processes: int = 1
    arguments: Sequence[str] = ()

    @property
    def launches(self) -> bool:
        """Whether this process starts others, and asks nobody itself."""
        return self.processes > 1 and own_share().num == 1


def locate_together(
    benchmark: Benchmark,
    make_predictor: Callable[[], Predictor | FixedPredictor],
    plan: Plan,
    *,
    protocol: Protocol,
    radii_km: Sequence[float] = RADII_KM,
    tell: Callable[[int], None],
) -> RunResult | None:
    """Evaluate a predictor alone, in processes started here, or as one of torchrun's.

    Args:
        benchmark: Samples with truth.
        make_predictor: Loads it; not called in a process that only starts others.
        plan: How it is done.
        protocol: How errors are counted.
        radii_km: Radii to report, kilometres.
        tell: Called with the number of samples just answered.

    Returns:
        The result, or None in a process that only answers its share.

    Raises:
        InputError: The folder holds another evaluation.
        GreError: One of the processes failed.
    """
    files = answer_files(benchmark, plan.out, with_no_image=plan.with_no_image)
    ask = partial(answer_share, benchmark)
    if not _answer_together(plan, files, ask, make_predictor, tell=tell):
        return None
    return finish_run(
        benchmark,
        plan.out,
        protocol=protocol,
        radii_km=radii_km,
        with_no_image=plan.with_no_image,
    )


def judge_together(
    benchmark: JudgeBenchmark,
    make_predictor: Callable[[], QuestionPredictor],
    plan: Plan,
    *,
    tell: Callable[[int], None],
) -> JudgeResult | None:
    """Evaluate a judge likewise; arguments and returns as in `locate_together`."""
    files = judge_answer_files(benchmark, plan.out, with_no_image=plan.with_no_image)
    ask = partial(answer_judge_share, benchmark)
    if not _answer_together(plan, files, ask, make_predictor, tell=tell):
        return None
    return finish_judge(benchmark, plan.out, with_no_image=plan.with_no_image)


def _answer_together(
    plan: Plan,
    files: Mapping[Path, Sequence[str]],
    ask: Callable[..., None],
    make_predictor: Callable[[], object],
    *,
    tell: Callable[[int], None],
) -> bool:
    """Have every sample answered; False in a process that only answers its share.

    `ask` is `answer_share` or `answer_judge_share` with its benchmark.
    """
    if plan.launches:
        for path in files:
            merge_answers(path, ask_again=True)
        launch(plan.arguments, plan.processes, next(iter(files)), tell=tell)
        return True
    share = own_share()
    ask(
        make_predictor(),
        plan.out,
        batch_size=plan.batch_size,
        with_no_image=plan.with_no_image,
        on_answered=tell,
        share=share,
    )
    if is_launched() or share.rank > 0:
        return False
    wait_for_answers(files)
    return True
