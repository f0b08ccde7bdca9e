"""How hard each seed is for a model: the share of its sampled answers that hit.

Groups whose answers all hit or all miss teach nothing. `gre rate-seeds` writes the rates once, in
plain data-parallel inference; a run then keeps the records between two of them. No torch here.

Source: Geo-R (hard-sample filtering), SeekWorld (difficulty sampling); radius and bounds are ours.
"""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from gre.answers import read_latlon
from gre.data.records import JudgeRecord, SeedRecord
from gre.errors import InputError
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon

logger = logging.getLogger(__name__)

RecordT = TypeVar("RecordT", JudgeRecord, SeedRecord)


def success_rate(texts: Sequence[str], truth: LatLon, *, radius_km: float) -> float:
    """Share of the texts whose point lies within the radius; unreadable ones miss."""
    hits = 0
    for text in texts:
        point = read_latlon(text)
        hits += isinstance(point, LatLon) and great_circle_km(point, truth) <= radius_km
    return hits / len(texts)


def rate_seeds(
    records: Sequence[SeedRecord],
    answer: Callable[[Sequence[SeedRecord]], list[list[str]]],
    out: Path,
    *,
    radius_km: float,
    batch_size: int,
    on_rated: Callable[[int], None] | None = None,
) -> int:
    """Rate records by a model's answers into a JSONL file, or go on with one.

    Args:
        records: Seeds.
        answer: Gives the sampled answers to each of some records.
        out: File of lines {"id", "rate", "samples", "radius_km"}.
        radius_km: Within it an answer hits.
        batch_size: Records per call.
        on_rated: Called with the number of records just rated.

    Returns:
        How many records were rated in this call.
    """
    rated = set(_without_cut_line(out)) if out.exists() else set()
    left = [record for record in records if record.id not in rated]
    if on_rated and rated:
        on_rated(len(records) - len(left))
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a", encoding="utf-8") as sink:
        for start in range(0, len(left), batch_size):
            batch = left[start : start + batch_size]
            for record, texts in zip(batch, answer(batch), strict=True):
                rate = success_rate(texts, record.truth, radius_km=radius_km)
                line = {"id": record.id, "rate": rate, "samples": len(texts)}
                sink.write(json.dumps(line | {"radius_km": radius_km}) + "\n")
            sink.flush()
            if on_rated:
                on_rated(len(batch))
    return len(left)


def _without_cut_line(path: Path) -> dict[str, float]:
    """Drop a half-written last line from a file; give the rates in it."""
    text = path.read_text(encoding="utf-8")
    if not text.endswith("\n"):
        path.write_text(text[: text.rfind("\n") + 1], encoding="utf-8")
    return read_rates(path)


def read_rates(path: Path) -> dict[str, float]:
    """Success rate by record id; a half-written last line is left out.

    Raises:
        InputError: The file is missing or another line is damaged.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError as error:
        raise InputError(
            f"difficulty_path {path}: cannot be read; make it with gre rate-seeds"
        ) from error
    rates: dict[str, float] = {}
    for number, line in enumerate(lines, 1):
        try:
            item = json.loads(line)
            rates[str(item["id"])] = float(item["rate"])
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines) and not line.endswith("\n"):
                break
            raise InputError(f'{path}:{number}: must be {{"id", "rate"}}, got {line!r}') from error
    return rates


def keep_by_difficulty(
    records: Sequence[RecordT], path: Path, *, least: float, most: float
) -> list[RecordT]:
    """Keep the records whose success rate lies in [least, most].

    Raises:
        InputError: A record has no rate, or none is left.
    """
    rates = read_rates(path)
    missing = [record for record in records if record.id not in rates]
    if missing:
        raise InputError(
            f"{path}: {len(missing)} of {len(records)} records have no rate, the first"
            f" {missing[0].id}; run gre rate-seeds on this data again"
        )
    kept = [record for record in records if least <= rates[record.id] <= most]
    logger.info("%d of %d records have a rate in [%g, %g]", len(kept), len(records), least, most)
    if not kept:
        raise InputError(
            f"{path}: no record has a rate in [{least}, {most}]; widen difficulty_min and"
            " difficulty_max"
        )
    return kept
