"""`gre evaluate`: any model on any benchmark."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gre.commands import model_options as options
from gre.commands.console import progress_bar, quiet_libraries, start_logging
from gre.commands.options import (
    DistanceOption,
    ProcessesOption,
    RadiiOption,
    TestOption,
    TruthColumnsOption,
    UnreadableOption,
)
from gre.commands.sharing import command_line, count_processes
from gre.commands.tables import print_calibration, print_judge_summaries, print_summaries
from gre.errors import InputError

if TYPE_CHECKING:
    from gre.evaluation.asking.once import Askable
    from gre.evaluation.benchmarks.judge import JudgeBenchmark
    from gre.evaluation.benchmarks.samples import Benchmark
    from gre.evaluation.predictors.base import FixedPredictor, Predictor, QuestionPredictor
    from gre.evaluation.predictors.choice import ModelChoice
    from gre.evaluation.predictors.server import ServerPredictor
    from gre.evaluation.runs.shared_run import Plan
    from gre.metrics import Protocol

EXIT_FAILED_SAMPLES = 3
BOUND_NAMES = {"oracle": "oracle (reads the scene)", "no_image": "same model, no image"}

BenchmarkOption = Annotated[
    str,
    typer.Option(
        help="greval_bench, im2gps3k, gws15k, google_streetview, yfcc4k, osv5m, folder or judge."
    ),
]
NoImageOption = Annotated[bool, typer.Option(help="Also ask the same model about grey pictures.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Check data and model, then stop.")]


def evaluate(
    context: typer.Context,
    benchmark: BenchmarkOption,
    data: Annotated[Path, typer.Option(help="Folder of the benchmark; see eval/eval.md.")],
    model: options.ModelOption,
    out: Annotated[Path, typer.Option(help="Run folder; an interrupted one is gone on with.")],
    limit: Annotated[int | None, typer.Option(help="First so many samples.", min=1)] = None,
    batch_size: options.BatchSizeOption = None,
    max_new_tokens: options.MaxNewTokensOption = 2048,
    max_pixels: options.MaxPixelsOption = None,
    samples: options.SamplesOption = 1,
    temperature: options.TemperatureOption = None,
    top_p: options.TopPOption = 1.0,
    share: options.ShareOption = 0.9,
    seed: options.SeedOption = 0,
    base_url: options.BaseUrlOption = None,
    api_key_env: options.ApiKeyEnvOption = "OPENAI_API_KEY",
    parallel: options.ParallelOption = 8,
    timeout: options.TimeoutOption = 120.0,
    attempts: options.AttemptsOption = 4,
    input_price: options.InputPriceOption = None,
    output_price: options.OutputPriceOption = None,
    max_cost: options.MaxCostOption = None,
    prediction_columns: options.PredictionColumnsOption = None,
    no_image: NoImageOption = True,
    distance: DistanceOption = "haversine",
    test: TestOption = "le",
    unreadable: UnreadableOption = "miss",
    radii: RadiiOption = None,
    columns: TruthColumnsOption = None,
    processes: ProcessesOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Locate a benchmark's photos, or judge reasoning about them, and score the answers.

    Example: gre evaluate --benchmark greval_bench --data work/world/bench/test \
    --model work/stage3 --out runs/stage3

    A server, asked 8 times a photo: gre evaluate --benchmark im2gps3k \
    --data eval/eval_data/im2gps3k --model openai:my-model \
    --base-url http://127.0.0.1:8000/v1 --samples 8 --out runs/server
    """
    start_logging()
    from gre.evaluation.asking.processes import take_own_gpu
    from gre.evaluation.radii import read_further_radii
    from gre.metrics import Protocol

    take_own_gpu()
    protocol = Protocol(distance=distance, test=test, unreadable=unreadable)
    radii_km = read_further_radii(radii)
    choice = options.choose_model(context.params)
    loaded = _load(benchmark, data, limit, protocol, columns)
    asking = _Asking(choice, out, batch_size, no_image and not choice.is_fixed)
    found = asking.check(loaded)
    if dry_run:
        num_faulty = 0 if choice.is_fixed else _tell_unusable(loaded)
        left_out = f", {num_faulty} of them with an unusable photo" if num_faulty else ""
        typer.echo(f"ok: {len(loaded.samples)} samples{left_out}, {found}")
        return
    asking.run(loaded, asking.plan(processes, command_line(context)), protocol, radii_km)


@dataclass
class _Asking:
    """Whom to ask, how, and where the answers go."""

    choice: "ModelChoice"
    out: Path
    batch_size: int | None
    no_image: bool
    server: "ServerPredictor | None" = None

    def check(self, loaded: "Benchmark | JudgeBenchmark") -> str:
        """Check folder and model as far as can be without loading it, and say what was found."""
        from gre.evaluation.asking.processes import is_launched, own_share
        from gre.evaluation.asking.run_folder import check_run
        from gre.evaluation.benchmarks.judge import JudgeBenchmark

        is_judged = isinstance(loaded, JudgeBenchmark)
        if is_judged:
            self.choice.check_for_questions()
        found = self.choice.check(loaded.samples)
        if own_share().rank == 0 and not is_launched():  # else the first may be at work on it
            known = loaded.facts() | self.choice.describe()
            if is_judged:  # every record brings its own question
                known.pop("instruction", None)
            check_run(self.out, known)
        return found

    def plan(self, processes: int | None, arguments: Sequence[str]) -> "Plan":
        """How the run is done: alone, in processes started here, or as one of torchrun's."""
        from gre.evaluation.runs.shared_run import Plan

        asked = 1 if self.choice.is_fixed else processes
        num = count_processes(asked, uses_gpu=self.choice.uses_gpu)
        batch_size = self.batch_size or self.choice.batch_size
        return Plan(self.out, batch_size, self.no_image, num, arguments)

    def run(
        self,
        loaded: "Benchmark | JudgeBenchmark",
        plan: "Plan",
        protocol: "Protocol",
        radii_km: Sequence[float],
    ) -> None:
        """Ask, score, print, and leave with 3 where a sample could not be asked."""
        from gre.evaluation.benchmarks.judge import JudgeBenchmark

        if self.choice.uses_gpu:
            quiet_libraries()
        if isinstance(loaded, JudgeBenchmark):
            num_errors = _judge(loaded, self, plan)
        else:
            num_errors = _locate(loaded, self, plan, protocol=protocol, radii_km=radii_km)
        self._print_usage()
        if num_errors is not None:
            _finish(self.out, num_errors, len(loaded.samples))

    def predictor(self) -> "Predictor | FixedPredictor":
        """Load what answers about photos."""
        if self.choice.is_fixed:
            return self.choice.load_fixed()
        return self.question_predictor()

    def question_predictor(self) -> "QuestionPredictor":
        """Load what answers questions, too."""
        from gre.evaluation.predictors.server import ServerPredictor

        loaded = self.choice.load(self.out)
        self.server = loaded if isinstance(loaded, ServerPredictor) else None
        return loaded

    def _print_usage(self) -> None:
        from gre.models.chat_cost import usd_text

        if self.server is None:
            return
        usage = self.server.client.usage
        cost = "" if usage.usd is None else f", {usd_text(usage.usd)} US dollars"
        typer.echo(
            f"{usage.calls} calls, {usage.cached} replies from the cache, {usage.prompt_tokens}"
            f" prompt and {usage.completion_tokens} generated tokens{cost}",
            err=True,
        )

    @contextmanager
    def progress(self, num_answers: int) -> Iterator[Callable[[int], None]]:
        """A bar that is told how many answers have come."""
        with progress_bar() as bar:
            task = bar.add_task(f"evaluating {Path(self.choice.name).name}", total=num_answers)
            yield lambda count: bar.advance(task, count)


def _tell_unusable(loaded: "Benchmark | JudgeBenchmark") -> int:
    """Open every photo as a run would; name those that it could not ask about, and count them."""
    from gre.data.images import ImageError, load_image

    num_faulty = 0
    samples: Sequence[Askable] = loaded.samples
    with progress_bar() as bar:
        for sample in bar.track(samples, description="looking at photos"):
            fault = sample.fault
            try:
                if not fault:
                    load_image(sample.image_path)
            except ImageError as error:
                fault = str(error)
            if fault:
                num_faulty += 1
                typer.echo(f"{sample.id}: {fault}", err=True)
    return num_faulty


def _load(
    benchmark: str, data: Path, limit: int | None, protocol: "Protocol", columns: str | None
) -> "Benchmark | JudgeBenchmark":
    from gre.evaluation.benchmarks.judge import load_judge
    from gre.evaluation.benchmarks.loading import load_benchmark
    from gre.evaluation.benchmarks.samples import JUDGE
    from gre.evaluation.tables.columns import parse_columns
    from gre.metrics import Protocol

    if benchmark != JUDGE:
        named = parse_columns(columns) if columns else None
        return load_benchmark(benchmark, data, limit=limit, columns=named)
    if protocol != Protocol():
        raise InputError(
            "--distance, --test and --unreadable are about places, which --benchmark judge has "
            "none of; leave them out"
        )
    return load_judge(data, limit=limit)


def _locate(
    benchmark: "Benchmark",
    asking: _Asking,
    plan: "Plan",
    *,
    protocol: "Protocol",
    radii_km: Sequence[float],
) -> int | None:
    """Run, print, and count the samples that could not be asked; None in one of many processes."""
    from gre.evaluation.runs.shared_run import locate_together

    with asking.progress(len(benchmark.samples)) as tell:
        result = locate_together(
            benchmark,
            asking.predictor,
            plan,
            protocol=protocol,
            radii_km=radii_km,
            tell=tell,
        )
    if result is None:
        return None
    seen = {"yes": "  cities seen in training", "no": "  cities absent from training"}
    parts = {seen[value]: part for value, part in result.groups.get("seen", {}).items()}
    bounds = {BOUND_NAMES[name]: bound for name, bound in result.bounds.items()}
    print_summaries({asking.out.name: result.summary, **parts, **bounds})
    for note in result.notes:
        typer.echo(note)
    if result.calibration:
        print_calibration(result.calibration)
    return result.summary.n_errors


def _judge(benchmark: "JudgeBenchmark", asking: _Asking, plan: "Plan") -> int | None:
    """Run, print, and count the samples that could not be asked; None in one of many processes."""
    from gre.evaluation.runs.shared_run import judge_together

    num_answers = len(benchmark.samples) * (2 if asking.no_image else 1)
    with asking.progress(num_answers) as tell:
        result = judge_together(benchmark, asking.question_predictor, plan, tell=tell)
    if result is None:
        return None
    bounds = {BOUND_NAMES[name]: bound for name, bound in result.bounds.items()}
    print_judge_summaries({asking.out.name: result.summary, **bounds})
    return result.summary.n_errors


def _finish(out: Path, num_errors: int, num_samples: int) -> None:
    """Say where the files are; leave with 3 where a sample could not be asked."""
    typer.echo(f"written: {out}/summary.json and {out}/predictions.jsonl")
    if num_errors:
        typer.echo(
            f"{num_errors} of {num_samples} samples could not be asked; see"
            f' status "error" in {out}/predictions.jsonl',
            err=True,
        )
        raise typer.Exit(EXIT_FAILED_SAMPLES)
