"""Chains cut into steps and statements."""

import pytest

from gre.evaluation.cot.chains import chain_steps, reasoning_text, statements


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (
            "<think> 1. Thai script. // 2. Cars keep left. </think> <answer> 1, 2 </answer>",
            ("Thai script.", "Cars keep left."),
        ),
        (
            "<think>Step 1: Palms.\n**2.** The sea.\n- Dunes.</think><answer>1, 2</answer>",
            ("Palms.", "The sea.", "Dunes."),
        ),
        (
            "Palms grow here. The sea is near. <answer> 1, 2 </answer>",
            ("Palms grow here.", "The sea is near."),
        ),
        (
            "I see St. Paul's Cathedral. It is London.",
            ("I see St. Paul's Cathedral.", "It is London."),
        ),
        ("Palms, so Kenya.\nLatitude: 1.2, Longitude: 36.8", ("Palms, so Kenya.",)),
        ("Population of 3.5 million.", ("Population of 3.5 million.",)),
        ("<think> </think> <answer> 1.0, 2.0 </answer>", ()),
        ("<answer> 48.85 N, 2.35 E </answer>", ()),
        ("40.742°N, 73.985°W", ()),
        ("", ()),
        ("<think> Cut short without an end", ("Cut short without an end",)),
    ],
)
def test_steps(text: str, steps: tuple[str, ...]) -> None:
    assert chain_steps(text) == steps


def test_reasoning_without_tags_is_what_is_not_the_answer() -> None:
    assert reasoning_text("Palms. <answer> 1, 2 </answer>") == "Palms."


@pytest.mark.parametrize(
    ("step", "parts"),
    [
        (
            "On the skyline: Monas, so this is Jakarta, Indonesia.",
            ["On the skyline: Monas", "so this is Jakarta, Indonesia."],
        ),
        (
            "Palms and a high sun: a tropical climate.",
            ["Palms and a high sun", "a tropical climate."],
        ),
        ("Thai letters, suggesting Thailand.", ["Thai letters", "suggesting Thailand."]),
        ("Thai letters; therefore Thailand.", ["Thai letters", "therefore Thailand."]),
        ("Palms grow. Cars keep left.", ["Palms grow.", "Cars keep left."]),
        ("The signs, so far as I see, are Thai.", ["The signs, so far as I see, are Thai."]),
    ],
)
def test_statements(step: str, parts: list[str]) -> None:
    found = statements(["First.", step])
    assert [statement.text for statement in found] == ["First.", *parts]
    assert [statement.step for statement in found] == [1, *[2] * len(parts)]
