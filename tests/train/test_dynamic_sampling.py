"""Dynamic sampling with an answering function made by hand: what is replaced, kept, and counted."""

from typing import Any

import pytest

from gre.train.dynamic_sampling import Generated, Rows, VariedGroups, length_metrics


class World:
    """Answers rows: group "flat*" earns the same each time, any other earns 0, 1, 0, 1 …"""

    def __init__(self, spare: list[str]) -> None:
        self.spare = iter(spare)
        self.asked: list[list[str]] = []

    def generate(self, rows: Rows) -> Generated:
        names = [row["name"] for row in rows]
        self.asked.append(names)
        texts = ["0" if name.startswith("flat") else str(i % 2) for i, name in enumerate(names)]
        ids = [[len(self.asked), i] for i in range(len(rows))]
        return names, ids, None, texts, None, {}, None, []

    def draw(self) -> dict[str, Any]:
        return row(next(self.spare))


def row(name: str) -> dict[str, Any]:
    return {"name": name, "truth_lat": 0.0, "truth_lon": 0.0, "label": None}


def reward(*, completions: list[str], **_: object) -> list[float]:
    return [float(text) for text in completions]


def fill(world: World, names: list[str], *, rounds: int, others: int = 0) -> Any:
    """Fill groups of two; `others` is how many flat groups another rank reports."""
    groups = VariedGroups(
        world.generate,
        [reward],
        [1.0],
        group_size=2,
        gather=lambda values: [*values, *([others] if others else [])],
    )
    inputs = [row(name) for name in names for _ in range(2)]
    return groups.fill(inputs, rounds=rounds, draw=world.draw)


def test_flat_groups_give_way_and_the_others_stay() -> None:
    world = World(["flat2", "c"])
    rows, generated, share = fill(world, ["a", "flat1", "b"], rounds=3)
    assert [one["name"] for one in rows] == ["a", "a", "c", "c", "b", "b"]
    assert generated[0] == ["a", "a", "c", "c", "b", "b"]
    assert generated[1] == [[1, 0], [1, 1], [3, 0], [3, 1], [1, 4], [1, 5]]
    assert generated[2:] == (None, ["0", "1"] * 3, None, {}, None, [])
    assert share == pytest.approx(2 / 3)
    assert world.asked[1:] == [["flat2"] * 2, ["c"] * 2]


def test_after_the_last_round_a_flat_group_is_kept() -> None:
    world = World(["flat2", "flat3", "never"])
    rows, _, share = fill(world, ["flat1"], rounds=2)
    assert [one["name"] for one in rows] == ["flat3", "flat3"]
    assert share == 2.0


def test_nothing_is_asked_again_where_all_differ() -> None:
    world = World([])
    _, _, share = fill(world, ["a", "b"], rounds=5)
    assert len(world.asked) == 1
    assert share == 0.0


def test_a_rank_that_needs_less_still_answers_as_many_groups() -> None:
    world = World(["c"])
    rows, _, _ = fill(world, ["a", "flat1"], rounds=1, others=2)
    assert [one["name"] for one in rows] == ["a", "a", "c", "c"]
    assert world.asked[1] == ["c", "c", "a", "a"]


def test_lengths_are_those_of_the_answers_that_are_kept() -> None:
    found = length_metrics([2, 4, 9], [False, False, True])
    assert found == {
        "completions/mean_length": 5.0,
        "completions/min_length": 2.0,
        "completions/max_length": 9.0,
        "completions/clipped_ratio": pytest.approx(1 / 3),
        "completions/mean_terminated_length": 3.0,
        "completions/min_terminated_length": 2.0,
        "completions/max_terminated_length": 4.0,
    }
    assert length_metrics([9], [True])["completions/mean_terminated_length"] == 0.0
