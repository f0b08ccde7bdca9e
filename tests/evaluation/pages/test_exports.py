"""Tables as CSV and LaTeX: no formula, no broken row, no half-written file."""

import base64
import csv
import io

import pytest

from gre.errors import InputError
from gre.evaluation.pages.exports import (
    Sheet,
    cell,
    downloads,
    latex_text,
    safe_cell,
    to_csv,
    to_latex,
    write_tables,
)

SHEET = Sheet(
    "results",
    "Accuracy, 95 % of R&D",
    ("run", "25 km", "why"),
    (("=HYPERLINK(1)", 12.5, "a, b"), ("GRE_7B", -3, None), ('say "hi"', 0.1 + 0.2, "x\ny")),
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|x", "'+cmd|x"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-12.5", "-12.5"),
        ("+3e-05", "+3e-05"),
        ("-inf", "'-inf"),
        ("-1_0", "'-1_0"),
        ("-", "'-"),
        ("plain = text", "plain = text"),
        ("", ""),
    ],
)
def test_no_cell_begins_like_a_formula_but_numbers(text, written):
    assert safe_cell(text) == written


def test_csv_reads_back_as_it_was_meant():
    rows = list(csv.reader(io.StringIO(to_csv(SHEET))))
    assert rows == [
        ["run", "25 km", "why"],
        ["'=HYPERLINK(1)", "12.5", "a, b"],
        ["GRE_7B", "-3", ""],
        ['say "hi"', "0.3", "x\ny"],
    ]


def test_latex_escapes_and_aligns():
    text = to_latex(SHEET)
    assert "\\begin{tabular}{lrl}" in text
    assert "\\caption{Accuracy, 95 \\% of R\\&D}" in text
    assert "GRE\\_7B & -3 &  \\\\" in text
    assert "x y \\\\" in text
    body = text.split("\\midrule\n")[1].split("\\bottomrule")[0]
    assert body.count("\\\\\n") == 3


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("50 % & #1_a", "50 \\% \\& \\#1\\_a"),
        ("\\input{x}", "\\textbackslash{}input\\{x\\}"),
        ("error ≤ 1 ~ ^", "error $\\le$ 1 \\textasciitilde{} \\textasciicircum{}"),
    ],
)
def test_latex_text(text, written):
    assert latex_text(text) == written


@pytest.mark.parametrize(
    ("text", "value"), [("–", None), ("", None), ("1,234", "1234"), ("12 / 13", "12 / 13")]
)
def test_cells_of_a_page_become_cells_of_a_file(text, value):
    assert cell(text) == value


def test_files_and_links_hold_the_same(tmp_path):
    paths = write_tables([SHEET], tmp_path / "new" / "tables")
    assert [path.name for path in paths] == ["results.csv", "results.tex"]
    for path, download in zip(paths, downloads(SHEET), strict=True):
        held = base64.b64decode(download.url.partition(",")[2])
        assert held == path.read_bytes()
        assert download.file_name == path.name
    assert not list(tmp_path.rglob("*.partial"))


def test_a_file_in_the_way_is_one_line(tmp_path):
    (tmp_path / "tables").write_text("")
    with pytest.raises(InputError, match="is no folder; name another with --tables"):
        write_tables([SHEET], tmp_path / "tables")
