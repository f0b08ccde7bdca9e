"""What `gre curate leakage` does once its options are read."""

from collections.abc import Sequence
from pathlib import Path

import typer

from gre.commands.console import progress_bar, quiet_libraries
from gre.curation.alike import ClipSearch
from gre.curation.files import claim_folder
from gre.curation.leakage import count_photos, find_leakage, parse_benchmarks, read_training
from gre.curation.leakage_files import STORE, write_leakage
from gre.curation.selection import default_workers


def run_leakage(
    train: Path,
    benchmarks: Sequence[str],
    out: Path,
    *,
    clip: str | None,
    clip_similarity: float,
    keeps_mirrored: bool,
    drop_within_km: float | None,
    image_root: Path | None,
    workers: int | None,
) -> None:
    """Compare a training list with benchmarks, write what came of it and say so.

    Raises:
        InputError: An input cannot be used, or `out` holds other work.
    """
    training = read_training(train, image_root=image_root)
    named = parse_benchmarks(benchmarks)
    claim_folder(out, STORE)
    search = None
    if clip is not None:
        quiet_libraries()
        from gre.models.clip import ClipEmbedder

        search = ClipSearch(ClipEmbedder(clip), clip_similarity)
    with progress_bar() as bar:
        num_photos = count_photos(training, named)
        task = bar.add_task("photos", total=2 * num_photos if search else num_photos)
        found = find_leakage(
            training,
            named,
            out / STORE,
            workers=workers or default_workers(),
            clip=search,
            tell=lambda count: bar.advance(task, count),
        )
    report = write_leakage(
        out,
        training,
        named,
        found,
        keeps_mirrored=keeps_mirrored,
        drop_within_km=drop_within_km,
        clip=search,
    )
    typer.echo(report.describe())
