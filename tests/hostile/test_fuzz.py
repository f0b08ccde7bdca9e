"""The readers under a short campaign of `scripts/fuzz.py`, and under Hypothesis."""

import importlib.util
import json
import random
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gre.answers import FailureReason, ParseFailure, read_judgment, read_latlon
from gre.data.records import RecordError, iter_records
from gre.errors import GreError, InputError
from gre.geo.latlon import LatLon

ROOT = Path(__file__).resolve().parents[2]
NUM_ROUNDS = 300

spec = importlib.util.spec_from_file_location("fuzz", ROOT / "scripts/fuzz.py")
assert spec and spec.loader
fuzz = importlib.util.module_from_spec(spec)
sys.modules["fuzz"] = fuzz
spec.loader.exec_module(fuzz)


def test_a_short_campaign_finds_no_crash(tmp_path):
    rng = random.Random(1)
    targets = fuzz.make_targets(tmp_path)
    for _ in range(NUM_ROUNDS):
        for target in targets:
            assert fuzz.try_one(target, rng) is None, target.name
    assert {target.num_runs for target in targets} == {NUM_ROUNDS}
    assert all(target.lines for target in targets)


def test_the_campaign_reports_a_crash():
    def broken(text: str) -> bool:
        raise RuntimeError("boom")

    target = fuzz.Target("broken", broken, ["a"])
    assert "RuntimeError: boom" in fuzz.try_one(target, random.Random(0))


def test_the_campaign_takes_a_refusal_for_one():
    def strict(text: str) -> bool:
        raise InputError("a.json: no")

    target = fuzz.Target("strict", strict, ["a"])
    assert fuzz.try_one(target, random.Random(0)) is None
    assert (target.num_runs, target.num_refused) == (1, 1)


pieces = st.sampled_from([*fuzz.PIECES, "45.4", "12.3", " ", "latitude", "True", "False"])
messy = st.lists(pieces | st.text(max_size=6), max_size=24).map("".join)


@settings(max_examples=150, deadline=None)
@given(messy)
def test_any_text_gives_a_point_on_the_globe_or_a_reason(text):
    for strict in (False, True):
        reading = read_latlon(text, strict=strict)
        if isinstance(reading, LatLon):
            assert -90 <= reading.lat <= 90
            assert -180 <= reading.lon <= 180
        else:
            assert isinstance(reading.reason, FailureReason)
    assert isinstance(read_judgment(text), bool | ParseFailure)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | messy,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), kind=st.sampled_from(fuzz.KINDS))
def test_any_record_is_read_or_refused_in_one_line(tmp_path, data, kind):
    record = dict(fuzz.RECORD)
    for name in data.draw(st.lists(st.sampled_from(sorted(record)), min_size=1, max_size=3)):
        record[name] = data.draw(values)
    path = tmp_path / "records.json"
    path.write_text(json.dumps([record]))
    (tmp_path / "a.jpg").touch()
    for item in iter_records(path, kind):
        if isinstance(item, RecordError):
            assert isinstance(item, GreError)
            assert "\n" not in str(item)
            assert str(path) in str(item)


@pytest.mark.parametrize("piece", ["<answer>1.5, ", "1.5, 2.5 or ", "lat: ", "(", "\\boxed{1.5"])
def test_time_grows_with_length_and_no_faster(piece):
    def seconds(num_chars: int) -> float:
        text = (piece * num_chars)[:num_chars]
        best = float("inf")
        for _ in range(2):
            start = time.process_time()
            read_latlon(text)
            best = min(best, time.process_time() - start)
        return best

    short, long = seconds(12_500), seconds(100_000)
    # Eight times as long: 8 where it is linear, 64 where it is quadratic.
    assert long < 24 * short + 0.05
