"""Tables of a report as CSV and LaTeX: written to a folder, or carried inside the page.

A spreadsheet runs a cell that begins like a formula, and names and answers come from models and
files of strangers: such a cell is prefixed with an apostrophe, unless it is a number.
"""

import base64
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gre.errors import InputError
from gre.evaluation.asking.run_folder import write_output

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula. Source: OWASP, "CSV Injection"."""
Value = str | int | float | None

_LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "≈": r"$\approx$",
    "≠": r"$\ne$",
    "°": r"$^\circ$",
    "–": "--",
    "·": r"$\cdot$",
    "²": r"$^2$",
    "−": r"$-$",
    "\n": " ",
    "\r": " ",
    "\t": " ",
}


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        name: Stem of its files.
        caption: What it shows.
        header: Names of the columns.
        rows: Cells, as many as columns; None is an empty one.
    """

    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True)
class Download:
    """A file that the page carries inside a link."""

    label: str
    file_name: str
    url: str


def to_csv(sheet: Sheet) -> str:
    """RFC 4180, one line feed at each end of line; no cell can be taken for a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([safe_cell(name) for name in sheet.header])
    writer.writerows([safe_cell(_plain(value)) for value in row] for row in sheet.rows)
    return buffer.getvalue()


def safe_cell(text: str) -> str:
    """The same text where it is harmless or a number, else with an apostrophe before it."""
    if not text.startswith(FORMULA_STARTS):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    # float() reads " -1_0\n" too; only what is written as a number may pass.
    return text if set(text) <= set("+-.0123456789eE") else f"'{text}"


def to_latex(sheet: Sheet) -> str:
    """A table for the package booktabs; columns of numbers stand to the right."""
    columns = list(zip(*sheet.rows, strict=True)) if sheet.rows else [()] * len(sheet.header)
    align = "".join("r" if _are_numbers(column) else "l" for column in columns)
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{latex_text(sheet.caption)}}}",
        f"\\label{{tab:{sheet.name}}}",
        f"\\begin{{tabular}}{{{align}}}",
        "\\toprule",
        _latex_row(sheet.header),
        "\\midrule",
        *(_latex_row([_plain(value) for value in row]) for row in sheet.rows),
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def cell(text: str) -> Value:
    """A cell of a page as one of a file: nothing for a dash, a plain number for "1,234"."""
    if text in ("", "–"):
        return None
    bare = text.replace(",", "")
    return bare if bare.isdecimal() else text


def latex_text(text: str) -> str:
    """Text that LaTeX sets as it stands."""
    return "".join(_LATEX.get(char, char) for char in text)


def downloads(sheet: Sheet) -> tuple[Download, Download]:
    """The CSV and the LaTeX of a table as links without a network."""
    return (
        Download("CSV", f"{sheet.name}.csv", _data_url("text/csv", to_csv(sheet))),
        Download("LaTeX", f"{sheet.name}.tex", _data_url("application/x-tex", to_latex(sheet))),
    )


def write_tables(sheets: Sequence[Sheet], folder: Path) -> list[Path]:
    """Write NAME.csv and NAME.tex of each table; the folder is made where it is missing.

    Raises:
        InputError: A file cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is no folder; name another with --tables")
    paths = []
    for sheet in sheets:
        for suffix, text in ((".csv", to_csv(sheet)), (".tex", to_latex(sheet))):
            paths.append(folder / f"{sheet.name}{suffix}")
            write_output(paths[-1], text.encode("utf-8", "replace").decode("utf-8"))
    return paths


def _data_url(mime: str, text: str) -> str:
    data = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    return f"data:{mime};charset=utf-8;base64,{data}"


def _plain(value: Value) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(map(latex_text, cells)) + r" \\"


def _are_numbers(column: Sequence[Value]) -> bool:
    texts = [_plain(value).replace(",", "") for value in column if _plain(value)]
    try:
        return bool([float(text) for text in texts])
    except ValueError:
        return False
