"""`gre score` and `gre parse`: from files of answers to numbers."""

import io
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gre.commands.console import start_logging
from gre.commands.options import DistanceOption, RadiiOption, TestOption, UnreadableOption
from gre.commands.tables import print_summaries
from gre.errors import InputError


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
    radii: RadiiOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Score anybody's predictions under any published protocol.

    Example: gre score predictions.csv --truth im2gps3k.csv --test lt --json
    """
    start_logging()
    from gre.evaluation.radii import read_further_radii
    from gre.evaluation.score import parse_columns, score_file
    from gre.metrics import Protocol

    summary = score_file(
        file,
        truth=truth,
        columns=parse_columns(columns) if columns else None,
        protocol=Protocol(distance=distance, test=test, unreadable=unreadable),
        radii_km=read_further_radii(radii),
    )
    if as_json:
        typer.echo(json.dumps(summary.to_json()))
    else:
        print_summaries({file.name: summary})


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
            if isinstance(sys.stdin, io.TextIOWrapper):  # as strict as with a file
                sys.stdin.reconfigure(encoding="utf-8", errors="strict")
            counts = parse_jsonl(sys.stdin, sys.stdout, strict=strict, name="stdin")
        else:
            with file.open(encoding="utf-8") as source:
                counts = parse_jsonl(source, sys.stdout, strict=strict, name=str(file))
    except FileNotFoundError as error:
        raise InputError(f"{file}: no such file; name a JSONL file of id and text") from error
    except IsADirectoryError as error:
        raise InputError(f"{file}: is a folder; name a JSONL file of id and text") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file or 'stdin'}: cannot be read as UTF-8 text: {error}") from error
    unread = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.reasons.items()))
    typer.echo(
        f"{counts.num_ok} of {counts.num_texts} texts read" + (f"; {unread}" if unread else ""),
        err=True,
    )
