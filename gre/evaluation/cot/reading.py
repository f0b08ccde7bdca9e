"""What a statement says, read by rules: facts about the place, and the words that are left.

No model and no network: the same text always reads the same. The embedded judge compares readings.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from gre.evaluation.cot.lexicon import (
    CUES,
    INDICATOR_KINDS,
    KIND_OF_INDICATOR,
    LANDMARK,
    LANDMARK_KINDS,
    NATURE,
    SCRIPTS,
    STOP_WORDS,
    Cue,
)

NAME = "name"
"""Kind of the facts that are proper names."""

READINGS_KEPT = 8192
"""Readings kept in memory: a chain is read once for every question about it."""

MAX_READ_CHARS = 1500
"""Longest text that is read: a longer one repeats itself. Bounds the time of the rules. Ours."""

FACT_WEIGHT = 3.0
"""A fact weighs as much as three words that are none. Ours."""

ONE_VALUE_KINDS = frozenset({"script", "flag", "side", "lines", "plate", "sun", "climate"})
"""Kinds of which a street has one value: two that differ contradict each other."""

_CAPITAL = r"[A-ZÀ-ÖØ-Þ]"
_NAME_WORD = rf"{_CAPITAL}[\w'’-]*"
_PARTICLE = r"(?:de|da|do|del|di|la|le|du|el|al|of|the)"
_NAME = rf"{_NAME_WORD}(?:\s+(?:{_PARTICLE}\s+)*{_NAME_WORD})*"
_NAMES = re.compile(rf"\b{_NAME}")
_SCRIPT_WORDS = "|".join(SCRIPTS)
_SCRIPT = re.compile(
    rf"\b({_SCRIPT_WORDS})(?:[- ]language)?\s+(?:script|alphabet|letters?|lettering|writing"
    rf"|characters?|text|signage|signs?|words?)\b|\bin\s+({_SCRIPT_WORDS})(?=\s*(?:[.,;:]|$|and\b))",
    re.IGNORECASE,
)
_FLAGS = (
    re.compile(rf"(?i:\bflag(?:\s+is)?(?:\s+that)?\s+of\s+(?:the\s+)?)({_NAME})"),
    re.compile(rf"\b({_NAME})(?:['’]s)?\s+flag\b"),
    re.compile(r"(?i:\b(?:a|the|one)\s+flag\b)"),
)
_WORD = re.compile(r"[^\W\d_]+")
_SMALL = frozenset({"the", "a", "an", "i"})
_UNTELLING = frozenset({"a", "an", "the", "and", "road", "lane"})


class Fact(NamedTuple):
    """One fact.

    Attributes:
        kind: What it is about, e.g. "script"; `NAME` for a proper name.
        value: Its telling words; empty where the kind alone is named.
    """

    kind: str
    value: frozenset[str]


@dataclass(frozen=True)
class Reading:
    """What one or more statements say.

    Attributes:
        facts: What the lexicon understands, and proper names.
        words: Stems of the other words that carry meaning.
        is_nature: Whether a word tells that its names are of nature.
        has_landmark_word: Whether a word tells that a landmark is named.
    """

    facts: frozenset[Fact]
    words: frozenset[str]
    is_nature: bool = False
    has_landmark_word: bool = False

    @property
    def weight(self) -> float:
        """How much there is to agree with."""
        return FACT_WEIGHT * len(self.facts) + len(self.words)

    @property
    def tokens(self) -> frozenset[str]:
        """Every word that stands alone or in a name."""
        named = (fact.value for fact in self.facts if fact.kind == NAME)
        return self.words.union(*named)

    def of_kind(self, kind: str) -> list[frozenset[str]]:
        """Values of the facts of a kind."""
        return [fact.value for fact in self.facts if fact.kind == kind]


@lru_cache(maxsize=READINGS_KEPT)
def read_statement(text: str) -> Reading:
    """Read one statement or step."""
    text = text[:MAX_READ_CHARS]
    facts: set[Fact] = set()
    rest = _take_scripts_and_flags(text, facts)
    rest = _take_names(rest, facts)
    rest = _take_cues(rest, facts)
    words = {stem(word) for word in _WORD.findall(rest.lower()) if word not in STOP_WORDS}
    return Reading(
        frozenset(facts),
        frozenset(word for word in words if len(word) > 1),
        is_nature=bool(NATURE.search(text)),
        has_landmark_word=bool(LANDMARK.search(text)),
    )


def join(readings: Iterable[Reading]) -> Reading:
    """What several statements say together."""
    parts = list(readings)
    return Reading(
        frozenset().union(*(part.facts for part in parts)),
        frozenset().union(*(part.words for part in parts)),
    )


def coverage(wanted: Reading, said: Reading) -> float:
    """Share of the weight of `wanted` that `said` says, in [0, 1]; 0 where nothing is wanted."""
    if wanted.weight == 0:
        return 0.0
    found = sum(FACT_WEIGHT for fact in wanted.facts if _says(said, fact))
    return (found + len(wanted.words & said.tokens)) / wanted.weight


def contradicts(said: Reading, truth: Reading) -> bool:
    """Whether `said` gives a value that differs from every one of its kind in `truth`."""
    for kind in ONE_VALUE_KINDS:
        known, told = truth.of_kind(kind), said.of_kind(kind)
        if known and any(all(_differ(value, other) for other in known) for value in told):
            return True
    return False


def indicator_facts(reading: Reading) -> dict[str, frozenset[Fact]]:
    """Facts of a statement by the kind of geographic indicator, of `INDICATOR_KINDS`."""
    found: dict[str, set[Fact]] = {}
    for fact in reading.facts:
        if fact.kind in KIND_OF_INDICATOR:
            found.setdefault(KIND_OF_INDICATOR[fact.kind], set()).add(fact)
    names = {fact for fact in reading.facts if fact.kind == NAME}
    if names and (reading.has_landmark_word or not found):
        found[LANDMARK_KINDS[0] if reading.is_nature else LANDMARK_KINDS[1]] = names
    assert found.keys() <= INDICATOR_KINDS
    return {kind: frozenset(facts) for kind, facts in found.items()}


def stem(word: str) -> str:
    """A word without the commonest endings of English: enough to compare two wordings."""
    for ending, instead in (("ies", "y"), ("ings", ""), ("ing", ""), ("ed", ""), ("ly", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + instead
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def _says(said: Reading, fact: Fact) -> bool:
    if fact.kind == NAME:
        return fact in said.facts or fact.value <= said.tokens
    return fact in said.facts or (not fact.value and bool(said.of_kind(fact.kind)))


def _differ(a: frozenset[str], b: frozenset[str]) -> bool:
    return not (a <= b or b <= a)


def _take_scripts_and_flags(text: str, facts: set[Fact]) -> str:
    for match in _SCRIPT.finditer(text):
        name = (match[1] or match[2]).lower()
        facts.add(Fact("script", frozenset({SCRIPTS[name]})))
    rest = _SCRIPT.sub(_blank, text)
    for pattern in _FLAGS:
        for match in pattern.finditer(rest):
            country = _name_words(match[1]) if pattern.groups else frozenset()
            facts.add(Fact("flag", country))
        rest = pattern.sub(_blank, rest)
    return rest


def _take_names(text: str, facts: set[Fact]) -> str:
    """Proper names: capitalised words, except one alone at the start, which grammar capitalises."""

    def take(match: re.Match[str]) -> str:
        words = match[0].split()
        before = text[: match.start()].rstrip(" ,\"'“(")
        is_first = not before or before[-1] in ".!?"
        if is_first and (len(words) == 1 or words[0].lower() in STOP_WORDS):
            kept = words[1:]
            if not kept or words[0].lower() not in STOP_WORDS:
                return match[0]
            words = kept
        value = _name_words(" ".join(words))
        if not value or (len(words) == 1 and _is_cue(words[0])):
            return match[0]
        facts.add(Fact(NAME, value))
        return _blank(match)

    return _NAMES.sub(take, text)


def _take_cues(text: str, facts: set[Fact]) -> str:
    for cue in CUES:
        for match in cue.pattern.finditer(text):
            facts.add(Fact(cue.kind, _cue_value(cue, match)))
        text = cue.pattern.sub(_blank, text)
    return text


def _cue_value(cue: Cue, match: re.Match[str]) -> frozenset[str]:
    if cue.values:
        assert match.lastindex is not None
        return frozenset({cue.values[match.lastindex - 1]})
    words = " ".join(group for group in match.groups() if group).lower().replace(",", " ")
    return frozenset(_spelling(stem(word)) for word in words.split() if word not in _UNTELLING)


def _spelling(word: str) -> str:
    return {"center": "centre", "til": "tile", "thatch": "thatch"}.get(word, word)


def _is_cue(word: str) -> bool:
    return any(cue.values and cue.pattern.fullmatch(word) for cue in CUES)


def _name_words(name: str) -> frozenset[str]:
    words = (word.lower().replace("’", "'").removesuffix("'s") for word in name.split())
    return frozenset(word for word in words if word not in _SMALL)


def _blank(match: re.Match[str]) -> str:
    """A comma in place of what was read, so that the words around it do not join."""
    return " , "
