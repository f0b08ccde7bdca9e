"""What a scene holds, decided before a pixel is drawn: place, cues, what of them can be seen.

A scene is a pure function of (seed, split, index), so that chains, judge items and the oracle need
no picture and pictures can be drawn in any order by any number of processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from gre.geo.distance import destination
from gre.geo.latlon import LatLon
from gre.sample.cities import SEEN_CITIES, UNSEEN_CITIES, City

Key = TypeVar("Key")

SPLITS: tuple[str, ...] = (
    *("cot", "judge", "seed", "val", "test", "judge_test", "sheet"),
    "judge_val",
)
"""Names of the scene streams. Position in the tuple is part of the random key: append only."""

COUNTRY_CUES = ("flag", "script", "plate", "lines", "side")
REGION_CUES = ("plants", "ground", "roof", "walls", "terrain")
CUES: tuple[str, ...] = (*COUNTRY_CUES, *REGION_CUES, "sun", "landmark")
"""Everything in a picture that depends on the place, coarse to fine."""

MAX_OFFSET_KM = 15.0
AMBIGUOUS_SHARE = 0.08
UNSEEN_EVERY = 5
"""Every fifth scene of the test split shows a city that no training file holds."""

_VISIBLE_RATE: Mapping[str, float] = {
    "flag": 0.70,
    "script": 0.85,
    "side": 0.90,
    "plate": 0.85,
    "lines": 0.85,
    "plants": 0.88,
    "ground": 0.88,
    "roof": 0.86,
    "terrain": 0.85,
    "sun": 0.85,
    "landmark": 0.66,
}
_AMBIGUOUS_CUES = ("lines", "side", "plants", "ground", "sun")

_LAYOUTS = {"street": 0.42, "avenue": 0.25, "market": 0.15, "country road": 0.18}
_WEATHERS = {"clear": 0.64, "cloudy": 0.12, "dusk": 0.09, "rain": 0.08, "fog": 0.07}
_SIZES: Mapping[tuple[int, int], float] = {(336, 252): 0.85, (252, 336): 0.08, (336, 336): 0.07}
SCENE_NAMES: Mapping[str, str] = {
    "street": "artificial landscape",
    "avenue": "road traffic",
    "market": "commercial",
    "country road": "natural",
}
"""Layout to the scene name of GREval-Bench. Source: GRE paper, scenes of GREval-Bench."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One planned picture.

    `traits` holds the value of every cue at this place; `visible` names the cues that the picture
    really shows. `size` is (width, height) in pixels.
    """

    id: str
    split: str
    index: int
    seed: int
    city: City
    point: LatLon
    traits: Mapping[str, str]
    visible: tuple[str, ...]
    layout: str
    weather: str
    size: tuple[int, int]
    ambiguous: bool

    @property
    def seen_traits(self) -> dict[str, str]:
        """Cue to value, for the visible cues alone: all that an honest observer may use."""
        return {cue: self.traits[cue] for cue in self.visible}

    def shows(self, cue: str) -> bool:
        """True if the picture shows `cue`."""
        return cue in self.visible


def generator(seed: int, split: str, index: int, *, stream: int) -> np.random.Generator:
    """The scene's own random numbers. `stream` keeps planning, drawing and wording apart."""
    return np.random.default_rng(np.random.SeedSequence([seed, SPLITS.index(split), index, stream]))


def sun_height(lat_deg: float) -> str:
    """The sun's height at noon in three words, from the distance to the equator in degrees."""
    if abs(lat_deg) < 25.0:
        return "high"
    return "middle" if abs(lat_deg) < 48.0 else "low"


def plan_scene(
    seed: int, split: str, index: int, *, cities: Sequence[City], attempt: int = 0
) -> Scene:
    """Plan one scene in one of `cities`. `attempt` moves the point, when its place is taken."""
    rng = generator(seed, split, index, stream=0)
    city = cities[int(rng.integers(len(cities)))]
    traits = _traits(city, rng)
    weather = _pick(rng, _WEATHERS)
    ambiguous = bool(rng.random() < AMBIGUOUS_SHARE)
    visible = _ambiguous_cues(rng) if ambiguous else _solvable_cues(rng, traits, weather)
    layout = _pick(rng, _LAYOUTS)
    size = _pick(rng, _SIZES)
    return Scene(
        id=f"{split}-{index:05d}",
        split=split,
        index=index,
        seed=seed,
        city=city,
        point=_point_near(city, generator(seed, split, index, stream=10 + attempt)),
        traits=traits,
        visible=tuple(cue for cue in CUES if cue in visible),
        layout=layout,
        weather=_weather_with(weather, has_sun="sun" in visible),
        size=size,
        ambiguous=ambiguous,
    )


def plan_split(
    split: str, count: int, *, seed: int, taken: set[tuple[float, float]], skip_ambiguous: bool
) -> list[Scene]:
    """Plan `count` scenes whose points differ from each other and from those in `taken`.

    The test split holds unseen cities at every fifth position, all others seen cities only.
    `skip_ambiguous` leaves out scenes that nobody could place, as a teacher's filter does.
    `taken` grows by the new points.
    """
    scenes: list[Scene] = []
    index = 0
    while len(scenes) < count:
        is_unseen = split == "test" and len(scenes) % UNSEEN_EVERY == UNSEEN_EVERY - 1
        scene = _plan_apart(seed, split, index, UNSEEN_CITIES if is_unseen else SEEN_CITIES, taken)
        index += 1
        if skip_ambiguous and scene.ambiguous:
            continue
        taken.add(scene.point.as_tuple())
        scenes.append(scene)
    return scenes


def _plan_apart(
    seed: int, split: str, index: int, cities: Sequence[City], taken: set[tuple[float, float]]
) -> Scene:
    attempt = 0
    while True:
        scene = plan_scene(seed, split, index, cities=cities, attempt=attempt)
        if scene.point.as_tuple() not in taken:
            return scene
        attempt += 1


def _traits(city: City, rng: np.random.Generator) -> dict[str, str]:
    country = city.country
    return {
        "flag": country.name,
        "script": city.script,
        "plate": city.plate,
        "lines": country.lines,
        "side": country.side,
        "plants": city.plants[int(rng.integers(len(city.plants)))],
        "ground": city.ground,
        "roof": city.roof,
        "walls": city.walls[int(rng.integers(len(city.walls)))],
        "terrain": city.terrain,
        "sun": sun_height(city.centre.lat),
        "landmark": city.landmark,
    }


def _solvable_cues(
    rng: np.random.Generator, traits: Mapping[str, str], weather: str
) -> frozenset[str]:
    while True:
        visible = {cue for cue, rate in _VISIBLE_RATE.items() if rng.random() < rate}
        if "side" not in visible:  # no car on the road, no plate
            visible.discard("plate")
        if "roof" in visible:  # one house shows both
            visible.add("walls")
        if weather != "clear":
            visible.discard("sun")
        if weather == "fog":
            visible.discard("terrain")
        if _is_solvable(visible, traits):
            return frozenset(visible)


def _is_solvable(visible: Iterable[str], traits: Mapping[str, str]) -> bool:
    """True if the country can be told: by one strong cue, or by most of the weak ones."""
    cues = set(visible)
    if cues & {"flag", "landmark"}:
        return True
    has_telling_script = "script" in cues and traits["script"] not in ("latin", "arabic")
    num_country = len(cues & set(COUNTRY_CUES))
    num_region = len(cues & set(REGION_CUES))
    return num_region >= 4 and (has_telling_script or num_country >= 4)


def _ambiguous_cues(rng: np.random.Generator) -> frozenset[str]:
    count = int(rng.integers(0, 3))
    return frozenset(str(cue) for cue in rng.choice(_AMBIGUOUS_CUES, size=count, replace=False))


def _weather_with(weather: str, *, has_sun: bool) -> str:
    """The weather made to agree with the sun: it is seen if, and only if, the sky is clear."""
    if has_sun:
        return "clear"
    return "cloudy" if weather == "clear" else weather


def _point_near(city: City, rng: np.random.Generator) -> LatLon:
    """A point up to MAX_OFFSET_KM from the centre, every distance equally likely."""
    point = destination(
        city.centre,
        bearing_deg=float(rng.uniform(0.0, 360.0)),
        distance_km=float(rng.uniform(0.0, MAX_OFFSET_KM)),
    )
    return LatLon(round(point.lat, 4), round(point.lon, 4))


def _pick(rng: np.random.Generator, weights: Mapping[Key, float]) -> Key:
    keys = list(weights)
    return keys[int(rng.choice(len(keys), p=list(weights.values())))]
