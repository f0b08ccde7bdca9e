"""A hook of MkDocs: the site has the repository's own tree, so a link works in both.

MkDocs reads one folder; our pages lie in four. This puts every page at its place in the
repository, and beside them the files that they link to (configurations, schemas, tables, pictures).

Example: mkdocs build --strict
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE_DOCS = (
    "README.md",
    "training.md",
    "eval/eval.md",
    "benchmark/README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", flags=re.MULTILINE | re.DOTALL)


def list_pages() -> list[str]:
    """Give every page of the site, as paths from the repository's root with `/`."""
    inside = sorted(page.relative_to(ROOT).as_posix() for page in ROOT.glob("docs/**/*.md"))
    return [name for name in OUTSIDE_DOCS if (ROOT / name).is_file()] + inside


def list_linked_files(page: str) -> list[str]:
    """Give the files of the repository that a page links to and that are no pages themselves."""
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    found = []
    for target in LINK.findall(text):
        path = (ROOT / page).parent / target.partition("#")[0]
        if "://" in target or path.suffix == ".md" or not path.is_file():
            continue
        found.append(path.resolve().relative_to(ROOT).as_posix())
    return found


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put pages that the navigation does not name at its end, so that none is unreachable."""
    nav = list(config.nav or [])
    named = set(re.findall(r"[\w./-]+\.md", str(nav)))
    further = [page for page in list_pages() if page not in named]
    config.nav = [*nav, {"Further": further}] if further else nav
    config.watch = [*config.watch, *(str(ROOT / page) for page in list_pages())]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replace what was found in docs/ by the repository's tree; the theme's files stay."""
    docs = Path(config.docs_dir).resolve()
    kept = [file for file in files if docs not in Path(file.abs_src_path or "/").resolve().parents]
    pages = list_pages()
    linked = {name for page in pages for name in list_linked_files(page)}
    added = [*pages, *sorted(linked), "docs/style.css"]
    return Files(
        [*kept, *(File.generated(config, name, abs_src_path=str(ROOT / name)) for name in added)]
    )
