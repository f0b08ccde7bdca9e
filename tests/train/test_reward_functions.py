"""Rewards as TRL calls them, the reading of rollouts, and the dry run on gold answers."""

from dataclasses import replace
from pathlib import Path

import pytest

from gre.data.records import read_judge, read_seed
from gre.errors import InputError
from gre.geo.latlon import LatLon
from gre.rewards import REWARDS, Reward, RewardReason
from gre.train.reward_functions import check_gold, chosen_rewards, reading_columns, trl_reward
from gre.train.scale import ScaleOptions, ScaleSchedule

PARIS = LatLon(48.8566, 2.3522)
NEAR = "<think> a </think> <answer> 48.8566, 2.3522 </answer>"


def test_a_reward_reads_columns_and_logs_its_reasons() -> None:
    schedule = ScaleSchedule(ScaleOptions(scale_schedule="fixed", scale_levels_km=[750.0]))
    function = trl_reward("geodesic", REWARDS["geodesic"], schedule)
    logged: dict[str, list[str]] = {}
    values = function(
        prompts=["q"] * 3,
        completions=[[{"role": "assistant", "content": NEAR}], "0, 0", "?"],
        truth_lat=[PARIS.lat] * 3,
        truth_lon=[PARIS.lon] * 3,
        label=[None] * 3,
        log_extra=lambda column, column_values: logged.update({column: column_values}),
        trainer_state=None,
    )
    assert function.__name__ == "geodesic"
    assert values[0] == 1.0
    assert 0 < values[1] < 0.01  # Paris is 5,415 km from (0, 0): 2 / (1 + exp(7.2))
    assert values[2] == 0.0
    assert logged == {"reason/geodesic": ["hit", "far", "no_answer"]}


def test_the_scale_in_force_is_the_schedules() -> None:
    options = ScaleOptions(scale_schedule="anneal", scale_levels_km=[2000.0, 20.0])
    schedule = ScaleSchedule(options)
    function = trl_reward("geodesic", REWARDS["geodesic"], schedule)
    earned = []
    for progress in (0.0, 1.0):
        schedule.start_generation(progress)
        earned += function(
            completions=["49.8566, 2.3522"],
            truth_lat=[PARIS.lat],
            truth_lon=[PARIS.lon],
            label=[None],
            log_extra=lambda *_: None,
        )
    assert earned[0] > 0.9 > 0.1 > earned[1]


def test_readings_of_points_and_verdicts() -> None:
    points = reading_columns([NEAR, "?"], [PARIS, PARIS], reads_points=True)
    assert points["point"] == [[48.8566, 2.3522], None]
    assert points["distance_km"] == [0.0, None]
    assert points["verdict"] == [None, None]
    verdicts = reading_columns(["<answer> False </answer>", "?"], [PARIS] * 2, reads_points=False)
    assert verdicts["verdict"] == [False, None]
    assert verdicts["point"] == [None, None]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["geo"], "must be among format, judge"),
        ([], "one reward or more"),
        (["format"] * 2, "once"),
    ],
)
def test_unknown_rewards_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        chosen_rewards(names, multiply_by_format=False)


@pytest.mark.parametrize("gated", [False, True])
def test_every_gold_answer_of_the_sample_world_passes(sample_world: Path, gated: bool) -> None:
    judge = read_judge(sample_world / "dataset/gre_judge/gre_judge.json")
    seeds = read_seed(sample_world / "dataset/gre_seed/gre_seed.jsonl")
    points = [name for name in REWARDS if name not in ("judge", "format")]
    check_gold(judge, chosen_rewards(["judge", "format"], multiply_by_format=gated), scale_km=1)
    check_gold(seeds, chosen_rewards([*points, "format"], multiply_by_format=gated), scale_km=1)


def test_a_reward_that_gold_cannot_earn_stops_the_run(sample_world: Path) -> None:
    seeds = read_seed(sample_world / "dataset/gre_seed/gre_seed.jsonl")

    def half(text: str, target: object) -> Reward:
        return Reward(0.5, RewardReason.HIT)

    with pytest.raises(InputError, match=r"gre_seed.jsonl:1: record 0: .* earns 0\.5.* of reward"):
        check_gold(seeds, {"half": half}, scale_km=1)


def test_a_judge_reward_on_seeds_says_what_is_missing(sample_world: Path) -> None:
    seeds = read_seed(sample_world / "dataset/gre_seed/gre_seed.jsonl")
    with pytest.raises(InputError, match="needs True/False labels"):
        check_gold([replace(seeds[0])], {"judge": REWARDS["judge"]}, scale_km=1)
