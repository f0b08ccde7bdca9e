"""A report of 3,000 samples in a real Chromium: sort, filter, page, click, download; no request."""

import csv
import json
import math
import threading
from http.server import BaseHTTPRequestHandler
from itertools import pairwise

import pytest

from gre.evaluation.asking.draws import Draws
from gre.evaluation.pages.worldmap import project
from gre.evaluation.report.page import write_report
from gre.geo.distance import haversine_km
from tests.local_server import LocalServer

pytestmark = pytest.mark.browser

NUM = 3000
HOSTILE = (
    "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> "
    '<a href="javascript:alert(3)">x</a> {{ 7*7 }} =cmd|1'
)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """One run of 3,000 samples, a few of them hostile, and its page."""
    from tests.evaluation.conftest import make_run

    folder = tmp_path_factory.mktemp("large")
    run = make_run(folder / "run", name=HOSTILE, typical_km=300, n=NUM, num_photos=60)
    path = run / "predictions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[0] |= {"id": f"={HOSTILE}", "detail": HOSTILE}
    rows[0]["text"] = f"<think>{HOSTILE} // zebra crossing</think><answer>{HOSTILE} 1, 2</answer>"
    rows[0]["groups"] = {"scene": HOSTILE, "country": HOSTILE, "continent": HOSTILE}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_report([run], folder / "report.html", title=HOSTILE)
    return folder / "report.html", rows


@pytest.fixture
def page(opened, large):
    return opened(large[0], viewport={"width": 1280, "height": 900}, accept_downloads=True)


def _distances(page):
    texts = page.locator("#gallery .caption").all_inner_texts()
    return [float(t.split(" km")[0].replace(",", "")) for t in texts if " km" in t]


def _count(page):
    return page.locator("#count").inner_text()


def _wait_for_count(page, words):
    """The page looks for words when the typing pauses."""
    page.locator("#count", has_text=words).wait_for(timeout=20_000)


def test_pages_are_bounded_and_turn(page):
    cards = page.locator("#gallery li")
    assert cards.count() == 48
    assert _count(page) == "Showing 1–48 of 3,000 samples"
    assert page.locator("#pages").inner_text() == "of 63"  # 3000 / 48 = 62.5
    assert page.locator("#previous-page").is_disabled()
    page.click("#next-page")
    assert _count(page).startswith("Showing 49–96 of")
    page.click("#last-page")
    assert cards.count() == 3000 - 62 * 48
    assert page.locator("#next-page").is_disabled()
    page.select_option("#size", "96")
    assert page.locator("#pages").inner_text() == "of 32"
    page.fill("#page", "999")
    page.locator("#page").press("Enter")
    assert page.locator("#page").input_value() == "32"
    assert page.evaluate("document.querySelectorAll('*').length") < 9000


def test_order_by_error_country_and_reason(page):
    worst = _distances(page)
    assert len(worst) == 48
    assert worst == sorted(worst, reverse=True)
    page.select_option("#order", "best")
    assert _distances(page) == sorted(_distances(page))
    assert max(_distances(page)) < min(worst)
    page.select_option("#view", "table")
    page.select_option("#order", "country")
    column = page.locator("#listed td:nth-of-type(1)")
    assert len(set(column.all_inner_texts()) - {"France"}) <= 1  # F is first but for the hostile
    page.click('#listing [data-order="reason"]')
    assert set(page.locator("#listed td:nth-of-type(3)").all_inner_texts()) == {
        "not_asked",
        "refusal",
    }
    header = page.locator("#listing th", has=page.locator('[data-order="error"]'))
    page.click('#listing [data-order="error"]')
    assert header.get_attribute("aria-sort") == "descending"
    page.click('#listing [data-order="error"]')
    assert header.get_attribute("aria-sort") == "ascending"
    assert page.locator("#order").input_value() == "best"


def test_filters_by_country_reason_error_and_words(page, large):
    rows = large[1]
    page.select_option("#country", "Kenya")
    num_kenya = sum(row["groups"]["country"] == "Kenya" for row in rows)
    assert _count(page) == f"Showing 1–48 of {num_kenya} samples, chosen from 3,000"
    page.select_option("#reason", "refusal")
    both = [r for r in rows if r["groups"]["country"] == "Kenya" and r["reason"] == "refusal"]
    assert f" of {len(both)} samples" in _count(page)
    page.click('[data-preset="all"]')
    page.select_option("#show", "band0")
    num_near = sum(row["status"] == "ok" and _error(row) <= 1 for row in rows)
    assert f"{num_near:,} samples" in _count(page)
    page.click('[data-preset="failed"]')
    assert f" of {sum(row['status'] == 'failed' for row in rows)} samples" in _count(page)
    page.click('[data-preset="all"]')
    page.fill("#find", "ZEBRA")
    _wait_for_count(page, "of 1 samples")
    page.fill("#find", "no such words")
    _wait_for_count(page, "Showing 0 samples")


def _error(row):
    return float(haversine_km(row["gt_lat"], row["gt_lon"], row["lat"], row["lon"]))


def test_the_worst_50_have_their_view(page, large):
    page.click('[data-preset="worst"]')
    assert page.locator('[data-preset="worst"]').get_attribute("aria-pressed") == "true"
    assert _count(page).startswith("Showing 1–48 of 50 samples")
    page.select_option("#size", "96")
    shown = _distances(page)
    errors = sorted((_error(row) for row in large[1] if row["status"] == "ok"), reverse=True)
    assert len(shown) == 50
    assert shown == pytest.approx(errors[:50], abs=0.6)
    page.click('[data-preset="best"]')
    assert _distances(page)[0] < 10


def test_a_click_opens_the_story_and_keys_move_on(page):
    page.locator("#gallery button").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#sample").is_visible()
    title = page.locator("#sample-title").inner_text()
    assert page.locator("#sample-map .way").count() == 1
    page.keyboard.press("ArrowRight")
    assert page.locator("#sample-title").inner_text() != title
    page.keyboard.press("Escape")
    assert not page.locator("#sample").is_visible()


def test_what_strangers_wrote_is_inert(page):
    page.select_option("#view", "table")
    page.fill("#find", "zebra")
    _wait_for_count(page, "of 1 samples")
    page.locator("#listed .opener").click()
    text = page.locator("#sample").inner_text()
    assert HOSTILE in text
    assert "zebra crossing" in text
    assert page.locator("#sample-text img, #sample-text a, #sample-text script").count() == 0
    assert page.evaluate("document.scripts.length") == 2
    links = page.evaluate(
        "[...document.querySelectorAll('[href]')].map(a => a.getAttribute('href'))"
    )
    assert all(link.startswith(("#", "data:")) for link in links)
    assert "49" not in page.locator("h1").inner_text()


@pytest.fixture
def listener():
    """A server that notes what it is asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        def log_message(self, *words):
            pass

    server = LocalServer(Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/x", asked
    server.shutdown()
    server.server_close()


def test_the_policy_lets_nothing_be_loaded(opened, large, listener):
    address, asked = listener
    page = opened(large[0])
    refused = page.evaluate(
        """async (address) => {
          const tries = ["img", "script", "iframe"].map((name) => new Promise((done) => {
            const node = document.createElement(name);
            node.addEventListener("error", () => done(name));
            document.addEventListener("securitypolicyviolation", () => done(name));
            node.src = address;
            document.body.append(node);
          }));
          const fetched = fetch(address).then(() => "loaded", () => "fetch");
          return Promise.all([...tries, fetched]);
        }""",
        address,
    )
    assert refused == ["img", "script", "iframe", "fetch"]
    page.wait_for_timeout(300)
    assert asked == []
    assert any("Content Security Policy" in words for words in opened.complaints)
    opened.complaints.clear()  # of these tries alone


def test_the_leaderboard_changes_its_set_and_sorts(page):
    rows = page.locator("#board tbody tr:visible")
    assert rows.count() == 10 + 1  # table 3 and the run
    assert "≠" in page.locator("#board tr.ours:visible").inner_text()
    page.select_option("#board-set", "im2gps3k")
    assert rows.count() == 14 + 4 + 2 + 5  # tables 2a, 4a, 7a, 9a
    names = page.locator("#board tbody tr:visible .name")
    assert names.first.inner_text() == "GRE-32B CI+I+II"  # 78.3 at 750 km
    page.click('#board [data-column="2"]')  # 25 km: 36.6 is the largest
    assert names.first.inner_text() == "GRE-32B CI+I+II"
    page.click('#board [data-column="2"]')
    assert names.first.inner_text() == "Qwen2.5-VL-3B"  # 1.2
    page.click('#board [data-column="0"]')
    assert names.first.inner_text() == "[L]kNN, sigma=4"


def test_the_radar_shows_what_is_chosen(page):
    shapes = page.locator("#radar .series:not([hidden])")
    before = shapes.count()
    page.locator(".choices label", has_text="GeoCLIP").locator("input").check()
    assert shapes.count() == before + 1
    page.locator(".choices input").first.uncheck()
    assert shapes.count() == before


def test_downloads_come_from_the_page_itself(page, tmp_path):
    with page.expect_download() as caught:
        page.click('a[download="leaderboard.csv"]')
    caught.value.save_as(tmp_path / "board.csv")
    with (tmp_path / "board.csv").open(newline="", encoding="utf-8") as file:
        assert {row["benchmark"] for row in csv.DictReader(file)} >= {"Im2GPS3k", "GREval-Bench"}
    page.select_option("#order", "id")
    with page.expect_download() as caught:
        page.click("#save")
    caught.value.save_as(tmp_path / "samples.csv")
    with (tmp_path / "samples.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == NUM
    hostile = next(row for row in rows if "zebra" not in row["id"] and "alert" in row["id"])
    assert hostile["id"] == f"'={HOSTILE}"
    assert any(row["gt_lon"].startswith("-") for row in rows)  # numbers stay numbers


def test_the_scripts_map_agrees_with_the_drawn_one(page):
    points = [(0.0, 0.0), (48.85, 2.35), (-36.8, 174.7), (90.0, 10.0), (-89.0, -179.9)]
    found = page.evaluate("points => points.map(project)", points)
    for (x, y), (lat, lon) in zip(found, points, strict=True):
        assert (x, y) == pytest.approx([float(v) for v in project(lat, lon)], abs=1e-6)
    # from Auckland to Denver the way crosses longitude 180 and is cut there
    path = page.evaluate("greatCircle([-36.8, 174.7], [39.7, -105.0])")
    pieces = path.split("M")[1:]
    assert len(pieces) == 2
    for piece in pieces:
        steps = [tuple(map(float, step.split())) for step in piece.split("L")]
        assert all(math.dist(a, b) < 30 for a, b in pairwise(steps))
    assert "NaN" not in page.evaluate("greatCircle([0, 0], [0, 180]) + greatCircle([1, 1], [1, 1])")


def test_packed_texts_open_and_are_found(opened, two_runs, tmp_path, monkeypatch):
    monkeypatch.setattr("gre.evaluation.report.gallery.MAX_TEXT_CHARS", 0)
    monkeypatch.setattr("gre.evaluation.pages.packed_texts.CHUNK_CHARS", 1_000)
    path = two_runs[1] / "predictions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[12]["text"] = f"<think>{HOSTILE} // 日本語 zebra</think><answer>1, 2</answer>"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_report(two_runs, tmp_path / "report.html")
    page = opened(tmp_path / "report.html")
    page.locator("#gallery button").first.click()
    steps = page.locator("#sample-text .steps li")
    steps.first.wait_for()
    assert "The signs are in the script of" in steps.first.inner_text()
    page.keyboard.press("ArrowRight")
    steps.first.wait_for()
    page.keyboard.press("Escape")
    page.fill("#find", "日本語 zebra")
    _wait_for_count(page, "of 1 samples")
    page.locator("#gallery button").first.click()
    assert HOSTILE in page.locator("#sample-text").inner_text()
    assert page.locator("#sample-text img").count() == 0
    page.keyboard.press("Escape")
    page.locator('[data-role="run"]').first.select_option("0")  # its texts are read anew
    _wait_for_count(page, "Showing 0 samples")


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_click_shows_every_sampled_answer(opened, run_maker, tmp_path, monkeypatch, is_packed):
    if is_packed:
        monkeypatch.setattr("gre.evaluation.report.gallery.MAX_TEXT_CHARS", 0)
    run = run_maker(tmp_path / "run", name="sampled", typical_km=10, n=12)
    texts = [f"<think> {HOSTILE} // {lon} </think><answer>0.0, {lon}</answer>" for lon in (0, 1, 3)]
    draws = Draws((texts[0], "I cannot tell.", texts[1], texts[2]), share=1.0)
    rows = [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]
    rows[0] |= {"gt_lat": 0.0, "gt_lon": 0.0, "text": draws.text, "lat": 0.0, "lon": 1.0}
    rows[0] |= draws.facts()
    (run / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_report([run], tmp_path / "report.html")
    page = opened(tmp_path / "report.html")
    page.select_option("#order", "file")
    page.locator("#gallery button").first.click()
    answers = page.locator("#sample-text .draws > li")
    answers.first.wait_for()
    assert [text.split("\n")[0] for text in answers.all_inner_texts()] == [
        "0.0000, 0.0000 · 0 km off",
        "unreadable: refusal",
        "0.0000, 1.0000 · 111 km off · chosen, shown above",
        "0.0000, 3.0000 · 334 km off",
    ]
    told = page.locator("#sample-text .note").last.inner_text()
    assert told == "3 of 4 readable; 222 km around the chosen one hold 100 % of them"
    assert page.locator("#sample-map .drawn").count() == 3
    answers.nth(3).locator("summary").click()
    assert answers.nth(3).locator(".raw").inner_text() == texts[2]
    assert page.locator("#sample-text img, #sample-text a, #sample-text script").count() == 0
    page.keyboard.press("Escape")
    page.fill("#find", "i cannot tell.")
    _wait_for_count(page, "of 1 samples")  # the second answer


def test_many_runs_fit_and_their_histograms_run_along_rows(opened, run_maker, tmp_path):
    runs = [
        run_maker(tmp_path / name, name=name, typical_km=50 + 900 * seed, seed=seed)
        for seed, name in enumerate("abcde")
    ]
    write_report(runs, tmp_path / "report.html")
    page = opened(tmp_path / "report.html", viewport={"width": 1280, "height": 900})
    boxes = [box.bounding_box() for box in page.locator(".multiples > div").all()]
    assert len({round(box["y"]) for box in boxes[:3]}) == 1
    assert [box["x"] for box in boxes[:3]] == sorted(box["x"] for box in boxes[:3])
    assert boxes[3]["y"] > boxes[0]["y"]
    table = page.locator('section[aria-labelledby="continents"] .scroll')
    assert table.evaluate("part => part.scrollWidth <= part.clientWidth")
