#!/usr/bin/env python3
"""Put the line numbers of docs/paper_index.md right: each is where its name stands in its file.

Example: python scripts/docs/paper_index.py            # rewrite the page
Example: python scripts/docs/paper_index.py --check    # exit code 1 where a number is wrong
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "paper_index.md"
REFERENCE = re.compile(r"`([\w./-]+):(\d+)` `(\w+)`")


def find_line(path: str, name: str) -> int:
    """Give the line where a function, class, constant, field or key is first defined, from 1.

    Raises:
        LookupError: The file is not there, or defines no such name.
    """
    definition = re.compile(rf"""\s*(?:def |class )?["'(*]*{name}["']?\s*[(:=\[]""")
    if not (ROOT / path).is_file():
        raise LookupError(f"{PAGE.name} names {path}, which is not there")
    text = (ROOT / path).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        if definition.match(line):
            return number
    raise LookupError(f"{PAGE.name} names {name} in {path}, which does not define it")


def renumber(page: str) -> str:
    """Give the page with every line number put right."""
    return REFERENCE.sub(
        lambda found: f"`{found[1]}:{find_line(found[1], found[3])}` `{found[3]}`", page
    )


def main() -> int:
    """Parse the command line, rewrite or compare, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where wrong")
    options = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    try:
        right = renumber(page)
    except LookupError as error:
        print(error, file=sys.stderr)
        return 1
    if not options.check:
        PAGE.write_text(right, encoding="utf-8")
    elif right != page:
        print(f"{PAGE.name} is out of date; run: python scripts/docs/paper_index.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
