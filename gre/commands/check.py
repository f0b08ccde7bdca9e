"""`gre check`: everything that can be known before a launch."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from gre.commands.console import progress_bar, quiet_libraries, start_logging, stdout
from gre.data.outputs import check_new_file, check_new_folder
from gre.errors import InputError
from gre.train.config import Trainer

if TYPE_CHECKING:
    from gre.preflight.check import CheckResult
    from gre.preflight.photos import OnDone

EXIT_ERRORS = 1
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
COLOURS = {"error": "bold red", "warning": "yellow", "note": "cyan", "ok": "green"}


def check(
    ctx: typer.Context,
    config: Annotated[Path, typer.Option(help="YAML of the run, e.g. configs/stage1_sft.yaml.")],
    world_size: Annotated[int, typer.Option(help="Processes that would train.", min=1)] = 1,
    out: Annotated[Path | None, typer.Option(help="Also write the findings as a page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    quarantine: Annotated[
        Path | None,
        typer.Option(help="Write a clean copy of the records here, and left_out.jsonl."),
    ] = None,
    benchmark: Annotated[
        list[str] | None,
        typer.Option(help="NAME=DIR: no training photo may be in it; may be repeated."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that decode photos; all cores if unset.", min=1)
    ] = None,
    trainer: Annotated[
        Trainer | None,
        typer.Option(help="What the config must be for; told by its keys if unset."),
    ] = None,
) -> None:
    """Check config, model, records, images, tokens, rewards, memory, time and disk of a run.

    Further flags override the config by key. Exit code 1 where an error was found.

    Example: gre check --config configs/stage1_sft.yaml --world-size 8 --out check.html
    """
    from gre.train.early import refuse_early, trainer_of

    start_logging()
    _check_places(out, quarantine)
    benchmarks = dict(map(_named_folder, benchmark or []))
    kind = trainer or trainer_of(config, ctx.args)
    refuse_early(config, ctx.args, trainer=kind, world_size=world_size)
    quiet_libraries()
    from gre.preflight.check import Request, run_check, usable_cores
    from gre.preflight.page import write_check_page

    request = Request(
        config=config,
        arguments=ctx.args,
        world_size=world_size,
        benchmarks=benchmarks,
        quarantine=quarantine,
        workers=workers or usable_cores(),
        trainer=kind,
    )
    result = run_check(request, _bar)
    if out is not None:
        write_check_page(result, out)
    if as_json:
        typer.echo(json.dumps(result.to_json(), ensure_ascii=False))
    else:
        _print(result)
        if out is not None:
            typer.echo(f"written: {out}")
    if result.findings.has_errors:
        raise typer.Exit(EXIT_ERRORS)


def _check_places(out: Path | None, quarantine: Path | None) -> None:
    """Refuse what could not be written at the end."""
    if out is not None:
        check_new_file(out, "--out")
    if quarantine is not None:
        check_new_folder(quarantine, "--quarantine")


def _named_folder(text: str) -> tuple[str, Path]:
    name, equals, folder = text.partition("=")
    if not (name and equals and folder):
        raise InputError(f"--benchmark: got {text!r}, must be NAME=DIR, e.g. im2gps3k=eval_data")
    return name, Path(folder)


@contextmanager
def _bar(title: str, total: int) -> "Iterator[OnDone]":
    with progress_bar() as bar:
        task = bar.add_task(f"looking at {escape(title)}", total=total)
        yield lambda count: bar.advance(task, count)


def _print(result: "CheckResult") -> None:
    table = Table(show_lines=False)
    for head in ("", "what", "found"):
        table.add_column(head, overflow="fold")
    for item in result.findings.worst_first():
        lines = [escape(item.text)]
        if item.severity in {"error", "warning"}:
            lines += [f"[dim]{escape(example)}[/dim]" for example in item.examples]
        colour = COLOURS[item.severity]
        table.add_row(f"[{colour}]{item.severity}[/{colour}]", escape(item.area), "\n".join(lines))
    stdout.print(table)
    for more in result.tables:
        small = Table(title=more.title, caption=more.note or None)
        for head in more.heads:
            small.add_column(head, justify="right")
        for row in more.rows:
            small.add_row(*map(escape, row))
        stdout.print(small)
    counts = result.findings.counts()
    listed = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    typer.echo(f"{listed}; {result.seconds:,.1f} s")
