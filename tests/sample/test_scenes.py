"""Planning scenes: determinism, shares, and points that no two scenes have in common."""

from dataclasses import asdict, replace

import pytest

from gre.errors import InputError
from gre.geo.distance import great_circle_km
from gre.sample.cities import SEEN_CITIES
from gre.sample.plan import FULL, QUICK, WorldSizes, plan_world
from gre.sample.scenes import CUES, SPLITS, plan_scene, plan_split, sun_height

SMALL = WorldSizes(cot=60, judge=40, seed=30, val=20, test=50, judge_test=40, judge_val=24)


@pytest.fixture(scope="module")
def many():
    return plan_split("test", 2000, seed=5, taken=set(), skip_ambiguous=False)


def test_a_scene_depends_on_its_key_alone():
    once = plan_scene(3, "cot", 17, cities=SEEN_CITIES)
    plan_scene(3, "cot", 16, cities=SEEN_CITIES)
    assert plan_scene(3, "cot", 17, cities=SEEN_CITIES) == once
    assert plan_scene(4, "cot", 17, cities=SEEN_CITIES).point != once.point
    assert plan_scene(3, "judge", 17, cities=SEEN_CITIES).point != once.point


def test_a_taken_point_moves_the_scene_and_nothing_else():
    first = plan_scene(3, "cot", 17, cities=SEEN_CITIES)
    (moved,) = [
        scene
        for scene in plan_split(
            "cot", 18, seed=3, taken={first.point.as_tuple()}, skip_ambiguous=False
        )
        if scene.index == 17
    ]
    assert moved.point != first.point
    assert moved.traits == first.traits
    assert moved.visible == first.visible


def test_no_two_scenes_of_a_world_share_a_point():
    points = [
        scene.point.as_tuple() for scenes in plan_world(42, SMALL).values() for scene in scenes
    ]
    assert len(points) == sum(asdict(SMALL).values())
    assert len(set(points)) == len(points)


def test_points_lie_within_fifteen_kilometres_of_the_city(many):
    # Rounding to four decimals moves a point by at most 8 m.
    assert max(great_circle_km(scene.point, scene.city.centre) for scene in many) <= 15.01


def test_points_have_four_decimals(many):
    for scene in many:
        assert scene.point.as_tuple() == (round(scene.point.lat, 4), round(scene.point.lon, 4))


def test_a_fifth_of_the_test_split_is_unseen(many):
    assert sum(not scene.city.seen for scene in many) == len(many) // 5


@pytest.mark.parametrize("split", ["cot", "judge", "seed", "val", "judge_test", "judge_val"])
def test_no_other_split_shows_an_unseen_city(split):
    scenes = plan_split(split, 300, seed=5, taken=set(), skip_ambiguous=False)
    assert all(scene.city.seen for scene in scenes)


@pytest.mark.parametrize("split", ["cot", "judge", "judge_test", "judge_val"])
def test_files_with_reasoning_hold_no_ambiguous_scene(split):
    assert not any(scene.ambiguous for scene in plan_world(42, SMALL)[split])


def test_shares_of_ambiguous_scenes_and_landmarks(many):
    # 2,000 draws: standard error below 1.2 percentage points.
    assert sum(scene.ambiguous for scene in many) / len(many) == pytest.approx(0.08, abs=0.025)
    assert sum(scene.shows("landmark") for scene in many) / len(many) == pytest.approx(
        0.62, abs=0.05
    )


def test_an_ambiguous_scene_shows_at_most_two_weak_cues(many):
    for scene in many:
        if scene.ambiguous:
            assert len(scene.visible) <= 2
            assert not {"flag", "script", "plate", "landmark"} & set(scene.visible)


def test_visible_cues_agree_with_each_other(many):
    for scene in many:
        assert set(scene.visible) <= set(CUES)
        assert scene.shows("side") or not scene.shows("plate")
        assert scene.shows("roof") == scene.shows("walls")
        assert scene.shows("sun") == (scene.weather == "clear")
        assert set(scene.seen_traits) == set(scene.visible)


@pytest.mark.parametrize(
    ("lat_deg", "height"),
    [(0, "high"), (-24.9, "high"), (25, "middle"), (-47.9, "middle"), (48, "low"), (-69, "low")],
)
def test_the_sun_sinks_towards_the_poles(lat_deg, height):
    assert sun_height(lat_deg) == height


def test_presets():
    assert asdict(QUICK) == {
        "cot": 6000,
        "judge": 800,
        "seed": 800,
        "val": 128,
        "test": 500,
        "judge_test": 200,
        "judge_val": 96,
    }
    assert FULL.test >= 1000
    assert FULL.judge_val == 256


def test_a_later_split_moves_no_earlier_scene():
    """Splits are planned in the order of the fields, so a new one comes last."""
    without = plan_world(42, replace(SMALL, judge_val=0))
    with_it = plan_world(42, SMALL)
    assert list(with_it)[-1] == "judge_val"
    assert with_it | {"judge_val": []} == without


def test_streams_keep_their_place_in_the_random_key():
    assert SPLITS[:7] == ("cot", "judge", "seed", "val", "test", "judge_test", "sheet")
    assert SPLITS[7] == "judge_val"


@pytest.mark.parametrize("count", [-1, 1.5, "3", True, 100_000])
def test_sizes_out_of_range_are_refused(count):
    with pytest.raises(InputError, match="size of test: got"):
        WorldSizes(test=count)


@pytest.mark.parametrize("seed", [-1, 1.5, "3", True])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(InputError, match="seed: got"):
        plan_world(seed, SMALL)
