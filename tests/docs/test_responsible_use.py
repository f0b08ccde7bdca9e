"""The page lists every place that reads a photo's own position and every one that sends anything.

A module that appears here anew must be in the page first, then in the list below.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/responsible_use.md").read_text(encoding="utf-8")

POSITION_READERS = {
    "gre/models/located.py": "`gre predict` and the Python API",
    "gre/evaluation/benchmarks/loading.py": "`gre evaluate --benchmark folder`",
    "gre/curation/selection.py": "`gre curate seed`",
    "gre/demo/locate.py": "by the app where its box is ticked",
}
SENDERS = {
    "gre/evaluation/predictors/server.py": "`gre evaluate --model openai:...`",
    "gre/evaluation/cot/chat_judge.py": "`gre judge --judge openai:...`",
    "gre/commands/curating.py": "`gre curate rationales`, `gre curate bench` with `--teacher",
    "gre/hub/push.py": "`gre push`",
    "gre/train/export.py": "`push_to_hub: true`",
    "gre/curation/card.py": "`--push-to-hub` of `gre curate`",
}


def modules_with(pattern: str) -> set[str]:
    files = sorted(ROOT.glob("gre/**/*.py"))
    found = [file for file in files if re.search(pattern, file.read_text(encoding="utf-8"))]
    return {file.relative_to(ROOT).as_posix() for file in found}


def test_who_reads_the_position_of_a_photo_is_on_the_page() -> None:
    readers = modules_with(r"import .*\b(read_exif_latlon|photo_truth)\b") - {"gre/data/photos.py"}
    assert readers == set(POSITION_READERS)
    assert [words for words in POSITION_READERS.values() if words not in TEXT] == []


def test_who_sends_to_a_server_or_the_hub_is_on_the_page() -> None:
    senders = modules_with(r"\bChatClient\(|\.(create_commit|upload_folder|push_to_hub)\(")
    senders -= {"gre/models/chat_api.py"}  # the client itself
    assert senders == set(SENDERS)
    assert [words for words in SENDERS.values() if words not in TEXT] == []


@pytest.mark.parametrize("key", ["report_to: wandb", "use_vllm: true", "gre pull", "trackio"])
def test_what_libraries_send_is_on_the_page(key: str) -> None:
    assert f"`{key}" in TEXT


def test_security_points_to_the_list() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "docs/responsible_use.md#what-sends-something" in text
    assert "\n## What sends something\n" in TEXT
