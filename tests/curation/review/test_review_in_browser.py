"""The review page in a real Chromium, by keyboard alone, with the server killed in between."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gre.curation.review.decisions import read_reviews, reviews_folder
from gre.curation.review.export import ExportSettings, export_reviewed
from gre.curation.review.items import read_review_set
from gre.data.records import read_bench, read_cot
from tests.curation.review.reviewing import HOSTILE, bench_file, cot_file

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1500)]
WAIT_MS = 240_000
"""Generous: the machine may be busy; on a quiet one nothing waits for long."""


class Served:
    """`gre curate review` as a process of its own."""

    def __init__(self, records: Path, *, port: int = 0) -> None:
        words = ["curate", "review", str(records), "--reviewer", "ann", "--port", str(port)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gre", *words],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip().rpartition(" ")[2]
        assert self.url.startswith("http://127.0.0.1:"), self.url

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        self.process.wait(timeout=600)
        self.process.stdout.close()  # type: ignore[union-attr]
        return self.process.returncode


class Keys:
    """A page, and what a reviewer does on it: only keys are pressed."""

    def __init__(self, browser: Any, url: str, **options: object) -> None:
        self.complaints: list[str] = []
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", self._note)
        self.url = url
        self.page.goto(url)

    def _note(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.complaints.append(request.url)

    def shows(self, selector: str, text: str) -> None:
        """Wait until an element holds a text."""
        self.page.locator(selector).filter(has_text=text).wait_for()

    def draws(self, selector: str) -> None:
        """Wait until a picture is decoded."""
        picture = self.page.locator(selector)
        for _ in range(WAIT_MS // 50):
            if picture.evaluate("image => image.complete && image.naturalWidth > 0"):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{selector} was not drawn")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def close(self) -> None:
        self.context.close()
        assert self.complaints == []


def lines_of(path: Path) -> list[tuple[str, str, str]]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [(row["item"], row["kind"], row["value"]) for row in rows]


def test_keyboard_alone_and_a_killed_server(browser: Any, tmp_path: Path) -> None:
    records = cot_file(tmp_path / "cot", hostile=True)
    log = tmp_path / "cot/gre_cot.json.reviews/ann.jsonl"
    served = Served(records)
    page = Keys(browser, served.url)
    page.shows("#position", "1 of 4")
    assert HOSTILE in page.page.locator("#steps").inner_text()  # words, not markup
    page.draws("#photo")
    page.draws("#map")
    page.press("k")
    page.shows("#said", "r0: keep, saved")
    page.shows("#position", "2 of 4")

    page.press("e")
    page.page.locator("#text").wait_for()
    page.press("Control+a")
    page.page.keyboard.type("Old stone. k d u\nThis is Sydney.")
    served.stop(signal.SIGKILL)  # in the middle of an edit; then the decision is made
    page.press("Control+Enter")
    page.shows("#trouble", "the server does not answer")
    assert lines_of(log) == [("r0", "steps", "keep")]
    served = Served(records, port=served.port)
    page.shows("#said", "r1: edit, saved")
    page.shows("#position", "3 of 4")
    assert page.page.locator("#trouble").is_hidden()

    page.press("2", "d")
    page.shows("#said", "r2: drop, saved")
    page.shows("#position", "4 of 4")
    page.press("u")
    page.shows("#said", "r2: taken back")
    page.press("ArrowLeft")
    page.shows("#name", "r1")
    page.shows("#verdict", "edit")
    page.shows("#steps", "Old stone. k d u")
    page.press("?")
    page.page.locator("#help").wait_for()
    page.press("?", "f")
    page.shows("#name", "r2")
    page.press("1", "d")
    page.shows("#position", "4 of 4")
    page.press("k")
    page.shows("#said", "everything is decided")
    page.close()
    assert served.stop(signal.SIGTERM) == 0
    assert lines_of(log) == [
        *(("r0", "steps", "keep"), ("r1", "steps", "edit"), ("r2", "steps", "drop")),
        ("r2", "undo", json.loads(log.read_text().splitlines()[2])["key"]),
        *(("r2", "steps", "drop"), ("r3", "steps", "keep")),
    ]
    again = json.loads(log.read_text().splitlines()[4])
    assert again["reasons"] == ["hallucinated description"]
    export(records, tmp_path / "out")
    exported = read_cot(tmp_path / "out/gre_cot.json")
    assert [record.id for record in exported] == ["r0", "r1", "r3"]
    assert exported[1].answer.startswith("<think> 1. Old stone. k d u // 2. This is Sydney. <")


def test_question_first_and_a_draft_that_outlives_the_browser(browser: Any, tmp_path: Path) -> None:
    records = bench_file(tmp_path / "bench", 2)
    served = Served(records)
    page = Keys(browser, served.url, viewport={"width": 390, "height": 844})
    page.shows("#question", "Can the approximate geographical location")
    assert page.page.locator("#chain").is_hidden()
    page.press("k")
    page.shows("#said", "the question comes first")
    page.press("y")
    page.shows("#steps", "Cars keep left.")
    wide = page.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390  # nothing runs out of a small screen
    page.press("e")
    page.page.locator("#text").wait_for()
    page.press("Control+a")
    page.page.keyboard.type("Cars keep left on a wide road.\nThis is Paris.")
    page.page.reload()
    page.page.locator("#text").wait_for()
    page.press("Control+Enter")
    page.shows("#name", "b1")
    page.press("n")
    page.shows("#said", "everything is decided")
    page.close()
    served.stop(signal.SIGTERM)
    export(records, tmp_path / "out")
    (record,) = read_bench(tmp_path / "out/greval_bench.json")
    assert record.gt_cot == ("Cars keep left on a wide road.", "This is Paris.")


def export(records: Path, out: Path) -> None:
    reviews = read_reviews(reviews_folder(records))
    export_reviewed(read_review_set(records), reviews, out, ExportSettings())
