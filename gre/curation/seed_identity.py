"""What makes two seed builds the same: their settings, and the files that they read."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from gre.curation.archives import iter_folder, list_stores
from gre.errors import InputError

if TYPE_CHECKING:
    from gre.curation.seeds import SeedSettings

SOURCE_FILES, IMAGE_FILES = "source_files", "image_files"


def identity_of(settings: "SeedSettings", out: Path) -> dict[str, object]:
    """The settings as JSON holds them, and hashes that change with the files that are read.

    They are published with the set: folders of this machine are in the hashes alone.

    Args:
        settings: Of the build.
        out: Its folder, which may lie in a folder of photos and is no part of it.

    Raises:
        InputError: A folder or shard of photos is not there.
    """
    named = {
        "sources": [path.resolve().name for path in settings.sources],
        "images": [path.resolve().name for path in settings.images],
    }
    facts = dict(json.loads(json.dumps(asdict(settings) | named)))
    facts[SOURCE_FILES] = _stamp(settings.sources, out)
    tables = [path.parent for path in settings.sources if not path.is_dir()]
    if tables:
        stores = list_stores(list(settings.images or dict.fromkeys(tables)))
        facts[IMAGE_FILES] = _stamp(stores, out)
    return facts


def other_build(out: Path, found: object, wanted: Mapping[str, object]) -> InputError:
    """What to say where a folder holds a build of other settings or files."""
    old: Mapping[str, object] = found if isinstance(found, dict) else {}
    key = next(key for key in wanted if old.get(key) != wanted[key])
    what = {SOURCE_FILES: "tables or photos", IMAGE_FILES: "photos of the tables"}.get(key)
    changed = f": {what} changed since" if what else ""
    return InputError(
        f"{out}: holds another build ({key} was {old.get(key)!r}, is {wanted[key]!r}){changed};"
        " delete it, or name another --out"
    )


def _stamp(paths: Iterable[Path], out: Path) -> str:
    """A hash of names, sizes and times of files, and of the photos in folders."""
    digest = hashlib.sha256()
    for path in (file for one in paths for file in _files(one, out)):
        try:
            stamp = path.stat()
            facts = f"{stamp.st_size}\0{stamp.st_mtime_ns}"
        except OSError:  # a link that leads nowhere
            facts = "none"
        digest.update(os.fsencode(path) + f"\0{facts}\n".encode())
    return digest.hexdigest()[:16]


def _files(path: Path, out: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for member in iter_folder(path, without=out):
        yield path / member.path
