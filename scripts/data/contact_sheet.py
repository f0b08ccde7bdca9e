#!/usr/bin/env python3
"""Draw the contact sheet of the sample world that the README shows.

Example: python scripts/data/contact_sheet.py assets/sample_world.jpg --columns 6 --rows 4
"""

import argparse
import sys
from pathlib import Path

from gre.errors import GreError
from gre.sample.contact_sheet import write_contact_sheet


def main() -> int:
    """Parse the command line, draw, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="JPEG to write")
    parser.add_argument("--seed", type=int, default=42, help="which scenes (default 42)")
    parser.add_argument("--columns", type=int, default=6, help="tiles across (default 6)")
    parser.add_argument("--rows", type=int, default=4, help="tiles down (default 4)")
    options = parser.parse_args()
    try:
        write_contact_sheet(
            options.path, seed=options.seed, columns=options.columns, rows=options.rows
        )
    except GreError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
