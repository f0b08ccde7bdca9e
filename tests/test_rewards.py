"""Rewards against values worked by hand, their laws, and the faults they must not have."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gre.answers import FailureReason
from gre.errors import InputError
from gre.geo.latlon import LatLon
from gre.prompts import format_answer, format_response
from gre.rewards import (
    REWARDS,
    SCALED_REWARDS,
    TRUTH_REWARDS,
    Reward,
    RewardReason,
    Target,
    country_reward,
    decay_reward,
    distance_reward,
    exponential_reward,
    format_reward,
    geodesic_reward,
    judge_reward,
    piecewise_reward,
    times_format,
)
from gre.sample.plan import WorldSizes, plan_world, split_judge_items
from gre.sample.published import judge_record, seed_record

NEW_YORK = LatLon(40.742, -73.985)
GOOD = "<think> a </think> <answer> 40.742, -73.985 </answer>"
ERRORS_KM = st.floats(0, 20_020)
SCALES_KM = st.floats(0.001, 1e6)


@pytest.mark.parametrize(
    ("error_km", "scale_km", "value"),
    [
        (0, 25, 1.0),
        (25, 25, 2 / (1 + math.e)),  # 0.538
        (50, 25, 2 / (1 + math.e**2)),
        (200, 2500, 0.96002),  # "a fixed theta of 2500 is flat nearby: 0.96 at 200 km"
        (200, 25, 0.00067),  # "a fixed theta of 25 is blind far away: 0.0007 at 200 km"
    ],
)
def test_values_of_the_formula(error_km: float, scale_km: float, value: float) -> None:
    assert distance_reward(error_km, scale_km=scale_km) == pytest.approx(value, abs=6e-6)


@given(ERRORS_KM, ERRORS_KM, SCALES_KM)
def test_a_reward_stays_in_range_and_falls_with_distance(
    near_km: float, far_km: float, scale_km: float
) -> None:
    near_km, far_km = sorted((near_km, far_km))
    near, far = (distance_reward(km, scale_km=scale_km) for km in (near_km, far_km))
    assert 0.0 <= far <= near <= 1.0


@given(ERRORS_KM, SCALES_KM)
def test_a_coarser_scale_never_lowers_a_reward(error_km: float, scale_km: float) -> None:
    fine = distance_reward(error_km, scale_km=scale_km)
    assert distance_reward(error_km, scale_km=2 * scale_km) >= fine


@pytest.mark.parametrize(
    ("error_km", "scale_km"),
    [(-1, 25), (math.nan, 25), (1, 0), (1, -5), (1, math.nan), (1, math.inf)],
)
def test_impossible_values_are_refused_in_one_line(error_km: float, scale_km: float) -> None:
    with pytest.raises(InputError, match=r"must be .* got"):
        distance_reward(error_km, scale_km=scale_km)


def test_format() -> None:
    assert format_reward(GOOD) == Reward(1.0, RewardReason.HIT)
    assert format_reward(GOOD + " x") == Reward(0.0, RewardReason.BAD_FORMAT)
    assert format_reward("40.742, -73.985") == Reward(0.0, RewardReason.NO_THINK_TAG)
    assert format_reward("<think> a </think> 1, 2") == Reward(0.0, RewardReason.NO_ANSWER_TAG)


@pytest.mark.parametrize(
    ("answer", "label", "reward"),
    [
        ("True", True, Reward(1.0, RewardReason.HIT)),
        ("truth", True, Reward(1.0, RewardReason.HIT)),
        ("False", False, Reward(1.0, RewardReason.HIT)),
        ("True", False, Reward(0.0, RewardReason.WRONG_VERDICT)),
        ("False", True, Reward(0.0, RewardReason.WRONG_VERDICT)),
        ("maybe", True, Reward(0.0, RewardReason.NO_ANSWER)),
        ("True or False", True, Reward(0.0, RewardReason.AMBIGUOUS)),
    ],
)
def test_judge(answer: str, label: bool, reward: Reward) -> None:
    assert judge_reward(f"<think> a </think> <answer> {answer} </answer>", label=label) == reward


def test_geodesic_reward_at_one_scale() -> None:
    # One degree of latitude is π 6371 / 180 km; with that as scale the reward is 2 / (1 + e).
    one_degree_km = math.pi * 6371.0 / 180
    reward = geodesic_reward("<answer> 41.742, -73.985 </answer>", NEW_YORK, scale_km=one_degree_km)
    assert reward.value == pytest.approx(2 / (1 + math.e), abs=1e-9)


@pytest.mark.parametrize(("scale_km", "reason"), [(112, RewardReason.HIT), (111, RewardReason.FAR)])
def test_a_hit_is_within_one_scale(scale_km: float, reason: RewardReason) -> None:
    # One degree of latitude is 111.19 km.
    text = "<answer> 41.742, -73.985 </answer>"
    assert geodesic_reward(text, NEW_YORK, scale_km=scale_km).reason is reason


def test_the_distance_can_be_the_ellipsoids() -> None:
    text = "<answer> 0, 90 </answer>"
    scale_km = 6378.137 * math.pi / 2  # a quarter of the equator of WGS84
    reward = geodesic_reward(text, LatLon(0, 0), scale_km=scale_km, distance="geodesic")
    assert reward.value == pytest.approx(2 / (1 + math.e), abs=1e-9)
    with pytest.raises(InputError, match="haversine, geodesic"):
        geodesic_reward(text, LatLon(0, 0), scale_km=1, distance="euclid")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", FailureReason.NO_ANSWER),
        ("I cannot tell", FailureReason.REFUSAL),
        ("40.742", FailureReason.ONE_NUMBER),
        ("91, 0", FailureReason.OUT_OF_RANGE),
        ("nan, nan", FailureReason.NOT_A_NUMBER),
        ("40.7, -74.0; 1.0, 2.0", FailureReason.AMBIGUOUS),
    ],
)
def test_an_unreadable_answer_earns_nothing_and_says_why(
    answer: str, reason: FailureReason
) -> None:
    reward = geodesic_reward(f"<answer> {answer} </answer>", NEW_YORK, scale_km=25)
    assert reward == Reward(0.0, RewardReason(reason.value))


def test_every_parse_failure_has_a_reward_reason() -> None:
    assert {reason.value for reason in FailureReason} < {reason.value for reason in RewardReason}


def test_strict_reads_tags_only() -> None:
    reward = geodesic_reward("40.742, -73.985", NEW_YORK, scale_km=25, strict=True)
    assert reward == Reward(0.0, RewardReason.NO_ANSWER)
    assert geodesic_reward(GOOD, NEW_YORK, scale_km=25, strict=True).value == 1.0


# The faults of the reward file that was published with the paper, each shown to be absent.


def test_fault_1_order_of_names_does_not_swap_the_numbers() -> None:
    latitude_first = '<answer> "Latitude": 40.742, "Longitude": -73.985 </answer>'
    longitude_first = '<answer> "Longitude": -73.985, "Latitude": 40.742 </answer>'
    for text in (latitude_first, longitude_first):
        assert geodesic_reward(text, NEW_YORK, scale_km=1) == Reward(1.0, RewardReason.HIT)


@pytest.mark.parametrize("quote", ['"', "'", "“", "”", "`", ""])
def test_fault_2_a_quote_after_a_name_does_not_hide_the_number(quote: str) -> None:
    text = f"<answer> {quote}Latitude{quote} : 40.742, {quote}Longitude{quote} : -73.985 </answer>"
    assert geodesic_reward(text, NEW_YORK, scale_km=1).value == 1.0


def test_fault_3_hemispheres_count() -> None:
    right = geodesic_reward("<answer> 40.742°N, 73.985°W </answer>", NEW_YORK, scale_km=1)
    wrong = geodesic_reward("<answer> 40.742°N, 73.985°E </answer>", NEW_YORK, scale_km=1)
    assert right.value == 1.0
    assert wrong.value == pytest.approx(0.0, abs=1e-9)


def test_fault_4_the_far_end_of_the_earth_does_not_overflow() -> None:
    text = "<answer> -40.742, 106.015 </answer>"
    assert geodesic_reward(text, NEW_YORK, scale_km=1) == Reward(0.0, RewardReason.FAR)
    assert distance_reward(1e308, scale_km=1e-308) == 0.0
    assert distance_reward(math.inf, scale_km=25) == 0.0


def test_fault_5_rewards_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    geodesic_reward(GOOD, NEW_YORK, scale_km=25)
    geodesic_reward("?", NEW_YORK, scale_km=25)
    judge_reward("True", label=True)
    format_reward(GOOD)
    assert capfd.readouterr() == ("", "")


def test_fault_6_the_scale_has_no_hidden_value() -> None:
    with pytest.raises(TypeError, match="scale_km"):
        geodesic_reward(GOOD, NEW_YORK)  # type: ignore[call-arg]


# The other shapes that the field uses.


@pytest.mark.parametrize(
    ("error_km", "value"),
    [(0, 1.0), (375, 0.75), (750, 0.5), (1625, 0.35), (2500, 0.2), (11_250, 0.1), (20_015, 0.0)],
)
def test_piecewise_linear_values(error_km: float, value: float) -> None:
    assert piecewise_reward(error_km) == pytest.approx(value, abs=1e-12)


@given(ERRORS_KM, ERRORS_KM)
def test_piecewise_linear_falls_with_distance(near_km: float, far_km: float) -> None:
    near_km, far_km = sorted((near_km, far_km))
    assert 0.0 <= piecewise_reward(far_km) <= piecewise_reward(near_km) <= 1.0


def test_exponential_values() -> None:
    assert decay_reward(200, scale_km=200) == pytest.approx(1 / math.e, abs=1e-12)
    assert exponential_reward(GOOD, NEW_YORK, scale_km=25) == Reward(1.0, RewardReason.HIT)
    assert exponential_reward("?", NEW_YORK, scale_km=25).reason is RewardReason.NO_ANSWER
    with pytest.raises(InputError, match="error_km must be >= 0"):
        piecewise_reward(-1)


def test_country_is_that_of_the_nearest_town() -> None:
    los_angeles, toronto = "<answer> 34.05, -118.24 </answer>", "<answer> 43.65, -79.38 </answer>"
    assert country_reward(los_angeles, NEW_YORK) == Reward(1.0, RewardReason.HIT)
    assert country_reward(toronto, NEW_YORK) == Reward(0.0, RewardReason.WRONG_COUNTRY)
    assert country_reward("<answer> 95, 0 </answer>", NEW_YORK).reason is RewardReason.OUT_OF_RANGE


def test_times_format_takes_the_reward_of_a_text_out_of_form() -> None:
    gated = times_format(REWARDS["geodesic"])
    target = Target(truth=NEW_YORK, scale_km=25)
    assert gated(GOOD, target) == Reward(1.0, RewardReason.HIT)
    bare = gated("<answer> 40.742, -73.985 </answer>", target)
    assert bare == Reward(0.0, RewardReason.NO_THINK_TAG)


@pytest.mark.parametrize("name", sorted(set(REWARDS) - {"format"}))
def test_a_reward_without_what_it_needs_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="the records have none"):
        REWARDS[name](GOOD, Target())


def test_scaled_rewards_and_only_they_follow_the_scale() -> None:
    text = "<answer> 42.0, -73.985 </answer>"
    for name in TRUTH_REWARDS:
        near, far = (
            REWARDS[name](text, Target(truth=NEW_YORK, scale_km=km)).value for km in (25, 2500)
        )
        assert (near != far) is (name in SCALED_REWARDS)


# A gold answer earns everything: every reward, every record of a sample world.

SIZES = WorldSizes(cot=0, judge=400, seed=400, val=0, test=0, judge_test=0)


@pytest.mark.parametrize("name", [*TRUTH_REWARDS, "format"])
@pytest.mark.parametrize("gated", [False, True])
def test_a_gold_point_scores_the_maximum_for_every_seed_record(name: str, gated: bool) -> None:
    reward = times_format(REWARDS[name]) if gated else REWARDS[name]
    for scene in plan_world(5, SIZES)["seed"]:
        record = seed_record(scene)
        truth = LatLon(float(record["gt_lat"]), float(record["gt_lon"]))  # type: ignore[arg-type]
        exact = format_response("cues", f"{truth.lat!r}, {truth.lon!r}")
        assert reward(exact, Target(truth=truth, scale_km=1)) == Reward(1.0, RewardReason.HIT)
        # Written with three decimals, as records are, it is at most 79 m off.
        rounded = format_response("cues", format_answer(truth))
        assert reward(rounded, Target(truth=truth, scale_km=25)).value > 0.996


@pytest.mark.parametrize("name", ["judge", "format"])
@pytest.mark.parametrize("gated", [False, True])
def test_a_gold_verdict_scores_the_maximum_for_every_judge_record(name: str, gated: bool) -> None:
    reward = times_format(REWARDS[name]) if gated else REWARDS[name]
    items = split_judge_items(5, "judge", plan_world(5, SIZES)["judge"])
    for item in items:
        conversation = judge_record(item)["conversations"]
        verdict = conversation[1]["value"]  # type: ignore[index]
        text = format_response("cues", str(verdict))
        assert reward(text, Target(label=item.label)) == Reward(1.0, RewardReason.HIT)
    assert {item.label for item in items} == {True, False}
