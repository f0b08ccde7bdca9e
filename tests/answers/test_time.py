"""Time grows with the length of a text, not with its square, whatever the text."""

import time

import pytest

from gre.answers import follows_format, read_angle, read_judgment, read_latlon
from gre.geo.latlon import LatLon
from tests.timing import seconds

UNITS = [
    "<answer>", "</answer>", "<answer></answer>", "<think>", "</think>", "<think></think>",
    "<", "</",
    "9", "9 ", "1.", "1,", "1,1 ", "1.1.", "1e", "1e9", "0.", "..1", "1:", "1:1 ",
    "'", '"', "“", "' ", "'s", "it's ", " ", "\n", "\t \n", "[", "[[(", "{", "}", "( ",
    "-", "- ", "-1", "1-", "--1", "+-", "±1", "1±1", "—", "°", "1°", "1°1'", "&deg;", "&",
    "N", "N ", "1N", "N1", "S.", "(N)", "W: ", "с.", "1 с ш",
    "lat", "lat ", "lat: ", "lat 1 ", "lat, lon ", "lon lat 1,2 ", "lat: 1, lon: 2 ", "1 lat ",
    "lat about about ", "1 or ", "1 and ", "between 1 and ", "nan,", "40.7,-74.0\n",
    "40.71, -74.01; ",
    "\\", "\\boxed", "\\boxed{", "\\boxed{1,2}", "\\u0030", "\\text", "\\n", "纬度", "é", "\ud800",
    "١", "true ", "not\n", "point(",
    "1. ", "1 .", "1 ~ ", "South ", "S lat ", "south-", "southern hemisphere ", "minus 1 ",
    "lat_ref: S ", "ref: S, ", "lonlat ", "longitude first ", "lat: 1 to 2 ", "minutes: 1 ",
    "lat <", "(S, W) ", "x: S ", "lat: 1, lat: 2, ",
]  # fmt: skip


LONG_UNITS = [
    "<answer>", "<think></think>", "9", "1,", "1.", "'", " ", "[", "-", "+-", "N ", "°", "lat ",
    "é",
    "\\boxed{", "40.71, -74.01; ", "lat: 1, lon: 2 ", "The 5th of 12 signs, ",
    "1. ", "1 .", "1 ~ ", "South ", "south-", "S lat ", "lat_ref: S ", "minus ", "lonlat ", "x: S ",
    "minutes: ",
]  # fmt: skip


def read_everything(text: str) -> None:
    """All readers, on the text alone and inside of each kind of region."""
    read_latlon(text)
    read_latlon(f"<answer>{text}</answer>")
    read_latlon(f"\\boxed{{{text}")
    read_latlon(f"In Rome, lat: {text} lon: 1")
    read_judgment(text)
    read_angle(text)
    follows_format(text)


@pytest.mark.parametrize("unit", UNITS)
def test_time_is_linear(unit: str) -> None:
    """From 1 kB to 16 kB: linear takes 16 times, a square law 256; 64 lies midway by ratio."""
    short = seconds(read_everything, unit * (1_000 // len(unit)))
    long = seconds(read_everything, unit * (16_000 // len(unit)))
    assert long <= 64 * max(short, 0.01)  # below that, clock and caches decide


@pytest.mark.slow
@pytest.mark.parametrize("unit", LONG_UNITS)
def test_time_is_linear_to_a_megabyte(unit: str) -> None:
    """From 62.5 kB to 1 MB: linear takes 16 times, a square law 256; 64 lies midway by ratio.

    A twentieth of a second is noise on a busy machine, and no square law: 1 MB takes that hours.
    """
    short = seconds(read_latlon, unit * (62_500 // len(unit)))
    long = seconds(read_latlon, unit * (1_000_000 // len(unit)))
    assert long <= 64 * max(short, 0.05)
    assert long <= 30


def test_long_numbers_are_read_at_once() -> None:
    start = time.process_time()
    for text in ("9" * 1_000_000, "0." + "9" * 1_000_000, "1e" + "9" * 1_000_000):
        read_latlon(f"<answer>{text}, {text}</answer>")
        read_angle(text)
    assert time.process_time() - start < 20


def test_an_answer_after_a_megabyte_of_reasoning_is_found() -> None:
    reasoning = "The sign says 12.5, so 40.7, -74.0 or (48.8, 2.3). " * 20_000
    start = time.process_time()
    point = read_latlon(f"<think>{reasoning}</think><answer>35.681, 139.767</answer>")
    assert time.process_time() - start < 5
    assert point == LatLon(35.681, 139.767)
