"""The house's floors: an import points down only, and the ground floor needs no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "gre"
FLOORS = (
    ("errors",),
    ("__init__", "environment"),
    ("geo",),
    ("answers", "intervals"),
    ("prompts", "metrics"),
    ("rewards",),
    ("data",),
    ("models",),
    ("sample",),
    ("train",),
    ("evaluation",),
    ("locating",),
    ("curation",),
    ("preflight",),
    ("demo",),
    ("hub", "adapters"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
"""Rooms from the ground up; `docs/architecture.md` draws the same house."""

WINGS = {
    "evaluation": (
        ("indicators", "radii", "tables", "asking", "parsing"),
        ("benchmarks", "score"),
        ("predictors", "pages"),
        ("runs",),
        ("comparing", "cot"),
        ("report",),
        ("rollouts",),
    ),
}
"""Rooms within a large room, from the ground up."""

# `gre env` and run files describe the attention that a model would get: one lazy import upwards.
ALLOWED = {("environment", "models"), ("__init__", "models"), ("__init__", "geo")}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "gre":
                names = [f"gre.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        modules |= {name for name in names if name.startswith("gre.")}
    return modules


def imported_rooms(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported_modules(path)}


def floor_of(name: str) -> int:
    return next(i for i, floor in enumerate(FLOORS) if name in floor)


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_imports_point_down(path: Path) -> None:
    here = room(path)
    for other in imported_rooms(path):
        if other != here and (here, other) not in ALLOWED:
            assert floor_of(other) < floor_of(here), f"gre.{here} must not import gre.{other}"


@pytest.mark.parametrize("wing", WINGS)
def test_imports_point_down_within_a_large_room(wing: str) -> None:
    floors = {name: floor for floor, names in enumerate(WINGS[wing]) for name in names}
    wrong = []
    for path in sorted((PACKAGE / wing).rglob("*.py")):
        here = path.relative_to(PACKAGE / wing).parts[0].removesuffix(".py")
        assert here in floors or here == "__init__", f"{here}: which floor of {wing}?"
        for module in imported_modules(path):
            there = module.removeprefix(f"gre.{wing}.").split(".")[0]
            if there != here and there in floors and floors[there] >= floors[here]:
                wrong.append(f"{path.relative_to(PACKAGE)} must not import {module}")
    assert wrong == []


@pytest.mark.parametrize(
    "modules",
    [
        "gre.geo, gre.answers, gre.rewards",
        "gre.geo.distance, gre.geo.places, gre.geo.spread, gre.metrics, gre.prompts",
        "gre.data.records, gre.data.images, gre.data.photos",
        "gre.models.options, gre.models.shapes, gre.train.config, gre.train.flat_yaml",
        "gre.cli",
        "gre.sample",
        "gre.preflight.memory, gre.preflight.duration, gre.preflight.photos, gre.preflight.weights",
        "gre.evaluation.report.page, gre.evaluation.score, gre.evaluation.benchmarks.loading",
        "gre.curation.seeds, gre.curation.rationales, gre.curation.split, gre.curation.search",
    ],
)
def test_no_torch_below(modules: str) -> None:
    code = (
        f"import {modules}, sys; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
