#!/usr/bin/env python3
r"""Locate a folder of photos with GeoCLIP and write a file of predictions.

GeoCLIP's pins fight those of this project, so this script imports nothing of it and runs in an
environment of its own:

    python -m venv work/geoclip && work/geoclip/bin/pip install geoclip
    work/geoclip/bin/python scripts/eval/geoclip_predictions.py \
        eval/eval_data/im2gps3k/test/img --out work/geoclip_im2gps3k.csv

The file goes into the evaluation like any model:

    gre evaluate --benchmark im2gps3k --data eval/eval_data/im2gps3k \
        --model file:work/geoclip_im2gps3k.csv --out runs/geoclip

An interrupted run goes on where it stopped. A photo that cannot be read has status "error" in its
row, and the exit code is then 3.
"""

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HEADER = ("id", "pred_lat", "pred_lon", "probability", "status")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
EXIT_BAD_INPUT, EXIT_FAILED_PHOTOS = 2, 3


class BadInputError(Exception):
    """One line for the user."""


def find_photos(folder: Path) -> dict[str, Path]:
    """Photos by id: their file name, or their path in the folder where names repeat."""
    if not folder.is_dir():
        raise BadInputError(f"{folder}: no such folder, must hold photos; check the path")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not paths:
        raise BadInputError(f"{folder}: holds no photo ({', '.join(sorted(SUFFIXES))}); check it")
    repeated = max(Counter(path.name for path in paths).values()) > 1
    return {p.relative_to(folder).as_posix() if repeated else p.name: p for p in paths}


def read_done(out: Path) -> list[dict[str, str]]:
    """Whole rows that an earlier run wrote; a last line cut by an interruption is left out."""
    if not out.exists():
        return []
    text = out.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    reader = csv.DictReader(whole.splitlines())
    if whole and tuple(reader.fieldnames or ()) != HEADER:
        raise BadInputError(f"{out}: is no file of this script; name another --out")
    return [row for row in reader if row["status"] == "ok"]


def load_model(device: str | None) -> Any:  # Any: the package is not typed
    """Load GeoCLIP and put it on its device."""
    try:
        import torch  # noqa: PLC0415 - --help and --dry-run work without
        from geoclip import GeoCLIP  # noqa: PLC0415
    except ImportError as error:
        raise BadInputError(
            f"geoclip cannot be imported ({error}); install it in an environment of its own:"
            " python -m venv work/geoclip && work/geoclip/bin/pip install geoclip"
        ) from None
    return GeoCLIP().to(device or ("cuda" if torch.cuda.is_available() else "cpu")).eval()


def locate(model: Any, photo: Path) -> tuple[float, float, float]:  # Any: as above
    """The first of GeoCLIP's ranked points, and its probability."""
    points, probabilities = model.predict(str(photo), top_k=1)
    return float(points[0][0]), float(points[0][1]), float(probabilities[0])


def write_predictions(
    model: Any,  # Any: as above
    photos: Iterable[tuple[str, Path]],
    done: list[dict[str, str]],
    out: Path,
) -> int:
    """Write all rows, those of an earlier run first, and count the photos that failed."""
    num_failed = 0
    known = {row["id"] for row in done}
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="") as sink:
        earlier = csv.DictWriter(sink, HEADER, lineterminator="\n")
        earlier.writeheader()
        earlier.writerows(done)
    partial.replace(out)
    with out.open("a", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        for name, photo in photos:
            if name in known:
                continue
            try:
                lat, lon, probability = locate(model, photo)
            except (OSError, ValueError, SyntaxError) as error:  # what Pillow says of bad files
                num_failed += 1
                print(f"{photo}: {' '.join(str(error).split())}", file=sys.stderr)
                writer.writerow([name, "", "", "", "error"])
            else:
                writer.writerow([name, f"{lat:.6f}", f"{lon:.6f}", f"{probability:.6g}", "ok"])
            sink.flush()
    return num_failed


def main() -> int:
    """Parse the command line, locate, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", type=Path, help="folder of photos, searched in depth")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write or go on with")
    parser.add_argument("--limit", type=int, help="first so many photos in order of name")
    parser.add_argument("--device", help="cuda, cpu ...; the first GPU if there is one")
    parser.add_argument("--dry-run", action="store_true", help="count the photos, then stop")
    options = parser.parse_args()
    try:
        if options.limit is not None and options.limit < 1:
            raise BadInputError(f"--limit: got {options.limit}, must be at least 1")
        photos = list(find_photos(options.images).items())[: options.limit]
        done = read_done(options.out)
        if options.dry_run:
            print(f"ok: {len(photos)} photos, {len(done)} of them located in {options.out}")
            return 0
        num_failed = write_predictions(load_model(options.device), photos, done, options.out)
    except (BadInputError, OSError) as error:
        print(f"geoclip_predictions: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_BAD_INPUT
    print(f"written: {options.out}, {len(photos)} photos, {num_failed} failed")
    return EXIT_FAILED_PHOTOS if num_failed else 0


if __name__ == "__main__":
    sys.exit(main())
