"""A world map as inline SVG: land, true points, guesses, and the great circle between the two.

Equal Earth projection, so that no continent looks larger than it is. Colours come from the page's
style sheet by class: `land`, `truth`, `guess`, and `band0` (within 1 km) to `band5` (past 2500 km).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from gre.geo.distance import destination
from gre.geo.latlon import LatLon
from gre.metrics import RADII_KM

WIDTH = 1000.0
"""Width of the drawing, user units; the whole Earth spans it."""
_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796
"""Source: Šavrič, Patterson, Jenny, "The Equal Earth map projection", IJGIS 33 (2018)."""
_X_AT_EDGE = 2.0 * np.sqrt(3.0) * np.pi / (3.0 * _A1)
"""x of (0, 180) on the unit sphere: 2.7066."""
_SCALE = WIDTH / (2.0 * _X_AT_EDGE)
_Y_AT_POLE = 1.3173627591574133
HEIGHT = round(2.0 * _Y_AT_POLE * _SCALE, 1)
EARTH = {"a": (_A1, _A2, _A3, _A4), "width": WIDTH, "height": HEIGHT, "scale": float(_SCALE)}
"""The projection's constants, for a page's script to draw with."""
STEP_DEG = 6.0
"""Longest piece of a great circle drawn as a straight line, degrees of arc."""


BAND_LABELS = (
    *(f"within {radius:,} km" for radius in RADII_KM),
    f"beyond {RADII_KM[-1]:,} km",
)
"""What the colours `band0` to `band5` mean."""
_DRAWN = Markup('<path class="{}" d="{}"/>')


@dataclass(frozen=True)
class MapMark:
    """One sample on the map.

    Attributes:
        truth: Where it was, or None where nobody knows.
        guess: Where the model says, or None where it gave no point.
        label: What a reader is told on pointing at it.
        error_km: Distance between the two, or None.
        key: Index that a page's script knows the sample by.
        radius_km: Radius of a circle around the guess; none is drawn where it is None or 0.
    """

    truth: LatLon | None
    guess: LatLon | None
    label: str
    error_km: float | None = None
    key: int | None = None
    radius_km: float | None = None


@dataclass(frozen=True)
class MapLayer:
    """Marks that are shown and hidden together, e.g. one run."""

    name: str
    marks: Sequence[MapMark]


def project(lat_deg: ArrayLike, lon_deg: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    """Equal Earth: degrees to x in [0, 1000] and y in [0, HEIGHT], y downwards."""
    lat = np.radians(np.asarray(lat_deg, dtype=np.float64))
    lon = np.radians(np.asarray(lon_deg, dtype=np.float64))
    theta = np.arcsin(np.sqrt(3.0) / 2.0 * np.sin(lat))
    t2 = theta * theta
    t6 = t2 * t2 * t2
    slope = 9.0 * _A4 * t6 * t2 + 7.0 * _A3 * t6 + 3.0 * _A2 * t2 + _A1
    x = 2.0 * np.sqrt(3.0) * lon * np.cos(theta) / (3.0 * slope)
    y = theta * (_A4 * t6 * t2 + _A3 * t6 + _A2 * t2 + _A1)
    return WIDTH / 2.0 + _SCALE * x, HEIGHT / 2.0 - _SCALE * y


def unproject(x: float, y: float) -> LatLon | None:
    """The point at a place of the drawing; None outside the Earth's outline.

    The inverse of `project`: its equation for y is solved by Newton's method, as the authors do.
    """
    theta = (HEIGHT / 2.0 - y) / _SCALE
    target = theta
    for _ in range(12):
        t2 = theta * theta
        t6 = t2 * t2 * t2
        error = theta * (_A4 * t6 * t2 + _A3 * t6 + _A2 * t2 + _A1) - target
        slope = 9.0 * _A4 * t6 * t2 + 7.0 * _A3 * t6 + 3.0 * _A2 * t2 + _A1
        theta -= error / slope
    sin_lat = 2.0 / np.sqrt(3.0) * np.sin(theta)
    if not abs(target) <= _Y_AT_POLE or abs(sin_lat) > 1.0:
        return None
    lon = (x - WIDTH / 2.0) / _SCALE * 3.0 * slope / (2.0 * np.sqrt(3.0) * np.cos(theta))
    if not abs(lon) <= np.pi:
        return None
    return LatLon(float(np.degrees(np.arcsin(sin_lat))), float(np.degrees(lon)))


def error_band(error_km: float | None, radii_km: Sequence[float] = RADII_KM) -> int | None:
    """How many of the radii an error exceeds: 0 is best; None where there is no error."""
    return None if error_km is None else sum(error_km > radius for radius in radii_km)


def great_circle(start: LatLon, end: LatLon) -> NDArray[np.float64]:
    """Points (lat, lon) in degrees along the shorter great circle, ends included.

    Antipodes have no shorter one; any will do.
    """
    unit = [_unit_vector(point) for point in (start, end)]
    angle = float(np.arccos(np.clip(unit[0] @ unit[1], -1.0, 1.0)))
    num_steps = max(1, int(np.ceil(np.degrees(angle) / STEP_DEG)))
    share = np.linspace(0.0, 1.0, num_steps + 1)[:, None]
    if np.sin(angle) < 1e-9:
        return np.array([start.as_tuple(), end.as_tuple()])
    path = (np.sin((1 - share) * angle) * unit[0] + np.sin(share * angle) * unit[1]) / np.sin(angle)
    lat = np.degrees(np.arcsin(np.clip(path[:, 2], -1.0, 1.0)))
    lon = np.degrees(np.arctan2(path[:, 1], path[:, 0]))
    lat[[0, -1]], lon[[0, -1]] = (start.lat, end.lat), (start.lon, end.lon)
    return np.stack([lat, lon], axis=1)


def map_svg(layers: Sequence[MapLayer], *, title: str, element_id: str = "map") -> Markup:
    """Draw a world map.

    Args:
        layers: Marks; only the first layer is visible, a page's script may show others.
        title: What the map shows, for those who cannot see it.
        element_id: Unique in the page.

    Returns:
        One `<svg>` element, safe to put into a page: every text in it is escaped.
    """
    groups = [
        Markup('<g class="layer" role="group" data-layer="{}" aria-label="{}"{}>{}</g>').format(
            index,
            layer.name,
            Markup(' hidden=""') if index else "",
            Markup("").join(_mark(mark) for mark in layer.marks),
        )
        for index, layer in enumerate(layers)
    ]
    return Markup(
        '<svg id="{id}" class="worldmap" viewBox="0 0 {width:g} {height:g}" role="img"'
        ' aria-labelledby="{id}-title" tabindex="0"><title id="{id}-title">{title}</title>'
        '<g id="{id}-ground">{ground}</g>{groups}</svg>'
    ).format(
        id=element_id,
        width=WIDTH,
        height=HEIGHT,
        title=title,
        ground=_ground(),
        groups=Markup("").join(groups),
    )


@cache
def _ground() -> Markup:
    edge_lat = np.linspace(-90, 90, 37)
    west, east = project(edge_lat, np.full(37, -180.0)), project(edge_lat, np.full(37, 180.0))
    outline = [*zip(*west, strict=True), *reversed([*zip(*east, strict=True)])]
    meridians = [project(edge_lat, np.full(37, lon)) for lon in range(-150, 180, 30)]
    parallels = [project([lat, lat], [-180, 180]) for lat in range(-60, 90, 30)]
    grid = "".join(_path(zip(*line, strict=True)) for line in (*meridians, *parallels))
    return Markup(
        '<path class="ocean" d="{}Z"/><path class="graticule" d="{}"/>'
        '<path class="land" fill-rule="evenodd" d="{}"/>'
    ).format(_path(outline), grid, _land())


def _land() -> str:
    outline = files("gre.evaluation.pages").joinpath("data/land_110m.json")
    source = outline.read_text(encoding="utf-8")
    parts = []
    for ring in json.loads(source)["rings"]:
        points = np.array(ring, dtype=np.float64).reshape(-1, 2) / 100.0
        parts.append(_path(zip(*project(points[:, 1], points[:, 0]), strict=True)) + "Z")
    return "".join(parts)


def _mark(mark: MapMark) -> Markup:
    band = error_band(mark.error_km)
    parts = []
    if mark.truth is not None and mark.guess is not None:
        parts.append(_DRAWN.format("way", _line(great_circle(mark.truth, mark.guess))))
    if mark.guess is not None and mark.radius_km:
        parts.append(_DRAWN.format("reach", _line(_circle(mark.guess, mark.radius_km))))
    # A line of no length with round ends is a dot that keeps its size on any screen and zoom.
    for name, point in (("truth", mark.truth), ("guess", mark.guess)):
        if point is not None:
            x, y = project(point.lat, point.lon)
            parts.append(_DRAWN.format(name, f"M{x:.1f} {y:.1f}h0"))
    return Markup('<g class="mark {}" data-key="{}"><title>{}</title>{}</g>').format(
        "unmeasured" if band is None else f"band{band}",
        "" if mark.key is None else mark.key,
        mark.label,
        Markup("").join(parts),
    )


def _circle(center: LatLon, radius_km: float) -> NDArray[np.float64]:
    """Points (lat, lon) in degrees at one distance from a point, once around."""
    bearings = np.linspace(0.0, 360.0, 73)
    points = [destination(center, bearing_deg=float(b), distance_km=radius_km) for b in bearings]
    return np.array([point.as_tuple() for point in points])


def _line(points: NDArray[np.float64]) -> str:
    """A path through points (lat, lon) in degrees, broken where it crosses the antimeridian."""
    jumps = np.flatnonzero(np.abs(np.diff(points[:, 1])) > 180.0) + 1
    pieces = np.split(points, jumps)
    return "".join(
        _path(zip(*project(piece[:, 0], piece[:, 1]), strict=True))
        for piece in pieces
        if len(piece) > 1
    )


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _unit_vector(point: LatLon) -> NDArray[np.float64]:
    lat, lon = np.radians(point.lat), np.radians(point.lon)
    return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
