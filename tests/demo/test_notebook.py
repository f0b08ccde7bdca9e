"""The notebook: committed without output, and runs from top to bottom."""

import os
from pathlib import Path

import nbformat
import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "demo" / "infer.ipynb"


def test_the_notebook_is_committed_without_output():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) >= 8
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_notebook_runs_from_top_to_bottom(tiny_model, sample_world, tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("GRE_DEMO_MODEL", str(tiny_model))
    monkeypatch.setenv("GRE_DEMO_EXAMPLES", str(sample_world))
    monkeypatch.setenv("GRE_DEMO_MAX_NEW_TOKENS", "8")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(NOTEBOOK.parents[1])]))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=1700,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
    )
    client.execute()  # raises on the first cell that fails
    shown = [
        output.data
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    pages = [data["text/html"] for data in shown if "text/html" in data]
    assert len(pages) == 4  # reasoning, map, several answers, folder
    assert all('class="worldmap"' in page for page in pages[1:])
    assert sum(page.count("<tr>") for page in pages) == (1 + 4) + (1 + 6)
