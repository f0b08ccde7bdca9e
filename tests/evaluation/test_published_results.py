"""The paper's tables, as rows that a leaderboard can read."""

import csv

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
