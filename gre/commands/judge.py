"""`gre judge`: the reasoning of a finished GREval-Bench run held against its key steps."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gre.commands.console import progress_bar, quiet_libraries, start_logging
from gre.commands.option_names import named_as_options

if TYPE_CHECKING:
    from gre.evaluation.cot.chat_judge import ChatJudge
    from gre.evaluation.cot.embedded import EmbeddedJudge
    from gre.evaluation.cot.items import Task
    from gre.evaluation.cot.measures import Measures
    from gre.evaluation.cot.settings import CotSettings

EXIT_FAILED_SAMPLES = 3
_OPTIONS = {
    "judge": "--judge",
    "base_url": "--base-url",
    "max_cost_usd": "--max-cost",
    "input_usd_per_million": "--input-price",
    "output_usd_per_million": "--output-price",
    "bert_model": "--bert-model",
    "bert_num_layers": "--bert-layers",
}
"""Options by the field that they set; what has no option stands in a settings file."""

ConfigOption = Annotated[
    Path | None, typer.Option(help="Settings; see configs/eval/cot_quality.yaml.")
]
JudgeOption = Annotated[
    str | None, typer.Option(help="embedded (rules, no network) or openai:MODEL.")
]
BaseUrlOption = Annotated[
    str | None, typer.Option(help="Server of an openai judge, e.g. http://127.0.0.1:8000/v1.")
]
MaxCostOption = Annotated[
    float | None, typer.Option(help="Stop before the judge costs more, US dollars.", min=0)
]
CacheOption = Annotated[
    Path | None, typer.Option(help="Folder of kept replies; RUN/cot_cache unless shared by runs.")
]
ClipOption = Annotated[str | None, typer.Option(help="CLIP folder or hub id for RefCLIPScore.")]
BertOption = Annotated[str | None, typer.Option(help="Encoder folder or hub id for BERTScore.")]
InputPriceOption = Annotated[
    float | None, typer.Option(help="US dollars per million prompt tokens.", min=0)
]
OutputPriceOption = Annotated[
    float | None, typer.Option(help="US dollars per million generated tokens.", min=0)
]
BertLayersOption = Annotated[
    int | None, typer.Option(help="Layer of --bert-model; roberta-large: 17.", min=0)
]
LimitOption = Annotated[int | None, typer.Option(help="First so many samples.", min=1)]
NoImageOption = Annotated[bool, typer.Option(help="Also judge the answers to grey pictures.")]
ValidateOption = Annotated[
    bool, typer.Option("--validate", help="Check the judge on gold chains instead.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Check the input, show the cost, then stop.")
]


def judge(
    run: Annotated[Path, typer.Argument(help="Run folder of gre evaluate, GREval-Bench.")],
    data: Annotated[Path, typer.Option(help="Folder of the benchmark that the run was on.")],
    config: ConfigOption = None,
    judge: JudgeOption = None,
    base_url: BaseUrlOption = None,
    max_cost: MaxCostOption = None,
    input_price: InputPriceOption = None,
    output_price: OutputPriceOption = None,
    clip_model: ClipOption = None,
    bert_model: BertOption = None,
    bert_layers: BertLayersOption = None,
    cache: CacheOption = None,
    limit: LimitOption = None,
    no_image: NoImageOption = True,
    validate: ValidateOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Judge the reasoning of a run: key steps, and the three parts of the paper's CoT quality.

    Example: gre judge runs/stage3 --data work/world/bench/test
    """
    start_logging()
    from gre.evaluation.cot.settings import read_settings

    with named_as_options({} if config else _OPTIONS):
        settings = read_settings(
            config,
            judge=judge,
            base_url=base_url,
            input_usd_per_million=input_price,
            output_usd_per_million=output_price,
            clip_model=clip_model,
            bert_model=bert_model,
            bert_num_layers=bert_layers,
        )
    asked = _open_judge(settings, cache or run / "cot_cache", max_cost)
    if validate:
        _validate(run, data, asked, settings, limit=limit, dry_run=dry_run)
    else:
        _judge(run, data, asked, settings, limit=limit, no_image=no_image, dry_run=dry_run)


def _judge(
    run: Path,
    data: Path,
    asked: "EmbeddedJudge | ChatJudge",
    settings: "CotSettings",
    *,
    limit: int | None,
    no_image: bool,
    dry_run: bool,
) -> None:
    """Judge a run, write, print; exit code 3 where a sample could not be judged."""
    from gre.commands.judge_tables import (
        print_groups,
        print_localization,
        print_quality,
        print_usage,
    )
    from gre.evaluation.cot.run import judge_run, load_work, refuse_to_shrink

    work = load_work(run, data, limit=limit, with_no_image=no_image)
    refuse_to_shrink(work)
    tasks = (*work.tasks, *work.blind_tasks)
    _tell_cost(tasks, asked)
    _check_measures(settings)
    if dry_run:
        typer.echo(f"ok: {len(tasks)} answers to judge, nothing asked")
        return
    measures = _load_measures(settings)
    with progress_bar() as bar:
        bar_task = bar.add_task("judging", total=len(tasks))
        result = judge_run(
            work,
            asked,
            settings,
            measures=measures,
            tell=lambda count: bar.advance(bar_task, count),
        )
    print_localization(run)
    print_quality(result, judge_name=str(asked.describe()["name"]))
    print_groups(result)
    print_usage(asked.usage())
    typer.echo(f"written: {run}/cot_summary.json and {run}/cot_quality.jsonl")
    failed = max(summary.num_failed for summary in (result.summary, *result.bounds.values()))
    if failed:
        typer.echo(
            f"{failed} of {result.summary.n} samples could not be judged; see why_not in"
            f" {run}/cot_quality.jsonl and give the command again",
            err=True,
        )
        raise typer.Exit(EXIT_FAILED_SAMPLES)


def _validate(
    run: Path,
    data: Path,
    asked: "EmbeddedJudge | ChatJudge",
    settings: "CotSettings",
    *,
    limit: int | None,
    dry_run: bool,
) -> None:
    """Check the judge on gold chains; an error where it fails."""
    from gre.commands.judge_tables import print_usage, print_validation
    from gre.errors import GreError
    from gre.evaluation.cot.items import read_question, read_references
    from gre.evaluation.cot.validate import chains_to_check, validate_judge

    references = read_references(data)
    question = read_question(run, references)
    tasks = chains_to_check(references, question=question, limit=limit)
    _tell_cost(tasks, asked)
    if dry_run:
        typer.echo(f"ok: {len(tasks)} chains to judge, nothing asked")
        return
    with progress_bar() as bar:
        bar_task = bar.add_task("checking the judge", total=len(tasks))
        result = validate_judge(
            references,
            asked,
            settings,
            run,
            limit=limit,
            question=question,
            tell=lambda count: bar.advance(bar_task, count),
        )
    print_validation(result, judge_name=str(asked.describe()["name"]))
    print_usage(asked.usage())
    typer.echo(f"written: {run}/cot_validation.json and {run}/cot_validation.jsonl")
    if result.faults:
        raise GreError(f"the judge fails the check: {'; '.join(result.faults)}")


def _open_judge(
    settings: "CotSettings", cache: Path, max_cost: float | None
) -> "EmbeddedJudge | ChatJudge":
    from gre.commands.options import check_prices
    from gre.data.outputs import check_new_folder
    from gre.errors import InputError
    from gre.evaluation.cot.chat_judge import ChatJudge
    from gre.evaluation.cot.embedded import EMBEDDED, EmbeddedJudge
    from gre.models.chat_types import ChatEndpoint

    if settings.judge == EMBEDDED:
        if max_cost is not None:
            raise InputError("--max-cost: the embedded judge costs nothing; leave it out")
        return EmbeddedJudge()
    assert settings.base_url is not None
    check_new_folder(cache, "--cache")
    check_prices(settings.input_usd_per_million, settings.output_usd_per_million, max_cost)
    with named_as_options(_OPTIONS):
        endpoint = ChatEndpoint(
            settings.base_url,
            settings.judge.removeprefix("openai:"),
            api_key_env=settings.api_key_env,
            timeout_s=settings.timeout_s,
            max_parallel=settings.max_parallel,
            input_usd_per_million=settings.input_usd_per_million,
            output_usd_per_million=settings.output_usd_per_million,
        )
        return ChatJudge(
            endpoint, cache_dir=cache, max_cost_usd=max_cost, room_fixed=settings.room_fixed
        )


def _tell_cost(tasks: "Sequence[Task]", asked: "EmbeddedJudge | ChatJudge") -> None:
    """Say what the judge will cost; the embedded one costs nothing."""
    from gre.evaluation.cot.chat_judge import ChatJudge
    from gre.evaluation.cot.cost import estimate
    from gre.evaluation.cot.verdicts import Item

    if isinstance(asked, ChatJudge):
        items = [task.work for task in tasks if isinstance(task.work, Item)]
        typer.echo(f"{asked.endpoint.model}: {estimate(items, asked).describe()}", err=True)


def _check_measures(settings: "CotSettings") -> None:
    """Refuse what is no model, before torch is imported."""
    from gre.evaluation.cot.bert import check_bert_model
    from gre.models.clip import check_clip_model
    from gre.models.lookup import check_hub_name

    if settings.clip_model is not None:
        check_clip_model(settings.clip_model)
        check_hub_name(settings.clip_model, what="clip model")
    if settings.bert_model is not None:
        check_bert_model(settings.bert_model)
        check_hub_name(settings.bert_model, what="bert model")


def _load_measures(settings: "CotSettings") -> "Measures":
    from gre.evaluation.cot.measures import Measures

    if settings.clip_model is None and settings.bert_model is None:
        return Measures()
    quiet_libraries()
    from gre.evaluation.cot.bert import BertScorer
    from gre.evaluation.cot.clip import ClipScorer

    clip = None if settings.clip_model is None else ClipScorer(settings.clip_model)
    bert = None
    if settings.bert_model is not None and settings.bert_num_layers is not None:
        bert = BertScorer(settings.bert_model, num_layers=settings.bert_num_layers)
    return Measures(clip, bert)
