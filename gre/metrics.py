"""Distances from truth turned into the numbers that are published, each with its interval.

Everything starts from one array of errors in kilometres, NaN where the model's answer could not be
read. A `Protocol` says how those rows count, so that every published table can be matched.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gre.errors import InputError
from gre.intervals import Interval, bootstrap_mean_ci, bootstrap_median_ci, wilson

__all__ = [
    "RADII_KM",
    "Interval",
    "Protocol",
    "Summary",
    "bootstrap_mean_ci",
    "bootstrap_median_ci",
    "geoguessr_score",
    "place_errors",
    "radius_key",
    "score_errors",
    "wilson",
    "with_radii",
]

RADII_KM: tuple[float, ...] = (1, 25, 200, 750, 2500)
"""Street, city, region, country, continent. Source: GRE paper, tables 2 to 9."""
GEOGUESSR_MAX = 5000
"""Points for a perfect guess. Source: GeoGuessr's rules."""
GEOGUESSR_SCALE_KM = 1492.7
"""Decay of the score on the world map, kilometres: exact on 1,107 of 1,120 played rounds."""
POINTS_ROUNDING = 1e-6
"""What float64 may take from a whole number of points; 0.3 mm beside the target. Ours."""
TESTS = ("le", "lt")
DISTANCE_NAMES = ("haversine", "geodesic")
UNREADABLE_RULES = ("miss", "drop", "origin")


@dataclass(frozen=True)
class Protocol:
    """How errors are measured and counted. The default is ours; the others match published tables.

    Attributes:
        distance: "haversine" (sphere of 6371.0 km) or "geodesic" (WGS84 ellipsoid).
        test: "le" counts error <= radius as a hit, "lt" error < radius.
        unreadable: what an answer without a point is: "miss" (no hit at any radius, no score),
            "drop" (leaves the denominator), "origin" (guessed 0, 0), or an error in kilometres.

    Raises:
        InputError: A value is not one of these.
    """

    distance: str = "haversine"
    test: str = "le"
    unreadable: str | float = "miss"

    def __post_init__(self) -> None:
        if self.distance not in DISTANCE_NAMES:
            raise InputError(_choice("distance", self.distance, DISTANCE_NAMES))
        if self.test not in TESTS:
            raise InputError(_choice("test", self.test, TESTS))
        if self.unreadable in UNREADABLE_RULES:
            return
        try:
            km = float(self.unreadable)
        except (TypeError, ValueError):
            km = math.nan
        if not (math.isfinite(km) and km >= 0.0):
            names = (*UNREADABLE_RULES, "a number of kilometres >= 0")
            raise InputError(_choice("unreadable", self.unreadable, names))
        object.__setattr__(self, "unreadable", km)

    def to_json(self) -> dict[str, str | float]:
        """The protocol as plain values, written beside every result."""
        return {"distance": self.distance, "test": self.test, "unreadable": self.unreadable}

    def describe(self) -> str:
        """One line for a table's caption."""
        distance = {"haversine": "haversine, R = 6371.0 km", "geodesic": "geodesic, WGS84"}
        rule = {
            "miss": "an unreadable answer is a miss",
            "drop": "unreadable answers are dropped",
            "origin": "an unreadable answer is a guess at (0, 0)",
        }
        counted = rule.get(
            str(self.unreadable), f"an unreadable answer is {self.unreadable} km off"
        )
        return f"{distance[self.distance]} · hit: error {_SIGNS[self.test]} radius · {counted}"


_SIGNS = {"le": "≤", "lt": "<"}


def _choice(name: str, value: object, allowed: Sequence[str]) -> str:
    return f"{name}: got {value!r}, must be one of {', '.join(allowed)}; correct it"


@dataclass(frozen=True)
class Summary:
    """One result: what is printed, drawn and saved for a set of errors.

    Attributes:
        n: Samples that were asked, readable or not.
        n_readable: Samples whose answer was read as a point.
        n_errors: Samples that could not be asked (a broken image); not part of n.
        denominator: Samples that the rates divide by: n, or n_readable where the rest is dropped.
        hits: Samples within each radius, keyed "1", "25", ... (kilometres).
        accuracy: Percent of the denominator within each radius; NaN where it is 0.
        mean_km: Mean error of the rows that have one; NaN where none has.
        median_km: Median error of the same rows.
        geoscore: Mean GeoGuessr score over the denominator, 0 to 5000.
        ci95: Wilson interval of each accuracy, percent.
        mean_km_ci95: Bootstrap interval of the mean, kilometres.
        median_km_ci95: Bootstrap interval of the median, kilometres.
        protocol: How the errors were measured and counted.
    """

    n: int
    n_readable: int
    n_errors: int
    denominator: int
    hits: Mapping[str, int]
    accuracy: Mapping[str, float]
    mean_km: float
    median_km: float
    geoscore: float
    ci95: Mapping[str, Interval]
    mean_km_ci95: Interval
    median_km_ci95: Interval
    protocol: Protocol = field(default_factory=Protocol)

    def to_json(self) -> dict[str, Any]:  # Any: nested plain values, ready for json.dumps
        """Plain values for `gre score --json` and `summary.json`; what is undefined is null."""
        return {
            "n": self.n,
            "n_readable": self.n_readable,
            "n_errors": self.n_errors,
            "denominator": self.denominator,
            "hits": dict(self.hits),
            "accuracy": {key: _plain(value) for key, value in self.accuracy.items()},
            "mean_km": _plain(self.mean_km),
            "median_km": _plain(self.median_km),
            "geoscore": _plain(self.geoscore),
            "ci95": {key: _pair(value) for key, value in self.ci95.items()},
            "mean_km_ci95": _pair(self.mean_km_ci95),
            "median_km_ci95": _pair(self.median_km_ci95),
            "protocol": self.protocol.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Summary":
        """Read what `to_json` wrote; further keys are left alone.

        Raises:
            KeyError: A key is missing.
        """
        return cls(
            n=int(data["n"]),
            n_readable=int(data["n_readable"]),
            n_errors=int(data.get("n_errors", 0)),
            denominator=int(data["denominator"]),
            hits=MappingProxyType({key: int(value) for key, value in data["hits"].items()}),
            accuracy=MappingProxyType({k: _float(v) for k, v in data["accuracy"].items()}),
            mean_km=_float(data["mean_km"]),
            median_km=_float(data["median_km"]),
            geoscore=_float(data["geoscore"]),
            ci95=MappingProxyType({key: _interval(value) for key, value in data["ci95"].items()}),
            mean_km_ci95=_interval(data["mean_km_ci95"]),
            median_km_ci95=_interval(data["median_km_ci95"]),
            protocol=Protocol(**data["protocol"]),
        )


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _pair(interval: Interval) -> list[float | None]:
    return [_plain(interval.low), _plain(interval.high)]


def _interval(values: Sequence[float | None]) -> Interval:
    low, high = values
    return Interval(_float(low), _float(high))


def with_radii(further_km: Sequence[float]) -> tuple[float, ...]:
    """The five radii and some further ones, kilometres, each once, in order."""
    return tuple(sorted({*map(float, RADII_KM), *map(float, further_km)}))


def radius_key(radius_km: float) -> str:
    """The key of a radius in tables and files: 2500.0 is "2500", 0.5 is "0.5"."""
    return f"{radius_km:.12g}"


def geoguessr_score(error_km: ArrayLike) -> NDArray[np.float64]:
    """GeoGuessr points of each error: floor(5000 exp(-error / 1492.7)); NaN stays NaN.

    Float rounding costs no point: one place written at 180 and at -180 degrees is 1.6e-12 km off.

    Args:
        error_km: Distances from truth, kilometres, at least 0.

    Source: the formula players fitted to the game, exact on 1,107 of 1,120 real rounds.
    """
    errors = np.asarray(error_km, dtype=np.float64)
    return np.asarray(
        np.floor(GEOGUESSR_MAX * np.exp(-errors / GEOGUESSR_SCALE_KM) + POINTS_ROUNDING)
    )


def score_errors(
    error_km: ArrayLike,
    *,
    protocol: Protocol | None = None,
    radii_km: Sequence[float] = RADII_KM,
    origin_km: ArrayLike | None = None,
    n_errors: int = 0,
) -> Summary:
    """Score errors under a protocol. The order of samples does not matter.

    Args:
        error_km: Distances from truth, kilometres, NaN where the answer is unreadable.
        protocol: How rows count; the default is ours.
        radii_km: Radii to report, kilometres, above 0.
        origin_km: Distance of each truth from (0, 0), kilometres; needed where the protocol places
            unreadable answers there.
        n_errors: Samples that could not be asked, reported apart.

    Raises:
        ValueError: An error is negative or infinite, or origin_km is missing.
    """
    protocol = protocol or Protocol()
    errors = np.asarray(error_km, dtype=np.float64).ravel()
    if np.isinf(errors).any() or (errors < 0).any():
        raise ValueError("error_km must be >= 0 and finite, or NaN for an unreadable answer")
    readable = ~np.isnan(errors)
    placed = place_errors(errors, protocol, origin_km)
    known = placed[~np.isnan(placed)]
    denominator = known.size if protocol.unreadable == "drop" else errors.size
    hits = {radius_key(r): _count_hits(known, r, protocol.test) for r in radii_km}
    rates = {key: wilson(count, denominator) for key, count in hits.items()}
    points = float(geoguessr_score(known).sum())
    return Summary(
        n=errors.size,
        n_readable=int(readable.sum()),
        n_errors=n_errors,
        denominator=denominator,
        hits=MappingProxyType(hits),
        accuracy=MappingProxyType({k: _ratio(100.0 * c, denominator) for k, c in hits.items()}),
        mean_km=float(known.mean()) if known.size else math.nan,
        median_km=float(np.median(known)) if known.size else math.nan,
        geoscore=_ratio(points, denominator),
        ci95=MappingProxyType({k: Interval(100 * i.low, 100 * i.high) for k, i in rates.items()}),
        mean_km_ci95=bootstrap_mean_ci(known),
        median_km_ci95=bootstrap_median_ci(known),
        protocol=protocol,
    )


def place_errors(
    errors: NDArray[np.float64], protocol: Protocol, origin_km: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Errors with the distance that the protocol gives unreadable answers, NaN where it gives none.

    Args:
        errors: Kilometres, NaN where the answer is unreadable.
        protocol: Its rule is applied.
        origin_km: Distance of each truth from (0, 0), kilometres, for the rule "origin".

    Raises:
        ValueError: origin_km is needed and missing.
    """
    rule = protocol.unreadable
    if rule == "origin":
        if origin_km is None:
            raise ValueError("origin_km is needed where unreadable answers count as (0, 0)")
        return np.where(np.isnan(errors), np.asarray(origin_km, dtype=np.float64), errors)
    if isinstance(rule, float):
        return np.where(np.isnan(errors), rule, errors)
    return errors


def _count_hits(known_km: NDArray[np.float64], radius_km: float, test: str) -> int:
    inside = known_km <= radius_km if test == "le" else known_km < radius_km
    return int(inside.sum())


def _ratio(numerator: float, denominator: int) -> float:
    return numerator / denominator if denominator else math.nan
