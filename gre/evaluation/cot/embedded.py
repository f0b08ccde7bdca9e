"""The embedded judge: rules instead of a model. It needs no network, and it never changes its mind.

It reads each step into facts and words (`reading.py`) and compares those. It is exact on the sample
world, whose cues it knows, and orders chains sensibly elsewhere; its numbers are not comparable
with those of a language model, and every table names it.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from gre.evaluation.cot import lexicon, reading
from gre.evaluation.cot.chains import Statement, statements
from gre.evaluation.cot.reading import (
    NAME,
    Fact,
    Reading,
    contradicts,
    coverage,
    indicator_facts,
    join,
    read_statement,
)
from gre.evaluation.cot.verdicts import (
    BACKGROUND,
    CAPTION,
    GENERAL,
    INFERENCE,
    MATCH,
    MATCHED,
    MISSING,
    NAMED,
    REASONABLE,
    REDUNDANT,
    WRONG,
    Item,
    Verdict,
    Verdicts,
)

EMBEDDED = "embedded"

MATCH_SHARE = 0.6
"""A step that says this share of another's weight says the same. Ours."""

REASONABLE_SHARE = 0.3
"""A step of which the reference supports this share may well be so. Ours."""


class EmbeddedJudge:
    """Judges by rules."""

    max_parallel = 1

    def describe(self) -> Mapping[str, object]:
        """Name, thresholds and the hash of its rules."""
        files = (lexicon.__file__, reading.__file__, __file__)
        rules = b"".join(Path(str(file)).read_bytes() for file in files)
        return {
            "name": EMBEDDED,
            "model": None,
            "rules_sha256": hashlib.sha256(rules).hexdigest(),
            "match_share": MATCH_SHARE,
            "reasonable_share": REASONABLE_SHARE,
        }

    def usage(self) -> Mapping[str, object]:
        """Nothing is spent."""
        return {"calls": 0, "cached": 0, "prompt_tokens": 0, "completion_tokens": 0, "usd": 0.0}

    def sort(self, question: str, said: Sequence[Statement]) -> Verdicts:
        """Conclusions by their words, indicators by their facts; the rest describes the photo."""
        del question
        return tuple(_sort(statement.text) for statement in said)

    def find_key_steps(self, item: Item) -> Verdicts:
        """Each key step's best step, if that says enough of it and contradicts nothing."""
        steps = [read_statement(step) for step in item.steps]
        keys = [read_statement(step) for step in item.key_steps]
        return tuple(_find(i, keys, steps, item) for i in range(len(keys)))

    def rate_steps(self, item: Item) -> Verdicts:
        """Each step by the share of it that the reference supports."""
        reference = join(read_statement(step) for step in item.key_steps)
        allowed = Counter(_plain(step) for step in item.key_steps)
        seen: Counter[str] = Counter()
        verdicts = []
        for step in item.steps:
            plain = _plain(step)
            seen[plain] += 1
            if seen[plain] > max(1, allowed[plain]):
                verdicts.append(Verdict(REDUNDANT, "An earlier step says the same words."))
            else:
                is_key = plain in allowed
                verdicts.append(_rate(read_statement(step), reference, is_key=is_key))
        return tuple(verdicts)

    def find_indicators(self, item: Item, background: Sequence[str]) -> Verdicts:
        """A kind of indicator by its facts, which the key steps must share; others by words."""
        said = [read_statement(text) for text in background]
        told = [read_statement(statement.text) for statement in statements(item.key_steps)]
        return tuple(_find_indicator(name, said, told) for name in item.indicators)


def _sort(text: str) -> Verdict:
    said = read_statement(text)
    conclusion = lexicon.INFERENCE.search(text)
    if conclusion or said.of_kind("climate"):
        word = conclusion[0].lower() if conclusion else "climate"
        return Verdict(INFERENCE, f'"{word}" concludes.')
    kinds = indicator_facts(said)
    if kinds and (said.has_landmark_word or any(fact.kind != NAME for fact in said.facts)):
        return Verdict(BACKGROUND, f"It names {', '.join(sorted(kinds))}.")
    return Verdict(CAPTION, "It describes and names no indicator.")


def _find(index: int, keys: Sequence[Reading], steps: Sequence[Reading], item: Item) -> Verdict:
    key = keys[index]
    if key.weight == 0:
        same = [
            i
            for i, step in enumerate(item.steps, 1)
            if _plain(step) == _plain(item.key_steps[index])
        ]
        if same:
            return Verdict(MATCHED, "The words are the same.", same[0])
        return Verdict(MISSING, "It names no fact, and no step has its words.")
    fitting = [
        (coverage(key, step), coverage(step, key), -_apart(index, len(keys), i, len(steps)), -i)
        for i, step in enumerate(steps)
        if not contradicts(step, key)
    ]
    if not fitting:
        return Verdict(MISSING, "Every step contradicts it.")
    share, _, _, minus_i = max(fitting)
    reason = f"Step {1 - minus_i} says {share:.0%} of it."
    if share >= MATCH_SHARE:
        return Verdict(MATCHED, reason, 1 - minus_i)
    return Verdict(MISSING, f"At best, {reason[0].lower()}{reason[1:]}")


def _apart(i: int, num_keys: int, j: int, num_steps: int) -> float:
    """How far apart two steps stand in their chains, in [0, 1]: it decides between equals."""
    return abs((i + 0.5) / num_keys - (j + 0.5) / num_steps)


def _rate(said: Reading, reference: Reading, *, is_key: bool) -> Verdict:
    if is_key:
        return Verdict(MATCH, "A key step has its words.")
    if said.weight == 0:
        return Verdict(GENERAL, "It claims nothing about this photo.")
    if contradicts(said, reference):
        return Verdict(WRONG, "It contradicts a key step.")
    share = coverage(said, reference)
    reason = f"The key steps say {share:.0%} of it."
    if share >= MATCH_SHARE:
        return Verdict(MATCH, reason)
    return Verdict(REASONABLE if share >= REASONABLE_SHARE else WRONG, reason)


def _find_indicator(name: str, said: Sequence[Reading], told: Sequence[Reading]) -> Verdict:
    words = re.split(r"[:/]", name.casefold())  # "explicit: language" is a kind too
    kinds = {" ".join(part.split()) for part in words} & lexicon.INDICATOR_KINDS
    if not kinds:
        share = coverage(read_statement(name), join(said))
        reason = f"The statements say {share:.0%} of it."
        return Verdict(NAMED if share >= MATCH_SHARE else MISSING, reason)
    own, gold = _facts_of(kinds, said), _facts_of(kinds, told)
    if not own:
        return Verdict(MISSING, "No statement names a cue of this kind.")
    if gold and not own & gold:
        return Verdict(MISSING, "The cues of this kind are not those of the key steps.")
    return Verdict(NAMED, "A statement names a cue of this kind.")


def _facts_of(kinds: Collection[str], readings: Sequence[Reading]) -> frozenset[Fact]:
    by_kind = [indicator_facts(reading) for reading in readings]
    return frozenset().union(*(facts.get(kind, frozenset()) for facts in by_kind for kind in kinds))


def _plain(text: str) -> str:
    """A step's words in lower case, to tell whether two steps are the same."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
