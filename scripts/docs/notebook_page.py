"""A notebook, run and set as one page: text, code and what the code shows."""

import html
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbclient
import nbformat
from plain_page import to_html, whole_page
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

TIMEOUT_S = 900


def write_notebook_page(source: Path, out: Path, environment: dict[str, str]) -> Path:
    """Run a notebook in its folder with some variables set, and write its page."""
    notebook = nbformat.read(source, as_version=4)
    with patch.dict("os.environ", environment):
        nbclient.NotebookClient(
            notebook, timeout=TIMEOUT_S, kernel_name="python3",
            resources={"metadata": {"path": str(source.parent)}},
        ).execute()  # fmt: skip
    body = "".join(_cell(cell) for cell in notebook.cells)
    out.write_text(whole_page(source.stem, body), encoding="utf-8")
    return out


def _cell(cell: Any) -> str:  # Any: a cell of nbformat
    if cell.cell_type == "markdown":
        return to_html(cell.source)
    code = highlight(cell.source, PythonLexer(), HtmlFormatter(cssclass="codehilite"))
    return code + "".join(map(_output, cell.get("outputs", [])))


def _output(output: Any) -> str:  # Any: an output of nbformat
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text)}</pre>" if output.name == "stdout" else ""
    data = output.get("data", {})
    if "text/html" in data:
        return str(data["text/html"])
    return f"<pre>{html.escape(str(data.get('text/plain', '')))}</pre>"
