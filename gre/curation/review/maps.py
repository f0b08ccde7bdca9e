"""The small map of one item: the part of the Earth that holds truth and answer."""

import numpy as np

from gre.evaluation.pages.worldmap import (
    HEIGHT,
    WIDTH,
    MapLayer,
    MapMark,
    great_circle,
    map_svg,
    project,
)
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon

SHAPE = 1.6
"""Width over height of the part that is shown."""
LEAST_WIDTH = 130.0
"""Of a thousand for the whole Earth, so that a reader knows where on it they are. Ours."""
MARGIN = 1.5
"""The part shown is so much larger than what it must hold."""

_STYLE = (
    "svg{background:#eef2f4}.ocean{fill:#eef2f4}.graticule{fill:none;stroke:#d8e0e4}"
    ".graticule,.way{vector-effect:non-scaling-stroke}"
    ".land{fill:#d3d8cf}.truth,.guess{fill:none;stroke-linecap:round;"
    "vector-effect:non-scaling-stroke}.truth{stroke:#1d232b;stroke-width:13}"
    ".guess{stroke:#0c7a76;stroke-width:9}.way{fill:none;stroke:#0c7a76;stroke-width:1.5}"
    ".band4 .guess,.band5 .guess{stroke:#c23b43}.band4 .way,.band5 .way{stroke:#c23b43}"
)


def item_map(truth: LatLon, guess: LatLon | None) -> str:
    """An SVG document: truth black, answer teal or, beyond 750 km, red."""
    error_km = None if guess is None else great_circle_km(truth, guess)
    label = "truth" if error_km is None else f"truth and answer, {error_km:,.0f} km apart"
    layer = MapLayer("item", [MapMark(truth, guess, label, error_km)])
    drawn = str(map_svg([layer], title=f"Map: {label}"))
    box = " ".join(f"{value:.1f}" for value in _window(truth, guess))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{640 / SHAPE:.0f}" '
    body = drawn.replace("<svg ", head, 1).replace(
        f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}"', f'viewBox="{box}"', 1
    )
    return body.replace(">", f"><style>{_STYLE}</style>", 1)


def _window(truth: LatLon, guess: LatLon | None) -> tuple[float, float, float, float]:
    """Left, top, width and height of the part that is shown."""
    path = np.array([truth.as_tuple()]) if guess is None else great_circle(truth, guess)
    x, y = project(path[:, 0], path[:, 1])
    width = max(LEAST_WIDTH, MARGIN * float(np.ptp(x)), MARGIN * SHAPE * float(np.ptp(y)))
    width = min(width, WIDTH, SHAPE * HEIGHT)
    height = width / SHAPE
    left = float(np.clip((x.min() + x.max() - width) / 2, 0.0, WIDTH - width))
    top = float(np.clip((y.min() + y.max() - height) / 2, 0.0, HEIGHT - height))
    return left, top, width, height
