"""The tables of the GRE paper as rows: N, protocol, source, and what speaks against comparing them.

`data/published_results.csv` is the table; `eval/published_results.csv` is the same file, where
people look for it.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from gre.metrics import RADII_KM, radius_key

PUBLISHED_FILE = "data/published_results.csv"
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "im2gps3k": "Im2GPS3k",
        "gws15k": "GWS15k",
        "google_streetview": "Google Street View",
        "greval_bench": "GREval-Bench",
        "osv5m": "OSV-5M",
    }
)
"""Benchmarks that have published rows, in the order of the choice."""
SET_SIZES: Mapping[str, int] = MappingProxyType(
    {"im2gps3k": 2997, "gws15k": 14955, "greval_bench": 3000}
)
"""Samples in a whole set. Source: rows with truth in the public Im2GPS3k file; rows of the GWS15k
reconstructions; GRE paper for GREval-Bench. Of the other sets the paper prints no N."""


class Mark(StrEnum):
    """How far a row can be compared with another on the same benchmark."""

    SAME = "same"
    CARE = "care"
    NO = "no"


@dataclass(frozen=True)
class PublishedRow:
    """One printed row.

    Attributes:
        benchmark: Key in `TITLES`.
        method: As printed.
        table: Its table in the paper, e.g. "2a".
        accuracy: Percent by radius key, as printed, so that 11.30 stays apart from 11.3; what a
            table leaves out is missing.
        cot_quality: The paper's CoT quality, 0 to 100, as printed; "" where there is none.
        mean_km: Mean error in kilometres, as printed; "" where there is none.
        n: Samples; None where unknown.
        n_basis: How N is known: "set size" (of the whole set), "inferred" (what the figures are
            multiples of), "reconstruction" (rows of the lists in circulation), "not printed".
        protocol: What is known of how errors were measured and counted.
        mark: How far it can be compared with a run on the whole set.
        reason: Why, in words; "" where nothing but the protocol is open.
        source: Paper and table.
    """

    benchmark: str
    method: str
    table: str
    accuracy: Mapping[str, str]
    cot_quality: str
    mean_km: str
    n: int | None
    n_basis: str
    protocol: str
    mark: Mark
    reason: str
    source: str


@cache
def read_published() -> tuple[PublishedRow, ...]:
    """Every row of the paper's tables, in their order."""
    text = files("gre.evaluation.report").joinpath(PUBLISHED_FILE).read_text(encoding="utf-8")
    return tuple(_row(line) for line in csv.DictReader(text.splitlines()))


def _row(line: Mapping[str, str]) -> PublishedRow:
    keys = [radius_key(radius) for radius in RADII_KM]
    rates = {key: line[f"acc_{key}km"] for key in keys}
    return PublishedRow(
        benchmark=line["benchmark"],
        method=line["method"],
        table=line["table"],
        accuracy=MappingProxyType({key: value for key, value in rates.items() if value}),
        cot_quality=line["cot_quality"],
        mean_km=line["mean_km"],
        n=int(line["n"]) if line["n"] else None,
        n_basis=line["n_basis"],
        protocol=line["protocol"],
        mark=Mark(line["comparable"]),
        reason=line["reason"],
        source=line["source"],
    )


def fits_n(printed: str, n: int) -> bool:
    """Whether some number of hits out of n rounds to a printed percentage."""
    decimals = len(printed.partition(".")[2])
    half = 0.5 * 10.0**-decimals + 1e-9
    middle = round(float(printed) * n / 100.0)
    return any(
        abs(100.0 * hits / n - float(printed)) <= half for hits in (middle - 1, middle, middle + 1)
    )
