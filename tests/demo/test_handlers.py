"""What the app shows, step by step, with a scripted model."""

import json
from random import Random

import pytest

from gre.demo import views
from gre.demo.game import Round, choose, load_examples, play, points, read_guess
from gre.demo.handlers import Photo, locate_all, place_of_click, play_round
from gre.demo.locate import Request
from gre.demo.models import ModelShelf, find_models
from gre.errors import InputError
from gre.evaluation.benchmarks.samples import Sample
from gre.evaluation.pages.worldmap import HEIGHT, WIDTH
from gre.geo.latlon import LatLon

LYON = "<think> 1. Two rivers </think> <answer> 45.7640, 4.8357 </answer>"
EVIL = "<think> 1. <img src=x onerror=alert(1)> </think> <script>alert(2)</script>"


@pytest.fixture
def photo(sample_world):
    return sorted((sample_world / "bench/test/imgs").iterdir())[0]


def test_the_reasoning_grows_and_ends_in_a_result(shelf, photo, monkeypatch):
    monkeypatch.setattr("gre.demo.handlers.REDRAW_S", 0.0)
    screens = list(locate_all(shelf(), "scripted", [Photo(photo)], Request()))
    growing = [len(screen.now) for screen in screens if "writing" in screen.now]
    assert len(growing) > 5
    assert growing[-1] > growing[0]
    last = screens[-1]
    assert "<li>Haussmann&#39;s fronts</li>" in last.done
    assert "48.8566, 2.3522" in last.done
    assert 'class="guess"' in last.world
    feature = json.loads(last.geojson)["features"][0]
    assert feature["geometry"]["coordinates"] == [2.3522, 48.8566]
    assert feature["properties"]["photo"] == photo.name  # and not the folder of uploads
    assert last.rows[0]["city"] == "Paris"


@pytest.mark.parametrize(
    "text",
    [
        "<think> 1. Two rivers",
        "<think> 1. Two rivers </think>",
        "<think> 1. Two rivers </think> <answer> 45.7",
        "1. Two rivers </think> <answer> 45.7",
    ],
)
def test_the_reasoning_is_shown_once_while_it_is_written(text):
    shown = views.story(text, "a.jpg", picture=None, is_done=False)
    assert shown.count("Two rivers") == 1
    assert "think" not in shown


def test_an_answer_without_reasoning_is_shown_as_it_is_written():
    assert "A river" in views.story("A river", "a.jpg", picture=None, is_done=False)


def test_geojson_names_model_and_photo_without_their_folders(shelf, photo, tmp_path):
    model = tmp_path / "stage3"
    model.mkdir()
    shelf_of_one = shelf()
    *_, last = locate_all(shelf_of_one, str(model), [Photo(photo)], Request())
    properties = json.loads(last.geojson)["features"][0]["properties"]
    assert (properties["model"], properties["photo"]) == ("stage3", photo.name)
    assert str(tmp_path) not in last.geojson


def test_coarse_says_nothing_of_a_truth_that_it_does_not_show(shelf, photo):
    for coarse in (False, True):
        request = Request(coarse=coarse)
        *_, last = locate_all(shelf(), "scripted", [Photo(photo)], request)
        assert ("<dt>truth</dt><dd>unknown" in last.done) is not coarse
        assert ("truth" in last.done) is not coarse


def test_several_answers_give_a_radius_and_are_listed(shelf, paris, photo):
    made = shelf(paris, others=(paris, LYON))
    *_, last = locate_all(made, "scripted", [Photo(photo)], Request(samples=4))
    assert 'class="reach"' in last.world
    assert last.done.count("<tr>") == 1 + 4
    # Paris to Lyon, haversine by hand: 391.5 km
    assert "392 km" in last.done or "391 km" in last.done


def test_a_broken_file_is_one_line_and_the_next_photo_goes_on(shelf, photo, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    photos = [Photo(tmp_path / "broken.jpg"), Photo(photo)]
    screens = [s for s in locate_all(shelf(), "scripted", photos, Request()) if s.rows]
    assert len(screens) == 2
    line = screens[0].done
    assert 'role="alert">broken.jpg: is no picture of a known format' in line
    assert str(tmp_path) not in line + screens[1].geojson
    assert 'role="alert"' in screens[1].done
    assert "Paris" in screens[1].done


def test_coarse_never_shows_words_or_a_finer_point(shelf, paris, photo):
    made = shelf(paris, others=(paris, LYON))
    request = Request(samples=3, coarse=True)
    screens = list(locate_all(made, "scripted", [Photo(photo)], request))
    shown = "".join(f"{s.now}{s.done}{s.world}{s.geojson}" for s in screens)
    assert "France" in shown
    for finer in ("Haussmann", "48.8566", "2.3522", "45.7640"):
        assert finer not in shown
    assert json.loads(screens[-1].geojson)["features"][0]["geometry"] is None


def test_what_a_model_writes_is_text(shelf, photo):
    *_, last = locate_all(shelf(EVIL), "scripted", [Photo(photo)], Request())
    assert "<script" not in last.done
    assert "<img src=x" not in last.done
    assert "&lt;img src=x onerror=alert(1)&gt;" in last.done


def test_exif_is_read_when_asked_alone(shelf, tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 0.0, 0.0), 3: "E", 4: (2.0, 0.0, 0.0)})
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "gps.jpg", exif=exif)
    for asked in (False, True):
        request = Request(read_exif=asked)
        *_, last = locate_all(shelf(), "scripted", [Photo(tmp_path / "gps.jpg")], request)
        assert ("48.0000, 2.0000" in last.done) is asked
        assert (last.rows[0]["error_km"] is not None) is asked


def test_no_photo_is_one_line(shelf):
    (only,) = locate_all(shelf(), "scripted", [], Request())
    assert "Choose a photo first" in only.now


@pytest.mark.parametrize(
    ("error_km", "expected"),
    [(0.0, 5000), (1492.7, 1839), (None, 0), (20000.0, 0)],  # floor(5000 / e) = 1839
)
def test_points_are_those_of_geoguessr(error_km, expected):
    assert points(error_km) == expected


def test_a_round_measures_both_and_is_summed(shelf, photo):
    sample = Sample("a", photo, LatLon(48.8566, 2.3522))
    played = play_round(shelf(), "scripted", sample, "45.7640, 4.8357", Request())
    assert played.model_km == pytest.approx(0.0, abs=1e-6)
    assert played.person_km == pytest.approx(391.5, abs=1.0)
    assert played.points == (3846, 5000)  # floor(5000 exp(-391.5 / 1492.7)) = 3846
    unread = play(sample, LatLon(48.8566, 2.3522), None)
    board = views.score_board([played, unread])
    assert "You 8,846, the model 5,000 of 10,000 points." in board
    assert "no place" in board


@pytest.mark.parametrize("text", ["", "Paris", "95, 200", "48.86"])
def test_a_guess_that_is_no_point_is_refused_in_one_line(shelf, photo, text):
    with pytest.raises(InputError, match="must be latitude and longitude"):
        read_guess(text)


def test_the_game_without_a_photo_says_so(shelf):
    with pytest.raises(InputError, match="press New photo"):
        play_round(shelf(), "scripted", None, "1, 2", Request())
    with pytest.raises(InputError, match="--examples FOLDER"):
        choose([], Random(0), other_than=None)


def test_the_next_photo_is_another(photo):
    two = [Sample(name, photo, LatLon(0, 0)) for name in "ab"]
    assert {choose(two, Random(seed), other_than=0) for seed in range(20)} == {1}
    assert choose(two[:1], Random(0), other_than=0) == 0


def test_a_click_is_a_place_on_the_earth_or_nothing():
    assert place_of_click(WIDTH / 2, HEIGHT / 2) == LatLon(0.0, 0.0)
    assert place_of_click(1.0, 1.0) is None
    assert place_of_click("1", None) is None


def test_examples_come_from_a_sample_world(sample_world, tmp_path):
    found = load_examples(sample_world)
    assert len(found) == 10
    assert load_examples(None) == []
    with pytest.raises(InputError, match="holds no photo"):
        load_examples(tmp_path)


def test_models_are_those_named_or_the_best_of_the_quickstart(tmp_path):
    for stage in ("stage1", "stage3"):
        (tmp_path / "work" / stage).mkdir(parents=True)
        (tmp_path / "work" / stage / "config.json").write_text("{}")
    names = find_models([], tmp_path)
    assert [name.rsplit("/", 1)[1] for name in names] == ["stage3", "stage1"]
    assert find_models(["some/model"], tmp_path) == ["some/model"]
    with pytest.raises(InputError, match=r"quickstart\.sh"):
        find_models([], tmp_path / "work")
    with pytest.raises(InputError, match="got it twice"):
        ModelShelf(["a", "a"])
    with pytest.raises(InputError, match="model: got 'b', must be one of a"):
        ModelShelf(["a"]).get("b")


def test_names_of_files_and_models_are_text():
    row = {"photo": "<b>.jpg", "status": "ok", "reason": None, "country": "<i>", "model": "<u>"}
    assert "<b>" not in views.history([row])
    assert "<i>" not in views.history([row])
    played = Round("<b>", LatLon(0, 0), LatLon(0, 0), 0.0, None, None)
    assert "<b>" not in views.score_board([played])
