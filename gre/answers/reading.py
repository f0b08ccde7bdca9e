"""The two things read from a response: a point, or a verdict."""

from gre.answers.cut import cut_short, is_answer_open, is_bracket_open
from gre.answers.failures import FailureReason, ParseFailure, excerpt
from gre.answers.items import read_region
from gre.answers.pairs import Outcome, read_pair
from gre.answers.response import boxes, read_response, without_think
from gre.answers.tokens import tokenize
from gre.geo.latlon import LatLon

_VERDICTS = {"true": True, "truth": True, "false": False}
_NEGATIONS = frozenset({"not", "isn't", "isn’t", "neither", "nor", "or", "never", "cannot"})
_VERDICT_FILLERS = frozenset(
    "the final my answer is it this verdict judgment judgement conclusion therefore so thus hence"
    " prediction coordinates are".split()
)


def read_latlon(text: str, *, strict: bool = False) -> LatLon | ParseFailure:
    r"""The point that a model's text gives as its answer.

    The first of these that occurs is read, and no other: the last complete <answer>; \boxed{};
    a named pair ("lat: 40.7, lon: -74.0"); a bare pair ("40.7, -74.0", latitude first). Reasoning
    inside <think> is no answer. Two different pairs of the same kind are ambiguous, and so is a
    side or a second value beside a pair that contradicts it. Nothing is guessed, swapped, wrapped
    or clamped.

    In a text that ends inside of an open <answer>, box, JSON object or bracket a last number that
    touches the end may be cut: it is taken for whole only where it has a fraction with at least as
    many decimals as its partner, and is otherwise one number too few.

    Args:
        text: What the model wrote. The time is linear in its length.
        strict: Read <answer> tags only.

    Returns:
        The point, or why there is none.
    """
    answer = read_response(text).answer
    if answer is not None:
        return _explained(read_pair(read_region(answer), is_answer=True), answer)
    if strict:
        return ParseFailure(FailureReason.NO_ANSWER, f"no complete <answer>: {excerpt(text)}")
    outside = without_think(text)
    boxed = _boxed_pair(outside)
    if boxed is not None:
        return _explained(boxed, outside)
    if is_answer_open(text) or is_bracket_open(outside):
        return _explained(_read_open(outside, is_answer=False), outside)
    return _explained(read_pair(read_region(outside.strip()), is_answer=False), outside)


def read_judgment(text: str) -> bool | ParseFailure:
    r"""The verdict of a judge: True, Truth or False in any case.

    It is read in the last complete <answer>, in \boxed{}, or as the whole text or last line
    outside of the reasoning ("Final answer: **True**"). "Not true", "True or False" and two
    different verdicts are ambiguous.
    """
    answer = read_response(text).answer
    if answer is not None:
        return _verdict(answer)
    outside = without_think(text).strip()
    boxed = list(boxes(outside))
    if boxed:
        return _verdict(boxed[-1])
    last_line = outside.rpartition("\n")[2]
    words = {token.text.lower() for token in tokenize(last_line) if token.kind == "word"}
    if words <= _VERDICTS.keys() | _VERDICT_FILLERS | _NEGATIONS:
        return _verdict(last_line)
    return ParseFailure(FailureReason.NO_ANSWER, f"no verdict: {excerpt(last_line)}")


def _verdict(text: str) -> bool | ParseFailure:
    words = [token.text.lower() for token in tokenize(text) if token.kind == "word"]
    verdicts = {_VERDICTS[word] for word in words if word in _VERDICTS}
    if not verdicts:
        return ParseFailure(FailureReason.NO_ANSWER, f"neither True nor False: {excerpt(text)}")
    if len(verdicts) > 1 or _NEGATIONS.intersection(words):
        return ParseFailure(FailureReason.AMBIGUOUS, f"no clear verdict: {excerpt(text)}")
    return verdicts.pop()


def _boxed_pair(text: str) -> Outcome | None:
    """The one point of the boxes; None without a box. One with a pair outweighs those without."""
    seen: set[str] = set()
    found: Outcome | None = None
    for box in boxes(text):
        if box in seen:
            continue
        seen.add(box)
        if text.endswith(box):
            outcome = _read_open(box, is_answer=True)
        else:
            outcome = read_pair(read_region(box.strip()), is_answer=True)
        if not isinstance(outcome, LatLon) and isinstance(found, LatLon):
            continue
        if isinstance(outcome, LatLon) and isinstance(found, LatLon) and outcome != found:
            return ParseFailure(FailureReason.AMBIGUOUS, "boxes that differ")
        found = outcome
    return found


def _read_open(text: str, *, is_answer: bool) -> Outcome:
    """The pair of a text that has no end: its last number must not look cut."""
    region = read_region(text.strip())
    outcome = read_pair(region, is_answer=is_answer)
    if isinstance(outcome, LatLon):
        return cut_short(region, text, outcome) or outcome
    return outcome


def _explained(outcome: Outcome, text: str) -> Outcome:
    if isinstance(outcome, LatLon):
        return outcome
    return ParseFailure(outcome.reason, f"{outcome.detail}: {excerpt(text)}")
