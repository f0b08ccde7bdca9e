"""Each line that docs/paper_index.md names holds the name beside it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "paper_index.md").read_text(encoding="utf-8")
STATUSES = ("stated", "ours", "inferred", "our reading", "GeoEstimation", "Hessel", "the first")


def rows() -> list[list[str]]:
    """The cells of the table."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def test_each_line_named_holds_its_name() -> None:
    references = re.findall(r"`([\w./-]+):(\d+)` `(\w+)`", PAGE)
    assert len(references) >= 50
    wrong = []
    for path, number, name in references:
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        here = lines[int(number) - 1] if int(number) <= len(lines) else ""
        if not re.search(rf"\b{name}\b", here):
            wrong.append(f"{path}:{number} is {here.strip()!r}, not {name}")
    assert wrong == [], "run: python scripts/docs/paper_index.py"


def test_each_row_says_where_it_stands_and_whose_it_is() -> None:
    for row in rows():
        assert len(row) == 4, row
        assert re.search(r":\d+`", row[2]), row
        assert row[3].startswith(STATUSES), row


def test_the_values_said_are_those_of_the_files() -> None:
    """Spot checks of the paper's values, read from the line that the page names."""
    expected = {
        ("configs/stage1_sft.yaml", "global_batch_size"): "128",
        ("configs/stage1_sft.yaml", "learning_rate"): "1.0e-5",
        ("configs/stage3_geodesic.yaml", "beta"): "0.04",
        ("configs/stage3_geodesic.yaml", "num_generations"): "8",
        ("configs/stage3_geodesic.yaml", "max_completion_length"): "2048",
        ("configs/stage3_geodesic.yaml", "max_records"): "10000",
    }
    named = {(path, name): int(line) for path, line, name in re.findall(_REFERENCE, PAGE)}
    for (path, name), value in expected.items():
        line = (ROOT / path).read_text(encoding="utf-8").splitlines()[named[path, name] - 1]
        assert line.split("#")[0].split(":")[1].strip() == value, line


_REFERENCE = r"`([\w./-]+):(\d+)` `(\w+)`"
