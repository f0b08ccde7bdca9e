"""The rollout log: one line per completion, metrics from them, and a clean cut on resume."""

import json
import math
from pathlib import Path

import pytest

from gre.rewards import RewardReason
from gre.train.rollouts import RolloutLog, rollout_lines, rollout_metrics


def lines_of_a_step(step: int = 1) -> list[dict[str, object]]:
    extra = {
        "record_id": ["a", "a", "b", "b"],
        "image_path": ["/a.jpg"] * 2 + ["/b.jpg"] * 2,
        "question": ["where?"] * 4,
        "label": [None] * 4,
        "truth": [[0.0, 0.0]] * 4,
        "point": [[0.0, 1.0], None, [0.0, 3.0], [0.0, 2.0]],
        "distance_km": [111.0, None, 333.0, 222.0],
        "verdict": [None] * 4,
        "tokens": [5, 6, 7, 8],
        "truncated": [False, True, False, False],
        "reason/geodesic": ["hit", "no_answer", "far", "far"],
        "reason/format": ["hit", "no_think_tag", "hit", "hit"],
    }
    return rollout_lines(
        extra,
        completions=["w", "x", "y", "z"],
        rewards={"geodesic": [0.9, 0.0, 0.2, math.nan], "format": [1.0, 0.0, 1.0, 1.0]},
        weights=[1.0, 0.5],
        advantages=[1.0, -1.0, 0.5, -0.5],
        num_generations=2,
        step=step,
        scale_km=200.0,
    )


def test_lines_number_groups_and_weigh_rewards() -> None:
    lines = lines_of_a_step()
    assert [(line["group"], line["index"]) for line in lines] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [line["reward"] for line in lines] == pytest.approx([1.4, 0.0, 0.7, 0.5])
    assert lines[3]["rewards"] == {"geodesic": None, "format": 1.0}
    assert lines[1]["reasons"] == {"geodesic": "no_answer", "format": "no_think_tag"}
    json.dumps(lines, allow_nan=False)


def test_metrics_count_every_reason_once() -> None:
    metrics = rollout_metrics(lines_of_a_step(), reads_points=True)
    assert metrics["readable"] == 0.75
    assert metrics["median_km"] == 222.0
    assert metrics["frac_reward_zero_std"] == 0.0
    assert metrics["reasons/geodesic/far"] == 0.5
    assert metrics["reasons/geodesic/out_of_range"] == 0.0
    for name in ("geodesic", "format"):
        shares = [metrics[f"reasons/{name}/{reason.value}"] for reason in RewardReason]
        assert sum(shares) == pytest.approx(1.0)


def test_a_group_is_flat_where_all_its_rewards_are_the_same() -> None:
    lines = [
        line | {"reward": 0.5 if line["group"] else line["reward"]} for line in lines_of_a_step()
    ]
    assert rollout_metrics(lines, reads_points=True)["frac_reward_zero_std"] == 0.5


def test_no_readable_answer_has_no_median() -> None:
    lines = [line | {"point": None, "distance_km": None} for line in lines_of_a_step()]
    metrics = rollout_metrics(lines, reads_points=True)
    assert metrics["readable"] == 0.0
    assert math.isnan(metrics["median_km"])


def test_a_resumed_log_drops_what_will_be_written_again(tmp_path: Path) -> None:
    log = RolloutLog(tmp_path)
    for step in (1, 2, 3):
        log.write(lines_of_a_step(step))
    with log.path.open("a") as sink:
        sink.write('{"step": 4, "gro')
    resumed = RolloutLog(tmp_path, resume_step=2)
    resumed.write(lines_of_a_step(3))
    steps = [json.loads(line)["step"] for line in log.path.read_text().splitlines()]
    assert steps == [1] * 4 + [2] * 4 + [3] * 4
