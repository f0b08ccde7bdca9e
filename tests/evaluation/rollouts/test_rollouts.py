"""The page of RL rollouts: right numbers, damage counted, and nothing a model writes can run."""

import base64
import hashlib
import inspect
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gre.commands import rollouts as rollouts_command
from gre.errors import InputError
from gre.evaluation.rollouts import cards
from gre.evaluation.rollouts.cards import way_path
from gre.evaluation.rollouts.line import parse_rollout
from gre.evaluation.rollouts.log import Glance, RolloutGroup, choose_groups, read_rollouts
from gre.evaluation.rollouts.page import MAX_GROUPS, write_rollouts_page
from gre.evaluation.rollouts.parts import longest_allowed, parts_of
from gre.evaluation.rollouts.series import (
    count_reasons,
    ordered_reasons,
    read_metrics,
    series_of_rollouts,
)
from gre.evaluation.rollouts.step_charts import (
    StepLine,
    StepRange,
    line_chart,
    reason_colours,
    smoothed,
)
from gre.geo.latlon import LatLon
from tests.command_line import call_gre
from tests.evaluation.html_tags import Tags
from tests.evaluation.rollout_maker import HOSTILE, lines_of, make_training, write_lines


@pytest.fixture
def training(sample_world, tmp_path):
    """Six steps of three groups of four."""
    return make_training(tmp_path / "stage3", sample_world)


@pytest.fixture
def judged(sample_world, tmp_path):
    return make_training(tmp_path / "stage2", sample_world, kind="judge")


def page_of(folder: Path, **options) -> str:
    out = folder.parent / f"{folder.name}.html"
    write_rollouts_page(folder, out, **options)
    return out.read_text(encoding="utf-8")


def data_of(page: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])


def group_of(step, number, rewards=(0.0, 1.0), readable=(True, True)):
    return RolloutGroup(
        step,
        number,
        {
            i: Glance(0, reward, read, None, None, None, None, False, ())
            for i, (reward, read) in enumerate(zip(rewards, readable, strict=True))
        },
    )


def test_figures_are_those_of_the_file(training):
    lines, page = lines_of(training), page_of(training)
    read = sum(line["point"] is not None for line in lines)
    first, last = (
        np.median([li["distance_km"] for li in lines if li["step"] == step and li["distance_km"]])
        for step in (1, 6)
    )
    words = re.sub(r"\s+", " ", page.replace("\N{NO-BREAK SPACE}", " "))
    assert f"Median distance {first:,.0f} km → {last:,.0f} km over 6 steps" in words
    assert f"{read} of 72" in words
    assert f"{100 * read / 72:.1f} %" in words
    assert "18 groups of 4" in words
    assert "200 km</span>" in words and "at the start 2,500 km" in words
    assert "All 18 groups are here." in words


def test_every_completion_is_in_the_page_with_its_reasons(training):
    data, lines = data_of(page_of(training)), lines_of(training)
    rows = [(group, row) for group in data["groups"] for row in group["rollouts"]]
    assert len(rows) == len(lines)
    for (group, row), line in zip(rows, lines, strict=True):
        assert (group["step"], group["number"], row["index"]) == (
            line["step"],
            line["group"],
            line["index"],
        )
        assert row["functions"] == [
            [name, value, line["reasons"][name]] for name, value in line["rewards"].items()
        ]
        assert row["km"] == line["distance_km"]
        assert "".join(text for _, text, _ in row["parts"]) in re.sub(
            r" ?</?(think|answer)> ?", "", line["completion"]
        )
    assert data["reach"] == max(abs(line["advantage"]) for line in lines)
    assert all(photo["url"].startswith("data:image/jpeg") for photo in data["photos"])


def test_judge_runs_show_verdicts_and_no_map(judged):
    page, lines = page_of(judged), lines_of(judged)
    data = data_of(page)
    assert "Right verdicts" in page
    assert 'id="atlas-ground"' not in page
    for group in data["groups"]:
        assert group["label"] in (True, False)
        assert group["at"] is None
        assert {row["at"] for row in group["rollouts"]} == {None}
    verdicts = [row["verdict"] for group in data["groups"] for row in group["rollouts"]]
    assert verdicts == [line["verdict"] for line in lines]


def test_a_photo_is_embedded_once(training):
    lines = lines_of(training)
    for line in lines:
        line["image"] = lines[0]["image"]
    write_lines(training / "rollouts.jsonl", lines)
    page = page_of(training)
    assert len(data_of(page)["photos"]) == 1
    assert page.count("data:image/jpeg") == 1


def test_missing_photos_are_counted_and_leave_a_gap(training):
    lines = lines_of(training)
    for line in lines:
        if line["step"] < 3:
            line["image"] = f"/no/{line['step']}-{line['group']}.jpg"
    write_lines(training / "rollouts.jsonl", lines)
    page = page_of(training)
    assert "6 photos could not be opened" in page
    assert [group["photo"] is None for group in data_of(page)["groups"]] == [True] * 6 + [
        False
    ] * 12


def test_page_names_nothing_outside_itself(training):
    page = page_of(training)
    parsed = Tags(page)
    for tag, attrs in parsed.tags:
        for name in ("src", "href", "data", "poster", "srcset", "action", "xlink:href"):
            value = attrs.get(name) or ""
            assert value.startswith(("#", "data:")) or not value, (tag, name, value)
        assert "style" not in attrs  # the policy would refuse it
    policy = next(a["content"] for _, a in parsed.tags if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    for tag, attrs, text in parsed.inside:
        if attrs.get("type") != "application/json":
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy


def test_model_text_cannot_leave_its_place(training):
    lines = lines_of(training)
    for line in lines:
        line |= {"completion": HOSTILE, "prompt": HOSTILE, "id": HOSTILE + "\ud800"}
        line |= {"rewards": {HOSTILE: 1.0}, "reasons": {HOSTILE: HOSTILE}}
    write_lines(training / "rollouts.jsonl", lines)
    (training / "metrics.jsonl").write_text(
        "".join(json.dumps({"step": 1, f"rewards/{HOSTILE}{i}/mean": 1.0}) + "\n" for i in "ab")
    )
    page = page_of(training)
    counts = Counter(tag for tag, _ in Tags(page).tags)
    assert counts["script"] == 2
    assert not {"img", "b"} & set(counts)
    assert not [a for _, a in Tags(page).tags if any(name.startswith("on") for name in a)]
    kinds = [kind for kind, _, _ in data_of(page)["groups"][0]["rollouts"][0]["parts"]]
    assert kinds == ["outside", "think", "answer"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("<think> a </think> <answer> 1, 2 </answer>", [("think", "a"), ("answer", "1, 2")]),
        ("a</think><answer>1, 2</answer>", [("think", "a"), ("answer", "1, 2")]),
        ("<think> cut sho", [("think", "cut sho")]),
        ("<THINK>a</THINK> b", [("think", "a"), ("outside", "b")]),
        ("none at all", [("outside", "none at all")]),
        ("<answer>1</answer>x<answer>2", [("answer", "1"), ("outside", "x"), ("answer", "2")]),
        (" \n", []),
        ("", []),
    ],
)
def test_completions_in_parts(text, parts):
    assert list(parts_of(text)) == parts


@pytest.mark.parametrize(
    ("lengths", "budget", "longest"),
    [
        ([], 10, 0),
        ([3, 4], 10, 4),
        ([3, 100], 10, 7),
        ([100, 100, 1], 11, 5),
        ([5, 5], 0, 0),
    ],
)
def test_long_texts_are_cut_first(lengths, budget, longest):
    assert longest_allowed(lengths, budget) == longest
    assert sum(min(length, longest) for length in lengths) <= budget


def test_a_page_of_endless_answers_stays_small(training, monkeypatch):
    monkeypatch.setattr(cards, "MAX_TEXT_CHARS", 20_000)
    lines = lines_of(training)
    for line in lines:
        line["completion"] = f"<think>{'word ' * 2_000}</think><answer>1.0, 2.0</answer>"
    write_lines(training / "rollouts.jsonl", lines)
    page = page_of(training)
    data = data_of(page)
    parts = [row["parts"] for group in data["groups"] for row in group["rollouts"]]
    assert sum(len(text) for part in parts for _, text, _ in part) <= 20_000 + 72 * 12
    for (_, text, left_out), answer in parts:
        assert len(text) + left_out == len(("word " * 2_000).strip())
        assert answer == ["answer", "1.0, 2.0", 0]
    assert "72 long texts stand in full in rollouts.jsonl only" in page


def test_page_stays_within_a_few_megabytes(sample_world, tmp_path):
    folder = make_training(tmp_path / "run", sample_world, steps=40, groups=4, size=16)
    page = page_of(folder)
    assert "Shown are 120 of 160 groups, from 30 of 40 steps" in page
    assert len(page.encode()) < 4_000_000


@pytest.mark.parametrize("max_groups", [1, 2, 7, 40, 119, 120, 500])
@pytest.mark.parametrize(("num_steps", "per_step"), [(1, 200), (10, 30), (300, 1), (50, 6)])
def test_groups_are_chosen_evenly(num_steps, per_step, max_groups):
    groups = [group_of(10 * step, n) for step in range(num_steps) for n in range(per_step)]
    chosen = choose_groups(groups, max_groups=max_groups)
    assert len(chosen) == min(max_groups, len(groups))
    assert len({(group.step, group.number) for group in chosen}) == len(chosen)
    assert list(chosen) == sorted(chosen, key=lambda group: (group.step, group.number))
    counts = Counter(group.step for group in chosen)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert groups[0].step in counts
    if len(counts) > 1:
        assert groups[-1].step in counts
        gaps = np.diff(sorted(counts))
        assert gaps.max() - gaps.min() <= 10  # one step more or less


def test_choosing_needs_room_for_one():
    with pytest.raises(InputError, match="max_groups must be at least 1, got 0"):
        choose_groups([group_of(1, 0)], max_groups=0)


@pytest.mark.parametrize(
    ("rewards", "is_flat"),
    [((1.0, 1.0), True), ((1.0, 1.0 + 1e-9), True), ((1.0, 1.01), False), ((1.0, None), False)],
)
def test_groups_without_variance(rewards, is_flat):
    assert group_of(1, 0, rewards).is_flat is is_flat


def test_half_written_and_damaged_lines_are_counted(training):
    path = training / "rollouts.jsonl"
    whole = path.read_text()
    path.write_text("not json\n[1]\n\n" + '{"group": 0}\n' + whole + whole[:100])
    (training / "metrics.jsonl").write_text('{"step": 1, "kl": NaN, "reward": 1}\n{"step": 2, "re')
    log, page = read_rollouts(training), page_of(training)
    assert (log.faults.num_damaged, log.faults.has_half_line) == (3, True)
    assert sum(1 for _ in log.glances) == 72
    assert "3 lines of rollouts.jsonl could not be read" in page
    assert "The last line of rollouts.jsonl is half written" in page
    assert "The last line of metrics.jsonl is half written" in page
    assert read_metrics(training).series == {"reward": [(1, 1.0)]}


def test_lines_may_lack_everything_but_their_place(training):
    rows = [{"step": 1, "group": 0}, {"step": 1, "group": 0, "rewards": None, "truth": [95, 0]}]
    rows += [{"step": 2, "group": 1, "index": 5, "reward": float("nan"), "reasons": {"a": None}}]
    rows += [{"step": 3, "group": 0, "point": [1, 2], "truth": [1, 2], "tokens": 1e400}]
    write_lines(training / "rollouts.jsonl", rows)
    (training / "metrics.jsonl").unlink()
    page = page_of(training)
    assert [len(group["rollouts"]) for group in data_of(page)["groups"]] == [2, 1, 1]
    assert data_of(page)["groups"][2]["rollouts"][0]["km"] == pytest.approx(0.0, abs=1e-9)
    assert "There is no metrics.jsonl" in page


@pytest.mark.parametrize("step", [None, "1", True, 1.5, float("inf"), 2**60])
def test_a_line_without_its_step_is_no_rollout(step):
    assert parse_rollout({"step": step, "group": 0}) is None


def test_what_was_generated_again_after_a_resume_counts_once(training):
    lines = lines_of(training)
    again = [line | {"reward": 9.0} for line in lines if line["step"] == 5]
    write_lines(training / "rollouts.jsonl", lines + again)  # stopped after 6, resumed from 4
    log = read_rollouts(training)
    assert log.steps == (1, 2, 3, 4, 5)
    assert log.num_replaced == 24
    assert series_of_rollouts(log)["reward"][-1] == (5, 9.0)
    assert "24 rollouts were generated again" in page_of(training)


def test_rollouts_and_metrics_tell_the_same(training):
    own, logged = series_of_rollouts(read_rollouts(training)), read_metrics(training).series
    for key in ("reward", "readable", "median_km", "scale_km", "frac_reward_zero_std",
                "completions/mean_length", "completions/clipped_ratio"):  # fmt: skip
        assert own[key] == [(step, pytest.approx(value)) for step, value in logged[key]], key


def test_charts_are_those_of_the_log(training):
    titles = re.findall(r"<h3>([^<]+)<span class=\"now\">", page_of(training))
    assert titles == [
        "Mean reward", "Median distance", "Held out within 750 km", "Reward scale θ",
        "Groups without variance", "Readable answers", "Length in tokens", "Cut off at the limit",
        "KL to the reference", "Entropy",
    ]  # fmt: skip
    (training / "metrics.jsonl").unlink()
    titles = re.findall(r"<h3>([^<]+)<span class=\"now\">", page_of(training))
    assert "KL to the reference" not in titles
    assert {"Mean reward", "Median distance", "Reward scale θ"} <= set(titles)


def test_reasons_are_counted_over_stretches_of_steps(training):
    lines, log = lines_of(training), read_rollouts(training)
    counts = {count.function: count for count in count_reasons(log, max_bins=3)}
    assert [(first, last) for first, last, _ in counts["geodesic"].bins] == [(1, 2), (3, 4), (5, 6)]
    for first, last, counter in counts["geodesic"].bins:
        expected = Counter(
            line["reasons"]["geodesic"] for line in lines if first <= line["step"] <= last
        )
        assert counter == expected
    assert ordered_reasons(counts.values())[:2] == ("hit", "far")


def test_too_many_reasons_share_the_last_colour():
    colours = reason_colours([f"reason {i}" for i in range(20)])
    assert len(colours) == 8
    assert colours[-1] == ("other reasons", "why7")
    assert reason_colours(["hit"]) == [("hit", "why0")]


def test_smoothing_keeps_what_is_level_and_what_moves_in_steps():
    level = [(step, 3.0) for step in range(100)]
    assert smoothed(level, "") == level
    schedule = [(step, 2500.0 if step < 50 else 750.0) for step in range(100)]
    assert smoothed(schedule, "km") == schedule
    zigzag = [(step, float(step % 2)) for step in range(100)]
    assert [value for _, value in smoothed(zigzag, "")][10:90] == pytest.approx(
        [0.5] * 80, abs=0.11
    )
    ramp = [(step, float(step)) for step in range(100)]
    assert smoothed(ramp, "")[50] == (50, pytest.approx(50.0))


def test_a_few_distances_half_a_world_off_do_not_move_the_line():
    distances = [(step, 10.0 + step % 3 if step % 7 else 9000.0) for step in range(100)]
    assert max(value for _, value in smoothed(distances, "km")) <= 12.0


@pytest.mark.parametrize("values", [[0.0], [1e-9, 1e9], [-5.0, 5.0], [7.0, 7.0], [0.0, 0.0]])
@pytest.mark.parametrize("unit", ["", "km", "%"])
def test_any_values_can_be_drawn(values, unit):
    lines = [StepLine("x", "run1", list(enumerate(values)))]
    svg = line_chart(lines, steps=StepRange(0, len(values) - 1), unit=unit, title="<b>")
    assert "nan" not in svg and "inf" not in svg and "<b>" not in svg
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ (-?[\d.]+)", svg)]
    assert all(0 <= y <= 132 for y in heights)


def test_ways_over_the_antimeridian_are_cut():
    way = way_path(LatLon(-36.8, 174.8), LatLon(-21.1, -175.2))
    assert way.count("M") == 2
    xs = [
        [float(x) for x in re.findall(r"[ML]([\d.]+) ", "M" + part)] for part in way.split("M")[1:]
    ]
    assert all(max(part) - min(part) < 100 for part in xs)
    assert way_path(LatLon(1, 2), LatLon(1, 2)).count("M") == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rollouts.jsonl", None, "no such file; name the output folder of a run of gre train grpo"),
        ("rollouts.jsonl", "", "holds no rollout that can be read"),
        ("rollouts.jsonl", "{}\n", "1 damaged lines"),
    ],
)
def test_no_rollouts_are_one_line_and_no_page(training, tmp_path, name, content, words):
    path = training / name
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(InputError, match=words) as caught:
        write_rollouts_page(training, tmp_path / "r.html")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "r.html").exists()


def test_command_and_function_agree_on_the_default():
    default = inspect.signature(rollouts_command.rollouts).parameters["max_groups"].default
    assert default == MAX_GROUPS


def test_command_writes_the_page_or_one_line(training, tmp_path, capsys):
    assert call_gre("rollouts", training, "--out", tmp_path / "p.html", "--max-groups", 5) == 0
    page = (tmp_path / "p.html").read_text()
    assert len(data_of(page)["groups"]) == 5
    assert "Shown are 5 of 18 groups" in page
    capsys.readouterr()
    for bad in (tmp_path / "nowhere", training / "rollouts.jsonl"):
        assert call_gre("rollouts", bad, "--out", tmp_path / "q.html") == 2
        err = capsys.readouterr().err
        assert "gre train grpo" in err and err.count("\n") == 1
    assert call_gre("rollouts", training, "--max-groups", 0) == 2
    assert not (tmp_path / "q.html").exists()
