"""`gre predict` at the door, with a made-up localizer: what is printed, written and counted."""

import contextlib
import json
import shutil

import pytest
import typer

from gre.cli import main
from gre.data.images import load_image
from gre.models import localizer
from gre.models.decoding import guess_from_texts

POINT = "43.46, 11.88"  # Arezzo, in Tuscany
TEXTS = (
    f"<think> 1. Cypress trees // 2. Italian words </think> <answer> {POINT} </answer>",
    "I would rather not say.",
)
FORMS = ("table", "json", "geojson", "kml", "csv")


class Scripted:
    """Opens each photo, as a model would, and answers from a list."""

    def __init__(self, model):
        self.texts = list(TEXTS)

    def predict(self, photo, *, samples=1, decoding=None):
        load_image(photo)
        return guess_from_texts([self.texts.pop(0)] * samples)


@pytest.fixture
def photos(sample_world, tmp_path):
    """Two photos and a broken one between them."""
    folder = tmp_path / "trip"
    folder.mkdir()
    pictures = sorted((sample_world / "bench/test/imgs").iterdir())
    shutil.copy(pictures[0], folder / "a.jpg")
    (folder / "b.jpg").write_bytes(b"not a picture")
    shutil.copy(pictures[1], folder / "c.jpg")
    return folder


@pytest.fixture
def predict(monkeypatch, capsys):
    """Runs the command and gives its exit code, output and errors."""
    monkeypatch.setattr(localizer, "GeoLocalizer", Scripted)

    def call(*words):
        monkeypatch.setattr("sys.argv", ["gre", "predict", *map(str, words), "--model", "any"])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return call


@pytest.mark.parametrize("form", FORMS)
def test_every_format_counts_what_has_no_guess(predict, photos, form):
    code, out, err = predict(photos, "--format", form)
    assert code == 3
    assert "2 of 3 photos have no guess: 1 could not be opened, 1 got an answer without" in err
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        assert name in out
    assert "Arezzo" in out


@pytest.mark.parametrize("form", FORMS)
def test_coarse_is_coarse_in_every_format(predict, photos, tmp_path, form):
    page = tmp_path / "map.html"
    code, out, _ = predict(photos, "--format", form, "--coarse", "--map", page)
    assert code == 3
    for shown in (out, page.read_text()):
        assert "Tuscany" in shown
        for finer in ("Arezzo", "43.46", "11.88", "Cypress"):
            assert finer not in shown


@pytest.mark.parametrize("given", ["{}", "{}/*.jpg", "{}/**/*.jpg", "{}/a.jpg {}/b.jpg {}/c.jpg"])
def test_a_folder_a_pattern_and_names_give_the_same(predict, photos, given):
    _, out, _ = predict(*given.replace("{}", str(photos)).split(), "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["status"] for row in rows] == ["ok", "error", "failed"]
    assert (rows[0]["lat"], rows[0]["lon"]) == (43.46, 11.88)


def test_out_is_written_whole_and_its_ending_names_the_format(predict, photos, tmp_path):
    out = tmp_path / "new" / "trip.geojson"
    code, printed, err = predict(photos, "--out", out)
    assert (code, printed) == (3, "")
    features = json.loads(out.read_text())["features"]
    assert features[0]["geometry"]["coordinates"] == [11.88, 43.46]
    assert [path.name for path in out.parent.iterdir()] == ["trip.geojson"]
    assert f"3 photos: {out}" in err.replace("\n", "")


def test_a_radius_is_drawn_on_the_page(predict, photos, tmp_path):
    code, _, _ = predict(photos / "a.jpg", "--samples", 3, "--map", tmp_path / "map.html")
    assert code == 0
    assert "0 km hold 90 % of answers" in (tmp_path / "map.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--format", "xml"], "--format: got 'xml', must be one of table, json, geojson, kml, csv"),
        (["--format", "csv", "--json"], "--format csv and --json differ"),
        (["--out", "a.xlsx"], "the ending must be one of .json"),
        (["--format", "table", "--out", "a.csv"], "a table is only printed"),
        (["--out", "trip", "--format", "csv"], "trip: is a folder"),
        (["--map", "trip/a.jpg/map.html"], "a.jpg is no folder"),
    ],
)
def test_what_cannot_be_written_is_refused_first(
    predict, photos, monkeypatch, tmp_path, words, message
):
    monkeypatch.chdir(tmp_path)
    code, out, err = predict(photos, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_sampled_answers_are_the_same_with_the_same_seed(tiny_model, sample_world, capsys):
    from gre.commands.predict import predict

    photo = sorted((sample_world / "bench/test/imgs").iterdir())[0]
    words = {"samples": 2, "max_new_tokens": 6, "as_json": True}
    texts = []
    for chosen in ({}, {"seed": 0}, {"seed": 1}):
        with contextlib.suppress(typer.Exit):  # an untrained model names no place
            predict([str(photo)], str(tiny_model), **words, **chosen)
        texts.append(json.loads(capsys.readouterr().out)["text"])
    assert texts[0] == texts[1] != texts[2]
