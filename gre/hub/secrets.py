"""Finds keys and tokens in texts by their form: before anything is published, and in the tree."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from gre.data.photos import PHOTO_SUFFIXES
from gre.errors import InputError

MAX_LINE_CHARS = 20_000
"""A longer line is looked at up to here; tokens of published kinds are far shorter."""

PATTERNS: dict[str, re.Pattern[str]] = {
    "Hugging Face token": re.compile(r"\b(?:hf|api_org)_[A-Za-z]{30,}\b"),
    "OpenAI or Anthropic key": re.compile(r"\bsk-[A-Za-z0-9_-]{32,}"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b"),
    "GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}\b"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "Google API key": re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b"),
    "Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{20,}\b"),
    "Weights & Biases key": re.compile(r"(?i)wandb[_a-z]*key\W{1,4}[0-9a-f]{40}\b"),
    "JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[\w-]{16,}"),
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "password in an address": re.compile(r"\bhttps?://[^\s/:@{}$<'\"]+:[^\s/@{}$<'\"]{6,}@[\w.-]+"),
    "assigned secret": re.compile(
        r"(?i)\b(?:[a-z]+_)*(?:api_?key|secret|password|passwd|access_token|auth_token)[\"']?"
        r"\s*[=:]\s*[\"'](?=[^\"']*\d)(?=[^\"']*[A-Za-z])[A-Za-z0-9+/_=-]{20,}[\"']"
    ),
}
"""Forms by name. Source of each: the prefix and length that its issuer documents; the last is ours:
a long mixed literal given to a name that says secret."""

ALLOW = "secret-scan: allow"
"""On a line that holds a made-up one."""


@dataclass(frozen=True)
class Finding:
    """One suspicious text. The text itself is not kept, so that no report repeats it.

    Attributes:
        line: From 1.
        kind: Key of `PATTERNS`.
    """

    line: int
    kind: str


def find_secrets(text: str) -> Iterator[Finding]:
    """Every line that holds what looks like a key, with its kind; each kind once a line."""
    for number, line in enumerate(text.splitlines(), start=1):
        if ALLOW in line:
            continue
        for kind, pattern in PATTERNS.items():
            if pattern.search(line[:MAX_LINE_CHARS]):
                yield Finding(number, kind)


def refuse_secrets(name: Path, lines: Iterable[str]) -> None:
    """Refuse to publish a text that holds what looks like a key.

    Args:
        name: For the message.
        lines: Of the text.

    Raises:
        InputError: It does.
    """
    for number, line in enumerate(lines, start=1):
        for finding in find_secrets(line):
            raise InputError(
                f"{name}:{number}: looks like a secret ({finding.kind}); nothing was sent: remove"
                " it, and revoke it where it is real"
            )


def refuse_secrets_in_set(folder: Path, *, kept_here: Iterable[str]) -> None:
    """Refuse to publish a data set of which a file, pictures aside, holds what looks like a key.

    Args:
        folder: The set.
        kept_here: Patterns of names in it that are not sent.

    Raises:
        InputError: One does, or cannot be read.
    """
    patterns = tuple(kept_here)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        is_kept = any(fnmatch(name, pattern) for pattern in patterns)
        if is_kept or not path.is_file() or path.suffix.lower() in PHOTO_SUFFIXES:
            continue
        try:
            with path.open(encoding="utf-8", errors="replace") as lines:
                refuse_secrets(path, lines)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}); check it") from error
