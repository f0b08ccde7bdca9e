"""The layout of a response, and the verdict of a judge."""

import pytest

from gre.answers import (
    FailureReason,
    ParseFailure,
    Response,
    follows_format,
    read_judgment,
    read_response,
)


@pytest.mark.parametrize(
    ("text", "think", "answer"),
    [
        ("<think> a </think> <answer> b </answer>", "a", "b"),
        ("<THINK>a</THINK><Answer>b</ANSWER>", "a", "b"),
        ("a </think> <answer>b</answer>", "a", "b"),
        ("<answer>b</answer>", None, "b"),
        ("<think> a </think>", "a", None),
        ("<think> a", None, None),
        ("a", None, None),
        ("", None, None),
        ("<answer>b", None, None),
        ("b</answer>", None, None),
        ("<answer>b</answer> <answer>c</answer>", None, "c"),
        ("<answer>b</answer> <answer>c", None, "b"),
        ("<answer>b <answer>c</answer>", None, "c"),
        ("<answer>b</answer></answer>", None, "b</answer>"),
        ("<think>a<answer>x</answer>b</think><answer>c</answer>", "a<answer>x</answer>b", "c"),
        ("<think>a</think> x <think>b</think> <answer>c</answer>", "a</think> x <think>b", "c"),
        ("<answer></answer>", None, ""),
    ],
)
def test_halves(text: str, think: str | None, answer: str | None) -> None:
    assert read_response(text) == Response(think, answer)


@pytest.mark.parametrize(
    "text",
    [
        "<think> a </think> <answer> b </answer>",
        "<think>a</think><answer>b</answer>",
        "\n<think>\na // b\n</think>\n\n<answer>\nb\n</answer>\n",
        "<think> 1 < 2 > 1 </think> <answer> b </answer>",
    ],
)
def test_format_kept(text: str) -> None:
    assert follows_format(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "<answer> b </answer>",
        "<think> a </think>",
        "<think> a </think> <answer> b",
        "<think> a <answer> b </answer>",
        "<answer> b </answer> <think> a </think>",
        "x <think> a </think> <answer> b </answer>",
        "<think> a </think> x <answer> b </answer>",
        "<think> a </think> <answer> b </answer> x",
        "<think> a </think> <answer> b </answer> <answer> b </answer>",
        "<think> a </think> <think> a </think> <answer> b </answer>",
        "<think> a <think> </think> <answer> b </answer>",
        "<think> a <answer> b </answer> </think> <answer> c </answer>",
        "<think> a <answer> b </think> </answer>",
        "<think> </think> <answer> b </answer>",
        "<think> a </think> <answer> </answer>",
        "<Think> a </Think> <Answer> b </Answer>",
        "</think> a <think> <answer> b </answer>",
        "<think> a </think> </answer> b <answer>",
    ],
)
def test_format_broken(text: str) -> None:
    assert not follows_format(text)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("<answer> True </answer>", True),
        ("<answer>Truth</answer>", True),
        ("<answer>FALSE</answer>", False),
        ("<answer> **false**. </answer>", False),
        ("<answer> True, the signs are French. </answer>", True),
        ("<think> It is false that … </think> <answer> True </answer>", True),
        ("<answer> True </answer> <answer> False </answer>", False),
        ("True", True),
        ("truth.", True),
        ("Final answer: **False**", False),
        ("<think> a </think> The verdict is False.", False),
        ("The sign is true to type.\n\nAnswer: False", False),
        ("So the result is \\boxed{True}", True),
    ],
)
def test_verdicts(text: str, verdict: bool) -> None:
    assert read_judgment(text) is verdict


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", FailureReason.NO_ANSWER),
        ("<answer></answer>", FailureReason.NO_ANSWER),
        ("<answer> 40.7, -74.0 </answer> True", FailureReason.NO_ANSWER),
        ("<think> True", FailureReason.NO_ANSWER),
        ("It is true that the sign is French.", FailureReason.NO_ANSWER),
        ("untrue", FailureReason.NO_ANSWER),
        ("<answer> True or False </answer>", FailureReason.AMBIGUOUS),
        ("<answer> not true </answer>", FailureReason.AMBIGUOUS),
        ("<answer> That isn't true </answer>", FailureReason.AMBIGUOUS),
        ("True False", FailureReason.AMBIGUOUS),
    ],
)
def test_no_verdict(text: str, reason: FailureReason) -> None:
    result = read_judgment(text)
    assert isinstance(result, ParseFailure)
    assert result.reason is reason
