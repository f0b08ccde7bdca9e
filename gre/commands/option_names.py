"""Messages about settings in the words of the command line."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gre.errors import InputError

_WORD = re.compile(r"[\w./-]+")
"""Addresses and paths are words as well: no part of one is taken for a field."""


@contextmanager
def named_as_options(options: Mapping[str, str]) -> Iterator[None]:
    """Let what is wrong with a field name the option that sets it.

    Args:
        options: By name of field, e.g. {"timeout_s": "--timeout-s"}.

    Raises:
        InputError: The one that rose within, in other words.
    """
    try:
        yield
    except InputError as error:
        said = _WORD.sub(lambda found: options.get(found.group(), found.group()), str(error))
        raise InputError(said) from error
