"""Messages and keys that docs/troubleshooting.md names exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")

QUOTED = (
    "out of GPU memory at",
    "its row has",
    "was begun by",
    "was begun on other records",
    "must be finite; its batch is kept in",
    "no group had differing rewards",
    "the policy has collapsed",
    "no model*.safetensors was written",
    "is not a multiple of",
    "holds a finished run",
    "told to stop; give the same command to go on",
    "the disk is full; checkpoints before it are whole",
    "gre is not installed in",
    "attention flash_attention_2 needs",
)
"""Words of messages, as the page quotes them."""


@pytest.fixture(scope="module")
def source() -> str:
    """All code of the package and the scripts, with texts joined that stand in several literals."""
    files = [*ROOT.glob("gre/**/*.py"), *ROOT.glob("scripts/**/*.sh")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r'"\s*\n\s*f?"', "", text)


@pytest.mark.parametrize("message", QUOTED)
def test_each_quoted_message_is_one_that_a_user_can_see(message: str, source: str) -> None:
    assert message in PAGE
    assert message in source


def test_the_fifteen_complaints_have_a_row_each() -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row[1]) for row in rows] == list(range(1, 16))
    assert all(len(row) == 6 and all(cell.strip() for cell in row[1:5]) for row in rows)
