"""`gre curate bench`: photos become a benchmark in the format of GREval-Bench."""

from pathlib import Path
from typing import Annotated

import typer

from gre.commands.console import start_logging
from gre.commands.curate_options import (
    BaseUrl,
    DryRun,
    ImageRoot,
    KeyEnv,
    License,
    MaxCost,
    MaxParallel,
    MaxTokens,
    Price,
    PushToHub,
    TeacherName,
    Temperature,
    World,
)

Corpus = Annotated[
    list[Path] | None, typer.Option(help="CoT files whose chains give the indicators.")
]
Limit = Annotated[int | None, typer.Option(help="So many photos, by chance.", min=1)]
Clip = Annotated[
    str | None,
    typer.Option(help="CLIP folder or hub id: keep informative photos, name scenes."),
]
MinSimilarity = Annotated[
    float, typer.Option(help="With --clip: least cosine with an indicator.", min=-1, max=1)
]
MaxFaceShare = Annotated[
    float | None, typer.Option(help="Drop photos that one face fills more.", min=0, max=1)
]
MinIndicators = Annotated[int, typer.Option(help="Key steps must name so many.", min=0)]


def bench(
    photos: Annotated[Path, typer.Argument(help="Record file of photos with positions, any kind.")],
    out: Annotated[Path, typer.Option(help="Folder to make; an interrupted one is gone on with.")],
    corpus: Corpus = None,
    limit: Limit = None,
    clip: Clip = None,
    min_similarity: MinSimilarity = 0.2,
    max_face_share: MaxFaceShare = None,
    min_indicators: MinIndicators = 1,
    teacher: TeacherName = "sample",
    base_url: BaseUrl = None,
    api_key_env: KeyEnv = "OPENAI_API_KEY",
    max_parallel: MaxParallel = 8,
    max_cost_usd: MaxCost = None,
    input_usd_per_million: Price = None,
    output_usd_per_million: Price = None,
    temperature: Temperature = 0.0,
    max_tokens: MaxTokens = 4096,
    image_root: ImageRoot = None,
    world: World = None,
    license_name: License = "unknown",
    push_to_hub: PushToHub = None,
    dry_run: DryRun = False,
) -> None:
    """Make a benchmark: photos, indicators, scenes, and key steps from a teacher told the truth.

    Example: gre curate bench work/dataset/gre_seed/gre_seed.jsonl \
    --corpus work/dataset/gre_cot/gre_cot.json --out work/bench
    """
    start_logging()
    from gre.commands.curating import TeacherOptions
    from gre.commands.curating_bench import BenchOptions, run_bench

    options = TeacherOptions(
        teacher=teacher,
        base_url=base_url,
        api_key_env=api_key_env,
        max_parallel=max_parallel,
        max_cost_usd=max_cost_usd,
        input_usd_per_million=input_usd_per_million,
        output_usd_per_million=output_usd_per_million,
        temperature=temperature,
        max_tokens=max_tokens,
        cache=out / ".building" / "cache",
        world=world,
    )
    filters = BenchOptions(
        corpus=tuple(corpus or ()),
        limit=limit,
        clip=clip,
        min_similarity=min_similarity,
        max_face_share=max_face_share,
        min_indicators=min_indicators,
        image_root=image_root,
        license=license_name,
        push_to_hub=push_to_hub,
    )
    run_bench(photos, options, filters, out, is_dry_run=dry_run)
