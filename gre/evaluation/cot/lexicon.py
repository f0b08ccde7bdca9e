"""The words in which cues of a place are named: what the embedded judge understands.

Each pattern yields one fact of a kind; its value is the set of its telling words, so that "a long
white number plate" and "the plate is white and long" are one fact.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SCRIPTS: Mapping[str, str] = MappingProxyType(
    {
        **{"latin": "latin", "roman": "latin", "cyrillic": "cyrillic", "greek": "greek"},
        **{"arabic": "arabic", "hebrew": "hebrew", "devanagari": "devanagari"},
        **{"tamil": "tamil", "bengali": "bengali", "thai": "thai", "khmer": "khmer"},
        **{"geez": "geez", "ge'ez": "geez", "amharic": "geez", "ethiopic": "geez"},
        **{"chinese": "chinese", "han": "chinese", "japanese": "japanese"},
        **{"hiragana": "japanese", "katakana": "japanese", "korean": "korean"},
        **{"hangul": "korean", "georgian": "georgian", "armenian": "armenian"},
    }
)
"""A word for a writing system, and the one it is counted as."""

PLANTS: Mapping[str, str] = MappingProxyType(
    {
        r"umbrella pines?|stone pines?": "umbrella pine",
        r"tree ferns?": "tree fern",
        r"orange trees?": "orange tree",
        r"cherry trees?|cherry blossoms?|cherries": "cherry",
        r"olive trees?|olives|olive groves?": "olive",
        r"broad-?lea(?:f|ves|ved) trees?|broadleaf|deciduous trees?": "broadleaf",
        r"jungle plants?|jungle|rainforest": "jungle",
        r"maples?(?: trees?)?": "maple",
        r"jacarandas?(?: trees?)?": "jacaranda",
        r"palms?(?: trees?)?": "palm",
        r"cypress(?:es)?(?: trees?)?": "cypress",
        r"cactus(?:es)?|cacti": "cactus",
        r"conifers?|coniferous trees?|evergreens?": "conifer",
        r"birch(?:es)?(?: trees?)?": "birch",
        r"eucalypt(?:us|uses|s)?(?: trees?)?|gum trees?": "eucalyptus",
        r"acacias?(?: trees?)?": "acacia",
        r"bamboos?": "bamboo",
        **{rf"{name}s?(?: trees?)?": name for name in ("oak", "pine", "fir", "spruce", "poplar")},
        **{rf"{name}s?": name for name in ("willow", "mangrove", "baobab", "agave", "vineyard")},
    }
)
"""Plants by pattern; the longer names stand first."""

TERRAIN: Mapping[str, str] = MappingProxyType(
    {
        r"snow(?:y|-capped|-covered)?\s+(?:peaks?|mountains?|summits?)": "snow peaks",
        r"(?:bare\s+|rocky\s+)?mountains?": "mountains",
        r"volcano(?:es)?": "volcano",
        r"(?:red\s+)?mesas?": "mesa",
        r"(?:sand\s+)?dunes?": "dunes",
        r"(?:green\s+|rolling\s+)*hills?": "hills",
        r"flat\s+(?:land|terrain|plains?|country|landscape)|level\s+(?:land|ground)": "flat",
        r"sea|ocean|seaside|coastline": "sea",
    }
)
"""Landforms by pattern."""

GROUND: Mapping[str, str] = MappingProxyType(
    {
        r"lush(?:\s+green)?\s+grass": "lush grass",
        r"dry(?:\s+brown)?\s+grass": "dry grass",
        r"grass": "grass",
        r"red\s+(?:soil|earth|dirt)": "red soil",
        r"gravel": "gravel",
        r"sand(?:y\s+ground)?": "sand",
        r"snow(?:y\s+ground)?": "snow",
    }
)
"""What the ground is made of, by pattern."""

KIND_OF_INDICATOR: Mapping[str, str] = MappingProxyType(
    {
        **{"script": "language", "flag": "symbolic", "plate": "symbolic"},
        **{"roof": "architectural style", "walls": "architectural style"},
        **{"plants": "climate", "sun": "climate"},
        **{"terrain": "geographical features", "ground": "geographical features"},
        **{"side": "social characteristics", "lines": "social characteristics"},
    }
)
"""Kind of fact to kind of indicator. Source of the words: GRE paper, GREval-Bench."""

LANDMARK_KINDS = ("nature landmark", "iconic buildings")
INDICATOR_KINDS = frozenset({*KIND_OF_INDICATOR.values(), *LANDMARK_KINDS})

NATURE = re.compile(
    r"\b(?:mount|mountains?|uluru|remarkables|canyon|falls|waterfall|rock|lake|glacier|island"
    r"|bay|fjord|valley|desert|cliffs?|peak)\b",
    re.IGNORECASE,
)
"""A named place with such a word is a landmark of nature."""

LANDMARK = re.compile(
    r"\b(?:landmark|skyline|monument|tower|bridge|cathedral|temple|mosque|church|castle|palace"
    r"|statue|stadium|museum|pagoda|pyramids?|opera)\b",
    re.IGNORECASE,
)

INFERENCE = re.compile(
    r"\b(?:so|therefore|thus|hence|consequently|suggest\w*|indicat\w*|points?\s+to|pointing\s+to"
    r"|impl(?:y|ies|ying)|means?|consistent\s+with|fits?|match(?:es)?|typical\s+of|likely"
    r"|probabl[ey]|must\s+be|conclu\w+|this\s+is|tell\s+the\s+place|rules?\s+out|narrows?"
    r"|located?\s+in|speaks?\s+for)\b",
    re.IGNORECASE,
)
"""Words of a conclusion."""

_SEEING = """
a an the this that these those there here it its is are was be been being has have had having do
does i we you he she they them their our my your me us one some any all both each few many most
other such no nor not only own same than too very can will just should now and or but if while of
at by for with about between into through during before after above below to from up down in out on
off over under again then once so as which who whom what where when how why
see saw seen seeing look looks looking notice notices noticed observe observed show shows showing
shown visible appear appears photo photos image picture scene view street sign signs signage flag
flags flies flying fly waves waving landmark landmarks skyline car cars vehicle vehicles traffic
road roads keep keeps drive drives driving fit fits best point points together cue cues clue clues
let us begin start first next finally carefully step steps reasoning consider analyze analyse
determine identify need try
tell place located location letters lettering script writing alphabet text written climate plate
plates line lines marking markings evidence therefore thus hence suggest suggests suggesting
indicate indicates indicating likely probably must also far away background behind distance stands
stand rise rises side way house houses building buildings wall walls roof roofs plant plants
vegetation tree trees ground terrain land sun sky painted carry carries along
"""
STOP_WORDS = frozenset(_SEEING.split())
"""Words that carry no fact of their own: grammar, and the words of looking and concluding."""


@dataclass(frozen=True, slots=True)
class Cue:
    """How one kind of fact is named.

    Attributes:
        kind: What it is about.
        pattern: Its groups hold the telling words, or, where there are `values`, the number of the
            group that matched picks one of them.
        values: What each group says.
    """

    kind: str
    pattern: re.Pattern[str]
    values: tuple[str, ...] = ()


def _cue(kind: str, pattern: str) -> Cue:
    return Cue(kind, re.compile(pattern, re.IGNORECASE))


def _named(kind: str, names: Mapping[str, str]) -> Cue:
    """A cue of one pattern for many names, of which the first that fits counts."""
    pattern = "|".join(f"({name})" for name in names)
    return Cue(kind, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), tuple(names.values()))


_OF_WHAT = r"\b(?!(?:the|a|an|and|or|its|their|these|those|this|some|all|of|with)\b)([a-z]+)"
_TINT = "short|long|white|yellow|blue|black|green|red"
_PLATE_TAIL = (
    rf"(?:\s+(?:with|that\s+has|having|showing|bearing)\s+((?:(?:a|an|the|one|two|{_TINT})\s+)*"
    r"(?:band|stripe|top|row)s?))?"
)

CUES: tuple[Cue, ...] = (
    _cue(
        "plate",
        rf"\b((?:(?:{_TINT})(?:,\s*|\s+and\s+|\s+))*)(?:licen[cs]e\s+|number\s+|registration\s+)?"
        rf"plates?\b(?:\s+(?:is|are)\s+((?:(?:{_TINT}|and)[\s,]*)+))?{_PLATE_TAIL}",
    ),
    _cue(
        "lines",
        r"\b(yellow|white)\s+((?:(?:road|lane|cent(?:re|er)|edge|dashed|solid|double)\s+)*)"
        r"(?:lines?|markings?)\b",
    ),
    _cue(
        "side",
        r"\b(?:keep\w*|driv(?:e|es|ing|en)|travel\w*|moves?|runs?|traffic|vehicles?|cars?)\b"
        r"(?:\s+(?:on|to|along|is|are|stays?|keeps?|drives?|runs?|moves?|travels?|the)){0,4}"
        r"\s+(left|right)\b(?:[- ]hand)?(?:\s+side)?(?:\s+of\s+the\s+road)?",
    ),
    _cue("side", r"\b(left|right)[- ]hand\s+traffic\b"),
    _cue("sun", r"\b(high|middle|low)\s+sun\b"),
    _cue("sun", r"\bsun(?:\s+(?:is|stands|hangs|sits))?\s+(high|low)\b"),
    _cue("climate", rf"{_OF_WHAT}\s+climate\b"),
    _cue("climate", r"\bclimate\s+(?:is|seems|looks|must\s+be)\s+([a-z]+)\b"),
    _cue("roof", rf"{_OF_WHAT}\s+(roofs?|gables?|eaves)\b"),
    _cue("roof", r"\b(roofs?|gables?|eaves)\s+(?:(?:of|are|is|in|made)\s+)+([a-z]+)\b"),
    _cue("walls", rf"{_OF_WHAT}\s+(?:walls?|fa[cç]ades?)\b"),
    _cue("walls", r"\b(?:walls?|fa[cç]ades?)\s+(?:(?:of|are|is|in|made)\s+)+([a-z]+)\b"),
    _named("plants", PLANTS),
    _named("terrain", TERRAIN),
    _named("ground", GROUND),
)
"""In the order in which they are looked for: what one has read, the next does not see."""
