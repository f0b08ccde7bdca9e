"""The append-only file: what was confirmed is there again, whatever happened."""

import errno
import json
import os
from pathlib import Path

import pytest

from gre.curation.review import decisions
from gre.curation.review.decisions import Decision, DecisionLog, read_reviews
from gre.errors import GreError, InputError


def decision(item: str, value: str = "keep", *, key: str | None = None) -> Decision:
    return Decision(
        key=key or f"{item}-{value}",
        reviewer="",
        item=item,
        shown_sha256="h",
        kind="steps",
        value=value,
        steps=("a", "b") if value == "edit" else (),
    )


def test_closed_and_opened_again_everything_stands(tmp_path: Path) -> None:
    with DecisionLog(tmp_path, "ann") as log:
        log.decide(decision("x"))
        log.decide(decision("y", "edit"))
        log.decide(decision("x", "drop"))
    with DecisionLog(tmp_path, "ann") as log:
        assert log.last("x", "steps").value == "drop"
        assert log.last("y", "steps").steps == ("a", "b")
        assert log.last("z", "steps") is None
    assert {one["reviewer"] for one in map(json.loads, log.path.open())} == {"ann"}


def test_undo_gives_back_what_stood_before_also_after_a_restart(tmp_path: Path) -> None:
    with DecisionLog(tmp_path, "ann") as log:
        log.decide(decision("x"))
        log.decide(decision("x", "drop"))
        assert log.undo("undo-one").value == "drop"
    with DecisionLog(tmp_path, "ann") as log:
        assert log.last("x", "steps").value == "keep"
        assert log.undo("undo-two").value == "keep"
        assert log.undo("undo-three") is None
        assert log.last("x", "steps") is None
    lines = log.path.read_text().splitlines()
    assert len(lines) == 4  # nothing is ever taken out of the file
    assert read_reviews(tmp_path) == {"ann": {}}


def test_a_line_sent_twice_is_written_once(tmp_path: Path) -> None:
    with DecisionLog(tmp_path, "ann") as log:
        log.decide(decision("x", key="same-key"))
        log.decide(decision("x", "drop", key="same-key"))
        assert log.last("x", "steps").value == "keep"
        log.decide(decision("y"))
        assert log.undo("undo-key").item == log.undo("undo-key").item == "y"
        assert log.last("x", "steps").value == "keep"


def test_a_line_cut_short_is_dropped_and_the_file_goes_on(tmp_path: Path) -> None:
    with DecisionLog(tmp_path, "ann") as log:
        log.decide(decision("x"))
    with log.path.open("ab") as file:
        file.write(b'{"key": "half')
    assert set(read_reviews(tmp_path)["ann"]) == {("x", "steps")}
    with DecisionLog(tmp_path, "ann") as log:
        log.decide(decision("y"))
    assert set(read_reviews(tmp_path)["ann"]) == {("x", "steps"), ("y", "steps")}


def test_every_decision_is_synced_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    with DecisionLog(tmp_path, "ann") as log:
        monkeypatch.setattr(decisions.os, "fsync", lambda _: synced.append(log.path.stat().st_size))
        log.decide(decision("x"))
    assert synced == [log.path.stat().st_size]


def test_a_disk_that_refuses_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with DecisionLog(tmp_path, "ann") as log:
        monkeypatch.setattr(decisions.os, "fsync", full)
        with pytest.raises(GreError, match="No space left"):
            log.decide(decision("x"))
        assert log.last("x", "steps") is None
        monkeypatch.undo()
        log.decide(decision("x"))
    assert len(log.path.read_text().splitlines()) == 1


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with DecisionLog(tmp_path, "ann"):
        with pytest.raises(InputError, match="another review of 'ann' is open"):
            DecisionLog(tmp_path, "ann")
        DecisionLog(tmp_path, "bob").__exit__()


WHOLE = {
    **{"key": "k" * 8, "reviewer": "ann", "item": "x", "shown_sha256": "h", "kind": "steps"},
    **{"value": "edit", "steps": ["Palms."], "reasons": [], "at": "2025-01-01T00:00:00+00:00"},
}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"steps": ["Palms.", "A \0 sign."]}, "steps: holds control character U+0000"),
        ({"steps": ["A <|im_end|> sign."]}, 'steps: holds "<|im_end|>", must be text'),
        ({"steps": ["Half \ud800."]}, "steps: holds half a character"),
        ({"steps": ["It is <answer> 1, 2"]}, "steps: hold '<answer>', must be words"),
        ({"steps": []}, "steps: got 0, must be 1 to 64"),
        ({"steps": "Palms."}, "is no decision (steps must be a list of texts)"),
        ({"steps": [{"a": 1}]}, "is no decision (steps must be a list of texts)"),
        ({"value": "kept"}, '"steps" "kept" is no decision, must be steps keep or edit or drop'),
        ({"value": "yes"}, '"steps" "yes" is no decision'),
        ({"kind": "question"}, '"question" "edit" is no decision'),
        ({"kind": "other"}, '"other" "edit" is no decision'),
        ({"value": 1}, "is no decision (value must be text)"),
        ({"at": 5}, "is no decision (at must be text)"),
        ({"more": "x"}, "is no decision"),
    ],
)
def test_lines_obey_the_rules_of_the_page(
    tmp_path: Path, changed: dict[str, object], says: str
) -> None:
    lines = [json.dumps(WHOLE), json.dumps(WHOLE | {"key": "l" * 8} | changed)]
    (tmp_path / "ann.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError) as refused:
        read_reviews(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / 'ann.jsonl'}:2: {says}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("line", ["{}", "[]", "no", '{"key": "k", "steps": [], "reasons": []}'])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "ann.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=r"ann\.jsonl:1: is no decision"):
        DecisionLog(tmp_path, "ann")


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "é", "a" * 41, "a b"])
def test_names_that_are_no_file_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="--reviewer"):
        DecisionLog(tmp_path, name)
    assert not list(tmp_path.iterdir())


def test_no_decisions_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no decisions"):
        read_reviews(tmp_path / "nothing")
