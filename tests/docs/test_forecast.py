"""The README's forecast is what its script prints, and its steps are those of the paper's sets."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_the_readme_is_up_to_date() -> None:
    """Steps by hand: 20,000 / 128 = 156.25, so 157; 10,000 / (128 / 8) = 625."""
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
