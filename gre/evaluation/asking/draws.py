"""Self-consistency: several sampled answers about one photo, and the one that stands for them.

The answer is the geodesic medoid of the readable ones; the radius around it that holds a stated
share of them says how sure the model is. How far to believe it: `gre.evaluation.runs.calibration`.
"""

from dataclasses import dataclass
from functools import cached_property

from gre.answers import read_latlon
from gre.geo.latlon import LatLon
from gre.geo.spread import Medoid, medoid_of

DEFAULT_SHARE = 0.9
"""Share of the readable answers that the reported radius holds. Ours."""

SHARES = (0.5, 0.8, 0.9, 0.95)
"""Shares at which a radius is kept beside it, for calibration. Ours."""


@dataclass(frozen=True)
class Draws:
    """What a predictor said about one photo, asked several times.

    Attributes:
        texts: At least one; fewer than asked for where single calls failed.
        share: Share of the readable answers that the reported radius holds, in (0, 1].
    """

    texts: tuple[str, ...]
    share: float = DEFAULT_SHARE

    @property
    def text(self) -> str:
        """The text whose point is the medoid; the first where no point can be read."""
        if self._medoid is None:
            return self.texts[0]
        return self._readable[self._medoid.position][0]

    def facts(self) -> dict[str, object]:
        """What `predictions.jsonl` holds beside the chosen text.

        `texts`, `num_readable` of them, `radius_km` that holds `radius_share` of those, and
        `radii_km` by share; radii are None where no text is readable.
        """
        medoid = self._medoid
        return {
            "texts": list(self.texts),
            "num_readable": len(self._readable),
            "radius_share": self.share,
            "radius_km": medoid.radius_km(self.share) if medoid else None,
            "radii_km": {str(share): medoid.radius_km(share) for share in SHARES}
            if medoid
            else None,
        }

    @cached_property
    def _readable(self) -> list[tuple[str, LatLon]]:
        readings = ((text, read_latlon(text)) for text in self.texts)
        return [(text, reading) for text, reading in readings if isinstance(reading, LatLon)]

    @cached_property
    def _medoid(self) -> Medoid | None:
        points = [point for _, point in self._readable]
        return medoid_of(points) if points else None
