"""`gre curate split`: a teacher's replies become CoT, Judge and Seed sets.

Answers within theta of the truth teach (CoT); answers beyond it are judge items labelled False, and
as many of those within become judge items labelled True. A photo is in one set only. What is in
neither is a seed for RL stage II. Source: GRE paper, construction of GRE30K; theta, the balance and
that the sets share no photo are ours.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from gre.answers import ParseFailure, read_latlon, read_response
from gre.curation.cells import chance
from gre.curation.files import (
    folder_written_whole,
    refuse_filled_folder,
    write_json,
    write_jsonl,
)
from gre.curation.filters import find_contradiction, find_leak
from gre.curation.metadata import LeftOut
from gre.curation.pictures import left_out_photo, picture_fault
from gre.curation.rationales import UNREADABLE_PHOTO
from gre.curation.replies import Rationale
from gre.curation.split_files import write_sets
from gre.data.fields import new_text_fault
from gre.data.records import SeedRecord
from gre.errors import InputError
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.prompts import JUDGE_INSTRUCTION, format_answer, judge_question

DEFAULT_THETA_KM = 750.0
"""Country level. The paper does not give its value: ours."""
SUMMARY = "split.json"


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """Everything that decides who goes where.

    Attributes:
        theta_km: An answer at most so far from the truth is right, kilometres, above 0.
        max_true_share: Of those within theta, at most this share becomes judge items, in [0, 1].
        drops_leaks: Leave out chains that were told the place.
        drops_contradictions: Leave out chains that name another place than they answer.
        difficulty_min: Seeds whose success rate is known to be lower are left out.
        difficulty_max: The same where it is higher.
        seed: Of the draws.
    """

    theta_km: float = DEFAULT_THETA_KM
    max_true_share: float = 0.5
    drops_leaks: bool = True
    drops_contradictions: bool = False
    difficulty_min: float = 0.0
    difficulty_max: float = 1.0
    seed: int = 42

    def __post_init__(self) -> None:
        if not 0 < self.theta_km < float("inf"):
            raise InputError(f"--theta-km: got {self.theta_km}, must be above 0")
        if not 0 <= self.max_true_share <= 1:
            raise InputError(f"--max-true-share: got {self.max_true_share}, must be in [0, 1]")
        if not 0 <= self.difficulty_min <= self.difficulty_max <= 1:
            raise InputError(
                f"--difficulty-min, -max: got {self.difficulty_min}, {self.difficulty_max}, must be"
                " in [0, 1] and in order"
            )


@dataclass(frozen=True)
class Judged:
    """A reply that can be read.

    Attributes:
        seed: What was asked about.
        reasoning: The chain without tags and answer.
        written: The answer as the teacher wrote it.
        point: The answer as read.
        distance_km: From the truth.
    """

    seed: SeedRecord
    reasoning: str
    written: str
    point: LatLon
    distance_km: float


@dataclass(frozen=True)
class Sets:
    """The three sets and what is in none."""

    cot: Sequence[Judged]
    judge_true: Sequence[Judged]
    judge_false: Sequence[Judged]
    seeds: Sequence[SeedRecord]
    left_out: Sequence[LeftOut]


@dataclass(frozen=True)
class SplitSummary:
    """How many went where; `left_out` by reason."""

    directory: Path
    theta_km: float
    num_cot: int
    num_true: int
    num_false: int
    num_seeds: int
    left_out: Mapping[str, int]

    def describe(self) -> str:
        """One line for the command line."""
        gone = ", ".join(f"{count:,} {reason}" for reason, count in self.left_out.items())
        return (
            f"{self.directory}: theta {self.theta_km:g} km: {self.num_cot:,} CoT,"
            f" {self.num_true + self.num_false:,} Judge ({self.num_true:,} True,"
            f" {self.num_false:,} False), {self.num_seeds:,} Seed; replies left out:"
            f" {gone or 'none'}"
        )


def judge_reply(seed: SeedRecord, said: Rationale, settings: SplitSettings) -> Judged | LeftOut:
    """Read a reply and check it by the filters."""
    text = said.text or ""
    point = read_latlon(text)
    if isinstance(point, ParseFailure):
        return LeftOut(seed.id, "unreadable", f"{point.reason}: {point.detail}")
    response = read_response(text)
    before_answer = text.partition("<answer>")[0] if response.answer is not None else text
    reasoning = (response.think or before_answer).strip()
    if not reasoning:
        return LeftOut(seed.id, "no_reasoning", "the reply gives coordinates alone")
    written = judge_question(JUDGE_INSTRUCTION, reasoning, format_answer(point))
    fault = new_text_fault(text) or new_text_fault(written)
    if fault:
        return LeftOut(seed.id, "control_token", f"the reply {fault}")
    if settings.drops_leaks:
        leak = find_leak(text, source=str(seed.extra.get("source", "")))
        if leak:
            return LeftOut(seed.id, "leak", f"the reply says {leak!r}")
    if settings.drops_contradictions:
        contradiction = find_contradiction(reasoning, point)
        if contradiction:
            return LeftOut(seed.id, "contradiction", f"the reply {contradiction}")
    distance_km = great_circle_km(point, seed.truth)
    return Judged(seed, reasoning, (response.answer or "").strip(), point, distance_km)


def sort_replies(
    seeds: Sequence[SeedRecord],
    rationales: Sequence[Rationale],
    settings: SplitSettings,
    *,
    rates: Mapping[str, float] | None,
) -> Sets:
    """Decide who goes where; the same input gives the same sets.

    Args:
        seeds: All that there are.
        rationales: One per seed at most; those without a text leave their seed a seed.
        settings: How.
        rates: Success rate by seed id from `gre rate-seeds`; None where nobody rated.

    Raises:
        InputError: A reply belongs to no seed.
    """
    known = {seed.id: seed for seed in seeds}
    within: list[Judged] = []
    beyond: list[Judged] = []
    left_out: list[LeftOut] = []
    for said in rationales:
        if said.id not in known:
            raise InputError(f"reply to {said.id!r}: no such seed; name its seed file with --seeds")
        if said.text is None:
            continue
        judged = judge_reply(known[said.id], said, settings)
        if isinstance(judged, LeftOut):
            left_out.append(judged)
        else:
            (within if judged.distance_km <= settings.theta_km else beyond).append(judged)
    for group in (within, beyond):
        group.sort(key=lambda judged: (chance(settings.seed, judged.seed.id), judged.seed.id))
    num_pairs = min(len(beyond), int(settings.max_true_share * len(within)))
    left_out += [
        LeftOut(judged.seed.id, "surplus_false", f"{judged.distance_km:,.0f} km off, no partner")
        for judged in beyond[num_pairs:]
    ]
    used = {judged.seed.id for judged in (*within, *beyond[:num_pairs])}
    free = [seed for seed in seeds if seed.id not in used]
    kept, hard = _by_difficulty(free, settings, rates)
    return Sets(within[num_pairs:], within[:num_pairs], beyond[:num_pairs], kept, left_out + hard)


def _by_difficulty(
    seeds: Sequence[SeedRecord], settings: SplitSettings, rates: Mapping[str, float] | None
) -> tuple[list[SeedRecord], list[LeftOut]]:
    if rates is None:
        return list(seeds), []
    kept: list[SeedRecord] = []
    left_out: list[LeftOut] = []
    for seed in seeds:
        rate = rates.get(seed.id)
        if rate is None:
            left_out.append(LeftOut(seed.id, "no_rate", "gre rate-seeds has not rated it"))
        elif settings.difficulty_min <= rate <= settings.difficulty_max:
            kept.append(seed)
        else:
            left_out.append(LeftOut(seed.id, "difficulty", f"success rate {rate:.3f}"))
    return kept, left_out


def _without_picture(seeds: Sequence[SeedRecord]) -> dict[str, LeftOut]:
    """Seeds whose photo cannot be used, by id: they can be in no set."""
    faults = ((seed, picture_fault(seed.image_path)) for seed in seeds)
    return {
        seed.id: left_out_photo(seed, UNREADABLE_PHOTO, fault)
        for seed, fault in faults
        if fault is not None
    }


def split(
    seeds: Sequence[SeedRecord],
    rationales: Sequence[Rationale],
    settings: SplitSettings,
    out: Path,
    *,
    rates: Mapping[str, float] | None = None,
    teacher: str,
    license_name: str,
) -> SplitSummary:
    """Write the sets into a new folder, which appears whole or not at all.

    Raises:
        InputError: The folder is not empty, or nothing can be read.
        GreError: The disk refuses.
    """
    refuse_filled_folder(out, option="--out")
    broken = _without_picture(seeds)
    sets = sort_replies(
        [seed for seed in seeds if seed.id not in broken],
        [said for said in rationales if said.id not in broken],
        settings,
        rates=rates,
    )
    sets = replace(sets, left_out=[*broken.values(), *sets.left_out])
    if not sets.cot:
        first = next((f": the first is left out, {one.detail}" for one in sets.left_out), "")
        raise InputError(
            f"no reply is within {settings.theta_km:g} km of its truth{first}; ask the teacher"
            " about more seeds, or widen --theta-km"
        )
    summary = SplitSummary(
        directory=out,
        theta_km=settings.theta_km,
        num_cot=len(sets.cot),
        num_true=len(sets.judge_true),
        num_false=len(sets.judge_false),
        num_seeds=len(sets.seeds),
        left_out=dict(sorted(Counter(one.reason for one in sets.left_out).items())),
    )
    with folder_written_whole(out, option="--out") as partial:
        write_sets(
            partial, sets, settings, rates=rates or {}, teacher=teacher, license_name=license_name
        )
        write_jsonl(partial / "left_out.jsonl", map(asdict, sets.left_out))
        facts = {"summary": asdict(summary) | {"directory": "."}, "settings": asdict(settings)}
        write_json(partial / SUMMARY, facts)
    return summary
