"""What the review page asks and tells: plain values in, plain values out, no network here."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from gre.curation.review.decisions import (
    EDIT,
    NO,
    QUESTION,
    REASONS,
    STEPS,
    VALUES,
    Decision,
    DecisionLog,
)
from gre.curation.review.items import ReviewItem, ReviewSet
from gre.curation.review.steps import check_steps
from gre.errors import InputError
from gre.geo.latlon import LatLon

QUESTION_TEXT = (
    "Can the approximate geographical location (country/city level) be inferred solely from this"
    " image?"
)
"""Source: GRE paper, curation of GREval-Bench, asked of three annotators."""

Values = dict[str, object]


class Desk:
    """One reviewer at one record file; used from several threads.

    Args:
        items: What is reviewed.
        log: Where decisions go.
    """

    def __init__(self, items: ReviewSet, log: DecisionLog) -> None:
        self._set, self._log = items, log
        self._index = {item.id: index for index, item in enumerate(items.items)}
        self._lock = threading.Lock()

    @property
    def items(self) -> Sequence[ReviewItem]:
        """What is reviewed, in order."""
        return self._set.items

    @property
    def num_done(self) -> int:
        """Items that are decided."""
        with self._lock:
            return sum(bool(self._done(item)) for item in self.items)

    def state(self) -> Values:
        """Who reviews what, and what is decided: a word for each item, empty for none."""
        with self._lock:
            done = [self._done(item) for item in self.items]
        name = self._set.source.path.name
        identity = hashlib.sha256("".join(self._set.shown.values()).encode()).hexdigest()
        return {
            "reviewer": self._log.reviewer,
            "file": name,
            "set": identity[:16],
            "kind": self._set.kind,
            "question": QUESTION_TEXT if self._set.kind == "bench" else "",
            "reasons": list(REASONS),
            "done": done,
        }

    def item(self, index: int) -> Values:
        """One item. Of a benchmark's nothing but the photo, until the question is answered.

        Raises:
            InputError: There is no such item.
        """
        item = self._item(index)
        with self._lock:
            asked, decided = (self._stands(item, kind) for kind in (QUESTION, STEPS))
            is_hidden = self._is_hidden(item)
        told: Values = {
            "index": index,
            "id": item.id,
            "question": asked.value if asked else "",
            "decision": decided.value if decided else "",
            "reasons": list(decided.reasons) if decided else [],
            "is_hidden": is_hidden,
        }
        if is_hidden:
            return told
        steps = decided.steps if decided and decided.value == EDIT else item.steps
        distance_km = item.distance_km
        return told | {
            "steps": list(steps),
            "answer": item.answer,
            "truth": f"{item.truth.lat:.4f}, {item.truth.lon:.4f}",
            "place": item.place,
            "distance": "" if distance_km is None else f"{distance_km:,.1f} km",
        }

    def image_path(self, index: int) -> Path:
        """An item's photo.

        Raises:
            InputError: There is no such item.
        """
        return self._item(index).image_path

    def points(self, index: int) -> tuple[LatLon, LatLon | None]:
        """Truth and answer of an item.

        Raises:
            InputError: There is no such item, or its question comes first.
        """
        item = self._item(index)
        with self._lock:
            is_hidden = self._is_hidden(item)
        if is_hidden:
            raise InputError("the question comes first; press Y or N")
        return item.truth, item.guess

    def decide(self, body: Mapping[str, object]) -> Values:
        """Write a decision: `key`, `index`, `kind`, `value`, and for an edit `steps`.

        Raises:
            InputError: A value is none that may be decided.
            GreError: The disk refuses.
        """
        index, key = body.get("index"), _key(body)
        item = self._item(index if isinstance(index, int) else -1)
        kind, value = str(body.get("kind")), str(body.get("value"))
        is_asked = self._set.kind == "bench"
        if value not in VALUES.get(kind, ()) or (kind == QUESTION and not is_asked):
            raise InputError(f"{kind} {value}: is no decision on this file; press ? for the keys")
        with self._lock:
            if kind == STEPS and self._is_hidden(item):
                raise InputError("the question comes first; press Y or N")
            self._log.decide(
                Decision(
                    key=key,
                    reviewer=self._log.reviewer,
                    item=item.id,
                    shown_sha256=item.shown_sha256,
                    kind=kind,
                    value=value,
                    steps=check_steps(body.get("steps")) if value == EDIT else (),
                    reasons=_reasons(body.get("reasons")),
                )
            )
            return {"index": index, "done": self._done(item)}

    def undo(self, body: Mapping[str, object]) -> Values:
        """Take back the last decision; gives its item, -1 where there is none.

        Raises:
            InputError: The key is none.
            GreError: The disk refuses.
        """
        with self._lock:
            undone = self._log.undo(_key(body))
            index = -1 if undone is None else self._index.get(undone.item, -1)
            done = self._done(self.items[index]) if index >= 0 else ""
        return {"index": index, "done": done}

    def _item(self, index: int) -> ReviewItem:
        if not 0 <= index < len(self.items):
            raise InputError(f"index: got {index}, must be in [0, {len(self.items) - 1}]; reload")
        return self.items[index]

    def _stands(self, item: ReviewItem, kind: str) -> Decision | None:
        """The decision on an item, if it was on this very text."""
        found = self._log.last(item.id, kind)
        return found if found and found.shown_sha256 == item.shown_sha256 else None

    def _is_hidden(self, item: ReviewItem) -> bool:
        """Whether all but the photo is hidden: the question is about the photo alone."""
        return self._set.kind == "bench" and self._stands(item, QUESTION) is None

    def _done(self, item: ReviewItem) -> str:
        if self._set.kind == "bench":
            asked = self._stands(item, QUESTION)
            if asked is None or asked.value == NO:
                return asked.value if asked else ""
        decided = self._stands(item, STEPS)
        return decided.value if decided else ""


def _key(body: Mapping[str, object]) -> str:
    key = body.get("key")
    if not isinstance(key, str) or not 8 <= len(key) <= 64:
        raise InputError("key: must be 8 to 64 characters; reload the page")
    return key


def _reasons(value: object) -> tuple[str, ...]:
    given = value if isinstance(value, list) else []
    return tuple(reason for reason in REASONS if reason in given)
