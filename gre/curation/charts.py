"""Small pictures for data cards: a map of points and bars of counts, as SVG files of their own."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from markupsafe import Markup

from gre.curation.cells import cell_of
from gre.curation.files import write_bytes
from gre.evaluation.pages.worldmap import MapLayer, MapMark, map_svg
from gre.geo.latlon import LatLon

MAP_CELL_DEG = 1.0
"""Points of one cell are drawn once: the file stays small for any number of photos."""

_MAP_STYLE = (
    ".ocean{fill:#eef3f7}.graticule{fill:none;stroke:#d5dfe7;stroke-width:.6}"
    ".land{fill:#c9d2c0}.truth{fill:none;stroke:#b03a2e;stroke-width:5;stroke-linecap:round;"
    "stroke-opacity:.75}"
)
_BAR_STYLE = "text{font:13px sans-serif;fill:#333}.bar{fill:#4a78a6}"
_ROW, _LABEL, _BARS, _COUNT = 22, 170, 230, 70
"""Height of a bar's row, widths of label, longest bar and count, pixels; for phones, too."""


def write_points_map(path: Path, points: Iterable[LatLon], *, title: str) -> None:
    """Draw points on a world map, one for each cell that holds any."""
    first: dict[int, LatLon] = {}
    for point in points:
        first.setdefault(cell_of(point, MAP_CELL_DEG), point)
    marks = [MapMark(point, None, "") for point in first.values()]
    drawn = str(map_svg([MapLayer("photos", marks)], title=title))
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="1000" '
    body = drawn.replace("<svg ", head, 1).replace(">", f"><style>{_MAP_STYLE}</style>", 1)
    write_bytes(path, body.encode("utf-8"))


def write_bars(path: Path, counts: Mapping[str, int], *, title: str) -> None:
    """Draw one bar for each count, in the order given."""
    most = max(counts.values(), default=0) or 1
    rows = [
        Markup(
            '<text x="{}" y="{}" text-anchor="end">{}</text><rect class="bar" x="{}" y="{}"'
            ' width="{:.1f}" height="{}"/><text x="{:.1f}" y="{}">{:,}</text>'
        ).format(
            *(_LABEL - 8, y + 16, label),
            *(_LABEL, y + 3, _BARS * count / most, _ROW - 6),
            *(_LABEL + _BARS * count / most + 6, y + 16, count),
        )
        for y, (label, count) in zip(
            range(0, _ROW * len(counts), _ROW), counts.items(), strict=True
        )
    ]
    svg = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" role="img"'
        ' aria-label="{}"><style>{}</style>{}</svg>'
    ).format(
        _LABEL + _BARS + _COUNT,
        max(_ROW, _ROW * len(counts)),
        title,
        Markup(_BAR_STYLE),  # noqa: S704 - of this module
        Markup("").join(rows),
    )
    write_bytes(path, str(svg).encode("utf-8"))
