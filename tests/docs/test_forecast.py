"""The README's forecast is what its script prints, and its steps are those of the paper's sets."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_the_readme_is_up_to_date() -> None:
    """Steps by hand: 20,000 / 128 = 156.25, so 157; 10,000 / (128 / 8) = 625.

    Disk by hand, from the published 8,292,166,656 parameters, of which 7,615,616,512 of the
    language model and 45 million of the projector train: 16.58 GB at 2 bytes each, 91.93 GB at
    12 bytes for those, so 108.5 GB a checkpoint. Two are kept, one is the best, one is being
    written: 4 x 108.5 + 16.6 = 450.6 GB with the model, and 342.1 GB of it stay.
    """
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/docs/forecast.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert done.stdout in readme, "run: python scripts/docs/forecast.py, and put it in the README"
    rows = [line.split("|") for line in done.stdout.splitlines()[2:]]
    assert [row[2].strip() for row in rows] == ["157", "625", "625"]
    disk = [[float(row[column].removesuffix(" GB ")) for column in (5, 6)] for row in rows]
    assert disk == [pytest.approx([450.6, 342.1], abs=0.6)] * 3
    assert "500 GB" not in readme
