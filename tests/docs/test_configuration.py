"""docs/configuration.md says what the dataclasses and the configs say."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """scripts/docs/configuration.py as a module."""
    path = ROOT / "scripts" / "docs" / "configuration.py"
    spec = importlib.util.spec_from_file_location("docs_configuration", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(generator: ModuleType) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == generator.render(), "run: python scripts/docs/configuration.py"


def test_every_class_of_options_that_a_stage_reads_has_a_table(generator: ModuleType) -> None:
    """The loader's own classes, and those that a stage hands to it as `more`."""
    train = ROOT / "gre" / "train"
    source = "".join(path.read_text(encoding="utf-8") for path in train.glob("*.py"))
    further = re.findall(r"\bmore=\(([^)]*)\)", source)
    names = {name for group in further for name in re.findall(r"\w+Options", group)}
    assert {"ReasoningOptions", "ScaleOptions"} <= names
    named = {group.cls.__name__ for group in generator.list_groups()}
    assert named == {"ModelOptions", "DataOptions", "BatchOptions", *names}


def test_types_are_told_in_words(generator: ModuleType) -> None:
    words = [generator._type_words(hint) for hint in (str | None, list[float], bool, int)]
    assert words == ["text", "list of numbers", "true or false", "whole number"]


def test_a_remark_of_a_config_stands_beside_its_value(generator: ModuleType) -> None:
    page = generator.render()
    row = next(line for line in page.splitlines() if line.startswith("| `beta` | – | `0.04`"))
    assert "upstream scripts" in row
    assert "| `learning_rate` | `1e-5` | `1e-6` | `1e-6` |" in page
