"""`gre pull`: models, data and benchmark from the hub, into the layout of the scripts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from gre.commands.console import start_logging

if TYPE_CHECKING:
    from gre.hub.catalog import Item
    from gre.hub.pull import Plan

MAX_LISTED = 40
"""Files that --dry-run names one by one; above that it names folders."""


def pull(
    name: Annotated[
        str,
        typer.Argument(
            help="GRE-7B, GRE-7B-CI, GRE-7B-RL-I, Qwen2.5-VL-7B-Instruct, GRE30K, GREval-Bench, or"
            " owner/name of a repository."
        ),
    ],
    to: Annotated[
        Path | None, typer.Option(help="Folder; where the scripts look if unset.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--type", help="model or dataset, for owner/name.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit.")] = None,
    workers: Annotated[int, typer.Option(help="Files at a time.", min=1, max=32)] = 8,
    verify: Annotated[bool, typer.Option("--verify", help="Hash again what is here.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show sizes, then stop.")] = False,
) -> None:
    """Fetch a published model, data set or benchmark; goes on where it stopped, checks every hash.

    Example: gre pull GRE30K --dry-run

    Run it in the clone: models go to models/, GRE30K to dataset/, GREval-Bench to
    benchmark/bench_data/. Without a network it says whether all of it is there.
    """
    start_logging()
    from gre.hub.catalog import find_item
    from gre.hub.connection import UnreachableError, connect
    from gre.hub.pull import make_plan, open_offline

    item = find_item(name, kind=kind, to=to)
    try:
        plan = make_plan(connect(), item, revision=revision, verify=verify)
    except UnreachableError as error:
        typer.echo(f"{error}", err=True)
        typer.echo(open_offline(item))
        return
    typer.echo(plan.sentence())
    if plan.listing.left_out:
        shown = ", ".join(plan.listing.left_out[:3])
        typer.echo(f"left out, pickles and code: {len(plan.listing.left_out)} files ({shown})")
    if dry_run:
        _list_missing(plan)
        return
    _fetch(plan, workers)
    _say_where(item)


def _list_missing(plan: "Plan") -> None:
    from gre.hub.remote import by_folder, size_text

    if len(plan.missing) <= MAX_LISTED:
        for file in plan.missing:
            typer.echo(f"  {size_text(file.size):>9}  {plan.item.local_name(file.path)}")
        return
    for folder, (number, size) in by_folder(plan.missing).items():
        typer.echo(f"  {size_text(size):>9}  {folder or '.'}/ ({number:,} files)")


def _fetch(plan: "Plan", workers: int) -> None:
    from gre.commands.console import stderr
    from gre.hub.connection import connect
    from gre.hub.pull import carry_out

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=stderr) as bar:
        total = plan.num_missing_bytes + plan.num_begun_bytes
        task = bar.add_task(plan.item.name, total=total)
        carry_out(connect(), plan, workers=workers, tell=lambda count: bar.advance(task, count))


def _say_where(item: "Item") -> None:
    typer.echo(f"ready: {item.folder}")
    for local in sorted(set(item.places.values())):
        if (item.folder / local).is_file():
            typer.echo(f"  records: {item.folder / local}")
    archives = [path for end in ("*.zip", "*.tar", "*.tar.gz") for path in item.folder.rglob(end)]
    for path in sorted(archives)[:3]:
        typer.echo(f"  packed: {path}; unpack it so that the photos lie in imgs/ (training.md)")
