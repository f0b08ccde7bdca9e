"""The embedded judge: exact on the sample world, and sensible in how it orders chains."""

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest

from gre.evaluation.cot.chains import chain_steps, statements
from gre.evaluation.cot.embedded import EmbeddedJudge
from gre.evaluation.cot.judging import of_kind
from gre.evaluation.cot.scores import Part, chain_score, order, precision, recall
from gre.evaluation.cot.verdicts import (
    BACKGROUND,
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
    Unscored,
)
from gre.geo.distance import great_circle_km
from gre.sample.chains import chain_text, indicators, reasoning_steps
from gre.sample.scenes import Scene, plan_split
from tests.evaluation.cot.paraphrase import mix_parts, reorder, retell, tellable

JUDGE = EmbeddedJudge()


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return plan_split("test", 260, seed=21, taken=set(), skip_ambiguous=False)


def parts_of(steps: Sequence[str], key_steps: Sequence[str]) -> tuple[Part, Part, Part, Part]:
    item = Item("x", "Where is it?", tuple(steps), tuple(key_steps))
    keys = JUDGE.find_key_steps(item)
    found = recall(keys), precision(JUDGE.rate_steps(item)), order(keys)
    return *found, chain_score(*found, order_weight=0.2)


def score(steps: Sequence[str], key_steps: Sequence[str]) -> float:
    total = parts_of(steps, key_steps)[-1]
    assert not isinstance(total, Unscored)
    return total


def test_gold_chains_are_perfect(scenes: list[Scene]) -> None:
    for scene in scenes:
        key_steps = reasoning_steps(scene)
        steps = chain_steps(chain_text(scene))
        recalled, precise, ordered, total = parts_of(steps, key_steps)
        assert (recalled, precise, total) == (1.0, 1.0, 1.0), key_steps
        assert ordered == 1.0 or (isinstance(ordered, Unscored) and len(steps) == 1)


def test_every_indicator_of_a_gold_chain_is_named(scenes: list[Scene]) -> None:
    for scene in scenes:
        key_steps = reasoning_steps(scene)
        said = statements(key_steps)
        background = of_kind(said, JUDGE.sort("", said), BACKGROUND)
        item = Item(scene.id, "", key_steps, key_steps, indicators(scene))
        assert all(v.label == NAMED for v in JUDGE.find_indicators(item, background)), key_steps


def test_conclusions_are_the_climate_and_the_place(scenes: list[Scene]) -> None:
    for scene in scenes:
        said = statements(reasoning_steps(scene))
        concluded = of_kind(said, JUDGE.sort("", said), INFERENCE)
        assert (
            concluded[-1]
            .rstrip(".")
            .endswith((scene.city.country.name, f"{scene.city.country.name} best"))
        )
        assert all("climate" in text for text in concluded[:-1])


@pytest.mark.parametrize("cue", ["flag", "script", "side", "plate", "lines", "landmark"])
def test_one_false_cue_costs_its_step_and_no_other(scenes: list[Scene], cue: str) -> None:
    """Take the step that names the cue from a scene that differs in it: it must not match."""
    row = {"flag": 0, "script": 0, "side": 1, "plate": 1, "lines": 1, "landmark": 3}[cue]
    whole = [s for s in scenes if tellable(s) and len(reasoning_steps(s)) == 4]
    tried = 0
    for scene, other in pairwise(whole):
        own, foreign = reasoning_steps(scene), reasoning_steps(other)
        both = scene.shows(cue) and other.shows(cue)
        if not both or scene.traits[cue] == other.traits[cue]:
            continue
        steps = [*own[:row], foreign[row], *own[row + 1 :]]
        item = Item("x", "", tuple(steps), own)
        labels = [verdict.label for verdict in JUDGE.find_key_steps(item)]
        assert labels == [MISSING if i == row else MATCHED for i in range(4)], steps
        tried += 1
    assert tried > 10


def test_other_words_for_the_same_cues_are_the_same(scenes: list[Scene]) -> None:
    for scene in scenes:
        if tellable(scene):
            assert score(retell(scene), reasoning_steps(scene)) == pytest.approx(1.0), retell(scene)


def test_paraphrased_above_shuffled_above_other_photos(scenes: list[Scene]) -> None:
    """Shares of rightly ordered pairs, over chains in the paraphraser's words."""
    rng = random.Random(5)
    told = [scene for scene in scenes if tellable(scene)]
    assert len(told) >= 100
    wins = dict.fromkeys(("order", "parts", "other order", "other parts"), 0)
    for index, scene in enumerate(told):
        around = told[index + 1 :] + told[:index]
        far = next(o for o in around if great_circle_km(o.point, scene.point) > 750.0)
        key_steps = reasoning_steps(scene)
        paraphrased = score(retell(scene), key_steps)
        reordered = score(reorder(retell(scene), rng), key_steps)
        mixed = score(mix_parts(retell(scene), rng), key_steps)
        wrong = score(retell(far), key_steps)
        wins["order"] += paraphrased > reordered
        wins["parts"] += paraphrased > mixed
        wins["other order"] += reordered > wrong
        wins["other parts"] += mixed > wrong
    shares = {name: count / len(told) for name, count in wins.items()}
    assert shares["order"] == shares["parts"] == shares["other order"] == 1.0, shares
    # Halves of sentences put together at random may leave not one fact whole.
    assert shares["other parts"] >= 0.97, shares


@pytest.mark.parametrize(
    ("step", "label"),
    [
        ("Thai letters on the sign.", MATCH),
        ("Greek letters on the sign.", WRONG),
        ("The flag of Thailand flies and Bangkok is near Pattaya.", REASONABLE),
        ("A parked bicycle leans against a fence.", WRONG),
        ("Let us look at the photo.", GENERAL),
    ],
)
def test_worth_of_a_step(step: str, label: str) -> None:
    key_steps = ("Thai script and the flag of Thailand.", "Together this points to Chiang Mai.")
    item = Item("x", "", (step,), key_steps)
    assert [verdict.label for verdict in JUDGE.rate_steps(item)] == [label]


def test_a_step_said_again_is_redundant_unless_the_reference_repeats_it() -> None:
    step = "Thai letters on the sign."
    item = Item("x", "", (step, step, step), (step,))
    assert [v.label for v in JUDGE.rate_steps(item)] == [MATCH, REDUNDANT, REDUNDANT]
    twice = Item("x", "", (step, step), (step, step))
    assert [v.label for v in JUDGE.rate_steps(twice)] == [MATCH, MATCH]


def test_indicators_that_are_no_kinds_are_found_by_their_words() -> None:
    item = Item("x", "", ("s",), ("k",), ("the flag of Kenya", "red buses", "explicit: language"))
    said = ["A flag of Kenya flies here.", "Thai letters on the sign."]
    assert [v.label for v in JUDGE.find_indicators(item, said)] == [NAMED, MISSING, NAMED]


def test_a_kind_is_not_named_by_a_cue_that_the_reference_denies() -> None:
    item = Item("x", "", ("s",), ("Greek letters on the sign.",), ("language",))
    assert JUDGE.find_indicators(item, ["Thai letters on the sign."])[0].label == MISSING
    assert JUDGE.find_indicators(item, ["Signs in Greek lettering."])[0].label == NAMED


def test_verdicts_name_the_step_that_holds_the_key_step() -> None:
    item = Item("x", "", ("Cars keep left.", "Thai letters."), ("Thai letters.", "Cars keep left."))
    assert [v.step for v in JUDGE.find_key_steps(item)] == [2, 1]
