"""Whether time grows with the length of a hostile text, or with its square."""

import time
from collections.abc import Callable


def seconds(reader: Callable[[str], object], text: str) -> float:
    """Processor time of a reader on a text: the best of three, since other work only adds to it."""
    times = []
    for _ in range(3):
        start = time.process_time()
        reader(text)
        times.append(time.process_time() - start)
    return min(times)


def is_linear(reader: Callable[[str], object], unit: str, *, num_chars: int) -> bool:
    """From a sixteenth to the whole: linear takes 16 times, a square law 256; 64 lies midway.

    A fiftieth of a second is noise on a busy machine. A short text that takes two seconds is no
    linear one either, and spares the long one, which would take minutes.
    """
    short = seconds(reader, unit * (num_chars // 16 // len(unit)))
    if short > 2:
        return False
    return seconds(reader, unit * (num_chars // len(unit))) <= 64 * max(short, 0.02)
