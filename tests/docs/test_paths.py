"""Files that the pages name exist, and every page can be reached from another."""

import re
from pathlib import Path

import pytest

from tests.docs.commands import FENCE, list_pages

ROOT = Path(__file__).resolve().parents[2]
PAGES = list_pages()
OURS = re.compile(r"`((?:gre|scripts|configs|tests|docs|demo)/[\w./*-]+)`")


@pytest.mark.parametrize("page", PAGES)
def test_each_file_that_is_named_exists(page: str) -> None:
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    named = {name.rstrip(".").replace("stageN", "stage*") for name in OURS.findall(text)}
    missing = [name for name in sorted(named) if not any(ROOT.glob(name.rstrip("/")))]
    assert missing == []


def test_each_page_is_linked_from_another() -> None:
    linked: set[Path] = set()
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+\.md)", (ROOT / page).read_text(encoding="utf-8")):
            linked.add(((ROOT / page).parent / target).resolve())
    lonely = [page for page in PAGES if page != "README.md" and ROOT / page not in linked]
    assert lonely == []
