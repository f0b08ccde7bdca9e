"""Benchmarks: photos, where they were taken, and the groups that results are broken down by.

Each benchmark is a loader in `BENCHMARKS`. Adding one is a line there.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np

from gre.data.images import ImageError
from gre.data.jsonio import RawRecord, RecordError, iter_json
from gre.data.paths import ImagePathError
from gre.data.photos import list_photos, photo_truth, read_truth_csv
from gre.data.records import BenchRecord, iter_records
from gre.errors import InputError
from gre.evaluation.benchmarks.labelled import SETS, load_labelled
from gre.evaluation.benchmarks.samples import (
    JUDGE,
    Benchmark,
    Sample,
    check_request,
    count_same_images,
    find_source,
    make_benchmark,
)
from gre.evaluation.tables.columns import NO_WORD, find_point
from gre.evaluation.tables.plausibility import looks_exchanged
from gre.evaluation.tables.points import refuse_repeats, true_points
from gre.evaluation.tables.table import open_table
from gre.geo.latlon import LatLon

__all__ = ["BENCHMARKS", "Benchmark", "Loader", "Sample", "load_benchmark"]

logger = logging.getLogger(__name__)

GREVAL_FILES = tuple(
    f"{stem}{suffix}" for stem in ("greval_bench", "GREval-Bench") for suffix in (".json", ".jsonl")
)
ORACLE_FILE = "oracle.jsonl"
GROUP_FIELDS = ("seen", "ambiguous", "scene", "continent", "country")
"""Fields of a GREval-Bench record that become groups, where it has them."""

Loader = Callable[[Path], Benchmark]


def load_benchmark(
    name: str,
    data_dir: Path,
    *,
    limit: int | None = None,
    columns: Mapping[str, str] | None = None,
) -> Benchmark:
    """Load a benchmark from where its data lies.

    Args:
        name: Key in `BENCHMARKS`.
        data_dir: Its folder; `eval/eval.md` shows the layout of each.
        limit: Keep the first so many samples, above 0.
        columns: Names of the columns "id", "gt_lat" and "gt_lon" of a set's table, where it has
            one and the usual names do not fit.

    Raises:
        InputError: The name is unknown, or the data is missing or wrong.
    """
    if name not in BENCHMARKS:
        known = ", ".join((*BENCHMARKS, JUDGE))
        raise InputError(f"benchmark: got {name!r}, must be one of {known}; correct --benchmark")
    check_request(name, data_dir, limit)
    if columns and name not in SETS:
        raise InputError(f"--columns: got it with {name}, must be one of {', '.join(SETS)}")
    load = partial(load_labelled, SETS[name], columns=columns) if columns else BENCHMARKS[name]
    benchmark = load(data_dir)
    usable = [sample for sample in benchmark.samples if sample.fault is None]
    if not usable:
        first = benchmark.samples[0].fault
        raise InputError(f"{benchmark.source}: no image of {name} can be used; the first: {first}")
    samples = benchmark.samples if limit is None else benchmark.samples[:limit]
    num_same = count_same_images([sample.image_path for sample in samples if not sample.fault])
    kept = replace(benchmark, samples=samples, num_repeated_images=num_same)
    logger.info("%s", "; ".join(kept.sentences()))
    return kept


def load_greval_bench(data_dir: Path) -> Benchmark:
    """GREval-Bench and every set in its format: `greval_bench.json`, its images, `oracle.jsonl`.

    A missing image fails its sample alone; any other fault of a record is an error.

    Raises:
        InputError: The file is missing or a record is wrong.
    """
    source = find_source(data_dir, GREVAL_FILES)
    items = zip(iter_json(source), iter_records(source, "bench"), strict=True)
    samples = [_bench_sample(source, raw, item) for raw, item in items]
    oracle_path = source.with_name(ORACLE_FILE)
    oracle = _read_oracle(oracle_path, samples) if oracle_path.is_file() else None
    return make_benchmark("greval_bench", source, samples, oracle=oracle)


def load_folder(data_dir: Path) -> Benchmark:
    """Any folder of photos whose positions stand in one CSV beside them or in their EXIF.

    Photos without a position are left out, and said so.

    Raises:
        InputError: The folder holds no photo with a position, or its CSV looks exchanged.
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
    if table:
        points = np.array([sample.truth.as_tuple() for sample in samples])
        if looks_exchanged(points[:, 0], points[:, 1]):
            raise InputError(
                f"{data_dir}: the latitudes of its CSV are not plausible: with latitude and "
                "longitude exchanged far more photos lie near a town, so the two columns look "
                "swapped; mend the header"
            )
    return make_benchmark("folder", data_dir, samples)


BENCHMARKS: dict[str, Loader] = {
    "greval_bench": load_greval_bench,
    **{name: partial(load_labelled, kind) for name, kind in SETS.items()},
    "folder": load_folder,
}
"""Every benchmark of places by the name that `gre evaluate --benchmark` takes."""


def _bench_sample(source: Path, raw: RawRecord | RecordError, item: object) -> Sample:
    if isinstance(item, BenchRecord):
        indicators = item.indicators
        return Sample(item.id, item.image_path, item.truth, _groups(item), indicators=indicators)
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
