"""Failures a user can act on: each is one line that the command-line door prints as it is."""


class GreError(Exception):
    """A failure with a message for the user. `exit_code` is what the command leaves with."""

    exit_code = 1


class InputError(GreError, ValueError):
    """Bad input or configuration: the message names place, value, allowed range and next step."""

    exit_code = 2
