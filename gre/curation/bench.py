"""`gre curate bench`: photos become a benchmark in the format of GREval-Bench.

Indicators of a corpus of chains tell which photos are informative (CLIP, optional), photos that a
face fills go, a teacher that knows the truth writes key steps, and those give the indicators and,
where no CLIP model decides, the scene class. Source: GRE paper, curation of GREval-Bench; what
differs is said in docs/curation.md.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gre.curation.bench_files import BenchFacts, BenchItem, write_bench_set
from gre.curation.cells import chance
from gre.curation.files import claim_folder, write_json, write_jsonl
from gre.curation.indicators import Indicator, by_type, corpus, find_indicators
from gre.curation.key_steps import (
    KEY_STEPS_INSTRUCTION,
    TruthTeacher,
    Unusable,
    read_key_steps,
)
from gre.curation.leakage import read_training
from gre.curation.metadata import LeftOut
from gre.curation.pictures import left_out_photo
from gre.curation.rationales import UNREADABLE_PHOTO, RationalesSummary, collect
from gre.curation.replies import Rationale, read_rationales
from gre.curation.scenes import known_scene, scene_of
from gre.curation.screening import Screened
from gre.curation.teachers import Teacher
from gre.data.records import CotRecord, Record, SeedRecord, read_cot
from gre.errors import InputError
from gre.evaluation.cot.chains import chain_steps
from gre.models.chat_api import ChatUsage

BUILDING = ".building"
REPLIES = "key_steps.jsonl"
SUMMARY = "bench.json"
_KEPT_FIELDS = ("city", "region", "country", "country_code", "continent", "source")


@dataclass(frozen=True)
class BenchSummary:
    """What a build came to; `left_out` by reason."""

    folder: Path
    num_items: int
    num_indicators: int
    left_out: Mapping[str, int]

    def describe(self) -> str:
        """One line for the command line."""
        gone = ", ".join(f"{count:,} {reason}" for reason, count in self.left_out.items())
        return (
            f"{self.folder}: {self.num_items:,} items, {self.num_indicators:,} different"
            f" indicators; left out: {gone or 'none'}"
        )


def read_candidates(path: Path, *, image_root: Path | None, limit: int | None) -> list[SeedRecord]:
    """Photos with positions from any record file; `limit` of them by chance, always the same.

    Raises:
        InputError: The file or a record is wrong.
    """
    records = [_candidate(one) for one in read_training(path, image_root=image_root).records]
    if limit is not None and limit < len(records):
        records = sorted(records, key=lambda one: (chance(0, one.id), one.id))[:limit]
    return sorted(records, key=lambda one: one.place.index)


def _candidate(record: Record) -> SeedRecord:
    return SeedRecord(
        id=record.id,
        image=record.image,
        image_path=record.image_path,
        truth=record.truth,
        place=record.place,
        extra=record.extra,
        instruction="",
    )


def read_corpus(paths: Sequence[Path], *, image_root: Path | None) -> Counter[Indicator]:
    """How many chains of some CoT files name each indicator.

    Raises:
        InputError: A file is wrong, or no chain names any.
    """
    chains: list[CotRecord] = []
    for path in paths:
        chains += read_cot(path, image_root=image_root)
    found = corpus(chain_steps(record.answer) for record in chains)
    if paths and not found:
        raise InputError(
            f"{', '.join(map(str, paths))}: no chain names an indicator, one must; name another"
            " --corpus"
        )
    return found


def ask_key_steps(
    candidates: Sequence[SeedRecord],
    teacher: Teacher,
    out: Path,
    *,
    facts: Mapping[str, object],
    tell: Callable[[int, ChatUsage], None],
) -> RationalesSummary:
    """Ask for key steps; replies lie in the folder of the build, each asked for once.

    Raises:
        InputError: The folder holds something else, or replies of another teacher.
    """
    claim_folder(out, BUILDING)
    return collect(
        candidates,
        TruthTeacher(teacher),
        out / BUILDING / REPLIES,
        question=KEY_STEPS_INSTRUCTION,
        facts=facts,
        tell=tell,
    )


def open_candidates(out: Path, candidates: Iterable[SeedRecord]) -> list[SeedRecord]:
    """Those without key steps whose photo could be read: they are to be asked about again."""
    said = {one.id: one for one in read_rationales(out / BUILDING / REPLIES)}
    return [
        seed
        for seed in candidates
        if (one := said.get(seed.id)) is None
        or (one.text is None and one.reason != UNREADABLE_PHOTO)
    ]


def build_bench(
    out: Path,
    screened: Screened,
    *,
    words: Counter[Indicator],
    min_indicators: int,
    teacher: str,
    license_name: str,
    settings: Mapping[str, object],
) -> BenchSummary:
    """Write the benchmark from the replies that lie in its folder.

    Args:
        out: The folder.
        screened: Photos that passed, and those that did not.
        words: The corpus; may be empty.
        min_indicators: A photo whose key steps name fewer is left out.
        teacher: For the card.
        license_name: For the card.
        settings: For the summary file.

    Raises:
        InputError: No photo is left.
        GreError: The disk refuses.
    """
    said = {one.id: one for one in read_rationales(out / BUILDING / REPLIES)}
    items: list[BenchItem] = []
    left_out = list(screened.left_out)
    for seed in screened.kept:
        made = _item(seed, said[seed.id], screened, min_indicators)
        if isinstance(made, LeftOut):
            left_out.append(made)
        else:
            items.append(made)
    if not items:
        raise InputError(
            f"{out}: no photo is left ({left_out[0].reason}: {left_out[0].detail}); name more"
            " photos, or ease the filters"
        )
    reasons = dict(sorted(Counter(one.reason for one in left_out).items()))
    write_jsonl(out / "left_out.jsonl", map(asdict, left_out))
    _write_corpus(out / "corpus.jsonl", words)
    found = corpus(tuple(map(str, _steps_of(item))) for item in items)
    summary = BenchSummary(out, len(items), len(found), reasons)
    provenance = (
        f"Photos and positions: those of the record file given. Key steps: `{teacher}`, told where"
        " each photo was taken. Nobody has reviewed them unless it says so below:"
        " `gre curate review`."
    )
    facts = BenchFacts(provenance=provenance, left_out=reasons, license=license_name)
    write_bench_set(out, items, facts)
    write_json(out / SUMMARY, {**asdict(summary), "folder": ".", "settings": dict(settings)})
    return summary


def _write_corpus(path: Path, words: Mapping[Indicator, int]) -> None:
    """The indicators and how many chains name each, the commonest first."""
    common = sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))
    write_jsonl(
        path,
        (
            {"type": one.type, "kind": one.kind, "phrase": one.phrase, "chains": count}
            for one, count in common
        ),
    )


def _steps_of(item: BenchItem) -> Sequence[object]:
    steps = item.record["gt_cot"]
    return steps if isinstance(steps, list) else []


def _item(
    seed: SeedRecord, said: Rationale, screened: Screened, min_indicators: int
) -> BenchItem | LeftOut:
    if said.text is None:
        return left_out_photo(seed, str(said.reason), str(said.error))
    steps = read_key_steps(said, seed.extra)
    if isinstance(steps, Unusable):
        return LeftOut(seed.id, steps.reason, steps.detail)
    indicators = find_indicators(steps)
    if len(indicators) < min_indicators:
        detail = f"the key steps name {len(indicators)}, at least {min_indicators}"
        return LeftOut(seed.id, "few_indicators", detail)
    seen = screened.seen.get(seed.id)
    by_clip = seen.scene if seen else None
    scene = known_scene(seed.extra.get("scene")) or by_clip or scene_of(steps)
    record: dict[str, object] = {
        "sample_id": seed.id,
        "image_path": seed.image,
        "gt_cot": list(steps),
        "gt_lat": seed.truth.lat,
        "gt_lon": seed.truth.lon,
        **({"scene": scene} if scene else {}),
        "indicators": by_type(indicators),
        **{name: seed.extra[name] for name in _KEPT_FIELDS if name in seed.extra},
    }
    if seen:
        record |= {"clip_similarity": round(seen.similarity, 4), "clip_indicator": seen.phrase}
    return BenchItem(record, seed.image_path, seed.truth)
