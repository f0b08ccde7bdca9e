"""The GeoCLIP script with a stand-in for its package: the real one lives in another environment."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gre.evaluation.benchmarks.samples import Sample
from gre.evaluation.predictors.fixed import FilePredictor
from gre.geo.latlon import LatLon

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts/eval/geoclip_predictions.py"
STAND_IN = '''
class GeoCLIP:
    """Reads its point from the file, as the real one ranks points of a gallery."""

    def to(self, device):
        assert device == "cpu"
        return self

    def eval(self):
        return self

    def predict(self, image_path, top_k):
        assert top_k == 1 and isinstance(image_path, str)
        with open("asked.txt", "a") as log:
            log.write(image_path + chr(10))
        lat, lon = open(image_path).read().split(",")
        return [(float(lat), float(lon))], [0.25]
'''


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the stand-in package and three photos, one of them damaged."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/geoclip.py").write_text(STAND_IN)
    (tmp_path / "lib/torch.py").write_text("")
    (tmp_path / "img").mkdir()
    (tmp_path / "img/a.jpg").write_text("48.8566,2.3522")
    (tmp_path / "img/b.jpg").write_text("damaged")
    (tmp_path / "img/c.PNG").write_text("-33.8688,151.2093")
    (tmp_path / "img/notes.txt").write_text("no photo")
    return tmp_path


def run(place: Path, *words: object, lib: str = "lib") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, words)],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place / lib)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as source:
        return list(csv.DictReader(source))


def test_a_folder_becomes_a_file_of_predictions(place: Path) -> None:
    done = run(place, "img", "--out", "out/preds.csv", "--device", "cpu")
    assert done.returncode == 3, done.stderr
    assert "b.jpg" in done.stderr
    assert "Traceback" not in done.stderr
    rows = rows_of(place / "out/preds.csv")
    assert [(row["id"], row["status"]) for row in rows] == [
        ("a.jpg", "ok"),
        ("b.jpg", "error"),
        ("c.PNG", "ok"),
    ]
    truth = LatLon(0, 0)
    samples = [Sample(name, Path(f"img/{name}.jpg"), truth) for name in ("a", "b")]
    given = FilePredictor(place / "out/preds.csv").answer_samples(samples)
    assert given["a"] == "<answer> 48.8566, 2.3522 </answer>"


def test_an_interrupted_run_goes_on(place: Path) -> None:
    out = place / "preds.csv"
    run(place, "img", "--out", out, "--device", "cpu", "--limit", 1)
    with out.open("a") as sink:
        sink.write("c.PNG,-33.8")  # cut while writing
    (place / "img/b.jpg").write_text("10,20")
    done = run(place, "img", "--out", out, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert [row["pred_lat"] for row in rows_of(out)] == ["48.856600", "10.000000", "-33.868800"]
    asked = [Path(line).name for line in (place / "asked.txt").read_text().splitlines()]
    assert asked == ["a.jpg", "b.jpg", "c.PNG"]


def test_equal_names_in_different_folders_are_told_apart(place: Path) -> None:
    (place / "img/deep").mkdir()
    (place / "img/deep/a.jpg").write_text("1,2")
    (place / "img/b.jpg").unlink()
    run(place, "img", "--out", "preds.csv", "--device", "cpu")
    assert [row["id"] for row in rows_of(place / "preds.csv")] == ["a.jpg", "c.PNG", "deep/a.jpg"]


@pytest.mark.parametrize(
    ("words", "lib", "message"),
    [
        (("img", "--out", "p.csv"), "img", "geoclip cannot be imported"),
        (("nowhere", "--out", "p.csv"), "lib", "nowhere: no such folder"),
        (("lib", "--out", "p.csv"), "lib", "holds no photo"),
        (("img", "--out", "p.csv", "--limit", "0"), "lib", "--limit: got 0"),
        (("img", "--out", "img/notes.txt"), "lib", "notes.txt: is no file of this script"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    place: Path, words: tuple[str, ...], lib: str, message: str
) -> None:
    (place / "img/notes.txt").write_text("no photo\n")
    (place / "img/torch.py").write_text("")  # so that the missing geoclip is met at once
    done = run(place, *words, lib=lib)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (place / "p.csv").exists()


def test_help_and_dry_run_need_no_geoclip(place: Path) -> None:
    shown = run(place, "--help", lib="img")
    assert shown.returncode == 0
    assert "scripts/eval/geoclip_predictions.py" in shown.stdout
    dry = run(place, "img", "--out", "p.csv", "--dry-run", lib="img")
    assert dry.returncode == 0
    assert "3 photos" in dry.stdout
