"""`gre rate-seeds`: how hard each seed is for a model, for difficulty filtering in stage 3."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gre.commands.console import progress_bar, quiet_libraries, start_logging

if TYPE_CHECKING:
    from gre.data.records import SeedRecord


def rate_seeds(
    data: Annotated[Path, typer.Option(help="Seed records, e.g. gre_seed.json.")],
    model: Annotated[str, typer.Option(help="Folder or hub id of the model that will train.")],
    out: Annotated[Path, typer.Option(help="JSONL of rates; an interrupted one is gone on with.")],
    samples: Annotated[int, typer.Option(help="Answers per photo.", min=1)] = 8,
    radius_km: Annotated[float, typer.Option(help="Within it an answer is a hit, km.")] = 750.0,
    temperature: Annotated[float, typer.Option(help="Of sampling; the run's own.")] = 1.0,
    batch_size: Annotated[int, typer.Option(help="Photos per call.", min=1)] = 4,
    max_new_tokens: Annotated[int, typer.Option(help="Longest answer, tokens.", min=1)] = 2048,
    limit: Annotated[int | None, typer.Option(help="First so many records.", min=1)] = None,
) -> None:
    """Rate seed records by the share of a model's answers that hit.

    Example: gre rate-seeds --data work/world/dataset/gre_seed/gre_seed.jsonl --model work/stage1 \
    --out work/difficulty.jsonl --max-new-tokens 96
    """
    start_logging()
    from gre.data.outputs import check_new_file
    from gre.data.records import read_seed
    from gre.models.lookup import check_model

    check_new_file(out, "--out")
    records = read_seed(data)[:limit]
    check_model(model)
    quiet_libraries()
    from gre.data.images import load_image
    from gre.models.localizer import Decoding, GeoLocalizer, generate_answers
    from gre.train.difficulty import rate_seeds as rate

    localizer = GeoLocalizer(model)
    decoding = Decoding(max_new_tokens=max_new_tokens, temperature=temperature)

    def answer(batch: "Sequence[SeedRecord]") -> list[list[str]]:
        images = [load_image(record.image_path) for record in batch for _ in range(samples)]
        questions = [record.instruction for record in batch for _ in range(samples)]
        texts = generate_answers(
            localizer.model, localizer.processor, images, questions=questions, decoding=decoding
        )
        return [texts[i : i + samples] for i in range(0, len(texts), samples)]

    with progress_bar() as bar:
        task = bar.add_task("rating", total=len(records))
        rate(
            records,
            answer,
            out,
            radius_km=radius_km,
            batch_size=batch_size,
            on_rated=lambda count: bar.advance(task, count),
        )
    typer.echo(f"written: {out}")
