"""Pages in a real Chromium: no script error, no request, and everything can be clicked."""

import json

import pytest

from gre.evaluation.pages.map_page import write_map_page
from gre.evaluation.report.page import write_report

pytestmark = pytest.mark.browser


@pytest.fixture
def report(two_runs, tmp_path):
    write_report(two_runs, tmp_path / "report.html")
    return tmp_path / "report.html"


def test_gallery_sorts_filters_and_opens(opened, report):
    page = opened(report)
    cards = page.locator("#gallery li")
    assert cards.count() == 40
    worst = cards.first.inner_text()
    page.select_option("#order", "best")
    assert cards.first.inner_text() != worst
    page.select_option("#show", "failed")
    assert cards.count() == 4
    assert "unreadable" in cards.first.inner_text()
    page.select_option("#show", "all")
    _find(page, "kenya")
    assert 0 < cards.count() < 40
    cards.first.locator("button").click()
    dialog = page.locator("#sample")
    assert dialog.is_visible()
    text = dialog.inner_text()
    assert "Kenya" in text
    assert "The signs are in the script of Kenya" in text
    assert "untrained" in text
    assert dialog.locator("#sample-picture img").evaluate("image => image.naturalWidth") > 100
    title = page.locator("#sample-title").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator("#sample-title").inner_text() != title
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def _find(page, words):
    """Type, and wait until the page has looked: it does so when the typing pauses."""
    before = page.locator("#count").inner_text()
    page.fill("#find", words)
    page.wait_for_function(
        "before => document.getElementById('count').innerText !== before", arg=before
    )


def test_run_is_chosen_for_map_and_gallery_together(opened, report):
    page = opened(report)
    layers = page.locator("#map .layer")
    assert [layer.is_visible() for layer in layers.all()] == [False, True]  # the best run first
    page.locator('[data-role="run"]').first.select_option("0")
    assert [layer.is_visible() for layer in layers.all()] == [True, False]
    assert page.locator('[data-role="run"]').last.input_value() == "0"


def test_map_zooms_and_its_marks_open_samples(opened, report):
    page = opened(report)
    whole = page.locator("#map").get_attribute("viewBox")
    page.locator('[data-zoom="in"]').click()
    assert page.locator("#map").get_attribute("viewBox") != whole
    page.locator('[data-zoom="reset"]').click()
    box = [float(value) for value in page.locator("#map").get_attribute("viewBox").split()]
    assert box == pytest.approx([float(value) for value in whole.split()], abs=0.001)
    page.select_option("#show", "failed")  # the mark's sample is filtered away, and comes back
    page.locator("#map .layer:not([hidden]) .mark .guess").first.dispatch_event("click")
    assert page.locator("#sample").is_visible()
    assert page.locator("#show").input_value() == "all"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_at_any_width(opened, report, width, scheme):
    page = opened(report, viewport={"width": width, "height": 844}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(20, 23, 27)") == (scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(opened, report, scheme):
    # WCAG 2.1, 1.4.3: contrast of at least 4.5 to 1
    page = opened(report, color_scheme=scheme)
    colours = page.evaluate(
        "() => Object.fromEntries(['paper', 'card', 'ink', 'soft', 'accent', 'warn-bg', 'warn-ink']"
        ".map(name => [name, getComputedStyle(document.documentElement)"
        ".getPropertyValue('--' + name).trim()]))"
    )
    pairs = [(ink, paper) for ink in ("ink", "soft", "accent") for paper in ("paper", "card")]
    for ink, paper in [*pairs, ("warn-ink", "warn-bg")]:
        assert _contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)


def _contrast(one, two):
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_a_model_writes_does_not_run(opened, run_maker, tmp_path):
    run = run_maker(tmp_path / "run", name="<img src=x onerror=alert(1)>", typical_km=10, n=3)
    lines = (run / "predictions.jsonl").read_text().splitlines()
    evil = "</script><script>alert(2)</script><img src=x onerror=alert(3)>"
    row = json.loads(lines[0]) | {"id": evil, "text": f"<think>{evil}</think>", "detail": evil}
    (run / "predictions.jsonl").write_text("\n".join([json.dumps(row), *lines[1:]]))
    write_report([run], tmp_path / "report.html", title=evil)
    page = opened(tmp_path / "report.html")
    _find(page, "</script>")
    page.locator("#gallery button").first.click()
    assert evil in page.locator("#sample-title").inner_text()
    assert evil in page.locator("#sample-text").inner_text()
    assert page.locator("#sample-text img").count() == 0


def test_every_control_has_a_name(opened, report):
    page = opened(report)
    nameless = page.evaluate(
        "() => [...document.querySelectorAll('button, select, input, [role=region]')]"
        ".filter(e => !(e.getAttribute('aria-label') || e.innerText.trim()"
        " || e.labels?.length)).map(e => e.outerHTML)"
    )
    assert nameless == []


def test_map_page_opens_and_leads_to_the_photo(opened, tmp_path):
    row = {"photo": str(tmp_path / "a.jpg"), "status": "ok", "city": "Arezzo", "country": "Italy"}
    row |= {"lat": 43.4, "lon": 11.8, "gt_lat": 40.0, "gt_lon": 9.0, "error_km": 440.0}
    row |= {"reasoning": "<script>alert(1)</script>", "reason": None, "radius_km": None}
    write_map_page([row], tmp_path / "map.html")
    page = opened(tmp_path / "map.html", viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(".photo-map .guess").dispatch_event("click")
    assert page.url.endswith("#photo-0")
    assert "<script>alert(1)</script>" in page.locator(".photo").inner_text()


MARK_IN_VIEW = """() => {
  const map = document.querySelector("svg.worldmap").getBoundingClientRect();
  const mark = document.querySelector(".mark .guess").getBoundingClientRect();
  return mark.x > map.left && mark.x < map.right && mark.y > map.top && mark.y < map.bottom;
}"""


def _box(page):
    return [float(value) for value in page.locator(".worldmap").get_attribute("viewBox").split()]


def test_map_of_photos_opens_on_its_marks_and_keeps_one_in_view(opened, tmp_path):
    row = {"photo": "a.jpg", "status": "ok", "city": "Glasgow", "country": "United Kingdom"}
    row |= {"lat": 56.0, "lon": -4.3, "gt_lat": 57.1, "gt_lon": -2.1, "error_km": 182.0}
    row |= {"reasoning": "1. rain", "reason": None, "radius_km": 300.0}
    write_map_page([row], tmp_path / "map.html")
    page = opened(tmp_path / "map.html")
    assert 130.0 <= _box(page)[2] < 200.0  # of 1000 for the whole Earth: Europe, not a street
    for _ in range(9):
        assert page.evaluate(MARK_IN_VIEW)
        page.locator('[data-zoom="in"]').click()
    assert _box(page)[2] == pytest.approx(1000 / 64)
    page.locator('[data-zoom="reset"]').click()
    assert _box(page)[2] == pytest.approx(1000.0)
    for _ in range(9):
        page.locator('[data-zoom="in"]').click()
        assert page.evaluate(MARK_IN_VIEW)


def test_a_drag_leaves_the_marks_and_the_buttons_follow_it(opened, tmp_path):
    row = {"photo": "a.jpg", "status": "ok", "reason": None, "lat": 56.0, "lon": -4.3}
    write_map_page([row], tmp_path / "map.html")
    page = opened(tmp_path / "map.html")
    box = page.locator(".worldmap").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 300, y, steps=5)
    page.mouse.up()
    left, _, width, _ = _box(page)
    page.locator('[data-zoom="in"]').click()
    closer = _box(page)
    assert closer[0] + closer[2] / 2 == pytest.approx(left + width / 2, abs=0.01)


def test_map_of_scattered_photos_opens_on_the_whole_world_and_zooms_to_a_guess(opened, tmp_path):
    row = {"photo": "a.jpg", "status": "ok", "reason": None}
    points = [(56.0, -4.3), (-33.9, 151.2), (40.7, -74.0)]
    rows = [row | {"lat": lat, "lon": lon} for lat, lon in points]
    write_map_page(rows, tmp_path / "map.html")
    page = opened(tmp_path / "map.html")
    assert _box(page)[2] == pytest.approx(1000.0)
    for _ in range(9):
        page.locator('[data-zoom="in"]').click()
    assert page.evaluate(MARK_IN_VIEW)  # Scotland: the nearest to the middle of all three
