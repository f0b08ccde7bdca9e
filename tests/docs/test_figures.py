"""The figures are what their scripts draw, small, whole in themselves, true to their sources."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gre.evaluation.report.published import read_published

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ("logo", "dataset", "model", "indicators", "benchmark", "results", "bench_results")
"""Counterparts of the seven figures of the upstream README."""
MAX_BYTES = 200_000
SVG = "{http://www.w3.org/2000/svg}"


def texts(name: str) -> list[str]:
    """What is written in a figure."""
    tree = ElementTree.parse(ROOT / "assets" / f"{name}.svg")
    return ["".join(node.itertext()) for node in tree.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    "names",
    [
        ("logo", "model", "benchmark", "results", "bench_results"),
        pytest.param(("dataset", "indicators"), marks=pytest.mark.slow),  # plans a sample world
    ],
)
def test_the_committed_figures_are_what_the_scripts_draw(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    command = [sys.executable, str(ROOT / "scripts/figures/draw.py"), *names]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in tmp_path.iterdir()} == set(names)
    for name in set(names) - {"dataset"}:  # its JPEGs depend on the version of the library
        drawn = (tmp_path / f"{name}.svg").read_text(encoding="utf-8")
        kept = (ROOT / "assets" / f"{name}.svg").read_text(encoding="utf-8")
        assert drawn == kept, f"run: python scripts/figures/draw.py {name}"


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_small_and_loads_nothing(name: str) -> None:
    path = ROOT / "assets" / f"{name}.svg"
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < MAX_BYTES
    assert text.count("http") == text.count('xmlns="http://www.w3.org/2000/svg"')
    assert "<script" not in text
    root = ElementTree.fromstring(text)
    assert root.get("aria-label")
    links = [value for node in root.iter() for key, value in node.items() if "href" in key]
    assert all(link.startswith("data:image/jpeg;base64,") for link in links)


def test_the_numbers_drawn_are_those_of_the_table() -> None:
    """GRE-7B's rows: Im2GPS3k table 2a, GWS15k table 2b, GREval-Bench table 3 with CoT quality."""
    found = {
        row.benchmark: row
        for row in read_published()
        if row.method == "GRE-7B" and row.table in {"2a", "2b", "3"}
    }
    main, bench = texts("results"), texts("bench_results")
    printed = [*found["im2gps3k"].accuracy.values(), *found["gws15k"].accuracy.values()]
    assert set(printed) <= set(main)
    assert {"6.14", "26.15", "44.67", "66.56", "83.16", "59.54"} <= set(bench)
    assert any("not measured by us" in line for line in main)
    assert any("not measured by us" in line for line in bench)


def test_the_published_scenes_add_up() -> None:
    """GRE paper: 2,400 outdoor and 600 indoor photos, 3,000 in all."""
    told = texts("indicators")
    assert "outdoor 2,400" in told
    assert "indoor 600" in told


@pytest.mark.slow
def test_an_unknown_figure_is_refused_in_one_line() -> None:
    command = [sys.executable, str(ROOT / "scripts/figures/draw.py"), "portrait"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("no figure 'portrait'; choose from logo, dataset")
    assert done.stderr.count("\n") == 1
