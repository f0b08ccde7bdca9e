"""The key of a chat server: read from the environment, and sent in one header."""

import os

from gre.errors import InputError


def read_key(name: str) -> str:
    """The key in an environment variable, or "" where it is unset.

    Raises:
        InputError: It holds what no header can carry.
    """
    key = os.environ.get(name, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError(f"{name}: holds characters that no key has; export it again")
    return key


def authorization(key: str) -> dict[str, str]:
    """The header that carries a key; none where there is no key."""
    return {"Authorization": f"Bearer {key}"} if key else {}
