"""`gre curate seed`: photos with positions become GRE30K-Seed records, in constant memory.

Three passes: the source's rows and the image stores' members are listed into a ledger on disk; the
rows are decided on in a random order that visits every cell of the Earth first; the record file,
the list of photos left out and the data card are written whole. What is interrupted goes on.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from gre.curation.archives import (
    Member,
    check_text,
    is_text,
    list_members,
    list_stores,
    shown_name,
)
from gre.curation.card import UNKNOWN_LICENSE, write_card
from gre.curation.files import claim_folder, write_json, write_jsonl
from gre.curation.ledger import Ledger
from gre.curation.metadata import LeftOut, is_table, iter_rows
from gre.curation.processes import ordered_map
from gre.curation.record_files import write_records
from gre.curation.seed_files import RECORDS, seed_card, seed_records
from gre.curation.seed_identity import identity_of, other_build
from gre.curation.selection import Selection, killed_while_located, locate
from gre.data.fields import new_text_fault
from gre.errors import InputError
from gre.geo.latlon import LatLon
from gre.prompts import COT_INSTRUCTION

LEFT_OUT = "left_out.jsonl"
SUMMARY = "seed.json"
"""Written last: a folder that holds it is complete."""
BUILDING = ".building"


@dataclass(frozen=True, kw_only=True)
class SeedSettings:
    """Everything that decides which seeds come out.

    Attributes:
        sources: One folder of photos, or metadata tables.
        images: Folders and shards with the photos of tables; empty for the tables' own folder.
        columns: From `parse_columns`.
        cell_deg: Side of a cell, degrees, in (0, 180].
        per_cell: Seeds in a cell, at most, above 0.
        limit: Seeds in all, at most; None for any number.
        max_side: Longest side of a kept picture, pixels; None keeps every size.
        seed: Of the order in which rows are visited.
        instruction: The question of the records.
        license: For the data card.
    """

    sources: tuple[Path, ...]
    images: tuple[Path, ...] = ()
    columns: Mapping[str, str]
    cell_deg: float = 1.0
    per_cell: int = 50
    limit: int | None = None
    max_side: int | None = None
    seed: int = 42
    instruction: str = COT_INSTRUCTION
    license: str = UNKNOWN_LICENSE

    def __post_init__(self) -> None:
        if not 0 < self.cell_deg <= 180:
            raise InputError(f"--cell-deg: got {self.cell_deg}, must be in (0, 180]")
        if not self.instruction.strip():
            raise InputError("--instruction: is empty, must be a question; write the text")
        fault = new_text_fault(self.instruction)
        if fault:
            raise InputError(f"--instruction: {fault}")
        folders = [path for path in self.sources if path.is_dir()]
        if folders and len(self.sources) > 1:
            raise InputError(
                f"{folders[0]}: a folder of photos must be the only source; build it on its own"
            )
        for path in self.sources:
            check_text(path)
            if not path.exists():
                raise InputError(f"{path}: no such file or folder; check the path")
            if not path.is_dir() and not is_table(path):
                raise InputError(
                    f"{path}: must be a folder of photos or a table (.csv, .tsv, .txt, also packed"
                    " as .gz, .bz2 or .xz); correct the path"
                )


@dataclass(frozen=True)
class SeedSummary:
    """What came of a build.

    Attributes:
        directory: Where the seeds lie.
        num_rows: Rows with a position that the source named.
        num_seeds: Seeds kept.
        cell_full: Rows passed over because their cell was full.
        left_out: Photos left out by reason.
        num_countries: Countries among the seeds.
    """

    directory: Path
    num_rows: int
    num_seeds: int
    cell_full: int
    left_out: Mapping[str, int]
    num_countries: int

    def describe(self) -> str:
        """One line for the command line."""
        gone = {**self.left_out, **({"cell full": self.cell_full} if self.cell_full else {})}
        parts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in gone.items())
        return (
            f"{self.directory / RECORDS}: {self.num_seeds:,} seeds in {self.num_countries}"
            f" countries; left out: {parts or 'none'}"
        )


def build_seeds(
    settings: SeedSettings,
    out: Path,
    *,
    workers: int,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> SeedSummary:
    """Build seeds, go on with an interrupted build, or return at once where it is complete.

    Args:
        settings: What to build.
        out: New or empty folder, or that of the same build.
        workers: Processes that decode, at least 1; they change nothing but the time.
        tell: Called with rows just decided and rows in all.

    Raises:
        InputError: The source or the folder cannot be used, or no photo is left.
        GreError: The disk refuses.
    """
    check_text(out.absolute())
    identity = identity_of(settings, out)
    if (out / SUMMARY).is_file():
        return _finished(out, identity)
    if not any(path.is_dir() for path in settings.sources):
        for path in settings.sources:  # wrong columns end here, before anything is made
            next(iter_rows(path, settings.columns), None)
    claim_folder(out, BUILDING)
    (out / BUILDING).mkdir(exist_ok=True)
    ledger = Ledger(out / BUILDING / "ledger.sqlite")
    try:
        if ledger.fact("identity", identity) != identity:
            raise other_build(out, ledger.fact("identity"), identity)
        ledger.note("identity", identity)
        if not ledger.fact("is_listed"):
            _list_source(settings, ledger, workers)
        selection = Selection(
            ledger, out / "imgs", per_cell=settings.per_cell, limit=settings.limit
        )
        total = ledger.num("queue")
        tell(int(str(ledger.fact("place", 0))), total)
        selection.run(
            workers=workers, max_side=settings.max_side, tell=lambda count: tell(count, total)
        )
        summary = _write(settings, out, ledger, selection, identity)
    finally:
        ledger.close()
    shutil.rmtree(out / BUILDING, ignore_errors=True)
    return summary


def _finished(out: Path, identity: Mapping[str, object]) -> SeedSummary:
    try:
        found = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
        summary = SeedSummary(**(found["summary"] | {"directory": out}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{out / SUMMARY}: is damaged ({error}); name another --out") from error
    if found["settings"] != identity:
        raise other_build(out, found["settings"], identity)
    return summary


def _list_source(settings: SeedSettings, ledger: Ledger, workers: int) -> None:
    ledger.forget_source()
    place = {"cell_deg": settings.cell_deg, "seed": settings.seed}
    if settings.sources[0].is_dir():
        members, _ = list_members(settings.sources[0], 0)
        members = _add_members(ledger, members)
        with ordered_map(workers) as over:
            ledger.add_rows(over(locate, members, killed_while_located), **place)  # type: ignore[arg-type]
    else:
        for path in settings.sources:
            ledger.add_rows(iter_rows(path, settings.columns), **place)  # type: ignore[arg-type]
        for store in list_stores(list(settings.images or {p.parent: 0 for p in settings.sources})):
            start: int | None = 0
            while start is not None:
                members, start = list_members(store, start)
                _add_members(ledger, members)
    ledger.make_queue()
    ledger.note("is_listed", True)
    ledger.commit()


def _add_members(ledger: Ledger, members: Iterable[Member]) -> list[Member]:
    """Add photos but for those whose names no record can hold; gives those added."""
    added: list[Member] = []
    for member in members:
        if is_text(member.path):
            added.append(member)
        else:
            shown = shown_name(member.path)
            detail = f"{shown}: its name is not UTF-8; rename it"
            ledger.leave_out(LeftOut(shown, "bad_name", detail))
    ledger.add_members(added)
    return added


def _write(
    settings: SeedSettings,
    out: Path,
    ledger: Ledger,
    selection: Selection,
    identity: Mapping[str, object],
) -> SeedSummary:
    write_jsonl(out / LEFT_OUT, map(asdict, ledger.iter_left_out()))
    if not selection.num_kept:
        first = next(ledger.iter_left_out(), None)
        why = first.detail if first else "the source names no photo"
        ledger.forget_all()  # what was listed may be mended by now: the next run looks anew
        ledger.commit()
        raise InputError(
            f"{out}: no photo is left, see {LEFT_OUT}; the first: {why}; mend it, or name the"
            " photos with --images, and give the command again"
        )
    countries: Counter[str] = Counter()
    write_records(out / RECORDS, seed_records(settings, ledger, countries), "seed")
    summary = SeedSummary(
        directory=out,
        num_rows=ledger.num("row"),
        num_seeds=selection.num_kept,
        cell_full=selection.num_full,
        left_out=ledger.counts(),
        num_countries=len(countries),
    )
    points = (LatLon(seed.lat, seed.lon) for seed in ledger.iter_kept())
    write_card(out, seed_card(settings, summary, countries), points)
    facts = {"summary": asdict(summary) | {"directory": "."}, "settings": dict(identity)}
    write_json(out / SUMMARY, facts)
    return summary
