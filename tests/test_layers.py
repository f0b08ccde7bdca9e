"""The house's floors: an import points down only, and the ground floor needs no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "gre"
FLOORS = (
    ("errors", "__init__", "environment"),
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

# `gre env` and run files describe the attention that a model would get: one lazy import upwards.
ALLOWED = {("environment", "models"), ("__init__", "models"), ("__init__", "geo")}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "gre":
                names = [f"gre.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("gre.")}
    return rooms


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
        "gre.evaluation.report, gre.evaluation.score, gre.evaluation.benchmarks",
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
