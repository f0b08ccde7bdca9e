"""Run folders compared: which samples count, what is refused, and order that does not matter."""

import json

import pytest

from gre.errors import InputError
from gre.evaluation.comparing.paired_runs import compare_folders, parse_radii
from gre.evaluation.score import score_file


def rows_of(run):
    return [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]


def write_rows(run, rows):
    (run / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_rates_are_those_of_gre_score(two_runs):
    """Both runs could not be asked the same one of 40 samples, so N is that of each."""
    found = compare_folders(*two_runs)
    before, after = map(score_file, two_runs)
    assert (found.name_a, found.name_b, found.task) == ("untrained", "stage 1", "locate")
    assert (found.n, found.num_left_out) == (39, 1)
    assert (found.num_unreadable_a, found.num_unreadable_b) == (4, 4)
    for key, rate in found.rates.items():
        assert rate.percent_a == pytest.approx(before.accuracy[key])
        assert rate.percent_b == pytest.approx(after.accuracy[key])
    assert found.rates["750"].difference > 0 and found.rates["750"].excludes_zero
    assert found.distances["median_km"].difference < 0
    text = " ".join(found.notes())
    assert "stage 1 minus untrained on the same 39 samples" in text
    assert "half the circumference of the Earth, 20,015 km: 4 in untrained, 4 in stage 1" in text
    assert "1 samples that one of the runs could not be asked are left out" in text


def test_swapping_the_runs_turns_every_sign(two_runs):
    there, back = compare_folders(*two_runs), compare_folders(*two_runs[::-1])
    for key, rate in there.rates.items():
        assert back.rates[key].difference == -rate.difference
        assert back.rates[key].ci95.low == pytest.approx(-rate.ci95.high)
    for name, km in there.distances.items():
        assert back.distances[name].difference == -km.difference
        assert back.distances[name].ci95.low == pytest.approx(-km.ci95.high)


def test_the_order_of_the_samples_does_not_matter(two_runs):
    before = compare_folders(*two_runs).to_json()
    write_rows(two_runs[0], rows_of(two_runs[0])[::-1])
    assert compare_folders(*two_runs).to_json() == before


def test_an_unreadable_answer_lies_half_the_earth_away(run_maker, tmp_path):
    runs = [run_maker(tmp_path / name, name=name, typical_km=10, seed=3) for name in "ab"]
    rows = rows_of(runs[1])
    for row in rows[2:7]:
        row |= {"status": "failed", "reason": "no_answer", "lat": None, "lon": None}
    write_rows(runs[1], rows)
    found = compare_folders(*runs)
    assert found.num_unreadable_b == found.num_unreadable_a + 5
    lost = found.distances["mean_km"].difference * found.n
    # five answers went from some ten km to half the circumference, 20,015 km
    assert lost == pytest.approx(5 * 20_015, rel=0.02)


def test_a_sample_that_one_run_was_not_asked_is_left_out_of_both(two_runs):
    rows = rows_of(two_runs[0])
    rows[3] |= {"status": "error", "reason": "not_asked", "lat": None, "lon": None}
    write_rows(two_runs[0], rows)
    found = compare_folders(*two_runs)
    assert (found.n, found.num_left_out) == (38, 2)


def test_radii_are_those_that_were_named(two_runs):
    found = compare_folders(*two_runs, radii_km=parse_radii("25, 200,750"))
    assert list(found.rates) == ["25", "200", "750"]


@pytest.mark.parametrize("text", ["", "25,", "0", "-1", "nan", "inf", "25,25", "km", "20016"])
def test_bad_radii_are_one_line(text):
    with pytest.raises(InputError, match="--radii: got"):
        parse_radii(text)


def test_other_samples_are_refused(run_maker, tmp_path):
    one = run_maker(tmp_path / "one", name="one", typical_km=10)
    fewer = run_maker(tmp_path / "fewer", name="fewer", typical_km=10, n=39)
    other = run_maker(tmp_path / "other", name="other", typical_km=10, data_sha256="other data")
    for run in (fewer, other):
        with pytest.raises(InputError, match="both must be on the same samples") as caught:
            compare_folders(one, run)
        assert "\n" not in str(caught.value)
    moved = run_maker(tmp_path / "moved", name="moved", typical_km=10)
    rows = rows_of(moved)
    rows[0]["gt_lat"] += 1.0
    write_rows(moved, rows)
    with pytest.raises(InputError, match="both must be on the same samples"):
        compare_folders(one, moved)


def test_other_rules_are_refused(run_maker, tmp_path):
    one = run_maker(tmp_path / "one", name="one", typical_km=10)
    rules = {"distance": "geodesic", "test": "le", "unreadable": "miss"}
    two = run_maker(tmp_path / "two", name="two", typical_km=10, protocol=rules)
    with pytest.raises(InputError, match=r"--distance haversine and .* geodesic"):
        compare_folders(one, two)


def test_runs_that_do_not_pair_are_one_line(run_maker, judge_run_maker, tmp_path):
    one = run_maker(tmp_path / "one", name="one", typical_km=10)
    judge = judge_run_maker(tmp_path / "judge", verdicts=[(True, True)])
    with pytest.raises(InputError, match="named twice"):
        compare_folders(one, one)
    with pytest.raises(InputError, match="the other judges reasoning"):
        compare_folders(one, judge)
    with pytest.raises(InputError, match="no such file"):
        compare_folders(one, tmp_path / "nowhere")


def test_judges_are_compared_on_all_items_and_by_label(judge_run_maker, tmp_path):
    """Ten items: b rights three False items that a had wrong, and loses one True item."""
    labels = [True] * 5 + [False] * 5
    before = judge_run_maker(tmp_path / "a", verdicts=[(label, True) for label in labels])
    said = [None, *[True] * 4, False, False, False, True, True]
    after = judge_run_maker(tmp_path / "b", verdicts=list(zip(labels, said, strict=True)))
    found = compare_folders(before, after)
    assert (found.task, found.n, found.num_unreadable_b) == ("judge", 10, 1)
    overall = found.rates["judge_accuracy"]
    assert (overall.percent_a, overall.percent_b) == (50.0, 70.0)
    assert (overall.only_a, overall.only_b) == (1, 3)
    assert overall.p_value == pytest.approx(2 * (1 + 4) / 16)
    assert found.rates["accuracy_true"].difference == pytest.approx(-20.0)
    assert found.rates["accuracy_false"].difference == pytest.approx(60.0)
    assert found.distances == {}
    assert json.dumps(found.to_json(), allow_nan=False)


def test_items_that_one_judge_was_not_asked_are_left_out(judge_run_maker, tmp_path):
    verdicts = [(True, True), (False, False), (True, True)]
    one = judge_run_maker(tmp_path / "a", verdicts=verdicts, not_asked=1)
    two = judge_run_maker(tmp_path / "b", verdicts=verdicts)
    found = compare_folders(one, two)
    assert (found.n, found.num_left_out) == (2, 1)
    none = judge_run_maker(tmp_path / "c", verdicts=verdicts, not_asked=3)
    with pytest.raises(InputError, match="no sample that both were asked"):
        compare_folders(one, none)


def test_json_holds_plain_values(two_runs):
    data = json.loads(json.dumps(compare_folders(*two_runs).to_json(), allow_nan=False))
    assert set(data["accuracy"]) == {"1", "25", "200", "750", "2500"}
    assert set(data["accuracy"]["750"]) >= {"a", "b", "difference", "ci95", "mcnemar_p", "n"}
    assert data["unreadable_km"] == pytest.approx(20_015.0868, abs=1e-3)
    assert {"median_km", "mean_km", "notes", "protocol"} <= set(data)
