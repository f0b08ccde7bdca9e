"""The oracle: it reads visible cues only, and it is good."""

from dataclasses import replace

import numpy as np
import pytest

from gre.geo.distance import great_circle_km
from gre.sample.cities import CITY_BY_NAME, SEEN_CITIES, UNSEEN_CITIES
from gre.sample.oracle import Oracle
from gre.sample.scenes import plan_split


@pytest.fixture(scope="module")
def oracle():
    return Oracle()


@pytest.fixture(scope="module")
def scenes():
    return plan_split("test", 1000, seed=11, taken=set(), skip_ambiguous=False)


def share_within(oracle, scenes, radius_km):
    errors = [great_circle_km(oracle.guess_scene(scene), scene.point) for scene in scenes]
    return float(np.mean(np.array(errors) <= radius_km))


def test_probabilities_sum_to_one(oracle, scenes):
    for scene in scenes[:100]:
        chances = oracle.posterior(scene.seen_traits)
        assert chances.shape == (len(SEEN_CITIES),)
        assert chances.min() >= 0.0
        assert chances.sum() == pytest.approx(1.0, abs=1e-9)


def test_without_any_cue_every_city_is_equally_likely(oracle):
    assert oracle.posterior({}) == pytest.approx(np.full(len(SEEN_CITIES), 1 / len(SEEN_CITIES)))


def test_a_known_landmark_settles_the_city(oracle):
    chances = oracle.posterior({"landmark": "Eiffel Tower"})
    best = SEEN_CITIES[int(np.argmax(chances))]
    assert best.name == "Paris"
    assert chances.max() > 0.85


def test_an_unknown_landmark_tells_nothing(oracle):
    cues = {"flag": "Japan", "ground": "gravel"}
    with_unknown = oracle.posterior({**cues, "landmark": "Osaka Castle"})
    assert with_unknown == pytest.approx(oracle.posterior(cues))


def test_the_flag_leaves_only_the_country(oracle):
    chances = oracle.posterior({"flag": "Brazil"})
    inside = sum(
        chance
        for chance, city in zip(chances, SEEN_CITIES, strict=True)
        if city.country.name == "Brazil"
    )
    assert inside > 0.95


def test_neither_the_point_nor_hidden_cues_nor_the_city_are_read(oracle, scenes):
    tokyo = CITY_BY_NAME["Tokyo"]
    for scene in scenes[:100]:
        other = replace(
            scene,
            city=tokyo,
            point=tokyo.centre,
            traits={cue: scene.seen_traits.get(cue, "nonsense") for cue in scene.traits},
        )
        assert oracle.guess_scene(other) == oracle.guess_scene(scene)


def test_it_never_answers_an_unseen_city(oracle, scenes):
    unseen = {city.centre for city in UNSEEN_CITIES}
    assert not {oracle.guess_scene(scene) for scene in scenes} & unseen


def test_it_is_a_bound_worth_having(oracle, scenes):
    """At least 85 % within 750 km overall: the scenes can be solved, by and large."""
    assert share_within(oracle, scenes, 750.0) >= 0.85
    unseen = [scene for scene in scenes if not scene.city.seen]
    assert share_within(oracle, unseen, 750.0) >= 0.75


def test_ambiguous_scenes_are_beyond_it(oracle, scenes):
    ambiguous = [scene for scene in scenes if scene.ambiguous]
    assert len(ambiguous) >= 50
    assert share_within(oracle, ambiguous, 750.0) <= 0.40
