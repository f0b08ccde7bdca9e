"""`gre evaluate`, `gre score`, `gre parse` and `gre report`."""

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from gre.commands.console import progress_bar, quiet_libraries, start_logging, stdout
from gre.errors import InputError
from gre.metrics import Protocol, Summary

EXIT_FAILED_SAMPLES = 3
BOUND_NAMES = {"oracle": "oracle (reads the scene)", "no_image": "same model, no image"}

DistanceOption = Annotated[str, typer.Option(help="haversine (R = 6371.0 km) or geodesic (WGS84).")]
TestOption = Annotated[str, typer.Option(help="A hit is error le (<=) or lt (<) radius.")]
UnreadableOption = Annotated[
    str, typer.Option(help="Unreadable answers: miss, drop, origin (0, 0), or an error in km.")
]


def evaluate(
    benchmark: Annotated[str, typer.Option(help="greval_bench, im2gps3k or folder.")],
    data: Annotated[Path, typer.Option(help="Folder of the benchmark; see eval/eval.md.")],
    model: Annotated[str, typer.Option(help="Folder or hub id of the model.")],
    out: Annotated[Path, typer.Option(help="Run folder; an interrupted one is gone on with.")],
    limit: Annotated[int | None, typer.Option(help="First so many samples.", min=1)] = None,
    batch_size: Annotated[int, typer.Option(help="Photos per call.", min=1)] = 8,
    max_new_tokens: Annotated[int, typer.Option(help="Longest answer, tokens.", min=1)] = 2048,
    max_pixels: Annotated[
        int | None, typer.Option(help="Pixel budget of an image; the model's own if unset.")
    ] = None,
    no_image: Annotated[
        bool, typer.Option(help="Also ask the same model about grey pictures.")
    ] = True,
    distance: DistanceOption = "haversine",
    test: TestOption = "le",
    unreadable: UnreadableOption = "miss",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check data and model folder, then stop.")
    ] = False,
) -> None:
    """Locate a benchmark's photos and score the answers.

    Example: gre evaluate --benchmark greval_bench --data work/world/bench/test \
    --model work/stage1 --out work/eval/stage1
    """
    start_logging()
    from gre.evaluation.benchmarks import load_benchmark
    from gre.models.qwen_vl import check_model_folder

    protocol = Protocol(distance=distance, test=test, unreadable=unreadable)
    loaded = load_benchmark(benchmark, data, limit=limit)
    check_model_folder(model)
    if dry_run:
        typer.echo(f"ok: {len(loaded.samples)} samples, model {model}")
        return
    quiet_libraries()
    from gre.evaluation.predictors import TransformersPredictor
    from gre.evaluation.run import evaluate as run_evaluation
    from gre.models.localizer import Decoding

    predictor = TransformersPredictor(
        model, decoding=Decoding(max_new_tokens=max_new_tokens), max_pixels=max_pixels
    )
    with progress_bar() as bar:
        task = bar.add_task(f"evaluating {Path(model).name}", total=len(loaded.samples))
        result = run_evaluation(
            loaded,
            predictor,
            out,
            batch_size=batch_size,
            protocol=protocol,
            with_no_image=no_image,
            on_answered=lambda count: bar.advance(task, count),
        )
    seen = {"yes": "  cities seen in training", "no": "  cities absent from training"}
    parts = {seen[value]: part for value, part in result.groups.get("seen", {}).items()}
    bounds = {BOUND_NAMES[name]: bound for name, bound in result.bounds.items()}
    print_summaries({out.name: result.summary, **parts, **bounds})
    typer.echo(f"written: {out}/summary.json and {out}/predictions.jsonl")
    if result.summary.n_errors:
        typer.echo(
            f"{result.summary.n_errors} of {len(loaded.samples)} samples could not be asked; see"
            f' status "error" in {out}/predictions.jsonl',
            err=True,
        )
        raise typer.Exit(EXIT_FAILED_SAMPLES)


def score(
    file: Annotated[Path, typer.Argument(help="Predictions: CSV, JSON, JSONL or a run folder.")],
    truth: Annotated[Path | None, typer.Option(help="True points, joined by id.")] = None,
    columns: Annotated[
        str | None,
        typer.Option(help="id=..,gt_lat=..,gt_lon=..,pred_lat=..,pred_lon=.. for other names."),
    ] = None,
    distance: DistanceOption = "haversine",
    test: TestOption = "le",
    unreadable: UnreadableOption = "miss",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Score anybody's predictions under any published protocol.

    Example: gre score predictions.csv --truth im2gps3k.csv --test lt --json
    """
    start_logging()
    from gre.evaluation.score import parse_columns, score_file

    summary = score_file(
        file,
        truth=truth,
        columns=parse_columns(columns) if columns else None,
        protocol=Protocol(distance=distance, test=test, unreadable=unreadable),
    )
    if as_json:
        typer.echo(json.dumps(summary.to_json()))
    else:
        print_summaries({file.name: summary})


def print_summaries(summaries: Mapping[str, Summary]) -> None:
    """Print results as a table, one row each, with the Wilson interval under each accuracy."""
    first = next(iter(summaries.values()))
    table = Table(caption=first.protocol.describe())
    table.add_column("run")
    for key in first.accuracy:
        table.add_column(f"{key} km", justify="right")
    for name in ("median km", "mean km", "score", "readable", "n"):
        table.add_column(name, justify="right")
    for name, summary in summaries.items():
        rates = [
            f"{rate:.2f}\n[dim]{summary.ci95[key].low:.1f}-{summary.ci95[key].high:.1f}[/dim]"
            for key, rate in summary.accuracy.items()
        ]
        table.add_row(
            escape(name),
            *rates,
            *(_whole(value) for value in (summary.median_km, summary.mean_km, summary.geoscore)),
            f"{summary.n_readable / summary.n:.1%}" if summary.n else "-",
            f"{summary.n}" + (f"\n+{summary.n_errors} errors" if summary.n_errors else ""),
        )
    stdout.print(table)


def _whole(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.0f}"


def parse(
    file: Annotated[
        Path | None, typer.Argument(help='JSONL {"id","text"}; stdin when none is named.')
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Read <answer> tags only.")] = False,
) -> None:
    r"""Read coordinates from model texts: JSONL in, JSONL out.

    Example: echo '{"id": "1", "text": "<answer> 40.7, -74.0 </answer>"}' | gre parse
    """
    start_logging()
    from gre.evaluation.parsing import parse_jsonl

    try:
        if file is None:
            counts = parse_jsonl(sys.stdin, sys.stdout, strict=strict, name="stdin")
        else:
            with file.open(encoding="utf-8") as source:
                counts = parse_jsonl(source, sys.stdout, strict=strict, name=str(file))
    except FileNotFoundError as error:
        raise InputError(f"{file}: no such file; name a JSONL file of id and text") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file or 'stdin'}: cannot be read as UTF-8 text: {error}") from error
    unread = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.reasons.items()))
    typer.echo(
        f"{counts.num_ok} of {counts.num_texts} texts read" + (f"; {unread}" if unread else ""),
        err=True,
    )


def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders that gre evaluate wrote.")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
    title: Annotated[str | None, typer.Option(help="Its headline.")] = None,
) -> None:
    """Write one self-contained page from runs: table, errors, map and gallery, all offline.

    Example: gre report work/eval/base work/eval/stage1 --out work/report.html
    """
    start_logging()
    from gre.evaluation.report import write_report

    write_report(runs, out, title=title)
    typer.echo(f"written: {out}")
