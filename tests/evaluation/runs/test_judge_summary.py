"""Verdicts against labels: values worked by hand, and laws."""

import math

import pytest

from gre.evaluation.runs.judge_summary import JudgeSummary, Rate, Verdict, score_verdicts

TEN = [
    *[Verdict(True, True)] * 3,
    Verdict(True, False),
    Verdict(True, None, "no_answer"),
    *[Verdict(False, False)] * 2,
    *[Verdict(False, True)] * 2,
    Verdict(False, None, "ambiguous"),
]
"""Five items of each label: 3 and 2 right, 2 unreadable, "True" said 5 times in 8."""


def test_numbers_worked_by_hand():
    summary = score_verdicts(TEN, n_errors=1)
    assert (summary.n, summary.n_readable, summary.n_errors) == (10, 8, 1)
    assert summary.accuracy == Rate(5, 10)
    assert summary.accuracy_true == Rate(3, 5)
    assert summary.accuracy_false == Rate(2, 5)
    assert summary.said_true == Rate(5, 8)
    assert summary.accuracy.percent == 50.0
    assert dict(summary.unreadable) == {"ambiguous": 1, "no_answer": 1}
    # Wilson at 5 of 10: centre 0.5, half 1.96 / (1 + z²/10) sqrt(0.025 + z²/400) = 0.2634
    assert summary.accuracy.ci95.low == pytest.approx(23.66, abs=0.01)
    assert summary.accuracy.ci95.high == pytest.approx(76.34, abs=0.01)


def test_order_does_not_matter():
    assert score_verdicts(TEN[::-1]) == score_verdicts(TEN)


@pytest.mark.parametrize(("said", "on_true", "on_false"), [(True, 100.0, 0.0), (False, 0.0, 100.0)])
def test_one_who_always_says_the_same_is_right_half_the_time(said, on_true, on_false):
    summary = score_verdicts([Verdict(label, said) for label in [True, False] * 20])
    assert summary.accuracy.percent == 50.0
    assert summary.accuracy_true.percent == on_true
    assert summary.accuracy_false.percent == on_false
    assert summary.said_true.percent == (100.0 if said else 0.0)


def test_an_unreadable_answer_is_a_miss_whatever_the_label():
    summary = score_verdicts([Verdict(label, None, "no_answer") for label in (True, False)])
    assert summary.accuracy == Rate(0, 2)
    assert math.isnan(summary.said_true.percent)


def test_it_survives_json():
    for verdicts in (TEN, [], [Verdict(True, None, "refusal")]):
        summary = score_verdicts(verdicts, n_errors=3)
        again = JudgeSummary.from_json(summary.to_json())
        assert again.to_json() == summary.to_json()
    assert score_verdicts([]).to_json()["accuracy"]["percent"] is None
