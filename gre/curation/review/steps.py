"""The steps of an edit, as a record may hold them."""

from gre.data.fields import text_fault
from gre.errors import InputError

MAX_STEPS = 64
_TAGS = ("<think>", "</think>", "<answer>", "</answer>", " // ", "<image>")


def check_steps(value: object) -> tuple[str, ...]:
    """The steps of an edit without superfluous spaces.

    Raises:
        InputError: They are none, too many, or hold what would break a record.
    """
    if not isinstance(value, list):
        raise InputError("steps: must be a list of texts; reload the page")
    steps = tuple(" ".join(str(step).split()) for step in value)
    steps = tuple(step for step in steps if step)
    if not 1 <= len(steps) <= MAX_STEPS:
        raise InputError(f"steps: got {len(steps)}, must be 1 to {MAX_STEPS}; write one a line")
    for step in steps:
        found = next((tag for tag in _TAGS if tag in f" {step} "), None)
        if found:
            raise InputError(f"steps: hold {found.strip()!r}, must be words alone; remove it")
        fault = text_fault(step)
        if fault:
            raise InputError(f"steps: {fault}")
    return steps
