#!/usr/bin/env python3
"""Take the picture of a report that the README shows: headline, results, map, radar and samples.

Needs an installed Chromium and the package playwright (extra dev).

Example: python scripts/data/report_screenshot.py work/eval/{base,ci,ci_i,ci_ii,ci_i_ii}
"""

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from gre.errors import GreError, InputError
from gre.evaluation.report.page import write_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PAGE_WIDTH, COLUMN_WIDTH, GAP, MARGIN = 1120, 760, 16, 24
MAX_BYTES = 600_000
COLOURS = (240, 112, 48)
ACCENTS = bytes.fromhex(
    "08706c2a9a8a86ad4cd6a21fdd742bc23b437656ad0d7d79c4601f2f68b4a9376766741f1d232bffffff"
)
"""The page's colours of runs and errors, which a palette made from counts alone would lose."""
PAPER = "#faf9f6"
COLUMNS = (("header", "section[aria-labelledby=results]", "section[aria-labelledby=radar-title]"),
           ("section[aria-labelledby=where]", "section[aria-labelledby=samples]"))  # fmt: skip
"""What stands in the left column of the picture, and what in the right."""


def main() -> int:
    """Parse the command line, draw, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", help="run folders that gre evaluate wrote")
    parser.add_argument("--out", type=Path, default=Path("assets/report.png"), help="PNG to write")
    parser.add_argument("--height", type=int, default=1480, help="of the picture, pixels")
    options = parser.parse_args()
    try:
        size = take_picture(options.runs, options.out, height=options.height)
    except GreError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"written: {options.out}, {size / 1000:.0f} kB")
    return 0


def take_picture(runs: list[Path], out: Path, *, height: int) -> int:
    """Write the picture of the report of some runs; returns its size in bytes.

    Raises:
        InputError: No browser is installed, or a run cannot be read.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise InputError(f"browser: none of {', '.join(BROWSERS)} is on the PATH; install one")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        write_report(runs, page)
        columns = photograph(page, browser)
    data = encode(join(columns, height))
    out.write_bytes(data)
    return len(data)


def photograph(page: Path, browser: str) -> list[list[Image.Image]]:
    """Pictures of the parts of a page, by column of the result."""
    with sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=browser, args=ARGS)
        tab = chromium.new_page(viewport={"width": PAGE_WIDTH, "height": 900})
        tab.goto(page.as_uri())
        tab.evaluate("for (const image of document.images) image.loading = 'eager'")
        tab.wait_for_timeout(500)
        pictures = [[_shoot(tab, part) for part in column] for column in COLUMNS]
        chromium.close()
    return pictures


def _shoot(tab: Any, selector: str) -> Image.Image:  # Any: a page of playwright, which is optional
    picture = Image.open(io.BytesIO(tab.locator(selector).screenshot())).convert("RGB")
    if selector != "header":
        return picture
    # The header keeps a margin of its own, which the sections have from what holds them.
    return picture.crop((MARGIN, 0, picture.width - MARGIN, picture.height))


def join(columns: list[list[Image.Image]], height: int) -> Image.Image:
    """Set columns side by side on the page's paper, cut at one height."""
    canvas = Image.new("RGB", (2 * COLUMN_WIDTH + 3 * GAP, height), PAPER)
    for number, column in enumerate(columns):
        y = GAP
        for picture in column:
            scale = COLUMN_WIDTH / picture.width
            small = picture.resize((COLUMN_WIDTH, round(picture.height * scale)), Image.LANCZOS)
            canvas.paste(small, (GAP + number * (COLUMN_WIDTH + GAP), y))
            y += small.height + GAP
    return canvas


def encode(picture: Image.Image) -> bytes:
    """A PNG of at most MAX_BYTES, with as many colours as fit.

    Raises:
        InputError: It does not fit.
    """
    for colours in COLOURS:
        buffer = io.BytesIO()
        palette = Image.new("P", (1, 1))
        counted = picture.quantize(colours).getpalette() or []
        palette.putpalette(counted[: 3 * colours] + list(ACCENTS))
        reduced = picture.quantize(palette=palette, dither=Image.Dither.NONE)
        reduced.save(buffer, "PNG", optimize=True)
        if buffer.tell() <= MAX_BYTES:
            return buffer.getvalue()
    raise InputError(f"picture: has {buffer.tell():,} bytes, must be at most {MAX_BYTES:,}; cut it")


if __name__ == "__main__":
    sys.exit(main())
