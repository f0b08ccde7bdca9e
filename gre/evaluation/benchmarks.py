"""Benchmarks: photos, where they were taken, and the groups that results are broken down by.

Each benchmark is a loader in `BENCHMARKS`. Adding one is a line there.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from gre.data.images import ImageError
from gre.data.jsonio import RawRecord, RecordError, iter_json
from gre.data.paths import ImagePathError
from gre.data.photos import list_photos, photo_truth, read_truth_csv
from gre.data.records import BenchRecord, iter_records
from gre.errors import InputError
from gre.evaluation.columns import NO_WORD, TRUTH_WORDS, find_id, find_point
from gre.evaluation.points import refuse_repeats, true_points
from gre.evaluation.tables import open_table
from gre.geo.latlon import LatLon

logger = logging.getLogger(__name__)

GREVAL_FILES = tuple(
    f"{stem}{suffix}" for stem in ("greval_bench", "GREval-Bench") for suffix in (".json", ".jsonl")
)
ORACLE_FILE = "oracle.jsonl"
GROUP_FIELDS = ("seen", "ambiguous", "scene", "continent", "country")
"""Fields of a GREval-Bench record that become groups, where it has them."""
IMAGE_FOLDERS = ("img", "imgs", "images")
LABEL_SUFFIXES = (".csv", ".tsv")


@dataclass(frozen=True)
class Sample:
    """One photo to locate.

    Attributes:
        id: Unique within the benchmark.
        image_path: The photo; it may be broken or missing, which fails this sample alone.
        truth: Where it was taken.
        groups: Values by group name, e.g. {"seen": "yes", "scene": "harbour"}.
        fault: Why the photo cannot be used, where the loader knows already; it is not to be opened.
    """

    id: str
    image_path: Path
    truth: LatLon
    groups: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None


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
    """

    name: str
    samples: tuple[Sample, ...]
    data_sha256: str
    source: Path
    num_total: int
    num_repeated_points: int
    oracle: Mapping[str, LatLon] | None = None

    @property
    def ids_sha256(self) -> str:
        """Hash of the sample ids in order: the same for two runs over the same samples."""
        return hashlib.sha256("\n".join(s.id for s in self.samples).encode()).hexdigest()


Loader = Callable[[Path], Benchmark]


def load_benchmark(name: str, data_dir: Path, *, limit: int | None = None) -> Benchmark:
    """Load a benchmark from where its data lies.

    Args:
        name: Key in `BENCHMARKS`.
        data_dir: Its folder; `eval/eval.md` shows the layout of each.
        limit: Keep the first so many samples, above 0.

    Raises:
        InputError: The name is unknown, or the data is missing or wrong.
    """
    if name not in BENCHMARKS:
        known = ", ".join(BENCHMARKS)
        raise InputError(f"benchmark: got {name!r}, must be one of {known}; correct --benchmark")
    if limit is not None and limit < 1:
        raise InputError(f"limit: got {limit}, must be at least 1; correct --limit")
    if not data_dir.is_dir():
        raise InputError(f"{data_dir}: no such folder, must hold the data of {name}; see eval.md")
    benchmark = BENCHMARKS[name](data_dir)
    usable = [sample for sample in benchmark.samples if sample.fault is None]
    if not usable:
        first = benchmark.samples[0].fault
        raise InputError(f"{benchmark.source}: no image of {name} can be used; the first: {first}")
    samples = benchmark.samples if limit is None else benchmark.samples[:limit]
    logger.info(
        "%s: %d of %d samples, %d share coordinates, sha256 %s",
        *(name, len(samples), benchmark.num_total, benchmark.num_repeated_points),
        benchmark.data_sha256[:16],
    )
    return replace(benchmark, samples=samples)


def load_greval_bench(data_dir: Path) -> Benchmark:
    """GREval-Bench and every set in its format: `greval_bench.json`, its images, `oracle.jsonl`.

    A missing image fails its sample alone; any other fault of a record is an error.

    Raises:
        InputError: The file is missing or a record is wrong.
    """
    folders = (data_dir, data_dir / "test")
    files = [folder / name for folder in folders for name in GREVAL_FILES]
    source = next((path for path in files if path.is_file()), None)
    if source is None:
        raise InputError(
            f"{data_dir}: no {GREVAL_FILES[0]} in it or in its test folder; name the folder that "
            "holds it"
        )
    items = zip(iter_json(source), iter_records(source, "bench"), strict=True)
    samples = [_bench_sample(source, raw, item) for raw, item in items]
    oracle_path = source.with_name(ORACLE_FILE)
    oracle = _read_oracle(oracle_path, samples) if oracle_path.is_file() else None
    return _benchmark("greval_bench", source, samples, oracle=oracle)


def load_im2gps3k(data_dir: Path) -> Benchmark:
    """Im2GPS3k in the layout `test/{img,label}`: one CSV of IMG_ID, LAT, LON and the photos.

    Raises:
        InputError: The layout or a row of the CSV is wrong.
    """
    return load_labelled_images("im2gps3k", data_dir)


def load_labelled_images(name: str, data_dir: Path) -> Benchmark:
    """A set of photos with one table of id, latitude and longitude, under any usual column names.

    An id is the photo's file name, with or without its ending.

    Raises:
        InputError: There is no table or more than one, or a row is wrong.
    """
    base = next(b for b in (data_dir / "test", data_dir) if b.is_dir())
    source = _one_label_file(name, base)
    table = open_table(source)
    id_name = find_id(table)
    point_names = find_point(table, TRUTH_WORDS) or find_point(table, NO_WORD)
    if id_name is None or point_names is None:
        raise InputError(
            f"{source}:1: got columns {', '.join(table.header)}, must have an id, a latitude and a "
            "longitude (IMG_ID, LAT, LON); rename them"
        )
    read = table.read(texts=(id_name,), numbers=point_names)
    ids = read.texts[id_name]
    refuse_repeats(table, id_name, ids)
    points = true_points(table, read, point_names)
    folder = next((base / f for f in IMAGE_FOLDERS if (base / f).is_dir()), base)
    images = _list_images(folder)
    truths = map(LatLon, points.lat.tolist(), points.lon.tolist())
    samples = [
        _labelled_sample(identity, truth, images, folder)
        for identity, truth in zip(ids, truths, strict=True)
    ]
    return _benchmark(name, source, samples)


def load_folder(data_dir: Path) -> Benchmark:
    """Any folder of photos whose positions stand in one CSV beside them or in their EXIF.

    Photos without a position are left out, and said so.

    Raises:
        InputError: The folder holds no photo with a position.
    """
    table = read_truth_csv(data_dir)
    samples, num_without = [], 0
    for photo in list_photos([data_dir]):
        try:
            truth = photo_truth(photo, table)
        except ImageError as error:
            logger.warning("%s", error)
            truth = None
        if truth is None:
            num_without += 1
        else:
            samples.append(Sample(photo.name, photo, truth))
    if num_without:
        logger.warning("%s: %d photos without a position are left out", data_dir, num_without)
    if not samples:
        raise InputError(
            f"{data_dir}: no photo has a position, must have one in its EXIF or in a CSV of file, "
            "lat, lon; add labels.csv"
        )
    return _benchmark("folder", data_dir, samples)


BENCHMARKS: dict[str, Loader] = {
    "greval_bench": load_greval_bench,
    "im2gps3k": load_im2gps3k,
    "folder": load_folder,
}
"""Every benchmark by the name that `gre evaluate --benchmark` takes."""


def _benchmark(
    name: str,
    source: Path,
    samples: Sequence[Sample],
    *,
    oracle: Mapping[str, LatLon] | None = None,
) -> Benchmark:
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
    )


def _bench_sample(source: Path, raw: RawRecord | RecordError, item: object) -> Sample:
    if isinstance(item, BenchRecord):
        return Sample(item.id, item.image_path, item.truth, _groups(item))
    assert isinstance(item, RecordError)
    if not isinstance(item.__cause__, ImagePathError) or not isinstance(raw, RawRecord):
        raise item
    # The image alone is at fault: the fields below were checked before it was looked for.
    record = raw.value
    assert isinstance(record, dict)
    identity = record.get("id", record.get("sample_id", item.place.index))
    truth = LatLon(float(record["gt_lat"]), float(record["gt_lon"]))
    return Sample(str(identity), source.parent / "missing", truth, fault=str(item))


def _groups(record: BenchRecord) -> Mapping[str, str]:
    values: dict[str, object] = {**record.extra, "scene": record.scene}
    words = {True: "yes", False: "no"}
    return MappingProxyType(
        {
            name: words[value] if isinstance(value, bool) else value
            for name in GROUP_FIELDS
            if isinstance(value := values.get(name), str | bool) and value != ""
        }
    )


def _read_oracle(path: Path, samples: Sequence[Sample]) -> Mapping[str, LatLon]:
    table = open_table(path)
    names = find_point(table, NO_WORD)
    if "id" not in table.header or names is None:
        raise InputError(f"{path}: got fields {', '.join(table.header)}, must have id, lat, lon")
    read = table.read(texts=("id",), numbers=names)
    refuse_repeats(table, "id", read.texts["id"])
    points = true_points(table, read, names)
    guesses = map(LatLon, points.lat.tolist(), points.lon.tolist())
    oracle = dict(zip(read.texts["id"], guesses, strict=True))
    strange = oracle.keys() - {sample.id for sample in samples}
    if strange:
        raise InputError(
            f"{path}: id {min(strange)!r} is not in the benchmark ({len(strange)} such); "
            "remove the file or write it anew"
        )
    return MappingProxyType(oracle)


def _one_label_file(name: str, base: Path) -> Path:
    folder = base / "label" if (base / "label").is_dir() else base
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in LABEL_SUFFIXES)
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise InputError(
            f"{folder}: got {names}, must hold exactly one CSV of {name}; keep the one to be used"
        )
    return found[0]


def _list_images(folder: Path) -> Mapping[str, Path]:
    """Photos of a folder by file name, and by stem where no file has that name."""
    files = [path for path in folder.iterdir() if path.is_file()]
    return {path.stem: path for path in files} | {path.name: path for path in files}


def _labelled_sample(
    identity: str, truth: LatLon, images: Mapping[str, Path], folder: Path
) -> Sample:
    path = images.get(identity)
    if path is not None:
        return Sample(identity, path, truth)
    fault = f"{folder}: no photo named {identity!r}, must be there; fetch the images"
    return Sample(identity, folder / "missing", truth, fault=fault)
