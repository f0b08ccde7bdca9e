"""Pictures: what is visible changes them, what is hidden does not, and no two cues look alike."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from gre.sample.brush import Brush
from gre.sample.cities import CITIES, CITY_BY_NAME, COUNTRIES, SEEN_CITIES
from gre.sample.flags import flag_image
from gre.sample.landmarks import draw_landmark
from gre.sample.render import render_scene
from gre.sample.scenes import CUES, Scene, plan_scene
from gre.sample.vehicles import PLATES, draw_plate

PARIS, CHENNAI = CITY_BY_NAME["Paris"], CITY_BY_NAME["Chennai"]

# Another value for each of the Parisian cues.
OTHER = {
    "flag": "India",
    "script": "tamil",
    "plate": "yellow",
    "lines": "yellow",
    "side": "left",
    "plants": "palm",
    "ground": "red soil",
    "roof": "tin",
    "walls": "colourful",
    "terrain": "sea",
    "sun": "high",
    "landmark": "Kapaleeshwarar Temple",
}


def paris(visible=CUES, weather="clear", **changes) -> Scene:
    scene = plan_scene(1, "cot", 0, cities=[PARIS])
    return replace(
        scene,
        visible=tuple(visible),
        weather=weather,
        layout="street",
        size=(336, 252),
        ambiguous=False,
        **changes,
    )


def pixels(scene: Scene) -> np.ndarray:
    return np.asarray(render_scene(scene)).astype(int)


def half_size(image: Image.Image) -> np.ndarray:
    """What a small model sees: half of the picture's width and height."""
    width, height = image.size
    return np.asarray(image.resize((width // 2, height // 2), Image.Resampling.BOX)).astype(int)


def test_the_same_scene_gives_the_same_pixels():
    assert np.array_equal(pixels(paris()), pixels(paris()))


@pytest.mark.parametrize("size", [(336, 252), (252, 336), (336, 336)])
def test_a_picture_has_the_planned_size(size):
    image = render_scene(replace(paris(), size=size))
    assert (image.mode, image.size) == ("RGB", size)


@pytest.mark.parametrize("cue", CUES)
def test_a_visible_cue_can_be_read_at_half_size(cue):
    """Another value changes at least 30 of 21,168 half-size pixels by at least 40 of 255."""
    scene = paris()
    other = replace(scene, traits={**scene.traits, cue: OTHER[cue]})
    if cue == "flag":
        other = replace(other, city=CHENNAI)
    before, after = (half_size(render_scene(each)) for each in (scene, other))
    assert (np.abs(before - after).max(axis=2) >= 40).sum() >= 30


@pytest.mark.parametrize(
    ("cue", "weather"),
    # In a clear sky the sun is always seen.
    [(c, w) for c in CUES for w in ("clear", "dusk", "rain", "fog") if (c, w) != ("sun", "clear")],
)
def test_a_hidden_cue_leaves_no_trace(cue, weather):
    hidden = (
        {cue} | ({"walls"} if cue == "roof" else set()) | ({"roof"} if cue == "walls" else set())
    )
    hidden |= {"plate"} if cue == "side" else set()
    hidden |= set() if weather == "clear" else {"sun"}
    scene = paris([each for each in CUES if each not in hidden], weather)
    other = replace(scene, traits={**scene.traits, **{each: OTHER[each] for each in hidden}})
    assert np.array_equal(pixels(scene), pixels(other))


def test_an_empty_street_is_the_same_in_every_city():
    """With no cue visible, the picture tells nothing at all of the place."""
    scene = paris([], "cloudy")
    chennai = plan_scene(1, "cot", 0, cities=[CHENNAI])
    other = replace(scene, city=CHENNAI, traits=chennai.traits, point=chennai.point)
    assert np.array_equal(pixels(scene), pixels(other))


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.name)
def test_every_city_can_be_drawn(city):
    assert render_scene(
        replace(plan_scene(1, "cot", 3, cities=[city]), visible=CUES, weather="clear")
    )


def _stands_apart(images: dict[str, np.ndarray], *, at_least: float) -> list[tuple[str, str]]:
    names = list(images)
    return [
        (a, b)
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if images[a].shape == images[b].shape and np.abs(images[a] - images[b]).mean() < at_least
    ]


def test_no_two_flags_look_alike_at_half_size():
    flags = {code: half_size(flag_image(code).reduce(2)) for code in COUNTRIES}
    assert _stands_apart(flags, at_least=4.0) == []


def test_no_two_landmarks_look_alike_at_half_size():
    images = {}
    for city in SEEN_CITIES:
        brush = Brush(160, 120)
        draw_landmark(brush, city.landmark, x=80, base=115, height=100, horizon=(0, 0, 0))
        images[city.landmark] = half_size(brush.image.reduce(2))
    assert _stands_apart(images, at_least=4.0) == []


def test_no_two_plates_look_alike_at_half_size():
    images = {}
    for style in PLATES:
        brush = Brush(80, 40)
        draw_plate(brush, style, np.random.default_rng(0), x=40, y=20, scale=1.0)
        images[style] = half_size(brush.image.reduce(2))
    assert _stands_apart(images, at_least=4.0) == []
