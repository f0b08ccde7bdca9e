"""What `gre curate bench` does once its options are read."""

import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from gre.commands.console import progress_bar, quiet_libraries
from gre.commands.curating import (
    EXIT_UNFINISHED,
    TeacherOptions,
    forecast,
    make_teacher,
    push,
    tell_outcome,
)
from gre.curation.bench import (
    BUILDING,
    REPLIES,
    ask_key_steps,
    build_bench,
    open_candidates,
    read_candidates,
    read_corpus,
)
from gre.curation.card import check_hub_token
from gre.curation.files import claim_folder
from gre.curation.indicators import Indicator
from gre.curation.key_steps import KEY_STEPS_INSTRUCTION
from gre.curation.replies import read_rationales
from gre.curation.screening import Screened, informative, without_faces
from gre.data.records import SeedRecord
from gre.errors import InputError
from gre.models.chat_api import ChatUsage


@dataclass(frozen=True, kw_only=True)
class BenchOptions:
    """The options of `gre curate bench` that choose photos, as its help tells."""

    corpus: Sequence[Path]
    limit: int | None
    clip: str | None
    min_similarity: float
    max_face_share: float | None
    min_indicators: int
    image_root: Path | None
    license: str
    push_to_hub: str | None


def run_bench(
    photos: Path, options: TeacherOptions, filters: BenchOptions, out: Path, *, is_dry_run: bool
) -> None:
    """Screen, ask and write; leave with exit code 3 where photos are left without key steps.

    Raises:
        InputError: An option or a file cannot be used.
    """
    if filters.push_to_hub:
        check_hub_token(filters.push_to_hub)
    if filters.clip is not None and not filters.corpus:
        raise InputError("--clip: needs indicators to look for; name a CoT file with --corpus")
    candidates = read_candidates(photos, image_root=filters.image_root, limit=filters.limit)
    words = read_corpus(filters.corpus, image_root=filters.image_root)
    log = out / BUILDING / REPLIES
    earlier = read_rationales(log) if log.exists() else []
    teacher = make_teacher(options, photos, log)
    if is_dry_run:
        line = forecast(candidates, earlier, teacher, options, question=KEY_STEPS_INSTRUCTION)
        typer.echo(f"{line}; photos that the filters leave out are not asked about")
        return
    claim_folder(out, BUILDING)
    screened = _screen(candidates, filters, words)
    facts = options.facts(photos, log, question=KEY_STEPS_INSTRUCTION)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C: replies are kept
    with progress_bar() as bar:
        task = bar.add_task("asking", total=len(screened.kept))

        def tell(count: int, usage: ChatUsage) -> None:
            cost = "" if usage.usd is None else f" {usage.usd:.3f} $"
            bar.update(task, advance=count, description=f"asking{cost}")

        asked = ask_key_steps(screened.kept, teacher, out, facts=facts, tell=tell)
    still_open = open_candidates(out, screened.kept)
    if still_open:
        tell_outcome(asked, options)
        raise typer.Exit(EXIT_UNFINISHED)
    summary = build_bench(
        out,
        screened,
        words=words,
        min_indicators=filters.min_indicators,
        teacher=teacher.name,
        license_name=filters.license,
        settings=_told(filters),
    )
    typer.echo(summary.describe())
    push(out, filters.push_to_hub)


_UNTOLD = ("image_root", "push_to_hub")
"""Options that say something of this machine alone."""


def _told(filters: BenchOptions) -> dict[str, object]:
    """The options for the summary file, which is published: without folders of this machine."""
    told = {name: value for name, value in asdict(filters).items() if name not in _UNTOLD}
    if filters.clip is not None and Path(filters.clip).is_dir():
        told["clip"] = Path(filters.clip).resolve().name
    return told | {"corpus": [path.name for path in filters.corpus]}


def _screen(
    candidates: Sequence[SeedRecord], filters: BenchOptions, words: Counter[Indicator]
) -> Screened:
    """The filters that were asked for; both look before they start whether they can."""
    finder = embedder = None
    if filters.max_face_share is not None:
        from gre.curation.faces import FaceFinder

        finder = FaceFinder()
    if filters.clip is not None:
        quiet_libraries()
        from gre.models.clip import ClipEmbedder

        embedder = ClipEmbedder(filters.clip)
    faces = Screened(candidates)
    with progress_bar() as bar:
        if finder is not None and filters.max_face_share is not None:
            task = bar.add_task("faces", total=len(candidates))
            faces = without_faces(
                candidates,
                finder,
                max_share=filters.max_face_share,
                tell=lambda count: bar.advance(task, count),
            )
        if embedder is None:
            return faces
        task = bar.add_task("CLIP", total=len(faces.kept))
        seen = informative(
            faces.kept,
            embedder,
            words,
            min_similarity=filters.min_similarity,
            tell=lambda count: bar.advance(task, count),
        )
    return Screened(seen.kept, [*faces.left_out, *seen.left_out], seen.seen)
