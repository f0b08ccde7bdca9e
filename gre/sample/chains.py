"""The reasoning text of a scene: the cues its picture shows, coarse to fine, and what they mean.

Chains are short and their vocabulary small, since a model of a few million parameters learns to
write them on a CPU. A hidden cue is never named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gre.geo.latlon import LatLon
from gre.prompts import format_answer, format_response
from gre.sample.cities import CITIES, City
from gre.sample.scenes import SCENE_NAMES, Scene, generator

LOCATE_QUESTION = "Where was this photo taken? Name the cues, then give latitude and longitude."
"""The question of the sample world's records. Short, since every token costs time on a CPU."""

JUDGE_SAMPLE_QUESTION = (
    "Does this reasoning fit the photo? Compare the cues, then say True or False."
)
"""The judge question of the sample world's records."""

STEP_SEPARATOR = " // "
"""Joins numbered steps. Source: published GRE30K-CoT examples."""

MAX_COMPARED = 3
"""Cues that a judge compares before the country; more make its thoughts long."""

ROUGH_SHARE = 0.6
"""How often the teacher names only the country of a city it is unsure of, with rough coordinates.

Ours. A set that keeps every answer within 750 km of the truth keeps such answers, too.
"""

ROUGH_DEGREES = 5
"""Rough coordinates are whole multiples of this: up to 393 km off, so within the 750 km."""

_SCRIPT_NAMES: Mapping[str, str] = {
    "latin": "Latin",
    "cyrillic": "Cyrillic",
    "greek": "Greek",
    "arabic": "Arabic",
    "devanagari": "Devanagari",
    "tamil": "Tamil",
    "thai": "Thai",
    "geez": "Geez",
    "han": "Chinese",
    "kana": "Japanese",
    "hangul": "Korean",
}
_PLATE_WORDS: Mapping[str, str] = {
    "short white": "a short white plate",
    "long white": "a long white plate",
    "blue top": "a plate with a blue top",
    "yellow": "a yellow plate",
    "yellow blue band": "a yellow plate with a blue band",
    "blue band": "a plate with one blue band",
    "two blue bands": "a plate with two blue bands",
    "two rows": "a plate with two black rows",
    "green two rows": "a plate with two green rows",
    "black": "a black plate",
    "blue": "a blue plate",
}
_LINE_WORDS: Mapping[str, str] = {
    "yellow": "a yellow centre line",
    "white": "white lines",
    "yellow edges": "yellow edge lines",
}
_PLANT_WORDS: Mapping[str, str] = {
    "maple": "maples",
    "broadleaf": "broadleaf trees",
    "jacaranda": "jacarandas",
    "cherry": "cherry trees",
    "olive": "olive trees",
    "orange tree": "orange trees",
    "palm": "palms",
    "cypress": "cypresses",
    "cactus": "cactus",
    "conifer": "conifers",
    "jungle": "jungle plants",
    "umbrella pine": "umbrella pines",
    "birch": "birches",
    "eucalyptus": "eucalyptus",
    "acacia": "acacias",
    "bamboo": "bamboo",
    "tree fern": "tree ferns",
}
_ROOF_WORDS: Mapping[str, str] = {
    "flat": "flat roofs",
    "gable": "white gables",
    "slate": "slate roofs",
    "tile": "tiled roofs",
    "thatch": "thatched roofs",
    "tin": "tin roofs",
    "steep": "steep roofs",
    "stepped": "stepped gables",
    "eaves": "curved eaves",
    "golden": "golden roofs",
}
_TERRAIN_WORDS: Mapping[str, str] = {
    "flat": "flat land",
    "hills": "green hills",
    "mountains": "bare mountains",
    "snow peaks": "snow peaks",
    "volcano": "a volcano",
    "mesa": "red mesas",
    "dunes": "dunes",
    "sea": "the sea",
}
_SUN_WORDS: Mapping[str, str] = {
    "high": "a high sun",
    "middle": "a middle sun",
    "low": "a low sun",
}


def reasoning_steps(scene: Scene) -> tuple[str, ...]:
    """The reasoning of an observer of the picture, one sentence a step, without numbers."""
    rng = generator(scene.seed, scene.split, scene.index, stream=2)
    steps = (
        _sign_step(scene, rng),
        _road_step(scene, rng),
        _region_step(scene, rng),
        _place_step(scene, rng),
    )
    return tuple(step for step in steps if step)


def chain_text(scene: Scene) -> str:
    """The numbered steps in one line, as in the published examples."""
    return _numbered(reasoning_steps(scene))


def answer_text(scene: Scene) -> str:
    """The scene's true coordinates as a model should write them."""
    return format_answer(scene.point)


def response_text(scene: Scene) -> str:
    """The response of an observer who knows the place: reasoning, then answer."""
    return format_response(chain_text(scene), answer_text(scene))


def teacher_response_text(scene: Scene) -> str:
    """The response that a cold-start record holds: a teacher's, who is unsure of some cities.

    Of a city that is not the first of its country in the table, it says only the country, with
    rough coordinates, in ROUGH_SHARE of the pictures. What the rest of the answers say, and rewards
    by distance can find out, is that more can be told.
    """
    if not is_rough(scene):
        return response_text(scene)
    country = scene.city.country.name
    steps = (*reasoning_steps(scene)[:-1], f"This is somewhere in {country}.")
    rough = LatLon(_rough(scene.point.lat), _rough(scene.point.lon))
    return format_response(_numbered(steps), format_answer(rough))


def is_rough(scene: Scene) -> bool:
    """Whether the teacher names only the country of this scene."""
    if _is_well_known(scene.city):
        return False
    rng = generator(scene.seed, scene.split, scene.index, stream=3)
    return bool(rng.random() < ROUGH_SHARE)


def compared_cues(seen: Scene, told: Scene) -> tuple[tuple[str, str, str], ...]:
    """What can be compared of two scenes: title, word for the first, word for the second.

    Up to MAX_COMPARED cues that both show, then the country, which every chain names.
    """
    words = {
        "plate": ("Plate", _PLATE_WORDS),
        "plants": ("Plants", _PLANT_WORDS),
        "roof": ("Roofs", _ROOF_WORDS),
        "script": ("Signs", _SCRIPT_NAMES),
        "terrain": ("Land", _TERRAIN_WORDS),
    }
    both = [cue for cue in words if seen.shows(cue) and told.shows(cue)]
    rows = [
        (title, names[seen.traits[cue]], names[told.traits[cue]])
        for cue in both[:MAX_COMPARED]
        for title, names in [words[cue]]
    ]
    return (*rows, ("Country", seen.city.country.name, told.city.country.name))


def indicators(scene: Scene) -> tuple[str, ...]:
    """Kinds of indicator in the picture. Source of the words: GRE paper, GREval-Bench."""
    natural = ("Table Mountain", "Uluru", "The Remarkables")
    found = {
        "language": scene.shows("script"),
        "symbolic": scene.shows("flag") or scene.shows("plate"),
        "iconic buildings": scene.shows("landmark") and scene.city.landmark not in natural,
        "nature landmark": scene.shows("landmark") and scene.city.landmark in natural,
        "architectural style": scene.shows("roof"),
        "climate": scene.shows("plants") or scene.shows("sun"),
        "geographical features": scene.shows("terrain") or scene.shows("ground"),
        "social characteristics": scene.shows("side") or scene.shows("lines"),
    }
    return tuple(name for name, is_there in found.items() if is_there)


def scene_name(scene: Scene) -> str:
    """The scene's class in GREval-Bench's words."""
    return SCENE_NAMES[scene.layout]


def _numbered(steps: Sequence[str]) -> str:
    return STEP_SEPARATOR.join(f"{i}. {step}" for i, step in enumerate(steps, 1))


def _is_well_known(city: City) -> bool:
    """Whether it is the first city of its country that the training files have."""
    return city is next((c for c in CITIES if c.seen and c.country == city.country), city)


def _rough(degrees: float) -> float:
    return float(ROUGH_DEGREES * round(degrees / ROUGH_DEGREES))


def _choose(rng: np.random.Generator, *wordings: str) -> str:
    return wordings[int(rng.integers(len(wordings)))]


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def _sign_step(scene: Scene, rng: np.random.Generator) -> str:
    country = scene.city.country.name
    script = _SCRIPT_NAMES[scene.traits["script"]]
    sees_script, sees_flag = scene.shows("script"), scene.shows("flag")
    if sees_script and sees_flag:
        return _choose(
            rng,
            f"{script} letters and the flag of {country}.",
            f"The sign is in {script} script and the flag is that of {country}.",
        )
    if sees_flag:
        return _choose(rng, f"The flag is that of {country}.", f"A flag of {country} flies here.")
    if sees_script:
        return _choose(rng, f"The sign is in {script} script.", f"{script} letters on the sign.")
    return ""


def _road_step(scene: Scene, rng: np.random.Generator) -> str:
    facts = []
    if scene.shows("side"):
        side = scene.traits["side"]
        facts.append(_choose(rng, f"cars keep {side}", f"traffic keeps {side}"))
    things = []
    if scene.shows("lines"):
        things.append(_LINE_WORDS[scene.traits["lines"]])
    if scene.shows("plate"):
        things.append(_PLATE_WORDS[scene.traits["plate"]])
    if things:
        facts.append("I see " + _listed(things))
    if not facts:
        return ""
    text = " and ".join(facts)
    return f"{text[0].upper()}{text[1:]}."


def _region_step(scene: Scene, rng: np.random.Generator) -> str:
    words = []
    if scene.shows("plants"):
        words.append(_PLANT_WORDS[scene.traits["plants"]])
    if scene.shows("ground"):
        words.append(scene.traits["ground"])
    if scene.shows("roof"):
        words.append(f"{scene.traits['walls']} walls, {_ROOF_WORDS[scene.traits['roof']]}")
    if scene.shows("terrain"):
        words.append(_TERRAIN_WORDS[scene.traits["terrain"]])
    if scene.shows("sun"):
        words.append(_SUN_WORDS[scene.traits["sun"]])
    if not words:
        return ""
    text = _listed(words)
    if len(words) < 2 or scene.ambiguous:
        return f"I see {text}."
    joint = _choose(rng, ":", ", so")
    return f"{text[0].upper()}{text[1:]}{joint} a {scene.city.climate} climate."


def _place_step(scene: Scene, rng: np.random.Generator) -> str:
    place = f"{scene.city.name}, {scene.city.country.name}"
    if scene.ambiguous:
        return f"Too few cues to tell the place, which is {place}."
    if scene.shows("landmark"):
        landmark = scene.city.landmark
        return _choose(
            rng,
            f"On the skyline: {landmark}, so this is {place}.",
            f"The landmark is {landmark}, so this is {place}.",
        )
    return _choose(rng, f"All this fits {place} best.", f"Together this points to {place}.")
