"""Fetch a repository into the layout of the scripts; what is there and whole is not asked again."""

import fcntl
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from gre.data.outputs import check_new_folder
from gre.errors import GreError, InputError
from gre.hub.catalog import Item
from gre.hub.fetch import fetch_file, partial_path
from gre.hub.remote import Listing, RemoteFile, has_content, list_files, size_text

if TYPE_CHECKING:
    from huggingface_hub import HfApi

logger = logging.getLogger(__name__)

RECORD = ".gre-pull.json"
"""What a folder was fetched from: commit, and size, time and hash of each file."""
LOCK = ".gre-pull.lock"
SPARE_BYTES = 1_000_000_000
"""Left free on the disk. Ours."""


@dataclass(frozen=True)
class Plan:
    """What a pull does.

    Attributes:
        item: What is fetched.
        listing: What the hub holds.
        present: Files that are here, checked.
        missing: Files to fetch.
        num_begun_bytes: Bytes of these that an interrupted pull left.
    """

    item: Item
    listing: Listing
    present: tuple[RemoteFile, ...]
    missing: tuple[RemoteFile, ...]
    num_begun_bytes: int

    @property
    def num_missing_bytes(self) -> int:
        """Bytes still to come."""
        return sum(file.size for file in self.missing) - self.num_begun_bytes

    def sentence(self) -> str:
        """What there is and what is to come, for a person."""
        total = sum(file.size for file in self.listing.files)
        line = (
            f"{self.item.repo_id} at {self.listing.commit[:12]}: {len(self.listing.files):,} files,"
            f" {size_text(total)}; {len(self.present):,} are in {self.item.folder}, "
        )
        if not self.missing:
            return line + "nothing to fetch"
        begun = f" ({size_text(self.num_begun_bytes)} begun)" if self.num_begun_bytes else ""
        return line + f"{size_text(self.num_missing_bytes)} to fetch{begun}"


def make_plan(api: "HfApi", item: Item, *, revision: str | None, verify: bool) -> Plan:
    """Compare what the hub holds with what is here; nothing is written.

    Args:
        api: The hub.
        item: What to fetch.
        revision: Branch, tag or commit; the newest if None.
        verify: Read every file that is here again, also those that this command wrote and that
            have not been touched since.

    Raises:
        InputError: There is no such repository, or a file would lie outside the folder.
        GreError: The hub cannot be reached.
    """
    if item.folder.exists() and not item.folder.is_dir():
        raise InputError(f"{item.folder}: is no folder; name another with --to")
    listing = list_files(api, item.repo_id, item.kind, revision)
    _refuse_collisions(item, listing)
    known = {} if verify else _read_record(item.folder).get("files", {})
    present, missing, begun = [], [], 0
    for file in listing.files:
        target = _target(item, file.path)
        if _is_present(target, file, known.get(item.local_name(file.path))):
            present.append(file)
        else:
            missing.append(file)
            partial = partial_path(target, file)
            begun += min(partial.stat().st_size, file.size) if partial.is_file() else 0
    return Plan(item, listing, tuple(present), tuple(missing), begun)


def carry_out(
    api: "HfApi", plan: Plan, *, workers: int, tell: Callable[[int], None], pause_s: float = 1.0
) -> None:
    """Fetch what is missing, several files at a time, and write down what is here.

    The first failure stops what has not begun; what has come stays, and is gone on with later.

    Raises:
        InputError: Not enough room on the disk.
        GreError: A file could not be fetched, or another pull is at work on the folder.
    """
    folder = plan.item.folder
    check_new_folder(folder, "--to")
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        free = shutil.disk_usage(folder).free
        if plan.missing and free < plan.num_missing_bytes + SPARE_BYTES:
            raise InputError(
                f"{folder}: {size_text(free)} free, {size_text(plan.num_missing_bytes)} and 1 GB"
                " to spare are needed; free some, or name a folder elsewhere with --to"
            )
        done = list(plan.present)
        try:
            for file in _fetch_all(api, plan, workers, tell, pause_s):
                done.append(file)
        finally:
            _write_record(plan, done)


def open_offline(item: Item) -> str:
    """Say what of an item is here where the hub cannot be asked.

    Raises:
        GreError: It was not fetched, or files of it are missing or changed.
    """
    record = _read_record(item.folder)
    files = record.get("files", {})
    if not files or record.get("repo_id") != item.repo_id:
        raise GreError(
            f"{item.name}: {item.folder} holds no finished pull of it, and the hub cannot be asked;"
            " run the same command with a network"
        )
    lacking = [name for name, facts in files.items() if not _is_untouched(item, name, facts)]
    if lacking or not record.get("is_whole"):
        shown = (
            f"{len(lacking)} files are missing or changed, first {lacking[0]}" if lacking else ""
        )
        raise GreError(
            f"{item.folder}: {shown or 'the last pull was interrupted'}, and the hub cannot be"
            " asked; run the same command with a network"
        )
    return (
        f"{item.repo_id} at {record['commit'][:12]}: all {len(files):,} files are in {item.folder}"
    )


def _fetch_all(
    api: "HfApi", plan: Plan, workers: int, tell: Callable[[int], None], pause_s: float
) -> Iterator[RemoteFile]:
    """Fetch the missing files; yields each as it is whole, and raises the first failure at last."""
    failures: list[GreError | OSError] = []
    is_stopped = Event()

    def count(num_bytes: int) -> None:
        if is_stopped.is_set():
            raise GreError("stopped; run the same command again")
        tell(num_bytes)

    def fetch(file: RemoteFile) -> RemoteFile | None:
        """Fetch one file, unless another one failed."""
        if failures:
            return None
        try:
            fetch_file(
                api,
                file,
                _target(plan.item, file.path),
                repo_id=plan.item.repo_id,
                kind=plan.item.kind,
                commit=plan.listing.commit,
                tell=count,
                pause_s=pause_s,
            )
        except (GreError, OSError) as error:
            failures.append(error)
            return None
        return file

    tell(plan.num_begun_bytes)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            yield from filter(None, pool.map(fetch, plan.missing))
        finally:  # Ctrl-C waits for no file: what has come of each stays
            is_stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
    if failures:
        error = failures[0]
        if isinstance(error, GreError):
            raise error
        raise GreError(f"{plan.item.folder}: cannot be written ({error.strerror}); free some space")


def _target(item: Item, remote: str) -> Path:
    target = item.folder / item.local_name(remote)
    if not target.parent.resolve().is_relative_to(item.folder.resolve()):
        raise InputError(
            f"{target}: a link leads out of {item.folder}; remove it, or name another --to"
        )
    return target


def _refuse_collisions(item: Item, listing: Listing) -> None:
    taken: dict[str, str] = {}
    for file in listing.files:
        local = item.local_name(file.path)
        other = taken.setdefault(local, file.path)
        if other != file.path:
            raise InputError(
                f"{item.repo_id}: {other} and {file.path} both belong at {local}; fetch it with"
                " hf download and lay it out by hand (training.md)"
            )


def _is_present(target: Path, file: RemoteFile, known: Mapping[str, object] | None) -> bool:
    if not target.is_file():
        return False
    stat = target.stat()
    if stat.st_size != file.size:
        return False
    if known and known.get("digest") == file.digest and known.get("time_ns") == stat.st_mtime_ns:
        return True
    return has_content(target, file)


def _is_untouched(item: Item, name: str, facts: Mapping[str, object]) -> bool:
    path = item.folder / name
    if not path.is_file():
        return False
    stat = path.stat()
    return (stat.st_size, stat.st_mtime_ns) == (facts.get("size"), facts.get("time_ns"))


def _read_record(folder: Path) -> dict[str, Any]:  # Any: whatever JSON holds
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    is_one = isinstance(record, dict) and isinstance(record.get("files"), dict)
    return record if is_one else {}


def _write_record(plan: Plan, done: list[RemoteFile]) -> None:
    files = {}
    for file in sorted(done, key=lambda file: file.path):
        name = plan.item.local_name(file.path)
        stat = (plan.item.folder / name).stat()
        files[name] = {"size": stat.st_size, "time_ns": stat.st_mtime_ns, "digest": file.digest}
    record = {
        "repo_id": plan.item.repo_id,
        "commit": plan.listing.commit,
        "is_whole": len(done) == len(plan.listing.files),
        "files": files,
    }
    path = plan.item.folder / RECORD
    aside = path.with_name(RECORD + ".partial")
    aside.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    aside.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder, so that two pulls do not write the same file."""
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GreError(f"{folder}: another gre pull is at work on it; wait for it") from None
        yield
