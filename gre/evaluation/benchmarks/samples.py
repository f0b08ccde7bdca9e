"""A benchmark in memory: samples with their truth, and what says which set they are."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gre.errors import InputError
from gre.evaluation.asking.once import Askable
from gre.geo.latlon import LatLon

MAX_COMPARED_IMAGES = 20_000
JUDGE = "judge"
"""The name of the one benchmark of verdicts; `gre.evaluation.benchmarks.judge` loads it."""

FETCHED = {
    "greval_bench": "gre pull GREval-Bench fetches it to benchmark/bench_data",
    JUDGE: "gre pull GRE30K fetches it to dataset/gre_judge",
    "folder": "name a folder of photos",
}
"""How the data of a benchmark comes here, for messages; `eval/eval.md` says it of the others."""


@dataclass(frozen=True)
class Sample:
    """One photo to locate.

    Attributes:
        id: Unique within the benchmark.
        image_path: The photo; it may be broken or missing, which fails this sample alone.
        truth: Where it was taken.
        groups: Values by group name, e.g. {"seen": "yes", "scene": "harbour"}.
        fault: Why the photo cannot be used, where the loader knows already; it is not to be opened.
        author: Who took it, where the data says so: photos of one author are not independent.
        indicators: Kinds of geographic indicator in it, where the data names them.
    """

    id: str
    image_path: Path
    truth: LatLon
    groups: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None
    author: str | None = None
    indicators: tuple[str, ...] = ()


@dataclass(frozen=True)
class Benchmark:
    """A set of samples, and what says which set it is.

    Attributes:
        name: Key in `BENCHMARKS`.
        samples: In the order of the truth file.
        data_sha256: Hash of the truth file, or of names and points where there is no file.
        source: The truth file, or the folder.
        num_total: Samples before a limit was applied.
        num_repeated_points: Samples whose exact coordinates another sample has too.
        oracle: Guesses of a solver that reads only what the picture shows, by id, where the data
            brings them: the upper bound.
        num_repeated_rows: Rows left out because another row has the same id and point.
        num_repeated_images: Samples whose photo is byte for byte that of another sample; None
            where nobody has counted.
        num_authors: Distinct authors; 0 where the data names none.
    """

    name: str
    samples: tuple[Sample, ...]
    data_sha256: str
    source: Path
    num_total: int
    num_repeated_points: int
    oracle: Mapping[str, LatLon] | None = None
    num_repeated_rows: int = 0
    num_repeated_images: int | None = None
    num_authors: int = 0

    def describe_data(self) -> dict[str, object]:
        """Which data it is, ready for JSON; hashes and counts of the whole set, before a limit."""
        return {
            "file": self.source.name,
            "sha256": self.data_sha256,
            "num_total": self.num_total,
            "num_repeated_points": self.num_repeated_points,
            "num_repeated_rows": self.num_repeated_rows,
            "num_repeated_images": self.num_repeated_images,
            "num_authors": self.num_authors,
        }

    def sentences(self) -> list[str]:
        """Which data it is, for a person."""
        usable = sum(sample.fault is None for sample in self.samples)
        counted = [
            (self.num_total - len(self.samples), "left out by the limit"),
            (len(self.samples) - usable, "without a usable photo"),
            (self.num_repeated_rows, "repeated rows left out"),
            (self.num_repeated_points, "share coordinates"),
            (self.num_repeated_images or 0, "share a photo's bytes"),
        ]
        lines = [f"{self.name}: {len(self.samples):,} samples from {self.source.name}"]
        lines += [f"{count:,} {what}" for count, what in counted if count]
        if self.num_authors:
            lines.append(f"{self.num_authors:,} authors")
        return [*lines, f"sha256 {self.data_sha256}"]

    @property
    def ids_sha256(self) -> str:
        """Hash of the sample ids in order: the same for two runs over the same samples."""
        return hash_ids(self.samples)

    def facts(self) -> dict[str, object]:
        """What a run over it must share with another to be the same, ready for JSON."""
        return {
            "benchmark": self.name,
            "n": len(self.samples),
            "data_sha256": self.data_sha256,
            "sample_ids_sha256": self.ids_sha256,
        }


def make_benchmark(
    name: str,
    source: Path,
    samples: Sequence[Sample],
    *,
    oracle: Mapping[str, LatLon] | None = None,
    num_repeated_rows: int = 0,
) -> Benchmark:
    """Count and hash what was loaded."""
    if source.is_file():
        sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    else:
        lines = (f"{s.id}\t{s.truth.lat!r}\t{s.truth.lon!r}\n" for s in samples)
        sha256 = hashlib.sha256("".join(lines).encode()).hexdigest()
    shared = Counter(sample.truth for sample in samples)
    return Benchmark(
        name=name,
        samples=tuple(samples),
        data_sha256=sha256,
        source=source,
        num_total=len(samples),
        num_repeated_points=sum(count for count in shared.values() if count > 1),
        oracle=oracle,
        num_repeated_rows=num_repeated_rows,
        num_authors=len({sample.author for sample in samples if sample.author}),
    )


def count_same_images(paths: Sequence[Path]) -> int | None:
    """Files whose bytes another of the files has too; only files of equal size are read.

    None above MAX_COMPARED_IMAGES, where the reading would take as long as some evaluations.
    """
    if len(paths) > MAX_COMPARED_IMAGES:
        return None
    by_size: dict[int, list[Path]] = {}
    for path in paths:
        try:
            by_size.setdefault(path.stat().st_size, []).append(path)
        except OSError:  # asking about it will say so
            continue
    hashes: Counter[bytes] = Counter()
    for same in by_size.values():
        for path in same if len(same) > 1 else ():
            with suppress(OSError), path.open("rb") as file:
                hashes[hashlib.file_digest(file, "sha256").digest()] += 1
    return sum(count for count in hashes.values() if count > 1)


def hash_ids(samples: Iterable[Askable]) -> str:
    """SHA-256 of sample ids in order."""
    return hashlib.sha256("\n".join(sample.id for sample in samples).encode()).hexdigest()


def say_how_to_fetch(name: str) -> str:
    """The next step where the data of a benchmark is not here."""
    return FETCHED.get(name, 'see "Where the data is" in eval/eval.md')


def check_request(name: str, data_dir: Path, limit: int | None) -> None:
    """Refuse a limit below 1 and a folder that is not there.

    Raises:
        InputError: It is so.
    """
    if limit is not None and limit < 1:
        raise InputError(f"limit: got {limit}, must be at least 1; correct --limit")
    if not data_dir.is_dir():
        raise InputError(
            f"{data_dir}: no such folder, must hold the data of {name}; {say_how_to_fetch(name)}"
        )


def find_source(data_dir: Path, names: Sequence[str]) -> Path:
    """The first of some files that lies in a folder or in its `test` folder.

    Raises:
        InputError: None does.
    """
    files = [folder / name for folder in (data_dir, data_dir / "test") for name in names]
    source = next((path for path in files if path.is_file()), None)
    if source is None:
        raise InputError(
            f"{data_dir}: no {names[0]} in it or in its test folder; name the folder that holds it"
        )
    return source
