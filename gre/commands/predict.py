"""`gre predict`: photos in, guesses out."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from gre.commands.console import progress_bar, quiet_libraries, start_logging, stdout
from gre.errors import InputError

EXIT_FAILED_SAMPLES = 3
QUICKSTART_MODEL = Path("work/stage1")


def predict(
    photos: Annotated[list[str], typer.Argument(help="Photos, folders or patterns.")],
    model: Annotated[
        str | None,
        typer.Option(help="Folder or hub id; default: work/stage1, which the quickstart makes."),
    ] = None,
    samples: Annotated[
        int, typer.Option(help="Answers per photo; more than one also gives a radius.", min=1)
    ] = 1,
    max_new_tokens: Annotated[int, typer.Option(help="Longest answer, tokens.", min=1)] = 1024,
    coarse: Annotated[bool, typer.Option("--coarse", help="Country and region only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    map_page: Annotated[
        Path | None, typer.Option("--map", help="Also write a page with a map, e.g. out.html.")
    ] = None,
) -> None:
    """Locate photos, with the reasoning and, where the truth is known, the distance to it.

    Truth comes from one CSV beside the photos (file or id, lat, lon) or from their EXIF.

    Example: gre predict holiday/*.jpg --model work/stage1 --map holiday.html
    """
    start_logging()
    if coarse and map_page:
        raise InputError("--map shows exact points, --coarse hides them; leave one out")
    from gre.data.photos import list_photos

    found = list_photos(photos)
    name = _model_or_default(model)
    quiet_libraries()
    from gre.models.localizer import Decoding, GeoLocalizer
    from gre.models.located import Located, locate_photos

    localizer = GeoLocalizer(name)
    decoding = Decoding(max_new_tokens=max_new_tokens, temperature=0.7 if samples > 1 else 0.0)
    located: list[Located] = []
    with progress_bar() as bar:
        task = bar.add_task("locating", total=len(found))
        for one in locate_photos(localizer, found, samples=samples, decoding=decoding):
            located.append(one)
            bar.advance(task)
            if as_json:
                typer.echo(json.dumps(one.to_json(coarse=coarse), ensure_ascii=False))
    if not as_json:
        _print_table(located, coarse=coarse)
    if map_page:
        from gre.evaluation.worldmap import write_map_page

        write_map_page([one.to_json() for one in located], map_page)
        typer.echo(f"map: {map_page}", err=True)
    failed = sum(one.status != "ok" for one in located)
    if failed:
        typer.echo(f"{failed} of {len(located)} photos have no guess", err=True)
        raise typer.Exit(EXIT_FAILED_SAMPLES)


def _model_or_default(model: str | None) -> str:
    if model is not None:
        return model
    if not (QUICKSTART_MODEL / "config.json").exists():
        raise InputError(
            "--model is missing and there is no work/stage1; pass a model folder or hub id, or"
            " make one with bash scripts/quickstart.sh"
        )
    return str(QUICKSTART_MODEL)


def _print_table(located: list, *, coarse: bool) -> None:  # type: ignore[type-arg]
    table = Table(show_lines=True)
    for column in ("photo", "guess", "place", "distance to truth", "reasoning"):
        if not coarse or column in ("photo", "place"):
            table.add_column(column, overflow="fold")
    for one in located:
        row = one.to_json(coarse=coarse)
        names = [row["region"], row["country"]] if coarse else [row["city"], row["country"]]
        place = ", ".join(str(name) for name in names if name) or f"({row['reason']})"
        cells = [one.photo.name, place]
        if not coarse:
            guess = f"{row['lat']:.3f}, {row['lon']:.3f}" if one.status == "ok" else "none"
            distance = "unknown" if row["error_km"] is None else f"{row['error_km']:,.0f} km"
            cells = [one.photo.name, guess, place, distance, row["reasoning"] or row["text"] or ""]
        table.add_row(*(escape(str(cell)) for cell in cells))
    stdout.print(table)
