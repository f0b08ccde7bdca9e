"""The command `gre`, called in this process."""

import sys

import pytest

from gre.cli import main


def call_gre(*words: object) -> int:
    """Call it with these words; give its exit code."""
    old = sys.argv
    sys.argv = ["gre", *map(str, words)]
    try:
        with pytest.raises(SystemExit) as left:
            main()
    finally:
        sys.argv = old
    return int(left.value.code or 0)


def run_gre(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Call it with these words; give exit code, stdout and stderr."""
    code = call_gre(*words)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def one_line(err: str) -> str:
    """The line that a failure prints; there must be one, and no traceback."""
    lines = [line for line in err.splitlines() if line.startswith("gre: ")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return lines[0]
