"""`gre curate review`: the human step, on a local page."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gre.commands.console import start_logging
from gre.commands.curate_options import ImageRoot, License, PushToHub

if TYPE_CHECKING:
    from gre.curation.review.export import ExportSettings
    from gre.curation.review.items import ReviewSet

DEFAULT_PORT = 8765


def review(
    records: Annotated[Path, typer.Argument(help="gre_cot.json or greval_bench.json.")],
    reviewer: Annotated[
        str | None, typer.Option(help="Who decides; each has a file of decisions.")
    ] = None,
    port: Annotated[int, typer.Option(help="Of 127.0.0.1; 0 takes a free one.", min=0)] = (
        DEFAULT_PORT
    ),
    reviews: Annotated[
        Path | None, typer.Option(help="Folder of decisions; default: RECORDS.reviews.")
    ] = None,
    image_root: ImageRoot = None,
    agreement: Annotated[
        bool, typer.Option("--agreement", help="Print how far reviewers agree, and stop.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option(help="New folder for the records that reviewers kept; then stop.")
    ] = None,
    min_reviewers: Annotated[
        int, typer.Option(help="For --export: so many must have decided.", min=1)
    ] = 1,
    with_unreviewed: Annotated[
        bool, typer.Option("--with-unreviewed", help="For --export: keep what nobody decided.")
    ] = False,
    license_name: License = "unknown",
    push_to_hub: PushToHub = None,
) -> None:
    """Keep, edit or drop chains of thought on a local page, by keyboard.

    Example: gre curate review work/dataset/gre_cot/gre_cot.json --reviewer ann
    Then: gre curate review work/dataset/gre_cot/gre_cot.json --export work/reviewed
    """
    start_logging()
    from gre.curation.review.decisions import reviews_folder
    from gre.curation.review.export import ExportSettings
    from gre.curation.review.items import read_review_set
    from gre.errors import InputError

    modes = [name for name, given in _modes(reviewer, agreement, export).items() if given]
    if len(modes) != 1:
        raise InputError(
            f"gre curate review: got {' and '.join(modes) or 'neither'}, must be one of --reviewer"
            " NAME, --agreement and --export DIR; name one"
        )
    items = read_review_set(records, image_root=image_root)
    folder = reviews or reviews_folder(records)
    if reviewer:
        _serve(items, folder, reviewer, port)
    elif export:
        settings = ExportSettings(
            min_reviewers=min_reviewers, keeps_unreviewed=with_unreviewed, license=license_name
        )
        _export(items, folder, export, settings, push_to_hub)
    else:
        _print_agreement(items, folder)


def _modes(reviewer: str | None, agreement: bool, export: Path | None) -> dict[str, bool]:
    return {
        "--reviewer": reviewer is not None,
        "--agreement": agreement,
        "--export": export is not None,
    }


def _serve(items: "ReviewSet", folder: Path, reviewer: str, port: int) -> None:
    """Serve the page until Ctrl-C or SIGTERM, and say how far it went."""
    from gre.curation.review.decisions import DecisionLog
    from gre.curation.review.desk import Desk
    from gre.curation.review.server import ReviewServer

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with DecisionLog(folder, reviewer) as log:
        desk = Desk(items, log)
        with ReviewServer(desk, port=port) as server:
            typer.echo(f"{reviewer} reviews {len(items.items):,} items at {server.url}")
            typer.echo(f"decisions go to {log.path}; Ctrl-C ends")
            try:
                server.serve_forever(poll_interval=0.2)
            except KeyboardInterrupt:
                typer.echo(f"{desk.num_done:,} of {len(items.items):,} items are decided")


def _export(
    items: "ReviewSet", folder: Path, out: Path, settings: "ExportSettings", repo: str | None
) -> None:
    from gre.commands.curating import push
    from gre.curation.card import check_hub_token
    from gre.curation.review.decisions import read_reviews
    from gre.curation.review.export import export_reviewed

    if repo:
        check_hub_token(repo)
    typer.echo(export_reviewed(items, read_reviews(folder), out, settings).describe())
    push(out, repo)


def _print_agreement(items: "ReviewSet", folder: Path) -> None:
    from gre.curation.review.agreement import agreements
    from gre.curation.review.decisions import read_reviews
    from gre.curation.review.export import describe_agreement

    reviews = read_reviews(folder)
    lines = describe_agreement(agreements(reviews, items.shown))
    alone = f"{', '.join(reviews)}: nobody else has decided; agreement needs two reviewers"
    typer.echo("\n".join(lines or [alone]))
