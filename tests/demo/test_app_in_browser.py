"""The app in a real Chromium, with a scripted model: upload, stream, map, game; no request out."""

import json

import pytest
from PIL import Image

from gre.geo.latlon import LatLon
from gre.geo.places import nearest_place

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1200)]

WAIT_MS = 300_000
"""A loaded machine is slow, not wrong."""
EVIL = "<img src=x onerror=alert(1)> ${alert(2)} {{constructor}} </script>"


@pytest.fixture(scope="module")
def app(tmp_path_factory, sample_world):
    """The app on a free port; gives its address, its scripted model and its folder of uploads."""
    from gre.demo.game import load_examples
    from tests.demo.conftest import ScriptedModel, ScriptedShelf

    uploads = tmp_path_factory.mktemp("uploads")
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(uploads))
    patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    from gre.demo.app import build, launch_options

    nearest_place(LatLon(0.0, 0.0))  # reads its table before anybody waits for it
    model = ScriptedModel(pause_s=0.15)
    page = build(ScriptedShelf(model), load_examples(sample_world))
    _, address, _ = page.queue(api_open=False).launch(
        prevent_thread_lock=True, **launch_options(port=None)
    )
    yield address, model, uploads
    page.close()
    patch.undo()


@pytest.fixture
def opened(browser, app):
    """Opens the app; at the end refuses script errors, dialogs and requests to elsewhere."""
    address, complaints, contexts = app[0], [], []

    def open_app(width=1280):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}))
        page = contexts[-1].new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((address, "data:", "blob:"))
                else complaints.append(request.url)
            ),
        )
        page.goto(address)
        page.locator("#world svg").wait_for()
        return page

    yield open_app
    for context in contexts:
        context.close()
    assert complaints == []


def _violations(page):
    """Serious and critical findings of axe, with the elements they are about."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    return [
        (item["id"], [node["html"][:200] for node in item["nodes"]])
        for item in found
        if item["impact"] in ("serious", "critical")
    ]


def _width(page):
    return page.evaluate("document.documentElement.scrollWidth")


def test_upload_streams_then_shows_a_map_and_a_broken_file_is_one_line(
    opened, app, sample_world, tmp_path
):
    photo = sorted((sample_world / "bench/test/imgs").iterdir())[0]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    page = opened()
    taken = page.locator("#upload input[type=file]").get_attribute("accept")
    assert ".heic" in taken and ".txt" not in taken
    page.set_input_files("#upload input[type=file]", [str(photo), str(broken)])
    page.locator("#upload", has_text="broken").wait_for()
    page.evaluate(
        """() => {
          window.lengths = [];
          const now = document.querySelector("#now");
          new MutationObserver(() => window.lengths.push(now.innerText.length))
            .observe(now, { childList: true, subtree: true, characterData: true });
        }"""
    )
    page.click("#go")
    page.locator("#done .problem").wait_for()
    assert len(set(page.evaluate("window.lengths"))) > 3  # the text grew before our eyes
    done = page.locator("#done").inner_text()
    assert "Haussmann's fronts" in done
    assert "broken.jpg: is no picture of a known format" in done
    assert page.locator("#world .guess").count() == 1
    features = json.loads(page.locator("#geojson textarea").input_value())["features"]
    assert features[0]["geometry"]["coordinates"] == [2.3522, 48.8566]
    assert features[1]["geometry"] is None
    assert page.locator("#history tbody tr").count() == 2
    assert _violations(page) == []
    before = page.locator("#world svg").get_attribute("viewBox")
    page.locator('#world [data-zoom="in"]').click()
    assert page.locator("#world svg").get_attribute("viewBox") != before
    page.reload()
    page.locator("#history").wait_for()
    assert page.locator("#history tbody tr").count() == 0  # the browser kept nothing


MARK_IN_VIEW = """() => {
  const map = document.querySelector("#world svg.worldmap").getBoundingClientRect();
  const mark = document.querySelector("#world .mark .guess").getBoundingClientRect();
  return mark.x > map.left && mark.x < map.right && mark.y > map.top && mark.y < map.bottom;
}"""


def test_the_map_opens_on_the_guess_and_keeps_it_in_view(opened, app, monkeypatch, tmp_path):
    monkeypatch.setattr(app[1], "text", "<think> 1. Rain </think> <answer> 56.0, -4.3 </answer>")
    monkeypatch.setattr(app[1], "pause_s", 0.0)
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "a.png")
    page = opened()
    world = page.locator("#world svg")
    whole = float(world.get_attribute("viewBox").split()[2])
    page.set_input_files("#upload input[type=file]", [str(tmp_path / "a.png")])
    page.locator("#upload .file-preview").wait_for()
    page.click("#go")
    page.locator("#done .located").wait_for()
    page.wait_for_function(
        f"() => document.querySelector('#world svg').viewBox.baseVal.width < {0.2 * whole}"
    )
    for _ in range(9):
        assert page.evaluate(MARK_IN_VIEW)
        page.locator('#world [data-zoom="in"]').click()
    closest = world.evaluate("map => map.viewBox.baseVal.width")
    assert closest == pytest.approx(whole / 64)
    box = world.bounding_box()
    page.locator('#world [data-zoom="reset"]').click()
    assert world.evaluate("map => map.viewBox.baseVal.width") == pytest.approx(whole)
    world.dblclick(position={"x": box["width"] / 3, "y": box["height"] / 3})
    assert world.evaluate("map => map.viewBox.baseVal.width") == pytest.approx(whole / 2)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_function(
        f"() => document.querySelector('#world svg').viewBox.baseVal.width < {0.3 * whole}"
    )


def test_what_a_model_or_a_file_name_says_does_not_run(opened, app, monkeypatch, tmp_path):
    monkeypatch.setattr(app[1], "text", f"<think> 1. {EVIL} </think> <answer> 1, 2 </answer>")
    name = tmp_path / "<img src=x onerror=alert(3)>.png"
    Image.new("RGB", (64, 64), "teal").save(name)
    page = opened()
    page.set_input_files("#upload input[type=file]", [str(name)])
    page.locator("#upload .file-preview").wait_for()
    page.click("#go")
    page.locator("#done .located").wait_for()
    assert "${alert(2)} {{constructor}}" in page.locator("#done").inner_text()
    assert page.locator("#done img").count() == 1  # the photo itself


@pytest.mark.parametrize("width", [390, 1280])
def test_example_and_game_at_phone_and_desktop_width(opened, app, width):
    page = opened(width)
    assert _width(page) == width
    page.locator("[data-example]").first.click()
    page.locator("#done .located").wait_for()
    assert "km" in page.locator("#done .facts").inner_text()  # its place is known
    assert "truth" in page.locator("#world .key").inner_text()
    assert page.locator("#world svg").bounding_box()["y"] < 700  # scrolled to, on a phone
    assert _width(page) == width
    assert _violations(page) == []
    page.get_by_role("tab", name="Guess it yourself").click()
    page.click("#new")
    page.locator("#photo img").wait_for()
    board = page.locator("#board svg")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    board.click(position={"x": box["width"] / 2, "y": box["height"] / 2})  # 0, 0
    page.locator("#board .guess").wait_for(state="attached")  # a dot has no length, so no box
    field = page.locator("#guess input, #guess textarea")
    lat, lon = (float(part) for part in field.input_value().split(","))
    assert abs(lat) < 1.5
    assert abs(lon) < 1.5
    page.evaluate(
        """() => {
          window.faintest = 1;
          const look = () => {
            for (let part = document.querySelector("#said .note"); part; part = part.parentElement)
              window.faintest = Math.min(window.faintest, getComputedStyle(part).opacity);
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    page.click("#compare")
    page.locator("#rounds table").wait_for()
    assert "of 5,000 points" in page.locator("#rounds .score").inner_text()
    assert page.locator("#board .truth").count() == 2
    assert page.evaluate("window.faintest") == 1  # readable while its next text is under way
    assert _width(page) == width
    assert _violations(page) == []
