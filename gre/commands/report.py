"""`gre report`."""

from pathlib import Path
from typing import Annotated

import typer

from gre.commands.console import start_logging


def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders that gre evaluate wrote.")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
    title: Annotated[str | None, typer.Option(help="Its headline.")] = None,
    tables: Annotated[
        Path | None, typer.Option(help="Folder for every table as CSV and LaTeX.")
    ] = None,
    photos: Annotated[
        int, typer.Option(help="Photos that the page carries, about 15 kB each.", min=0)
    ] = 200,
) -> None:
    """Write one self-contained page from runs: tables, errors, map and gallery, all offline.

    Example: gre report work/eval/base work/eval/ci --out work/report.html --tables work/tables
    """
    start_logging()
    from gre.data.outputs import check_new_file, check_new_folder
    from gre.evaluation.report.page import write_report

    check_new_file(out, "--out")
    if tables is not None:
        check_new_folder(tables, "--tables")

    written = write_report(runs, out, title=title, tables=tables, max_photos=photos)
    typer.echo(f"written: {out}")
    if written:
        typer.echo(f"written: {len(written)} files of tables in {tables}")
