"""Failures a user can act on: each is one line that the command-line door prints as it is."""

_APART = ("vllm", "geoclip", "lmms-eval", "inspect")
"""Extras that pin other versions than the rest. Source: pyproject.toml."""


def say_how_to_install(extra: str) -> str:
    """The next step where packages of an extra are missing, for a message.

    It names the clone and no package of ours: whoever owns that name on an index may be a stranger.
    """
    if extra in _APART:
        return f"in an environment of its own: pip install '.[{extra}]' in the clone"
    return f"bash environment.sh --extras {extra} in the clone, or pip install '.[{extra}]' there"


class GreError(Exception):
    """A failure with a message for the user. `exit_code` is what the command leaves with."""

    exit_code = 1


class InputError(GreError, ValueError):
    """Bad input or configuration: the message names place, value, allowed range and next step."""

    exit_code = 2
