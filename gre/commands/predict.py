"""`gre predict`: photos in, guesses out."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from gre.commands import model_options as options
from gre.commands.console import progress_bar, quiet_libraries, start_logging, stdout
from gre.errors import InputError

if TYPE_CHECKING:
    from gre.models.located import Located

EXIT_FAILED_SAMPLES = 3
QUICKSTART_MODEL = Path("work/stage3")
FORMATS = ("table", "json", "geojson", "kml", "csv")


def predict(
    photos: Annotated[list[str], typer.Argument(help="Photos, folders or patterns.")],
    model: Annotated[
        str | None,
        typer.Option(help="Folder or hub id; default: work/stage3, which the quickstart makes."),
    ] = None,
    samples: Annotated[
        int, typer.Option(help="Answers per photo; more than one also gives a radius.", min=1)
    ] = 1,
    max_new_tokens: Annotated[int, typer.Option(help="Longest answer, tokens.", min=1)] = 1024,
    seed: options.SeedOption = 0,
    coarse: Annotated[
        bool, typer.Option("--coarse", help="Country and region only, in every format.")
    ] = False,
    form: Annotated[
        str | None,
        typer.Option("--format", help="table, json (one object per line), geojson, kml or csv."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write there instead of printing, e.g. trip.geojson.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    map_page: Annotated[
        Path | None, typer.Option("--map", help="Also write a page with a map, e.g. out.html.")
    ] = None,
) -> None:
    """Locate photos, with the reasoning and, where the truth is known, the distance to it.

    Truth comes from one CSV beside the photos (file or id, lat, lon) or from their EXIF.

    Example: gre predict holiday/*.jpg --model work/stage3 --map holiday.html
    """
    start_logging()
    form = _format(form, as_json=as_json, out=out)
    from gre.data.outputs import check_new_file
    from gre.data.photos import list_photos

    for option, written in (("--out", out), ("--map", map_page)):
        if written is not None:
            check_new_file(written, option)

    found = list_photos(photos)
    name = _model_or_default(model)
    located: list[Located] = []
    with progress_bar() as bar:
        task = bar.add_task("locating", total=len(found))
        for one in _locate(name, found, samples=samples, max_new_tokens=max_new_tokens, seed=seed):
            located.append(one)
            bar.advance(task)
            if form == "json" and out is None:
                typer.echo(json.dumps(one.to_json(coarse=coarse)))
    _show(located, form, out, coarse=coarse)
    if map_page:
        _write_map(located, map_page, coarse=coarse)
    _leave(located)


def _format(form: str | None, *, as_json: bool, out: Path | None) -> str:
    """The one format that the flags agree on."""
    if as_json:
        if form not in (None, "json"):
            raise InputError(f"--format {form} and --json differ; leave one out")
        form = "json"
    if form is None and out is not None:
        from gre.locating.files import format_of

        return format_of(out)
    form = form or "table"
    if form not in FORMATS:
        raise InputError(f"--format: got {form!r}, must be one of {', '.join(FORMATS)}")
    if form == "table" and out is not None:
        raise InputError(f"--out {out}: a table is only printed; choose --format csv, say")
    return form


def _model_or_default(model: str | None) -> str:
    if model is not None:
        return model
    if not (QUICKSTART_MODEL / "config.json").exists():
        raise InputError(
            "--model is missing and there is no work/stage3; pass a model folder or hub id, or"
            " make one with bash scripts/quickstart.sh"
        )
    return str(QUICKSTART_MODEL)


def _locate(
    model: str, photos: Sequence[Path], *, samples: int, max_new_tokens: int, seed: int
) -> "Iterator[Located]":
    quiet_libraries()
    import torch

    from gre.models.decoding import SAMPLING_TEMPERATURE
    from gre.models.localizer import Decoding, GeoLocalizer
    from gre.models.located import locate_photos

    temperature = SAMPLING_TEMPERATURE if samples > 1 else 0.0
    decoding = Decoding(max_new_tokens=max_new_tokens, temperature=temperature)
    localizer = GeoLocalizer(model)
    torch.manual_seed(seed)
    return locate_photos(localizer, photos, samples=samples, decoding=decoding)


def _show(located: "Sequence[Located]", form: str, out: Path | None, *, coarse: bool) -> None:
    if form == "table":
        _print_table(located, coarse=coarse)
        return
    if form == "json" and out is None:
        return  # each line was printed as it came
    from gre.evaluation.asking.run_folder import write_output
    from gre.locating.files import WRITERS, printable

    text = printable(WRITERS[form]([one.to_json(coarse=coarse) for one in located]))
    if out is None:
        typer.echo(text, nl=False)
        return
    write_output(out, text)
    typer.echo(f"{len(located)} photos: {out}", err=True)


def _write_map(located: "Sequence[Located]", page: Path, *, coarse: bool) -> None:
    from gre.evaluation.pages.map_page import write_map_page

    rows = [one.to_json(coarse=coarse) for one in located]
    if coarse:
        from gre.locating.coarse import coarse_marks

        rows = coarse_marks(rows)
    write_map_page(rows, page)
    typer.echo(f"map: {page}", err=True)


def _leave(located: "Sequence[Located]") -> None:
    """Say how many photos have no guess and why, and leave with 3 if any."""
    num_unopened = sum(one.status == "error" for one in located)
    num_unread = sum(one.status == "failed" for one in located)
    if num_unopened or num_unread:
        typer.echo(
            f"{num_unopened + num_unread} of {len(located)} photos have no guess:"
            f" {num_unopened} could not be opened, {num_unread} got an answer without a place",
            err=True,
        )
        raise typer.Exit(EXIT_FAILED_SAMPLES)


def _print_table(located: "Sequence[Located]", *, coarse: bool) -> None:
    from gre.models.located import place_words

    table = Table(show_lines=True)
    for column in ("photo", "guess", "place", "distance to truth", "reasoning"):
        if not coarse or column in ("photo", "place"):
            table.add_column(column, overflow="fold")
    for one in located:
        row = one.to_json(coarse=coarse)
        names = ("region", "country") if coarse else ("city", "country")
        place = place_words(row, names) or f"({one.problem})"
        cells = [one.photo.name, place]
        if not coarse:
            guess = f"{row['lat']:.3f}, {row['lon']:.3f}" if one.status == "ok" else "none"
            distance = "unknown" if row["error_km"] is None else f"{row['error_km']:,.0f} km"
            words = str(row["reasoning"] or row["text"] or "")
            cells = [one.photo.name, guess, place, distance, words]
        table.add_row(*(escape(cell) for cell in cells))
    stdout.print(table)
