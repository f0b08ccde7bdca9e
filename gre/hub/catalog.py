"""The published models, data and benchmark by name, and where each belongs in a clone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from gre.errors import InputError
from gre.models.names import HUB_ID

KINDS = ("model", "dataset")


@dataclass(frozen=True)
class Item:
    """Something to fetch.

    Attributes:
        name: What `gre pull` calls it.
        repo_id: Owner and name on the hub.
        kind: One of `KINDS`.
        folder: Where the scripts expect it, relative to the clone.
        places: Files that belong elsewhere than in the repository, by file name: the layout of
            `training.md` whatever folder they were uploaded to.
    """

    name: str
    repo_id: str
    kind: str
    folder: Path
    places: Mapping[str, str] = field(default_factory=dict)

    def local_name(self, remote: str) -> str:
        """Where a file of the repository goes, relative to the folder, with slashes."""
        return self.places.get(PurePosixPath(remote).name, remote)


_SET_FILES = {
    f"gre_{stage}{suffix}": f"gre_{stage}/gre_{stage}{suffix}"
    for stage in ("cot", "judge", "seed")
    for suffix in (".json", ".jsonl")
}
_BENCH_FILES = {f"GREval-Bench{suffix}": f"GREval-Bench{suffix}" for suffix in (".json", ".jsonl")}

ITEMS: dict[str, Item] = {
    item.name: item
    for item in (
        Item("GRE-7B", "Anonymous0515/GRE", "model", Path("models/GRE")),
        Item("GRE-7B-CI", "Anonymous0515/GRE-CI", "model", Path("models/GRE-CI")),
        Item("GRE-7B-RL-I", "Anonymous0515/GRE-RL-I", "model", Path("models/GRE-RL-I")),
        Item(
            "Qwen2.5-VL-7B-Instruct",
            "Qwen/Qwen2.5-VL-7B-Instruct",
            "model",
            Path("models/Qwen2.5-VL-7B-Instruct"),
        ),
        Item("GRE30K", "Anonymous0515/GRE30K", "dataset", Path("dataset"), _SET_FILES),
        Item(
            "GREval-Bench",
            "Anonymous0515/GREval-Bench",
            "dataset",
            Path("benchmark/bench_data"),
            _BENCH_FILES,
        ),
    )
}
"""Everything that the GRE README links to. Source: upstream README; folders: `training.md`."""


def find_item(name: str, *, kind: str | None = None, to: Path | None = None) -> Item:
    """The item that a name means: one of `ITEMS` in any case, or any repository by owner/name.

    Args:
        name: Of the item.
        kind: One of `KINDS`; needed where a repository that is not in `ITEMS` is no model.
        to: Another folder than the usual one.

    Raises:
        InputError: There is no such item, or the kind is none.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(f"--type: got {kind!r}, must be one of {', '.join(KINDS)}; correct it")
    by_name = {key.lower(): item for key, item in ITEMS.items()}
    by_name |= {item.repo_id.lower(): item for item in ITEMS.values()}
    known = by_name.get(name.lower())
    if known is not None:
        if kind is not None and kind != known.kind:
            raise InputError(f"--type: got {kind!r}, but {name} is a {known.kind}; leave it out")
        return Item(known.name, known.repo_id, known.kind, to or known.folder, known.places)
    if not HUB_ID.fullmatch(name) or ".." in name or "--" in name:
        raise InputError(
            f"{name}: no such name, must be one of {', '.join(ITEMS)}, or owner/name of a"
            " repository on the hub"
        )
    kind = kind or "model"
    usual = Path("models" if kind == "model" else "dataset") / name.partition("/")[2]
    return Item(name, name, kind, to or usual)
