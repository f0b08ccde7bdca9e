"""Reasoning text: it names what the picture shows, nothing else, and ends in the true point."""

import pytest

from gre.answers import follows_format, read_latlon, read_response
from gre.geo.distance import great_circle_km
from gre.sample.chains import (
    JUDGE_SAMPLE_QUESTION,
    LOCATE_QUESTION,
    STEP_SEPARATOR,
    chain_text,
    indicators,
    reasoning_steps,
    response_text,
    scene_name,
)
from gre.sample.scenes import plan_split

# Words that only the named cue brings into a chain.
CUE_WORDS = {
    "flag": ("flag",),
    "script": ("letters", "script"),
    "plate": (" plate",),
    "lines": ("centre line", "white lines", "edge lines"),
    "side": ("keep left", "keep right", "keeps left", "keeps right"),
    "roof": (" roofs", " gables", " eaves"),
    "sun": (" sun",),
    "landmark": ("skyline", "landmark"),
}


@pytest.fixture(scope="module")
def scenes():
    return plan_split("test", 1500, seed=9, taken=set(), skip_ambiguous=False)


@pytest.mark.parametrize("cue", CUE_WORDS)
def test_a_cue_is_named_exactly_when_it_is_visible(scenes, cue):
    for scene in scenes:
        # The place's own name may hold such a word: only the cues before it are read.
        steps = reasoning_steps(scene)
        text = " ".join(steps[:-1] if cue != "landmark" else steps)
        assert any(word in text for word in CUE_WORDS[cue]) == (
            scene.shows(cue) and not (cue == "landmark" and scene.ambiguous)
        ), text


def test_the_landmark_is_called_by_its_name(scenes):
    for scene in scenes:
        assert (scene.city.landmark in chain_text(scene)) == scene.shows("landmark")


def test_every_chain_ends_at_the_place(scenes):
    for scene in scenes:
        assert scene.city.name in reasoning_steps(scene)[-1]
        assert scene.city.country.name in reasoning_steps(scene)[-1]


def test_a_response_follows_the_grammar_and_answers_the_truth(scenes):
    for scene in scenes:
        text = response_text(scene)
        assert follows_format(text)
        point = read_latlon(text)
        # Three decimals: at most 79 m off.
        assert great_circle_km(point, scene.point) <= 0.08


def test_steps_are_numbered_and_joined_as_published(scenes):
    for scene in scenes:
        parts = chain_text(scene).split(STEP_SEPARATOR)
        assert [part.split(". ")[0] for part in parts] == [str(i + 1) for i in range(len(parts))]
        assert read_response(response_text(scene)).think == chain_text(scene)


def test_chains_are_short_with_few_words(scenes):
    chains = [chain_text(scene).split() for scene in scenes if not scene.ambiguous]
    assert 35 <= sum(map(len, chains)) / len(chains) <= 60
    assert max(map(len, chains)) <= 70
    # Every word a model must learn, names of 81 cities and landmarks included.
    assert len({word.strip(".,:") for chain in chains for word in chain}) <= 450


def test_questions_are_short_and_hold_no_numbers():
    for question in (LOCATE_QUESTION, JUDGE_SAMPLE_QUESTION):
        assert 10 <= len(question.split()) <= 15
        assert not any(character.isdigit() for character in question)


def test_indicators_and_scene_names_come_from_the_paper(scenes):
    names = {
        "nature landmark",
        "iconic buildings",
        "language",
        "symbolic",
        "geographical features",
        "architectural style",
        "social characteristics",
        "climate",
    }
    assert {word for scene in scenes for word in indicators(scene)} == names
    assert {scene_name(scene) for scene in scenes} == {
        "natural",
        "artificial landscape",
        "road traffic",
        "commercial",
    }
