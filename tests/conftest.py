"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real photos and tables that are not part of the project; skip where absent."""
    folder = os.environ.get("GRE_REAL_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GRE_REAL_DATA names no folder: real photos and tables are not here")
    return Path(folder)
