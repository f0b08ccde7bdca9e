"""Strict reading of a flat YAML file and of `--key value` flags, before anything heavy is imported.

TRL's parser takes the last of two equal keys, shortens flags and answers bad values with a
traceback; here each of these is one line.
"""

import difflib
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path

import yaml

from gre.errors import InputError


class _UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a mapping with the same key twice."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        """A mapping as SafeLoader makes it, or an error at its second like key."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise InputError(f"line {line}: key {key!r} stands twice; remove one")
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, object]:
    """Read one YAML mapping.

    Raises:
        InputError: The file is missing, is not UTF-8 YAML, repeats a key or is no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"config {path}: no such file; name one from configs/") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"config {path}: cannot be read as UTF-8 text: {error}") from error
    try:
        values = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except InputError as error:
        raise InputError(f"config {path}: {error}") from error
    except (yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"config {path}: is not valid YAML: {reason}") from error
    if values is None:
        raise InputError(f"config {path}: is empty; write key: value lines")
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise InputError(f"config {path}: must be key: value lines, got {type(values).__name__}")
    return values


def read_flags(arguments: Sequence[str]) -> dict[str, str]:
    """Read `--key value`, `--key=value` and bare `--key` (true) into texts by key.

    Raises:
        InputError: A word that is no flag, or a key given twice.
    """
    flags: dict[str, str] = {}
    words = list(arguments)
    while words:
        word = words.pop(0)
        if not word.startswith("--") or word == "--":
            raise InputError(f"argument {word!r} is no flag; write --key value")
        key, equals, value = word[2:].partition("=")
        if not equals:
            has_value = bool(words) and not words[0].startswith("--")
            value = words.pop(0) if has_value else "true"
        key = key.replace("-", "_")
        if key in flags:
            raise InputError(f"--{key} is given twice; remove one")
        flags[key] = value
    return flags


def check_known(keys: Mapping[str, object], known: Collection[str], *, where: str) -> None:
    """Refuse a key that no class has, naming the nearest one that exists.

    Raises:
        InputError: The first unknown key.
    """
    for key in keys:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            starts = sorted(name for name in known if name.startswith(key))
            guess = near or starts[:1]
            advice = f"; did you mean {guess[0]}?" if guess else "; see the files in configs/"
            raise InputError(f"{where}: unknown key {key!r}{advice}")
