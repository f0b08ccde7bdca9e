"""Instructions and the layout they ask for."""

import re

import pytest

from gre.answers import follows_format, read_latlon, read_response
from gre.geo.latlon import LatLon
from gre.prompts import (
    COT_INSTRUCTION,
    JUDGE_INSTRUCTION,
    LOCATE_INSTRUCTION,
    format_answer,
    format_response,
    judge_question,
)

INSTRUCTIONS = {
    "cot": COT_INSTRUCTION,
    "locate": LOCATE_INSTRUCTION,
    "judge": JUDGE_INSTRUCTION,
}


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_every_instruction_names_the_tags_and_no_coordinates(name: str) -> None:
    text = INSTRUCTIONS[name]
    for tag in ("<think>", "</think>", "<answer>", "</answer>"):
        assert tag in text
    assert not re.search(r"\d+\.\d|\d+\s*,\s*-?\d", text), "models echo example coordinates"
    assert "\n" not in text


def test_the_teachers_instruction_is_the_papers() -> None:
    """Its first and last sentence and the five steps, from appendix A.2."""
    assert COT_INSTRUCTION.startswith(
        "Analyze the provided image to infer both the approximate latitude/longitude and the"
        " specific neighborhood/district. Prioritize these steps: 1. Identify architectural"
    )
    assert re.findall(r" (\d)\. ", COT_INSTRUCTION) == ["1", "2", "3", "4", "5"]
    assert COT_INSTRUCTION.endswith(
        "You must answer the question in this format, whether you have obtained the latitude and"
        " longitude through reasoning or not. If not, provide the closest possible values."
    )


@pytest.mark.parametrize("instruction", INSTRUCTIONS.values())
def test_an_echoed_instruction_is_no_answer(instruction: str) -> None:
    assert not isinstance(read_latlon(instruction), LatLon)


@pytest.mark.parametrize(
    ("point", "written"),
    [
        (LatLon(40.742, -73.985), "40.742, -73.985"),
        (LatLon(40.74249, -73.98451), "40.742, -73.985"),
        (LatLon(-0.0001, 0.0), "0.000, 0.000"),
        (LatLon(90, -180), "90.000, -180.000"),
        (LatLon(1e-9, -179.9996), "0.000, -180.000"),
    ],
)
def test_answers_have_three_decimals(point: LatLon, written: str) -> None:
    assert format_answer(point) == written


def test_a_response_is_built_as_it_is_read() -> None:
    response = format_response(" 1. A sign. ", "1.000, 2.000\n")
    assert response == "<think> 1. A sign. </think> <answer> 1.000, 2.000 </answer>"
    assert follows_format(response)
    assert read_response(response).think == "1. A sign."
    assert read_latlon(response, strict=True) == LatLon(1, 2)


def test_a_judge_sees_instruction_reasoning_and_answer_in_this_order() -> None:
    question = judge_question(JUDGE_INSTRUCTION, "The sign is French.", "48.857, 2.352")
    positions = [question.index(part) for part in (JUDGE_INSTRUCTION, "The sign", "48.857, 2.352")]
    assert positions == sorted(positions)


def test_a_judge_question_without_answer_has_no_empty_heading() -> None:
    question = judge_question("Judge.", "<think> a </think> <answer> 1.0, 2.0 </answer>", " ")
    assert "Coordinates" not in question
    assert question.endswith("</answer>")
