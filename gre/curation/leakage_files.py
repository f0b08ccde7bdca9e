"""What `gre curate leakage` writes: pairs, numbers, a clean list, and a page to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from gre.curation.alike import ClipSearch
from gre.curation.files import sha256_of, write_json, write_json_array, write_jsonl
from gre.curation.leakage import (
    Leakage,
    NamedBenchmark,
    SuspiciousPair,
    TrainingList,
)
from gre.curation.search import ALIGNED_BITS, COARSE_BITS, FINE_BITS, NEAR_BITS
from gre.evaluation.pages.page import write_page
from gre.evaluation.pages.thumbnails import Thumbnail, make_thumbnail

MAX_SHOWN = 150
"""Pairs on the page: at two thumbnails of 12 kB each it stays under 5 MB."""
PAIRS, SUMMARY, PAGE = "pairs.jsonl", "summary.json", "leakage.html"
STORE = "hashes.sqlite"
"""Hashes of earlier runs; a folder that holds it is one of ours."""


@dataclass(frozen=True)
class LeakageReport:
    """The numbers of a comparison, as the command prints them."""

    folder: Path
    num_records: int
    num_clean: int
    duplicates: Mapping[str, int]
    mirrored: Mapping[str, int]
    num_not_compared: int
    num_unreadable: int
    alike: Mapping[str, int] = field(default_factory=dict)

    def describe(self) -> str:
        """One line for the command line."""
        parts = [
            f"{name}: {count:,} duplicates, {self.mirrored[name]:,} mirrored"
            for name, count in self.duplicates.items()
        ]
        parts += [f"{name}: {count:,} alike by CLIP" for name, count in self.alike.items()]
        return (
            f"{self.folder / PAGE}: {'; '.join(parts)}; {self.num_clean:,} of"
            f" {self.num_records:,} records are clean; {self.num_not_compared:,} not compared and"
            f" left out; {self.num_unreadable:,} photos unreadable"
        )


def write_leakage(
    out: Path,
    training: TrainingList,
    benchmarks: Sequence[NamedBenchmark],
    leakage: Leakage,
    *,
    keeps_mirrored: bool,
    drop_within_km: float | None,
    clip: ClipSearch | None = None,
) -> LeakageReport:
    """Write all files of a comparison; `clip` is what it searched with, if it did.

    Raises:
        GreError: The disk refuses.
    """
    clean = clean_indices(
        leakage,
        len(training.records),
        keeps_mirrored=keeps_mirrored,
        drop_within_km=drop_within_km,
    )
    names = {one.label: one for one in benchmarks}
    write_jsonl(out / PAIRS, (_line(pair, training, names) for pair in leakage.pairs))
    write = write_jsonl if training.is_lines else write_json_array
    write(clean_path(out, training.path), (training.raw[index] for index in clean))
    report = LeakageReport(
        folder=out,
        num_records=len(training.records),
        num_clean=len(clean),
        duplicates=_count(leakage.pairs, names, "duplicate"),
        mirrored=_count(leakage.pairs, names, "mirrored"),
        num_not_compared=len(leakage.not_compared),
        num_unreadable=len(leakage.unreadable),
        alike=_count(leakage.pairs, names, "alike") if clip else {},
    )
    numbers = asdict(report) | {"folder": "."}
    near = {name: asdict(found) for name, found in leakage.nearness.items()}
    data = {one.label: one.data.describe_data() for one in benchmarks}
    write_json(
        out / SUMMARY,
        {
            **numbers,
            "train_file": training.path.name,
            "train_sha256": sha256_of(training.path),
            "benchmarks": data,
            "nearness": near,
            "bounds": {
                "fine_bits_of_255": FINE_BITS,
                "coarse_bits_of_63": COARSE_BITS,
                "near_bits_of_255": NEAR_BITS,
                "aligned_bits_of_255": ALIGNED_BITS,
            },
            "keeps_mirrored": keeps_mirrored,
            "drop_within_km": drop_within_km,
            "clip": _clip_facts(clip),
            "unreadable": list(leakage.unreadable),
        },
    )
    _write_page(out / PAGE, training, names, leakage, report)
    return report


def clean_indices(
    leakage: Leakage, num_records: int, *, keeps_mirrored: bool, drop_within_km: float | None
) -> list[int]:
    """Indices of the training records that were compared and share nothing with a benchmark."""
    dropped = set(leakage.not_compared)
    dropped |= {pair.train for pair in leakage.pairs if not (keeps_mirrored and pair.is_mirrored)}
    if drop_within_km is not None:
        dropped |= set(np.flatnonzero(leakage.nearest_km <= drop_within_km).tolist())
    return [index for index in range(num_records) if index not in dropped]


def clean_path(out: Path, train: Path) -> Path:
    """Where the clean list goes: the training file's name with `_clean`."""
    return out / f"{train.stem}_clean{train.suffix}"


def _line(
    pair: SuspiciousPair, training: TrainingList, names: Mapping[str, NamedBenchmark]
) -> dict[str, object]:
    record, sample = training.records[pair.train], names[pair.benchmark].data.samples[pair.sample]
    return {
        "train_id": record.id,
        "train_image": record.image,
        "benchmark": pair.benchmark,
        "sample_id": sample.id,
        "kind": _kind(pair),
        **_how(pair),
        "distance_km": round(pair.distance_km, 3),
    }


def _kind(pair: SuspiciousPair) -> str:
    if pair.similarity is not None:
        return "alike"
    return "mirrored" if pair.is_mirrored else "duplicate"


def _how(pair: SuspiciousPair) -> dict[str, object]:
    """What makes a pair suspicious, as `pairs.jsonl` has it."""
    if pair.similarity is None:
        return {"num_bits": pair.num_bits}
    return {"clip_similarity": round(pair.similarity, 4)}


def _how_in_words(pair: SuspiciousPair) -> str:
    if pair.similarity is None:
        return f"{pair.num_bits} bits differ"
    return f"CLIP similarity {pair.similarity:.3f}"


def _clip_facts(clip: ClipSearch | None) -> dict[str, object] | None:
    if clip is None:
        return None
    return {"model": clip.embedder.name, "least_similarity": clip.least_similarity}


def _count(
    pairs: Sequence[SuspiciousPair], names: Mapping[str, object], kind: str
) -> dict[str, int]:
    """Training records with a pair, by benchmark."""
    found = {(pair.benchmark, pair.train) for pair in pairs if _kind(pair) == kind}
    return {name: sum(label == name for label, _ in found) for name in names}


@dataclass(frozen=True)
class _Card:
    kind: str
    train_name: str
    sample_name: str
    train_picture: Thumbnail | None
    sample_picture: Thumbnail | None
    benchmark: str
    how: str
    distance: str


def _write_page(
    path: Path,
    training: TrainingList,
    names: Mapping[str, NamedBenchmark],
    leakage: Leakage,
    report: LeakageReport,
) -> None:
    cards = []
    for pair in leakage.pairs[:MAX_SHOWN]:
        record = training.records[pair.train]
        sample = names[pair.benchmark].data.samples[pair.sample]
        cards.append(
            _Card(
                kind={"mirrored": "mirror image"}.get(_kind(pair), _kind(pair)),
                train_name=record.id,
                sample_name=sample.id,
                train_picture=make_thumbnail(record.image_path),
                sample_picture=make_thumbnail(sample.image_path),
                benchmark=pair.benchmark,
                how=_how_in_words(pair),
                distance=f"{pair.distance_km:,.1f} km",
            )
        )
    num_sharing = report.num_records - report.num_clean - report.num_not_compared
    lead = (
        f"{num_sharing:,} of {report.num_records:,} training records"
        " share something with a benchmark and are left out of the clean list."
    )
    if report.num_not_compared:
        lead += f" So are {report.num_not_compared:,} that could not be compared."
    context = {
        "title": f"Leakage of {training.path.name}",
        "lead": lead,
        "nearness": leakage.nearness,
        "duplicates": report.duplicates,
        "mirrored": report.mirrored,
        "alike": report.alike,
        "pairs": cards,
        "num_pairs": len(leakage.pairs),
        "unreadable": leakage.unreadable[:20],
        "num_unreadable": len(leakage.unreadable),
        "fine_bits": FINE_BITS,
    }
    write_page(path, "leakage.html", context, scripts=())
