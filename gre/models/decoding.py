"""How answers are generated, and how the answers of one photo become a guess. No torch here."""

from collections.abc import Sequence
from dataclasses import dataclass

from gre.answers import ParseFailure, read_latlon, read_response
from gre.errors import InputError
from gre.geo.latlon import LatLon
from gre.geo.spread import spread_of

SAMPLING_TEMPERATURE = 0.7
"""Of several answers about one photo, where nothing else is asked for. Ours."""


@dataclass(frozen=True)
class Decoding:
    """How answers are generated. Greedy unless a temperature is set.

    Attributes:
        max_new_tokens: Longest answer, tokens. Source: completion length of the upstream scripts.
        temperature: 0 is greedy; above 0 samples.
        top_p: Nucleus for sampling, in (0, 1].
    """

    max_new_tokens: int = 2048
    temperature: float = 0.0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise InputError(f"max_new_tokens must be >= 1, got {self.max_new_tokens}")
        if not 0 <= self.temperature < float("inf"):
            raise InputError(f"temperature must be >= 0 (0 is greedy), got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p must be in (0, 1], got {self.top_p}")


@dataclass(frozen=True)
class Guess:
    """Where a model thinks a photo was taken.

    Attributes:
        latlon: The point, or None when no answer could be read.
        radius_km: Radius around it that holds 90 % of the sampled answers; None for one answer.
        reasoning: The text between the think tags, if any.
        texts: The raw answers, one per sample.
        failure: Why `latlon` is None.
    """

    latlon: LatLon | None
    radius_km: float | None
    reasoning: str | None
    texts: tuple[str, ...]
    failure: ParseFailure | None = None

    @property
    def text(self) -> str:
        """The raw answer that names the point; the first where none can be read."""
        named = (text for text in self.texts if read_latlon(text) == self.latlon)
        return next(named, self.texts[0])


def guess_from_texts(texts: Sequence[str]) -> Guess:
    """Read the answers of one photo into a guess: the medoid of those that can be read."""
    readings = [read_latlon(text) for text in texts]
    points = [reading for reading in readings if isinstance(reading, LatLon)]
    if not points:
        failure = next(reading for reading in readings if isinstance(reading, ParseFailure))
        return Guess(None, None, read_response(texts[0]).think, tuple(texts), failure)
    spread = spread_of(points)
    chosen = texts[readings.index(spread.center)]
    radius_km = spread.radius_km if len(texts) > 1 else None
    return Guess(spread.center, radius_km, read_response(chosen).think, tuple(texts))
