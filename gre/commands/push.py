"""`gre push`: a trained model to the hub."""

from pathlib import Path
from typing import Annotated

import typer

from gre.commands.console import start_logging


def push(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run, or another model folder.")],
    to: Annotated[str, typer.Option(help="owner/name of the repository; made where missing.")],
    results: Annotated[
        list[Path] | None,
        typer.Option(help="Run folder of gre evaluate about this model; may be repeated."),
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public.")] = False,
    revision: Annotated[str | None, typer.Option(help="Branch to commit to.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List files, then stop.")] = False,
) -> None:
    """Publish a model with its card, its results and an inference example.

    Example: gre push outputs/stage3 --to me/GRE --results work/eval/im2gps3k/stage3 --dry-run

    Only weights, processor, configuration and card leave; no photo, log, rollout or optimizer
    state. A new repository is private unless --public. The token comes from HF_TOKEN.
    """
    start_logging()
    from gre.hub.connection import connect, endpoint
    from gre.hub.package import pack
    from gre.hub.push import check_repo_id, send
    from gre.hub.remote import size_text

    api = connect()
    package = pack(run, check_repo_id(to), results or [])
    total = sum(parcel.size for parcel in package.parcels)
    for parcel in package.parcels:
        typer.echo(f"  {size_text(parcel.size):>9}  {parcel.path}")
    if package.left_out:
        typer.echo(f"stays here: {', '.join(package.left_out)}")
    what = f"{len(package.parcels)} files, {size_text(total)}"
    if dry_run:
        typer.echo(f"dry run: would send {what} to {to} on {endpoint()}; nothing was sent")
        return
    address = send(api, package, to, is_public=public, revision=revision)
    typer.echo(f"sent: {what} to {address}")
