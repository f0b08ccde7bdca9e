"""Reviewed records: the decisions applied to the file that was reviewed, in the same format."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from gre.answers import read_response
from gre.curation.bench_files import BenchFacts, BenchItem, write_bench_set
from gre.curation.card import Card, write_card
from gre.curation.files import (
    folder_written_whole,
    refuse_filled_folder,
    write_json,
    write_jsonl,
)
from gre.curation.indicators import by_type, find_indicators
from gre.curation.metadata import LeftOut
from gre.curation.pictures import write_pictures
from gre.curation.record_files import write_records
from gre.curation.review.agreement import Agreement, agreements
from gre.curation.review.items import ReviewSet, reasoning_of
from gre.curation.review.outcome import Outcome, Reviews, decide_items
from gre.errors import InputError
from gre.prompts import format_response

SUMMARY = "review.json"
COT_FILE = "gre_cot.json"
STEP_JOINT = " // "


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """How votes become records.

    Attributes:
        min_reviewers: So many must have decided on a record, at least 1.
        keeps_unreviewed: Keep records that fewer decided on, as they are.
        license: For the card.
    """

    min_reviewers: int = 1
    keeps_unreviewed: bool = False
    license: str = "unknown"


@dataclass(frozen=True)
class ExportSummary:
    """What an export came to; `left_out` by reason."""

    folder: Path
    num_records: int
    num_edited: int
    num_differing: int
    left_out: Mapping[str, int]
    agreement: Mapping[str, Sequence[Agreement]]

    def describe(self) -> str:
        """One line, and one for each agreement."""
        gone = ", ".join(f"{count:,} {reason}" for reason, count in self.left_out.items())
        lines = [
            f"{self.folder}: {self.num_records:,} records, {self.num_edited:,} of them edited"
            f" ({self.num_differing:,} by several in different words); left out: {gone or 'none'}"
        ]
        return "\n".join([*lines, *describe_agreement(self.agreement)])


class Reviewed(NamedTuple):
    """A reviewed set to write: records that are kept, each with what became of it."""

    source_name: str
    kept: Sequence[tuple[Mapping[str, object], Outcome]]
    summary: ExportSummary
    facts: Mapping[str, str]


def describe_agreement(found: Mapping[str, Sequence[Agreement]]) -> list[str]:
    """Agreement as lines for the command line."""
    return [f"{kind}: {one.describe()}" for kind, several in found.items() for one in several]


def export_reviewed(
    items: ReviewSet, reviews: Reviews, out: Path, settings: ExportSettings
) -> ExportSummary:
    """Write the reviewed set into a new folder, which appears whole or not at all.

    Raises:
        InputError: The folder is not empty, or no record is left.
        GreError: The disk refuses.
    """
    refuse_filled_folder(out, option="--export")
    outcomes = decide_items(
        items.items,
        reviews,
        min_reviewers=settings.min_reviewers,
        keeps_unreviewed=settings.keeps_unreviewed,
    )
    pairs = zip(items.source.raw, outcomes, strict=True)
    kept = [(raw, one) for raw, one in pairs if one.reason is None]
    if not kept:
        counts = Counter(one.reason for one in outcomes)
        why = ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
        raise InputError(f"{items.source.path}: no record is left ({why}); review more of them")
    gone = [LeftOut(o.item.id, o.reason, o.detail) for o in outcomes if o.reason is not None]
    summary = ExportSummary(
        folder=out,
        num_records=len(kept),
        num_edited=sum(one.is_edited for _, one in kept),
        num_differing=sum(one.num_edits > 1 for _, one in kept),
        left_out=dict(sorted(Counter(one.reason for one in gone).items())),
        agreement=agreements(reviews, items.shown),
    )
    with folder_written_whole(out, option="--export") as partial:
        write_jsonl(partial / "left_out.jsonl", map(asdict, gone))
        told_of = Reviewed(items.source.path.name, kept, summary, _facts(summary, reviews))
        _WRITERS[items.kind](partial, told_of, settings.license)
        told = {**asdict(summary), "folder": ".", "reviewers": sorted(reviews)}
        write_json(partial / SUMMARY, told)
    return summary


def _facts(summary: ExportSummary, reviews: Reviews) -> dict[str, str]:
    """Lines of the card."""
    facts = {"reviewers": f"{len(reviews):,}", "edited": f"{summary.num_edited:,}"}
    for kind, found in summary.agreement.items():
        widest = found[-1]
        if widest.kappa is not None:
            name = f"{widest.method} kappa on the {kind}"
            facts[name] = f"{widest.kappa:.3f} (n = {widest.num_items:,})"
    return facts


def _write_cot(folder: Path, reviewed: Reviewed, license_name: str) -> None:
    pairs = reviewed.kept
    names = write_pictures((one.item.image_path for _, one in pairs), folder / "imgs")
    records = (_cot_record(raw, one, names[one.item.image_path]) for raw, one in pairs)
    write_records(folder / COT_FILE, records, "cot")
    card = Card(
        title="GRE cot, reviewed",
        lead="Chains of thought that reviewers kept or corrected, in the format of GRE30K-CoT. For"
        " the cold start (stage 1).",
        license=license_name,
        provenance=f"The chains of `{reviewed.source_name}`, reviewed by hand with"
        " `gre curate review`.",
        facts={"records": f"{len(pairs):,}", **reviewed.facts},
        format_note="A record holds `image`, `conversations`, `gt_lat`, `gt_lon` as published,"
        " `num_reviewers` and `is_edited`.",
        bars=dict(Counter("edited" if one.is_edited else "kept as it was" for _, one in pairs)),
        bars_title="What reviewers did",
        data_file=COT_FILE,
        num_records=len(pairs),
        left_out=reviewed.summary.left_out,
        left_out_note="`left_out.jsonl` names every record with its reason and votes.",
    )
    write_card(folder, card, (one.item.truth for _, one in pairs))


def _cot_record(raw: Mapping[str, object], one: Outcome, name: str) -> dict[str, object]:
    """The record with its chain as the reviewers left it; what they kept is not touched."""
    record = dict(raw) | {"image": f"images/{name}"}
    record |= {"num_reviewers": one.num_reviewers, "is_edited": one.is_edited}
    turns = raw.get("conversations")
    if one.is_edited and isinstance(turns, list):
        question, answer = (dict(turn) for turn in turns)
        answer["value"] = _with_steps(str(answer["value"]), one.steps)
        record["conversations"] = [question, answer]
    return record


def _with_steps(text: str, steps: Sequence[str]) -> str:
    """A response with other reasoning and the answer it had."""
    chain = STEP_JOINT.join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    answer = read_response(text).answer
    if answer is None:
        return text.replace(reasoning_of(text), chain, 1)
    return format_response(chain, answer)


def _write_bench(folder: Path, reviewed: Reviewed, license_name: str) -> None:
    kept = [
        BenchItem(_bench_record(raw, one), one.item.image_path, one.item.truth)
        for raw, one in reviewed.kept
    ]
    told = BenchFacts(
        provenance=f"The records of `{reviewed.source_name}`, reviewed by hand with"
        " `gre curate review`: whether the place can be inferred, and the key steps.",
        facts=reviewed.facts,
        left_out=reviewed.summary.left_out,
        license=license_name,
    )
    write_bench_set(folder, kept, told)


def _bench_record(raw: Mapping[str, object], one: Outcome) -> dict[str, object]:
    record = dict(raw) | {"num_reviewers": one.num_reviewers, "is_edited": one.is_edited}
    if one.is_edited:
        record["gt_cot"] = list(one.steps)
        record["indicators"] = by_type(find_indicators(one.steps))
    return record


_WRITERS = {"cot": _write_cot, "bench": _write_bench}
