"""How far reviewers agree beyond chance: Cohen's kappa for two, Fleiss' for more."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from gre.curation.review.decisions import QUESTION, STEPS, Decision


@dataclass(frozen=True)
class Agreement:
    """Agreement of some reviewers on the items that all of them decided.

    Attributes:
        reviewers: Who.
        method: "Cohen" or "Fleiss".
        num_items: Items that all of them decided.
        observed: Share of agreeing pairs of reviewers, in [0, 1]; None without items.
        kappa: In [-1, 1]; None where chance alone agrees always, or without items.
    """

    reviewers: tuple[str, ...]
    method: str
    num_items: int
    observed: float | None
    kappa: float | None

    def describe(self) -> str:
        """One line for the command line."""
        who = ", ".join(self.reviewers)
        if self.observed is None:
            return f"{who}: no item that all decided"
        kappa = "undefined, all say the same" if self.kappa is None else f"{self.kappa:.3f}"
        return (
            f"{who}: {self.method} kappa {kappa}; agree on {self.observed:.1%}"
            f" (n = {self.num_items:,})"
        )


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> tuple[float | None, float | None]:
    """Observed agreement and kappa of two reviewers.

    kappa = (p_o - p_e) / (1 - p_e), p_e from each reviewer's own shares. None where undefined.

    Source: J. Cohen, "A coefficient of agreement for nominal scales", 1960.
    """
    if not pairs:
        return None, None
    n = len(pairs)
    observed = sum(first == second for first, second in pairs) / n
    left, right = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    # Whole numbers until the last division: where chance agrees always, the difference is 0.
    by_chance = sum(left[name] * right[name] for name in left)
    if by_chance == n * n:
        return observed, None
    return observed, (observed - by_chance / n**2) / (1 - by_chance / n**2)


def fleiss_kappa(rows: Sequence[Sequence[str]]) -> tuple[float | None, float | None]:
    """Observed agreement and kappa of any fixed number of reviewers, at least two.

    Source: J. L. Fleiss, "Measuring nominal scale agreement among many raters", 1971.
    """
    if not rows:
        return None, None
    n, raters = len(rows), len(rows[0])
    counts = [Counter(row) for row in rows]
    agreeing = sum(c * (c - 1) for row in counts for c in row.values())
    observed = agreeing / (n * raters * (raters - 1))
    total = sum(counts, Counter[str]())
    by_chance = sum(c * c for c in total.values())
    if by_chance == (n * raters) ** 2:
        return observed, None
    expected = by_chance / (n * raters) ** 2
    return observed, (observed - expected) / (1 - expected)


def agreements(
    reviews: Mapping[str, Mapping[tuple[str, str], Decision]], shown: Mapping[str, str]
) -> dict[str, list[Agreement]]:
    """Agreement by kind of decision: of every pair, and of all where there are more than two.

    Args:
        reviews: What stands, by reviewer.
        shown: Hash of the text by item; decisions on another text do not count.
    """
    found = {}
    for kind in (QUESTION, STEPS):
        votes = {name: _votes(decisions, kind, shown) for name, decisions in reviews.items()}
        votes = {name: said for name, said in votes.items() if said}
        groups = [*combinations(votes, 2), *([tuple(votes)] if len(votes) > 2 else [])]
        if groups:
            found[kind] = [_agreement(group, votes) for group in groups]
    return found


def _votes(
    decisions: Mapping[tuple[str, str], Decision], kind: str, shown: Mapping[str, str]
) -> dict[str, str]:
    return {
        item: one.value
        for (item, of_kind), one in decisions.items()
        if of_kind == kind and shown.get(item) == one.shown_sha256
    }


def _agreement(names: tuple[str, ...], votes: Mapping[str, Mapping[str, str]]) -> Agreement:
    items = sorted(set.intersection(*(set(votes[name]) for name in names)))
    rows = [tuple(votes[name][item] for name in names) for item in items]
    if len(names) == 2:
        observed, kappa = cohen_kappa([(first, second) for first, second in rows])
        return Agreement(names, "Cohen", len(items), observed, kappa)
    observed, kappa = fleiss_kappa(rows)
    return Agreement(names, "Fleiss", len(items), observed, kappa)
