"""Reasoning text: it names what the picture shows, nothing else, and ends in the true point."""

import pytest

from gre.answers import follows_format, read_latlon, read_response
from gre.geo.distance import great_circle_km
from gre.sample.chains import (
    JUDGE_SAMPLE_QUESTION,
    LOCATE_QUESTION,
    ROUGH_SHARE,
    STEP_SEPARATOR,
    chain_text,
    indicators,
    is_rough,
    reasoning_steps,
    response_text,
    scene_name,
    teacher_response_text,
)
from gre.sample.cities import CITIES
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


@pytest.fixture(scope="module")
def cold_start():
    return plan_split("cot", 1500, seed=9, taken=set(), skip_ambiguous=True)


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


def test_the_teacher_is_rough_about_some_cities_and_within_750_km(cold_start):
    rough = [scene for scene in cold_start if is_rough(scene)]
    for scene in rough:
        text = teacher_response_text(scene)
        assert follows_format(text)
        assert scene.city.name not in text
        assert text.split(" </think>")[0].endswith(f"somewhere in {scene.city.country.name}.")
        assert great_circle_km(read_latlon(text), scene.point) < 750
    for scene in cold_start:
        assert (teacher_response_text(scene) == response_text(scene)) == (scene not in rough)


def test_the_teacher_is_sure_of_one_city_a_country_and_rough_in_its_share_elsewhere(cold_start):
    unsure = {scene.city.name for scene in cold_start if is_rough(scene)}
    assert len(unsure) == 28
    for country in {scene.city.country for scene in cold_start}:
        assert any(c.name not in unsure for c in CITIES if c.seen and c.country == country)
    draws = [is_rough(scene) for scene in cold_start if scene.city.name in unsure]
    five_errors = 5 * (ROUGH_SHARE * (1 - ROUGH_SHARE) / len(draws)) ** 0.5
    assert abs(sum(draws) / len(draws) - ROUGH_SHARE) < five_errors


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
