"""`--max-cost-usd` holds over all runs into one file, whatever became of the calls."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gre.curation.replies import Rationale, read_facts, read_rationales, read_spent_usd
from gre.models.chat_api import ChatEndpoint
from tests.command_line import one_line, run_gre
from tests.curation.making import save_photo
from tests.curation.server import Body, FlakyServer

TEXT = "<think> A tower. </think> <answer> 48.858, 2.294 </answer>"
BILLED = {"prompt_tokens": 1000, "completion_tokens": 1000}
"""At 1000 US dollars a million tokens: 2 dollars."""
PRICED = ChatEndpoint(
    "http://host/v1", "wise", input_usd_per_million=1000.0, output_usd_per_million=1000.0
)
Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Gives the command on six seeds: a server's address, then further options."""
    lines = []
    for number in range(6):
        save_photo(tmp_path / f"{number}.jpg", number, None)
        lines.append({"image": f"{number}.jpg", "instructions": "?", "gt_lat": 1, "gt_lon": 2})
    seeds = tmp_path / "seed.jsonl"
    seeds.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def give(url: str, *more: object) -> tuple[int, str, str]:
        words = ("--teacher", "openai:wise", "--base-url", url, "--out", tmp_path / "r.jsonl")
        prices = ("--input-usd-per-million", 1000, "--output-usd-per-million", 1000)
        return run_gre(
            capsys, "curate", "rationales", seeds, *words, *prices, "--max-parallel", 1, *more
        )

    return give


def log(tmp_path: Path) -> list[Rationale]:
    return [Rationale(**json.loads(line)) for line in (tmp_path / "r.jsonl").open()]


def test_what_empty_replies_cost_counts_in_every_later_run(ask: Ask, tmp_path: Path) -> None:
    # Each costs 2 dollars. Beforehand it may cost a little over 1: 1000 tokens of a reply, and a
    # prompt that is estimated at some hundred. So the fifth would pass 9 dollars.
    limits = ("--max-cost-usd", 9, "--max-tokens", 1000)
    server = FlakyServer(lambda body: "", failure_rate=0, usage=BILLED, finish_reason="length")
    with server.running():
        code, out, _ = ask(server.url, *limits)
        assert code == 3
        assert server.calls == 4
        assert "raise --max-cost-usd" in out
        assert "raise --max-tokens" in out
        for _ in range(2):
            assert ask(server.url, *limits)[0] == 3
        assert server.calls == 4
        assert ask(server.url, *limits[:1], 11, *limits[2:])[0] == 3
        assert server.calls == 5
    found = log(tmp_path)
    assert [(one.reason, one.prompt_tokens, one.completion_tokens) for one in found] == [
        ("empty", 1000, 1000)
    ] * 5
    assert read_spent_usd(tmp_path / "r.jsonl", PRICED) == pytest.approx(10.0)


def test_attempts_before_the_last_count_too(ask: Ask, tmp_path: Path) -> None:
    texts = iter(["", TEXT])  # without "length" an empty reply is asked for again at once
    server = FlakyServer(lambda body: next(texts), failure_rate=0, usage=BILLED)
    with server.running():
        code, *_ = ask(server.url, "--limit", 1)
    assert code == 0
    (one,) = log(tmp_path)
    assert (one.prompt_tokens, one.completion_tokens, one.usd) == (2000, 2000, 4.0)


def test_the_longest_reply_may_grow_and_no_text_is_asked_for_again(
    ask: Ask, tmp_path: Path
) -> None:
    def long_thought(body: Body) -> str:  # the first two seeds need no more than 1000 tokens
        return TEXT if body["max_tokens"] > 1000 or server.calls <= 2 else ""

    server = FlakyServer(long_thought, failure_rate=0, finish_reason="length")
    with server.running():
        assert ask(server.url, "--max-tokens", 1000)[0] == 3
        assert server.calls == 6
        assert ask(server.url, "--max-tokens", 2000)[0] == 0
        assert server.calls == 6 + 4
        code, _, err = ask(server.url, "--max-tokens", 500)
    assert code == 2
    assert "max_tokens was 2000, is 500" in one_line(err)
    assert "raise --max-tokens" in err
    assert {one.text for one in read_rationales(tmp_path / "r.jsonl")} == {TEXT}
    facts = read_facts(tmp_path / "r.jsonl")
    assert (facts["max_tokens"], facts["earlier_max_tokens"]) == (2000, [1000])


def test_replies_kept_under_a_lower_limit_are_not_paid_again(ask: Ask, tmp_path: Path) -> None:
    with FlakyServer(lambda body: TEXT, failure_rate=0).running() as server:
        assert ask(server.url, "--max-tokens", 1000)[0] == 0
        (tmp_path / "r.jsonl").write_text("")  # killed before a reply was noted
        assert ask(server.url, "--max-tokens", 2000)[0] == 0
        assert server.calls == 6


def test_a_server_that_counts_nothing_is_taken_at_its_most(ask: Ask, tmp_path: Path) -> None:
    # 1000 tokens of a reply and a prompt below 1000: between 1 and 2 dollars a call.
    limits = ("--max-cost-usd", 4, "--max-tokens", 1000)
    with FlakyServer(lambda body: TEXT, failure_rate=0, usage=None).running() as server:
        assert ask(server.url, *limits)[0] == 3
        calls = server.calls
        assert 2 <= calls <= 3
        assert ask(server.url, *limits)[0] == 3
        assert server.calls == calls
    assert {one.completion_tokens for one in log(tmp_path)} == {1000}


def test_what_kept_replies_cost_counts_where_the_log_lost_them(ask: Ask, tmp_path: Path) -> None:
    limits = ("--max-cost-usd", 5, "--max-tokens", 1000)
    with FlakyServer(lambda body: TEXT, failure_rate=0, usage=BILLED).running() as server:
        assert ask(server.url, *limits)[0] == 3
        assert server.calls == 2  # the third could pass 5 dollars: 4 are spent, 1 and more follow
        (tmp_path / "r.jsonl").write_text("")  # killed before a reply was noted
        assert ask(server.url, *limits)[0] == 3
        assert server.calls == 2
        shutil.rmtree(tmp_path / "r.jsonl.cache")
        assert ask(server.url, *limits)[0] == 3
        assert server.calls == 2
    assert [one.is_cached for one in log(tmp_path)] == [True, True]


def test_calls_in_flight_at_a_stop_are_noted(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_in = threading.Barrier(2)

    def held(body: Body) -> str:
        both_in.wait(20)
        return TEXT

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gre.curation.rationales.wait", stop)
    with FlakyServer(held, failure_rate=0).running() as server:
        code, *_ = ask(server.url, "--max-parallel", 2)
    assert code == 130
    assert server.calls == 2
    assert [one.text for one in log(tmp_path)] == [TEXT, TEXT]
