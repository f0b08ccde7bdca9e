"""May a radius be believed? How often the truth lies within the radius of sampled answers.

A model that answers several times about one photo gives a radius that holds a share of its own
answers. It is calibrated where the truth lies within the radius as often: within that of 90 % for
90 % of the photos. A smaller number means that the model is surer of itself than it should be.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from gre.evaluation.asking.draws import SHARES
from gre.intervals import wilson

BIN_EDGES_KM = (0.0, 1.0, 25.0, 200.0, 750.0, 2500.0, math.inf)
"""Bins of the radius end at the benchmark's five radii; each holds its lower end."""

Row = Mapping[str, Any]  # Any: a line of predictions.jsonl


@dataclass(frozen=True)
class Coverage:
    """How often the truth lay within a radius.

    Attributes:
        n: Photos.
        num_inside: Of them, those whose truth lies within their radius.
        rate: num_inside / n, None where n is 0.
        ci95: Its Wilson interval, fractions.
    """

    n: int
    num_inside: int
    rate: float | None
    ci95: tuple[float, float]


@dataclass(frozen=True)
class ShareCoverage(Coverage):
    """Of the radii that hold a share of the answers; calibrated where `rate` equals `share`."""

    share: float


@dataclass(frozen=True)
class BinCoverage(Coverage):
    """Of the reported radii from `from_km` to below `to_km` (None: no upper end), kilometres.

    `median_error_km` is the median distance of the medoid from the truth; None where n is 0.
    """

    from_km: float
    to_km: float | None
    median_error_km: float | None


@dataclass(frozen=True)
class Calibration:
    """Of a run with several answers per photo.

    Attributes:
        radius_share: Share of the answers that the reported radius holds.
        n: Photos with a radius: those of which an answer could be read.
        num_unreadable: Photos asked about of which none could.
        mean_gap: Mean of |rate - share| over `by_share`; None where n is 0.
        by_share: In ascending order of share.
        by_radius: In ascending order of radius, at the reported share.
    """

    radius_share: float
    n: int
    num_unreadable: int
    mean_gap: float | None
    by_share: tuple[ShareCoverage, ...]
    by_radius: tuple[BinCoverage, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, as `summary.json` holds them."""
        return asdict(self)


def calibrate(rows: Sequence[Row]) -> Calibration | None:
    """Measure the radii of a run against the truth.

    Args:
        rows: Lines of `predictions.jsonl`.

    Returns:
        None where the run asked once per photo.
    """
    drawn = [row for row in rows if row.get("texts") and row.get("status") != "error"]
    if not drawn:
        return None
    placed = [row for row in drawn if row.get("error_km") is not None and row.get("radii_km")]
    share = float(drawn[0]["radius_share"])
    by_share = tuple(
        ShareCoverage(**_cover(placed, [row["radii_km"][str(s)] for row in placed]), share=s)
        for s in SHARES
    )
    gaps = [abs(one.rate - one.share) for one in by_share if one.rate is not None]
    return Calibration(
        radius_share=share,
        n=len(placed),
        num_unreadable=len(drawn) - len(placed),
        mean_gap=float(np.mean(gaps)) if gaps else None,
        by_share=by_share,
        by_radius=_cover_bins(placed),
    )


def read_calibration(facts: Mapping[str, Any]) -> Calibration | None:
    """The calibration that a `summary.json` holds; None where it holds none or a damaged one."""
    found: Any = facts.get("calibration")  # Any: whatever JSON holds, checked by what follows
    try:
        return Calibration(
            **{
                **found,
                "by_share": tuple(ShareCoverage(**_tuples(one)) for one in found["by_share"]),
                "by_radius": tuple(BinCoverage(**_tuples(one)) for one in found["by_radius"]),
            }
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def calibration_lines(calibration: Calibration) -> list[tuple[str, str, str, str]]:
    """Rows of a table: radius, photos, truths within it, 95 % interval; for pages and terminals."""
    lines = [
        (f"holds {one.share:.0%} of the answers", *_cells(one)) for one in calibration.by_share
    ]
    for one in calibration.by_radius:
        to = "and more" if one.to_km is None else f"to {one.to_km:,.0f} km"
        lines.append((f"radius {one.from_km:,.0f} km {to}", *_cells(one)))
    return lines


def _cover_bins(placed: Sequence[Row]) -> tuple[BinCoverage, ...]:
    bins = []
    for low, high in pairwise(BIN_EDGES_KM):
        inside = [row for row in placed if low <= row["radius_km"] < high]
        errors = [row["error_km"] for row in inside]
        bins.append(
            BinCoverage(
                **_cover(inside, [row["radius_km"] for row in inside]),
                from_km=low,
                to_km=None if math.isinf(high) else high,
                median_error_km=float(np.median(errors)) if errors else None,
            )
        )
    return tuple(bins)


def _cover(rows: Sequence[Row], radii_km: Sequence[float]) -> dict[str, Any]:
    num_inside = sum(row["error_km"] <= radius for row, radius in zip(rows, radii_km, strict=True))
    interval = wilson(num_inside, len(rows))
    return {
        "n": len(rows),
        "num_inside": num_inside,
        "rate": num_inside / len(rows) if rows else None,
        "ci95": (interval.low, interval.high),
    }


def _tuples(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "ci95": tuple(one["ci95"])}


def _cells(one: Coverage) -> tuple[str, str, str]:
    if one.rate is None:
        return str(one.n), "–", "–"
    low, high = one.ci95
    return str(one.n), f"{one.rate:.1%}", f"{low:.1%} to {high:.1%}"
