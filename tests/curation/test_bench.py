"""`gre curate bench`: key steps asked once, filters, and a file that evaluation and judge read."""

import json
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from gre.curation.bench import read_candidates
from gre.curation.indicators import Indicator
from gre.curation.key_steps import KEY_STEPS_INSTRUCTION, Unusable, read_key_steps
from gre.curation.replies import Rationale
from gre.curation.scenes import SCENES
from gre.curation.screening import informative, without_faces
from gre.data.records import read_bench
from gre.errors import InputError
from gre.evaluation.benchmarks.loading import load_benchmark
from gre.evaluation.cot.items import read_references
from tests.command_line import one_line, run_gre
from tests.curation.making import PLACES, picture, save_photo
from tests.curation.review.reviewing import cot_file
from tests.curation.server import FlakyServer
from tests.evaluation.cot.test_measures import tiny_clip  # noqa: F401 - a fixture

STEPS = "<think> 1. The sign is in Greek script. // 2. Cars keep right. // 3. Athens. </think>"


def seed_file(folder: Path, num_photos: int = 4) -> Path:
    rows = []
    for number in range(num_photos):
        save_photo(folder / "imgs" / f"{number}.jpg", number, None)
        lat, lon = PLACES[list(PLACES)[number % len(PLACES)]]
        place = {"city": "Paris", "country": "France"} if number == 0 else {}
        row = {"image": f"images/{number}.jpg", "instructions": "Where?", "id": f"s{number}"}
        rows.append({**row, "gt_lat": lat, "gt_lon": lon, **place})
    path = folder / "gre_seed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def words_of(body: dict) -> str:
    return next(part["text"] for part in body["messages"][-1]["content"] if "text" in part)


def test_a_teacher_that_fails_is_asked_until_all_is_there_and_paid_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out = seed_file(tmp_path / "seeds", 6), tmp_path / "bench"
    with FlakyServer(lambda body: STEPS, failure_rate=0.7, seed=1).running() as server:
        words = (photos, "--out", out, "--teacher", "openai:wise", "--base-url", server.url)
        codes = []
        for _ in range(12):
            code, said, err = run_gre(capsys, "curate", "bench", *words)
            codes.append(code)
            if code == 0:
                break
            assert code == 3, err
            assert not (out / "greval_bench.json").exists()
        assert codes[-1] == 0
        told = [words_of(body) for body in server.bodies]
        assert sorted(server.good.values()) == [1] * 6
        before = server.calls
        assert run_gre(capsys, "curate", "bench", *words)[0] == 0
        assert server.calls == before
    assert "6 items, 2 different indicators" in said
    assert all(text.startswith(KEY_STEPS_INSTRUCTION) for text in told)
    assert any("taken at 48.8566, 2.3522 (near Paris, France)." in text for text in told)
    records = read_bench(out / "greval_bench.json")
    assert records[0].gt_cot == ("The sign is in Greek script.", "Cars keep right.", "Athens.")
    assert records[0].indicators == (
        "explicit: language: Greek script",
        "implicit: social characteristics: traffic on the right",
    )
    assert len(load_benchmark("greval_bench", out).samples) == 6
    assert read_references(out).by_id["s0"].key_steps == records[0].gt_cot
    card = (out / "README.md").read_text()
    assert "| outdoor | road traffic | 6 | 100.0% | 10.9% |" in card  # 327 of 3,000 published
    assert "![Indicators of 6 photos](indicators.svg)" in card


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<think> </think>", "no_steps"),
        ("<answer> 1.0, 2.0 </answer>", "no_steps"),
        ("\n".join(f"{i}. Step of words {i}." for i in range(1, 15)), "too_many_steps"),
        ("1. The given coordinates lie in Paris.", "leak"),
        ("1. The photo's metadata says Paris.", "leak"),
        ("1. A sign says <|image_pad|>.", "control_token"),
        ("1. A sign says \0.", "control_token"),
        ("1. A sign says <image>.", "control_token"),
        ("1. A sign says \ud800.", "control_token"),
    ],
)
def test_replies_that_give_no_key_steps(text: str, reason: str) -> None:
    found = read_key_steps(Rationale("s", text), {})
    assert isinstance(found, Unusable)
    assert found.reason == reason


def test_photos_without_indicators_are_left_out_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out = seed_file(tmp_path / "seeds"), tmp_path / "bench"

    def answer(body: dict) -> str:
        return "1. Nothing tells. // 2. So it is." if "Paris" in words_of(body) else STEPS

    with FlakyServer(answer, failure_rate=0).running() as server:
        words = (photos, "--out", out, "--teacher", "openai:wise", "--base-url", server.url)
        code, said, err = run_gre(capsys, "curate", "bench", *words)
        assert code == 0, err
        assert "3 items" in said
        assert "left out: 1 few_indicators" in said
        other = run_gre(capsys, "curate", "bench", *words, "--temperature", 1)
    gone = [json.loads(line) for line in (out / "left_out.jsonl").open()]
    assert [(one["source"], one["reason"]) for one in gone] == [("s0", "few_indicators")]
    assert other[0] == 2
    assert "holds replies to another question (temperature" in one_line(other[2])


class Halves:
    """Finds a face that covers half of the pictures that are bright."""

    def largest_share(self, image: Image.Image) -> float:
        return 0.6 if np.asarray(image).mean() > 200 else 0.1


def test_a_face_over_half_of_the_picture_puts_it_out(tmp_path: Path) -> None:
    photos = seed_file(tmp_path, 3)
    Image.new("RGB", (64, 48), "white").save(tmp_path / "imgs/1.jpg")
    (tmp_path / "imgs/2.jpg").write_bytes(b"no picture")
    found = without_faces(
        read_candidates(photos, image_root=None, limit=None), Halves(), max_share=0.5
    )
    assert [photo.id for photo in found.kept] == ["s0"]
    assert [(one.source, one.reason) for one in found.left_out] == [
        ("s1", "face"),
        ("s2", "unreadable_photo"),
    ]


class Axes:
    """A CLIP of two axes: prompts with "palms" lie on one, all others on the other."""

    def texts(self, texts: list[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] if "palms" in text else [0.0, 1.0] for text in texts])

    def photos(self, paths, *, tell):
        vectors = {"0": np.array([0.8, 0.6]), "1": np.array([-0.6, -0.8]), "2": "cannot be read"}
        yield from (vectors[path.stem] for path in paths)


def test_photos_unlike_every_indicator_are_left_out(tmp_path: Path) -> None:
    photos = read_candidates(seed_file(tmp_path, 3), image_root=None, limit=None)
    words = Counter({Indicator("climate", "palms"): 2, Indicator("climate", "cacti"): 1})
    found = informative(photos, Axes(), words, min_similarity=0.2)
    assert [photo.id for photo in found.kept] == ["s0"]
    assert found.seen["s0"].phrase == "palms"
    assert found.seen["s0"].similarity == pytest.approx(0.8)
    assert [(one.source, one.reason) for one in found.left_out] == [
        ("s1", "not_informative"),
        ("s2", "unreadable_photo"),
    ]
    with pytest.raises(InputError, match="--corpus"):
        informative(photos, Axes(), Counter(), min_similarity=0.2)


def drawn_face(width: int) -> Image.Image:
    """A face of simple shapes, so wide in pixels, in the middle of 400 x 300."""
    image = Image.new("L", (400, 300), 90)
    draw = ImageDraw.Draw(image)
    height = int(width * 1.25)

    def oval(x: float, y: float, across: float, down: float, shade: int) -> None:
        left, top = 200 + x * width, 150 + y * height
        half, tall = across * width / 2, down * height / 2
        draw.ellipse((left - half, top - tall, left + half, top + tall), fill=shade)

    oval(0, 0, 1, 1, 200)  # head, hair, two eyes with brows, nose, mouth
    oval(0, -0.45, 1, 0.42, 50)
    for side in (-0.2, 0.2):
        oval(side, -0.08, 0.25, 0.12, 110)
        oval(side, -0.08, 0.14, 0.09, 30)
        oval(side, -0.18, 0.25, 0.03, 60)
    oval(0, 0.06, 0.12, 0.18, 215)
    oval(0, 0.14, 0.16, 0.02, 120)
    oval(0, 0.25, 0.33, 0.05, 90)
    return image.filter(ImageFilter.GaussianBlur(width / 45)).convert("RGB")


def test_a_real_finder_measures_a_face_and_sees_none_in_patches() -> None:
    pytest.importorskip("cv2", reason="the extra faces is not installed")
    from gre.curation.faces import FaceFinder

    finder = FaceFinder()
    assert finder.largest_share(picture(1, (400, 300))) == 0.0
    # The cascade's square is about 1.2 faces wide: 96² and 264² of 120,000 pixels, within a third.
    assert finder.largest_share(drawn_face(80)) == pytest.approx(0.077, rel=0.35)
    assert finder.largest_share(drawn_face(220)) > 0.4


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_real_clip_model_from_photos_to_a_benchmark(
    tiny_clip: Path,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from gre.models.clip import ClipEmbedder

    photos = seed_file(tmp_path / "seeds", 20)  # more than one batch
    paths = [tmp_path / f"seeds/imgs/{number}.jpg" for number in range(20)]
    paths[3].write_bytes(b"no picture")
    embedder = ClipEmbedder(str(tiny_clip))
    found = list(embedder.photos(paths))
    assert [number for number, one in enumerate(found) if isinstance(one, str)] == [3]
    vectors = [one for one in found if not isinstance(one, str)]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(19), abs=1e-5)
    assert np.allclose(found[17], next(embedder.photos(paths[17:])), atol=1e-5)
    texts = embedder.texts(["palms", "a long text " * 50])
    assert np.linalg.norm(texts, axis=1) == pytest.approx(np.ones(2), abs=1e-5)

    save_photo(paths[3], 3, None)
    with FlakyServer(lambda body: STEPS, failure_rate=0).running() as server:
        code, said, err = run_gre(
            *(capsys, "curate", "bench", photos, "--out", tmp_path / "bench", "--corpus"),
            *(cot_file(tmp_path / "cot"), "--clip", tiny_clip, "--min-similarity", -1),
            *("--teacher", "openai:wise", "--base-url", server.url),
        )
    assert code == 0, err
    assert "20 items" in said
    assert json.loads((tmp_path / "bench/bench.json").read_text())["settings"]["clip"] == (
        tiny_clip.name
    )
    for record in read_bench(tmp_path / "bench/greval_bench.json"):
        assert record.scene in SCENES
        assert record.extra["clip_indicator"] in ("stone walls", "traffic on the right")
        assert -1 <= float(str(record.extra["clip_similarity"])) <= 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["--max-face-share", "0.5"],
            "--max-face-share: OpenCV is not installed; bash environment.sh",
        ),
        (["--clip", "nowhere"], "--clip: needs indicators to look for"),
        (["--corpus", "none.json"], "none.json: no such file"),
        (["--teacher", "o3"], "must be sample or openai"),
        (["--push-to-hub", "me"], "must be OWNER/NAME"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    says: str,
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    (tmp_path / "world.json").write_text('{"seed": 1, "scenes": {}}')
    monkeypatch.chdir(tmp_path)
    photos = seed_file(tmp_path / "seeds")
    code, _, err = run_gre(
        capsys, "curate", "bench", photos, "--out", "out", "--world", ".", *words
    )
    assert code == 2
    assert says in one_line(err)


def test_opencv_without_cascades_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from gre.curation.faces import FaceFinder

    monkeypatch.setitem(sys.modules, "cv2", SimpleNamespace(__version__="5.0.0"))
    with pytest.raises(InputError, match=r"OpenCV 5\.0\.0 has no cascades, must be 4\.x"):
        FaceFinder()
