"""One coordinate in every spelling, worked out by hand."""

import csv
from pathlib import Path

import pytest

from gre.answers import FailureReason, ParseFailure, read_angle

TOLERANCE_DEG = 1e-9


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("12.5", 12.5),
        ("-12.5", -12.5),
        ("\u221212.5", -12.5),
        ("–12.5", -12.5),
        ("- 12.5", -12.5),
        ("+12.5", 12.5),
        ("-.25", -0.25),
        ("12.5°", 12.5),
        ("12.5 º", 12.5),
        ("12.5 degrees", 12.5),
        ("12.5 N", 12.5),
        ("12.5S", -12.5),
        ("12.5° west", -12.5),
        ("12.5 (E)", 12.5),
        ("N 12.5", 12.5),
        ("S12.5", -12.5),
        ("W: 12.5", -12.5),
        ("-12.5 S", -12.5),
        ("-12.5° W", -12.5),
        ("12° 30'", 12.5),
        ("12°30′00″ S", -12.5),
        ("12d 30m 36s", 12.51),
        ("12d 30m 36s south", -12.51),
        ("12 30 36S", -12.51),
        ("12 30", 12.5),
        ("12-30-36", 12.51),
        ("12:30:36 W", -12.51),
        ("- 12, 30, 36", -12.51),
        ("12°30'36''N", 12.51),
        ("12,5", 12.5),
        ("12° 30,6'", 12.51),
        ("12.5 С", 12.5),
        ("12.5° ю. ш.", -12.5),
        ("12.5 в. д.", 12.5),
        ("12,5 з", -12.5),
        ("12.5 sur", -12.5),
        ("12.5° oeste", -12.5),
        ("北纬12.5度", 12.5),
        ("12^{\\circ} 30'", 12.5),
        ("12\\u00b0 30' S", -12.5),
        ("12&deg; 30' S", -12.5),
        ("1e-05", 1e-5),
        ("１２.5", 12.5),
        ("12.5, ", 12.5),
        ("179° 59' 59.9\" E", 179 + 59 / 60 + 59.9 / 3600),
        ("-0 30 0", -0.5),
        ("- 0, 30, 0", -0.5),
    ],
)
def test_spellings(text: str, degrees: float) -> None:
    assert read_angle(text) == pytest.approx(degrees, abs=TOLERANCE_DEG)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", FailureReason.NO_ANSWER),
        ("somewhere", FailureReason.NO_ANSWER),
        ("near 12.5 maybe", FailureReason.NO_ANSWER),
        ("1.2.3", FailureReason.NOT_A_NUMBER),
        ("nan", FailureReason.NOT_A_NUMBER),
        ("-inf", FailureReason.NOT_A_NUMBER),
        ("1e999", FailureReason.NOT_A_NUMBER),
        ("9" * 5000, FailureReason.NOT_A_NUMBER),
        ("12.5 30.1", FailureReason.AMBIGUOUS),
        ("12.5° 30'", FailureReason.NOT_A_NUMBER),
        ("12 60", FailureReason.OUT_OF_RANGE),
        ("12° 30' 60\"", FailureReason.OUT_OF_RANGE),
        ("181", FailureReason.OUT_OF_RANGE),
        ("90.1 N", FailureReason.OUT_OF_RANGE),
        ("-12.5 N", FailureReason.AMBIGUOUS),
        ("-12.5 E", FailureReason.AMBIGUOUS),
        ("+12.5 S", FailureReason.AMBIGUOUS),
        ("N 12.5 S", FailureReason.AMBIGUOUS),
        ("12.5 O", FailureReason.AMBIGUOUS),
        ("12.5° ю. д.", FailureReason.AMBIGUOUS),
        ("--12.5", FailureReason.AMBIGUOUS),
        ("12-30", FailureReason.AMBIGUOUS),
        ('12° 36"', FailureReason.AMBIGUOUS),
        ("1 2 3 4", FailureReason.AMBIGUOUS),
        ("1, 2", FailureReason.AMBIGUOUS),
        ("1, 2, 3, 4", FailureReason.AMBIGUOUS),
        ("1,2,3", FailureReason.AMBIGUOUS),
    ],
)
def test_refusals(text: str, reason: FailureReason) -> None:
    result = read_angle(text)
    assert isinstance(result, ParseFailure)
    assert result.reason is reason
    assert "\n" not in result.detail


def rows(real_data: Path) -> list[tuple[str, str]]:
    path = real_data / "strings" / "lat_lon_parser_cc0_strings.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["string"], row["expected_decimal_degrees"]) for row in csv.DictReader(file)]


@pytest.mark.real_data
def test_every_string_of_another_parsers_tests(real_data: Path) -> None:
    """The CC0 strings of the package lat-lon-parser: valid ones to 1e-6, invalid ones refused."""
    table = rows(real_data)
    assert len(table) == 83
    for string, expected in table:
        result = read_angle(string)
        if expected == "INVALID":
            assert isinstance(result, ParseFailure), string
        else:
            assert result == pytest.approx(float(expected), abs=1e-6), string
