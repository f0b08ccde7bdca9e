"""The sunburst of indicators: type, kind, and the phrases that most photos show, as SVG."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from gre.curation.files import write_bytes
from gre.curation.indicators import TYPE_OF_KIND, Indicator

SIZE = 920
RINGS = ((70, 150), (150, 255), (255, 292))
"""Inner and outer radius of types, kinds and phrases, pixels."""
MAX_PHRASES = 6
"""Of a kind; the others share one arc."""
OTHERS = "others"
_LEAST_DEG = (14.0, 9.0, 2.4)
"""Arcs smaller than this get no words, by ring."""

_COLOURS = {
    **{"nature landmark": "#2a7f62", "iconic buildings": "#2f68b4"},
    **{"language": "#7656ad", "symbolic": "#a93767"},
    **{"geographical features": "#8a6d1f", "architectural style": "#c4601f"},
    **{"social characteristics": "#56606c", "climate": "#0d7d79"},
    **{"explicit": "#3d4f86", "implicit": "#80572c"},
}
_STYLE = (
    "text{font:12px sans-serif;fill:#333}.in{fill:#fff;font-weight:600;font-size:11px}"
    "path{stroke:#fff}"
)


@dataclass(frozen=True)
class Arc:
    """A part of a ring.

    Attributes:
        ring: 0 is innermost.
        label: What it counts.
        count: How many.
        start_deg: From the top, clockwise.
        end_deg: Above `start_deg`.
        colour: As SVG takes it.
    """

    ring: int
    label: str
    count: int
    start_deg: float
    end_deg: float
    colour: str


def write_sunburst(path: Path, counts: Mapping[Indicator, int], *, title: str) -> None:
    """Draw how many photos show each indicator.

    Raises:
        GreError: The disk refuses.
    """
    drawn = Markup("").join(_draw(arc) for arc in arcs(counts))
    middle = SIZE / 2
    svg = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}"'
        ' viewBox="{low} {low} {size} {size}" role="img" aria-label="{title}">'
        "<style>{style}</style>{drawn}"
        '<text text-anchor="middle" y="-2">{total:,}</text>'
        '<text text-anchor="middle" y="14">indicators</text></svg>'
    ).format(
        size=SIZE,
        low=-middle,
        title=title,
        style=Markup(_STYLE),  # noqa: S704 - of this module
        drawn=drawn,
        total=sum(counts.values()),
    )
    write_bytes(path, str(svg).encode("utf-8", "replace"))


def arcs(counts: Mapping[Indicator, int]) -> list[Arc]:
    """All arcs, types first within each ring; angles are proportional to counts."""
    total = sum(counts.values())
    if not total:
        return []
    found: list[Arc] = []
    at = {0: 0.0, 1: 0.0, 2: 0.0}

    def add(ring: int, label: str, count: int, colour: str) -> None:
        end = at[ring] + 360.0 * count / total
        found.append(Arc(ring, label, count, at[ring], end, colour))
        at[ring] = end

    for type_name in ("explicit", "implicit"):
        kinds = Counter({k: _of_kind(counts, k) for k, t in TYPE_OF_KIND.items() if t == type_name})
        if sum(kinds.values()):
            add(0, type_name, sum(kinds.values()), _COLOURS[type_name])
        for kind, count in kinds.most_common():
            if count:
                add(1, kind, count, _COLOURS[kind])
                for phrase, part in _phrases(counts, kind):
                    add(2, phrase, part, _COLOURS[kind])
    return sorted(found, key=lambda arc: (arc.ring, arc.start_deg))


def _of_kind(counts: Mapping[Indicator, int], kind: str) -> int:
    return sum(count for one, count in counts.items() if one.kind == kind)


def _phrases(counts: Mapping[Indicator, int], kind: str) -> Iterator[tuple[str, int]]:
    """The commonest phrases of a kind, then one number for all others."""
    ordered = sorted(
        ((one.phrase, count) for one, count in counts.items() if one.kind == kind),
        key=lambda pair: (-pair[1], pair[0]),
    )
    shown = ordered if len(ordered) <= MAX_PHRASES + 1 else ordered[:MAX_PHRASES]
    yield from shown
    rest = sum(count for _, count in ordered[len(shown) :])
    if rest:
        yield OTHERS, rest


def _draw(arc: Arc) -> Markup:
    opacity = (1.0, 0.92, 0.55)[arc.ring]
    share = Markup('<path d="{}" fill="{}" fill-opacity="{}"><title>{}</title></path>').format(
        _outline(arc), arc.colour, opacity, f"{arc.label}: {arc.count:,}"
    )
    if arc.end_deg - arc.start_deg < _LEAST_DEG[arc.ring]:
        return share
    return share + (_words_outside(arc) if arc.ring == 2 else _words_inside(arc))


def _outline(arc: Arc) -> str:
    inner, outer = RINGS[arc.ring]
    end_deg = min(arc.end_deg, arc.start_deg + 359.99)  # a whole turn would be no arc
    is_long = int(end_deg - arc.start_deg > 180.0)
    (x0, y0), (x1, y1) = _point(outer, arc.start_deg), _point(outer, end_deg)
    (x2, y2), (x3, y3) = _point(inner, end_deg), _point(inner, arc.start_deg)
    return (
        f"M{x0:.2f} {y0:.2f}A{outer} {outer} 0 {is_long} 1 {x1:.2f} {y1:.2f}"
        f"L{x2:.2f} {y2:.2f}A{inner} {inner} 0 {is_long} 0 {x3:.2f} {y3:.2f}Z"
    )


def _words_inside(arc: Arc) -> Markup:
    """Two words at most stand on top of each other in the middle of an arc."""
    middle_deg = (arc.start_deg + arc.end_deg) / 2
    x, y = _point(sum(RINGS[arc.ring]) / 2, middle_deg)
    words = arc.label.split()
    lines = [
        Markup('<text class="in" text-anchor="middle" x="{:.1f}" y="{:.1f}">{}</text>').format(
            x, y + 4 + 14 * (line - (len(words) - 1) / 2), word
        )
        for line, word in enumerate(words)
    ]
    return Markup("").join(lines)


def _words_outside(arc: Arc) -> Markup:
    """Words along the radius, upright on both sides."""
    middle_deg = (arc.start_deg + arc.end_deg) / 2
    x, y = _point(RINGS[2][1] + 6, middle_deg)
    is_left = middle_deg > 180.0
    turn_deg = middle_deg + (90.0 if is_left else -90.0)
    label = arc.label if len(arc.label) <= 20 else arc.label[:19] + "…"
    return Markup(
        '<text text-anchor="{}" transform="translate({:.1f} {:.1f}) rotate({:.1f})" dy="4">{}'
        "</text>"
    ).format("end" if is_left else "start", x, y, turn_deg, label)


def _point(radius: float, angle_deg: float) -> tuple[float, float]:
    """A point of a circle, angles from the top, clockwise."""
    angle = math.radians(angle_deg)
    return radius * math.sin(angle), -radius * math.cos(angle)
