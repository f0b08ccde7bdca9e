"""The leaderboard: published rows and ours, each with N, protocol, source and a mark."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gre.evaluation.pages.exports import Sheet, Value, cell
from gre.evaluation.report.comparison import MAIN_RADIUS_KM, ComparedRun, Comparison
from gre.evaluation.report.cot_quality_file import read_cot_quality
from gre.evaluation.report.published import SET_SIZES, TITLES, Mark, PublishedRow, read_published
from gre.metrics import RADII_KM, Protocol, radius_key

KEYS = tuple(radius_key(radius) for radius in RADII_KM)
NO_PROTOCOL = "the paper states no protocol"
SIGNS = {Mark.SAME: "=", Mark.CARE: "≈", Mark.NO: "≠"}
SIGN_WORDS = {
    Mark.SAME: "comparable",
    Mark.CARE: "comparable with care",
    Mark.NO: "not comparable",
}


@dataclass(frozen=True)
class Standing:
    """One row of the leaderboard.

    Attributes:
        benchmark: Its set.
        name: Model.
        css: Colour class of a run of ours; "" where published.
        rates: Percent at each of RADII_KM as text; "" where unknown.
        cot_quality: 0 to 100, as text; "" where unknown.
        mean_km: As text; "" where unknown.
        n: As text.
        n_basis: How N is known.
        protocol: How errors were measured and counted.
        short_protocol: The same in a few words.
        source: Where the row comes from.
        mark: How far it compares with the other kind of row.
        reason: Why.
    """

    benchmark: str
    name: str
    css: str
    rates: tuple[str, ...]
    cot_quality: str
    mean_km: str
    n: str
    n_basis: str
    protocol: str
    short_protocol: str
    source: str
    mark: Mark
    reason: str

    @property
    def is_ours(self) -> bool:
        """Whether it is a run of this report."""
        return bool(self.css)

    @property
    def sign(self) -> str:
        """The mark as a character."""
        return SIGNS[self.mark]

    @property
    def sign_words(self) -> str:
        """The mark in words."""
        return SIGN_WORDS[self.mark]

    @property
    def whole_mean_km(self) -> str:
        """The mean error as the other tables write it: "6,897"."""
        return f"{float(self.mean_km):,.0f}" if self.mean_km else ""

    @property
    def short_source(self) -> str:
        """The table alone, or which run."""
        return "this report" if self.is_ours else self.source.rpartition(", ")[2]

    @property
    def numbers(self) -> tuple[float | None, ...]:
        """Rates, then CoT quality; None where unknown."""
        return tuple(float(text) if text else None for text in (*self.rates, self.cot_quality))


def standings(comparison: Comparison) -> list[Standing]:
    """Every published row and every run, best first within each benchmark."""
    rows = [_published(row) for row in read_published()]
    rows += [_ours(compared) for compared in comparison.runs]
    return sorted(rows, key=lambda row: (_order(row.benchmark), -_main_rate(row)))


def benchmarks_of(rows: Sequence[Standing]) -> dict[str, str]:
    """Titles of the benchmarks that have a row, by key, in the order of `TITLES`."""
    keys = dict.fromkeys(row.benchmark for row in rows)
    return {key: TITLES.get(key, key) for key in sorted(keys, key=_order)}


def leaderboard_sheet(rows: Sequence[Standing]) -> Sheet:
    """The leaderboard as a table for a paper."""
    header = ("benchmark", "model", *(f"{key} km" for key in KEYS), "CoT quality", "mean km")
    lines: list[tuple[Value, ...]] = [
        (
            *(TITLES.get(row.benchmark, row.benchmark), row.name, *map(cell, row.rates)),
            *map(cell, (row.cot_quality, row.mean_km, row.n)),
            *(row.n_basis, row.protocol),
            *(row.sign_words, row.reason, row.source),
        )
        for row in rows
    ]
    return Sheet(
        "leaderboard",
        "Accuracy in percent within each distance, published and ours",
        (*header, "N", "basis of N", "protocol", "compares", "why", "source"),
        tuple(lines),
    )


def run_reasons(compared: ComparedRun) -> tuple[Mark, str]:
    """How far a run compares with the published rows of its benchmark, and why."""
    run = compared.run
    benchmark = str(run.facts.get("benchmark", ""))
    reasons = []
    if "oracle" in run.bounds:
        reasons.append("the sample world is drawn and is no published benchmark")
    if benchmark not in TITLES:
        reasons.append("the paper has no table of this benchmark")
    size, n = SET_SIZES.get(benchmark), run.summary.n + run.summary.n_errors
    if size is not None and n != size:
        reasons.append(f"{n:,} of the set's {size:,} samples")
    if reasons:
        return Mark.NO, "; ".join(reasons)
    if run.summary.n_errors:
        reasons.append(f"{run.summary.n_errors:,} samples could not be asked")
    if benchmark == "gws15k":
        reasons.append("the set was never released: this is a reconstruction")
    return Mark.CARE, "; ".join([*reasons, NO_PROTOCOL])


def _published(row: PublishedRow) -> Standing:
    return Standing(
        benchmark=row.benchmark,
        name=row.method,
        css="",
        rates=tuple(row.accuracy.get(key, "") for key in KEYS),
        cot_quality=row.cot_quality,
        mean_km=row.mean_km,
        n="" if row.n is None else f"{row.n:,}",
        n_basis=row.n_basis,
        protocol=row.protocol,
        short_protocol=row.protocol,
        source=row.source,
        mark=row.mark,
        reason=row.reason or NO_PROTOCOL,
    )


def _ours(compared: ComparedRun) -> Standing:
    run = compared.run
    mark, reason = run_reasons(compared)
    quality = read_cot_quality(run.folder)
    value = None if quality is None else quality.quality
    mean_km = run.summary.mean_km
    return Standing(
        benchmark=str(run.facts.get("benchmark", "unknown")),
        name=compared.name,
        css=compared.css,
        rates=tuple(_text(run.summary.accuracy.get(key, math.nan)) for key in KEYS),
        cot_quality=_text(math.nan if value is None else value),
        mean_km="" if math.isnan(mean_km) else f"{mean_km:.0f}",
        n=f"{run.summary.denominator:,}",
        n_basis="counted",
        protocol=run.protocol.describe(),
        short_protocol=_short(run.protocol),
        source=f"this report, data {run.data_sha256[:8] or 'unknown'}",
        mark=mark,
        reason=reason,
    )


def _short(protocol: Protocol) -> str:
    sign = {"le": "<=", "lt": "<"}[protocol.test]
    is_km = isinstance(protocol.unreadable, float)
    rule = f"{protocol.unreadable:g} km" if is_km else protocol.unreadable
    return f"{protocol.distance}, {sign}, unreadable: {rule}"


def _order(benchmark: str) -> tuple[int, str]:
    return ([*TITLES, benchmark].index(benchmark), benchmark)


def _main_rate(row: Standing) -> float:
    return float(row.rates[RADII_KM.index(MAIN_RADIUS_KM)] or -1.0)


def _text(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"
