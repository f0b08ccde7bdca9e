"""The report: right numbers, nothing from outside, nothing a model writes can run."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from gre.errors import InputError
from gre.evaluation.comparison import compare
from gre.evaluation.gallery import MAX_PHOTOS
from gre.evaluation.reasoning import tell
from gre.evaluation.report import write_report
from gre.evaluation.saved_run import read_run
from gre.evaluation.score import score_file
from gre.evaluation.thumbnails import MAX_BYTES, make_thumbnail

HOSTILE = (
    "<think>1. </script><script>alert(1)</script> // 2. <img src=x onerror=alert(2)> "
    "// 3. <!-- \u2028 \ud800</think><answer>1.0, 2.0</answer> & more"
)


class Page(HTMLParser):
    """Collects tags, and the text of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.inside, self._open = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = (tag, dict(attrs)) if tag in ("script", "style") else None

    def handle_data(self, data):
        if self._open:
            self.inside.append((*self._open, data))

    def handle_endtag(self, tag):
        self._open = None


@pytest.fixture
def page(two_runs, tmp_path):
    write_report(two_runs, tmp_path / "report.html")
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def _data(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])


def test_numbers_are_those_of_gre_score(two_runs, page):
    for run in two_runs:
        summary = score_file(run)
        assert f"{summary.accuracy['750']:.1f}<span" in page
        assert f"{summary.n:,}" in page
    best = score_file(two_runs[1])
    assert f"stage 1 finds {best.accuracy['750']:.1f} % of 39 photos within 750 km" in page
    assert "an unreadable answer is a miss" in page
    assert page.count("without the image") >= 2


def test_every_sample_is_in_the_gallery_with_its_story(page):
    data = _data(page)
    assert len(data["samples"]) == 40
    assert [len(run["rows"]) for run in data["runs"]] == [40, 40]
    row = data["runs"][1]["rows"][0]
    assert row["steps"][0] == "The signs are in the script of France"
    assert len(row["steps"]) == 4
    assert re.fullmatch(r"-?\d+\.\d+, -?\d+\.\d+", row["answer"])
    assert row["raw"] is None
    assert data["runs"][1]["rows"][7]["raw"].startswith("I cannot tell")
    assert data["runs"][1]["rows"][1]["status"] == "error"
    assert all(sample["picture"].startswith("data:image/jpeg") for sample in data["samples"])


def test_page_names_nothing_outside_itself(page):
    for tag, attrs in Page(page).tags:
        for name in ("src", "href", "data", "poster", "srcset", "action", "xlink:href"):
            value = attrs.get(name) or ""
            assert value.startswith(("#", "data:")) or not value, (tag, name, value)
    assert "@import" not in page
    assert "url(" not in page


def test_policy_allows_the_pages_own_script_and_style_only(page):
    parsed = Page(page)
    policy = next(a["content"] for t, a in parsed.tags if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for tag, attrs, text in parsed.inside:
        if attrs.get("type") != "application/json":
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not [a for _, a in parsed.tags if "style" in a or any(k.startswith("on") for k in a)]


def test_model_text_cannot_leave_its_place(run_maker, tmp_path):
    run = run_maker(tmp_path / "run", name="<b>evil</b>", typical_km=10, n=12)
    lines = (run / "predictions.jsonl").read_text().splitlines()
    row = json.loads(lines[0])
    row |= {"text": HOSTILE, "id": "</script><img src=x>", "groups": {"scene": "<i>x</i>"}}
    (run / "predictions.jsonl").write_text("\n".join([json.dumps(row), *lines[1:]]) + "\n")
    write_report([run], tmp_path / "r.html", title="<script>alert(3)</script>")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    tags = [tag for tag, _ in Page(page).tags]
    assert tags.count("script") == 2
    assert not {"img", "b", "i"} & set(tags)
    steps = _data(page)["runs"][0]["rows"][0]["steps"]
    assert steps[0] == "</script><script>alert(1)</script>"


def test_many_samples_carry_a_limited_number_of_photos(run_maker, tmp_path):
    run = run_maker(tmp_path / "run", name="many", typical_km=100, n=MAX_PHOTOS + 30)
    write_report([run], tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    data = _data(page)
    assert len(data["samples"]) == MAX_PHOTOS + 30
    assert sum(sample["picture"] is not None for sample in data["samples"]) == MAX_PHOTOS
    assert f"The page carries {MAX_PHOTOS} of {MAX_PHOTOS + 30} photos" in page


def test_missing_photos_leave_a_gap_not_an_error(two_runs, tmp_path):
    for photo in (tmp_path / "imgs").iterdir():
        photo.unlink()
    write_report(two_runs, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert all(sample["picture"] is None for sample in _data(page)["samples"])
    assert "carries 0 of 40 photos" in page


def test_runs_on_other_samples_are_not_compared_in_silence(run_maker, tmp_path):
    one = run_maker(tmp_path / "one", name="same", typical_km=10)
    two = run_maker(tmp_path / "two", name="same", typical_km=10, data_sha256="other")
    comparison = compare([one, two])
    assert len({compared.name for compared in comparison.runs}) == 2
    assert len(comparison.samples) == 80
    assert any("did not see the same samples" in warning for warning in comparison.warnings)


def test_one_shared_oracle_is_one_row(run_maker, tmp_path):
    runs = [run_maker(tmp_path / n, name=n, typical_km=10, seed=3) for n in ("a", "b")]
    write_report(runs, tmp_path / "r.html")
    rows = re.findall(r'<tr class="bound">', (tmp_path / "r.html").read_text())
    assert len(rows) == 3  # the oracle, and each model without images


def test_protocol_of_the_run_is_kept(run_maker, tmp_path):
    protocol = {"distance": "geodesic", "test": "lt", "unreadable": "origin"}
    run = read_run(run_maker(tmp_path / "run", name="g3", typical_km=10, protocol=protocol))
    assert run.protocol.to_json() == protocol
    unreadable = sum(prediction.status == "failed" for prediction in run.predictions)
    assert run.summary.n_readable == run.summary.n - unreadable
    assert run.summary.mean_km > 500  # (0, 0) is far from most cities


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("summary.json", None, "no such file"),
        ("summary.json", "{", "cannot be read"),
        ("summary.json", "[]", "no JSON object"),
        ("summary.json", '{"protocol": {"distance": "odd"}}', "protocol or bounds are damaged"),
        ("summary.json", '{"bounds": {"oracle": {}}}', "protocol or bounds are damaged"),
        ("predictions.jsonl", None, "no such file"),
        ("predictions.jsonl", "", "empty"),
        ("predictions.jsonl", '{"id": "a"', "record 0"),
        ("predictions.jsonl", '{"id": "a"}', "'status' is missing"),
        ("predictions.jsonl", '{"id": "a", "status": "odd"}', "'odd' is none of"),
        (
            "predictions.jsonl",
            '{"id": "a", "status": "ok", "gt_lat": 1, "gt_lon": 1, "lat": 95, "lon": 0}',
            "record 0",
        ),
    ],
)
def test_damaged_runs_are_one_line_and_leave_no_page(two_runs, tmp_path, name, content, words):
    path = two_runs[0] / name
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(InputError, match=words) as caught:
        write_report(two_runs, tmp_path / "r.html")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "r.html").exists()


def test_number_of_runs_is_limited(two_runs, tmp_path):
    for runs in ([], two_runs * 4, [two_runs[0]] * 2):
        with pytest.raises(InputError, match="runs:"):
            write_report(runs, tmp_path / "r.html")


def test_a_page_that_cannot_be_written_is_one_line(two_runs, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_report(two_runs, tmp_path / "file" / "r.html")


@pytest.mark.parametrize(
    ("text", "steps", "answer", "has_raw"),
    [
        ("<think>1. a // 2. b</think> <answer>1, 2</answer>", ("a", "b"), "1, 2", False),
        ("<think>a\nb</think><answer>1, 2</answer> P.S.", ("a", "b"), "1, 2", True),
        ("no tags at all", (), None, True),
        ("", (), None, True),
    ],
)
def test_text_in_parts(text, steps, answer, has_raw):
    told = tell(text)
    assert tuple(step.strip() for step in told.steps) == steps
    assert (told.answer or "").strip() == (answer or "")
    assert (told.raw is not None) == has_raw


def test_thumbnails_stay_small_and_carry_no_position(tmp_path):
    import io

    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 255, (900, 1600, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.fromarray(noise).save(tmp_path / "noise.jpg", exif=exif)
    thumbnail = make_thumbnail(tmp_path / "noise.jpg")
    data = base64.b64decode(thumbnail.url.split(",", 1)[1])
    assert len(data) <= MAX_BYTES
    with Image.open(io.BytesIO(data)) as small:
        assert small.size == (thumbnail.width, thumbnail.height)
        assert not small.getexif()
    assert make_thumbnail(tmp_path / "missing.jpg") is None
