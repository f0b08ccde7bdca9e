"""The page of RL rollouts in a real Chromium: slider, filters, maps, and no script but its own."""

import numpy as np
import pytest

from gre.evaluation.rollouts.page import write_rollouts_page
from tests.evaluation.rollout_maker import HOSTILE, lines_of, make_training, write_lines

pytestmark = pytest.mark.browser


@pytest.fixture
def training(sample_world, tmp_path):
    """Six steps of three groups of four."""
    return make_training(tmp_path / "stage3", sample_world)


@pytest.fixture
def judged(sample_world, tmp_path):
    """The same with verdicts instead of points."""
    return make_training(tmp_path / "stage2", sample_world, kind="judge")


@pytest.fixture
def opened(browser):
    """Opens the page of a run and, at the end, refuses errors, warnings and requests."""
    complaints, contexts = [], []

    def open_page(folder, **options):
        out = folder.parent / "page.html"
        write_rollouts_page(folder, out)
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: complaints.append(request.url)
                if not request.url.startswith(("file:", "data:")) else None)  # fmt: skip
        page.goto(out.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def test_slider_buttons_keys_and_charts_choose_the_step(opened, training):
    page = opened(training)
    name, groups = page.locator("#step-name"), page.locator("#cards > article")
    assert name.inner_text() == "Step 6"
    assert groups.count() == 3
    assert page.locator(".completion").count() == 12
    assert groups.first.locator("img").evaluate("image => image.naturalWidth") > 100
    first = groups.first.inner_text()
    page.locator("#step").fill("0")
    assert name.inner_text() == "Step 1"
    assert groups.first.inner_text() != first
    cursor = page.locator(".stepchart .cursor").first
    at_first = cursor.get_attribute("transform")
    page.locator("#step").press("ArrowRight")
    assert name.inner_text() == "Step 2"
    page.locator("#step").blur()
    page.keyboard.press("ArrowRight")
    assert name.inner_text() == "Step 3"
    page.keyboard.press("ArrowLeft")
    page.locator("#next").click()
    page.locator("#next").click()
    assert name.inner_text() == "Step 4"
    assert cursor.get_attribute("transform") != at_first
    chart = page.locator(".stepchart").first
    box = chart.bounding_box()
    chart.click(position={"x": box["width"] - 12, "y": box["height"] / 2})
    assert name.inner_text() == "Step 6"
    assert page.locator("#next").is_disabled()
    assert page.locator("#step").get_attribute("aria-valuetext") == "Step 6"


def test_filters_leave_only_their_groups(opened, training):
    lines = lines_of(training)
    for line in lines:
        if (line["step"], line["group"]) == (2, 1):
            line |= {"reward": 1.0, "advantage": 0.0}
    write_lines(training / "rollouts.jsonl", lines)
    groups = {(line["step"], line["group"]): [] for line in lines}
    for line in lines:
        groups[line["step"], line["group"]].append(line)
    unreadable = {at for at, own in groups.items() if any(li["point"] is None for li in own)}
    flat = {at for at, own in groups.items() if np.ptp([li["reward"] for li in own]) < 1e-6}
    page = opened(training)
    for show, expected in (("flat", flat), ("unreadable", unreadable), ("all", set(groups))):
        page.select_option("#show", show)
        found = set()
        for place in range(int(page.locator("#step").get_attribute("max")) + 1):
            page.locator("#step").evaluate(
                "(slider, at) => { slider.value = at; slider.dispatchEvent(new Event('input')); }",
                place,
            )
            ids = page.locator("article h3").evaluate_all("all => all.map(one => one.id)")
            found |= {tuple(map(int, name.split("-")[1:])) for name in ids}
        assert found == expected


def test_nothing_of_a_kind_is_said(opened, judged):
    lines = [line | {"verdict": True} for line in lines_of(judged)]
    write_lines(judged / "rollouts.jsonl", lines)
    page = opened(judged)
    page.select_option("#show", "unreadable")
    assert "No group on this page" in page.locator("#count").inner_text()
    page.keyboard.press("ArrowRight")
    page.select_option("#show", "all")
    assert page.locator("#cards > article").count() == 3
    assert page.locator(".rollmap").count() == 0
    assert page.locator(".outcome.right, .outcome.wrong").count() == 12


def test_maps_show_truth_and_points_and_zoom_out(opened, sample_world, tmp_path):
    training = make_training(tmp_path / "run", sample_world, steps=1, groups=1)
    lines = lines_of(training)
    points = [[48.85, 2.35], [48.9, 2.4], [45.76, 4.83], None]
    for line, point in zip(lines, points, strict=True):
        line |= {"truth": [48.86, 2.34], "point": point, "distance_km": point and 5.0}
    write_lines(training / "rollouts.jsonl", lines)
    page = opened(training)
    chart = page.locator(".rollmap")
    width = float(chart.get_attribute("viewBox").split()[2])
    assert width < 60  # about France
    assert chart.locator(".way").count() == 3
    assert chart.locator(".truthmark").count() == 1
    labels = chart.locator(".dotted text").all_text_contents()
    assert sorted(labels) == ["2", "2×"]  # two points cover each other
    page.locator(".rollframe button").click()
    assert float(chart.get_attribute("viewBox").split()[2]) == 1000
    page.locator('.completion[data-row="2"]').hover()
    assert chart.locator(".pointed").count() >= 1


def test_what_a_model_writes_does_not_run(opened, training):
    lines = lines_of(training)
    for line in lines:
        line |= {"completion": HOSTILE, "prompt": HOSTILE, "id": HOSTILE}
        line |= {"rewards": {HOSTILE: 1.0}, "reasons": {HOSTILE: HOSTILE}}
    write_lines(training / "rollouts.jsonl", lines)
    page = opened(training)
    page.wait_for_timeout(200)
    card = page.locator("#cards > article").first
    assert "<img src=x onerror=alert(2)>" in card.inner_text()
    assert card.locator("script, .words *, .why *, .question *, h3 *").count() == 0
    assert card.locator("img").count() == 1  # the photo
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 420, 1280])
def test_nothing_sticks_out_and_words_stand_out(opened, training, width, scheme):
    page = opened(training, viewport={"width": width, "height": 844}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    colours = page.evaluate(
        "() => Object.fromEntries(['paper', 'card', 'gain1', 'gain2', 'loss1', 'loss2', 'pull0',"
        "'on-soft', 'on-strong', 'right', 'wrong', 'warn-ink'].map(name => [name,"
        "getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()]))"
    )
    pairs = [("on-soft", ground) for ground in ("gain1", "loss1", "pull0")]
    pairs += [("on-strong", ground) for ground in ("gain2", "loss2")]
    pairs += [(ink, "card") for ink in ("right", "wrong", "warn-ink")]
    for ink, ground in pairs:  # WCAG 2.1, 1.4.3: at least 4.5 to 1
        assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def test_every_control_has_a_name(opened, training):
    nameless = opened(training).evaluate(
        "() => [...document.querySelectorAll('button, select, input, [role=region], [role=img]')]"
        ".filter(e => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')"
        " || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)"
    )
    assert nameless == []


def contrast(one, two):
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
