"""Cohen's and Fleiss' kappa against values worked out by hand or published."""

import pytest

from gre.curation.review.agreement import agreements, cohen_kappa, fleiss_kappa
from gre.curation.review.decisions import Decision

# 0.7 agree; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5; (0.7 - 0.5) / (1 - 0.5) = 0.4.
BY_HAND = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15

# J. L. Fleiss' example as Wikipedia gives it: ten subjects, fourteen raters, kappa 0.210.
FLEISS = [
    *((0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1)),
    *((7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7)),
]


@pytest.mark.parametrize(
    ("pairs", "observed", "kappa"),
    [
        (BY_HAND, 0.7, 0.4),
        ([("a", "a"), ("b", "b"), ("c", "c")], 1.0, 1.0),
        ([("a", "b"), ("b", "a")], 0.0, -1.0),
        ([("a", "a")] * 5, 1.0, None),  # chance agrees always
        ([], None, None),
    ],
)
def test_cohen(pairs: list[tuple[str, str]], observed: float, kappa: float) -> None:
    assert cohen_kappa(pairs) == (pytest.approx(observed), pytest.approx(kappa))


def test_fleiss_published_example() -> None:
    rows = [
        [name for name, count in zip("abcde", row, strict=True) for _ in range(count)]
        for row in FLEISS
    ]
    observed, kappa = fleiss_kappa(rows)
    assert observed == pytest.approx(0.378, abs=5e-4)
    assert kappa == pytest.approx(0.210, abs=5e-4)


def test_fleiss_edges() -> None:
    assert fleiss_kappa([]) == (None, None)
    assert fleiss_kappa([["a", "a", "a"]] * 3) == (1.0, None)
    assert fleiss_kappa([["a"] * 3, ["b"] * 3]) == (1.0, 1.0)


def said(reviewer: str, values: str, *, shown: str = "h") -> dict[tuple[str, str], Decision]:
    words = {"k": "keep", "d": "drop"}
    return {
        (str(i), "steps"): Decision(
            key=f"{reviewer}{i}",
            reviewer=reviewer,
            item=str(i),
            shown_sha256=shown,
            kind="steps",
            value=words[value],
        )
        for i, value in enumerate(values)
        if value != "-"
    }


def test_pairs_and_all_on_items_that_all_decided() -> None:
    reviews = {
        "ann": said("ann", "kkdd-"),
        "bob": said("bob", "kddd-"),
        "eve": said("eve", "kkd-k"),
    }
    shown = {str(i): "h" for i in range(5)}
    found = agreements(reviews, shown)["steps"]
    assert [(one.reviewers, one.method, one.num_items) for one in found] == [
        (("ann", "bob"), "Cohen", 4),
        (("ann", "eve"), "Cohen", 3),
        (("bob", "eve"), "Cohen", 3),
        (("ann", "bob", "eve"), "Fleiss", 3),
    ]
    assert found[0].observed == 0.75
    assert found[1].kappa == 1.0


def test_decisions_on_another_text_do_not_count() -> None:
    reviews = {"ann": said("ann", "kk", shown="old"), "bob": said("bob", "kk")}
    assert agreements(reviews, {"0": "h", "1": "h"}) == {}
