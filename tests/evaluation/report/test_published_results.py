"""The paper's tables as rows: right figures, honest N, and marks that can be checked."""

import csv

import pytest

from gre.evaluation.report.published import SET_SIZES, TITLES, Mark, fits_n, read_published

RADII = ("acc_1km", "acc_25km", "acc_200km", "acc_750km", "acc_2500km")


def test_published_rows_are_rates_that_grow_and_name_their_source(request):
    path = request.config.rootpath / "eval" / "published_results.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["benchmark"] for row in rows} == {
        *("im2gps3k", "gws15k", "greval_bench", "google_streetview", "osv5m"),
    }
    for row in rows:
        rates = [float(row[name]) for name in RADII if row[name]]
        assert rates == sorted(rates), row
        assert all(0 <= rate <= 100 for rate in rates), row
        assert row["source"].endswith(f"table {row['table']}")
    # GRE paper, table 2a, last row
    gre = next(r for r in rows if (r["method"], r["table"]) == ("GRE-7B", "2a"))
    assert [float(gre[name]) for name in RADII] == [11.3, 35.3, 51.7, 69.3, 85.7]


def test_the_package_carries_the_same_table(request):
    root = request.config.rootpath
    shown = (root / "eval" / "published_results.csv").read_bytes()
    assert (root / "gre/evaluation/report/data/published_results.csv").read_bytes() == shown


def test_every_table_of_the_paper_is_there():
    # rows as printed: table 2a has 14, 2b 7, 3 has 10, ...
    counts = {"2a": 14, "2b": 7, "3": 10, "4a": 4, "4b": 5, "6": 6, "7a": 2, "7b": 2, "8": 7}
    counts |= {"9a": 5, "9b": 3}
    rows = read_published()
    assert {t: sum(row.table == t for row in rows) for t in counts} == counts
    assert len(rows) == sum(counts.values())
    assert {row.benchmark for row in rows} == set(TITLES)


@pytest.mark.parametrize(
    ("printed", "n", "fits"),
    [
        ("50.0", 2, True),
        ("33.3", 3, True),
        ("33.4", 3, False),
        ("0.33", 2120, True),  # 7 / 2120 = 0.3302
        ("0.33", 3000, True),  # 10 / 3000 = 0.3333
        ("6.84", 2120, True),  # 145 / 2120 = 6.8396
        ("6.84", 3000, False),  # 205 / 3000 = 6.8333, 206 / 3000 = 6.8667
        ("0", 7, True),
        ("100", 7, True),
    ],
)
def test_which_n_a_percentage_fits(printed, n, fits):
    assert fits_n(printed, n) is fits


def test_n_is_what_the_figures_say():
    for row in read_published():
        values = row.accuracy.values()
        if row.n_basis == "inferred":
            assert row.n == 2120
            assert all(fits_n(value, 2120) for value in values)
            assert not all(fits_n(value, 3000) for value in values)
            assert row.mark is Mark.NO
        if "neither" in row.reason:
            assert not any(all(fits_n(v, n) for v in values) for n in (2120, 3000))
        if "no multiples of 1/2,997" in row.reason:
            assert not all(fits_n(value, 2997) for value in values)
        if row.n_basis == "set size":
            assert row.n == SET_SIZES[row.benchmark]
    # project facts: six of the eight multimodal rows of table 3 fit 2,120
    assert sum(row.n == 2120 for row in read_published()) == 6


def test_what_was_retrained_is_marked():
    retrained = [row for row in read_published() if "5% MP-16" in row.method]
    assert len(retrained) == 4
    for row in retrained:
        assert row.mark is Mark.NO
        assert "5 %" in row.reason
    assert all(row.protocol.startswith("not stated") for row in read_published())
