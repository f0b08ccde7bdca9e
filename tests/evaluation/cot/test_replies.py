"""A judge model's replies: what is read, and what is sent back to it."""

import json

import pytest

from gre.evaluation.cot.replies import read_reply
from gre.evaluation.cot.verdicts import KEY_LABELS, STEP_LABELS, Unscored, Verdict

IDS = ("s1", "s2")


def verdict(
    identity: object, label: object = "match", reason: object = "So it is.", **more: object
) -> dict[str, object]:
    return {"id": identity, "reason": reason, "label": label, **more}


def reply(*rows: object) -> str:
    return json.dumps({"verdicts": list(rows)})


GOOD = reply(verdict("s1"), verdict("s2", "wrong"))


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"<think> hm {{ </think>\n{GOOD}",
        reply(verdict("s2", "wrong"), verdict("s1")),
    ],
)
def test_verdicts_stand_in_the_order_of_the_ids(text: str) -> None:
    found = read_reply(text, ids=IDS, labels=STEP_LABELS)
    assert found == (Verdict("match", "So it is."), Verdict("wrong", "So it is."))


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        ("", "not_json", "not one JSON object"),
        ("I think all match.", "not_json", "not one JSON object"),
        (GOOD[:-9], "not_json", "not one JSON object"),
        ("[1, 2]", "wrong_shape", "verdicts"),
        ('{"verdicts": "s1"}', "wrong_shape", "verdicts"),
        (reply("s1", "s2"), "wrong_shape", "verdicts"),
        (reply(verdict("s1")), "wrong_ids", "no verdict on s2"),
        (reply(verdict("s1"), verdict("s1")), "wrong_ids", "s1 stands twice"),
        (reply(verdict("s1"), verdict("s3")), "wrong_ids", '"s3" is none of s1 to s2'),
        (reply(verdict(1), verdict("s2")), "wrong_ids", "id 1 is none"),
        (reply(verdict("s1", "correct"), verdict("s2")), "wrong_label", '"correct"'),
        (reply(verdict("s1", ["match"]), verdict("s2")), "wrong_label", "of s1"),
        (reply(verdict("s1", reason=" "), verdict("s2")), "wrong_shape", "s1 has no reason"),
        (reply({"id": "s1", "label": "match"}, verdict("s2")), "wrong_shape", "no reason"),
    ],
)
def test_what_cannot_be_used_says_why(text: str, reason: str, says: str) -> None:
    found = read_reply(text, ids=IDS, labels=STEP_LABELS)
    assert isinstance(found, Unscored)
    assert found.reason == reason
    assert says in found.detail


def test_steps_are_aligned_by_id() -> None:
    text = reply(verdict("k2", "missing", step=None), verdict("k1", "matched", step="s9"))
    found = read_reply(text, ids=("k1", "k2"), labels=KEY_LABELS, steps=("s7", "s8", "s9"))
    assert not isinstance(found, Unscored)
    assert [v.step for v in found] == [3, None]


@pytest.mark.parametrize("step", [None, "s4", 1])
def test_a_matched_key_step_must_name_a_step(step: object) -> None:
    text = reply(verdict("k1", "matched", step=step))
    found = read_reply(text, ids=("k1",), labels=KEY_LABELS, steps=("s1",))
    assert isinstance(found, Unscored)
    assert found.reason == "wrong_step"
