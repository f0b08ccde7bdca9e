"""The leaderboard: published rows and ours, each with a mark and the reason for it."""

import json

import pytest

from gre.evaluation.report.comparison import compare
from gre.evaluation.report.published import Mark
from gre.evaluation.report.standings import leaderboard_sheet, run_reasons, standings


def _run(run_maker, tmp_path, *, is_drawn=False, n=40, **facts):
    """A run as `gre evaluate` leaves it; those on real photos bring no oracle."""
    folder = run_maker(tmp_path / "run", name="ours", typical_km=100, n=n, num_photos=0, **facts)
    if not is_drawn:
        path = folder / "summary.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"bounds": {}}))
    return compare([folder])


@pytest.mark.parametrize(
    ("facts", "mark", "words"),
    [
        ({"benchmark": "greval_bench", "is_drawn": True}, Mark.NO, "the sample world is drawn"),
        ({"benchmark": "greval_bench"}, Mark.NO, "40 of the set's 3,000 samples"),
        ({"benchmark": "folder"}, Mark.NO, "the paper has no table of this benchmark"),
        ({"benchmark": "osv5m"}, Mark.CARE, "1 samples could not be asked; the paper states no"),
    ],
)
def test_a_run_is_marked_with_the_reason(run_maker, tmp_path, facts, mark, words):
    found, reason = run_reasons(_run(run_maker, tmp_path, **facts).runs[0])
    assert found is mark
    assert words in reason


def test_a_whole_set_may_be_compared_with_care(run_maker, tmp_path):
    comparison = _run(run_maker, tmp_path, benchmark="im2gps3k", n=2997)
    mark, reason = run_reasons(comparison.runs[0])
    assert mark is Mark.CARE
    assert "the set's" not in reason
    assert reason.endswith("the paper states no protocol")


def test_published_rows_stand_beside_ours_best_first(two_runs):
    rows = standings(compare(two_runs))
    assert len(rows) == 65 + 2
    board = [row for row in rows if row.benchmark == "greval_bench"]
    main = [float(row.rates[3]) for row in board]
    assert main == sorted(main, reverse=True)
    assert sum(row.is_ours for row in board) == 2
    gre = next(row for row in board if row.name == "GRE-7B")
    assert gre.rates == ("6.14", "26.15", "44.67", "66.56", "83.16")
    assert (gre.cot_quality, gre.short_source) == ("59.54", "table 3")
    assert {row.whole_mean_km for row in rows} > {"", "4,942", "1,069"}  # as every other table
    for row in rows:
        assert row.n or row.n_basis == "not printed"
        assert row.protocol
        assert row.source
        assert row.reason
        assert row.sign in "=≈≠"


def test_quality_of_the_reasoning_is_ours_where_it_was_judged(two_runs):
    (two_runs[1] / "cot_summary.json").write_text('{"cot_quality": 61.25, "parts": {}}')
    rows = {row.name: row for row in standings(compare(two_runs)) if row.is_ours}
    assert rows["stage 1"].cot_quality == "61.25"
    assert rows["untrained"].cot_quality == ""


def test_the_sheet_keeps_figures_as_printed(two_runs):
    sheet = leaderboard_sheet(standings(compare(two_runs)))
    row = next(row for row in sheet.rows if row[1] == "[L]kNN, sigma=4")
    assert row[:9] == (
        *("Im2GPS3k", "[L]kNN, sigma=4", "7.2", "19.4", "26.9", "38.9", "55.9"),
        *(None, None),
    )
    assert row[9] == "2997"
    assert all(len(row) == len(sheet.header) for row in sheet.rows)
