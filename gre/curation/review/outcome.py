"""What several reviewers' decisions come to, item by item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gre.curation.review.decisions import DROP, EDIT, NO, QUESTION, STEPS, Decision
from gre.curation.review.items import ReviewItem

Reviews = Mapping[str, Mapping[tuple[str, str], Decision]]

OUT_SHARE = (2, 3)
"""Out if two of three say that the image does not tell. Source: GRE paper, curation of
GREval-Bench; that it is a share where there are not three annotators is ours."""

UNREVIEWED, UNCLEAR, DROPPED, TIED = "unreviewed", "not_inferable", "dropped", "tied"


@dataclass(frozen=True)
class Outcome:
    """What becomes of an item.

    Attributes:
        item: Which.
        reason: Why it is left out; None where it stays.
        detail: The votes in words.
        steps: Its steps: the last correction, or as they were.
        is_edited: Whether they are a correction.
        num_reviewers: Who decided on its steps.
        num_edits: Different corrections; above 1 reviewers disagree on the words.
    """

    item: ReviewItem
    reason: str | None
    detail: str
    steps: tuple[str, ...]
    is_edited: bool
    num_reviewers: int
    num_edits: int


def decide_items(
    items: Sequence[ReviewItem], reviews: Reviews, *, min_reviewers: int, keeps_unreviewed: bool
) -> list[Outcome]:
    """Count the votes on every item.

    Out are: items that two thirds of their annotators call not inferable; those that at least half
    of their reviewers drop ("tied" at exactly half); and, unless `keeps_unreviewed`, those that
    fewer than `min_reviewers` decided. Of several corrections the last one counts.
    """
    return [
        _outcome(item, reviews, min_reviewers=min_reviewers, keeps_unreviewed=keeps_unreviewed)
        for item in items
    ]


def _outcome(
    item: ReviewItem, reviews: Reviews, *, min_reviewers: int, keeps_unreviewed: bool
) -> Outcome:
    asked, decided = (
        [
            one
            for decisions in reviews.values()
            if (one := decisions.get((item.id, kind))) and one.shown_sha256 == item.shown_sha256
        ]
        for kind in (QUESTION, STEPS)
    )
    edits = sorted((one for one in decided if one.value == EDIT), key=lambda one: one.at)
    num_no, num_drop = (
        sum(one.value == value for one in votes) for votes, value in ((asked, NO), (decided, DROP))
    )
    is_missing = len(decided) < min_reviewers and not keeps_unreviewed
    reason = None
    if asked and OUT_SHARE[1] * num_no >= OUT_SHARE[0] * len(asked):
        reason = UNCLEAR
    elif num_drop and 2 * num_drop >= len(decided):
        reason = TIED if 2 * num_drop == len(decided) else DROPPED
    elif is_missing:
        reason = UNREVIEWED
    detail = f"{num_no} of {len(asked)} say no, {num_drop} of {len(decided)} drop"
    return Outcome(
        item=item,
        reason=reason,
        detail=detail,
        steps=edits[-1].steps if edits else item.steps,
        is_edited=bool(edits),
        num_reviewers=len(decided),
        num_edits=len({one.steps for one in edits}),
    )
