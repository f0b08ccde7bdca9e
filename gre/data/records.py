"""The four published record kinds, typed and validated.

Formats: GRE30K-CoT, GRE30K-Judge and GRE30K-Seed as in the upstream README, GREval-Bench as in its
benchmark page. Each may be a JSON array or JSON Lines. Record numbers in errors count from 0.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict, TypeVar

from gre.answers import ParseFailure, read_judgment
from gre.data.fields import IMAGE_PLACEHOLDER, Fields
from gre.data.jsonio import RawRecord, RecordError, RecordPlace, describe, iter_json
from gre.data.paths import ImageFinder, ImagePathError, find_image
from gre.errors import InputError
from gre.geo.latlon import MAX_LAT_DEG, MAX_LON_DEG, LatLon

__all__ = [
    "BenchRecord",
    "CotRecord",
    "JudgeRecord",
    "Record",
    "RecordError",
    "RecordKind",
    "RecordPlace",
    "SeedRecord",
    "check_records",
    "find_image",
    "iter_records",
    "read_bench",
    "read_cot",
    "read_judge",
    "read_record",
    "read_seed",
    "split_steps",
]

RecordKind = Literal["cot", "judge", "seed", "bench"]

_STEP_BREAK = re.compile(r"\s//\s|\n")


@dataclass(frozen=True, kw_only=True)
class Record:
    """What every kind holds.

    Attributes:
        id: The record's own "id" or "sample_id", else its index in the file as text. Unique.
        image: Name of the image as the record writes it.
        image_path: The file that the name means, absolute.
        truth: Where the photo was taken.
        place: File, index and line of the record.
        extra: Fields of the record that its format does not name, kept as they are.
    """

    id: str
    image: str
    image_path: Path
    truth: LatLon
    place: RecordPlace
    extra: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class CotRecord(Record):
    """GRE30K-CoT: a question and the answer to learn.

    Attributes:
        question: The human turn without its leading "<image>".
        answer: The gpt turn: reasoning and coordinates.
    """

    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class JudgeRecord(Record):
    """GRE30K-Judge: somebody's reasoning, and whether its coordinates are right.

    Attributes:
        instruction: The human turn without its leading "<image>".
        predicted_cot: The reasoning to judge. Never empty.
        predicted_answer: Its coordinates as written; may be empty where the chain ends with them.
        label: True where the prediction is right.
    """

    instruction: str
    predicted_cot: str
    predicted_answer: str
    label: bool


@dataclass(frozen=True, kw_only=True)
class SeedRecord(Record):
    """GRE30K-Seed: a question alone.

    Attributes:
        instruction: Field "instructions" of the record.
    """

    instruction: str


@dataclass(frozen=True, kw_only=True)
class BenchRecord(Record):
    """GREval-Bench: truth, key steps, and the groups that results are broken down by.

    Attributes:
        gt_cot: Key steps of the reference reasoning, in order.
        scene: Kind of scene, where the record names one.
        indicators: Geographic indicators, where the record lists them; else empty. With their
            type, "explicit: language", where the record sorts them by type.
    """

    gt_cot: tuple[str, ...]
    scene: str | None
    indicators: tuple[str, ...]


class _Shared(TypedDict):
    id: str
    image: str
    image_path: Path
    truth: LatLon
    place: RecordPlace


def split_steps(text: str) -> tuple[str, ...]:
    """Cut reasoning into its steps: published chains join them with " // " or newlines."""
    return tuple(step.strip() for step in _STEP_BREAK.split(text) if step.strip())


def _shared(fields: Fields, finder: ImageFinder, *, image_field: str) -> _Shared:
    identity = fields.identity(("id", "sample_id"))
    image = fields.text(image_field)
    lat_deg = fields.number("gt_lat", MAX_LAT_DEG)
    lon_deg = fields.number("gt_lon", MAX_LON_DEG)
    try:
        image_path = finder.find(image)
    except ImagePathError as error:
        raise fields.fault(image_field, str(error)) from error
    return _Shared(
        id=identity,
        image=image,
        image_path=image_path,
        truth=LatLon(lat_deg, lon_deg),
        place=fields.place,
    )


def _cot(fields: Fields, finder: ImageFinder) -> CotRecord:
    shared = _shared(fields, finder, image_field="image")
    question, answer = fields.conversation()
    return CotRecord(**shared, question=question, answer=answer, extra=fields.rest())


def _judge(fields: Fields, finder: ImageFinder) -> JudgeRecord:
    shared = _shared(fields, finder, image_field="image")
    instruction, answer = fields.conversation()
    label = read_judgment(answer)
    if isinstance(label, ParseFailure):
        raise fields.fault(
            "conversations[1].value",
            f"got {describe(answer)}, must be True or False ({label.detail}); fix the record",
        )
    return JudgeRecord(
        **shared,
        instruction=instruction,
        predicted_cot=fields.text("predicted_cot"),
        predicted_answer=fields.text("predicted_answer", may_be_empty=True),
        label=label,
        extra=fields.rest(),
    )


def _seed(fields: Fields, finder: ImageFinder) -> SeedRecord:
    shared = _shared(fields, finder, image_field="image")
    written = fields.text("instructions")
    instruction = written.removeprefix(IMAGE_PLACEHOLDER).strip()
    fields.checked_text("instructions", instruction)
    if IMAGE_PLACEHOLDER in instruction:
        allowed = f"must hold {IMAGE_PLACEHOLDER} at its beginning alone; fix the text"
        raise fields.fault("instructions", f"got {describe(written)}, {allowed}")
    return SeedRecord(**shared, instruction=instruction, extra=fields.rest())


def _bench(fields: Fields, finder: ImageFinder) -> BenchRecord:
    shared = _shared(fields, finder, image_field="image_path")
    written = fields.value("gt_cot", "text or a list of texts")
    is_list = isinstance(written, list)
    steps = fields.texts("gt_cot") if is_list else split_steps(fields.text("gt_cot"))
    return BenchRecord(
        **shared,
        gt_cot=steps,
        scene=fields.text("scene") if fields.has("scene") else None,
        indicators=fields.sorted_texts("indicators") if fields.has("indicators") else (),
        extra=fields.rest(),
    )


_R = TypeVar("_R", bound=Record)
_Build = Callable[[Fields, ImageFinder], _R]


def _iterate(
    path: Path | str, build: _Build[_R], image_root: Path | str | None
) -> Iterator[_R | RecordError]:
    finder = ImageFinder(path, image_root=image_root)
    first: dict[str, RecordPlace] = {}
    is_empty = True
    for raw in iter_json(Path(path)):
        is_empty = False
        if isinstance(raw, RecordError):
            yield raw
            continue
        try:
            record = build(Fields(raw), finder)
        except RecordError as error:
            yield error
            continue
        earlier = first.setdefault(record.id, raw.place)
        if earlier is raw.place:
            yield record
        else:
            also = f"record {earlier.index} on line {earlier.line} has it too"
            detail = f"got {describe(record.id)}, must be unique; {also}: give each its own"
            yield RecordError(raw.place, detail, field="id")
    if is_empty:
        raise InputError(f"{path}: holds no records, must hold at least one; fetch it again")


def _read(path: Path | str, build: _Build[_R], image_root: Path | str | None) -> list[_R]:
    records = []
    for item in _iterate(path, build, image_root):
        if isinstance(item, RecordError):
            raise item
        records.append(item)
    return records


def read_cot(path: Path | str, *, image_root: Path | str | None = None) -> list[CotRecord]:
    """Read GRE30K-CoT records; the first fault of the file raises `InputError`."""
    return _read(path, _cot, image_root)


def read_judge(path: Path | str, *, image_root: Path | str | None = None) -> list[JudgeRecord]:
    """Read GRE30K-Judge records; the first fault of the file raises `InputError`."""
    return _read(path, _judge, image_root)


def read_seed(path: Path | str, *, image_root: Path | str | None = None) -> list[SeedRecord]:
    """Read GRE30K-Seed records; the first fault of the file raises `InputError`."""
    return _read(path, _seed, image_root)


def read_bench(path: Path | str, *, image_root: Path | str | None = None) -> list[BenchRecord]:
    """Read GREval-Bench records; the first fault of the file raises `InputError`."""
    return _read(path, _bench, image_root)


_BUILDERS: dict[RecordKind, _Build[Record]] = {
    "cot": _cot,
    "judge": _judge,
    "seed": _seed,
    "bench": _bench,
}


def read_record(raw: RawRecord, kind: RecordKind, finder: ImageFinder) -> Record:
    """Read one record on its own; what a fault of it raises is `RecordError`."""
    return _BUILDERS[kind](Fields(raw), finder)


def iter_records(
    path: Path | str, kind: RecordKind, *, image_root: Path | str | None = None
) -> Iterator[Record | RecordError]:
    """Yield every record of a file, or the error that stands in its place.

    A syntax error inside a JSON array ends the file: what follows cannot be told apart. JSON Lines
    go on with the next line.

    Raises:
        InputError: The file as a whole cannot be read, or holds no records.
    """
    return _iterate(path, _BUILDERS[kind], image_root)


def check_records(
    path: Path | str, kind: RecordKind, *, image_root: Path | str | None = None
) -> list[str]:
    """Every fault of a file, one line each, in order; empty where the file is sound."""
    try:
        items = iter_records(path, kind, image_root=image_root)
        return [str(item) for item in items if isinstance(item, RecordError)]
    except InputError as error:
        return [str(error)]
