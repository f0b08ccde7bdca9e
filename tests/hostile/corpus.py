"""Hostile inputs, made anew in a folder: files, what reads them, and why they are wrong.

`python tests/hostile/corpus.py DIR` writes them with an index, for a look or for other tools.
A cause is one way of being wrong; the same wrong in four record formats is one cause.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hostile_pictures
import hostile_records
import hostile_tables


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes:
        cause: What is wrong, or what an attacker hopes for.
        reader: cot, judge, seed, bench, image, score or parse.
        path: The file.
        is_accepted: It is strange and harmless: read as data, unchanged.
    """

    cause: str
    reader: str
    path: Path
    is_accepted: bool


def write_corpus(folder: Path) -> Iterator[Case]:
    """Write every input below a folder, each in a folder of its own."""
    makers = (
        hostile_records.write_records,
        hostile_pictures.write_pictures,
        hostile_tables.write_tables,
    )
    number = 0
    for maker in makers:
        for cause, reader, make, is_accepted in maker():
            home = folder / f"{number:03d}"
            home.mkdir(parents=True)
            number += 1
            yield Case(cause, reader, make(home), is_accepted)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    cases = list(write_corpus(target))
    lines = [json.dumps({**vars(case), "path": str(case.path)}) + "\n" for case in cases]
    (target / "index.jsonl").write_text("".join(lines))
    causes = {case.cause for case in cases}
    sys.stdout.write(f"{len(cases)} inputs of {len(causes)} causes in {target}\n")
