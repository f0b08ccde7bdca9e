#!/usr/bin/env python3
"""Take the pictures of docs/screens: app, notebook and pages at phone and desktop width.

All are made here from what the quickstart left. Needs an installed Chromium and the extra dev.

Example: python scripts/docs/screens.py --work work                          # what the pages show
Example: python scripts/docs/screens.py --work work --whole --out /tmp/look  # all, to their ends
"""

import argparse
import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from notebook_page import write_notebook_page
from PIL import Image, ImageOps
from plain_page import write_markdown_page
from playwright.sync_api import sync_playwright

from gre.data.records import read_seed
from gre.errors import GreError, InputError
from gre.evaluation.benchmarks.loading import load_benchmark

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDTHS = {"phone": 390, "desktop": 1280}
HEIGHTS = {"phone": 844, "desktop": 900}
MAX_BYTES = 250_000
ACCENTS = bytes.fromhex("0c7a760c6b6914b8a62a9a8ac23b43b4531a1d232bffffff")
"""Colours of small marks, which a palette made from counts alone would lose."""
COLOURS = (248, 120, 56)
WAIT_MS = 600_000
"""A loaded machine is slow, not wrong."""
MODELS = ("base", "ci", "ci_i", "ci_ii", "ci_i_ii")
NUM_PHOTOS = 12
"""Photos on the map page, and training photos planted in the folder that leakage is searched in."""


class Shot(NamedTuple):
    """One page of the list.

    Attributes:
        make: Gives the address of the page, and ends what serves it.
        act: What a reader does there before the picture is taken.
        shown: Widths at which docs/screens keeps it, with the height in pixels.
    """

    make: Callable[[Path, Path], contextlib.AbstractContextManager[str]]
    act: Callable[[Any], None] = lambda page: None
    shown: dict[str, int] = {}  # noqa: RUF012 - never written


def main() -> int:
    """Parse the command line, take the pictures, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=ROOT / "work", help="what quickstart.sh made")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs/screens", help="folder of the PNGs"
    )
    parser.add_argument("--only", nargs="+", choices=SHOTS, help="these pages alone")
    parser.add_argument("--whole", action="store_true", help="every page, to its end")
    parser.add_argument("--dark", action="store_true", help="in dark colours")
    options = parser.parse_args()
    scheme = "dark" if options.dark else "light"
    try:
        names = options.only or [n for n, shot in SHOTS.items() if options.whole or shot.shown]
        for path in take_all(names, options.work, options.out, whole=options.whole, scheme=scheme):
            print(f"written: {path}, {path.stat().st_size / 1000:.0f} kB", flush=True)
    except GreError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def take_all(
    names: list[str], work: Path, out: Path, *, whole: bool, scheme: str
) -> Iterator[Path]:
    """Write the pictures of some pages; yields each file.

    Raises:
        InputError: No browser is installed, the quickstart's files are not there, or a picture
            is too large.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise InputError(f"browser: none of {', '.join(BROWSERS)} is on the PATH; install one")
    if not (work / "report.html").is_file():
        raise InputError(f"--work {work}: has no report.html; run bash scripts/quickstart.sh first")
    out.mkdir(parents=True, exist_ok=True)
    for make, group in groupby(names, key=lambda name: SHOTS[name].make):
        with tempfile.TemporaryDirectory() as folder, make(work.resolve(), Path(folder)) as address:
            for name in group:
                shot = SHOTS[name]
                heights = HEIGHTS if whole or not shot.shown else shot.shown
                for width, height in heights.items():
                    size = (WIDTHS[width], height)
                    picture = photograph(
                        browser, address, shot.act, size, whole=whole, scheme=scheme
                    )
                    path = out / f"{name}_{width}.png"
                    path.write_bytes(picture if whole else encode(picture))
                    yield path


def photograph(
    browser: str, address: str, act: Callable[[Any], None], size: tuple[int, int],
    *, whole: bool, scheme: str,
) -> bytes:  # fmt: skip
    """A PNG of a page after what a reader does there."""
    with sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=browser, args=ARGS)
        tab = chromium.new_page(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        tab.set_default_timeout(WAIT_MS)
        tab.goto(address)
        act(tab)
        tab.evaluate("for (const image of document.images) image.loading = 'eager'")
        tab.wait_for_timeout(800)
        picture = tab.screenshot(full_page=whole)
        chromium.close()
    return picture


def encode(data: bytes) -> bytes:
    """A PNG of at most MAX_BYTES, as taken or with as many colours as fit.

    Raises:
        InputError: It does not fit.
    """
    if len(data) <= MAX_BYTES:
        return data
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    for colours in COLOURS:
        palette = Image.new("P", (1, 1))
        counted = picture.quantize(colours).getpalette() or []
        palette.putpalette(counted[: 3 * colours] + list(ACCENTS))
        buffer = io.BytesIO()
        reduced = picture.quantize(palette=palette, dither=Image.Dither.NONE)
        reduced.save(buffer, "PNG", optimize=True)
        if buffer.tell() <= MAX_BYTES:
            return buffer.getvalue()
    raise InputError(f"picture: has {buffer.tell():,} bytes, must be at most {MAX_BYTES:,}; cut it")


@contextlib.contextmanager
def report(work: Path, folder: Path) -> Iterator[str]:
    """The quickstart's report."""
    page = folder / "report.html"
    runs = [work / "eval" / name for name in MODELS if (work / "eval" / name).is_dir()]
    gre("report", *runs, "--out", page, "--title", "GRE quickstart")
    yield page.as_uri()


@contextlib.contextmanager
def rollouts(work: Path, folder: Path) -> Iterator[str]:
    """What reinforcement tried."""
    page = folder / "rollouts.html"
    gre("rollouts", work / "stage3", "--out", page)
    yield page.as_uri()


@contextlib.contextmanager
def predict_map(work: Path, folder: Path) -> Iterator[str]:
    """The map page of `gre predict`."""
    photos = folder / "photos"
    photos.mkdir()
    rows = ["file,lat,lon"]
    for sample in load_benchmark("greval_bench", work / "world/bench/test").samples[:NUM_PHOTOS]:
        shutil.copy(sample.image_path, photos)
        rows.append(f"{sample.image_path.name},{sample.truth.lat},{sample.truth.lon}")
    (photos / "places.csv").write_text("\n".join(rows), encoding="utf-8")
    page = folder / "map.html"
    gre("predict", photos, "--model", work / "stage3", "--map", page)
    yield page.as_uri()


@contextlib.contextmanager
def check(work: Path, folder: Path) -> Iterator[str]:
    """The page of `gre check`."""
    page = folder / "check.html"
    data = work / "world/dataset/gre_cot/gre_cot.json"
    heldout = work / "world/bench/val/greval_bench.json"
    gre(
        *("check", "--config", "configs/tiny/stage1_sft.yaml", "--out", page),
        *("--model_name_or_path", work / "tiny", "--data_path", data, "--heldout_path", heldout),
        fails=True,
    )
    yield page.as_uri()


@contextlib.contextmanager
def leakage(work: Path, folder: Path) -> Iterator[str]:
    """The pairs of `gre curate leakage`, with copies planted: smaller, cut, mirrored."""
    seeds = work / "world/dataset/gre_seed/gre_seed.jsonl"
    planted = folder / "planted"
    planted.mkdir()
    rows = ["file,lat,lon"]
    for number, seed in enumerate(read_seed(seeds)[:NUM_PHOTOS]):
        picture = Image.open(seed.image_path).convert("RGB")
        wide, high = picture.size
        kind = number % 3
        if kind == 0:
            picture = picture.resize((wide // 2, high // 2))
        elif kind == 1:
            picture = picture.crop((wide // 20, high // 20, wide - wide // 20, high - high // 20))
        else:
            picture = ImageOps.mirror(picture)
        picture.save(planted / f"{number}.jpg", quality=60)
        rows.append(f"{number}.jpg,{seed.truth.lat},{seed.truth.lon}")
    (planted / "places.csv").write_text("\n".join(rows), encoding="utf-8")
    out = folder / "leakage"
    gre("curate", "leakage", "--train", seeds, "--benchmark", f"folder={planted}", "--out", out)
    yield (out / "leakage.html").as_uri()


@contextlib.contextmanager
def card(work: Path, folder: Path) -> Iterator[str]:
    """The dataset card of seeds that `gre curate seed` made, as a hub would set it."""
    photos, built = folder / "photos", folder / "seeds"
    script = ROOT / "scripts/data/write_gps.py"
    run(sys.executable, script, work / "world/dataset/gre_cot/gre_cot.json", photos)
    gre("curate", "seed", photos, "--out", built, "--limit", "400")
    yield write_markdown_page(built / "README.md").as_uri()


@contextlib.contextmanager
def review(work: Path, folder: Path) -> Iterator[str]:
    """The review page of `gre curate review`."""
    records = work / "world/dataset/gre_cot/gre_cot.json"
    command = ["-m", "gre", "curate", "review", records, "--reviewer", "ann", "--port", "0"]
    with serving(*command, "--reviews", folder / "reviews", folder=folder) as address:
        yield address


@contextlib.contextmanager
def notebook(work: Path, folder: Path) -> Iterator[str]:
    """The notebook, run with the quickstart's model."""
    place = {"GRE_DEMO_MODEL": work / "stage3", "GRE_DEMO_EXAMPLES": work / "world"}
    values = {name: str(path.resolve()) for name, path in place.items()}
    yield write_notebook_page(ROOT / "demo/infer.ipynb", folder / "infer.html", values).as_uri()


@contextlib.contextmanager
def app(work: Path, folder: Path) -> Iterator[str]:
    """The app with the quickstart's models."""
    words = ["--model", work / "stage3", "--model", work / "stage1", "--examples", work / "world"]
    with serving(ROOT / "demo/app.py", *words, folder=folder) as address:
        yield address


@contextlib.contextmanager
def serving(*command: object, folder: Path) -> Iterator[str]:
    """Run a program until the picture is taken; gives the address that it prints."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "TMPDIR": str(folder)}
    words = [sys.executable, *map(str, command)]
    with subprocess.Popen(
        words,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            told = []
            for line in process.stdout or ():
                told.append(line)
                found = re.search(r"http://127\.0\.0\.1:\d+/?", line)
                if found:
                    yield found.group()
                    break
            else:
                raise InputError(f"{' '.join(words)}: has not started; it said: {''.join(told)}")
        finally:
            process.terminate()


def gre(*words: object, fails: bool = False) -> None:
    """Run a `gre` command.

    Raises:
        InputError: It fails, and was not expected to.
    """
    run(sys.executable, "-m", "gre", *words, fails=fails)


def run(*words: object, fails: bool = False) -> None:
    """Run a program.

    Raises:
        InputError: It fails, and was not expected to.
    """
    command = list(map(str, words))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3) and not fails:
        raise InputError(f"{' '.join(command)}: exit code {done.returncode}; {done.stderr.strip()}")


def wait_for_app(page: Any) -> None:
    """Until the app has drawn its map."""
    page.locator("#world svg").wait_for()


def locate_example(page: Any) -> None:
    """Take an example, on a desktop with four answers, and wait for the result."""
    is_wide = page.viewport_size["width"] == WIDTHS["desktop"]
    wait_for_app(page)
    page.get_by_label("4" if is_wide else "1", exact=True).check()
    page.locator("[data-example]").nth(EXAMPLE).click()
    page.locator("#done .located").wait_for()
    page.wait_for_timeout(1000)
    if not is_wide:
        page.locator("#world").evaluate("node => node.scrollIntoView({ behavior: 'instant' })")


def play(page: Any) -> None:
    """A round of the game."""
    wait_for_app(page)
    page.get_by_role("tab", name="Guess it yourself").click()
    page.click("#new")
    page.locator("#photo img").wait_for()
    page.locator("#guess input, #guess textarea").fill("48.86, 2.35")
    page.click("#compare")
    page.locator("#rounds table").wait_for()


def scroll_to_photo(page: Any) -> None:
    """The part of the notebook about one photo."""
    page.get_by_role("heading", name="One photo").evaluate("node => node.scrollIntoView()")


def wait_for_review(page: Any) -> None:
    """Until photo, chain and map are there."""
    page.locator("#steps li").first.wait_for()
    drawn = "[...document.images].every((image) => image.naturalWidth > 0)"
    for _ in range(WAIT_MS // 100):
        if page.evaluate(drawn):
            break
        page.wait_for_timeout(100)


def break_photo(page: Any) -> None:
    """A file that is no picture."""
    wait_for_app(page)
    page.set_input_files(
        "#upload input[type=file]",
        {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": b"no"},
    )
    page.locator("#upload", has_text="broken").wait_for()
    page.click("#go")
    page.locator("#done .problem").wait_for()


EXAMPLE = 0
SHOTS = {
    "app_empty": Shot(app, wait_for_app),
    "app_result": Shot(app, locate_example, {"desktop": 1300, "phone": 844}),
    "app_game": Shot(app, play),
    "app_problem": Shot(app, break_photo),
    "notebook": Shot(notebook, scroll_to_photo, {"desktop": 1000}),
    "report": Shot(report, shown={"desktop": 1000, "phone": 844}),
    "rollouts": Shot(rollouts, shown={"desktop": 900, "phone": 844}),
    "map": Shot(predict_map, shown={"desktop": 900}),
    "check": Shot(check),
    "review": Shot(review, wait_for_review, {"desktop": 900, "phone": 844}),
    "leakage": Shot(leakage),
    "card": Shot(card),
}
"""Every page that the suite makes, and which of them the pages of docs/ show."""


if __name__ == "__main__":
    sys.exit(main())
