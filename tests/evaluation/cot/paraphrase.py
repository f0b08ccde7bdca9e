"""Chains of the sample world told anew, out of order, or mixed up: what a judge must rank.

The new wording is written from a scene's cues, not from its chain, and shares no sentence with it.
"""

import random
from collections.abc import Sequence

from gre.sample.chains import reasoning_steps
from gre.sample.scenes import Scene

SCRIPTS = {
    **{"latin": "Roman", "cyrillic": "Cyrillic", "greek": "Greek", "arabic": "Arabic"},
    **{"devanagari": "Devanagari", "tamil": "Tamil", "thai": "Thai", "geez": "Amharic"},
    **{"han": "Chinese", "kana": "Japanese", "hangul": "Hangul"},
}
PLATES = {
    "short white": "short white",
    "long white": "long, white",
    "yellow": "yellow",
    "black": "black",
    "blue": "blue",
}
TAILS = {
    "blue top": "number plates with a blue top",
    "yellow blue band": "yellow number plates with a blue band",
    "blue band": "number plates with one blue band",
    "two blue bands": "number plates with two blue bands",
    "two rows": "number plates with two black rows",
    "green two rows": "number plates with two green rows",
}
LINES = {
    "yellow": "a yellow center line on the asphalt",
    "white": "white road markings on the asphalt",
    "yellow edges": "yellow edge markings on the asphalt",
}
PLANTS = {
    **{"maple": "maple trees", "broadleaf": "deciduous trees", "jacaranda": "jacaranda trees"},
    **{"cherry": "cherry blossoms", "olive": "olive groves", "orange tree": "orange trees"},
    **{"palm": "palm trees", "cypress": "cypress trees", "cactus": "cacti"},
    **{"conifer": "evergreens", "jungle": "rainforest", "umbrella pine": "stone pines"},
    **{"birch": "birch trees", "eucalyptus": "gum trees", "acacia": "acacia trees"},
    **{"bamboo": "bamboos", "tree fern": "tree ferns"},
}
ROOFS = {
    **{"flat": "roofs are flat", "gable": "gables are white", "slate": "roofs are of slate"},
    **{"tile": "roofs are tiled", "thatch": "roofs are thatched", "tin": "roofs are of tin"},
    **{"steep": "roofs are steep", "stepped": "gables are stepped", "eaves": "eaves are curved"},
    "golden": "roofs are golden",
}
TERRAIN = {
    **{"flat": "level ground", "hills": "rolling green hills", "mountains": "rocky mountains"},
    **{"snow peaks": "snow-capped mountains", "volcano": "a volcano", "mesa": "mesas"},
    **{"dunes": "sand dunes", "sea": "the ocean"},
}


def retell(scene: Scene) -> list[str]:
    """The scene's cues in other words, one step for each step of its own chain."""
    steps = [_sign(scene), _road(scene), _region(scene), _place(scene)]
    return [step for step in steps if step]


def reorder(steps: Sequence[str], rng: random.Random) -> list[str]:
    """The same steps in another order."""
    order = list(range(len(steps)))
    while order == sorted(order):
        rng.shuffle(order)
    return [steps[i] for i in order]


def mix_parts(steps: Sequence[str], rng: random.Random) -> list[str]:
    """Every step's end exchanged with that of another step of the same chain."""
    halves = [
        (words[: len(words) // 2], words[len(words) // 2 :]) for words in map(str.split, steps)
    ]
    shift = rng.randrange(1, len(steps))
    return [
        " ".join([*halves[i][0], *halves[(i + shift) % len(steps)][1]]) for i in range(len(steps))
    ]


def tellable(scene: Scene) -> bool:
    """Whether its chain has an order and sentences to disturb."""
    return not scene.ambiguous and len(reasoning_steps(scene)) >= 3


def _sign(scene: Scene) -> str:
    country = scene.city.country.name
    parts = []
    if scene.shows("script"):
        parts.append(
            f"the shop's name is written with {SCRIPTS[scene.traits['script']]} characters"
        )
    if scene.shows("flag"):
        parts.append(f"there is a {country} flag")
    return _sentence(" and ".join(parts))


def _road(scene: Scene) -> str:
    parts = []
    if scene.shows("side"):
        parts.append(f"vehicles drive on the {scene.traits['side']}")
    if scene.shows("lines"):
        parts.append(f"there is {LINES[scene.traits['lines']]}")
    if scene.shows("plate"):
        plate = scene.traits["plate"]
        if plate in PLATES:
            parts.append(f"the number plate is {PLATES[plate]}")
        else:
            parts.append(f"I notice {TAILS[plate]}")
    return _sentence("; ".join(parts))


def _region(scene: Scene) -> str:
    parts = []
    if scene.shows("terrain"):
        parts.append(f"in the distance there is {TERRAIN[scene.traits['terrain']]}")
    if scene.shows("ground"):
        parts.append(f"the ground is {scene.traits['ground']}")
    if scene.shows("plants"):
        parts.append(f"I notice {PLANTS[scene.traits['plants']]}")
    if scene.shows("roof"):
        parts.append(f"the walls are {scene.traits['walls']}")
        parts.append(f"the {ROOFS[scene.traits['roof']]}")
    if scene.shows("sun"):
        parts.append(f"a {scene.traits['sun']} sun is in the sky")
    if len(parts) - scene.shows("roof") > 1:  # as chains do: one cue alone tells no climate
        parts.append(f"therefore the climate is {scene.city.climate}")
    return _sentence("; ".join(parts))


def _place(scene: Scene) -> str:
    place = f"{scene.city.name} in {scene.city.country.name}"
    if scene.shows("landmark"):
        return f"I recognise {scene.city.landmark}; hence the place is {place}."
    return f"Hence it is most likely {place}."


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
