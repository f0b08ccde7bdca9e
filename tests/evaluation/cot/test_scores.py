"""Numbers from verdicts, worked out by hand."""

import math

import pytest

from gre.evaluation.cot.scores import (
    PARTS,
    Part,
    chain_score,
    f1,
    indicator_recall,
    order,
    precision,
    recall,
    summarize,
)
from gre.evaluation.cot.verdicts import Unscored, Verdict, Verdicts

FAILED = Unscored("timeout", "no reply")
EMPTY = Unscored("empty_chain", "no reasoning")
EVEN = {"indicator_recall": 1.0, "ref_clip_score": 1.0, "bert_score": 1.0}


def verdicts(*labels: str) -> Verdicts:
    return tuple(Verdict(label, "because") for label in labels)


def found(*steps: int | None) -> Verdicts:
    return tuple(Verdict("missing" if s is None else "matched", "because", s) for s in steps)


def row(**values: Part) -> dict[str, Part]:
    return dict.fromkeys(PARTS, Unscored("not_computed", "")) | values


def test_recall_is_the_share_of_key_steps() -> None:
    assert recall(found(1, None, 3, None)) == 0.5
    assert recall(FAILED) is FAILED


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (("match", "reasonable", "wrong", "redundant"), 0.5),
        (("match", "general", "general"), 1.0),
        (("wrong",), 0.0),
    ],
)
def test_precision_leaves_general_remarks_out(labels: tuple[str, ...], wanted: float) -> None:
    assert precision(verdicts(*labels)) == wanted


def test_precision_without_a_claim_is_undefined() -> None:
    part = precision(verdicts("general"))
    assert isinstance(part, Unscored)
    assert part.reason == "no_claims"


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ((1, 2, 3), 1.0),
        ((3, 2, 1), 0.0),
        ((1, 3, 2), 2 / 3),  # of the pairs 1-3, 1-2, 3-2 the last is wrong
        ((1, None, 2), 1.0),
        ((1, 1, 2), 1.0),  # one step that holds two key steps is no pair
    ],
)
def test_order(steps: tuple[int | None, ...], wanted: float) -> None:
    assert order(found(*steps)) == pytest.approx(wanted)


@pytest.mark.parametrize("steps", [(1,), (None, 2), (1, 1)])
def test_order_of_fewer_than_two_steps_is_undefined(steps: tuple[int | None, ...]) -> None:
    assert isinstance(order(found(*steps)), Unscored)


def test_f1_is_the_harmonic_mean() -> None:
    assert f1(0.5, 1.0) == pytest.approx(2 / 3)
    assert f1(0.0, 0.0) == 0.0


def test_chain_score_loses_by_order_what_the_weight_says() -> None:
    assert chain_score(1.0, 1.0, 0.0, order_weight=0.2) == pytest.approx(0.8)
    assert chain_score(1.0, 1.0, 0.5, order_weight=0.2) == pytest.approx(0.9)
    undefined = Unscored("fewer_than_two_found", "")
    assert chain_score(0.5, 1.0, undefined, order_weight=0.2) == pytest.approx(2 / 3)
    assert chain_score(FAILED, 1.0, 1.0, order_weight=0.2) is FAILED
    assert chain_score(1.0, FAILED, 1.0, order_weight=0.2) is FAILED


def test_indicator_recall() -> None:
    assert indicator_recall(verdicts("named", "missing", "named", "named")) == 0.75
    none = indicator_recall(None)
    assert isinstance(none, Unscored)
    assert none.reason == "no_indicators"


def test_a_failed_judge_and_an_empty_chain_are_no_zeros() -> None:
    rows = [row(recall=1.0, precision=0.5), row(recall=FAILED, precision=FAILED)]
    rows.append(row(recall=EMPTY, precision=EMPTY))
    summary = summarize(rows, weights=EVEN)
    assert summary.n == 3
    part = summary.parts["recall"]
    assert (part.mean, part.n) == (100.0, 1)
    assert part.unscored == {"timeout": 1}
    assert part.undefined == {"empty_chain": 1}
    assert summary.num_failed == 1


def test_f1_is_taken_of_the_means() -> None:
    # Means 0.5 and 0.75: F1 = 2 · 0.375 / 1.25 = 0.6; the mean of the samples' F1 would be 0.5.
    rows = [row(recall=1.0, precision=1.0), row(recall=0.0, precision=0.5)]
    summary = summarize(rows, weights=EVEN)
    assert summary.f1 == pytest.approx(60.0)
    assert summary.f1_ci95.low <= 60.0 <= summary.f1_ci95.high


def test_cot_quality_is_the_weighted_mean_of_all_three() -> None:
    whole = [row(indicator_recall=0.2, ref_clip_score=0.5, bert_score=0.8)]
    assert summarize(whole, weights=EVEN).combined == pytest.approx(50.0)
    weights = {"indicator_recall": 3.0, "ref_clip_score": 0.0, "bert_score": 1.0}
    assert summarize(whole, weights=weights).combined == pytest.approx(35.0)


def test_cot_quality_with_a_part_missing_is_no_number() -> None:
    rows = [row(indicator_recall=0.2, bert_score=0.8)]
    summary = summarize(rows, weights=EVEN)
    assert math.isnan(summary.combined)
    assert summary.missing == ("ref_clip_score",)
    assert summary.to_json()["cot_quality"] is None
    assert summary.parts["ref_clip_score"].to_json()["mean"] is None
    left_out = summarize(rows, weights=EVEN | {"ref_clip_score": 0.0})
    assert left_out.combined == pytest.approx(50.0)


def test_nothing_to_sum_up_is_no_number() -> None:
    summary = summarize([], weights=EVEN)
    assert math.isnan(summary.f1)
    assert summary.to_json()["parts"]["recall"]["mean"] is None
