"""Record files that this project writes: read by their own reader before they take their name."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gre.curation.files import write_json_array, write_jsonl
from gre.data.jsonio import RawRecord, RecordError, RecordPlace
from gre.data.paths import ImageFinder
from gre.data.records import Record, RecordKind, iter_records, read_record
from gre.errors import InputError


def write_records(path: Path, rows: Iterable[Mapping[str, object]], kind: RecordKind) -> int:
    """Write records as JSON Lines (.jsonl) or an array; gives how many.

    The pictures must lie in their folder already: a record without its picture is refused too.

    Raises:
        InputError: A reader would refuse what was written; then there is no such file.
        GreError: The disk refuses.
    """
    unread = path.with_name(path.name + ".unread")
    is_lines = path.suffix == ".jsonl"
    try:
        count = (write_jsonl if is_lines else write_json_array)(unread, rows)
        for item in (_iter_lines if is_lines else iter_records)(unread, kind):
            if isinstance(item, RecordError):
                field = f", field {item.field}" if item.field else ""
                raise InputError(
                    f"{path}: record {item.place.index}{field} would not be read again:"
                    f" {item.detail}"
                )
        unread.replace(path)
    finally:
        unread.unlink(missing_ok=True)
    return count


def _iter_lines(path: Path, kind: RecordKind) -> Iterator[Record | RecordError]:
    """One record after the other, in constant memory: seeds come in millions."""
    finder = ImageFinder(path)
    with path.open("rb") as file:
        for index, line in enumerate(file):
            raw = RawRecord(json.loads(line), RecordPlace(path, index, index + 1))
            try:
                yield read_record(raw, kind, finder)
            except RecordError as error:
                yield error
