"""One file from the hub: gone on with where it stopped, checked by hash, then put in its place."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gre.errors import GreError
from gre.hub.connection import endpoint, plain_errors
from gre.hub.remote import RemoteFile, hash_file
from gre.models.lookup import network_errors

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MAX_FAILURES = 5
"""Interruptions in a row without a byte between them before the file is given up."""
BUSY_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""Answers of a server that may do better a moment later. Source: RFC 9110, section 15."""
PAUSE_S = 1.0
"""Before the second try; doubles from try to try."""


def fetch_file(
    api: "HfApi",
    file: RemoteFile,
    target: Path,
    *,
    repo_id: str,
    kind: str,
    commit: str,
    tell: Callable[[int], None],
    pause_s: float = PAUSE_S,
) -> None:
    """Fetch a file beside its place, check it, and rename it.

    What has come of it stays in a partial file that bears the hash, so that a later call goes on
    with exactly this content.

    Args:
        api: The hub.
        file: What to fetch.
        target: Where it goes.
        repo_id: Owner and name.
        kind: "model" or "dataset".
        commit: Of the repository.
        tell: Called with the number of bytes that came, and with a negative one where bytes of
            an earlier call had to be given up.
        pause_s: Seconds before the second try.

    Raises:
        GreError: The hub fails too often, or the content is not what the hub announced.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_path(target, file)
    url = _address(repo_id, kind, commit, file.path)
    failures = 0
    while _size(partial) < file.size or not partial.exists():
        before = _size(partial)
        try:
            _go_on(api, url, partial, file, tell)
            if _size(partial) < file.size:
                raise ConnectionError("the answer ended early")
        except network_errors():
            failures = failures + 1 if _size(partial) <= before else 1
            if failures >= MAX_FAILURES:
                with plain_errors(f"{repo_id}: {file.path}"):
                    raise
            time.sleep(pause_s * 2 ** (failures - 1))
    found = hash_file(partial, file)
    if found != file.digest:
        partial.unlink()
        tell(-file.size)
        raise GreError(
            f"{repo_id}: {file.path} came with the hash {found[:12]}..., the hub announced"
            f" {file.digest[:12]}...; it was thrown away: run the same command again"
        )
    partial.replace(target)


def partial_path(target: Path, file: RemoteFile) -> Path:
    """Where a file grows until it is whole."""
    return target.with_name(f".{target.name[:180]}.{file.digest[:16]}.partial")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _address(repo_id: str, kind: str, commit: str, path: str) -> str:
    from huggingface_hub import hf_hub_url

    return hf_hub_url(repo_id, path, repo_type=kind, revision=commit, endpoint=endpoint())


def _go_on(
    api: "HfApi", url: str, partial: Path, file: RemoteFile, tell: Callable[[int], None]
) -> None:
    """Ask for what is missing of a file and append it; another answer begins it anew."""
    from huggingface_hub.utils._headers import build_hf_headers
    from huggingface_hub.utils._http import get_session, hf_raise_for_status

    have = _size(partial)
    headers = build_hf_headers(token=api.token, library_name="gre-suite")
    # Compressed bytes could not be gone on with. Of a redirect the client drops the token itself.
    headers["Accept-Encoding"] = "identity"
    if have:
        headers["Range"] = f"bytes={have}-"
    with get_session().stream("GET", url, headers=headers, follow_redirects=True) as response:
        if response.status_code in BUSY_STATUSES:
            raise ConnectionError(f"HTTP {response.status_code}")
        with plain_errors(file.path):
            hf_raise_for_status(response)
        if have and not _continues(response.status_code, response.headers, have):
            tell(-have)
            have = 0
        with partial.open("ab" if have else "wb") as sink:
            for chunk in response.iter_bytes():
                have += len(chunk)
                if have > file.size:
                    raise GreError(
                        f"{file.path}: the hub sends more than the {file.size} bytes it announced;"
                        " run the same command again"
                    )
                sink.write(chunk)
                tell(len(chunk))


def _continues(status: int, headers: object, have: int) -> bool:
    """Whether an answer begins with the byte that was asked for."""
    begin = f"bytes {have}-"
    return status == 206 and str(getattr(headers, "get")("Content-Range", "")).startswith(begin)  # noqa: B009
