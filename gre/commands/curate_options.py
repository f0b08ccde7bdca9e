"""Options that several commands of `gre curate` share."""

from pathlib import Path
from typing import Annotated

import typer

License = Annotated[str, typer.Option("--license", help="For the data card, as the hub names it.")]
PushToHub = Annotated[
    str | None, typer.Option(help="OWNER/NAME: upload the result there, private.")
]
ImageRoot = Annotated[Path | None, typer.Option(help="Where images are, too.")]
Price = Annotated[float | None, typer.Option(help="Price of a million tokens, US dollars.")]
Workers = Annotated[
    int | None, typer.Option(help="Processes; default: the cores, at most 8.", min=1)
]

TeacherName = Annotated[
    str, typer.Option("--teacher", help="sample (the sample world's own), or openai:MODEL.")
]
BaseUrl = Annotated[
    str | None, typer.Option(help="Server of openai:MODEL, e.g. http://127.0.0.1:8000/v1.")
]
KeyEnv = Annotated[str, typer.Option(help="Environment variable that holds the key.")]
MaxParallel = Annotated[int, typer.Option(help="Calls in flight at once.", min=1)]
PerMinute = Annotated[float | None, typer.Option(help="Calls begun in a minute.")]
MaxCost = Annotated[
    float | None, typer.Option(help="Stop before this sum, earlier runs included.", min=0)
]
Temperature = Annotated[float, typer.Option(help="Of sampling.", min=0)]
MaxTokens = Annotated[int, typer.Option(help="Longest reply, tokens.", min=1)]
MaxSide = Annotated[int, typer.Option(help="Longest side sent, pixels.", min=28)]
Timeout = Annotated[float, typer.Option(help="Longest wait for a reply, seconds.")]
Cache = Annotated[Path | None, typer.Option(help="Folder of replies; default: beside the result.")]
World = Annotated[Path | None, typer.Option(help="Sample world of teacher sample.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check, and say what is left.")]
