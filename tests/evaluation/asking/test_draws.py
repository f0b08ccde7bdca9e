"""Several answers about one photo, and the one that stands for them."""

import pytest

from gre.evaluation.asking.draws import Draws

KM_PER_DEGREE = 6371.0 * 3.141592653589793 / 180


def said(lat: float, lon: float) -> str:
    return f"<think> x </think> <answer> {lat}, {lon} </answer>"


def test_the_medoid_of_the_readable_answers_stands_for_all() -> None:
    # On the equator at 0, 1 and 3 degrees; sums of distances 4, 3 and 5: the middle one.
    texts = (said(0, 0), "no idea", said(0, 1), said(0, 3))
    draws = Draws(texts, share=1.0)
    assert draws.text == texts[2]
    facts = draws.facts()
    assert facts["texts"] == list(texts)
    assert facts["num_readable"] == 3
    assert facts["radius_km"] == pytest.approx(2 * KM_PER_DEGREE)
    # Distances in order are 0, 1, 2 degrees: half of three answers are two, 80 % are three.
    radii = facts["radii_km"]
    assert isinstance(radii, dict)
    assert radii["0.5"] == pytest.approx(1 * KM_PER_DEGREE)
    assert radii["0.8"] == pytest.approx(2 * KM_PER_DEGREE)


def test_the_share_says_how_many_answers_the_radius_holds() -> None:
    texts = tuple(said(0, lon) for lon in (0, 0, 0, 0, 0, 0, 0, 1, 2, 90))
    # Seven of ten lie at the medoid, eight within one degree, nine within two.
    for share, degrees in ((0.7, 0), (0.8, 1), (0.9, 2), (0.91, 90)):
        radius = Draws(texts, share=share).facts()["radius_km"]
        assert radius == pytest.approx(degrees * KM_PER_DEGREE), share


def test_without_a_readable_answer_the_first_stands_and_there_is_no_radius() -> None:
    draws = Draws(("I cannot tell.", "No."))
    assert draws.text == "I cannot tell."
    facts = draws.facts()
    assert (facts["num_readable"], facts["radius_km"], facts["radii_km"]) == (0, None, None)


def test_one_readable_answer_has_radius_zero() -> None:
    assert Draws((said(48, 2), "none")).facts()["radius_km"] == 0.0
