"""Teachers are asked once for each seed, whatever happens in between."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gre.answers import read_latlon
from gre.curation.rationales import collect
from gre.curation.replies import read_rationales
from gre.curation.seeds import SeedSettings, build_seeds
from gre.curation.teachers import ChatTeacher, Pace, SampleTeacher, SampleTeacherShares
from gre.data.records import SeedRecord, read_seed
from gre.errors import InputError
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.models.chat_api import ChatClient, ChatEndpoint, ChatUsage
from tests.curation.making import PLACES, save_photo
from tests.curation.server import Body, FlakyServer

FACTS = {"teacher": "openai:wise"}
QUESTION = "Where?"
TEXT = "<think> A tower. </think> <answer> 48.858, 2.294 </answer>"


@pytest.fixture
def seeds(tmp_path: Path) -> list[SeedRecord]:
    for number in range(12):
        save_photo(tmp_path / "photos" / f"{number}.jpg", number, list(PLACES)[number % 4])
    settings = SeedSettings(sources=(tmp_path / "photos",), columns={})
    build_seeds(settings, tmp_path / "seeds", workers=1)
    return read_seed(tmp_path / "seeds/gre_seed.jsonl")


def make_teacher(
    url: str, tmp_path: Path, *, max_cost_usd: float | None = None, parallel: int = 3
) -> ChatTeacher:
    endpoint = ChatEndpoint(
        url,
        "wise",
        max_attempts=2,
        max_parallel=parallel,
        first_wait_s=0.01,
        input_usd_per_million=1.0,
        output_usd_per_million=10.0,
    )
    client = ChatClient(endpoint, cache_dir=tmp_path / "cache", max_cost_usd=max_cost_usd)
    return ChatTeacher(client, pace=Pace(None), max_tokens=200, temperature=1.0)


class StopAfter:
    """Interrupts as Ctrl-C does, after so many replies."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self, count: int, usage: ChatUsage) -> None:
        self.count -= count
        if self.count < 0:
            raise KeyboardInterrupt


def test_no_call_is_paid_twice_and_no_reply_is_lost(
    seeds: list[SeedRecord], tmp_path: Path
) -> None:
    out = tmp_path / "replies.jsonl"
    with FlakyServer(lambda body: TEXT, failure_rate=0.4).running() as server:
        num_runs = 0
        while True:
            num_runs += 1
            assert num_runs < 40
            teacher = make_teacher(server.url, tmp_path)
            done = sum(one.text is not None for one in read_rationales(out)) if out.exists() else 0
            try:
                summary = collect(
                    seeds, teacher, out, question=QUESTION, facts=FACTS, tell=StopAfter(done + 3)
                )
            except KeyboardInterrupt:
                continue
            with out.open("a") as log:  # and the machine died in the middle of a line
                log.write('{"id": "half')
            if summary.num_texts == len(seeds):
                break
    assert num_runs > 2
    assert sorted(server.good.values()) == [1] * len(seeds)
    texts = {one.id: one.text for one in read_rationales(out)}
    assert texts == {seed.id: TEXT for seed in seeds}


def test_what_is_asked(seeds: list[SeedRecord], tmp_path: Path) -> None:
    with FlakyServer(lambda body: TEXT, failure_rate=0.0).running() as server:
        teacher = make_teacher(server.url, tmp_path)
        collect(seeds[:1], teacher, tmp_path / "o.jsonl", question=QUESTION, facts=FACTS)
    body: Body = server.bodies[0]
    picture, text = body["messages"][0]["content"]
    assert text["text"] == QUESTION
    assert picture["image_url"]["url"].startswith("data:image/png;base64,")
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("wise", 1.0, 200)


def test_errors_are_kept_apart_and_asked_again(seeds: list[SeedRecord], tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl"
    server = FlakyServer(lambda body: TEXT, failure_rate=1.0)
    with server.running():
        teacher = make_teacher(server.url, tmp_path)
        summary = collect(seeds, teacher, out, question=QUESTION, facts=FACTS)
        assert (summary.num_texts, sum(summary.errors.values())) == (0, 12)
        assert all(one.error and one.reason for one in read_rationales(out))
        server.failure_rate = 0.0
        summary = collect(seeds, teacher, out, question=QUESTION, facts=FACTS)
    assert (summary.num_texts, summary.num_new, dict(summary.errors)) == (12, 12, {})


def test_the_limit_holds(seeds: list[SeedRecord], tmp_path: Path) -> None:
    # A reply costs 1000 * 1 + 100 * 10 = 2000 millionths; beforehand at most about 2030.
    with FlakyServer(lambda body: TEXT, failure_rate=0.0).running() as server:
        teacher = make_teacher(server.url, tmp_path, max_cost_usd=0.0083, parallel=1)
        out = tmp_path / "o.jsonl"
        summary = collect(seeds, teacher, out, question=QUESTION, facts=FACTS)
    assert summary.is_over_budget
    assert summary.usage.usd == pytest.approx(4 * 0.002)
    assert (summary.num_texts, dict(summary.errors)) == (4, {"not_asked": 8})


def test_another_question_and_a_second_writer_are_refused(
    seeds: list[SeedRecord], tmp_path: Path
) -> None:
    out = tmp_path / "o.jsonl"
    with FlakyServer(lambda body: TEXT, failure_rate=0.0).running() as server:
        teacher = make_teacher(server.url, tmp_path)

        def again(count: int, usage: ChatUsage) -> None:
            with pytest.raises(InputError, match="another process writes"):
                collect(seeds, teacher, out, question=QUESTION, facts=FACTS)

        collect(seeds[:1], teacher, out, question=QUESTION, facts=FACTS, tell=again)
        with pytest.raises(InputError, match="teacher was 'openai:wise', is 'sample'"):
            collect(seeds, teacher, out, question=QUESTION, facts={"teacher": "sample"})
    out.write_text(out.read_text() + "{}\n")
    with pytest.raises(InputError, match=r"o\.jsonl:2: is damaged"):
        read_rationales(out)


def test_calls_keep_their_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace(per_minute=1200)  # one every 50 ms
    waits: list[float] = []
    monkeypatch.setattr(pace._is_stopped, "wait", waits.append)
    for _ in range(4):
        pace.wait()
    assert waits[0] == 0
    assert waits[3] == pytest.approx(0.15, abs=0.04)


@pytest.mark.parametrize("per_minute", [0, -1, float("nan")])
def test_pace_is_above_zero(per_minute: float) -> None:
    with pytest.raises(InputError, match="--per-minute"):
        Pace(per_minute)


def test_the_sample_teacher_is_wrong_as_often_as_stated(sample_world: Path) -> None:
    seeds = read_seed(sample_world / "dataset/gre_seed/gre_seed.jsonl")
    world = json.loads((sample_world / "world.json").read_text())
    for shares, within in (
        (SampleTeacherShares(0.0, 0.0), {True}),
        (SampleTeacherShares(1.0, 0.0), {False}),
    ):
        teacher = SampleTeacher(sample_world, shares)
        found = set()
        for seed in seeds:
            point = read_latlon(teacher.ask(seed, QUESTION).text)
            assert isinstance(point, LatLon)
            found.add(great_circle_km(point, seed.truth) <= 750)
        assert found == within
    silent = SampleTeacher(sample_world, SampleTeacherShares(0.0, 1.0))
    assert not isinstance(read_latlon(silent.ask(seeds[0], QUESTION).text), LatLon)
    assert (
        world["scenes"][seeds[0].id]["city"]
        in SampleTeacher(sample_world, SampleTeacherShares(0.0, 0.0)).ask(seeds[0], QUESTION).text
    )


def test_the_sample_teacher_knows_its_pictures_under_any_record_id(sample_world: Path) -> None:
    seed = read_seed(sample_world / "dataset/gre_seed/gre_seed.jsonl")[0]
    teacher = SampleTeacher(sample_world, SampleTeacherShares())
    renamed = replace(seed, id=f"{seed.id}-mine")
    assert teacher.ask(renamed, QUESTION).text == teacher.ask(seed, QUESTION).text


def test_the_sample_teacher_knows_its_world_alone(
    seeds: list[SeedRecord], sample_world: Path
) -> None:
    teacher = SampleTeacher(sample_world, SampleTeacherShares())
    with pytest.raises(InputError, match="shows no scene of"):
        teacher.ask(seeds[0], QUESTION)
    with pytest.raises(InputError, match="holds no sample world"):
        SampleTeacher(sample_world / "bench", SampleTeacherShares())
    with pytest.raises(InputError, match="at most 1 together"):
        SampleTeacherShares(0.8, 0.3)
