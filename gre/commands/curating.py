"""What the commands of `gre curate` do once their options are read."""

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from gre.commands.console import progress_bar
from gre.commands.option_names import named_as_options
from gre.curation.card import KEPT_HERE, check_hub_token
from gre.curation.card import push_to_hub as upload
from gre.curation.cells import chance
from gre.curation.rationales import EMPTY, RationalesSummary, collect
from gre.curation.replies import (
    Rationale,
    check_facts,
    lower_token_limits,
    read_facts,
    read_rationales,
    read_spent_usd,
)
from gre.curation.seeds import SeedSettings, build_seeds
from gre.curation.selection import default_workers
from gre.curation.split import SplitSettings, split
from gre.curation.teachers import (
    DEFAULT_MAX_SIDE,
    ChatTeacher,
    Pace,
    SampleTeacher,
    SampleTeacherShares,
    Teacher,
    find_world,
)
from gre.data.records import SeedRecord, read_seed
from gre.errors import InputError
from gre.hub.secrets import refuse_secrets_in_set
from gre.models.chat_api import ChatClient, ChatEndpoint, ChatUsage, worst_case_usd
from gre.prompts import COT_INSTRUCTION
from gre.train.difficulty import read_rates

EXIT_UNFINISHED = 3
SAMPLE, OPENAI = "sample", "openai:"
_DRAW_SEED = 42
"""Of `--limit`: the same seeds every time."""
_ASKED = ("teacher", "base_url", "temperature", "max_tokens", "max_side")
_SAMPLE_ASKED = ("teacher", "wrong_share", "unreadable_share")
_ENDPOINT_OPTIONS = {
    name: f"--{name.replace('_', '-')}"
    for name in (
        *("base_url", "api_key_env", "timeout_s", "max_parallel"),
        *("max_cost_usd", "input_usd_per_million", "output_usd_per_million"),
    )
}


@dataclass(frozen=True, kw_only=True)
class TeacherOptions:
    """The options that make a teacher, as the help of `gre curate rationales` tells."""

    teacher: str
    base_url: str | None
    api_key_env: str
    max_parallel: int
    per_minute: float | None = None
    max_cost_usd: float | None
    input_usd_per_million: float | None
    output_usd_per_million: float | None
    temperature: float
    max_tokens: int
    max_side: int = DEFAULT_MAX_SIDE
    timeout_s: float = 300.0
    cache: Path
    world: Path | None
    wrong_share: float = 0.0
    unreadable_share: float = 0.0

    def facts(
        self, seeds: Path, out: Path, *, question: str = COT_INSTRUCTION
    ) -> dict[str, object]:
        """Everything that decides what is asked, for the file beside the replies."""
        names = _SAMPLE_ASKED if self.teacher == SAMPLE else _ASKED
        kept = {name: value for name, value in asdict(self).items() if name in names}
        where = os.path.relpath(seeds.resolve(), out.resolve().parent)
        return {**kept, "question": question, "seeds": where}


def run_rationales(
    seeds: Path,
    options: TeacherOptions,
    out: Path,
    *,
    image_root: Path | None,
    limit: int | None,
    is_dry_run: bool,
) -> None:
    """Ask, and leave with exit code 3 where seeds are left without a text.

    Raises:
        InputError: An option or a file cannot be used.
    """
    records = draw(read_seed(seeds, image_root=image_root), limit)
    earlier = read_rationales(out) if out.exists() else []
    teacher = make_teacher(options, seeds, out)
    if is_dry_run:
        typer.echo(forecast(records, earlier, teacher, options))
        return
    facts = options.facts(seeds, out)
    check_facts(out, facts)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C: replies are kept
    with progress_bar() as bar:
        task = bar.add_task("asking", total=len(records))

        def tell(count: int, usage: ChatUsage) -> None:
            cost = "" if usage.usd is None else f" {usage.usd:.3f} $"
            bar.update(task, advance=count, description=f"asking{cost}")

        summary = collect(records, teacher, out, question=COT_INSTRUCTION, facts=facts, tell=tell)
    tell_outcome(summary, options)
    if summary.num_texts < summary.num_seeds:
        raise typer.Exit(EXIT_UNFINISHED)


def tell_outcome(summary: RationalesSummary, options: TeacherOptions) -> None:
    """Say what came of asking, and what to do about seeds without a text."""
    typer.echo(summary.describe())
    if summary.is_over_budget:
        typer.echo(
            f"the next call may pass {options.max_cost_usd} US dollars; raise --max-cost-usd"
        )
    if summary.errors.get(EMPTY):
        typer.echo(
            f"{summary.errors[EMPTY]:,} replies held no text within {options.max_tokens:,} tokens;"
            " raise --max-tokens (the same --out goes on, texts in it are not asked for again)"
        )


def draw(records: Sequence[SeedRecord], limit: int | None) -> list[SeedRecord]:
    """So many records by chance, in their order; the same ones every time."""
    if limit is None or limit >= len(records):
        return list(records)
    chosen = sorted(records, key=lambda record: (chance(_DRAW_SEED, record.id), record.id))[:limit]
    ids = {record.id for record in chosen}
    return [record for record in records if record.id in ids]


def make_teacher(options: TeacherOptions, seeds: Path, log: Path) -> Teacher:
    """The teacher that the options name; what its log cost before counts towards the limit.

    Raises:
        InputError: They name none, or contradict each other, or the log is damaged.
    """
    if options.teacher == SAMPLE:
        shares = SampleTeacherShares(options.wrong_share, options.unreadable_share)
        return SampleTeacher(options.world or find_world(seeds), shares)
    model = options.teacher.removeprefix(OPENAI)
    if model == options.teacher or not model:
        raise InputError(
            f"--teacher: got {options.teacher!r}, must be {SAMPLE} or {OPENAI}MODEL; correct it"
        )
    if options.base_url is None:
        raise InputError(f"--teacher {options.teacher} needs its server: give --base-url")
    with named_as_options(_ENDPOINT_OPTIONS):
        endpoint = ChatEndpoint(
            options.base_url,
            model,
            api_key_env=options.api_key_env,
            timeout_s=options.timeout_s,
            max_parallel=options.max_parallel,
            input_usd_per_million=options.input_usd_per_million,
            output_usd_per_million=options.output_usd_per_million,
        )
        client = ChatClient(endpoint, cache_dir=options.cache, max_cost_usd=options.max_cost_usd)
    client.count_earlier(read_spent_usd(log, endpoint))
    return ChatTeacher(
        client,
        pace=Pace(options.per_minute),
        max_side=options.max_side,
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        earlier_max_tokens=lower_token_limits(log, options.max_tokens),
    )


def forecast(
    records: Sequence[SeedRecord],
    earlier: Sequence[Rationale],
    teacher: Teacher,
    options: TeacherOptions,
    *,
    question: str = COT_INSTRUCTION,
) -> str:
    """What is left to ask, and what it costs at most, in a line."""
    done = {one.id for one in earlier if one.text is not None}
    left = [record for record in records if record.id not in done]
    line = f"{len(left):,} of {len(records):,} seeds are left to ask {teacher.name} about"
    if not left or not isinstance(teacher, ChatTeacher):
        return line
    endpoint = ChatEndpoint(
        str(options.base_url),
        teacher.name,
        input_usd_per_million=options.input_usd_per_million,
        output_usd_per_million=options.output_usd_per_million,
    )
    each_usd = worst_case_usd(endpoint, teacher.request(left[0], question))
    if each_usd is None:
        return f"{line}; what it costs is unknown without prices"
    return (
        f"{line}; at most {each_usd * len(left):,.2f} US dollars, if every reply has"
        f" {options.max_tokens:,} tokens and every photo the size of the first"
    )


def run_seeds(
    settings: SeedSettings, out: Path, *, workers: int | None, push_to_hub: str | None
) -> None:
    """Build seeds, say what came of it, and upload them where a repository is named."""
    if push_to_hub:
        check_hub_token(push_to_hub)
    with progress_bar() as bar:
        task = bar.add_task("photos", total=None)
        summary = build_seeds(
            settings,
            out,
            workers=workers or default_workers(),
            tell=lambda count, total: bar.update(task, advance=count, total=total),
        )
    typer.echo(summary.describe())
    push(out, push_to_hub)


def run_split(
    rationales: Path,
    settings: SplitSettings,
    out: Path,
    *,
    seeds: Path | None,
    image_root: Path | None,
    difficulty: Path | None,
    license_name: str,
    push_to_hub: str | None,
) -> None:
    """Split replies, say what came of it, and upload the sets where a repository is named."""
    if push_to_hub:
        check_hub_token(push_to_hub)
    facts = read_facts(rationales)
    summary = split(
        read_seed(seeds or seed_file_of(rationales, facts), image_root=image_root),
        read_rationales(rationales),
        settings,
        out,
        rates=read_rates(difficulty) if difficulty else None,
        teacher=str(facts.get("teacher", "unknown")),
        license_name=license_name,
    )
    typer.echo(summary.describe())
    push(out, push_to_hub)


def seed_file_of(rationales: Path, facts: Mapping[str, object]) -> Path:
    """The seed records that replies are about.

    Raises:
        InputError: They have moved.
    """
    path = rationales.resolve().parent / str(facts.get("seeds", ""))
    if not path.is_file():
        raise InputError(f"{path}: the seeds of {rationales} are not there; name them with --seeds")
    return path


def push(folder: Path, repo: str | None) -> None:
    """Upload a folder where a repository is named, and say where it lies.

    Raises:
        InputError: A file of it holds what looks like a key; then nothing is sent.
        GreError: The hub refuses or cannot be reached.
    """
    if repo is None:
        return
    refuse_secrets_in_set(folder, kept_here=KEPT_HERE)
    typer.echo(upload(folder, repo))
