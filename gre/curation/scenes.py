"""The scene classes of GREval-Bench, and which of them a photo shows.

Source of classes: GRE paper, GREval-Bench. The words that speak for each are ours; where a CLIP
model is given, it decides between the classes instead (`gre.models.clip`).
"""

import re
from collections.abc import Mapping, Sequence

OUTDOOR: Mapping[str, str] = {
    "natural": r"nature|forests?|mountains?|beach(?:es)?|lakes?|rivers?|desert|dunes?|cliffs?"
    r"|waterfalls?|glaciers?|volcano(?:es)?|trails?|coast\w*|meadows?|canyons?|wilderness",
    "artificial landscape": r"buildings?|houses?|roofs?|gables?|eaves|walls?|fa[cç]ades?|skyline"
    r"|monuments?|towers?|squares?|plazas?|parks?|gardens?|bridges?|castles?|palaces?",
    "agricultural": r"farm\w*|crops?|vineyards?|paddy|paddies|orchards?|plough\w*|cattle|pastures?"
    r"|plantations?|wheat|rice fields?|greenhouses?|fields of",
    "industrial": r"factor(?:y|ies)|industr\w+|refiner\w+|cranes?|containers?|docks?|mines?"
    r"|power plants?|warehouses?|chimneys?|pipelines?",
    "road traffic": r"cars?|traffic|road lines?|lane|lanes|highways?|motorways?|licen[cs]e plates?"
    r"|plates?|buses|bus|trucks?|drive|driving|intersections?|crossings?|centre line|centerline",
}
INDOOR: Mapping[str, str] = {
    "commercial": r"shops?|stores?|malls?|supermarkets?|restaurants?|caf[eé]s?|shelves|markets?",
    "offices": r"offices?|desks?|meeting rooms?|cubicles?|conference rooms?|computers?",
    "transportation": r"airport terminals?|terminals?|stations?|platforms?|metro|subway|cabin"
    r"|waiting halls?|check-in",
    "cultural": r"museums?|galler(?:y|ies)|librar(?:y|ies)|church interior|altars?|exhibit\w*"
    r"|theatres?|theaters?|classrooms?",
    "medical": r"hospitals?|clinics?|pharmac\w+|wards?|surger\w+",
    "entertainment": r"cinemas?|concerts?|arcades?|gyms?|stadiums?|casinos?|clubs?|bars?|bowling",
}
SCENES: tuple[str, ...] = (*OUTDOOR, *INDOOR)
SETTING: Mapping[str, str] = {
    **dict.fromkeys(OUTDOOR, "outdoor"),
    **dict.fromkeys(INDOOR, "indoor"),
}

_INSIDE = re.compile(r"\b(?:indoors?|inside|interior|ceilings?)\b", re.IGNORECASE)
_PATTERNS = {
    name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for name, words in {**OUTDOOR, **INDOOR}.items()
}


def scene_of(steps: Sequence[str]) -> str | None:
    """The class that most words of a chain speak for; None where none does.

    Indoor classes need a word such as "inside". Of equals, the rarer class wins: a chain about a
    farm names mountains and cars as well.
    """
    text = " ".join(steps)
    names = INDOOR if _INSIDE.search(text) else OUTDOOR
    counts = {name: len(_PATTERNS[name].findall(text)) for name in names}
    most = max(counts.values())
    if most == 0:
        return None
    rare_first = sorted(names, key=lambda name: (_RANK[name], name))
    return next(name for name in rare_first if counts[name] == most)


_RANK = {
    name: rank
    for rank, name in enumerate(
        (
            *("medical", "transportation", "entertainment", "offices", "commercial", "cultural"),
            *("agricultural", "industrial", "road traffic", "natural", "artificial landscape"),
        )
    )
}
"""By how many items of GREval-Bench each class has, fewest first, indoor and outdoor apart."""


def known_scene(value: object) -> str | None:
    """A record's own scene, where it is one of the classes."""
    name = " ".join(str(value).casefold().split())
    return name if name in SCENES else None


def scene_prompt(name: str) -> str:
    """How a class is put to CLIP."""
    return f"an {SETTING[name]} photo of a {name} scene"
