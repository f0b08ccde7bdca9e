"""`gre sample-world` and `gre tiny-model`: what the whole pipeline runs on without a download."""

from pathlib import Path
from typing import Annotated

import typer

from gre.commands.console import quiet_libraries, start_logging
from gre.errors import InputError


def sample_world(
    directory: Annotated[Path, typer.Argument(help="Folder to make.")],
    size: Annotated[
        str, typer.Option(help="fast (1,744 pictures), quick (8,524) or full (19,512).")
    ] = "quick",
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.", min=0)] = 42,
    workers: Annotated[
        int | None, typer.Option(help="Processes that draw; default: the cores, at most 4.", min=1)
    ] = None,
) -> None:
    """Draw the sample world: pictures and records in the published formats.

    Example: gre sample-world work/world --size quick
    """
    start_logging()
    from gre.sample.write import FAST, FULL, QUICK, write_sample_world

    sizes = {"fast": FAST, "quick": QUICK, "full": FULL}
    if size not in sizes:
        raise InputError(f"--size: got {size!r}, must be one of {', '.join(sizes)}")
    summary = write_sample_world(directory, seed=seed, sizes=sizes[size], workers=workers)
    typer.echo(summary.describe())


def tiny_model(
    directory: Annotated[Path, typer.Argument(help="Folder to make.")],
    shape: Annotated[
        str, typer.Option(help="tiny, or 3b, 7b, 32b, 72b for real widths with few layers.")
    ] = "tiny",
    layers: Annotated[
        int, typer.Option(help="Text layers and vision blocks of a published shape.", min=1)
    ] = 2,
    seed: Annotated[int, typer.Option(help="Seed of the random weights.", min=0)] = 42,
) -> None:
    """Make a Qwen2.5-VL with random weights: real architecture, tokens and chat template.

    Example: gre tiny-model work/tiny
    """
    start_logging()
    quiet_libraries()
    from gre.sample.texts import tokenizer_texts
    from gre.sample.tiny_model import write_tiny_model

    write_tiny_model(directory, texts=tokenizer_texts(), seed=seed, shape=shape, num_layers=layers)
    typer.echo(f"{directory}: a Qwen2.5-VL of shape {shape} with random weights")
