"""What the embedded judge reads from a statement."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gre.evaluation.cot.chains import chain_steps
from gre.evaluation.cot.embedded import EmbeddedJudge
from gre.evaluation.cot.reading import (
    contradicts,
    coverage,
    indicator_facts,
    read_statement,
    stem,
)
from gre.evaluation.cot.verdicts import Item


def facts(text: str) -> set[tuple[str, str]]:
    return {(fact.kind, " ".join(sorted(fact.value))) for fact in read_statement(text).facts}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Thai lettering on shop signs", {("script", "thai")}),
        ("The text is written in Cyrillic.", {("script", "cyrillic")}),
        ("It looks like Latin America", {("name", "america latin")}),
        ("A Kenyan-looking street with the flag of Kenya", {("flag", "kenya")}),
        ("Japan's flag hangs there", {("flag", "japan")}),
        ("Vehicles travel on the left side of the road", {("side", "left")}),
        ("Left-hand traffic", {("side", "left")}),
        ("A shop on the left", set()),
        ("a long white number plate", {("plate", "long white")}),
        ("The licence plate is white and long", {("plate", "long white")}),
        ("a plate with one blue band", {("plate", "band blue one")}),
        ("a yellow center line", {("lines", "centre yellow")}),
        ("white lane markings", {("lines", "white")}),
        ("tiled roofs, walls of brick", {("roof", "roof tile"), ("walls", "brick")}),
        ("snow-capped mountains", {("terrain", "snow peaks")}),
        ("Palm trees and a low sun", {("plants", "palm"), ("sun", "low")}),
        ("The climate is tropical.", {("climate", "tropical")}),
        ("We are near Rio de Janeiro, Brazil.", {("name", "de janeiro rio"), ("name", "brazil")}),
        ("The landmark is The Remarkables", {("name", "remarkables")}),
        ("Buildings are tall.", set()),
    ],
)
def test_facts(text: str, wanted: set[tuple[str, str]]) -> None:
    assert {fact for fact in facts(text) if fact != ("name", "kenyan-looking")} == wanted


def test_coverage_is_the_share_of_the_weight() -> None:
    wanted = read_statement("Thai letters and the flag of Thailand")
    assert coverage(wanted, read_statement("Thai letters")) == pytest.approx(0.5)
    assert coverage(wanted, wanted) == 1.0
    # Two facts of weight 3 and one word of weight 1, of which the word is missing.
    longer = read_statement("Thai letters and the flag of Thailand, gleaming")
    assert coverage(longer, wanted) == pytest.approx(6 / 7)


def test_only_two_values_of_one_kind_contradict() -> None:
    left, right = read_statement("cars keep left"), read_statement("cars keep right")
    assert contradicts(left, right)
    assert not contradicts(left, left)
    assert not contradicts(left, read_statement("Thai letters"))
    # "white" says less than "long white", and nothing else.
    assert not contradicts(read_statement("a white plate"), read_statement("a long white plate"))
    # A street has many plants.
    assert not contradicts(read_statement("palms"), read_statement("maples"))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Thai letters and a yellow plate", {"language", "symbolic"}),
        ("On the skyline: Table Mountain", {"nature landmark"}),
        ("The landmark is Big Ben", {"iconic buildings"}),
        ("brick walls under a high sun", {"architectural style", "climate"}),
        ("red soil; traffic keeps left", {"geographical features", "social characteristics"}),
        ("a parked bicycle", set()),
    ],
)
def test_kinds_of_indicator(text: str, kinds: set[str]) -> None:
    assert indicator_facts(read_statement(text)).keys() == kinds


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("roofs", "roof"),
        ("berries", "berry"),
        ("glass", "glass"),
        ("painted", "paint"),
        ("sea", "sea"),
    ],
)
def test_stem(word: str, wanted: str) -> None:
    assert stem(word) == wanted


@pytest.mark.parametrize(
    "piece",
    [
        *("white, ", "Big Ben Tower ", "Rio de la ", "flag of ", "cars keep on the ", "A"),
        *("plate is white and ", "plates with a one two ", "yellow road lane ", "in latin in "),
    ],
)
def test_a_text_without_end_is_read_in_no_time(piece: str) -> None:
    start_s = time.process_time()
    read_statement(piece * 3000)
    assert time.process_time() - start_s < 1.0


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=150))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_whatever_is_said_says_the_same_as_itself(text: str) -> None:
    steps = chain_steps(text)
    if steps:
        item = Item("x", "Q", steps, steps)
        assert all(verdict.label == "matched" for verdict in EmbeddedJudge().find_key_steps(item))
        assert all(verdict.label == "match" for verdict in EmbeddedJudge().rate_steps(item))
