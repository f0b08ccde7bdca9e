"""The judge benchmark: photos, somebody's reasoning about each, and whether it is right.

A model is shown the photo and the question of RL stage I alone, made by the same function as in
training; labels and further fields of a record stay here.
"""

import hashlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from gre.data.datasets import rollout_question
from gre.data.jsonio import RawRecord, RecordError, iter_json
from gre.data.paths import ImagePathError
from gre.data.records import JudgeRecord, iter_records
from gre.errors import InputError
from gre.evaluation.benchmarks.samples import JUDGE, check_request, find_source, hash_ids

logger = logging.getLogger(__name__)

JUDGE_FILES = ("gre_judge.json", "gre_judge.jsonl")


@dataclass(frozen=True)
class JudgeSample:
    """One piece of reasoning to judge.

    Attributes:
        id: Unique within the benchmark.
        image_path: The photo that the reasoning is about.
        question: Everything the model reads beside the photo.
        label: Whether the reasoning is right; None where the record could not be used.
        fault: Why the photo cannot be used, where the loader knows already; it is not to be opened.
    """

    id: str
    image_path: Path
    question: str
    label: bool | None
    fault: str | None = None


@dataclass(frozen=True)
class JudgeBenchmark:
    """A set of samples, and what says which set it is.

    Attributes:
        samples: In the order of the file.
        data_sha256: Hash of the file.
        source: The file.
        num_total: Samples before a limit was applied.
    """

    samples: tuple[JudgeSample, ...]
    data_sha256: str
    source: Path
    num_total: int

    @property
    def ids_sha256(self) -> str:
        """Hash of the sample ids in order: the same for two runs over the same samples."""
        return hash_ids(self.samples)

    def facts(self) -> dict[str, object]:
        """What a run over it must share with another to be the same, ready for JSON."""
        return {
            "benchmark": JUDGE,
            "n": len(self.samples),
            "data_sha256": self.data_sha256,
            "sample_ids_sha256": self.ids_sha256,
        }


def load_judge(data_dir: Path, *, limit: int | None = None) -> JudgeBenchmark:
    """Load records in GRE30K-Judge's format from a folder or its `test` folder.

    A missing image fails its sample alone; any other fault of a record is an error.

    Args:
        data_dir: The folder that holds one of `JUDGE_FILES`.
        limit: Keep the first so many samples, above 0.

    Raises:
        InputError: The file is missing, a record is wrong, or no image can be used.
    """
    check_request(JUDGE, data_dir, limit)
    source = find_source(data_dir, JUDGE_FILES)
    items = zip(iter_json(source), iter_records(source, "judge"), strict=True)
    samples = tuple(_judge_sample(source, raw, item) for raw, item in items)
    if all(sample.fault for sample in samples):
        raise InputError(
            f"{source}: no image of {JUDGE} can be used; the first: {samples[0].fault}"
        )
    loaded = JudgeBenchmark(
        samples, hashlib.sha256(source.read_bytes()).hexdigest(), source, len(samples)
    )
    kept = replace(loaded, samples=samples[:limit])
    num_true = sum(sample.label is True for sample in kept.samples)
    logger.info(
        "%s: %d of %d samples, %d of them True, sha256 %s",
        *(JUDGE, len(kept.samples), kept.num_total, num_true, kept.data_sha256[:16]),
    )
    return kept


def _judge_sample(source: Path, raw: RawRecord | RecordError, item: object) -> JudgeSample:
    if isinstance(item, JudgeRecord):
        return JudgeSample(item.id, item.image_path, rollout_question(item), item.label)
    assert isinstance(item, RecordError)
    if not isinstance(item.__cause__, ImagePathError) or not isinstance(raw, RawRecord):
        raise item
    record = raw.value
    assert isinstance(record, dict)
    identity = record.get("id", record.get("sample_id", item.place.index))
    return JudgeSample(str(identity), source.parent / "missing", "", None, fault=str(item))
