"""`gre curate`: from photos with positions to data sets that the stages train on."""

from pathlib import Path
from typing import Annotated

import typer

from gre.commands import curate_bench, curate_review
from gre.commands.console import start_logging
from gre.commands.curate_options import (
    BaseUrl,
    Cache,
    DryRun,
    ImageRoot,
    KeyEnv,
    License,
    MaxCost,
    MaxParallel,
    MaxSide,
    MaxTokens,
    PerMinute,
    Price,
    PushToHub,
    TeacherName,
    Temperature,
    Timeout,
    Workers,
    World,
)

app = typer.Typer(
    help="Build data sets: seeds, a teacher's chains, CoT and Judge sets, review, benchmarks.",
    no_args_is_help=True,
)
app.command("review")(curate_review.review)
app.command("bench")(curate_bench.bench)


@app.command("seed")
def seed(
    source: Annotated[
        list[Path], typer.Argument(help="A folder of photos with GPS, or metadata tables.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to make; an interrupted one is gone on with.")],
    images: Annotated[
        list[Path] | None,
        typer.Option(help="Folder, .tar or .zip with a table's photos; default: its own folder."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(help="image=..,lat=..,lon=..: names, or numbers from 0 without a header."),
    ] = None,
    cell_deg: Annotated[float, typer.Option(help="Side of a cell of the Earth, degrees.")] = 1.0,
    per_cell: Annotated[int, typer.Option(help="Seeds in a cell, at most.", min=1)] = 50,
    limit: Annotated[int | None, typer.Option(help="Seeds in all, at most.", min=1)] = None,
    max_side: Annotated[
        int | None, typer.Option(help="Longest side of kept pictures, pixels.", min=28)
    ] = None,
    instruction: Annotated[
        str | None, typer.Option(help="Question of the records; default: the paper's.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the random order of rows.", min=0)] = 42,
    workers: Workers = None,
    license_name: License = "unknown",
    push_to_hub: PushToHub = None,
) -> None:
    """Make seed records of photos whose positions are known.

    Example: gre curate seed ~/Pictures/trip --out work/seeds --cell-deg 1 --per-cell 50
    """
    start_logging()
    from gre.commands.curating import run_seeds
    from gre.curation.metadata import parse_columns
    from gre.curation.seeds import SeedSettings
    from gre.prompts import COT_INSTRUCTION

    settings = SeedSettings(
        sources=tuple(source),
        images=tuple(images or ()),
        columns=parse_columns(columns),
        cell_deg=cell_deg,
        per_cell=per_cell,
        limit=limit,
        max_side=max_side,
        seed=seed,
        instruction=instruction or COT_INSTRUCTION,
        license=license_name,
    )
    run_seeds(settings, out, workers=workers, push_to_hub=push_to_hub)


@app.command("rationales")
def rationales(
    seeds: Annotated[Path, typer.Argument(help="Seed records: gre_seed.jsonl or .json.")],
    out: Annotated[Path, typer.Option(help="JSONL of raw replies, appended to.")],
    teacher: TeacherName = "sample",
    base_url: BaseUrl = None,
    api_key_env: KeyEnv = "OPENAI_API_KEY",
    limit: Annotated[int | None, typer.Option(help="So many seeds, by chance.", min=1)] = None,
    max_parallel: MaxParallel = 8,
    per_minute: PerMinute = None,
    max_cost_usd: MaxCost = None,
    input_usd_per_million: Price = None,
    output_usd_per_million: Price = None,
    temperature: Temperature = 1.0,
    max_tokens: MaxTokens = 4096,
    max_side: MaxSide = 1568,
    timeout_s: Timeout = 300,
    image_root: ImageRoot = None,
    cache: Cache = None,
    world: World = None,
    wrong_share: Annotated[float, typer.Option(help="Teacher sample: wrong on purpose.")] = 0.3,
    unreadable_share: Annotated[float, typer.Option(help="Teacher sample: says no place.")] = 0.02,
    dry_run: DryRun = False,
) -> None:
    """Ask a teacher for a chain of thought about every seed. Exit code 3 where some have none yet.

    Example: gre curate rationales work/seeds/gre_seed.jsonl --teacher openai:o3 \
    --base-url https://api.openai.com/v1 --out work/rationales.jsonl --max-cost-usd 50 \
    --input-usd-per-million 2 --output-usd-per-million 8
    """
    start_logging()
    from gre.commands.curating import TeacherOptions, run_rationales

    options = TeacherOptions(
        teacher=teacher,
        base_url=base_url,
        api_key_env=api_key_env,
        max_parallel=max_parallel,
        per_minute=per_minute,
        max_cost_usd=max_cost_usd,
        input_usd_per_million=input_usd_per_million,
        output_usd_per_million=output_usd_per_million,
        temperature=temperature,
        max_tokens=max_tokens,
        max_side=max_side,
        timeout_s=timeout_s,
        cache=cache or out.with_name(out.name + ".cache"),
        world=world,
        wrong_share=wrong_share,
        unreadable_share=unreadable_share,
    )
    run_rationales(seeds, options, out, image_root=image_root, limit=limit, is_dry_run=dry_run)


@app.command("split")
def split(
    rationales: Annotated[Path, typer.Argument(help="Replies of gre curate rationales.")],
    out: Annotated[Path, typer.Option(help="New folder for gre_cot, gre_judge and gre_seed.")],
    theta_km: Annotated[
        float, typer.Option(help="An answer so close to the truth is right, km.")
    ] = 750.0,
    seeds: Annotated[
        Path | None, typer.Option(help="The seed records; default: those that were asked about.")
    ] = None,
    max_true_share: Annotated[
        float, typer.Option(help="Of the right answers, at most this share becomes judge items.")
    ] = 0.5,
    drop_leaks: Annotated[
        bool, typer.Option(help="Leave out chains that were told the place (GPS, EXIF, names).")
    ] = True,
    drop_contradictions: Annotated[
        bool, typer.Option(help="Leave out chains that name another place than they answer.")
    ] = False,
    difficulty: Annotated[
        Path | None, typer.Option(help="Rates of gre rate-seeds, kept in the records.")
    ] = None,
    difficulty_min: Annotated[float, typer.Option(help="Least rate of a seed.")] = 0.0,
    difficulty_max: Annotated[float, typer.Option(help="Greatest rate of a seed.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the draws.", min=0)] = 42,
    image_root: ImageRoot = None,
    license_name: License = "unknown",
    push_to_hub: PushToHub = None,
) -> None:
    """Sort a teacher's replies into CoT, Judge and Seed sets.

    Example: gre curate split work/rationales.jsonl --theta-km 750 --out work/dataset
    """
    start_logging()
    from gre.commands.curating import run_split
    from gre.curation.split import SplitSettings

    settings = SplitSettings(
        theta_km=theta_km,
        max_true_share=max_true_share,
        drops_leaks=drop_leaks,
        drops_contradictions=drop_contradictions,
        difficulty_min=difficulty_min,
        difficulty_max=difficulty_max,
        seed=seed,
    )
    run_split(
        rationales,
        settings,
        out,
        seeds=seeds,
        image_root=image_root,
        difficulty=difficulty,
        license_name=license_name,
        push_to_hub=push_to_hub,
    )


@app.command("leakage")
def leakage(
    train: Annotated[Path, typer.Option(help="Record file: CoT, Judge or Seed.")],
    benchmark: Annotated[
        list[str], typer.Option(help="NAME=DIR as for gre evaluate; may be repeated.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for page, pairs, numbers and clean list.")],
    drop_within_km: Annotated[
        float | None, typer.Option(help="Also drop records so close to a benchmark photo.", min=0)
    ] = None,
    keep_mirrored: Annotated[
        bool, typer.Option("--keep-mirrored", help="Keep mirror images in the clean list.")
    ] = False,
    clip: Annotated[
        str | None, typer.Option(help="CLIP folder or hub id: also find other views of a scene.")
    ] = None,
    clip_similarity: Annotated[
        float, typer.Option(help="With --clip: least cosine of two photos.", min=-1, max=1)
    ] = 0.95,
    image_root: ImageRoot = None,
    workers: Workers = None,
) -> None:
    """Find benchmark photos among training data, and write a list without them.

    Example: gre curate leakage --train work/dataset/gre_cot/gre_cot.json \
    --benchmark im2gps3k=data/im2gps3k --out work/leakage
    """
    start_logging()
    from gre.commands.curating_leakage import run_leakage

    run_leakage(
        train,
        benchmark,
        out,
        clip=clip,
        clip_similarity=clip_similarity,
        keeps_mirrored=keep_mirrored,
        drop_within_km=drop_within_km,
        image_root=image_root,
        workers=workers,
    )
