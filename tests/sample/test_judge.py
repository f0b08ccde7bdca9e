"""Judge items: balanced, false where they should be, and unreadable from the text alone."""

import itertools

import numpy as np
import pytest

from gre.errors import InputError
from gre.geo.distance import great_circle_km
from gre.sample.plan import cold_start_records, split_judge_items
from gre.sample.published import judge_record
from gre.sample.scenes import plan_split


def plan(split, count, seed=42):
    return plan_split(split, count, seed=seed, taken=set(), skip_ambiguous=True)


@pytest.fixture(scope="module")
def items():
    return split_judge_items(42, "judge", plan("judge", 600))


def test_half_of_the_items_are_false(items):
    assert sum(item.label for item in items) == 300


def test_an_odd_number_has_one_more_true_item():
    items = split_judge_items(42, "judge", plan("judge", 41))
    assert sum(item.label for item in items) == 21


def test_true_items_are_honest_and_false_ones_are_far_away(items):
    for item in items:
        if item.label:
            assert item.teller is item.scene
        else:
            assert great_circle_km(item.teller.point, item.scene.point) > 750.0


def test_a_false_chain_contradicts_something_that_can_be_seen(items):
    for item in items:
        if not item.label:
            told, seen = item.teller.seen_traits, item.scene.seen_traits
            assert any(told[cue] != seen[cue] for cue in told.keys() & seen.keys())


def test_false_chains_are_a_permutation_of_the_scenes_own_chains(items):
    false = [item for item in items if not item.label]
    assert sorted(item.teller.id for item in false) == sorted(item.scene.id for item in false)


def test_false_chains_share_more_cues_than_chance_would_give(items):
    false = [item for item in items if not item.label]

    def shared(scene, teller):
        told, seen = teller.seen_traits, scene.seen_traits
        return sum(told[cue] == seen[cue] for cue in told.keys() & seen.keys())

    chosen = np.mean([shared(item.scene, item.teller) for item in false])
    by_chance = np.mean([shared(a.scene, b.scene) for a, b in itertools.pairwise(false)])
    assert chosen > by_chance + 0.3


def test_too_few_scenes_for_false_chains_are_refused():
    paris = [scene for scene in plan("judge", 400) if scene.city.name == "Paris"][:4]
    with pytest.raises(InputError, match="no false chains found among 4 scenes"):
        split_judge_items(42, "judge", paris)


def test_no_scenes_give_no_items():
    assert split_judge_items(42, "judge", []) == []


def test_a_judge_without_the_picture_is_no_better_than_chance():
    """2,000 training and 1,500 held-out texts: chance is 50 %, one standard error 1.3 points."""
    text = pytest.importorskip("sklearn.feature_extraction.text")
    bayes = pytest.importorskip("sklearn.naive_bayes")
    linear = pytest.importorskip("sklearn.linear_model")
    train = split_judge_items(42, "judge", plan("judge", 2000))
    test = split_judge_items(42, "judge_test", plan("judge_test", 1500))
    questions = [
        [judge_record(item)["conversations"][0]["value"] for item in split]
        for split in (train, test)
    ]
    words = text.CountVectorizer(token_pattern=r"\S+", min_df=3)
    inputs = words.fit_transform(questions[0])
    held_out = words.transform(questions[1])
    labels = [[item.label for item in split] for split in (train, test)]
    for model in (bayes.MultinomialNB(), linear.SGDClassifier(loss="log_loss", random_state=0)):
        model.fit(inputs, labels[0])
        assert model.score(held_out, labels[1]) <= 0.55


@pytest.fixture(scope="module")
def cold_start():
    return cold_start_records(42, plan("cot", 3200))


def test_a_fifth_of_the_cold_start_is_judge_format_with_random_labels(cold_start):
    judged = [record for record in cold_start if record["kind"] == "judge"]
    assert len(cold_start) == 4000
    assert len(judged) == 800
    said = [record["conversations"][1]["value"] for record in judged]
    share = np.mean([text.endswith("<answer> True </answer>") for text in said])
    assert share == pytest.approx(0.5, abs=0.053)  # three standard errors
    assert all(text.endswith((" True </answer>", " False </answer>")) for text in said)


def test_cold_start_labels_do_not_depend_on_whether_the_chain_fits(cold_start):
    own = {r["id"]: r["conversations"][1]["value"] for r in cold_start if r["kind"] == "locate"}
    agree = []
    for record in cold_start:
        if record["kind"] == "judge":
            chain = record["conversations"][0]["value"].split("Reasoning:\n")[1].split("\n")[0]
            fits = chain in own[record["id"].removesuffix("-judge")]
            agree.append(fits == record["conversations"][1]["value"].endswith("True </answer>"))
    assert np.mean(agree) == pytest.approx(0.5, abs=0.053)  # three standard errors
