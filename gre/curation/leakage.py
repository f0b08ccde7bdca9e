"""`gre curate leakage`: photos of a benchmark, or of its places, among training data.

A near-duplicate is found by perceptual hashes (`gre.curation.search`): rescaled, recompressed and
slightly cropped copies; mirror images are told apart. Nearness counts photos by coordinates.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gre.curation.alike import AlikePair, ClipSearch, embed, find_alike
from gre.curation.hash_store import hash_files
from gre.curation.hashes import PictureHash
from gre.curation.search import Hashes, find_matches
from gre.data.jsonio import RawRecord, iter_json
from gre.data.records import Record, RecordError, RecordKind, iter_records
from gre.errors import InputError
from gre.evaluation.benchmarks.loading import load_benchmark
from gre.evaluation.benchmarks.samples import Benchmark
from gre.geo.distance import EARTH_RADIUS_KM, great_circle_km
from gre.geo.latlon import LatLon

NEAR_KM = (1.0, 5.0, 25.0, 100.0)
"""Radii of the table of nearness."""

Told = Callable[[int], None]


@dataclass(frozen=True)
class TrainingList:
    """A record file of any kind.

    Attributes:
        path: The file.
        records: Its records.
        raw: Their JSON, in the same order.
        is_lines: Whether it is JSON Lines.
    """

    path: Path
    records: Sequence[Record]
    raw: Sequence[Mapping[str, object]]
    is_lines: bool


@dataclass(frozen=True)
class NamedBenchmark:
    """A benchmark under the name by which the tables call it."""

    label: str
    data: Benchmark


@dataclass(frozen=True)
class SuspiciousPair:
    """A training photo that looks like a benchmark's.

    Attributes:
        train: Index in the training list.
        sample: Index in the benchmark.
        benchmark: Its label.
        num_bits: Bits of 255 that differ; for a pair found by CLIP alone, 255.
        is_mirrored: Whether one is like the other's mirror image.
        distance_km: Between their coordinates.
        similarity: Cosine of their CLIP features, where CLIP alone found the pair; else None.
    """

    train: int
    sample: int
    benchmark: str
    num_bits: int
    is_mirrored: bool
    distance_km: float
    similarity: float | None = None


@dataclass(frozen=True)
class Nearness:
    """How close a benchmark's places are to the training data's, by radius in km as text.

    Attributes:
        samples_percent: Benchmark photos with a training photo within the radius, percent.
        train_percent: Training photos with a benchmark photo within the radius, percent.
    """

    samples_percent: Mapping[str, float]
    train_percent: Mapping[str, float]


@dataclass(frozen=True)
class Leakage:
    """What a training list shares with benchmarks.

    Attributes:
        pairs: Near-duplicates, most alike first.
        nearness: By label.
        nearest_km: From each training photo to the nearest benchmark photo, kilometres.
        not_compared: Indices of the training records whose photo cannot be read.
        unreadable: Photos that could not be compared, of either side, one line each.
    """

    pairs: Sequence[SuspiciousPair]
    nearness: Mapping[str, Nearness]
    nearest_km: NDArray[np.float64]
    not_compared: Sequence[int]
    unreadable: Sequence[str]


def read_training(path: Path, *, image_root: Path | None = None) -> TrainingList:
    """Read a record file of whatever kind its first record is.

    Raises:
        InputError: The file or a record is wrong.
    """
    raw = []
    for item in iter_json(path):
        if isinstance(item, RecordError):
            raise item
        raw.append(item)
    kind = _kind_of(raw[0]) if raw else "seed"
    records = []
    for record in iter_records(path, kind, image_root=image_root):
        if isinstance(record, RecordError):
            raise record
        records.append(record)
    values = [item.value for item in raw if isinstance(item.value, dict)]
    return TrainingList(path, records, values, _is_lines(path))


def _kind_of(raw: RawRecord) -> RecordKind:
    fields = raw.value if isinstance(raw.value, dict) else {}
    if "predicted_cot" in fields:
        return "judge"
    if "conversations" in fields:
        return "cot"
    return "bench" if "image_path" in fields else "seed"


def _is_lines(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def parse_benchmarks(given: Sequence[str]) -> list[NamedBenchmark]:
    """Load what `NAME=DIR` names; a name given twice is told apart by its folder.

    Raises:
        InputError: Another form, the same twice, or a benchmark that cannot be loaded.
    """
    loaded: dict[str, NamedBenchmark] = {}
    names = [text.partition("=")[0] for text in given]
    for text, name in zip(given, names, strict=True):
        folder = text.partition("=")[2]
        if not name or not folder:
            raise InputError(f"--benchmark: got {text!r}, must be NAME=DIR, e.g. im2gps3k=data")
        label = name if names.count(name) == 1 else f"{name} {Path(folder).resolve().name}"
        if label in loaded:
            raise InputError(f"--benchmark: {text!r} is named twice; name it once")
        loaded[label] = NamedBenchmark(label, load_benchmark(name, Path(folder)))
    return list(loaded.values())


def find_leakage(
    training: TrainingList,
    benchmarks: Sequence[NamedBenchmark],
    store: Path,
    *,
    workers: int,
    clip: ClipSearch | None = None,
    tell: Told = lambda _count: None,
) -> Leakage:
    """Compare a training list with benchmarks.

    Args:
        training: The list.
        benchmarks: One or more.
        store: Where hashes are kept between runs.
        workers: Processes that decode.
        clip: Also look for photos that a CLIP model takes for the same.
        tell: Called with the number of photos just hashed or embedded.

    Raises:
        InputError: The store cannot be used.
    """
    unreadable: list[str] = []
    train_paths = [record.image_path for record in training.records]
    left = _usable(hash_files(train_paths, store, workers=workers, tell=tell), unreadable)
    truths = [record.truth for record in training.records]
    pairs: list[SuspiciousPair] = []
    nearness: dict[str, Nearness] = {}
    nearest_km = np.full(len(truths), np.inf)
    seen = embed(train_paths, clip, tell=tell) if clip else None
    for benchmark in benchmarks:
        samples = benchmark.data.samples
        paths = [sample.image_path for sample in samples]
        right = _usable(hash_files(paths, store, workers=workers, tell=tell), unreadable)
        pairs += _pairs(left, right, truths, [s.truth for s in samples], benchmark.label)
        if clip and seen:
            found = find_alike(
                seen, embed(paths, clip, tell=tell), least_similarity=clip.least_similarity
            )
            pairs += _alike_pairs(found, pairs, training, benchmark)
        there_km = _nearest_km(truths, [sample.truth for sample in samples])
        here_km = _nearest_km([sample.truth for sample in samples], truths)
        nearness[benchmark.label] = Nearness(_percent(here_km), _percent(there_km))
        nearest_km = np.minimum(nearest_km, there_km)
    pairs.sort(key=_order)
    not_compared = sorted(set(range(len(truths))).difference(left[0].tolist()))
    return Leakage(pairs, nearness, nearest_km, not_compared, unreadable)


def _order(pair: SuspiciousPair) -> tuple[bool, bool, int, float, int, int]:
    """Copies, then mirror images, then pairs of CLIP alone; the most alike of each first."""
    rank = pair.similarity is not None, pair.is_mirrored, pair.num_bits
    return *rank, -(pair.similarity or 0.0), pair.train, pair.sample


def _alike_pairs(
    found: Sequence[AlikePair],
    known: Sequence[SuspiciousPair],
    training: TrainingList,
    benchmark: NamedBenchmark,
) -> list[SuspiciousPair]:
    """Pairs that the hashes did not find."""
    truths = [sample.truth for sample in benchmark.data.samples]
    hashed = {(one.train, one.sample) for one in known if one.benchmark == benchmark.label}
    return [
        SuspiciousPair(
            *(one.left, one.right, benchmark.label, 255, False),
            distance_km=great_circle_km(training.records[one.left].truth, truths[one.right]),
            similarity=one.similarity,
        )
        for one in found
        if (one.left, one.right) not in hashed
    ]


def count_photos(training: TrainingList, benchmarks: Sequence[NamedBenchmark]) -> int:
    """Photos that `find_leakage` will look at."""
    return len(training.records) + sum(len(one.data.samples) for one in benchmarks)


def _usable(
    found: Sequence[PictureHash | str], unreadable: list[str]
) -> tuple[NDArray[np.int64], Hashes | None]:
    """Indices and hashes of the photos that have some; the others' reasons are added."""
    unreadable += [one for one in found if isinstance(one, str)]
    indices = [index for index, one in enumerate(found) if isinstance(one, PictureHash)]
    pictures = [one for one in found if isinstance(one, PictureHash)]
    return np.array(indices, dtype=np.int64), Hashes.stack(pictures) if pictures else None


def _pairs(
    left: tuple[NDArray[np.int64], Hashes | None],
    right: tuple[NDArray[np.int64], Hashes | None],
    truths: Sequence[LatLon],
    sample_truths: Sequence[LatLon],
    label: str,
) -> list[SuspiciousPair]:
    if left[1] is None or right[1] is None:
        return []
    pairs = []
    for match in find_matches(left[1], right[1]):
        train, sample = int(left[0][match.left]), int(right[0][match.right])
        distance_km = great_circle_km(truths[train], sample_truths[sample])
        pairs.append(
            SuspiciousPair(train, sample, label, match.num_bits, match.is_mirrored, distance_km)
        )
    return pairs


def _nearest_km(points: Sequence[LatLon], others: Sequence[LatLon]) -> NDArray[np.float64]:
    """From each point to the nearest of the others, kilometres on the 6371.0 km sphere."""
    from scipy.spatial import cKDTree

    chords, _ = cKDTree(_unit_vectors(others)).query(_unit_vectors(points))
    return np.asarray(2.0 * EARTH_RADIUS_KM * np.arcsin(np.clip(chords / 2.0, 0.0, 1.0)))


def _unit_vectors(points: Sequence[LatLon]) -> NDArray[np.float64]:
    lat, lon = np.radians([point.as_tuple() for point in points]).T
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def _percent(distances_km: NDArray[np.float64]) -> dict[str, float]:
    return {
        f"{radius:g}": round(100.0 * float(np.mean(distances_km <= radius)), 4)
        for radius in NEAR_KM
    }
