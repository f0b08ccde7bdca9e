"""What a repository of the hub holds: names, sizes and hashes; and whether a file is that file."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gre.errors import InputError
from gre.hub.connection import plain_errors

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CHUNK_BYTES = 1 << 20

UNSAFE = (
    *(".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".msgpack", ".h5", ".npy"),
    *(".py", ".so", ".exe", ".sh", ".ipynb"),
)
"""Pickles, other weights than safetensors, and code: never loaded here, so not fetched."""

_HASHES = {"sha256": re.compile(r"[0-9a-f]{64}"), "git": re.compile(r"[0-9a-f]{40}")}


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository.

    Attributes:
        path: Its name there, with slashes.
        size: Bytes.
        algorithm: "sha256" of the content (large files), or "git": SHA-1 of a Git blob.
        digest: In hexadecimal.
    """

    path: str
    size: int
    algorithm: str
    digest: str


@dataclass(frozen=True)
class Listing:
    """A repository at one commit.

    Attributes:
        commit: Its hash.
        files: What is fetched.
        left_out: Names of what is not, by `UNSAFE`.
    """

    commit: str
    files: tuple[RemoteFile, ...]
    left_out: tuple[str, ...]


def list_files(api: "HfApi", repo_id: str, kind: str, revision: str | None) -> Listing:
    """Ask the hub what a repository holds.

    Raises:
        InputError: There is none, or a name in it would lead out of the folder.
        GreError: The hub cannot be reached.
    """
    from huggingface_hub.hf_api import RepoFile

    with plain_errors(repo_id):
        commit = api.repo_info(repo_id, repo_type=kind, revision=revision).sha
        entries = api.list_repo_tree(repo_id, recursive=True, revision=commit, repo_type=kind)
        found = [entry for entry in entries if isinstance(entry, RepoFile)]
    files, left_out = [], []
    for entry in found:
        _check_name(repo_id, entry.path)
        if PurePosixPath(entry.path).suffix.lower() in UNSAFE:
            left_out.append(entry.path)
        elif entry.path != ".gitattributes":
            algorithm, digest = (
                ("sha256", entry.lfs.sha256) if entry.lfs else ("git", entry.blob_id)
            )
            if not _HASHES[algorithm].fullmatch(digest):
                raise InputError(
                    f"{repo_id}: the hub names no hash of {entry.path} that can be checked; it is"
                    " not fetched"
                )
            files.append(RemoteFile(entry.path, entry.size, algorithm, digest))
    return Listing(str(commit), tuple(files), tuple(sorted(left_out)))


def _check_name(repo_id: str, path: str) -> None:
    parts = path.split("/")
    bad = {"", ".", "..", ".git"}
    if bad & set(parts) or "\\" in path or any(ord(char) < 32 for char in path):
        raise InputError(
            f"{repo_id}: holds a file named {path!r}, which would lead out of its folder; nothing"
            " of it is fetched"
        )


def has_content(path: Path, file: RemoteFile) -> bool:
    """Whether a local file is byte for byte that of the repository, by size and hash."""
    return path.stat().st_size == file.size and hash_file(path, file) == file.digest


def hash_file(path: Path, file: RemoteFile) -> str:
    """The hash of a local file by the algorithm that the hub uses for `file`."""
    if file.algorithm == "sha256":
        state = hashlib.sha256()
    else:  # Git names a blob by SHA-1 over "blob SIZE" and the content; nothing secret hangs on it
        state = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            state.update(chunk)
    return state.hexdigest()


def size_text(num_bytes: int) -> str:
    """A size for a person, in decimal units."""
    size = float(num_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} TB"


def by_folder(files: Sequence[RemoteFile]) -> dict[str, tuple[int, int]]:
    """Number and bytes of the files of each folder, by its name ("" for the top one)."""
    counts: dict[str, tuple[int, int]] = {}
    for file in files:
        folder = file.path.rpartition("/")[0]
        number, size = counts.get(folder, (0, 0))
        counts[folder] = (number + 1, size + file.size)
    return counts
