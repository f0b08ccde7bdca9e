"""The pictures of docs/screens: small, each shown on a page, each one that the script takes."""

import re
import subprocess
import sys
from pathlib import Path

from tests.docs.commands import list_pages

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/docs/screens.py"
SHOWN = {path.name for path in (ROOT / "docs/screens").iterdir()}


def test_each_picture_is_small_and_shown() -> None:
    text = "".join((ROOT / page).read_text(encoding="utf-8") for page in list_pages())
    assert set(re.findall(r"screens/(\w+\.png)\)", text)) == SHOWN
    sizes = {name: (ROOT / "docs/screens" / name).stat().st_size for name in SHOWN}
    assert {name: size for name, size in sizes.items() if size > 250_000} == {}


def test_the_script_takes_them_and_refuses_a_folder_without_a_quickstart(tmp_path: Path) -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert {name.rpartition("_")[0] for name in SHOWN} <= set(re.findall(r'"(\w+)": Shot', text))
    command = [sys.executable, str(SCRIPT), "--work", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert re.fullmatch(r"(--work .* has no report\.html; run bash .*|browser: .*)\n", done.stderr)
