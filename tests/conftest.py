"""Fixtures shared by all tests: real data where present, one small sample world, one tiny model."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SMALL_WORLD = {
    **{"cot": 40, "judge": 40, "seed": 8, "val": 6, "test": 10},
    **{"judge_test": 6, "judge_val": 6},
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a CUDA device where there is none."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real photos and tables that are not part of the project; skip where absent."""
    folder = os.environ.get("GRE_REAL_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GRE_REAL_DATA names no folder: real photos and tables are not here")
    return Path(folder)


@pytest.fixture(scope="session")
def sample_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample world of a few dozen pictures. Tests must not write to it."""
    from gre.sample.plan import WorldSizes
    from gre.sample.write import write_sample_world

    folder = tmp_path_factory.mktemp("world") / "world"
    write_sample_world(folder, seed=3, sizes=WorldSizes(**SMALL_WORLD), workers=1, progress=False)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Qwen2.5-VL with random weights. Tests must not write to it."""
    from gre.sample.texts import tokenizer_texts
    from gre.sample.tiny_model import write_tiny_model

    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny", texts=tokenizer_texts())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium as installed on the machine; Playwright only drives it. Any: its browser.

    One for each file and not for all: while it is open, no other event loop can run.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=found, args=args)
        yield chromium
        chromium.close()
