"""The check of a judge: it passes the embedded one, and fails judges that should fail."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gre.evaluation.cot.chains import Statement
from gre.evaluation.cot.embedded import EmbeddedJudge
from gre.evaluation.cot.items import References
from gre.evaluation.cot.settings import CotSettings
from gre.evaluation.cot.validate import pair_with_others, validate_judge, weigh
from gre.evaluation.cot.verdicts import Item, Unscored, Verdict, Verdicts
from gre.geo.distance import great_circle_km
from tests.command_line import run_gre
from tests.evaluation.cot.fault_server import kind_reply, serve

FAILED = Unscored("timeout", "no reply")


class Yes(EmbeddedJudge):
    """Says that everything is there."""

    def find_key_steps(self, item: Item) -> Verdicts:
        return tuple(Verdict("matched", "Yes.", 1) for _ in item.key_steps)

    def rate_steps(self, item: Item) -> Verdicts:
        return tuple(Verdict("match", "Yes.") for _ in item.steps)

    def sort(self, question: str, said: Sequence[Statement]) -> Verdicts:
        return tuple(Verdict("caption", "Yes.") for _ in said)


def test_the_embedded_judge_passes(tmp_path: Path, references: References) -> None:
    found = validate_judge(references, EmbeddedJudge(), CotSettings(), tmp_path)
    assert found.faults == ()
    assert found.n == len(references.by_id)
    assert found.agreement == 100.0
    assert found.wrong < 50.0
    assert found.separation.hits == found.n
    rows = [json.loads(line) for line in (tmp_path / "cot_validation.jsonl").open()]
    assert [row["chain"] for row in rows] == ["own"] * found.n + ["other"] * found.n
    assert all((row["id"] == row["chain_of"]) == (row["chain"] == "own") for row in rows)
    facts = json.loads((tmp_path / "cot_validation.json").read_text())
    assert facts["passed"] is True
    assert facts["judge"]["name"] == "embedded"


def test_a_judge_that_always_agrees_fails(tmp_path: Path, references: References) -> None:
    found = validate_judge(references, Yes(), CotSettings(), tmp_path)
    assert (found.agreement, found.wrong) == (100.0, 100.0)
    assert len(found.faults) == 2
    assert "other photos' chains score 100.00 %, must be at most 50 %" in found.faults[0]
    assert json.loads((tmp_path / "cot_validation.json").read_text())["passed"] is False


def test_others_are_far_away_and_say_something_else(references: References) -> None:
    pairs = pair_with_others(list(references.by_id.values()))
    assert len(pairs) == len(references.by_id)
    for own, other in pairs:
        assert great_circle_km(own.truth, other.truth) > 750.0
        assert own.key_steps != other.key_steps


@pytest.mark.parametrize(
    ("own", "other", "num_faults"),
    [
        ([1.0, 1.0], [0.1, 0.2], 0),
        ([1.0, 0.9], [0.1, 0.2], 1),  # agreement 95 %
        ([1.0, 1.0], [0.6, 0.6], 1),  # other photos 60 %
        ([1.0, 1.0], [1.0, 0.0], 1),  # one of two set apart
        ([1.0, FAILED], [0.1, 0.2], 0),  # a failure is no disagreement
        ([FAILED, 1.0], [0.1, FAILED], 1),  # nothing is left to compare
    ],
)
def test_what_fails_the_check(own: list, other: list, num_faults: int) -> None:  # type: ignore[type-arg]
    assert len(weigh(own, other, CotSettings()).faults) == num_faults


def test_limits_come_from_the_settings() -> None:
    lax = replace(CotSettings(), min_agreement=90.0)
    assert weigh([1.0, 0.9], [0.1, 0.2], lax).faults == ()


def test_command_passes_the_embedded_judge(
    capsys: pytest.CaptureFixture[str], gold_run: Path, bench: Path
) -> None:
    code, out, err = run_gre(capsys, "judge", gold_run, "--data", bench, "--validate")
    assert code == 0, err
    assert "gold chains against themselves │              100.00" in out
    assert not (gold_run / "cot_summary.json").exists()


def test_command_fails_a_judge_that_always_agrees(
    capsys: pytest.CaptureFixture[str], gold_run: Path, bench: Path
) -> None:
    with serve(lambda prompt, _: kind_reply(prompt)) as server:
        chat = ("--judge", "openai:m", "--base-url", server.base_url)
        code, out, err = run_gre(capsys, "judge", gold_run, "--data", bench, "--validate", *chat)
    assert code == 1
    assert "gre: the judge fails the check: other photos' chains score" in err
    assert "another photo's chain" in out
    assert (gold_run / "cot_validation.json").exists()
