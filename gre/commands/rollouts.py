"""`gre rollouts`: a page of what a model wrote while it was trained by rewards."""

from pathlib import Path
from typing import Annotated

import typer

from gre.commands.console import start_logging


def rollouts(
    run: Annotated[Path, typer.Argument(help="Output folder of gre train grpo.")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("rollouts.html"),
    max_groups: Annotated[
        int, typer.Option(help="Most groups it shows, evenly over the steps.", min=1)
    ] = 120,
) -> None:
    """Write one self-contained page of RL rollouts: curves, reasons, completions and maps, offline.

    Example: gre rollouts work/stage3 --out work/rollouts.html
    """
    start_logging()
    from gre.data.outputs import check_new_file
    from gre.evaluation.rollouts.page import write_rollouts_page

    check_new_file(out, "--out")

    write_rollouts_page(run, out, max_groups=max_groups)
    typer.echo(f"written: {out}")
