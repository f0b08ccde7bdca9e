"""The pages as a site: it builds with warnings as errors, loads nothing, and no link is broken."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.docs.commands import list_pages

ROOT = Path(__file__).resolve().parents[2]
LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Loads(HTMLParser):
    """Collects what a page would load by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address where a tag loads something."""
        values = dict(attrs)
        address = values.get(LOADING.get(tag, ""))
        if address and values.get("rel") != "canonical":
            self.found.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built in strict mode into a folder of its own."""
    folder = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(
        [*command, "--site-dir", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_there_and_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in list_pages():
        path = site / page.replace("README.md", "index.md").replace(".md", ".html")
        assert path.is_file(), page
        loads = Loads()
        loads.feed(path.read_text(encoding="utf-8"))
        assert loads.found, page
        outside = [address for address in loads.found if re.match(r"(https?:)?//", address)]
        assert outside == [], page
        missing = [a for a in loads.found if not (path.parent / a.partition("?")[0]).is_file()]
        assert missing == [], page


def test_style_sheets_load_nothing_from_elsewhere(site: Path) -> None:
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8", errors="replace")
        assert not re.findall(r"url\(\s*['\"]?(?:https?:)?//", text), sheet
        assert "@import" not in text, sheet


def test_a_linked_file_of_the_repository_is_copied(site: Path) -> None:
    """The README links to the published table and the citation file, which are no pages."""
    for name in ("eval/published_results.csv", "CITATION.cff", "assets/logo.svg"):
        assert (site / name).read_bytes() == (ROOT / name).read_bytes()
