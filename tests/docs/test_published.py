"""The paper's numbers in the README are those of its table, for the models that can be fetched."""

import csv
import re
from pathlib import Path

from gre.hub.catalog import ITEMS

ROOT = Path(__file__).resolve().parents[2]
ROWS = {"GRE-7B-CI": "GRE-7B-CI", "GRE-7B-RL-I": "GRE-7B CI+I", "GRE-7B": "GRE-7B CI+I+II"}
"""What `gre pull` calls a model, and what the paper's table 4 calls it: the names of its stages."""
COLUMNS = ("acc_1km", "acc_25km", "acc_200km", "acc_750km", "acc_2500km")


def published(method: str, table: str) -> list[float]:
    with (ROOT / "eval/published_results.csv").open(encoding="utf-8", newline="") as file:
        (row,) = [r for r in csv.DictReader(file) if (r["method"], r["table"]) == (method, table)]
    return [float(row[column]) for column in COLUMNS]


def test_checkpoints_stand_with_folder_address_and_published_accuracy() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[`(GRE-7B[\w-]*)`\]\((\S+)\) \| `(\S+)` \|(.*)\|$", text, re.MULTILINE)
    assert {name for name, *_ in rows} == set(ROWS)
    for name, address, folder, rest in rows:
        assert address == f"https://huggingface.co/{ITEMS[name].repo_id}"
        assert folder == str(ITEMS[name].folder)
        _, *shown = (cell.split("/") for cell in rest.split("|"))
        numbers = [[float(number) for number in cell] for cell in shown]
        assert numbers == [published(ROWS[name], "4a"), published(ROWS[name], "4b")], name
