"""The report: right numbers, nothing from outside, nothing a model writes can run."""

import base64
import csv
import gzip
import hashlib
import json
import math
import re

import pytest
from typer.testing import CliRunner

from gre.cli import app
from gre.errors import InputError
from gre.evaluation.asking.draws import Draws
from gre.evaluation.pages.reasoning import tell
from gre.evaluation.pages.thumbnails import MAX_BYTES, Thumbnail, make_thumbnail
from gre.evaluation.report import leaderboard
from gre.evaluation.report.comparison import compare
from gre.evaluation.report.continents import continent_rows, continent_sheet
from gre.evaluation.report.gallery import MAX_PHOTOS, NUM_WORST, make_gallery
from gre.evaluation.report.page import write_report
from gre.evaluation.runs.saved_run import read_run
from gre.evaluation.score import score_file
from tests.evaluation.html_tags import Tags

HOSTILE = (
    "<think>1. </script><script>alert(1)</script> // 2. <img src=x onerror=alert(2)> "
    "// 3. <!-- \u2028 \ud800</think><answer>1.0, 2.0</answer> & more"
)


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
    assert f"stage 1 finds {best.accuracy['750']:.1f}\xa0% of 39 photos within 750 km" in page
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
    assert "raw" not in row
    assert data["runs"][1]["rows"][7]["raw"].startswith("I cannot tell")
    assert data["runs"][1]["rows"][1]["status"] == "error"
    assert all(sample["picture"].startswith("data:image/jpeg") for sample in data["samples"])


def test_page_names_nothing_outside_itself(page):
    for tag, attrs in Tags(page).tags:
        for name in ("src", "href", "data", "poster", "srcset", "action", "xlink:href"):
            value = attrs.get(name) or ""
            assert value.startswith(("#", "data:")) or not value, (tag, name, value)
    assert "@import" not in page
    assert "url(" not in page


def test_policy_allows_the_pages_own_script_and_style_only(page):
    parsed = Tags(page)
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
    tags = [tag for tag, _ in Tags(page).tags]
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
    assert sum("picture" in sample for sample in data["samples"]) == MAX_PHOTOS
    assert f"The page carries {MAX_PHOTOS} of {MAX_PHOTOS + 30} photos" in page


def test_missing_photos_leave_a_gap_not_an_error(two_runs, tmp_path):
    for photo in (tmp_path / "imgs").iterdir():
        photo.unlink()
    write_report(two_runs, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert not any("picture" in sample for sample in _data(page)["samples"])
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


def test_judge_runs_have_a_table_of_their_own(two_runs, judge_run_maker, tmp_path):
    verdicts = [(True, True), (True, False), (False, False), (False, None)]
    judge = judge_run_maker(tmp_path / "judge", verdicts=verdicts, name="<i>judge</i>")
    write_report([*two_runs, judge], tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "Judging reasoning" in page
    table = page[page.index('id="judges"') : page.index('id="distance"')]
    assert table.count('<td class="main">50.0<span') == 4  # overall and by label; without image
    assert "&lt;i&gt;judge&lt;/i&gt;, without the image" in table
    assert len(_data(page)["runs"]) == 2
    write_report(two_runs, tmp_path / "without.html")
    assert "Judging reasoning" not in (tmp_path / "without.html").read_text()


def test_judge_runs_on_other_samples_are_said_to_be(two_runs, judge_run_maker, tmp_path):
    one = judge_run_maker(tmp_path / "one", verdicts=[(True, True)])
    two = judge_run_maker(tmp_path / "two", verdicts=[(True, True)] * 2)
    write_report([*two_runs, one, two], tmp_path / "r.html")
    assert "The judge runs did not see the same samples" in (tmp_path / "r.html").read_text()


def test_judge_runs_alone_make_no_page(judge_run_maker, tmp_path):
    judge = judge_run_maker(tmp_path / "judge", verdicts=[(True, True)])
    with pytest.raises(InputError, match="must be at least one that locates photos"):
        write_report([judge], tmp_path / "r.html")


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
        ("summary.json", '{"a": 1}', "names no benchmark"),
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
    Image.fromarray(noise).save(tmp_path / "noise.jpg", exif=exif, comment=b"taken at home")
    thumbnail = make_thumbnail(tmp_path / "noise.jpg")
    data = base64.b64decode(thumbnail.url.split(",", 1)[1])
    assert len(data) <= MAX_BYTES
    with Image.open(io.BytesIO(data)) as small:
        assert small.size == (thumbnail.width, thumbnail.height)
        assert not small.getexif()
    assert b"taken at home" not in data
    assert make_thumbnail(tmp_path / "missing.jpg") is None


def test_the_worst_always_bring_their_photos(run_maker, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "gre.evaluation.report.gallery.make_thumbnail", lambda path: Thumbnail("data:,", 1, 1)
    )
    runs = [
        run_maker(tmp_path / name, name=name, typical_km=km, n=300, seed=seed, num_photos=0)
        for name, km, seed in (("near", 50, 1), ("far", 3000, 2))
    ]
    comparison = compare(runs)
    samples = make_gallery(comparison, max_photos=120).data["samples"]
    assert sum("picture" in sample for sample in samples) == 120
    kept = {sample["id"] for sample in samples if "picture" in sample}
    best = comparison.runs[comparison.best]
    measured = [p for p in best.run.predictions if p.error_km is not None]
    worst = sorted(measured, key=lambda p: -p.error_km)[:NUM_WORST]
    assert {p.id for p in worst} <= kept


def test_a_sampled_run_shows_every_answer_with_its_point(run_maker, tmp_path):
    """Three answers on the equator at 0, 1 and 3 degrees and a refusal; the truth is at 0, 0."""
    run = run_maker(tmp_path / "run", name="sampled", typical_km=10, n=12)
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    texts = [f"<think>{hostile}</think><answer>0.0, {lon}</answer>" for lon in (0, 1, 3)]
    draws = Draws((texts[0], "I cannot tell.", texts[1], texts[2]), share=1.0)
    rows = [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]
    rows[0] |= {"gt_lat": 0.0, "gt_lon": 0.0, "text": draws.text, "lat": 0.0, "lon": 1.0}
    rows[0] |= draws.facts()
    rows[7] |= Draws(("I cannot tell.", "No.")).facts()  # this one failed
    (run / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_report([run], tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    found = _data(page)["runs"][0]["rows"]
    drawn = found[0]["draws"]
    km = 6371.0 * math.pi / 180  # a degree of the equator
    assert [one.get("point") for one in drawn] == [[0.0, 0.0], None, [0.0, 1.0], [0.0, 3.0]]
    assert [one.get("km") for one in drawn] == [0.0, None, round(km, 3), round(3 * km, 3)]
    assert [one.get("reason") for one in drawn] == [None, "refusal", None, None]
    assert [one.get("chosen") for one in drawn] == [None, None, True, None]
    assert [one.get("text") for one in drawn] == [texts[0], "I cannot tell.", None, texts[2]]
    assert found[0]["spread"] == {"km": round(2 * km, 3), "share": 1.0}
    assert [one["reason"] for one in found[7]["draws"]] == ["refusal", "no_answer"]
    assert "spread" not in found[7]
    assert not [row for row in found[1:7] if "draws" in row]
    assert [tag for tag, _ in Tags(page).tags].count("script") == 2


def test_texts_of_samples_with_photos_go_first_and_the_rest_is_packed(two_runs, monkeypatch):
    comparison = compare(two_runs)
    whole = [run["rows"] for run in make_gallery(comparison).data["runs"]]
    monkeypatch.setattr("gre.evaluation.report.gallery.MAX_TEXT_CHARS", 3_500)
    monkeypatch.setattr("gre.evaluation.pages.packed_texts.CHUNK_CHARS", 2_000)
    gallery = make_gallery(comparison, max_photos=8)
    assert gallery.num_texts_left_out == 0
    with_photo = {i for i, s in enumerate(gallery.data["samples"]) if "picture" in s}
    assert len(with_photo) == 8
    for run, rows in zip(gallery.data["runs"], whole, strict=True):
        assert len(run["chunks"]) > 1
        chunks = [json.loads(gzip.decompress(base64.b64decode(c))) for c in run["chunks"]]
        assert not [r for r in run["rows"] if r["sample"] in with_photo and "packed" in r]
        for row, full in zip(run["rows"], rows, strict=True):
            number = row.pop("packed", None)
            texts = {} if number is None else chunks[number][str(row["sample"])]
            assert row | texts == full  # nothing is lost, nothing is added


def test_what_does_not_fit_even_packed_is_counted(two_runs, tmp_path, monkeypatch):
    monkeypatch.setattr("gre.evaluation.report.gallery.MAX_TEXT_CHARS", 0)
    monkeypatch.setattr("gre.evaluation.report.gallery.MAX_PACKED_CHARS", 0)
    assert make_gallery(compare(two_runs)).num_texts_left_out == 2 * 39  # one was not asked
    write_report(two_runs, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "78 answers are too many to carry and stand in predictions.jsonl" in page


def test_places_come_from_the_gazetteer_where_the_run_has_none(run_maker, tmp_path):
    run = run_maker(tmp_path / "run", name="old", typical_km=10, n=12)
    rows = [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]
    for row in rows:
        row["groups"] = {}
    (run / "predictions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    comparison = compare([run])
    # conftest.CITIES: two samples each of Paris, Nairobi, Tokyo, Lima, Denver and Auckland
    assert [row.name for row in continent_rows(comparison)] == [
        *("Africa", "Asia", "Europe", "North America", "Oceania", "South America"),
    ]
    assert comparison.samples[0].groups["country"] == "France"


def _bold(rows):
    return [
        [cell.value for cell in (*row.rates, row.median, row.mean, row.score) if cell.is_best]
        for row in rows
        if row.kind == "run"
    ]


def test_the_best_run_of_each_column_is_marked(run_maker, tmp_path):
    # On the equator a degree is 111.2 km: one run is near more often, the other never far.
    for name, degrees in (("near", (0.1, 0.1, 40.0)), ("safe", (5.0, 5.0, 5.0))):
        run_maker(tmp_path / name, name=name, typical_km=10, n=3)
        rows = [
            {"id": str(i), "status": "ok", "gt_lat": 0, "gt_lon": 0, "lat": 0, "lon": degrees[i]}
            for i in range(3)
        ]
        (tmp_path / name / "predictions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    near, safe = _bold(leaderboard.rows(compare([tmp_path / "near", tmp_path / "safe"])))
    # 11.1 km counts at 25 and 200 km, 556 km at 750. Score: 5000 e^(-0.3725) = 3,445 beside
    # (2 * 4,963 + 254) / 3 = 3,393.
    assert near == ["66.7", "66.7", "11.1"]
    assert safe == ["100.0", "100.0", "556", "3,445"]
    (alone,) = _bold(leaderboard.rows(compare([tmp_path / "near"])))
    assert alone == []


def test_errors_by_continent_are_quartiles(run_maker, tmp_path):
    run = run_maker(tmp_path / "run", name="r", typical_km=10, n=5)
    rows = []
    for i, degrees in enumerate((1, 2, 3, 4, 5)):  # along the equator, 111.195 km each
        rows.append({"id": str(i), "status": "ok", "gt_lat": 0, "gt_lon": 0, "lat": 0})
        rows[-1] |= {"lon": degrees, "groups": {"continent": "Africa", "country": "x"}}
    (run / "predictions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    comparison = compare([run])
    (row,) = continent_rows(comparison)
    assert (row.n, row.cells[0].median, row.cells[0].rate) == ("5", "334", "100.0")
    sheet = continent_sheet(comparison)
    assert sheet.rows[0][:3] == ("Africa", "r", 5)
    assert sheet.rows[0][3:6] == pytest.approx((222.39, 333.585, 444.78), abs=0.01)


def test_what_a_summary_holds_beside_accuracies_is_shown(two_runs, tmp_path):
    path = two_runs[1] / "summary.json"
    facts = json.loads(path.read_text())
    facts["strict"] = {"n": 39, "n_readable": 13, "accuracy": {"750": 28.21}}
    facts["places"] = {"country": {"accuracy": 61.54}, "continent": {"accuracy": 82.05}}
    facts["ci95_clustered"] = {"750": [40.06, 95.04], "25": [None, None], "1": "odd"}
    inside = {"n": 30, "num_inside": 24, "rate": 0.8, "ci95": [0.63, 0.91]}
    facts["calibration"] = {
        **{"radius_share": 0.9, "n": 30, "num_unreadable": 1, "mean_gap": 0.1, "by_radius": []},
        "by_share": [{**inside, "share": 0.9}],
    }
    path.write_text(json.dumps(facts))
    part = {"mean": 70.04, "n": 9, "ci95": [60.0, 80.0], "undefined": {}, "unscored": {}}
    cot = {"n_scored": 9, "n_unscored": 2, "judge": {"name": "embedded"}, "cot_quality": None}
    cot |= {"cot_quality_missing": ["bert_score"], "parts": {"recall": part, "f1": {"mean": None}}}
    (two_runs[1] / "cot_summary.json").write_text(json.dumps(cot))
    write_report(two_runs, tmp_path / "r.html", tables=tmp_path / "tables")
    page = (tmp_path / "r.html").read_text()
    for words in ("33.3", "28.2", "61.5", "82.0", "40.1–95.0", "holds 90% of the answers"):
        assert f">{words}<" in page, words
    assert "mean gap is 10.0 points" in page
    assert '70.0<span class="ci">60.0–80.0' in page
    assert "without bert score" in page
    assert "interval over clusters" in page
    with (tmp_path / "tables" / "readings.csv").open(newline="") as file:
        rows = {row["run"]: row for row in csv.DictReader(file)}
    assert rows["stage 1"]["readable % strict"] == "33.3"
    assert rows["untrained"]["readable % strict"] == ""
    assert rows["untrained"]["unreadable by reason"] == "refusal 4"


def test_quality_by_scene_and_indicator_has_counts_and_is_a_table_of_its_own(two_runs, tmp_path):
    whole = {"mean": 70.04, "n": 6, "ci95": [60.0, 80.0], "undefined": {}, "unscored": {}}
    some = {"mean": 55.5, "n": 3, "ci95": [40.0, 66.0]}
    none = {"mean": None, "n": 0, "ci95": None}
    group = {"n": 6, "n_scored": 3, "n_undefined": 2, "n_unscored": 1, "cot_quality": None}
    parts = {"recall": whole, "f1": {"mean": None}, "chain_score": some, "bert_score": none}
    groups = {"scene": {"<i>quay</i>": {**group, "parts": parts}}, "indicator": {"climate": {}}}
    for run in two_runs[1:]:
        facts = {"parts": {"recall": whole, "chain_score": some}, "groups": groups}
        (run / "cot_summary.json").write_text(json.dumps(facts))
    write_report(two_runs, tmp_path / "r.html", tables=tmp_path / "tables")
    page = (tmp_path / "r.html").read_text()
    table = page[page.index('id="quality"') : page.index('id="distance"')]
    assert "<h3>Kind of scene</h3>" in table
    assert "<h3>Geographic indicator</h3>" in table
    assert "&lt;i&gt;quay&lt;/i&gt;" in table
    assert "<td>6</td><td>2</td><td>1</td>" in table  # N, undefined, unscored
    assert '<td>70.0<span class="ci">60.0–80.0</span>' in table
    assert '<td>55.5<span class="ci">40.0–66.0 · 3</span>' in table  # three of six are behind it
    assert "bert score" not in table[table.index("Kind of scene") :]
    with (tmp_path / "tables" / "quality-groups.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["value"] for row in rows] == ["<i>quay</i>", "climate"]
    assert (rows[0]["run"], rows[0]["N"], rows[0]["unscored"]) == ("stage 1", "6", "1")
    assert (rows[0]["recall"], rows[0]["recall high"], rows[1]["N"]) == ("70.04", "80", "")
    assert (tmp_path / "tables" / "quality.csv").exists()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "null", '{"parts": 3, "judge": 7}', '{"parts": {}}', '{"groups": {"a": {"b": 1}}}'],
)
def test_an_odd_quality_file_spoils_no_report(two_runs, tmp_path, content):
    (two_runs[0] / "cot_summary.json").write_text(content)
    write_report(two_runs, tmp_path / "r.html")
    assert (tmp_path / "r.html").exists()


def test_tables_are_written_and_carried_by_the_page(two_runs, judge_run_maker, tmp_path):
    judge = judge_run_maker(tmp_path / "judge", verdicts=[(True, True)], name="=1+1")
    files = write_report([*two_runs, judge], tmp_path / "r.html", tables=tmp_path / "tables")
    names = {"results", "leaderboard", "readings", "continents", "groups", "judges"}
    assert {path.name for path in files} == {f"{n}.{e}" for n in names for e in ("csv", "tex")}
    page = Tags((tmp_path / "r.html").read_text())
    links = {a["download"]: a["href"] for t, a in page.tags if t == "a" and "download" in a}
    assert links.keys() == {path.name for path in files}
    for path in files:
        assert base64.b64decode(links[path.name].partition(",")[2]) == path.read_bytes()
    assert "\n'=1+1,100.0," in (tmp_path / "tables" / "judges.csv").read_text()
    best = score_file(two_runs[1])
    with (tmp_path / "tables" / "results.csv").open(newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["run"] == "stage 1")
    assert float(row["750 km"]) == pytest.approx(best.accuracy["750"], abs=1e-4)
    assert float(row["750 km low"]) == pytest.approx(best.ci95["750"].low, abs=1e-4)


def test_the_command_writes_page_and_tables(two_runs, tmp_path):
    words = ["report", *map(str, two_runs), "--photos", "3", "--out", str(tmp_path / "r.html")]
    done = CliRunner().invoke(app, [*words, "--tables", str(tmp_path / "t")])
    assert done.exit_code == 0, done.output
    assert "10 files of tables" in done.output  # five tables, CSV and LaTeX each
    samples = _data((tmp_path / "r.html").read_text())["samples"]
    assert sum("picture" in sample for sample in samples) == 3
    assert CliRunner().invoke(app, ["report", "--photos", "-1", "x"]).exit_code == 2


@pytest.mark.parametrize("benchmark", ["folder", "im2gps3k"])
def test_runs_without_any_reading_make_a_page_all_the_same(run_maker, tmp_path, benchmark):
    run = run_maker(tmp_path / "run", name="mute", typical_km=10, n=3, benchmark=benchmark)
    rows = [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]
    empty = {"status": "failed", "reason": "no_answer", "text": "", "lat": None, "lon": None}
    rows = [row | empty for row in rows]
    (run / "predictions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    write_report([run], tmp_path / "r.html", tables=tmp_path / "tables")
    page = (tmp_path / "r.html").read_text()
    assert "NaN" not in page.replace("Number.isNaN", "")
    assert "nan" not in (tmp_path / "tables" / "results.csv").read_text()
    assert f'<option value="{benchmark}" selected>' in page
    assert "no_answer 3" in page
