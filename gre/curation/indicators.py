"""Geographic indicators named in chains of thought: the corpus that GREval-Bench starts from.

The paper runs named-entity recognition and semantic role labelling over its chains. Here the
lexicon of the embedded judge reads them: no model, the same corpus every time, and the judge later
understands every indicator that was found. Kinds are those of the paper, explicit and implicit.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from gre.evaluation.cot.chains import statements
from gre.evaluation.cot.reading import NAME, Fact, indicator_facts, read_statement
from gre.evaluation.indicators import EXPLICIT, IMPLICIT
from gre.geo.places import iter_towns

TYPE_OF_KIND: Mapping[str, str] = {
    **dict.fromkeys(EXPLICIT, "explicit"),
    **dict.fromkeys(IMPLICIT, "implicit"),
}

_WORDINGS = {
    "script": "{} script",
    "flag": "the flag of {}",
    "plate": "{} number plate",
    "lines": "{} road lines",
    "side": "traffic on the {}",
    "sun": "a {} sun",
    "climate": "a {} climate",
    "roof": "{}",
    "walls": "{} walls",
}
"""How a fact of the lexicon is said; other kinds are said by their words alone."""
_CAPITALS = (NAME, "script", "flag")


@dataclass(frozen=True, order=True)
class Indicator:
    """One thing that speaks for a place.

    Attributes:
        kind: One of the paper's eight, e.g. "language".
        phrase: In words, e.g. "latin script".
    """

    kind: str
    phrase: str

    @property
    def type(self) -> str:
        """Explicit or implicit."""
        return TYPE_OF_KIND[self.kind]


def find_indicators(steps: Sequence[str]) -> tuple[Indicator, ...]:
    """The indicators that a chain names, in its order, each once.

    Names of towns, regions and countries are conclusions and no indicators.
    """
    found: dict[Indicator, None] = {}
    for statement in statements(steps):
        reading = read_statement(statement.text)
        for kind, facts in sorted(indicator_facts(reading).items()):
            for fact in sorted(facts, key=_order):
                is_place = fact.kind == NAME and (
                    not reading.has_landmark_word or _is_place(fact.value)
                )
                phrase = _phrase(fact, statement.text)
                if phrase and not is_place:
                    found.setdefault(Indicator(kind, phrase))
    return tuple(found)


def by_type(indicators: Iterable[Indicator]) -> dict[str, list[str]]:
    """Indicators as a GREval-Bench record lists them: {"explicit": ["language: latin script"]}."""
    lists: dict[str, list[str]] = {}
    for one in indicators:
        lists.setdefault(one.type, []).append(f"{one.kind}: {one.phrase}")
    return {name: lists[name] for name in ("explicit", "implicit") if name in lists}


def corpus(chains: Iterable[Sequence[str]]) -> Counter[Indicator]:
    """How many chains name each indicator."""
    counts: Counter[Indicator] = Counter()
    for steps in chains:
        counts.update(set(find_indicators(steps)))
    return counts


def _order(fact: Fact) -> tuple[str, list[str]]:
    return fact.kind, sorted(fact.value)


def _phrase(fact: Fact, text: str) -> str:
    """A fact in the text's own words and order; empty for a kind alone."""
    written = sorted(_as_written(stem, text) for stem in fact.value)
    words = " ".join(word for _, word in written)
    if fact.kind not in _CAPITALS:
        words = words.lower()
    return _WORDINGS.get(fact.kind, "{}").format(words) if words else ""


def _as_written(stem: str, text: str) -> tuple[int, str]:
    """Where a text has the word of a stem, and how it writes it."""
    found = re.search(rf"\b{re.escape(stem)}[\w'’]*", text, re.IGNORECASE)
    return (found.start(), found.group()) if found else (len(text), stem)


def _is_place(name: frozenset[str]) -> bool:
    return name in _places()


@cache
def _places() -> frozenset[frozenset[str]]:
    """Words of every town, region and country that the gazetteer knows."""
    names = {
        name
        for place, _ in iter_towns()
        for name in (place.city, place.region, place.country)
        if name
    }
    return frozenset(frozenset(name.lower().split()) for name in names)
